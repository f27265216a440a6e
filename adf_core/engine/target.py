"""How many accepted records are wanted, and which slots may still be among the first of them."""

from __future__ import annotations

from bisect import insort

Place = tuple[int, bytes]
"""Round and place of a slot; in this order slots stand in the plan."""


class Target:
    """Counts accepted records. The dataset is the first ``wanted`` of them in plan order; with None it is all.

    So a slot may be passed over only where as many records before it were accepted.
    """

    def __init__(self, wanted: int | None) -> None:
        self.wanted = wanted
        self._first: list[Place] = []

    def add(self, place: Place) -> None:
        """One more record was accepted."""
        if self.wanted is not None:
            insort(self._first, place)
            del self._first[self.wanted :]

    @property
    def last(self) -> Place | None:
        """The place of the last record of the dataset, once there are as many as are wanted."""
        return self._first[-1] if self.wanted is not None and len(self._first) == self.wanted else None

    def may_be_met(self, active: int) -> bool:
        """Whether it is not met, but will be if every slot that is worked on is accepted."""
        return self.wanted is not None and len(self._first) < self.wanted <= len(self._first) + active
