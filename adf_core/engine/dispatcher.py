"""Which slot is worked on next, and what became of those that were."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator

from adf_core.engine.frontier import Frontier
from adf_core.engine.progress import Progress
from adf_core.engine.target import Place, Target
from adf_core.journal import JournalReader, SettledSlot
from adf_core.journal.rows import State
from adf_core.plan import Plan, Slot


class Dispatcher:
    """Hands out slots to workers until none is left; a worker that finds none ready waits for one.

    It is for one pass over the plan, or for a wave of further ``seeds``. A wave ends when its target is met; in the
    plan a slot may still be wanted then, if it stands before the last record of the dataset.
    """

    def __init__(
        self,
        plan: Plan,
        reader: JournalReader,
        epoch: int,
        target: Target,
        progress: Progress,
        *,
        retry_rejected: bool,
        most: int | None = None,
        seeds: Iterator[Slot] | None = None,
    ) -> None:
        """At most ``most`` slots are handed out, None for all."""
        self._reader = reader
        self._epoch = epoch
        self._target = target
        self._progress = progress
        self._retry_rejected = retry_rejected
        self._most = most
        self._is_wave = seeds is not None
        self._frontier = Frontier(plan, reader, self._passed, retry_rejected=retry_rejected, seeds=seeds)
        self._found: tuple[Slot, bool] | None = None
        self._active: Counter[int] = Counter()
        self._children: Counter[int] = Counter()
        self._limit = plan.setup.generation.limit
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ended = False
        self.dispatched = 0
        self.held_back = False
        """Whether there was one more slot to work on than might be handed out."""

    async def next(self) -> tuple[Slot, bool] | None:
        """The next slot to work on, and whether attempts were used up on it before; None when there is none left.

        Call :meth:`done` when it has ended.
        """
        while not self._ended:
            found = self._look()
            if found is None and not self._active:
                self.end()
            elif found is None or self._target.may_be_met(self._active.total()):
                woken = asyncio.get_running_loop().create_future()
                self._waiting.append(woken)
                await woken
            elif self.dispatched == self._most:
                self.held_back = True
                self.end()
            else:
                self._found = None
                self.dispatched += 1
                self._active[found[0].round] += 1
                return found
        return None

    def _look(self) -> tuple[Slot, bool] | None:
        """What is to be handed out next. It stays that until it is, or is no longer wanted."""
        while True:
            if self._found is None:
                self._found = self._next_open()
            if self._found is None:
                return None
            slot, last = self._found[0], self._target.last
            if last is None or (not self._is_wave and (slot.round, slot.place) < last):
                return self._found
            self._found = None

    def expect(self, settled: SettledSlot) -> None:
        """A slot has ended and is being written to the journal; :meth:`done` follows when that is safe."""
        if settled.children:
            self._frontier.expect_parent(settled.key)

    def done(self, slot: Slot, settled: SettledSlot | None) -> None:
        """A slot that was handed out is worked on no more; ``settled`` is None where it has not ended."""
        self._active[slot.round] -= 1
        if not self._active[slot.round]:
            del self._active[slot.round]
        if settled is not None:
            self._count(settled)
        # One place is free for another slot, and each child is one more; where a round is done the next may begin.
        freed = 1 + (settled.children if settled else 0)
        self._wake(freed if self._active[slot.round] else len(self._waiting))

    def end(self) -> None:
        """Hand out no more."""
        self._ended = True
        self._wake(len(self._waiting))

    def _wake(self, most: int) -> None:
        while self._waiting and most > 0:
            woken = self._waiting.popleft()
            if not woken.done():
                woken.set_result(None)
                most -= 1

    def _next_open(self) -> tuple[Slot, bool] | None:
        if self._is_wave and self._target.last is not None:
            return None
        while (slot := self._frontier.next(self._target.last, min(self._active, default=None))) is not None:
            found = self._reader.slot(slot.key)
            if found is None:
                return slot, False
            settled, epoch = found
            again = settled.state == "failed" or (settled.state == "rejected" and self._retry_rejected)
            if again or epoch != self._epoch:
                return slot, again
            self._progress.settled_before += 1
            self._count(settled)
        return None

    def _count(self, settled: SettledSlot) -> None:
        place = (settled.round, settled.place)
        self._add(place, settled.state, settled.children)
        if settled.children:
            self._frontier.add_parent(place, settled.key)

    def _passed(self, place: Place, state: State, children: int) -> None:
        self._progress.settled_before += 1
        self._add(place, state, children)

    def _add(self, place: Place, state: State, children: int) -> None:
        self._progress.count(state)
        self._plan_more(place[0], children)
        if state == "accepted":
            self._target.add(place)

    def _plan_more(self, round_: int, children: int) -> None:
        """A record of this round has so many derivations, of which those within their round's limit are wanted."""
        before = self._children[round_]
        self._children[round_] += children
        if self._limit is not None:
            children = min(self._limit, before + children) - min(self._limit, before)
        self._progress.planned += children
