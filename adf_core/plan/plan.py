"""Project and scenarios → slots, lazily and in plan order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adf_core.components import Direction
from adf_core.conversation import Record
from adf_core.plan.slots import Slot, derivation_slot, seed_slot
from adf_core.project import Setup
from adf_core.scenarios import Scenario


class Plan:
    """What a project asks for. Seeds are known from the start; derivations follow from each accepted record.

    Plan order is breadth first: by round, parent's place, prefix length, direction and replicate.
    """

    def __init__(self, setup: Setup, scenarios: Sequence[Scenario], directions: Mapping[str, Direction]) -> None:
        self.setup = setup
        self.scenarios = scenarios
        self._starts_anew = {
            name: setup.type == "instruct" or (name in directions and not directions[name].continues)
            for name in setup.derivational_directions
        }

    @property
    def seed_count(self) -> int:
        """How many seeds there are: scenarios × seed directions × ``s_factor``."""
        return len(self.scenarios) * len(self.setup.seed_directions) * self.setup.generation.s_factor

    def seeds(self) -> Iterator[Slot]:
        """The slots of all seeds: each scenario in one direction, the directions in turn, then each in its next one, so
        that those that come first cover most.
        """
        directions, type_ = self.setup.seed_directions, self.setup.type
        for replicate in range(self.setup.generation.s_factor):
            for turn in range(len(directions)):
                for index, scenario in enumerate(self.scenarios):
                    direction = directions[(index + turn) % len(directions)]
                    place = (replicate, turn, index)
                    yield seed_slot(type_, scenario, direction, replicate, place)

    def replacements(self, first: int, passes: int, scenarios: Sequence[int]) -> Iterator[Slot]:
        """Further seeds of the scenarios with these numbers, which are not derived from.

        They are asked for after the plan has drained, where records are still missing: in each pass one seed of each
        scenario, in the next direction, with the replicate ``first`` and so on.
        """
        directions = self.setup.seed_directions
        for replicate in range(first, first + passes):
            for index in scenarios:
                direction = directions[(index + replicate) % len(directions)]
                place = (replicate, 0, index)
                yield seed_slot(self.setup.type, self.scenarios[index], direction, replicate, place, derives=False)

    def derivation_count(self, turns: int, round_: int = 0) -> int:
        """How many derivations a record of that many turns (inherited ones too) brings: prefixes × directions ×
        ``d_factor``.
        """
        if round_ >= self.setup.generation.rounds:
            return 0
        prefixes = 1 if self.setup.type == "instruct" else turns
        return prefixes * len(self.setup.derivational_directions) * self.setup.generation.d_factor

    def derivations(self, parent: Record, place: bytes) -> Iterator[Slot]:
        """The slots that derive from an accepted record whose own slot has the place ``place``."""
        if parent.round >= self.setup.generation.rounds:
            return
        for prefix_length in range(1, len(parent.conversation) + 1):
            for index, direction in enumerate(self.setup.derivational_directions):
                for replicate in range(self.setup.generation.d_factor):
                    new = self._starts_anew[direction]
                    yield derivation_slot(parent, place, prefix_length, direction, index, replicate, new)
