"""What a server's headers say about its limits."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from adf_core import RateLimit

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LIMITS = [f"{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")]
_PART = r"(\d+(?:\.\d+)?)(ms|[dhms])"


def seconds(text: str | None) -> float | None:
    """Seconds in a duration such as ``1s``, ``6m0s``, ``20ms`` or ``7.5`` (which is in seconds); None for another text.

    >>> seconds("6m0.5s")
    360.5
    """
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(f"(?:{_PART})+", text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds a server asks to wait: from ``retry-after-ms``, or ``Retry-After`` with seconds or a date."""
    milliseconds = seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    wish = headers.get("retry-after")
    return seconds(wish) if seconds(wish) is not None else _until(wish, headers.get("date"))


def _until(date: str | None, now: str | None) -> float | None:
    """Seconds until an HTTP date, 0 where it has passed: from ``now``, which is the server's own date, since the two
    clocks need not agree; where it says none, by the clock here.
    """
    wished, sent = _timestamp(date), _timestamp(now)
    return None if wished is None else max(0.0, wished - (time.time() if sent is None else sent))


def _timestamp(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return None


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """The ``x-ratelimit-*`` headers; None where there are none."""
    found = {name: text for name in _LIMITS if (text := headers.get(f"x-ratelimit-{name}"))}
    if not found:
        return None

    def number(name: str) -> int | None:
        text = found.get(name, "")
        return int(text) if text.isdecimal() else None

    limit = RateLimit(
        requests_limit=number("limit-requests"),
        requests_remaining=number("remaining-requests"),
        requests_reset=seconds(found.get("reset-requests")),
        tokens_limit=number("limit-tokens"),
        tokens_remaining=number("remaining-tokens"),
        tokens_reset=seconds(found.get("reset-tokens")),
    )
    return None if limit == RateLimit() else limit
