"""Rules that rows must obey, and the search for rows that do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adf_core.scenarios.cells import Rows

Rule = Mapping[int, frozenset[int]]
"""For some factors the values that satisfy the rule; a row obeys it if one of its factors has such a value."""


class Rules:
    """All rules of a space."""

    def __init__(self, levels: Sequence[int], rules: Sequence[Rule]) -> None:
        self._levels = levels
        self._rules = rules
        self._bits = [
            {factor: sum(1 << value for value in values) for factor, values in rule.items()} for rule in rules
        ]
        self._with: dict[int, list[int]] = {}
        for number, rule in enumerate(rules):
            for factor in rule:
                self._with.setdefault(factor, []).append(number)

    def __bool__(self) -> bool:
        return bool(self._rules)

    @cached_property
    def _masks(self) -> list[dict[int, NDArray[np.bool_]]]:
        return [
            {factor: _mask(values, self._levels[factor]) for factor, values in rule.items()} for rule in self._rules
        ]

    def allowed(self, rows: Rows, factor: int) -> NDArray[np.bool_]:
        """For each row (which obeys all rules) which values it may have for a factor, with the others as they are."""
        import numpy as np

        allowed = np.ones((len(rows), self._levels[factor]), dtype=bool)
        for number in self._with.get(factor, ()):
            others = np.zeros(len(rows), dtype=bool)
            for other, mask in self._masks[number].items():
                if other != factor:
                    others |= mask[rows[:, other]]
            allowed &= others[:, None] | self._masks[number][factor]
        return allowed

    def obeyed(self, rows: Rows) -> NDArray[np.bool_]:
        """Which rows obey all rules. A factor that a row does not state satisfies any."""
        import numpy as np

        obeyed = np.ones(len(rows), dtype=bool)
        for masks in self._masks:
            one = np.zeros(len(rows), dtype=bool)
            for factor, mask in masks.items():
                one |= (rows[:, factor] < 0) | mask[rows[:, factor]]
            obeyed &= one
        return obeyed

    def obeys(self, row: Sequence[int]) -> bool:
        """Whether one row obeys all rules, as in :meth:`obeyed`."""
        return all(
            any(row[factor] < 0 or bits >> row[factor] & 1 for factor, bits in rule.items()) for rule in self._bits
        )

    def complete(self, stated: Mapping[int, int], random: np.random.Generator | None = None) -> dict[int, int] | None:
        """Values for all factors that rules speak of, with the ``stated`` ones as they are; None where none exist.

        Depth first, with the rules propagated after each choice; the factor with the fewest values left comes first.
        ``random`` shuffles the order in which values are tried.
        """
        domains = {factor: (1 << self._levels[factor]) - 1 for factor in self._with}
        for factor, value in stated.items():
            if factor in domains:
                domains[factor] = 1 << value
        if not self._propagate(domains, domains):
            return None
        choices = [self._choices(domains, random)]
        trail = [domains]
        while choices:
            if choices[-1] is None:
                return {factor: bits.bit_length() - 1 for factor, bits in trail[-1].items()}
            factor, values = choices[-1]
            if not values:
                choices.pop()
                trail.pop()
                continue
            narrowed = dict(trail[-1])
            narrowed[factor] = 1 << values.pop()
            if self._propagate(narrowed, [factor]):
                trail.append(narrowed)
                choices.append(self._choices(narrowed, random))
        return None

    def _choices(self, domains: Mapping[int, int], random: np.random.Generator | None) -> tuple[int, list[int]] | None:
        """The next factor to decide on, with its values, or None where all are decided."""
        open_ = [(bits.bit_count(), factor) for factor, bits in domains.items() if bits.bit_count() > 1]
        if not open_:
            return None
        _, factor = min(open_)
        values = [value for value in range(self._levels[factor]) if domains[factor] >> value & 1]
        if random is not None:
            random.shuffle(values)
        return factor, values

    def _propagate(self, domains: dict[int, int], changed: Iterable[int]) -> bool:
        """Take out of ``domains`` what rules forbid by now; False where nothing is left for some factor."""
        waiting = list(changed)
        while waiting:
            for number in self._with.get(waiting.pop(), ()):
                rule = self._bits[number]
                able = [factor for factor, bits in rule.items() if domains[factor] & bits]
                if not able:
                    return False
                if len(able) == 1:
                    (factor,) = able
                    left = domains[factor] & rule[factor]
                    if left != domains[factor]:
                        domains[factor] = left
                        waiting.append(factor)
        return True


def _mask(values: Iterable[int], levels: int) -> NDArray[np.bool_]:
    import numpy as np

    mask = np.zeros(levels, dtype=bool)
    mask[list(values)] = True
    return mask
