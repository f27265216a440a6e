"""Plain files: the sinks ``jsonl`` (chat messages, lineage), ``json`` (bare conversations) and ``preference``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from adf_core import Record, RunInfo, Sink, SinkResult, Stage, atomic_write, hookimpl, option
from adf_jsonl.formats import FORMATS, Format
from adf_jsonl.lines import Line, write_lines
from adf_jsonl.preference import Preference
from adf_jsonl.text import json_text

_PATH_HELP = "the file to write; a relative path starts at the run's output folder"


@dataclass(kw_only=True, eq=False)
class Jsonl(Sink):
    """One record a line: `messages` as trainers read them, or another `format`; the lineage under `metadata`."""

    name: ClassVar[str] = "jsonl"
    path: str = option("dataset.jsonl", help=f"{_PATH_HELP}; `.gz` or `.zst` at its end compresses it", minLength=1)
    format: Format = option("messages", help="how a conversation is written, by what is to read it")
    system: str | None = option(None, help="a system message to put before each conversation", minLength=1)
    metadata: bool = option(True, help="whether a record's lineage stands beside its conversation")
    seeds: bool = option(True, help="whether seeds are written too, not derivations only")
    split_files: bool = option(
        True, help="where the setup has a `split`, one file for each part: `dataset.train.jsonl` for the part `train`"
    )
    shard: int | None = option(
        None, help="most records of one file: `dataset-00000-of-00003.jsonl` and so on; one file if unset", minimum=1
    )

    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        return write_lines(run.out / self.path, self._lines(records), run.parts if self.split_files else (), self.shard)

    def _lines(self, records: Iterable[Record]) -> Iterator[Line]:
        columns = FORMATS[self.format]
        for record in records:
            if self.seeds or record.stage != "seed":
                lineage = {"metadata": metadata(record)} if self.metadata else {}
                yield {**columns(record, self.system), **lineage}, record.split


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
        # Readers guess a column's type from its first values, and those of nulls alone would be none.
        "parent": record.parent or "",
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
