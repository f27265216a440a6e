"""What the surviving records say, word for word: which of them is a copy, or nearly one, of another text."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from adf_core import Conversation
from adf_near_duplicates.index import SignatureIndex
from adf_near_duplicates.signatures import Signature, signature
from adf_near_duplicates.text import plain


@dataclass(frozen=True, slots=True)
class Wording:
    """What is kept of a text: a hash that only copies share, and what near copies share most of."""

    digest: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class Twin:
    """The number of the survivor that says the same, and how much of it; ``exact`` where it has the same words."""

    number: int
    share: float
    exact: bool


class Wordings:
    """The wordings of the survivors so far, numbered from 0."""

    def __init__(self, threshold: float, shingle: int) -> None:
        self._threshold = threshold
        self._shingle = shingle
        self._exact: dict[bytes, int] = {}
        self._index = SignatureIndex()

    def read(self, turns: Conversation) -> Wording:
        text = plain(turns)
        return Wording(blake2b(text, digest_size=8).digest(), signature(text, self._shingle))

    def twin(self, wording: Wording) -> Twin | None:
        """The survivor of which this is a copy, else the one that has most in common with it, if that is enough."""
        copied = self._exact.get(wording.digest)
        if copied is not None:
            return Twin(copied, 1.0, exact=True)
        found = self._index.most_alike(wording.signature)
        return Twin(*found, exact=False) if found and found[1] >= self._threshold else None

    def add(self, wording: Wording) -> None:
        self._exact[wording.digest] = len(self._exact)
        self._index.add(wording.signature)
