"""The space of scenarios: what may vary, between which values, and what goes with what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adf_core.diagram import Factor, Range, Value

if TYPE_CHECKING:
    from adf_core.scenarios.rules import Rule, Rules

Scenario = Mapping[str, str]
"""A value for every factor it states; empty where the diagram speaks for itself."""

Condition = Mapping[str, tuple[str, ...]]
"""For some factors the values they may have."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """Where all of ``when`` holds, all of ``then`` holds too."""

    when: Condition
    then: Condition

    def __str__(self) -> str:
        return f"when {_words(self.when)}, then {_words(self.then)}"

    def to_dict(self) -> dict[str, Any]:
        return {
            side: {name: list(values) for name, values in condition.items()}
            for side, condition in (("when", self.when), ("then", self.then))
        }


@dataclass(frozen=True, slots=True)
class Space:
    """Factors and constraints. Constraints speak of factors and values that the space has."""

    factors: tuple[Factor, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @property
    def levels(self) -> list[int]:
        return [len(factor.values) for factor in self.factors]

    @property
    def weights(self) -> list[list[float]]:
        return [[value.weight for value in factor.values] for factor in self.factors]

    def rules(self) -> list[Rule]:
        """The constraints by numbers of factors and values: a rule for each factor of a ``then``."""
        numbers = {factor.name: number for number, factor in enumerate(self.factors)}
        levels = self.levels
        rules: list[Rule] = []
        for constraint in self.constraints:
            unless = {
                numbers[name]: frozenset(range(levels[numbers[name]])) - self._indices(numbers[name], values)
                for name, values in constraint.when.items()
            }
            for name, values in constraint.then.items():
                number = numbers[name]
                rules.append({**unless, number: unless.get(number, frozenset()) | self._indices(number, values)})
        return rules

    def checked(self) -> Rules:
        """The constraints as something to check rows with."""
        from adf_core.scenarios.rules import Rules

        return Rules(self.levels, self.rules())

    def scenario(self, row: Sequence[int]) -> Scenario:
        """A row of value numbers, -1 where a factor is not stated, in words."""
        stated = zip(self.factors, row, strict=True)
        return {factor.name: factor.values[number].text for factor, number in stated if number >= 0}

    def row(self, scenario: Scenario) -> list[int] | None:
        """A scenario as numbers, or None where it states a factor or value that the space has not."""
        if not scenario.keys() <= {factor.name for factor in self.factors}:
            return None
        row = []
        for factor in self.factors:
            texts = [value.text for value in factor.values]
            stated = scenario.get(factor.name)
            if stated is not None and stated not in texts:
                return None
            row.append(-1 if stated is None else texts.index(stated))
        return row

    def contradiction(self) -> tuple[Constraint, ...]:
        """Constraints that cannot hold together, none of which could be left out; empty where a row obeys all."""
        if self.checked().complete({}) is not None:
            return ()
        core = list(self.constraints)
        for constraint in self.constraints:
            fewer = [other for other in core if other is not constraint]
            if Space(self.factors, tuple(fewer)).checked().complete({}) is None:
                core = fewer
        return tuple(core)

    def _indices(self, number: int, values: Iterable[str]) -> frozenset[int]:
        wanted = set(values)
        return frozenset(index for index, value in enumerate(self.factors[number].values) if value.text in wanted)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; :meth:`from_dict` reads it back."""
        return {
            "factors": [
                {
                    "name": factor.name,
                    "description": factor.description,
                    "phrase": factor.phrase,
                    "values": [_value(value) for value in factor.values],
                }
                for factor in self.factors
            ],
            "constraints": [constraint.to_dict() for constraint in self.constraints],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Space:
        factors = tuple(
            Factor(
                factor["name"],
                tuple(
                    Value(value["text"], value["weight"], Range(*value["range"]) if "range" in value else None)
                    for value in factor["values"]
                ),
                factor["description"],
                factor["phrase"],
            )
            for factor in data["factors"]
        )
        constraints = tuple(
            Constraint(*({name: tuple(values) for name, values in each[side].items()} for side in ("when", "then")))
            for each in data["constraints"]
        )
        return cls(factors, constraints)


def _value(value: Value) -> dict[str, Any]:
    plain: dict[str, Any] = {"text": value.text, "weight": value.weight}
    if value.range is not None:
        plain["range"] = [value.range.low, value.range.high, value.range.digits]
    return plain


def _words(condition: Condition) -> str:
    return " and ".join(f"`{name}` is {' or '.join(map(_quoted, values))}" for name, values in condition.items())


def _quoted(value: str) -> str:
    return f"`{value}`"
