"""The order of rows in which each brings the most that is still wanted."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from adf_core.scenarios.cells import Cells, Rows


def by_gain(cells: Cells, rows: Rows, wanted: NDArray[np.bool_]) -> list[int]:
    """Numbers of rows: next comes the one with the most ``wanted`` cells that those before it lack. Rows that bring
    none are left out.
    """
    wanted = wanted.copy()

    def gain(number: int) -> int:
        return int(wanted[cells.of(rows[number])].sum())

    gains = [(-gain(number), number) for number in range(len(rows))]
    heapq.heapify(gains)
    order = []
    while gains:
        known, number = heapq.heappop(gains)
        now = -gain(number)
        if now == 0:
            continue
        if now == known:
            order.append(number)
            wanted[cells.of(rows[number])] = False
        else:
            # A gain only shrinks, so the first one that has not is the largest.
            heapq.heappush(gains, (now, number))
    return order
