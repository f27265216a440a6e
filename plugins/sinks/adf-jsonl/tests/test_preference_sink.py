from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from adf_jsonl import Preference

from adf_core import Record, Refused, Turn
from adf_core.testing import run_info

HELLO = Turn("My chain slips.", "Let us look at the cassette.")
GOOD = Turn("It looks worn.", "Then a new one is due, and a new chain with it.")
BAD = Turn("It looks worn.", "As an AI language model I cannot see it.")
OTHER = Turn("Is it dear?", "Forty euros.")


def derivation(*turns: Turn, **changes: Any) -> Record:
    values: dict[str, Any] = {
        **{"key": "d1", "stage": "derivation", "round": 1, "parent": "s1", "direction": "in-depth", "replicate": 0},
        **{"type": "conversation", "category": "bicycles", "scenario": {"mood": "calm"}, "seed": "s1"},
        **{"prefix_length": 1, "prefix": (HELLO,), "shown": (HELLO,), "provider": "p", "model": "m"},
    }
    return Record(**{**values, "turns": turns, **changes})


def written(folder: Path, *records: Record, parts: tuple[str, ...] = (), **options: Any) -> list[dict[str, Any]]:
    result = Preference(**options).write(iter(records), run_info(folder, *parts))
    pairs = [json.loads(line) for path in result.paths for line in path.read_text("utf-8").splitlines()]
    assert result.records == len(pairs)
    return pairs


def say(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def test_an_accepted_answer_is_chosen_before_each_that_was_refused_for_it(tmp_path: Path) -> None:
    refused = (Refused((BAD,), "hygiene", "boilerplate", {"x": 1.0}), Refused((OTHER,), "judge", "dull"))
    first, second = written(tmp_path, derivation(GOOD, refused=refused))
    beginning = [say("user", HELLO.user), say("assistant", HELLO.assistant)]
    assert first["prompt"] == [*beginning, say("user", "It looks worn.")]
    assert (first["chosen"], first["rejected"]) == (
        [say("assistant", GOOD.assistant)],
        [say("assistant", BAD.assistant)],
    )
    assert first["metadata"] == {
        "id": "d1",
        "direction": "in-depth",
        "scenario": {"mood": "calm"},
        "why": {"by": "hygiene", "reason": "boilerplate", "scores": {"x": 1.0}},
    }
    assert second["prompt"] == beginning
    assert second["rejected"] == [say("user", OTHER.user), say("assistant", OTHER.assistant)]


def test_the_best_and_the_worst_replicate_are_a_pair_where_scores_are_far_apart(tmp_path: Path) -> None:
    replicates = [
        derivation(Turn("q", f"answer {score}"), key=f"d{number}", replicate=number, scores={"judge.overall": score})
        for number, score in enumerate([3.0, 4.5, 2.0])
    ]
    elsewhere = [replace(each, direction="humorous", scores={"judge.overall": 3.0}) for each in replicates]
    [pair] = written(tmp_path, *replicates, *elsewhere, score="judge.overall")
    assert (pair["chosen"], pair["rejected"]) == ([say("assistant", "answer 4.5")], [say("assistant", "answer 2.0")])
    assert pair["metadata"]["why"] == {"by": "judge.overall", "chosen": 4.5, "rejected": 2.0, "rejected_id": "d2"}
    assert written(tmp_path, *replicates, score="judge.overall", margin=3) == []
    assert written(tmp_path, *replicates) == []
    assert written(tmp_path, *replicates, score="another") == []


def test_what_begins_differently_or_goes_on_in_one_way_only_is_no_pair(tmp_path: Path) -> None:
    alone = derivation(GOOD, prefix=(), refused=(Refused((OTHER,), "x", "y"),))
    same = derivation(GOOD, refused=(Refused((GOOD,), "x", "y"),))
    longer = derivation(GOOD, refused=(Refused((GOOD, OTHER), "x", "y"),))
    assert written(tmp_path, alone, same, longer) == []


def test_parts_of_the_dataset_have_files_of_their_own(tmp_path: Path) -> None:
    record = derivation(GOOD, refused=(Refused((BAD,), "x", "y"),), split="test")
    [pair] = written(tmp_path, record, parts=("train", "test"))
    assert pair["metadata"]["split"] == "test"
    assert (tmp_path / "preferences.train.jsonl").read_text() == ""
    assert len((tmp_path / "preferences.test.jsonl").read_text().splitlines()) == 1
