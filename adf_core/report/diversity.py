"""How different from each other texts are: distinct-n, self-BLEU, compression, distances of embeddings."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

Words = list[str]

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"  # kana and Chinese characters, which no spaces divide into words
    r"|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+(?:['’]\w+)*"
)

NGRAMS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """Measures of a sample of texts. One is None where the texts are too few or too short for it, or where it was not
    asked for.
    """

    texts: int
    different: int
    """How many of them are not the same as an earlier one."""
    words: int
    """In all of them."""
    distinct: tuple[float | None, ...]
    """For n-grams of 1, 2 and 3 words; the more the more varied."""
    compression: float
    """How many times shorter zlib makes them; the less the more varied."""
    self_bleu: float | None
    """The less the more varied."""
    embedding_distance: float | None
    """The mean cosine distance; the more the more varied."""


def measure_diversity(texts: Sequence[str], embedding_distance: float | None = None) -> Diversity:
    """All measures that need nothing but the texts, of which there is at least one."""
    tokens = [words(text) for text in texts]
    longest = max(map(len, tokens))
    return Diversity(
        texts=len(texts),
        different=len(set(texts)),
        words=sum(map(len, tokens)),
        distinct=tuple(distinct(tokens, n) if longest >= n else None for n in NGRAMS),
        compression=compression(texts),
        self_bleu=self_bleu(tokens) if len(texts) > 1 else None,
        embedding_distance=embedding_distance,
    )


def words(text: str) -> Words:
    """A text's words in small letters, without punctuation; Chinese characters and kana one by one.

    >>> words("“It's late,” he said."), words("早上好")
    (["it's", 'late', 'he', 'said'], ['早', '上', '好'])
    """
    return _WORD.findall(text.casefold())


def distinct(texts: Sequence[Words], n: int) -> float:
    """The share of different ones among all n-grams (Li et al.: A diversity-promoting objective function, 2016).

    At least one text has ``n`` words.
    """
    grams = [gram for text in texts for gram in _grams(text, n)]
    return len(set(grams)) / len(grams)


def self_bleu(texts: Sequence[Words], n: int = 4) -> float:
    """The mean BLEU of each text with all others as its references (Zhu et al.: Texygen, 2018); 1 where all are the
    same. There are at least two.

    Orders without a match count as half a match, as in NIST's smoothing for short texts.
    """
    counts = [[Counter(_grams(text, order)) for order in range(1, n + 1)] for text in texts]
    most = [_two_highest([each[order] for each in counts]) for order in range(n)]
    lengths = Counter(len(text) for text in texts)
    scores = []
    for text, own in zip(texts, counts, strict=True):
        logs = []
        for order, grams in enumerate(own):
            matches = sum(min(count, _highest_of_others(most[order][gram], count)) for gram, count in grams.items())
            logs.append(math.log(max(matches, 0.5) / max(1, grams.total())))
        brevity = min(0.0, 1 - _nearest_of_others(lengths, len(text)) / max(1, len(text)))
        scores.append(math.exp(brevity + sum(logs) / n))
    return sum(scores) / len(scores)


def compression(texts: Sequence[str]) -> float:
    """How many times shorter zlib makes the texts, joined by line feeds: the more, the more they repeat."""
    data = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(data) / len(zlib.compress(data, 9))


def mean_distance(vectors: ArrayLike) -> float:
    """The mean cosine distance of two different rows, of which there are at least two; none is all zero."""
    rows = np.asarray(vectors, dtype=np.float64)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    count = len(units)
    return float(1 - (np.square(units.sum(axis=0)).sum() - count) / (count * (count - 1)))


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


def _nearest_of_others(lengths: Counter[int], own: int) -> int:
    """The length of another text that is nearest to one's own, the shorter one of two as near."""
    if lengths[own] > 1:
        return own
    return min((length for length in lengths if length != own), key=lambda length: (abs(length - own), length))
