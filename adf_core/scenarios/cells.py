"""The cells of a space of factors: every choice of values for every few factors, numbered one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from adf_core.errors import UsageError

Integers = NDArray[np.int64]
Rows = Integers
"""A row for each scenario, a column for each factor: which of its values, counted from 0, or UNSTATED."""

UNSTATED = -1

MOST_CELLS = 50_000_000

BLOCK = 1 << 18
"""Cells of rows that are numbered at once."""


def cell_count(levels: Sequence[int], strength: int) -> int:
    """How many choices of values there are for any ``strength`` of the factors.

    >>> cell_count([3, 3, 3, 3], 2), cell_count([2, 3, 4], 3)
    (54, 24)
    """
    counts = [1] + [0] * strength
    for level in levels:
        for size in range(strength, 0, -1):
            counts[size] += counts[size - 1] * level
    return counts[strength]


class Cells:
    """Numbers of cells. ``groups`` are the sets of ``strength`` factors, a row each, ``count`` is how many cells they
    have.

    A cell's number is the group's ``start`` plus each value times its ``stride``.
    """

    def __init__(self, levels: Sequence[int], strength: int) -> None:
        """UsageError where the strength does not fit the factors, or where there are too many cells."""
        if not 1 <= strength <= len(levels):
            raise UsageError(f"A strength of {strength} needs as many factors, and there are {len(levels)}.")
        self.count = cell_count(levels, strength)
        if self.count > MOST_CELLS:
            raise UsageError(
                f"Strength {strength} over {len(levels)} factors has {self.count:,} combinations of values, more than "
                f"{MOST_CELLS:,}: take a smaller strength, or fewer factors or values."
            )
        self.levels = np.array(levels, dtype=np.int64)
        self.strength = strength
        # Column by column in memory: there are many groups and few columns, and numpy is quick along the longer side.
        self.groups = np.array(list(combinations(range(len(levels)), strength)), dtype=np.int64, order="F")
        sizes = self.levels[self.groups]
        self.strides = np.ones_like(sizes)
        self.strides[:, :-1] = np.cumprod(sizes[:, :0:-1], axis=1)[:, ::-1]
        self.starts = np.concatenate(([0], np.cumsum(sizes.prod(axis=1))[:-1]))
        self._around = [self._groups_around(factor) for factor in range(len(levels))]

    def of(self, row: Integers) -> Integers:
        """The cells of a row, one for each group; groups with an unstated factor are left out."""
        values = row[self.groups]
        numbers: Integers = self.starts + (values * self.strides).sum(axis=1)
        return numbers if (row >= 0).all() else numbers[(values >= 0).all(axis=1)]

    def in_any(self, rows: Rows) -> NDArray[np.bool_]:
        """Which cells stand in at least one of the rows."""
        found = np.zeros(self.count, dtype=bool)
        step = max(1, BLOCK // len(self.groups))
        for first in range(0, len(rows), step):
            block = rows[first : first + step]
            numbers = np.tile(self.starts, (len(block), 1))
            stated = np.ones(numbers.shape, dtype=bool)
            for column in range(self.strength):
                values = block[:, self.groups[:, column]]
                numbers += values * self.strides[:, column]
                stated &= values >= 0
            found[numbers[stated]] = True
        return found

    def around(self, rows: Rows, factor: int) -> tuple[Integers, Integers]:
        """For each row the cells of the groups with ``factor``, were its value 0, and what a next value adds."""
        others, strides, starts, stride = self._around[factor]
        return starts + (rows.take(others, axis=1) * strides).sum(axis=1), stride

    def count_around(self, factor: int) -> int:
        """How many cells :meth:`around` leads to for one row."""
        return len(self._around[factor][2]) * int(self.levels[factor])

    def parts(self, cell: int) -> tuple[Integers, Integers]:
        """The factors of a cell, and their values."""
        group = int(np.searchsorted(self.starts, cell, side="right")) - 1
        factors, strides = self.groups[group], self.strides[group]
        return factors, (cell - self.starts[group]) // strides % self.levels[factors]

    def having(self, factors: Sequence[int], values: Sequence[int]) -> Integers:
        """All cells in which these factors have these values."""
        holds = np.ones(len(self.groups), dtype=bool)
        fixed = np.zeros(len(self.groups), dtype=np.int64)
        free = np.ones(self.groups.shape, dtype=bool)
        for factor, value in zip(factors, values, strict=True):
            here = self.groups == factor
            holds &= here.any(axis=1)
            fixed += (here * self.strides).sum(axis=1) * value
            free &= ~here
        found = [np.zeros(0, dtype=np.int64)]
        for group in np.flatnonzero(holds):
            cells = self.starts[group] + fixed[group : group + 1]
            for column in np.flatnonzero(free[group]):
                steps = np.arange(self.levels[self.groups[group, column]]) * self.strides[group, column]
                cells = (cells[:, None] + steps).ravel()
            found.append(cells)
        return np.concatenate(found)

    def _groups_around(self, factor: int) -> tuple[Integers, Integers, Integers, Integers]:
        group, column = np.nonzero(self.groups == factor)
        rest = np.array([[c for c in range(self.strength) if c != own] for own in range(self.strength)], dtype=np.int64)
        columns = rest.reshape(self.strength, self.strength - 1)[column]
        others = np.take_along_axis(self.groups[group], columns, axis=1)
        strides = np.take_along_axis(self.strides[group], columns, axis=1)
        return others.T, strides.T, self.starts[group], self.strides[group, column]
