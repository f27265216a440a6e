"""Fewer rows for the same coverage: one is taken out, and what it alone covered is brought into the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adf_core.scenarios.cells import Cells, Integers, Rows
from adf_core.scenarios.rules import Rules

MOVES = 3_000
"""Changes of a value that are tried to do without one more row, for an effort of 1."""

MOVES_A_CELL = 10
"""So many changes for each cell are enough in small spaces."""

WORK = 20_000_000
"""Cells of all rows together, up to which rows are taken out, for an effort of 1."""

LONGEST_TABU = 6
"""For so many moves at most a changed value stays as it is."""

INFEASIBLE = 1 << 20


def fewest_rows(
    cells: Cells, rules: Rules, rows: Rows, wanted: NDArray[np.bool_], random: np.random.Generator, effort: int
) -> Rows:
    """Rows that have all ``wanted`` cells, as ``rows`` do, but fewer where the effort is enough to find them."""
    if len(rows) * len(cells.groups) > WORK * effort:
        return rows
    moves = effort * min(MOVES, MOVES_A_CELL * cells.count)
    # A row has one cell of each group, so no fewer rows can do than a group has wanted cells.
    fewest = int(np.add.reduceat(wanted, cells.starts, dtype=np.int64).max())
    search = _Search(cells, rules, rows, wanted, random)
    while len(rows) > fewest:
        search.take_out()
        if not search.repair(moves):
            break
        rows = search.rows.copy()
    return rows


class _Search:
    """Rows, how many of them have each cell, and the wanted cells that none has."""

    def __init__(
        self, cells: Cells, rules: Rules, rows: Rows, wanted: NDArray[np.bool_], random: np.random.Generator
    ) -> None:
        self.rows = rows.copy()
        self._cells = cells
        self._rules = rules
        self._random = random
        # What is not wanted is as if it were there.
        self._counts = np.where(wanted, 0, INFEASIBLE).astype(np.int32)
        for row in rows:
            self._counts[cells.of(row)] += 1
        self._missing: set[int] = set()

    def take_out(self) -> None:
        """Take the row out that has the fewest cells for itself."""
        alone = [int((self._counts[self._cells.of(row)] == 1).sum()) for row in self.rows]
        number = int(np.argmin(alone))
        cells = self._cells.of(self.rows[number])
        self._counts[cells] -= 1
        self._missing.update(cells[self._counts[cells] == 0].tolist())
        self.rows = np.delete(self.rows, number, axis=0)

    def repair(self, moves: int) -> bool:
        """Change one value after the other until no cell is missing; False where so many moves are not enough.

        Each move brings in one missing cell, chosen at random, in the way that costs the fewest others.
        """
        free_from = np.zeros(self.rows.shape, dtype=np.int64)
        for move in range(moves):
            if not self._missing:
                return True
            missing = sorted(self._missing)
            factors, values = self._cells.parts(missing[int(self._random.integers(len(missing)))])
            found = self._cheapest(factors, values, free_from <= move)
            if found is None:
                continue
            row, factor, value = found
            self._change(row, factor, value)
            free_from[row, factor] = move + self._random.integers(2, LONGEST_TABU + 1)
        return not self._missing

    def _cheapest(self, factors: Integers, values: Integers, free: NDArray[np.bool_]) -> tuple[int, int, int] | None:
        """Which row, factor and value to change, among the rows that lack the cell by one value."""
        differs = self.rows[:, factors] != values
        near = differs.sum(axis=1) == 1
        best: list[tuple[int, int, int]] = []
        least = None
        for column, (factor, value) in enumerate(zip(factors.tolist(), values.tolist(), strict=True)):
            rows = np.flatnonzero(near & differs[:, column] & free[:, factor])
            if len(rows) and self._rules:
                rows = rows[self._rules.allowed(self.rows[rows], factor)[:, value]]
            if not len(rows):
                continue
            starts, strides = self._cells.around(self.rows[rows], factor)
            lost = (self._counts[starts + strides * self.rows[rows, factor][:, None]] == 1).sum(axis=1)
            costs = lost - (self._counts[starts + strides * value] == 0).sum(axis=1)
            lowest = int(costs.min())
            if least is None or lowest < least:
                least, best = lowest, []
            if lowest == least:
                best += [(int(row), factor, value) for row in rows[costs == lowest]]
        return best[int(self._random.integers(len(best)))] if best else None

    def _change(self, row: int, factor: int, value: int) -> None:
        starts, strides = self._cells.around(self.rows[row : row + 1], factor)
        before, after = (starts + strides * number for number in (self.rows[row, factor], value))
        self._counts[before] -= 1
        self._counts[after] += 1
        self._missing.update(before[self._counts[before] == 0].tolist())
        self._missing.difference_update(after.ravel().tolist())
        self.rows[row, factor] = value
