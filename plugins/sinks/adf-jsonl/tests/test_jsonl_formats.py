from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from adf_jsonl import Jsonl

from adf_core import Record, Turn, UsageError
from adf_core.options import build
from adf_core.testing import run_info

FIRST = Turn("My chain slips.", "Let us look at the cassette.")
SECOND = Turn("It looks worn.", "Then a new one is due.")
THIRD = Turn("Is it dear?", "Forty euros.")
LINEAGE = {"key": "d1", "stage": "derivation", "round": 1, "parent": "s1", "direction": "in-depth"}


def seed(**changes: Any) -> Record:
    values: dict[str, Any] = {
        **{"key": "s1", "stage": "seed", "type": "conversation", "category": "bicycles", "direction": "general"},
        **{"seed": "s1", "turns": (FIRST,), "provider": "p", "model": "m"},
    }
    return Record(**{**values, **changes})


def derivation(**changes: Any) -> Record:
    return seed(**{**LINEAGE, "prefix": (FIRST,), "turns": (SECOND, THIRD), **changes})


def written(folder: Path, *records: Record, **options: Any) -> list[dict[str, Any]]:
    result = Jsonl(**options).write(iter(records), run_info(folder))
    lines = [json.loads(line) for path in result.paths for line in path.read_text("utf-8").splitlines()]
    assert result.records == len(lines)
    return lines


def llama_factory_alpaca(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The messages that LLaMA-Factory makes of a row, by its documentation."""
    chat = [("system", row["system"])] if row.get("system") else []
    for user, assistant in row.get("history", []):
        chat += [("user", user), ("assistant", assistant)]
    asked = "\n".join(text for text in (row["instruction"], row["input"]) if text)
    return [*chat, ("user", asked), ("assistant", row["output"])]


def sharegpt(row: dict[str, Any]) -> list[tuple[str, str]]:
    roles = {"system": "system", "human": "user", "gpt": "assistant"}
    return [(roles[message["from"]], message["value"]) for message in row["conversations"]]


def chat(messages: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in messages]


READERS = {
    "messages": lambda row: chat(row["messages"]),
    "sharegpt": sharegpt,
    "alpaca": llama_factory_alpaca,
    "prompt-completion": lambda row: chat(row["prompt"] + row["completion"]),
}


@pytest.mark.parametrize("format", READERS)
@pytest.mark.parametrize("system", [None, "You mend bicycles."])
def test_what_reads_a_format_finds_the_whole_conversation(tmp_path: Path, format: str, system: str | None) -> None:
    before = [] if system is None else [("system", system)]
    first = [("user", FIRST.user), ("assistant", FIRST.assistant)]
    rest = [(role, text) for turn in (SECOND, THIRD) for role, text in turn.to_dict().items()]
    short, long = map(READERS[format], written(tmp_path, seed(), derivation(), format=format, system=system))
    assert (short, long) == ([*before, *first], [*before, *first, *rest])


def test_sharegpt_knows_people_and_models(tmp_path: Path) -> None:
    [line] = written(tmp_path, seed(), format="sharegpt", metadata=False)
    human, gpt = {"from": "human", "value": FIRST.user}, {"from": "gpt", "value": FIRST.assistant}
    assert line == {"conversations": [human, gpt]}


def test_alpaca_asks_with_the_last_user_message_and_keeps_what_was_said_before(tmp_path: Path) -> None:
    short, long = written(tmp_path, seed(), derivation(), format="alpaca", metadata=False)
    asked = {"instruction": THIRD.user, "input": "", "output": THIRD.assistant}
    assert long == {**asked, "history": [[FIRST.user, FIRST.assistant], [SECOND.user, SECOND.assistant]]}
    assert short["history"] == [], "all lines of a dataset have the same columns"


def test_alpaca_of_single_exchanges_has_the_three_columns_of_alpaca(tmp_path: Path) -> None:
    instruct = derivation(type="instruct", prefix=(), turns=(SECOND,))
    [line] = written(tmp_path, instruct, format="alpaca", metadata=False)
    assert line == {"instruction": SECOND.user, "input": "", "output": SECOND.assistant}


def test_the_completion_is_the_last_answer_alone(tmp_path: Path) -> None:
    [line] = written(tmp_path, derivation(), format="prompt-completion", system="Be short.")
    assert line["completion"] == [{"role": "assistant", "content": THIRD.assistant}]
    assert [message["role"] for message in line["prompt"]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert line["prompt"][-1] == {"role": "user", "content": THIRD.user}


@pytest.mark.parametrize("format", READERS)
def test_the_lineage_stands_beside_each_format_unless_it_is_not_wanted(tmp_path: Path, format: str) -> None:
    [plain] = written(tmp_path, derivation())
    [line] = written(tmp_path, derivation(), format=format)
    assert line["metadata"] == plain["metadata"] and line["metadata"]["prefix_turns"] == 1
    [bare] = written(tmp_path, derivation(), format=format, metadata=False)
    assert bare == {name: value for name, value in line.items() if name != "metadata"}


def test_seeds_can_be_left_out(tmp_path: Path) -> None:
    lines = written(tmp_path, seed(), derivation(), seed(key="s2", seed="s2"), seeds=False)
    assert [line["metadata"]["id"] for line in lines] == ["d1"]


@pytest.mark.parametrize(
    ("options", "about"), [({"format": "csv"}, "format"), ({"shard": 0}, "shard"), ({"system": ""}, "system")]
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], about: str) -> None:
    with pytest.raises(UsageError, match=about):
        build(Jsonl, options)
