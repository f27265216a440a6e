"""The validator in whole runs of the program, against a server that has little to say."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

from adf_core import Turn
from adf_core.testing import OpenAIServer, Reply, answer_with, make_project

STORIES = 12
WORDS = [first + vowel + last for first in "bdfgklmnprst" for vowel in "aeiou" for last in ("nd", "lt", "rm", "sk")]


def story(body: dict[str, Any], nth: int) -> Reply:
    """One of few stories, every other time with a word changed, after a while: all a function of what is asked."""
    random = Random(blake2b(json.dumps(body, sort_keys=True).encode()).hexdigest())
    words = Random(random.randrange(STORIES)).choices(WORDS, k=120)
    if random.random() < 0.5:
        words[random.randrange(120)] = random.choice(WORDS)
    parts = [" ".join(words[start : start + 30]) for start in range(0, 120, 30)]
    return Reply(text=answer_with(Turn(*parts[:2]), Turn(*parts[2:])), delay=random.uniform(0, 0.03))


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "adf_core", *map(str, words)]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "OPENAI_API_KEY": "x", "NO_COLOR": "1", "COLUMNS": "100"}


def adf(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), env=environment(), capture_output=True, text=True, timeout=120, check=False)


def run(folder: Path, out: Path, server: OpenAIServer, concurrency: int) -> list[str | Path]:
    return [
        *("run", folder, "--out", out, "--concurrency", str(concurrency)),
        *("--provider", "openai", "-o", f"base_url={server.url}"),
    ]  # fmt: skip


def outcome(out: Path) -> tuple[bytes, list[tuple[str, str]]]:
    """The dataset, and which records the validator kept out of it, why."""
    with closing(sqlite3.connect(f"file:{out / 'journal.sqlite'}?mode=ro", uri=True)) as journal:
        refused = journal.execute("SELECT slot, reason FROM exclusions ORDER BY slot").fetchall()
    return (out / "dataset.jsonl").read_bytes(), refused


def test_the_same_records_survive_at_any_concurrency_and_after_a_kill(tmp_path: Path) -> None:
    words = [f"word {number}" for number in range(24)]
    folder = make_project(
        tmp_path / "project", seed_evolving_directions=words, validators=["schema", "near-duplicates"]
    )
    outcomes = {}
    with OpenAIServer(story) as server:
        for concurrency in (1, 64):
            done = adf(*run(folder, out := tmp_path / f"at {concurrency}", server, concurrency))
            assert done.returncode == 0, done.stderr + done.stdout
            outcomes[concurrency] = outcome(out)

        wanted = server.count // 2
        before = server.count
        process = subprocess.Popen(
            command(*run(folder, out := tmp_path / "killed", server, 8)), env=environment(), stdout=subprocess.DEVNULL
        )
        while server.count < before + wanted // 2:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (out / "dataset.jsonl").exists()
        done = adf(*run(folder, out, server, 8))
        assert done.returncode == 0, done.stderr + done.stdout
    assert outcome(out) == outcomes[64] == outcomes[1]

    dataset, refused = outcomes[1]
    assert dataset.count(b"\n") == STORIES, "one teller of each story is enough"
    assert dataset.count(b"\n") + len(refused) == wanted
    kinds = {reason.split(" as ")[0] for _, reason in refused}
    assert "the same words" in kinds and any(kind.endswith("% the same") for kind in kinds)


def test_embeddings_are_asked_for_once_also_by_a_later_run(tmp_path: Path) -> None:
    validators = ["schema", {"name": "near-duplicates", "semantic": True}]
    folder = make_project(tmp_path / "project", validators=validators)
    with OpenAIServer(story) as server:
        done = adf(*run(folder, tmp_path / "out", server, 8))
        assert done.returncode == 0, done.stderr + done.stdout
        embedded = [received.body["input"] for received in server.received if received.path.endswith("/embeddings")]
        assert len(embedded) == outcome(tmp_path / "out")[0].count(b"\n") > 1
        asked = server.count
        (tmp_path / "out" / "dataset.jsonl").unlink()
        setup = folder / "setup.yaml"
        setup.write_text(setup.read_text().replace("semantic: true", "semantic: true\n  similarity: 0.95"))
        done = adf(*run(folder, tmp_path / "out", server, 8))
        assert done.returncode == 0, done.stderr + done.stdout
        assert server.count == asked


SILENT = '''
from adf_core import Provider, Response, Turn, hookimpl
from adf_core.testing import answer_with


class Wordy(Provider):
    """Answers, and embeds nothing."""

    name = "wordy"

    async def generate(self, request):
        return Response(answer_with(Turn(f"Number {request.seed}?", "Yes.")), model="m")


@hookimpl
def register_providers(register):
    register(Wordy)
'''


def test_a_provider_without_embeddings_is_told_in_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    validators = ["schema", {"name": "near-duplicates", "semantic": True}]
    folder = make_project(tmp_path / "project", provider="wordy", validators=validators)
    (folder / "adf_plugins.py").write_text(SILENT)
    done = adf("--allow-project-code", "run", folder)
    assert done.returncode == 1, done.stderr + done.stdout
    [error] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert error.startswith("error: The validator `near-duplicates` cannot judge the dataset: `semantic` needs an ")
    assert error.endswith(
        "there is none: The provider `wordy` offers no embeddings. Set `semantic: false`, or ask a provider and model "
        "that embed such texts."
    )
    setup = folder / "setup.yaml"
    setup.write_text(setup.read_text().replace("semantic: true", "semantic: false"))
    done = adf("--allow-project-code", "run", folder)
    assert done.returncode == 0, done.stderr + done.stdout
