"""MinHash signatures: short rows of numbers that are the more alike the more shingles two texts share."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from adf_near_duplicates.constants import SHORTEST_SHINGLE

Signature = NDArray[np.uint16]

PERMUTATIONS = 128
"""Numbers in a signature. With so many the estimate of what two texts share is off by 4 percentage points, typically;
with twice as many by 3, and a million signatures take 256 MB more.
"""

_SEED = 1  # any number does, but always the same, so that the same records survive
_MIXER = np.uint64(0x9E3779B97F4A7C15)


def signature(text: bytes, shingle: int) -> Signature:
    """The signature of the set of all runs of ``shingle`` bytes in ``text`` (of a shorter text: of the whole).

    Of each number the lower 16 bits are kept: that two different ones look the same happens once in 65,536 times, and
    a signature takes half the memory.
    """
    hashes = _shingles(text.ljust(shingle, b"\0"), shingle)
    one_row = np.array([0, len(hashes)], np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, one_row, num_perm=PERMUTATIONS, seed=_SEED)
    return np.array(array("I", matrix.to_rows()[0])).astype(np.uint16)


def _shingles(text: bytes, length: int) -> NDArray[np.uint64]:
    """A hash of each shingle, in one go for all: rensa's own hashing wants a Python object for each.

    Eight bytes at a time are read as one number; the last eight may overlap those before.
    """
    count = len(text) - length + 1
    last = length - SHORTEST_SHINGLE
    hashes = np.ndarray((count,), "<u8", text, last, (1,)) * _MIXER
    for offset in range(0, last, SHORTEST_SHINGLE):
        hashes ^= np.ndarray((count,), "<u8", text, offset, (1,))
        hashes *= _MIXER
    return hashes
