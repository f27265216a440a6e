"""Requested coverage: how much of a space was asked for in accepted records.

A cell, a choice of values for a few factors, is covered where the scenario of an accepted record has it, and possible
where some row that obeys the constraints has it. Whether the record's text speaks of it is another matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adf_core.scenarios.cells import UNSTATED, Cells, Integers, Rows, cell_count
from adf_core.scenarios.possible import impossible_parts, possible_cells
from adf_core.scenarios.space import Scenario, Space

Mask = NDArray[np.bool_]

Counts = Iterable[tuple[Scenario, str, int]]
"""Accepted records: a scenario, a direction, and how many records have both. A scenario need not state every factor."""

STRENGTHS = (1, 2, 3)

DIRECTION_STRENGTH = 2
"""The highest that is measured for each direction on its own."""

MOST_MEASURED = 2_000_000
"""Where a strength has more cells, it is not measured unasked."""

BLOCK = 1 << 20
"""Cells that are searched at once for missing ones."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the ``possible`` cells are ``covered``."""

    covered: int
    possible: int

    @property
    def ratio(self) -> float:
        """From 0 to 1; 1 where nothing is possible."""
        return self.covered / self.possible if self.possible else 1.0

    def to_dict(self) -> dict[str, Any]:
        return {"covered": self.covered, "possible": self.possible, "ratio": self.ratio}


@dataclass(frozen=True, slots=True)
class StrengthCoverage:
    """Coverage of all choices of values for any ``strength`` factors.

    There are ``cells`` of them, possible or not. ``share`` is None where they are too many to measure (2 million).
    """

    strength: int
    cells: int
    share: Share | None

    def to_dict(self) -> dict[str, Any]:
        measured = self.share.to_dict() if self.share else {"covered": None, "possible": None, "ratio": None}
        return {"strength": self.strength, "cells": self.cells, **measured}


@dataclass(frozen=True, slots=True)
class PairCoverage:
    """Coverage of the pairs of values of two factors."""

    factors: tuple[str, str]
    share: Share

    def to_dict(self) -> dict[str, Any]:
        return {"factors": list(self.factors), **self.share.to_dict()}


