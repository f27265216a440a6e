"""Covering arrays: few rows that together have every choice of values for every few factors.

Rows are made one at a time, as in AETG (Cohen, Dalal, Fredman, Patton: The AETG system, IEEE Trans. Softw. Eng. 23,
1997), each the best of a few that were improved by hill climbing (Bryce, Colbourn: One-test-at-a-time heuristic search
for interaction test suites, GECCO 2007). Then rows are taken out, one after the other, and what they alone covered is
brought into the others by tabu search (Nurmela: Upper bounds for covering arrays by tabu search, Discrete Applied
Mathematics 138, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from adf_core.errors import UsageError
from adf_core.scenarios.cells import Cells, Integers, Rows
from adf_core.scenarios.gain import by_gain
from adf_core.scenarios.reduction import fewest_rows
from adf_core.scenarios.rules import Rule, Rules

CANDIDATES = 8
"""Rows that are made and improved for each row that is taken."""

SWEEPS = 3
"""How often each value of a candidate is reconsidered."""

CANDIDATE_WORK = 2_000_000
"""Most cells that are looked at for one row; where that is too few, there are fewer candidates."""

BLOCK = 1 << 20
"""Cells that are searched at once for open ones."""


def covering_array(
    levels: Sequence[int],
    strength: int = 2,
    seed: int = 0,
    *,
    rules: Sequence[Rule] = (),
    weights: Sequence[Sequence[float]] | None = None,
    existing: Sequence[Sequence[int]] = (),
    effort: int = 1,
) -> list[list[int]]:
    """Rows of value indices that have every choice of values for every ``strength`` factors, as far as rules allow.

    ``levels`` are how many values each factor has. Rows come in the order in which they raise the coverage most; the
    same arguments give the same rows. ``weights`` (above 0, for each value of each factor) say which value is taken
    more often where the coverage leaves a choice. ``existing`` rows, where -1 stands for a factor they do not state,
    come first and stay as they are; what those that obey the rules have need not be had again. ``effort`` 0 is quick
    and 1 usual; more takes longer for fewer rows.

    Raises UsageError where the strength does not fit, no row obeys the rules, or there are more than 50 million cells.

    >>> rows = covering_array([3, 3, 3, 3], strength=2)
    >>> len(rows), len({(row[1], row[3]) for row in rows})
    (9, 9)
    """
    greedy = _Greedy(Cells(levels, strength), Rules(levels, rules), weights, np.random.default_rng(seed))
    kept = np.array(existing, dtype=np.int64).reshape(-1, len(levels))
    kept = kept[greedy.rules.obeyed(kept)]
    for row in kept:
        greedy.cover(row)
    start = greedy.open.copy()
    new = greedy.rows(max(1, CANDIDATES * effort))
    feasible = start & ~greedy.infeasible
    if effort:
        new = fewest_rows(greedy.cells, greedy.rules, new, feasible, greedy.random, effort)
    new = new[by_gain(greedy.cells, new, feasible)]
    return [*(list(map(int, row)) for row in existing), *new.tolist()]


class _Greedy:
    """What is covered so far, and what the next row should be. ``open`` are the cells that are still to be covered."""

    def __init__(
        self,
        cells: Cells,
        rules: Rules,
        weights: Sequence[Sequence[float]] | None,
        random: np.random.Generator,
    ) -> None:
        self.cells = cells
        self.rules = rules
        self.random = random
        self.open = np.ones(cells.count, dtype=bool)
        self.infeasible = np.zeros(cells.count if rules else 1, dtype=bool)
        self._left = cells.count
        self._weights = [
            np.ones(level) if weights is None else np.array(weights[factor], dtype=float)
            for factor, level in enumerate(cells.levels)
        ]
        # Where the share of each value ends, but for the last, so that a number below 1 always falls upon a value.
        self._ends = [np.cumsum(weights)[:-1] / weights.sum() for weights in self._weights]
        if rules.complete({}) is None:
            raise UsageError("No row obeys all rules.")

    def cover(self, row: Integers) -> None:
        self._close(self.cells.of(row))

    def _close(self, cells: Integers) -> None:
        self._left -= int(self.open[cells].sum())
        self.open[cells] = False

    def rows(self, candidates: int) -> Rows:
        """Rows that cover all that is open, each the best of so many candidates."""
        work = SWEEPS * sum(self.cells.count_around(factor) for factor in range(len(self.cells.levels)))
        candidates = max(1, min(candidates, CANDIDATE_WORK // work))
        rows = []
        while len(started := self._started(candidates)):
            best = self._improved(started)
            rows.append(best)
            self.cover(best)
        return np.array(rows, dtype=np.int64).reshape(-1, len(self.cells.levels))

    # --- candidates --------------------------------------------------------------------------------------------------

    def _started(self, count: int) -> Rows:
        """Up to ``count`` rows that obey the rules, each with an open cell in it; none where nothing is open."""
        rows = np.stack([np.searchsorted(ends, self.random.random(count), side="right") for ends in self._ends], axis=1)
        made = 0
        while self._left and made < count:
            for cell in self._some_open(count - made):
                factors, values = self.cells.parts(int(cell))
                stated = dict(zip(factors.tolist(), values.tolist(), strict=True))
                completed = self.rules.complete(stated, self.random)
                if completed is None:
                    self._exclude(stated)
                    continue
                for factor, value in {**completed, **stated}.items():
                    rows[made, factor] = value
                made += 1
        return rows[:made]

    def _some_open(self, count: int) -> Integers:
        """Up to ``count`` open cells, near to each other where there are very many cells."""
        some: Integers
        blocks = -(-self.cells.count // BLOCK)
        first = int(self.random.integers(blocks))
        for number in (*range(first, blocks), *range(first)):
            found = np.flatnonzero(self.open[number * BLOCK : (number + 1) * BLOCK])
            if len(found):
                some = self.random.choice(found, size=min(count, len(found)), replace=False)
                some += number * BLOCK
                return some
        raise AssertionError("there is an open cell")

    def _exclude(self, stated: dict[int, int]) -> None:
        """Give up all cells with the smallest part of this one that no row can have."""
        for size in range(1, len(stated) + 1):
            for factors in combinations(stated, size):
                part = {factor: stated[factor] for factor in factors}
                if self.rules.complete(part) is None:
                    cells = self.cells.having(list(part), list(part.values()))
                    self.infeasible[cells] = True
                    self._close(cells)
                    return

    def _improved(self, rows: Rows) -> Integers:
        """The row with the most open cells, after each value was reconsidered with all others as they are."""
        gains = self._gains(rows)
        for _ in range(SWEEPS):
            for factor in self.random.permutation(len(self.cells.levels)):
                rows[:, factor] = self._best_values(rows, int(factor))
            before, gains = gains, self._gains(rows)
            if (gains == before).all():
                break
        best: Integers = rows[int(gains.argmax())]
        return best

    def _gains(self, rows: Rows) -> Integers:
        return np.array([self.open[self.cells.of(row)].sum() for row in rows])

    def _best_values(self, rows: Rows, factor: int) -> Integers:
        """For each row the value with which it has the most open cells; among equals one by weight."""
        starts, strides = self.cells.around(rows, factor)
        level = int(self.cells.levels[factor])
        cells = starts[:, None, :] + np.arange(level)[:, None] * strides
        scores = self.open[cells].sum(axis=2).astype(float)
        # The largest u ** (1 / w) is at each value as often as its weight says (Efraimidis, Spirakis 2006).
        scores += 0.5 * self.random.random((len(rows), level)) ** (1 / self._weights[factor])
        scores[~self.rules.allowed(rows, factor)] = -1
        best: Integers = scores.argmax(axis=1)
        return best
