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
        """The slots of all seeds."""
        for scenario_index, scenario in enumerate(self.scenarios):
            for direction_index, direction in enumerate(self.setup.seed_directions):
                for replicate in range(self.setup.generation.s_factor):
                    yield seed_slot(self.setup.type, scenario, scenario_index, direction, direction_index, replicate)

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
