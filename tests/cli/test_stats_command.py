"""``adf stats`` on what a run left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from adf_core.journal import FILE_NAME
from adf_core.testing import OpenAIServer, Reply, make_project

from .conftest import status, wait_for

SETUP: dict[str, Any] = {
    "derivational_evolving_directions": [],
    "generation": {"attempts": 2, "s_factor": 3},
    "scenarios": {
        "strategy": "pairwise",
        "factors": {"mood": ["calm", "angry"], "language": ["English", "Portuguese"]},
    },
}


def answer(body: dict[str, Any], nth: int) -> str:
    """Anger brings no JSON, and verbosity only after it was told off."""
    prompt = body["messages"][-1]["content"]
    if "mood: angry." in prompt or ('"wordy"' in prompt and "could not be used" not in prompt):
        return "no JSON"
    said = f"words of seed {body.get('seed')}"
    return json.dumps({"conversations": [{"user": said, "assistant": f"an answer to {said}"}]})


def run(adf, folder: Path, *, answer: Any = answer, status: int = 0) -> None:
    with OpenAIServer(answer) as server:
        done = adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}")
    assert done.returncode == status, done.stderr + done.stdout


@pytest.fixture
def folder(adf, tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "project", **SETUP)
    run(adf, folder)
    return folder


def test_stats_add_up_to_the_status_and_the_dataset(adf, folder: Path) -> None:
    found = json.loads(adf("stats", folder, "--json").stdout)
    held = status(folder)
    records = len((folder / "out" / "dataset.jsonl").read_text("utf-8").splitlines())
    assert found["ended"]["accepted"] == held["accepted"] == records > 0
    assert found["ended"]["rejected"] == held["rejected"] > 0
    assert found["ended"]["slots"] == held["planned"]
    for groups in (found["stages"], found["directions"], found["scenarios"]["values"]["mood"]):
        assert sum(each["slots"] for each in groups.values()) == found["ended"]["slots"]
        assert sum(each["accepted"] for each in groups.values()) == records
    assert found["scenarios"]["values"]["mood"]["angry"]["share"] == 0
    assert all(each["scenario"]["mood"] == "angry" for each in found["scenarios"]["worst"])
    wordy = found["directions"]["wordy"]["accepted"]
    assert found["attempts"] == {"1": records - wordy, "2": wordy}
    assert found["feedback"]["saved"] == held["feedback"]["saved"] == wordy > 0
    assert found["feedback"]["refused"] == held["feedback"]["refused"] == wordy + held["rejected"]
    parse, schema = found["validators"]
    assert (parse["name"], parse["judged"], parse["rejected"]) == ("answer", held["answers"], held["answers"] - records)
    assert (schema["name"], schema["accepted"]) == ("schema", records)
    assert (found["spending"]["answers"], found["spending"]["unpriced"]) == (held["answers"], held["answers"])
    assert found["diversity"]["texts"] == records
    assert found["diversity"]["embedding_distance"] is None
    assert adf("stats", folder / "out", "--json").stdout == adf("stats", folder, "--json").stdout


def test_the_tables_fit_the_screen_and_say_the_same(adf, folder: Path) -> None:
    done = adf("stats", folder, env={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    found = json.loads(adf("stats", folder, "--json").stdout)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    records, slots = found["ended"]["accepted"], found["ended"]["slots"]
    assert lines[0].startswith(f"{slots} conversations ended: {records} accepted (")
    refused = slots * 2 - found["attempts"]["1"] - records
    assert f"answer {refused} it has no JSON object" in lines
    half = found["scenarios"]["values"]["mood"]["angry"]["slots"]
    assert f"mood angry {half} 0 0.0 %" in lines
    text = " ".join(lines)
    assert f"Saved by feedback: {found['feedback']['saved']} of {found['feedback']['refused']} conversations" in text
    assert f"diversity of {records} records" in text
    assert f"distinct-1 {found['diversity']['distinct'][0]:.3f} higher" in text
    assert re.search(rf"generation {found['spending']['answers']} [\d,]+ [\d,]+ unknown", text)
    assert f"The cost of {found['spending']['answers']} answers is unknown" in text
    assert f"saved by feedback: {found['feedback']['saved']} of " in adf("status", folder).stdout


def test_embeddings_are_asked_for_only_on_request_and_the_user_is_told(adf, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "requests"
    with OpenAIServer(log=log) as server:
        asking = ("--embed", folder, "--provider", "openai", "-o", f"base_url={server.url}")
        done = adf("stats", folder, *asking, "--json")
        assert done.returncode == 0, done.stderr
        shown = adf("stats", folder, *asking).stdout
    found = json.loads(done.stdout)["diversity"]
    assert 0 < found["embedding_distance"] < 2
    assert f"mean embedding distance {found['embedding_distance']:.3f} higher" in " ".join(shown.split())
    assert re.search(rf"note: {found['texts']} texts, about \d+ tokens, go to the provider `openai`", done.stderr)
    assert log.read_text("utf-8").count("\n") == 2


def test_a_provider_without_embeddings_is_named_before_it_is_opened(adf, folder: Path) -> None:
    done = adf("stats", folder, "--embed", folder, env={"ADF_LLAMA_MODELS": "/nowhere"})
    assert done.returncode == 2
    assert "The provider `llama` offers no embeddings; name another one with `--provider`." in done.stderr


def test_a_server_that_refuses_to_embed_is_told(adf, folder: Path) -> None:
    with OpenAIServer(lambda body, nth: Reply(text="no such model", status=404)) as server:
        done = adf("stats", folder, "--embed", folder, "--provider", "openai", "-o", f"base_url={server.url}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: " in done.stderr
    assert "no such model" in done.stderr


def test_only_the_worst_directions_are_shown_unless_all_are_asked_for(adf, flat) -> None:
    folder = flat(23)
    run(adf, folder)
    for flags, shown in (((), 20), (("--all",), 23)):
        text = adf("stats", folder, *flags).stdout
        assert len(re.findall(r"^ word \d+ ", text, re.MULTILINE)) == shown
        assert ("3 more directions: `--all` shows them." in text) is (shown == 20)


def test_where_nothing_was_accepted_that_is_said(adf, project: Path) -> None:
    run(adf, project, answer="no JSON", status=1)
    text = " ".join(adf("stats", project).stdout.split())
    assert "2 conversations ended: 0 accepted (0.0 %), 2 rejected, 0 failed." in text
    assert "Nothing was accepted yet" in text
    assert json.loads(adf("stats", project, "--json").stdout)["diversity"] is None


def test_what_a_model_said_cannot_steer_the_terminal(adf, project: Path) -> None:
    text = json.dumps({"conversations": [{"user": "u", "assistant": "a", "\x1b[31m": "x\x07"}]})
    run(adf, project, answer=text, status=1)
    done = adf("stats", project)
    assert done.returncode == 0, done.stderr
    assert "has the extra key" in " ".join(done.stdout.split())
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--provider", "openai"), "`--provider` and `-o` go with `--embed`"),
        (("--sample", "1"), "1 is not in the range"),
    ],
)
def test_what_does_not_fit_is_said(adf, tmp_path: Path, flags: tuple[str, ...], told: str) -> None:
    done = adf("stats", tmp_path, *flags)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_folder_without_a_journal_says_how_to_make_one(adf, tmp_path: Path) -> None:
    done = adf("stats", tmp_path)
    assert done.returncode == 2
    assert "There is no journal" in done.stderr


def test_a_journal_in_which_nothing_has_ended_is_told(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path, budget={"tokens": 1})
    with OpenAIServer(answer) as server:
        adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}")
    done = adf("stats", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No conversation has ended in" in done.stderr


def test_the_numbers_of_a_run_that_is_going_on_are_those_of_the_moment(adf, start, flat) -> None:
    folder = flat(30)

    def later(body: dict[str, Any], nth: int) -> str | Reply:
        text = json.dumps({"conversations": [{"user": "u", "assistant": "a"}]})
        return text if "word 1" in body["messages"][-1]["content"] else Reply(text=text, delay=60)

    with OpenAIServer(later) as server:
        process = start("run", folder, "--provider", "openai", "-o", f"base_url={server.url}")
        wait_for(lambda: (folder / "out" / FILE_NAME).exists() and status(folder)["accepted"] == 11, process)
        done = adf("stats", folder)
        process.kill()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("11 conversations ended: 11 accepted (100.0 %)")
    assert done.stderr == "A run is going on here: these are the numbers of a moment.\n"
