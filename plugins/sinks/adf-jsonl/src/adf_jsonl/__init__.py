"""Plain files: the sinks ``jsonl`` (chat messages, lineage), ``json`` (bare conversations) and ``preference``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from adf_core import Record, RunInfo, Sink, SinkResult, Stage, atomic_write, hookimpl, option
from adf_jsonl.lines import line_files, paths
from adf_jsonl.messages import messages
from adf_jsonl.preference import Preference
from adf_jsonl.text import json_text

_PATH_HELP = "the file to write; a relative path starts at the run's output folder"


@dataclass(kw_only=True, eq=False)
class Jsonl(Sink):
    """One record a line: `messages` as trainers read them, the lineage under `metadata`."""

    name: ClassVar[str] = "jsonl"
    path: str = option("dataset.jsonl", help=_PATH_HELP, minLength=1)
    split_files: bool = option(
        True, help="where the setup has a `split`, one file for each part: `dataset.train.jsonl` for the part `train`"
    )

    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        where = paths(run.out / self.path, run, self.split_files)
        count = 0
        with line_files(where) as write:
            for record in records:
                write({"messages": messages(record.conversation), "metadata": metadata(record)}, record.split)
                count += 1
        return SinkResult(count, tuple(where.values()))


@dataclass(kw_only=True, eq=False)
class Json(Sink):
    """The first implementation's list: derivations only, and of each the generated turns only."""

    name: ClassVar[str] = "json"
    stages: ClassVar[Sequence[Stage]] = ("derivation",)
    path: str = option("outputs.json", help=_PATH_HELP, minLength=1)

    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        path = run.out / self.path
        count = 0
        with atomic_write(path) as file:
            for record in records:
                item = json_text(bare_conversation(record), indent=2).replace("\n", "\n  ")
                file.write(f"{',' if count else '['}\n  {item}")
                count += 1
            file.write("\n]" if count else "[]")
        return SinkResult(count, (path,))


def metadata(record: Record) -> dict[str, Any]:
    """Where a record comes from: its place in the plan, and who answered."""
    return {
        "id": record.key,
        "stage": record.stage,
        "type": record.type,
        "category": record.category,
        "direction": record.direction,
        "scenario": dict(record.scenario),
        "round": record.round,
        "parent": record.parent,
        "seed": record.seed,
        "prefix_turns": len(record.prefix),
        "prefix_length": record.prefix_length,
        "replicate": record.replicate,
        "provider": record.provider,
        "model": record.model,
        **({"scores": dict(record.scores)} if record.scores else {}),
        **({} if record.confirmed is None else {"confirmed": list(record.confirmed)}),
        **({} if record.split is None else {"split": record.split}),
    }


def bare_conversation(record: Record) -> dict[str, Any]:
    """The generated turns, and what they are about."""
    return {
        "conversations": [turn.to_dict() for turn in record.turns],
        "type": record.type,
        "category": record.category,
        "model": record.model,
    }


@hookimpl
def register_sinks(register: Callable[[type[Sink]], None]) -> None:
    register(Jsonl)
    register(Json)
    register(Preference)
