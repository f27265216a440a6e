"""What may be said about a run before it begins, and what can be said of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from adf_core.components import SinkResult
from adf_core.engine.budget import Spending
from adf_core.engine.changes import Changes
from adf_core.engine.local import LocalRunner
from adf_core.journal import RunState
from adf_core.values import Path as KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a command line may say about a run.

    ``concurrency`` None leaves it to the provider; ``limit`` bounds the slots that are asked for. With ``fresh`` an
    earlier journal is set aside, once the provider has opened. With ``top_up`` only combinations of values that no
    accepted record has are asked for. With ``stored_only`` no answer is asked for: those that are stored are judged.
    ``overrides`` are what a command line put over the setup, without secrets; the journal remembers them.
    """

    out: Path
    concurrency: int | None = None
    limit: int | None = None
    fresh: bool = False
    retry_rejected: bool = False
    runner: str = LocalRunner.name
    top_up: bool = False
    stored_only: bool = False
    overrides: Mapping[KeyPath, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a run ended. ``state`` are the output folder's numbers, the others this run's own.

    ``ended`` is ``finished``, ``interrupted``, ``limit``, ``budget`` or ``error``; ``why`` says more. ``cost_usd`` is
    None where a price is unknown. ``target`` is what was wanted in all, None where all is; ``cells_short`` how many
    combinations of values have fewer accepted records than wanted, None where that was not asked for.
    ``nothing_to_do`` says that an earlier run had brought and written all of it; ``spending`` is how it stands with the
    budget, ``changes`` what judging stored answers alone has changed.
    """

    ended: str
    why: str
    exit_status: int
    state: RunState
    target: int | None
    cells_short: int | None
    requests: int
    reused: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float
    sinks: dict[str, SinkResult]
    out: Path
    set_aside: Path | None
    nothing_to_do: bool
    spending: tuple[Spending, ...]
    changes: Changes | None = None

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["out"] = str(self.out)
        data["changes"] = None if self.changes is None else self.changes.to_dict()
        data["set_aside"] = str(self.set_aside) if self.set_aside else None
        data["sinks"] = {
            name: {"records": result.records, "paths": [str(path) for path in result.paths]}
            for name, result in self.sinks.items()
        }
        return data
