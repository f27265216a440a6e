"""What the surviving records mean: their embeddings, each compared with all before it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

_BLOCK = 4096
"""Vectors in one block of memory: none is ever copied to make room for more, as one large table would be."""

_ROUNDING = 1e-5
"""By so much the cosine of a vector with itself may differ from 1 in numbers of 32 bits."""


class Meanings:
    """The embeddings of the survivors so far, of length 1, numbered from 0."""

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._count = 0
        self._blocks: list[Vector] = []

    def read(self, embedding: Sequence[float] | Vector) -> Vector:
        """``embedding`` at length 1. ValueError where it cannot be compared with those before."""
        vector = np.array(embedding, np.float32)
        length = float(np.linalg.norm(vector))
        if not math.isfinite(length) or length == 0:
            raise ValueError("The embedding that came has no direction.")
        if self._blocks and vector.size != self._blocks[0].shape[1]:
            raise ValueError(f"The embedding that came has {vector.size} numbers, others {self._blocks[0].shape[1]}.")
        return vector / length

    def twin(self, vector: Vector) -> tuple[int, float] | None:
        """The survivor that is most similar (of several, the first) and the cosine, if that is similar enough."""
        most, number = self._similarity - _ROUNDING, -1
        for at, block in enumerate(self._blocks):
            cosines = block[: self._count - at * _BLOCK] @ vector
            best = int(cosines.argmax())
            if cosines[best] > most:
                most, number = float(cosines[best]), at * _BLOCK + best
        return None if number < 0 else (number, most)

    def add(self, vector: Vector) -> None:
        place = self._count % _BLOCK
        if place == 0:
            self._blocks.append(np.empty((_BLOCK, vector.size), np.float32))
        self._blocks[-1][place] = vector
        self._count += 1
