"""One run of a project: from an opened journal to written datasets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace

from adf_core import __version__
from adf_core.components import Component, Provider, RunInfo, Runner, Sink, SinkResult, Validator
from adf_core.engine.budget import BudgetKeeper, BudgetSpent
from adf_core.engine.caller import Caller, Fatal, Stopped
from adf_core.engine.callers import Callers
from adf_core.engine.changes import Changes
from adf_core.engine.completion import delivered, delivery_mark, done_mark
from adf_core.engine.delivery import judge_dataset, write_sinks
from adf_core.engine.dispatcher import Dispatcher
from adf_core.engine.export import info_text
from adf_core.engine.fingerprint import fingerprint
from adf_core.engine.local import LocalRunner
from adf_core.engine.manifest import write_manifest
from adf_core.engine.parts import keep_parts
from adf_core.engine.progress import Progress
from adf_core.engine.scenarios import scenarios_of, stored_scenarios
from adf_core.engine.settling import NothingStored, Settler
from adf_core.engine.summary import RunOptions, Summary
from adf_core.engine.target import Target
from adf_core.engine.watch import Watch
from adf_core.engine.waves import Waves
from adf_core.errors import AdfError, UsageError
from adf_core.journal import FILE_NAME, Journal, JournalReader, RunState, SettledSlot, set_aside
from adf_core.options import build, named_providers
from adf_core.plan import Plan, Prompter, Sampling, Slot, installed_directions
from adf_core.plugins import Plugins, kind_of
from adf_core.project import Project
from adf_core.scenarios import Scenario

FRUITLESS_WAVES = 3
"""So many waves of further seeds that bring no record are the last ones."""

VALIDATOR_THREADS = 32
"""Most heavy validators at once; each waits in its thread for what it asks."""

INTERRUPTED_STATUS = 130  # as shells report a program ended by Ctrl-C


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
        self._callers = Callers(self._provider, plugins)
        self._changes = Changes() if options.stored_only else None
        self._threads = ThreadPoolExecutor(VALIDATOR_THREADS, thread_name_prefix="adf-validator")
        self._dispatcher: Dispatcher | None = None
        self._dispatched = 0
        self._watch = Watch(choice.name for choice in setup.validators)
        self._ended = ""
        self._why = ""
        self._error: AdfError | None = None

    async def execute(self, when_open: Callable[[], None] | None = None) -> Summary:
        """Settle what is open, judge the whole, write the sinks.

        ``when_open`` is called when the components are opened, which may take long and speak to the user itself. Where
        an earlier run has done all there is to do, the provider is not opened.
        """
        async with AsyncExitStack() as self._stack:
            # Not in the way of the loop, which answers what validators ask until they have ended.
            self._stack.push_async_callback(asyncio.to_thread, self._threads.shutdown)
            await self._stack.enter_async_context(self._callers)
            await self._open(*self._directions.values(), *self._validators, *self._sinks)
            finished = self._has_finished()
            if not finished:
                await self._open(self._runner)
                if not self._options.stored_only:
                    await self._callers.open()
            self._set_aside = set_aside(self._options.out) if self._options.fresh else None
            self._journal = await self._stack.enter_async_context(Journal(self._options.out))
            if when_open is not None:
                when_open()
            self._plan = Plan(self._project.setup, scenarios_of(self._project, self._journal), self._directions)
            self._waves = Waves(self._project, self._plan, self._journal.reader, self._options.top_up)
            mark = None if finished else await self._settle_all()
            state = self._journal.reader.state()
            if mark is not None:
                ended = f"{self._ended or 'finished'}: {self._why}".removesuffix(": ")
                is_done = not (self._ended or state.failed or self._options.stored_only)
                self._journal.set_meta(ended=ended, done=mark if is_done else "")
                await self._journal.commit(at_once=True)
                state = replace(state, ended=ended)
            sinks, unchanged = await self._deliver(state)
            return self._summary(state, sinks, nothing_to_do=finished and unchanged)

    async def _open(self, *components: Component) -> None:
        for component in components:
            await self._stack.enter_async_context(component)

    def _fingerprint(self, scenarios: Sequence[Scenario]) -> str:
        return fingerprint(self._project, scenarios, self._plugins, self._provider, self._directions, self._validators)

    def _has_finished(self) -> bool:
        """Whether an earlier run has left nothing to ask for."""
        options = self._options
        path = options.out / FILE_NAME
        if options.fresh or options.top_up or options.retry_rejected or not path.is_file():
            return False
        with JournalReader(path) as reader:
            scenarios = stored_scenarios(self._project, reader)
            return scenarios is not None and reader.meta("done") == done_mark(
                self._fingerprint(scenarios), self._project
            )

    async def _settle_all(self) -> str:
        """Ask and judge until nothing is left to do or something stops the run; returns the mark of one that has done
        all.
        """
        reader = self._journal.reader
        charged = reader.totals().charged
        accepted_before = reader.count("accepted") if self._options.stored_only else 0
        self._budget = BudgetKeeper(self._project.setup.budget, charged)
        self.progress.budget = self._budget
        mark = self._open_epoch()
        await self._journal.commit(at_once=True)
        self._callers.start(self._make_caller)
        for choice in named_providers(self._validators):
            await self._callers.of(choice)
        self._settler = Settler(
            self._project,
            self._plan,
            Prompter(self._project, self._directions, Sampling.of(self._provider, self._project.setup)),
            self._journal,
            self._epoch,
            self._validators,
            self._callers,
            self._threads,
            self.progress,
            stored_only=self._options.stored_only,
        )
        await self._fill()
        if self._changes is not None:
            self._changes.close(accepted_before)
        return mark

    async def _deliver(self, state: RunState) -> tuple[dict[str, SinkResult], bool]:
        """Write the sinks, and whether all they would write was there already.

        Where nothing was accepted there is nothing to deliver, and an earlier dataset stays as it is.
        """
        if not state.accepted:
            return {}, False
        split = self._project.setup.split
        info = self._info()
        versions = [owner.version if (owner := self._plugins.owner(Sink, each.name)) else "" for each in self._sinks]
        written = delivered(self._journal.reader.meta("delivered"), self._sinks, versions, info, split)
        if written is not None:
            return written, True
        if split is not None:
            keep_parts(self._journal, split, self._plan.scenarios)
            await self._journal.commit(at_once=True)
        self._journal.set_meta(info=info_text(info))
        results = await write_sinks(self._journal.path, self._sinks, info)
        overrides = self._options.overrides
        await asyncio.to_thread(write_manifest, self._project, info, self._versions(), state, overrides, results)
        self._journal.set_meta(delivered=delivery_mark(self._sinks, versions, info, split, results))
        return results, False

    def _versions(self) -> dict[str, str]:
        """The distributions whose components take part, with their versions."""
        parts = [self._provider, *self._directions.values(), *self._validators, *self._sinks]
        owners = [self._plugins.owner(kind_of(part), part.name) for part in parts]
        return {owner.distribution: owner.version for owner in owners if owner is not None}

    async def _fill(self) -> None:
        """Settle the plan's slots, then waves of further seeds, until what is wanted is there or cannot be had."""
        wanted = self._project.setup.generation.target
        kept_out = 0
        while not self._options.top_up:
            self.progress.restart(self._plan.seed_count)
            target = Target(None if wanted is None else wanted + kept_out)
            await self._drain(target)
            before, kept_out = kept_out, self._journal.reader.excluded()
            # Where validators of the whole keep some out, the plan may have others to take their place.
            if self._ended or target.last is None or kept_out == before:
                break
        first, fruitless = self._project.setup.generation.s_factor, 0
        while not self._ended and fruitless < FRUITLESS_WAVES and (wave := self._waves.next(first)):
            before = self._waves.accepted(first)
            self.progress.planned += wave.size if wave.wanted is None else min(wave.size, wave.wanted)
            await self._drain(Target(wave.wanted), self._plan.replacements(first, wave.passes, wave.scenarios))
            first += wave.passes
            fruitless = 0 if self._waves.accepted(first) > before else fruitless + 1

    async def _drain(self, target: Target, seeds: Iterator[Slot] | None = None) -> None:
        """One pass over the plan, or over these further seeds."""
        limit = self._options.limit
        self._dispatcher = Dispatcher(
            self._plan,
            self._journal.reader,
            self._epoch,
            target,
            self.progress,
            retry_rejected=self._options.retry_rejected,
            most=None if limit is None else limit - self._dispatched,
            seeds=seeds,
        )
        if self._ended:
            self._dispatcher.end()
        await self._runner.run(self)
        self._dispatched += self._dispatcher.dispatched
        if self._dispatcher.held_back:
            self._end("limit", f"--limit {limit}")
        await self._journal.commit(at_once=True)
        try:
            await judge_dataset(self._journal, self._validators, self._project, self._callers.of, self._threads)
        except Stopped as error:
            if self._ended != "interrupted":
                raise AdfError(f"The dataset could not be judged as a whole: {self._why or self._ended}.") from error

    def interrupt(self) -> None:
        """Ask for nothing more, let what is in flight finish, save."""
        self._stop("interrupted", "")

    def _end(self, ended: str, why: str, error: AdfError | None = None) -> None:
        """Begin no further slot; those that were begun may still ask what they need."""
        if not self._ended:
            self._ended, self._why, self._error = ended, why, error
        if self._dispatcher is not None:
            self._dispatcher.end()

    def _stop(self, ended: str, why: str, error: AdfError | None = None) -> None:
        """Ask for nothing more; what is in flight may finish."""
        self._callers.stop()
        self._end(ended, why, error)

    def _open_epoch(self) -> str:
        """Stored states are trusted while the fingerprint is unchanged; else a new epoch judges and asks anew.

        More seeds of the same kind only follow those that are there, so that needs no new epoch, unless some of them
        were asked for as further seeds. Returns the mark of a run that has done all there is to do.
        """
        now = self._fingerprint(self._plan.scenarios)
        reader, generation = self._journal.reader, self._project.setup.generation
        s_factor = generation.s_factor
        before = int(reader.meta("s_factor") or s_factor)
        same = reader.meta("fingerprint") == now and (
            s_factor == before or (s_factor > before and not reader.replacements())
        )
        self._epoch = reader.epoch + (not same)
        self._journal.set_meta(
            fingerprint=now,
            epoch=str(self._epoch),
            seeds=str(self._plan.seed_count),
            s_factor=str(s_factor),
            target=str(generation.target or 0),
            limit=str(generation.limit or 0),
            project=str(self._project.folder.resolve()),
            overrides=json.dumps([[path, value] for path, value in self._options.overrides.items()]),
            provider=self._provider.name,
            model=self._provider.model,
            ended="running",
            done="",
            delivered="",
        )
        return done_mark(now, self._project)

    def _make_caller(self, provider: Provider) -> Caller:
        return Caller(provider, self._journal, self._budget, self.progress, self.concurrency)

    # --- the Job that a runner executes ------------------------------------------------------------------------------

    async def work(self) -> bool:
        """Settle the next slot; wait where none is ready yet; False when there is nothing left to do."""
        dispatcher = self._dispatcher
        found = await dispatcher.next() if dispatcher else None
        if dispatcher is None or found is None:
            return False
        settled = None
        try:
            settled = await self._settle(*found, dispatcher)
        finally:
            dispatcher.done(found[0], settled)
        return True

    async def _settle(self, slot: Slot, again: bool, dispatcher: Dispatcher) -> SettledSlot | None:
        before = self._journal.reader.slot(slot.key) if self._changes is not None else None
        try:
            settled = await self._settler.settle(slot, again)
        except NothingStored as error:
            self._note(before, None, error.judge)
            return None
        except Stopped:
            return None
        except BudgetSpent as error:
            self._stop("budget", str(error))
            return None
        except Fatal as error:
            self._stop("error", str(error), error.error)
            return None
        except UsageError as error:
            self._stop("error", str(error), error)
            return None
        self._note(before, settled, settled.judge)
        self._journal.settle(settled, self._epoch)
        if settled.children:
            dispatcher.expect(settled)
            await self._journal.commit()
        else:
            await self._journal.keep_pace()
        if trouble := self._watch.look(settled, answered=self._callers.main.answered):
            self._stop("error", str(trouble), trouble)
        return settled

    def _note(self, before: tuple[SettledSlot, int] | None, after: SettledSlot | None, judge: str | None) -> None:
        if self._changes is not None:
            self._changes.note(before[0] if before else None, after, judge)

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

    def _summary(self, state: RunState, sinks: dict[str, SinkResult], *, nothing_to_do: bool) -> Summary:
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
            nothing_to_do=nothing_to_do,
            spending=tuple(progress.spending()),
            changes=self._changes,
        )

    def _exit_status(self, state: RunState) -> int:
        if self._ended == "interrupted":
            return INTERRUPTED_STATUS
        if self._error is not None:
            return self._error.exit_status
        nothing_came = not self._ended and not state.accepted
        return 1 if state.failed or nothing_came else 0
