"""What stands in which column.

Mappings are lists of structs: their keys differ from project to project and from row to row, which structs do not
allow, and `datasets` reads no columns of Arrow's type map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adf_core import Record

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


def schema() -> pa.Schema:
    """The columns and their types."""
    import pyarrow as pa

    text = pa.string()
    return pa.schema(
        {
            "messages": pa.list_(pa.struct({"role": text, "content": text})),
            "id": text,
            "stage": text,
            "type": text,
            "category": text,
            "direction": text,
            "scenario": pa.list_(pa.struct({"factor": text, "value": text})),
            "round": pa.int32(),
            "parent": text,
            "seed": text,
            "prefix_turns": pa.int32(),
            "prefix_length": pa.int32(),
            "replicate": pa.int32(),
            "provider": text,
            "model": text,
            "scores": pa.list_(pa.struct({"name": text, "value": pa.float64()})),
            "confirmed": pa.list_(text),
            "split": text,
        }
    )


def row(record: Record) -> Row:
    """A record as a value for each column."""
    return {
        "messages": [
            {"role": role, "content": content}
            for turn in record.conversation
            for role, content in (("user", turn.user), ("assistant", turn.assistant))
        ],
        "id": record.key,
        "stage": record.stage,
        "type": record.type,
        "category": record.category,
        "direction": record.direction,
        "scenario": [{"factor": factor, "value": value} for factor, value in record.scenario.items()],
        "round": record.round,
        "parent": record.parent,
        "seed": record.seed,
        "prefix_turns": len(record.prefix),
        "prefix_length": record.prefix_length,
        "replicate": record.replicate,
        "provider": record.provider,
        "model": record.model,
        "scores": [{"name": name, "value": value} for name, value in record.scores.items()],
        "confirmed": None if record.confirmed is None else list(record.confirmed),
        "split": record.split,
    }


def characters(row: Row) -> int:
    """How long the conversation of a row is."""
    return sum(len(message["content"]) for message in row["messages"])
