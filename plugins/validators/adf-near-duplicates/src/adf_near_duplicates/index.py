"""Finds, among many signatures, those that are much like a given one, without a look at each: LSH.

A signature is cut into bands. Two signatures that are much alike have some band in common, nearly always; others hardly
ever do. So each band leads to a bucket of the signatures that have it. (rensa has such an index too. It takes 88 bytes
for each band of a signature, here it is 8 to 16; and its buckets grow without end where many texts begin alike.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adf_near_duplicates.signatures import PERMUTATIONS, Signature

BANDS = PERMUTATIONS // 4
"""A band is four numbers of a signature, 64 bits, which are read as one number. Of pairs that share 60 % of their
shingles 99 in 100 have a band in common, of those that share 50 % 87, of those that share 10 % one in 300.
"""

PLACES = 4
"""So many signatures a bucket holds; the latest push out those before. What half of all conversations say fills some
buckets, and then a twin is found by its other bands: time and memory stay the same, however alike all are.
"""

CROWDED = 2
"""When there are so many signatures to each bucket of a band, on the average, the buckets become twice as many."""

_FIRST_ROOM = 4096
_MIXER = np.uint64(0x9E3779B97F4A7C15)
_BAND_NUMBERS = np.arange(BANDS, dtype=np.int32)


class SignatureIndex:
    """Signatures, numbered from 0 in the order in which they were added."""

    def __init__(self) -> None:
        # The first row, of zeros, is nobody's: empty places of buckets lead to it, and it is like no signature.
        self._rows = 1
        self._signatures = np.zeros((_FIRST_ROOM, PERMUTATIONS), np.uint16)
        self._make_buckets()

    def most_alike(self, signature: Signature) -> tuple[int, float] | None:
        """The number of the signature that is most like this one (of several, the first), and the share that is equal.

        That share is an estimate of the Jaccard similarity. None where no other has a band in common with it.
        """
        bands = _bands(signature)
        near = self._buckets.take(self._places(bands), axis=0)
        found = near[_bands(self._signatures).take(near) == bands[:, None]]
        if not found.size:
            return None
        rows = np.sort(found // BANDS)
        equal = np.count_nonzero(self._signatures[rows] == signature, axis=1)
        best = int(equal.argmax())
        return int(rows[best]) - 1, int(equal[best]) / PERMUTATIONS

    def add(self, signature: Signature) -> None:
        if self._rows == len(self._signatures):
            self._signatures = np.concatenate([self._signatures, np.empty_like(self._signatures)])
            self._make_buckets()
        self._signatures[self._rows] = signature
        places = self._places(_bands(signature))
        buckets = self._buckets.take(places, axis=0)
        buckets[:, 1:] = buckets[:, :-1]
        buckets[:, 0] = self._rows * BANDS + _BAND_NUMBERS
        self._buckets[places] = buckets
        self._rows += 1

    def _places(self, bands: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where the bucket of each band is: every band of a signature has a part of the table for itself."""
        return (bands * _MIXER >> self._shift).view(np.int64) + self._parts

    def _make_buckets(self) -> None:
        """Lay out the buckets for as many signatures as there is room for, and fill them with those that are there.

        They hold where their bands are in the table of all bands, that is row * BANDS + the number of the band.
        """
        count = len(self._signatures) // CROWDED
        self._shift = np.uint64(64 - (count.bit_length() - 1))
        self._parts = np.arange(BANDS, dtype=np.int64) * count
        self._buckets = np.zeros((BANDS * count, PLACES), np.int32)
        for band, places in enumerate(self._places(_bands(self._signatures[: self._rows])).T):
            left = np.arange(1, self._rows)
            for place in range(PLACES):
                # Where several have the same bucket, the last one stays, and those before go to its next place.
                held = left * BANDS + band
                self._buckets[places[left], place] = held
                left = left[self._buckets[places[left], place] != held]


def _bands(signatures: NDArray[np.uint16]) -> NDArray[np.uint64]:
    return signatures.view(np.uint64)
