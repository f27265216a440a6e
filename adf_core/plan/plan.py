"""Project and scenarios → slots, lazily and in plan order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from adf_core.components import Direction
from adf_core.conversation import Record
from adf_core.plan.branching import Branching
from adf_core.plan.slots import (
    Slot,
    derivation_slot,
    derived_place,
    read_derived_place,
    read_seed_place,
    seed_place,
    seed_slot,
)
from adf_core.project import Setup
from adf_core.scenarios import Scenario


class Plan:
    """What a project asks for. Seeds are known from the start; derivations follow from each accepted record.

    Plan order is breadth first: by round, parent's place, prefix length, direction and replicate.
    """

    def __init__(self, setup: Setup, scenarios: Sequence[Scenario], directions: Mapping[str, Direction]) -> None:
        self.setup = setup
        self.scenarios = scenarios
        self.branching = Branching(setup)
        self._starts_anew = {
            name: setup.type == "instruct" or (name in directions and not directions[name].continues)
            for name in setup.derivational_directions
        }

    @property
    def seed_count(self) -> int:
        """How many seeds there are: scenarios × seed directions × ``s_factor``."""
        return len(self.scenarios) * len(self.setup.seed_directions) * self.setup.generation.s_factor

    def seeds(self, settled: Iterable[bytes] = ()) -> Iterator[Slot]:
        """The slots of all seeds: each scenario in one direction, the directions in turn, then each in its next one, so
        that those that come first cover most.

        The places ``settled`` (in order) are left out; that is many times faster than to look at their slots.
        """
        places = (
            seed_place(replicate, turn, index)
            for replicate in range(self.setup.generation.s_factor)
            for turn in range(len(self.setup.seed_directions))
            for index in range(len(self.scenarios))
        )
        return self._seeds_at(without(places, settled), derives=True)

    def replacements(self, first: int, passes: int, scenarios: Sequence[int]) -> Iterator[Slot]:
        """Further seeds of the scenarios with these numbers, which are not derived from.

        They are asked for after the plan has drained, where records are still missing: in each pass one seed of each
        scenario, in the next direction, with the replicate ``first`` and so on.
        """
        places = (seed_place(replicate, 0, index) for replicate in range(first, first + passes) for index in scenarios)
        return self._seeds_at(places, derives=False)

    def _seeds_at(self, places: Iterable[bytes], *, derives: bool) -> Iterator[Slot]:
        directions, type_ = self.setup.seed_directions, self.setup.type
        for place in places:
            replicate, turn, index = read_seed_place(place)
            # Replacements have no turns: there each pass goes on with the next direction.
            direction = directions[(index + (turn if derives else replicate)) % len(directions)]
            yield seed_slot(type_, self.scenarios[index], direction, replicate, place, derives)

    def derivations(
        self, parent: Record, place: bytes, settled: Iterable[bytes] = (), most: int | None = None
    ) -> Iterator[Slot]:
        """The slots that derive from an accepted record whose own slot has the place ``place``: the first ``most`` of
        them, without ``settled`` ones.
        """
        directions = self.setup.derivational_directions
        branches = self.branching.branches(parent.key, len(parent.conversation), parent.round)
        places = (derived_place(place, *branch) for branch in itertools.islice(branches, most))
        for each in without(places, settled):
            prefix_length, index, replicate = read_derived_place(each)
            direction = directions[index]
            yield derivation_slot(parent, each, prefix_length, direction, replicate, new=self._starts_anew[direction])


def without(places: Iterable[bytes], settled: Iterable[bytes]) -> Iterator[bytes]:
    """Those of ``places`` that are not among ``settled``; both are in order.

    >>> list(without([b"a", b"b", b"c"], [b"b", b"bb"]))
    [b'a', b'c']
    """
    passing = iter(settled)
    last = next(passing, None)
    for place in places:
        while last is not None and last < place:
            last = next(passing, None)
        if last != place:
            yield place
