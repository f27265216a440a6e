"""Which cells have too few accepted records, and which scenarios bring them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adf_core.scenarios.space import Scenario, Space


def lacking(
    space: Space, strength: int, scenarios: Sequence[Scenario], accepted: Iterable[tuple[Scenario, int]], wanted: int
) -> tuple[int, list[int]]:
    """How many cells of the ``scenarios`` have fewer than ``wanted`` records, and the numbers of scenarios with them.

    ``accepted`` are scenarios with their number of records. The scenarios that have most of these cells come first; one
    more record of each brings one more to all of them.
    """
    import numpy as np

    from adf_core.scenarios.cells import Cells
    from adf_core.scenarios.gain import by_gain

    cells = Cells(space.levels, min(strength, len(space.factors)))
    counts = np.zeros(cells.count, dtype=np.int64)
    for scenario, number in accepted:
        stated = space.row(scenario)
        if stated is not None:
            counts[cells.of(np.array(stated))] += number
    rows = np.array([space.row(scenario) for scenario in scenarios], dtype=np.int64)
    short = np.zeros(cells.count, dtype=bool)
    for row in rows:
        short[cells.of(row)] = True
    short &= counts < wanted
    return int(short.sum()), by_gain(cells, rows, short)