@dataclass(frozen=True, slots=True)
class ValueCoverage:
    """How many records have a value. It is ``possible`` where some row that obeys the constraints has it."""

    factor: str
    value: str
    records: int
    possible: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DirectionCoverage:
    """Coverage by the records of one direction, at strengths 1 and 2."""

    direction: str
    records: int
    strengths: tuple[StrengthCoverage, ...]

    def to_dict(self) -> dict[str, Any]:
        strengths = [each.to_dict() for each in self.strengths]
        return {"direction": self.direction, "records": self.records, "strengths": strengths}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the ``records`` cover.

    ``forbidden`` of them have a scenario that breaks a constraint (made before there was one); their cells do not
    count, as they do not where scenarios are chosen. There are as many ``strengths`` as there are factors, three at
    most. ``pairs`` of factors come worst first: the lowest ratio, then the most that is missing. ``values`` come in
    the order of the space, ``directions`` by name.
    """

    records: int
    forbidden: int
    strengths: tuple[StrengthCoverage, ...]
    pairs: tuple[PairCoverage, ...]
    values: tuple[ValueCoverage, ...]
    directions: tuple[DirectionCoverage, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "forbidden": self.forbidden,
            **{
                name: [each.to_dict() for each in getattr(self, name)]
                for name in ("strengths", "pairs", "values", "directions")
            },
        }


def measure_coverage(space: Space, counts: Counts) -> Coverage:
    """How much of a space accepted records cover, for strengths 1, 2 and 3.

    What a scenario states beyond the space (a factor or value that is no more) is left aside, and so is what it does
    not state.

    >>> from adf_core.diagram import Factor, Value
    >>> space = Space((Factor("mood", (Value("calm"), Value("angry"))), Factor("language", (Value("en"), Value("pt")))))
    >>> records = [({"mood": "calm", "language": "en"}, "plain", 5), ({"mood": "angry"}, "plain", 2)]
    >>> measured = measure_coverage(space, records)
    >>> [(each.strength, each.share.covered, each.share.possible) for each in measured.strengths]
    [(1, 3, 4), (2, 1, 4)]
    >>> list(missing_cells(space, records, 1))
    [{'language': 'pt'}]
    """
    records = _numbered(space, counts)
    rows = records.rows[records.lawful]
    counted = {strength: cell_count(space.levels, strength) for strength in STRENGTHS if strength <= len(space.factors)}
    few = [strength for strength, count in counted.items() if strength == 1 or count <= MOST_MEASURED]
    measured = _Cells(space, few, rows)

    def strengths(rows: Rows, most: int) -> tuple[StrengthCoverage, ...]:
        return tuple(
            StrengthCoverage(strength, count, measured.share(strength, rows))
            for strength, count in counted.items()
            if strength <= most
        )

    return Coverage(
        records=int(records.counts.sum()),
        forbidden=int(records.counts[~records.lawful].sum()),
        strengths=strengths(rows, max(STRENGTHS)),
        pairs=_pairs(space, measured, rows),
        values=tuple(_values(space, measured, records)),
        directions=tuple(
            DirectionCoverage(
                name,
                int(records.counts[records.directions == name].sum()),
                strengths(records.rows[records.lawful & (records.directions == name)], DIRECTION_STRENGTH),
            )
            for name in sorted(set(records.directions))
        ),
    )


def missing_cells(space: Space, counts: Counts, strength: int) -> Iterator[Scenario]:
    """The possible cells that no record covers, one after the other: factor → value.

    They come in the order of the space: cells of the first factors first, and among these the first values first.
    Raises UsageError where the strength does not fit the factors, or where there are more than 50 million cells.
    """
    records = _numbered(space, counts)
    rows = records.rows[records.lawful]
    measured = _Cells(space, [strength], rows)
    missing = measured.possible[strength] & ~measured.covered(strength, rows)
    return _named(space, measured.cells[strength], missing)


def _named(space: Space, cells: Cells, chosen: Mask) -> Iterator[Scenario]:
    for first in range(0, cells.count, BLOCK):
        for number in np.flatnonzero(chosen[first : first + BLOCK]):
            factors, values = cells.parts(first + int(number))
            yield {
                space.factors[factor].name: space.factors[factor].values[value].text
                for factor, value in zip(factors, values, strict=True)
            }


@dataclass(frozen=True, slots=True)
class _Records:
    """A row of value numbers for each scenario and direction, how many records it stands for, and whether it obeys
    the constraints.
    """

    rows: Rows
    directions: NDArray[np.object_]
    counts: Integers
    lawful: Mask


def _numbered(space: Space, counts: Counts) -> _Records:
    counts = list(counts)
    numbers = [{value.text: number for number, value in enumerate(factor.values)} for factor in space.factors]
    rows = np.full((len(counts), len(space.factors)), UNSTATED, dtype=np.int64)
    for row, (scenario, _, _) in zip(rows, counts, strict=True):
        for column, factor in enumerate(space.factors):
            if factor.name in scenario:
                row[column] = numbers[column].get(scenario[factor.name], UNSTATED)
    return _Records(
        rows,
        np.array([direction for _, direction, _ in counts], dtype=object),
        np.array([count for _, _, count in counts], dtype=np.int64),
        space.checked().obeyed(rows),
    )


class _Cells:
    """The cells of some strengths, and which of them are possible; ``rows`` obey the constraints."""

    def __init__(self, space: Space, strengths: Sequence[int], rows: Rows) -> None:
        self.cells = {strength: Cells(space.levels, strength) for strength in strengths}
        parts = impossible_parts(space.levels, space.rules(), max(strengths, default=0), rows)
        self.possible = {strength: possible_cells(cells, parts) for strength, cells in self.cells.items()}

    def covered(self, strength: int, rows: Rows) -> Mask:
        # A row that leaves factors open may have a cell that no row with all factors can have.
        return self.cells[strength].in_any(rows) & self.possible[strength]

    def share(self, strength: int, rows: Rows) -> Share | None:
        if strength not in self.cells:
            return None
        return Share(int(self.covered(strength, rows).sum()), int(self.possible[strength].sum()))


def _pairs(space: Space, measured: _Cells, rows: Rows) -> tuple[PairCoverage, ...]:
    if 2 not in measured.cells:
        return ()
    cells, possible = measured.cells[2], measured.possible[2]
    sums = (np.add.reduceat(mask, cells.starts, dtype=np.int64) for mask in (measured.covered(2, rows), possible))
    pairs = [
        PairCoverage((space.factors[first].name, space.factors[second].name), Share(int(covered), int(all_)))
        for (first, second), covered, all_ in zip(cells.groups, *sums, strict=True)
    ]
    return tuple(sorted(pairs, key=lambda pair: (pair.share.ratio, pair.share.covered - pair.share.possible)))


def _values(space: Space, measured: _Cells, records: _Records) -> Iterator[ValueCoverage]:
    if not space.factors:
        return
    possible = iter(measured.possible[1])
    for column, factor in enumerate(space.factors):
        size = len(factor.values) + 1
        numbers = np.bincount(records.rows[:, column] - UNSTATED, weights=records.counts, minlength=size)[1:]
        for value, number in zip(factor.values, numbers, strict=True):
            yield ValueCoverage(factor.name, value.text, int(number), bool(next(possible)))
