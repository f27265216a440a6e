"""One run of a project: from an opened journal to written datasets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adf_core import __version__
from adf_core.components import Direction, Provider, RunInfo, Runner, Sink, SinkResult, Validator
from adf_core.engine.budget import BudgetKeeper, BudgetSpent
from adf_core.engine.caller import Caller, Fatal, Stopped
from adf_core.engine.delivery import judge_dataset, write_sinks
from adf_core.engine.fingerprint import fingerprint
from adf_core.engine.frontier import Frontier
from adf_core.engine.local import LocalRunner
from adf_core.engine.parts import keep_parts
from adf_core.engine.progress import Progress
from adf_core.engine.scenarios import scenarios_of
from adf_core.engine.settling import Settler
from adf_core.engine.target import Target
from adf_core.engine.waves import Waves
from adf_core.errors import AdfError, InvalidRequest
from adf_core.journal import Journal, RunState, SettledSlot, set_aside
from adf_core.options import build
from adf_core.plan import Plan, Prompter, Sampling, Slot
from adf_core.plugins import Plugins
from adf_core.project import Project

REFUSALS_BEFORE_STOP = 5
"""So many requests the provider does not accept, before any answer, stop the run: something is wrong with all of them.
"""

FRUITLESS_WAVES = 3
"""So many waves of further seeds that bring no record are the last ones."""

INTERRUPTED_STATUS = 130  # as shells report a program ended by Ctrl-C


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a command line may say about a run.

    ``concurrency`` None leaves it to the provider; ``limit`` bounds the slots that are asked for. With ``fresh`` an
    earlier journal is set aside, once the provider has opened. With ``top_up`` only combinations of values that no
    accepted record has are asked for.
    """

    out: Path
    concurrency: int | None = None
    limit: int | None = None
    fresh: bool = False
    retry_rejected: bool = False
    runner: str = LocalRunner.name
    top_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a run ended. ``state`` are the output folder's numbers, the others this run's own.

    ``ended`` is ``finished``, ``interrupted``, ``limit``, ``budget`` or ``error``; ``why`` says more. ``cost_usd`` is
    None where a price is unknown. ``target`` is what was wanted in all, None where all is; ``cells_short`` how many
    combinations of values have fewer accepted records than wanted, None where that was not asked for.
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

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["out"] = str(self.out)
        data["set_aside"] = str(self.set_aside) if self.set_aside else None
        data["sinks"] = {
            name: {"records": result.records, "paths": [str(path) for path in result.paths]}
            for name, result in self.sinks.items()
        }
        return data


