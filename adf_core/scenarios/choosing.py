"""Space → scenarios, by one of the strategies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import Literal

from adf_core.errors import UsageError
from adf_core.scenarios.space import Scenario, Space

Strategy = Literal["single", "pairwise", "covering", "random", "all"]

MOST_SCENARIOS = 1_000_000

DRAWS = 100
"""So often a random row is drawn until it obeys the constraints; then a search makes it obey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How scenarios are chosen; ``count`` is for ``random``, ``strength`` for ``covering``, ``limit`` for all.

    ``per_cell`` is how many accepted records each combination of ``strength`` values is to have at least.
    """

    strategy: Strategy = "single"
    strength: int = 2
    count: int | None = None
    limit: int | None = None
    seed: int = 0
    effort: int = 1
    per_cell: int = 0


def choose(space: Space, choice: Choice, existing: Sequence[Scenario] = ()) -> list[Scenario]:
    """The scenarios of a space, in the order in which they are asked for.

    ``existing`` ones come first and stay as they are, but for those that state a factor or value that is no more; what
    is covered by them need not be had again. Deterministic. Raises UsageError where the space is too large for the
    strategy or its constraints contradict each other.
    """
    if choice.strategy == "single":
        return [{}]
    kept = [row for row in map(space.row, existing) if row is not None]
    rows: Iterator[Sequence[int]] = islice(_rows(space, choice, kept), choice.limit)
    return [space.scenario(row) for row in rows]


def product_size(space: Space) -> int:
    """How many rows there are, constraints left aside."""
    return prod(space.levels)


def _rows(space: Space, choice: Choice, kept: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
    match choice.strategy:
        case "pairwise" | "covering":
            from adf_core.scenarios.covering import covering_array

            strength = choice.strength if choice.strategy == "covering" else min(2, len(space.factors))
            yield from covering_array(
                space.levels,
                strength,
                choice.seed,
                rules=space.rules(),
                weights=space.weights,
                existing=kept,
                effort=choice.effort,
            )
        case "random":
            yield from kept
            yield from _random_rows(space, choice, len(kept))
        case "all":
            size = product_size(space)
            if size > MOST_SCENARIOS and choice.limit is None:
                raise UsageError(
                    f"The strategy `all` would make {size:,} scenarios, more than {MOST_SCENARIOS:,}. Take `pairwise`, "
                    "which has every pair of values in few scenarios, or set a `limit`."
                )
            yield from kept
            known = set(map(tuple, kept))
            rules = space.checked()
            for row in product(*map(range, space.levels)):
                if row not in known and rules.obeys(row):
                    yield row


def _random_rows(space: Space, choice: Choice, start: int) -> Iterator[Sequence[int]]:
    """Rows that are drawn by weight. The constraints are obeyed by drawing again what they speak of."""
    import numpy as np

    rules = space.checked()
    for number in range(start, choice.count or 0):
        random = np.random.default_rng([choice.seed, number])
        for _ in range(DRAWS):
            row = [int(random.choice(len(weights), p=np.array(weights) / sum(weights))) for weights in space.weights]
            if rules.obeys(row):
                break
        else:
            for factor, value in (rules.complete({}, random) or {}).items():
                row[factor] = value
        yield row
