"""What becomes of a request: chosen from its content, so that it is the same in every run and in any order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist
from typing import Literal

Fault = Literal["429", "5xx", "hang", "drop", "malformed", "truncated"]

_NORMAL = NormalDist()
_WHOLE = 1 << 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Badness:
    """How bad the server is.

    ``shares`` are the shares of requests that meet a fault. ``latency`` is in seconds; with ``sigma`` it is the median
    of a lognormal distribution. ``seed`` chooses other requests for the same shares.
    """

    shares: dict[Fault, float]
    latency: float = 0.0
    sigma: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fate:
    """A fault, or None for a good answer, and the seconds until then."""

    fault: Fault | None
    delay: float
    dice: int
    """A number for further choices."""


def fate(badness: Badness, content: bytes, number: int) -> Fate:
    """What the request with this ``content`` meets, being the ``number``-th try of it that counts."""
    digest = blake2b(b"%b %d %d" % (content, number, badness.seed), digest_size=24).digest()
    first, second, dice = (int.from_bytes(digest[at : at + 8], "big") for at in (0, 8, 16))
    fault = _fault(badness.shares, (first >> 11) / _WHOLE)
    if fault == "hang":
        return Fate(fault, math.inf, dice)
    if fault == "429":  # a server that refuses does so at once
        return Fate(fault, 0.0, dice)
    if not badness.sigma or not badness.latency:
        return Fate(fault, badness.latency, dice)
    spread = _NORMAL.inv_cdf(((second >> 11) + 0.5) / _WHOLE)
    return Fate(fault, badness.latency * math.exp(badness.sigma * spread), dice)


def _fault(shares: dict[Fault, float], point: float) -> Fault | None:
    """The fault in whose part of the line from 0 to 1 the point lies."""
    for fault, share in shares.items():
        if point < share:
            return fault
        point -= share
    return None
