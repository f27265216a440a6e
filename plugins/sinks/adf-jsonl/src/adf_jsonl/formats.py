"""Records in the forms that trainers read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from adf_core import Record
from adf_jsonl.messages import messages

Format = Literal["messages", "sharegpt", "alpaca", "prompt-completion"]

_SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}


def _messages(record: Record, system: str | None) -> dict[str, Any]:
    return {"messages": messages(record.conversation, system)}


def _sharegpt(record: Record, system: str | None) -> dict[str, Any]:
    chat = messages(record.conversation, system)
    return {
        "conversations": [{"from": _SHAREGPT_ROLES[message["role"]], "value": message["content"]} for message in chat]
    }


def _alpaca(record: Record, system: str | None) -> dict[str, Any]:
    *before, last = record.conversation
    return {
        "instruction": last.user,
        "input": "",
        "output": last.assistant,
        **({} if system is None else {"system": system}),
        # of single exchanges none has a history, and plain Alpaca has no such column
        **(
            {"history": [[turn.user, turn.assistant] for turn in before]} if before or record.type != "instruct" else {}
        ),
    }


def _prompt_completion(record: Record, system: str | None) -> dict[str, Any]:
    *prompt, completion = messages(record.conversation, system)
    return {"prompt": prompt, "completion": [completion]}


FORMATS: Final[Mapping[Format, Callable[[Record, str | None], dict[str, Any]]]] = {
    "messages": _messages,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "prompt-completion": _prompt_completion,
}
"""What makes a record, and a system message where one is wished, the columns of each format."""
