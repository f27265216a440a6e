"""What Google's servers answer when they refuse, as the contract's errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from adf_core import (
    AuthenticationFailed,
    InvalidRequest,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Timeout,
)

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


def failure(status: int, message: str, details: Iterable[Any]) -> ProviderError:
    """The error for an answer with the HTTP ``status``, and the message and details of its google.rpc.Status."""
    message = message if message.endswith((".", "!", "?", "…")) else f"{message}."
    found = [detail for detail in details if isinstance(detail, Mapping)]
    if status in (401, 403) or any(detail.get("reason") == "API_KEY_INVALID" for detail in found):
        return AuthenticationFailed(
            f"Gemini refuses the key: {message} Check it, or make one at https://aistudio.google.com/apikey."
        )
    if status == 402 or (status == 429 and _is_used_up(message, found)):
        return QuotaExhausted(
            f"The quota of this Gemini key is used up: {message} "
            "Go on when it is renewed, with another key or model, or with a paid plan."
        )
    if status == 429:
        return RateLimited(f"Gemini asks to slow down: {message}", _retry_after(found))
    if status in (408, 504):
        return Timeout(f"Gemini ran out of time (HTTP {status}): {message}")
    if status >= 500:
        return Overloaded(f"Gemini failed (HTTP {status}): {message}")
    return InvalidRequest(f"Gemini does not accept this request (HTTP {status}): {message}")


def _is_used_up(message: str, details: Iterable[Mapping[str, Any]]) -> bool:
    """Whether waiting a minute is of no use: a quota of a day is spent, or the account's credits are."""
    violations = [violation for detail in details for violation in detail.get("violations", ())]
    return "credits are depleted" in message or any(
        "PerDay" in violation.get("quotaId", "") for violation in violations
    )


def _retry_after(details: Iterable[Mapping[str, Any]]) -> float | None:
    """The seconds a google.rpc.RetryInfo asks to wait."""
    delays = (_SECONDS.fullmatch(str(detail.get("retryDelay"))) for detail in details)
    return next((float(delay[1]) for delay in delays if delay), None)
