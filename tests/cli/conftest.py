from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adf_core.testing import make_project

ADF = [sys.executable, "-m", "adf_core"]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without keys, without colours."""
    keys = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ADF_LOAD_PLUGINS")
    kept = {name: value for name, value in os.environ.items() if name not in keys}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "100", **more}


@pytest.fixture
def adf() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``adf`` as a process of its own."""

    def run(*arguments: str | Path, env: dict[str, str] | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [*ADF, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, env=environment(**(env or {})), check=False, **more
        )

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``adf`` as a process of its own and go on; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str | Path, **more: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more}
        process = subprocess.Popen([*ADF, *map(str, arguments)], text=True, env=environment(), **pipes)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")
