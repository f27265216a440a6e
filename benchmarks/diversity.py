"""How different from each other texts are: distinct-n, self-BLEU, compression, distances of embeddings."""

from __future__ import annotations

import math
import os
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = list[str]
Vectors = NDArray[np.float64]
"""A row for each text."""


def words(text: str) -> Words:
    """A text's words in small letters, without punctuation."""
    return re.findall(r"\w+(?:['’]\w+)*", text.casefold())


def mentions(text: str, value: str) -> bool:
    """Whether a text has all words of a value, one after the other."""
    return f" {' '.join(words(value))} " in f" {' '.join(words(text))} "


def distinct(texts: Sequence[Words], n: int) -> float:
    """The share of different ones among all n-grams (Li et al.: A diversity-promoting objective function, 2016)."""
    grams = [gram for text in texts for gram in _grams(text, n)]
    return len(set(grams)) / len(grams)


def self_bleu(texts: Sequence[Words], n: int = 4) -> float:
    """The mean BLEU of each text with all others as its references (Zhu et al.: Texygen, 2018); 1 where all are the
    same.

    Orders without a match count as half a match, as in NIST's smoothing for short texts.
    """
    counts = [[Counter(_grams(text, order)) for order in range(1, n + 1)] for text in texts]
    most = [_two_highest([each[order] for each in counts]) for order in range(n)]
    lengths = [len(text) for text in texts]
    scores = []
    for number, own in enumerate(counts):
        logs = []
        for order, grams in enumerate(own):
            matches = sum(min(count, _highest_of_others(most[order][gram], count)) for gram, count in grams.items())
            logs.append(math.log(max(matches, 0.5) / max(1, grams.total())))
        others = lengths[:number] + lengths[number + 1 :]
        nearest = min(others, key=lambda length: (abs(length - lengths[number]), length))
        brevity = min(0.0, 1 - nearest / max(1, lengths[number]))
        scores.append(math.exp(brevity + sum(logs) / n))
    return sum(scores) / len(scores)


def compression(texts: Sequence[str]) -> float:
    """How many times shorter zlib makes the texts, joined by line feeds: the more, the more they repeat."""
    data = "\n".join(texts).encode()
    return len(data) / len(zlib.compress(data, 9))


def mean_distance(vectors: Vectors) -> float:
    """The mean cosine distance of two different rows."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    count = len(units)
    return float(1 - (np.square(units.sum(axis=0)).sum() - count) / (count * (count - 1)))


def embed(texts: Sequence[str], model: Path, context: int = 2048) -> Vectors:
    """The mean of a model's last hidden states over each text, by llama.cpp."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # else idle threads burn the processor
    import xllamacpp

    params: Any = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    # A text that is pooled has to be computed at once.
    params.n_ctx = params.n_batch = params.n_ubatch = context
    params.n_parallel = 1
    params.verbosity = -1
    with tempfile.TemporaryDirectory() as folder:
        params.hostnames = [f"{folder}/llama.sock"]  # the library always listens; a socket opens no port
        server = xllamacpp.Server(params)
    return np.array([server.handle_embeddings({"input": [text]})["data"][0]["embedding"] for text in texts])


def _grams(text: Words, n: int) -> list[tuple[str, ...]]:
    return list(zip(*(text[start:] for start in range(n)), strict=False))


def _two_highest(counts: Sequence[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], tuple[int, int]]:
    """For each n-gram how often it stands in the text that has it most often, and in the one after that."""
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for each in counts:
        for gram, count in each.items():
            first, second = found.get(gram, (0, 0))
            found[gram] = (count, first) if count > first else (first, max(second, count))
    return found


def _highest_of_others(two: tuple[int, int], own: int) -> int:
    """How often an n-gram stands in another text at most, of the two highest counts, one of which may be this text's
    own.
    """
    first, second = two
    return second if own == first else first
