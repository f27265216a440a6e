"""Datasets in parts, from the setup to the files: derivations in two rounds, growth, a changed split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import OpenAIServer, make_project

MOODS = ["calm", "angry", "sad", "proud"]
FACTORS = {"mood": MOODS, "language": ["German", "Portuguese", "Welsh"], "weather": ["sun", "rain"]}
GENERATION = {"d_factor": 1, "rounds": 2, "turns": {"max": 2}}
SETUP: Mapping[str, Any] = {
    "scenarios": {"strategy": "pairwise", "factors": FACTORS},
    "generation": GENERATION,
    "derivational_evolving_directions": ["curious"],
}
SHARES = {"train": 0.75, "validation": 0.25}
ELSEWHERE = """
from adf_core import Direction, hookimpl

class Elsewhere(Direction):
    "A new conversation."
    name = "elsewhere"
    continues = False

    def instruction(self, context):
        return "something quite different"

@hookimpl
def register_directions(register):
    register(Elsewhere)
"""
Parts = Mapping[str, list[dict[str, Any]]]


def with_factors(**factors: list[str]) -> dict[str, Any]:
    return {"scenarios": {"strategy": "pairwise", "factors": {**FACTORS, **factors}}}


def read(out: Path, *names: str) -> Parts:
    return {name: [json.loads(line) for line in (out / f"dataset.{name}.jsonl").open("rb")] for name in names}


def split_of(parts: Parts) -> dict[str, str]:
    """The file in which each record stands, which is also what its metadata say."""
    found = {}
    for name, records in parts.items():
        for record in records:
            assert record["metadata"]["split"] == name
            assert record["metadata"]["id"] not in found
            found[record["metadata"]["id"]] = name
    return found


def roots(parts: Parts) -> dict[str, str]:
    """The seed of each record, found by going from parent to parent through all files."""
    parents = {each["metadata"]["id"]: each["metadata"]["parent"] for records in parts.values() for each in records}

    def root(key: str) -> str:
        return root(parents[key]) if parents[key] else key

    return {key: root(key) for key in parents}


def unit(by: str, metadata: Mapping[str, Any], root: str) -> str:
    if by == "seed":
        return root
    return json.dumps(metadata["scenario"] if by == "scenario" else metadata["scenario"]["mood"])


@pytest.mark.parametrize(
    ("by", "type_", "direction"),
    [
        ("seed", "conversation", "curious"),
        ("seed", "instruct", "curious"),
        ("scenario", "conversation", "elsewhere"),
        ("factor mood", "conversation", "curious"),
    ],
)
def test_each_family_is_in_one_file_and_all_records_are_in_some(
    adf, tmp_path: Path, by: str, type_: str, direction: str
) -> None:
    setup = {**SETUP, "type": type_, "derivational_evolving_directions": [direction]}
    folder = make_project(tmp_path, **setup, split={**SHARES, "by": by})
    (folder / "adf_plugins.py").write_text(ELSEWHERE)
    with OpenAIServer() as server:
        options = ("--provider", "openai", "-o", f"base_url={server.url}", "--allow-project-code", "--json")
        done = adf("run", folder, *options)
        assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)

    parts = read(folder / "out", *SHARES)
    found = split_of(parts)
    assert len(found) == summary["state"]["accepted"] == summary["sinks"]["jsonl"]["records"]
    assert summary["sinks"]["jsonl"]["paths"] == [str(folder / "out" / f"dataset.{name}.jsonl") for name in SHARES]
    assert not (folder / "out" / "dataset.jsonl").exists()

    records = [each["metadata"] for records in parts.values() for each in records]
    assert {each["round"] for each in records} == {0, 1, 2}
    assert any(each["prefix_length"] > each["prefix_turns"] for each in records) == (
        "elsewhere" in direction or type_ == "instruct"
    )
    family = roots(parts)
    assert all(each["seed"] == family[each["id"]] for each in records)
    sides: dict[str, set[str]] = {}
    for each in records:
        sides.setdefault(unit(by, each, family[each["id"]]), set()).add(found[each["id"]])
    assert all(len(names) == 1 for names in sides.values())
    units = Counter(name for names in sides.values() for name in names)
    assert units.keys() == SHARES.keys()
    if by != "seed":
        assert abs(units["train"] - SHARES["train"] * len(sides)) <= 0.5

    outputs = json.loads((folder / "out" / "outputs.json").read_text("utf-8"))
    assert len(outputs) == sum(each["stage"] == "derivation" for each in records)
    assert {tuple(each) for each in outputs} == {("conversations", "type", "category", "model")}


def test_one_file_with_the_parts_inside_for_those_who_want_that(run, tmp_path: Path) -> None:
    run(**SETUP, split=SHARES)
    found = split_of(read(tmp_path / "out", *SHARES))
    run(**SETUP, split=SHARES, sinks=[{"name": "jsonl", "path": "all.jsonl", "split_files": False}])
    lines = [json.loads(line)["metadata"] for line in (tmp_path / "out" / "all.jsonl").open("rb")]
    assert {each["id"]: each["split"] for each in lines} == found


def test_a_changed_split_asks_nothing_and_judges_nothing_anew(run, dataset, tmp_path: Path) -> None:
    def judged() -> tuple[int, list[Any]]:
        with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
            verdicts = reader.connection.execute("SELECT * FROM verdicts ORDER BY answer, epoch, position")
            return reader.epoch, verdicts.fetchall()

    run(**SETUP)
    before, unsplit = judged(), dataset()
    assert len(before[1]) == len(unsplit)
    assert not any("split" in each["metadata"] for each in unsplit)
    for split in (
        {**SHARES, "by": "scenario"},
        {"train": 0.5, "validation": 0.5, "by": "scenario"},
        {"a": 0.5, "b": 0.25, "c": 0.25},
        {**SHARES, "by": "factor language"},
    ):
        summary = run(**SETUP, split=split)
        assert (judged(), summary.requests, summary.reused) == (before, 0, 0)
        parts = read(tmp_path / "out", *(name for name in split if name != "by"))
        assert len(split_of(parts)) == len(unsplit)
        assert all(parts.values())


@pytest.mark.parametrize("by", ["seed", "scenario", "factor mood"])
def test_no_record_changes_sides_when_the_dataset_grows(run, tmp_path: Path, by: str) -> None:
    split = {**SHARES, "by": by}
    run(**SETUP, split=split, options={"limit": 7})
    placed = split_of(read(tmp_path / "out", *SHARES))
    for more in (
        {},
        with_factors(mood=[*MOODS, "tired", "gleeful", "curious"]),
        with_factors(tone=["warm", "cold", "dry"]),
        with_factors(mood=MOODS[1:]),
        with_factors(),
        {"seed_evolving_directions": ["plain", "wordy", "short"]},
        {"generation": {**GENERATION, "s_factor": 2}},
    ):
        run(**{**SETUP, **more}, split=split)
        now = split_of(read(tmp_path / "out", *SHARES))
        assert now.keys() != placed.keys()
        assert {key: name for key, name in now.items() if placed.get(key, name) != name} == {}
        placed |= now


@pytest.mark.parametrize("by", ["seed", "scenario"])
def test_a_run_in_pieces_writes_the_bytes_of_a_run_in_one(run, tmp_path: Path, by: str) -> None:
    setup = {**SETUP, "split": {**SHARES, "by": by}}
    run(**setup, out=tmp_path / "whole")
    for number in (1, 5, 1000):
        run(**setup, out=tmp_path / "pieces", options={"limit": number, "concurrency": number})
    for name in ("dataset.train.jsonl", "dataset.validation.jsonl", "outputs.json"):
        assert (tmp_path / "pieces" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_part_without_records_has_an_empty_file(run, tmp_path: Path) -> None:
    run(seed_evolving_directions=["plain"], split={"train": 0.999, "test": 0.001})
    assert (tmp_path / "out" / "dataset.test.jsonl").read_bytes() == b""
    assert (tmp_path / "out" / "dataset.train.jsonl").read_bytes()