class Run:
    """Executes a project once. :meth:`interrupt` may be called and :attr:`progress` read at any time.

    To its runner it is the Job: :meth:`work` settles one slot.
    """

    def __init__(self, project: Project, plugins: Plugins, options: RunOptions) -> None:
        """Build the components; UsageError where their options do not fit."""
        setup = project.setup
        self.progress = Progress()
        self._project = project
        self._plugins = plugins
        self._options = options
        self._provider = build(plugins.get(Provider, setup.provider.name), setup.provider.options)
        self._directions = installed_directions(project, plugins)
        self._validators = [build(plugins.get(Validator, each.name), each.options) for each in setup.validators]
        self._sinks = [build(plugins.get(Sink, each.name), each.options) for each in setup.sinks]
        local = options.runner == LocalRunner.name
        self._runner = LocalRunner() if local else build(plugins.get(Runner, options.runner), {})
        self.concurrency = options.concurrency or self._provider.concurrency
        self._stop_asking = asyncio.Event()
        self._changed = asyncio.Event()
        self._active = 0
        self._in_waves = False
        self._dispatched = 0
        self._refusals = 0
        self._ended = ""
        self._why = ""
        self._error: AdfError | None = None

    async def execute(self, when_open: Callable[[], None] | None = None) -> Summary:
        """Settle what is open, judge the whole, write the sinks.

        ``when_open`` is called when the components are opened, which may take long and speak to the user itself.
        """
        async with AsyncExitStack() as self._stack:
            for component in (
                *(self._provider, self._runner, *self._directions.values()),
                *(*self._validators, *self._sinks),
            ):
                await self._stack.enter_async_context(component)
            self._set_aside = set_aside(self._options.out) if self._options.fresh else None
            self._journal = await self._stack.enter_async_context(Journal(self._options.out))
            if when_open is not None:
                when_open()
            self._plan = Plan(self._project.setup, scenarios_of(self._project, self._journal), self._directions)
            self._epoch = self._open_epoch()
            if self._project.setup.split is not None:
                keep_parts(self._journal, self._project.setup.split, self._plan.scenarios)
            charged = self._journal.reader.charged()
            self._budget = BudgetKeeper(self._project.setup.budget, charged, self._provider.price())
            self._callers: dict[str | None, Caller] = {None: self._make_caller(self._provider)}
            self._settler = Settler(
                self._project,
                self._plan,
                Prompter(self._project, self._directions, Sampling.of(self._provider, self._project.setup)),
                self._journal,
                self._epoch,
                self._validators,
                self._caller_of,
                self.progress,
            )
            self._waves = Waves(self._project, self._plan, self._journal.reader, self._options.top_up)
            await self._fill()
            self._journal.set_meta(ended=f"{self._ended or 'finished'}: {self._why}".removesuffix(": "))
            await self._journal.commit()
            state = self._journal.reader.state()
            # Where nothing was accepted there is nothing to deliver, and an earlier dataset stays as it is.
            sinks = await write_sinks(self._journal.path, self._sinks, self._info()) if state.accepted else {}
            return self._summary(state, sinks)

    async def _fill(self) -> None:
        """Settle the plan's slots, then waves of further seeds, until what is wanted is there or cannot be had."""
        wanted = self._project.setup.generation.target
        kept_out = 0
        while not self._options.top_up:
            self._target = Target(None if wanted is None else wanted + kept_out)
            self.progress.restart(self._plan.seed_count)
            await self._drain(self._plan.seeds())
            before, kept_out = kept_out, self._journal.reader.excluded()
            # Where validators of the whole keep some out, the plan may have others to take their place.
            if self._ended or self._target.last is None or kept_out == before:
                break
        self._in_waves = True
        first, fruitless = self._project.setup.generation.s_factor, 0
        while not self._ended and fruitless < FRUITLESS_WAVES and (wave := self._waves.next(first)):
            before = self._waves.accepted(first)
            self._target = Target(wave.wanted)
            self.progress.planned += wave.size if wave.wanted is None else min(wave.size, wave.wanted)
            await self._drain(self._plan.replacements(first, wave.passes, wave.scenarios))
            first += wave.passes
            fruitless = 0 if self._waves.accepted(first) > before else fruitless + 1

    async def _drain(self, seeds: Iterator[Slot]) -> None:
        category = self._project.setup.category
        self._frontier = Frontier(self._plan, seeds, lambda key: self._journal.reader.record(key, category))
        await self._runner.run(self)
        await self._journal.commit()
        await judge_dataset(self._journal, self._validators, self._project, self._caller_of)

    def interrupt(self) -> None:
        """Ask for nothing more, let what is in flight finish, save."""
        self._stop("interrupted", "")

    def _end(self, ended: str, why: str, error: AdfError | None = None) -> None:
        """Begin no further slot; those that were begun may still ask what they need."""
        if not self._ended:
            self._ended, self._why, self._error = ended, why, error
        self._changed.set()

    def _stop(self, ended: str, why: str, error: AdfError | None = None) -> None:
        """Ask for nothing more; what is in flight may finish."""
        self._stop_asking.set()
        self._end(ended, why, error)

    def _open_epoch(self) -> int:
        """Stored states are trusted while the fingerprint is unchanged; else a new epoch judges and asks anew."""
        now = fingerprint(
            self._project, self._plan.scenarios, self._plugins, self._provider, self._directions, self._validators
        )
        reader = self._journal.reader
        epoch = reader.epoch + (reader.meta("fingerprint") != now)
        self._journal.set_meta(
            fingerprint=now,
            epoch=str(epoch),
            seeds=str(self._plan.seed_count),
            s_factor=str(self._project.setup.generation.s_factor),
            target=str(self._project.setup.generation.target or 0),
            project=str(self._project.folder.resolve()),
            provider=self._provider.name,
            model=self._provider.model,
            ended="running",
        )
        return epoch

    def _make_caller(self, provider: Provider) -> Caller:
        return Caller(provider, self._journal, self._budget, self.progress, self.concurrency, self._stop_asking)

    async def _caller_of(self, name: str | None) -> Caller:
        """The caller of the run's provider, or of another one by name, opened when it is first asked for."""
        if name == self._provider.name:
            name = None
        if name is not None and name not in self._callers:
            provider = build(self._plugins.get(Provider, name), {})
            self._callers[name] = self._make_caller(await self._stack.enter_async_context(provider))
        return self._callers[name]

    # --- the Job that a runner executes ------------------------------------------------------------------------------

    async def work(self) -> bool:
        """Settle the next slot; wait where none is ready yet; False when there is nothing left to do."""
        found = await self._next()
        if found is None:
            return False
        try:
            await self._settle(*found)
        finally:
            self._active -= 1
            self._changed.set()
        return True

    async def _next(self) -> tuple[Slot, bool] | None:
        while not self._ended:
            self._changed.clear()
            if self._target.may_be_met(self._active):
                await self._changed.wait()
                continue
            found = self._next_open()
            if found is not None and self._dispatched == self._options.limit:
                self._end("limit", f"--limit {self._options.limit}")
            elif found is not None:
                self._dispatched += 1
                self._active += 1
                return found
            elif self._active == 0:
                self._changed.set()
                return None
            else:
                await self._changed.wait()
        return None

    def _next_open(self) -> tuple[Slot, bool] | None:
        """The next slot to work on, and whether attempts were used up on it before; settled ones are counted on the
        way.
        """
        if self._in_waves and self._target.last is not None:
            return None
        while (slot := self._frontier.next(self._target.last)) is not None:
            found = self._journal.reader.slot(slot.key)
            if found is None:
                return slot, False
            settled, epoch = found
            again = settled.state == "failed" or (settled.state == "rejected" and self._options.retry_rejected)
            if again or epoch != self._epoch:
                return slot, again
            self.progress.settled_before += 1
            self._count(settled)
        return None

    async def _settle(self, slot: Slot, again: bool) -> None:
        try:
            settled = await self._settler.settle(slot, again)
        except Stopped:
            return
        except BudgetSpent as error:
            self._stop("budget", str(error))
            return
        except Fatal as error:
            self._stop("error", str(error), error.error)
            return
        self._journal.settle(settled, self._epoch)
        if settled.children:
            await self._journal.commit()
        self._count(settled)
        if settled.judge == InvalidRequest.__name__ and not self._callers[None].answered:
            self._refusals += 1
            if self._refusals == REFUSALS_BEFORE_STOP:
                self._stop("error", settled.reason or "", InvalidRequest(settled.reason or ""))

    def _count(self, settled: SettledSlot) -> None:
        self.progress.count(settled.state)
        if settled.state == "accepted":
            self._target.add((settled.round, settled.place))
        if settled.children:
            self.progress.planned += settled.children
            self._frontier.add_parent(settled.round, settled.place, settled.key)

    # --- the end -----------------------------------------------------------------------------------------------------

    def _info(self) -> RunInfo:
        return RunInfo(
            folder=self._project.folder,
            out=self._options.out,
            category=self._project.setup.category,
            type=self._project.setup.type,
            provider=self._provider.name,
            model=self._provider.model,
            diagram=self._project.diagram_text,
            version=__version__,
            parts=tuple(split.shares) if (split := self._project.setup.split) else (),
        )

    def _summary(self, state: RunState, sinks: dict[str, SinkResult]) -> Summary:
        progress = self.progress
        return Summary(
            ended=self._ended or "finished",
            why=self._why,
            exit_status=self._exit_status(state),
            state=state,
            target=self._project.setup.generation.target,
            cells_short=self._waves.cells_short(),
            requests=progress.requests,
            reused=progress.reused,
            input_tokens=progress.input_tokens,
            output_tokens=progress.output_tokens,
            cost_usd=None if progress.unpriced else progress.cost_usd,
            seconds=progress.seconds,
            sinks=sinks,
            out=self._options.out,
            set_aside=self._set_aside,
        )

    def _exit_status(self, state: RunState) -> int:
        if self._ended == "interrupted":
            return INTERRUPTED_STATUS
        if self._error is not None:
            return self._error.exit_status
        nothing_came = not self._ended and not state.accepted
        return 1 if state.failed or nothing_came else 0


def installed_directions(project: Project, plugins: Plugins) -> dict[str, Direction]:
    """The installed directions among those a setup names; the others are plain words."""
    names = (*project.setup.seed_directions, *project.setup.derivational_directions)
    found = ((name, plugins.find(Direction, name)) for name in names)
    return {name: build(direction, {}) for name, direction in found if direction is not None}
