"""Which part of the dataset a record belongs to. Whole families stay together, so that nothing leaks between parts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from adf_core.conversation import Record
from adf_core.scenarios.space import Scenario

By = Literal["seed", "scenario", "factor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The shares of the parts, by name, which are together 1, and what is never divided among parts: a unit.

    A unit is a seed with all that derives from it, all records of a ``scenario``, or all that have the same value of
    ``factor``; records that do not state the factor stay together by their seed.
    """

    shares: Mapping[str, float]
    by: By = "seed"
    factor: str = ""

    def unit(self, scenario: Scenario, seed: str) -> str:
        """The unit, by a hash, of a record with this scenario whose family began with the slot ``seed``."""
        if self.by == "scenario" or self._has_factor(scenario):
            return self._planned_unit(scenario)
        return _digest(seed)

    def planned_units(self, scenarios: Iterable[Scenario]) -> set[str]:
        """The units that are known before anything is generated; seeds are not, since not all of them are accepted."""
        if self.by == "seed":
            return set()
        known = (scenario for scenario in scenarios if self.by == "scenario" or self._has_factor(scenario))
        return set(map(self._planned_unit, known))

    def by_hash(self, unit: str) -> str:
        """The part of a unit, whatever else there is: with many units, each part has about its share of them."""
        point = int(unit, 16) / 16 ** len(unit)
        *others, last = sorted(self.shares)
        for name in others:
            point -= self.shares[name]
            if point < 0:
                return name
        return last

    def counts(self, units: int) -> dict[str, int]:
        """How many of so many units each part has: by largest remainder, and at least one if there are enough."""
        least = int(units >= len(self.shares))
        counts = {name: max(least, int(self.shares[name] * units)) for name in sorted(self.shares)}

        def lacking(name: str) -> float:
            return self.shares[name] * units - counts[name]

        while (missing := units - sum(counts.values())) > 0:
            counts[max(counts, key=lacking)] += 1
        for _ in range(-missing):
            counts[min((name for name in counts if counts[name] > least), key=lacking)] -= 1
        return counts

    def _has_factor(self, scenario: Scenario) -> bool:
        return self.by == "factor" and self.factor in scenario

    def _planned_unit(self, scenario: Scenario) -> str:
        stated = dict(scenario) if self.by == "scenario" else scenario[self.factor]
        return _digest(json.dumps(stated, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of all units: of those in ``assigned`` as it says, of any other by its hash."""

    split: Split
    assigned: Mapping[str, str] = field(default_factory=dict)

    def of(self, record: Record) -> str:
        """The part of a record, which is that of its seed."""
        unit = self.split.unit(record.scenario, record.seed)
        return self.assigned.get(unit) or self.split.by_hash(unit)

    def grown(self, scenarios: Iterable[Scenario]) -> Parts:
        """With parts for the units of these scenarios too: no unit is moved, new ones fill what is missing to exact
        shares, in the order of their hashes.
        """
        units = self.split.planned_units(scenarios)
        present = Counter(self.assigned[unit] for unit in units & self.assigned.keys())
        new = iter(sorted(units - self.assigned.keys()))
        assigned = dict(self.assigned)
        for name, count in self.split.counts(len(units)).items():
            assigned |= dict.fromkeys(islice(new, max(0, count - present[name])), name)
        return Parts(self.split, assigned)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; :meth:`from_dict` reads it back."""
        units: dict[str, list[str]] = {name: [] for name in self.split.shares}
        for unit, name in self.assigned.items():
            units[name].append(unit)
        return {"shares": dict(self.split.shares), "by": self.split.by, "factor": self.split.factor, "units": units}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Parts:
        split = Split(shares=data["shares"], by=data["by"], factor=data["factor"])
        return cls(split, {unit: name for name, units in data["units"].items() for unit in units})


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
