from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from adf_core.testing import OpenAIServer

SAMPLES = Path(__file__).parent.parent.parent / "samples"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/setup.yaml")))
def test_every_sample_is_in_order_and_runs_as_it_is(adf, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(SAMPLES / name, folder, ignore=shutil.ignore_patterns("out"))
    checked = adf("check", folder)
    assert checked.returncode == 0, checked.stderr
    assert "warning" not in checked.stderr
    with OpenAIServer() as server:
        done = adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    state = summary["state"]
    assert state["accepted"] == (summary["target"] or state["planned"]) > 2
