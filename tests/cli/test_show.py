"""``adf show``: one conversation, and the family it belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adf_core.testing import OpenAIServer, make_project

from .conftest import openai, went_well


def answer(body: dict[str, Any], nth: int) -> str:
    seed = body.get("seed", 0)
    if seed % 5 == 0:
        return "nothing at all"
    return json.dumps({"conversations": [{"user": f"Question {seed}\x1b[31m", "assistant": f"Answer {seed}"}]})


@pytest.fixture
def folder(adf, tmp_path: Path) -> Path:
    folder = make_project(
        tmp_path / "project",
        seed_evolving_directions=["plain"],
        derivational_evolving_directions=["plain", "curious"],
        generation={"s_factor": 3, "d_factor": 1, "rounds": 2, "attempts": 2},
    )
    with OpenAIServer(answer) as server:
        adf("run", folder, *openai(server))
    return folder


@pytest.fixture
def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out" / "dataset.jsonl").read_text().splitlines()]


def test_a_conversation_is_shown_with_what_it_inherits_and_where_it_comes_from(adf, folder: Path, records) -> None:
    record = next(record for record in records if record["metadata"]["round"] == 2)
    shown = went_well(adf("show", folder, record["metadata"]["id"][:10]))
    assert f"id         {record['metadata']['id']}" in shown
    assert record["metadata"]["parent"][:12] in shown
    assert "\x1b" not in shown
    said = [line.strip() for line in shown.splitlines() if "Question" in line or "Answer" in line]
    assert said == [message["content"].replace("\x1b", "\N{REPLACEMENT CHARACTER}") for message in record["messages"]]


def test_lineage_is_the_tree_of_the_whole_family(adf, folder: Path, records) -> None:
    record = next(record for record in records if record["metadata"]["round"] == 2)
    family = [each["metadata"] for each in records if each["metadata"]["seed"] == record["metadata"]["seed"]]
    shown = went_well(adf("show", folder, record["metadata"]["id"], "--lineage"))
    lines = shown.splitlines()
    assert lines[0].startswith(record["metadata"]["seed"][:12])
    for each in family:
        [line] = [line for line in lines if each["id"][:12] in line]
        assert len(line) - len(line.lstrip("│├└─ ")) == 4 * each["round"]
    assert len(lines) >= len(family)

    tree = json.loads(went_well(adf("show", folder, record["metadata"]["id"], "--lineage", "--json")))
    found = []

    def walk(node: dict[str, Any], parent: str | None) -> None:
        assert node["parent"] == parent
        found.append(node)
        for child in node["children"]:
            walk(child, node["id"])

    walk(tree, None)
    assert {node["id"] for node in found if node["state"] == "accepted"} == {each["id"] for each in family}


def test_without_a_record_some_are_listed(adf, folder: Path, records) -> None:
    lines = went_well(adf("show", folder)).splitlines()
    assert [line[:12] for line in lines] == [record["metadata"]["id"][:12] for record in records[:20]]


@pytest.mark.parametrize(("record", "words"), [("zzz", "No conversation's id begins with `zzz`"), ("", "Several ids")])
def test_a_record_that_cannot_be_found_is_a_sentence(adf, folder: Path, record: str, words: str) -> None:
    done = adf("show", folder, record)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


def test_what_was_refused_is_told(adf, folder: Path) -> None:
    tree = json.loads(adf("show", folder, "--json").stdout)
    again = next((slot for slot in tree if slot["attempts"] == 2), None)
    if again is None:
        pytest.fail("no conversation took two attempts")
    assert "refused    answer: " in went_well(adf("show", folder, again["id"]))
