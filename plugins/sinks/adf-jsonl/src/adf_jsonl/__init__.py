"""The sinks ``jsonl`` (chat messages with their lineage) and ``json`` (a list of bare conversations): plain files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from adf_core import Record, RunInfo, Sink, SinkResult, atomic_write, hookimpl, option
from adf_jsonl.text import json_text

_PATH_HELP = "the file to write; a relative path starts at the run's output folder"


@dataclass(kw_only=True, eq=False)
class FileSink(Sink):
    """Writes one file, record by record, so that memory does not grow with the dataset."""

    path: str

    @abstractmethod
    def fill(self, file: IO[str], records: Iterable[Record]) -> int:
        """Write what belongs into ``file``; the number of records written."""

    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        path = run.out / self.path
        with atomic_write(path) as file:
            count = self.fill(file, records)
        return SinkResult(count, (path,))


@dataclass(kw_only=True, eq=False)
class Jsonl(FileSink):
    """One record a line: `messages` as trainers read them, the lineage under `metadata`."""

    name: ClassVar[str] = "jsonl"
    path: str = option("dataset.jsonl", help=_PATH_HELP, minLength=1)

    def fill(self, file: IO[str], records: Iterable[Record]) -> int:
        count = 0
        for record in records:
            file.write(f"{json_text({'messages': messages(record), 'metadata': metadata(record)})}\n")
            count += 1
        return count


@dataclass(kw_only=True, eq=False)
class Json(FileSink):
    """The first implementation's list: derivations only, and of each the generated turns only."""

    name: ClassVar[str] = "json"
    path: str = option("outputs.json", help=_PATH_HELP, minLength=1)

    def fill(self, file: IO[str], records: Iterable[Record]) -> int:
        count = 0
        for record in records:
            if record.stage == "derivation":
                item = json_text(bare_conversation(record), indent=2).replace("\n", "\n  ")
                file.write(f"{',' if count else '['}\n  {item}")
                count += 1
        file.write("\n]" if count else "[]")
        return count


def messages(record: Record) -> list[dict[str, str]]:
    """The whole conversation, inherited turns included, as chat messages."""
    return [
        {"role": role, "content": content}
        for turn in record.conversation
        for role, content in (("user", turn.user), ("assistant", turn.assistant))
    ]


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
