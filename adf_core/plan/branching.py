"""How a record branches: which derivations it brings, by prefix, direction and replicate."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable

from adf_core.project import Setup

Branch = tuple[int, int, int]
"""Prefix length, index of the direction, replicate."""


class Branching:
    """The derivations of one record: prefixes × directions × ``d_factor``, the last times the direction's weight.

    Where that is no whole number, the fraction is the chance of one more; with ``per_parent`` so many of all are drawn.
    Chances are taken from the record's key, so that the same record always brings the same derivations.
    """

    def __init__(self, setup: Setup) -> None:
        generation = setup.generation
        self._instruct = setup.type == "instruct"
        self._rounds = generation.rounds
        self._per_parent = generation.per_parent
        self._each = [generation.d_factor * setup.weights.get(name, 1.0) for name in setup.derivational_directions]
        self._fixed = None if any(each % 1 for each in self._each) else sum(map(int, self._each))

    def prefixes(self, turns: int) -> int:
        """How many prefixes of a conversation with so many turns are derived from."""
        return 1 if self._instruct else turns

    def expected(self, turns: int, round_: int) -> float:
        """How many derivations a record of this round, with so many turns (inherited ones too), brings on average."""
        if round_ >= self._rounds:
            return 0
        number = self.prefixes(turns) * sum(self._each)
        return number if self._per_parent is None else min(number, self._per_parent)

    def most(self, turns: int, round_: int) -> int:
        """The most that it can bring."""
        if round_ >= self._rounds:
            return 0
        number = self.prefixes(turns) * sum(map(math.ceil, self._each))
        return number if self._per_parent is None else min(number, self._per_parent)

    def count(self, key: str, turns: int, round_: int) -> int:
        """How many derivations the record with this key brings."""
        if round_ >= self._rounds:
            return 0
        if self._fixed is None:
            return sum(1 for _ in self.branches(key, turns, round_))
        number = self.prefixes(turns) * self._fixed
        return number if self._per_parent is None else min(number, self._per_parent)

    def branches(self, key: str, turns: int, round_: int) -> Iterable[Branch]:
        """Its derivations in plan order."""
        if round_ >= self._rounds:
            return ()
        branches = (
            (prefix_length, index, replicate)
            for prefix_length in range(1, self.prefixes(turns) + 1)
            for index, each in enumerate(self._each)
            for replicate in range(self._replicates(key, prefix_length, index, each))
        )
        if self._per_parent is None:
            return branches
        drawn = sorted(branches, key=lambda branch: _chance(key, *branch))
        return sorted(itertools.islice(drawn, self._per_parent))

    def _replicates(self, key: str, prefix_length: int, index: int, each: float) -> int:
        fraction = each % 1
        return int(each) + (fraction > 0 and _chance(key, prefix_length, index) < fraction)


def _chance(key: str, *place: int) -> float:
    """A number from 0 to 1 that looks random and is always the same for the same place."""
    digest = hashlib.blake2b(f"{key}:{place}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
