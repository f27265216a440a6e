"""The sinks ``jsonl`` (chat messages with their lineage) and ``json`` (a list of bare conversations): plain files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from adf_core import Record, RunInfo, Sink, SinkResult, Stage, atomic_write, hookimpl, option
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
        path = run.out / self.path
        divided = self.split_files and bool(run.parts)
        paths = {part: part_path(path, part) for part in run.parts} if divided else {None: path}
        count = 0
        with ExitStack() as stack:
            files = {part: stack.enter_context(atomic_write(each)) for part, each in paths.items()}
            for record in records:
                line = json_text({"messages": messages(record), "metadata": metadata(record)})
                files[record.split if divided else None].write(f"{line}\n")
                count += 1
            for file in files.values():
                file.flush()  # a full disk must show before the first of them takes its place
        return SinkResult(count, tuple(paths.values()))


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


def part_path(path: Path, part: str) -> Path:
    """Where a part of the dataset goes.

    >>> part_path(Path("dataset.jsonl"), "train").name
    'dataset.train.jsonl'
    """
    return path.with_name(f"{path.stem}.{part}{path.suffix}")


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
