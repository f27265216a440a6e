"""``adf export``: the records of a journal again, chosen and written anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adf_core.testing import OpenAIServer, make_project

from .conftest import openai, sentence, went_well

CODE = '''
from adf_core import Validator, Verdict, hookimpl


class Counting(Validator):
    """Scores by the words of the first question."""

    name = "counting"

    async def validate(self, candidate, context):
        return Verdict.accept(scores={"number": int(candidate.turns[0].user.split()[-1]) % 10})


@hookimpl
def register_validators(register):
    register(Counting)
'''


@pytest.fixture
def folder(adf, tmp_path: Path) -> Path:
    """A project with an output folder of 24 records."""
    folder = make_project(
        tmp_path / "project",
        validators=["schema", "counting"],
        generation={"s_factor": 3, "d_factor": 1, "per_parent": 3},
        scenarios={"strategy": "all", "omit": ["*"], "factors": {"mood": ["calm", "angry"]}},
        split={"train": 0.6, "test": 0.4},
    )
    (folder / "adf_plugins.py").write_text(CODE)

    def answer(body: dict[str, Any], nth: int) -> str:
        turn = {"user": f"Question {body['seed']}", "assistant": "An answer"}
        return json.dumps({"conversations": [turn, turn]})

    with OpenAIServer(answer) as server:
        went_well(adf("--allow-project-code", "run", folder, *openai(server)))
    return folder


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def all_of(folder: Path) -> list[dict[str, Any]]:
    return [*lines(folder / "out" / "dataset.train.jsonl"), *lines(folder / "out" / "dataset.test.jsonl")]


def test_an_export_has_the_bytes_of_the_runs_dataset(adf, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in (folder / "out").glob("dataset.*.jsonl")}
    assert len(before) == 2
    went_well(adf("export", folder, "--sink", "jsonl", "--force"))
    assert {path.name: path.read_bytes() for path in (folder / "out").glob("dataset.*.jsonl")} == before


def test_it_needs_no_project(adf, folder: Path, tmp_path: Path) -> None:
    expected = sorted(record["metadata"]["id"] for record in all_of(folder))
    elsewhere = folder.rename(tmp_path / "moved") / "out"
    (tmp_path / "moved" / "setup.yaml").unlink()
    done = adf("export", elsewhere, "--sink", "jsonl", "-o", "split_files=false", "--to", tmp_path / "all.jsonl")
    assert f"{tmp_path / 'all.jsonl'}  {len(expected)} records" in went_well(done)
    assert sorted(record["metadata"]["id"] for record in lines(tmp_path / "all.jsonl")) == expected


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (["stage=seed"], lambda data: data["stage"] == "seed"),
        (["direction!=plain"], lambda data: data["direction"] != "plain"),
        (["scenario.mood = angry"], lambda data: data["scenario"]["mood"] == "angry"),
        (["score.counting.number>=5"], lambda data: data["scores"]["counting.number"] >= 5),
        (
            ["score.counting.number<5", "split=train"],
            lambda d: d["scores"]["counting.number"] < 5 and d["split"] == "train",
        ),
        (["round>0", "scenario.mood=calm"], lambda data: data["round"] > 0 and data["scenario"]["mood"] == "calm"),
        (["scenario.hour=noon"], lambda data: False),
    ],
)
def test_conditions_choose_records(adf, folder: Path, tmp_path: Path, where: list[str], holds: Any) -> None:
    target = tmp_path / "chosen.jsonl"
    options = [word for condition in where for word in ("--where", condition)]
    went_well(adf("export", folder, "--sink", "jsonl", "-o", "split_files=false", "--to", target, *options))
    expected = {record["metadata"]["id"] for record in all_of(folder) if holds(record["metadata"])}
    assert {record["metadata"]["id"] for record in lines(target)} == expected
    assert len(expected) < len(all_of(folder))


def test_several_sinks_have_options_of_their_own(adf, folder: Path, tmp_path: Path) -> None:
    paths = {"jsonl": tmp_path / "a.jsonl", "json": tmp_path / "b.json"}
    options = [word for name, path in paths.items() for word in ("--sink", name, "-o", f"{name}.path={path}")]
    done = adf("export", folder, *options, "-o", "jsonl.split_files=false", "--json")
    written = json.loads(went_well(done))
    assert [written[name]["paths"] for name in paths] == [[str(path)] for path in paths.values()]
    assert written["jsonl"]["records"] == len(lines(paths["jsonl"]))
    assert written["json"]["records"] == len(json.loads(paths["json"].read_text()))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sink", "jsonl"], "is there already"),
        (["--sink", "jsnl"], "There is no sink `jsnl`"),
        (["--sink", "jsonl", "--where", "mood=calm", "--force"], "a record has no `mood`"),
        (["--sink", "jsonl", "--where", "direction>x", "--force"], "can only be compared by = and !="),
        (["--sink", "jsonl", "--where", "turns>many", "--force"], "`many` is no number"),
        (["--sink", "jsonl", "--where", "seed", "--force"], "is no condition"),
        (["--sink", "jsonl", "-o", "pth=x", "--force"], "unknown key `pth`"),
        (["--sink", "jsonl", "--sink", "json", "-o", "path=x", "--force"], "is no SINK.KEY=VALUE"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
    adf, folder: Path, arguments: list[str], words: str
) -> None:
    before = {path: path.read_bytes() for path in (folder / "out").glob("*.json*")}
    assert words in sentence(adf("export", folder, *arguments), 2)
    assert {path: path.read_bytes() for path in (folder / "out").glob("*.json*")} == before


def test_a_folder_that_cannot_be_written_is_a_sentence(adf, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = adf("export", folder, "--sink", "json", "--to", tmp_path / "file" / "x.json")
    assert "The sink `json` cannot write" in sentence(done, 1)
