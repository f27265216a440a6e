"""Which cells are possible: some row that obeys the constraints has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from adf_core.scenarios.cells import Cells, Rows
from adf_core.scenarios.rules import Rule, Rules

Part = dict[int, int]
"""Numbers of some factors, each with the number of a value."""


def possible_cells(cells: Cells, impossible: Iterable[Part]) -> NDArray[np.bool_]:
    """All cells but those with an impossible part in them."""
    possible = np.ones(cells.count, dtype=bool)
    for part in impossible:
        if len(part) <= cells.strength:
            possible[cells.having(list(part), list(part.values()))] = False
    return possible


def impossible_parts(levels: Sequence[int], rules: Sequence[Rule], strength: int, known: Rows) -> list[Part]:
    """The choices of values for up to ``strength`` factors that no row can have, the smallest ones only.

    Where no row obeys the rules, it is the empty choice. ``known`` rows obey all rules; each spares the search for
    what it shows to be possible.
    """
    if Rules(levels, rules).complete({}) is None:
        return [{}]
    found = []
    # What is possible for factors without a common rule, even over others, is possible together.
    for factors in _connected(rules):
        own = [rule for rule in rules if not rule.keys().isdisjoint(factors)]
        numbers = {factor: number for number, factor in enumerate(factors)}
        renumbered = [{numbers[factor]: values for factor, values in rule.items()} for rule in own]
        rows = known[:, factors]
        rows = np.unique(rows[(rows >= 0).all(axis=1)], axis=0)
        parts = _search([levels[factor] for factor in factors], renumbered, strength, rows)
        found += [{factors[number]: value for number, value in part.items()} for part in parts]
    return found


def _connected(rules: Sequence[Rule]) -> list[list[int]]:
    """The factors that rules speak of, apart where no chain of rules connects them."""
    groups: list[set[int]] = []
    for rule in rules:
        apart = [group for group in groups if group.isdisjoint(rule)]
        groups = [*apart, set(rule).union(*(group for group in groups if group not in apart))]
    return [sorted(group) for group in groups if group]


def _search(levels: Sequence[int], rules: Sequence[Rule], strength: int, known: Rows) -> list[Part]:
    """The smallest impossible parts of a space of which some row obeys the rules."""
    checked = Rules(levels, rules)
    random = np.random.default_rng(0)
    shown = list(known)
    found: list[Part] = []
    for size in range(1, min(strength, len(levels)) + 1):
        cells = Cells(levels, size)
        open_ = possible_cells(cells, found) & ~cells.in_any(np.array(shown).reshape(-1, len(levels)))
        for cell in np.flatnonzero(open_):
            if not open_[cell]:
                continue
            factors, values = cells.parts(int(cell))
            part = dict(zip(factors.tolist(), values.tolist(), strict=True))
            # Values in random order, so that each row that is found shows many other cells to be possible.
            completed = checked.complete(part, random)
            if completed is None:
                found.append(part)
            else:
                row = np.array([completed[factor] for factor in range(len(levels))])
                open_[cells.of(row)] = False
                shown.append(row)
    return found
