"""The frontier of a plan: which slot is next, of those that are known and not yet settled."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator

from adf_core.conversation import Record
from adf_core.engine.target import Place
from adf_core.journal import JournalReader
from adf_core.journal.rows import State
from adf_core.plan import Plan, Slot

MOST_PARENTS = 4096
"""So many parents wait in memory for their derivations to come up; those further on are read from the journal."""

_START: Place = (0, b"")


class Frontier:
    """Slots in plan order as far as they are known: the seeds, then the derivations of each parent that was accepted.

    Its memory does not grow with the plan: only so many keys of parents wait in it, a parent is loaded when its
    derivations are due, and what was settled before is passed over without a look at each slot.
    """

    def __init__(
        self,
        plan: Plan,
        reader: JournalReader,
        passed: Callable[[Place, State, int], None],
        *,
        retry_rejected: bool,
        seeds: Iterator[Slot] | None = None,
    ) -> None:
        """``passed`` is told place, state and number of children of each slot that was settled before.

        With ``seeds`` there are only those, and nothing is derived from records of earlier runs.
        """
        self._plan = plan
        self._limit = plan.setup.generation.limit
        self._reader = reader
        self._passed = passed
        self._retry_rejected = retry_rejected
        self._current = plan.seeds(self._settled(0, b"")) if seeds is None else seeds
        self._parents: list[tuple[int, bytes, str]] = []
        self._horizon: Place | None = _START if seeds is None else None
        self._coming: set[str] = set()
        self._begun: dict[int, int] = {}

    def expect_parent(self, key: str) -> None:
        """A record with derivations is being written; :meth:`add_parent` follows when it is safe."""
        self._coming.add(key)

    def add_parent(self, place: Place, key: str) -> None:
        """An accepted record whose derivations are wanted, and which is in the journal by now."""
        self._coming.discard(key)
        if self._horizon is not None and place >= self._horizon:
            return
        insort(self._parents, (*place, key))
        if len(self._parents) > MOST_PARENTS:
            self._horizon = self._parents.pop()[:2]

    def next(self, before: Place | None = None, earliest: int | None = None) -> Slot | None:
        """The next slot, or None where none is known now; those that are not ``before`` a place are passed over.

        ``earliest`` is the first round of which a slot is worked on: which derivations are within their round's limit
        is known when all parents are.
        """
        while True:
            slot = next(self._current, None)
            if slot is not None and (before is None or (slot.round, slot.place) < before):
                return slot
            # All that follows in one list comes later in the plan.
            self._current = iter(())
            if not self._parents and self._horizon is not None:
                self._read_parents(self._horizon)
            if self._parents and before is not None and (self._parents[0][0] + 1, self._parents[0][1]) >= before:
                self._parents.clear()
                self._horizon = None
            if not self._parents:
                return None
            if self._limit is not None and earliest is not None and earliest <= self._parents[0][0]:
                return None
            self._current = self._derivations(*self._parents.pop(0))

    def _read_parents(self, horizon: Place) -> None:
        rows = self._reader.parents(horizon, MOST_PARENTS + 1)
        self._horizon = (rows[-1][0], rows[-1][1]) if len(rows) > MOST_PARENTS else None
        # Those that are coming will be added all the same.
        self._parents = [row for row in rows[:MOST_PARENTS] if row[2] not in self._coming]

    def _derivations(self, round_: int, place: bytes, key: str) -> Iterator[Slot]:
        parent: Record = self._reader.record(key, self._plan.setup.category)[0]
        settled = self._settled(round_ + 1, place)
        if self._limit is None:
            return self._plan.derivations(parent, place, settled)
        begun = self._begun.get(round_, 0)
        children = self._plan.branching.count(key, len(parent.conversation), round_)
        self._begun[round_] = min(self._limit, begun + children)
        return self._plan.derivations(parent, place, settled, self._limit - begun)

    def _settled(self, round_: int, place: bytes) -> Iterable[bytes]:
        for each, state, children in self._reader.settled(round_, place, retry_rejected=self._retry_rejected):
            self._passed((round_, each), state, children)
            yield each
