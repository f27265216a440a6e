"""The frontier of a plan: which slot is next, of those that are known and not yet settled."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from adf_core.conversation import Record
from adf_core.engine.target import Place
from adf_core.plan import Plan, Slot


class Frontier:
    """Slots in plan order as far as they are known: the seeds, then the derivations of each parent that was accepted.

    Only keys of parents wait in memory; a parent is loaded when its derivations are due.
    """

    def __init__(self, plan: Plan, seeds: Iterator[Slot], load_parent: Callable[[str], tuple[Record, bytes]]) -> None:
        self._plan = plan
        self._load_parent = load_parent
        self._current = seeds
        self._parents: list[tuple[int, bytes, str]] = []

    def add_parent(self, round_: int, place: bytes, key: str) -> None:
        """An accepted record whose derivations are wanted."""
        heapq.heappush(self._parents, (round_, place, key))

    def next(self, before: Place | None = None) -> Slot | None:
        """The next slot, or None where none is known now; those that are not ``before`` a place are passed over."""
        while True:
            slot = next(self._current, None)
            if slot is not None and (before is None or (slot.round, slot.place) < before):
                return slot
            # All that follows in one list comes later in the plan.
            if not self._parents:
                self._current = iter(())
                return None
            _, _, key = heapq.heappop(self._parents)
            self._current = self._plan.derivations(*self._load_parent(key))
