"""What servers say in place of an answer, and which of the contract's errors it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from adf_core import (
    AuthenticationFailed,
    ContentBlocked,
    InvalidRequest,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
)
from adf_openai.keys import VARIABLE, without_key
from adf_openai.limits import retry_after

_OUT_OF_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_BLOCKED = {"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt"}
_BLOCKED_WORDS = re.compile(r"\bflagged\b|content[ _](?:management )?(?:policy|filter)|safety system", re.IGNORECASE)
_WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)


class Refusal(Exception):
    """What a server said in place of an answer.

    ``message`` is its own, ``codes`` are its ``code`` and ``type``, ``param`` is the parameter that it means.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        codes: frozenset[str] = frozenset(),
        param: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.codes = codes
        self.param = param
        self.retry_after = retry_after


def read_refusal(status: int, body: object, headers: Mapping[str, str], secrets: Sequence[str]) -> Refusal:
    """The refusal in a body of any shape (OpenAI's, vLLM's, FastAPI's, a page, text, nothing) without ``secrets``."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    wait = retry_after(headers)
    if not isinstance(error, Mapping):
        return Refusal(status, _quote(error, secrets), retry_after=wait)
    return Refusal(
        status,
        _quote(error.get("message") or error.get("detail") or error, secrets),
        codes=frozenset(str(error[name]) for name in ("code", "type") if error.get(name)),
        param=str(error.get("param") or ""),
        retry_after=wait,
    )


def _quote(message: object, secrets: Sequence[str]) -> str:
    """A server's message on one line and without ``secrets``; long ones are cut."""
    text = message if isinstance(message, str) else json.dumps(message)
    if is_web_page(text):
        return "(a web page)"
    line = without_key(" ".join(text.split()), secrets) or "(no message)"
    return line if len(line) <= 500 else f"{line[:500]}…"


def is_web_page(text: str) -> bool:
    return bool(_WEB_PAGE.match(text))


def failure(refusal: Refusal, server: str) -> ProviderError:
    """The contract's error for what ``server`` said."""
    status, message = refusal.status, refusal.message
    if status in (400, 403, 422) and (refusal.codes & _BLOCKED or _BLOCKED_WORDS.search(message)):
        return ContentBlocked(f"{server} blocked the content (HTTP {status}): {message}")
    if status == 402 or refusal.codes & _OUT_OF_MONEY:
        return QuotaExhausted(
            f"The quota of this key at {server} is used up (HTTP {status}): {message} "
            "Go on after adding credit, or with another key or model."
        )
    if status in (401, 403):
        return AuthenticationFailed(
            f"{server} refuses the key (HTTP {status}): {message} "
            f"Check the environment variable {VARIABLE}, or `api_key_file`."
        )
    if status == 429:
        return RateLimited(f"{server} asks to slow down: {message}", refusal.retry_after)
    if status >= 500 or status in (408, 409):
        return Overloaded(f"{server} failed (HTTP {status}): {message}")
    hint = " Check `model`, and that `base_url` has its whole path (mostly it ends in /v1)." if status == 404 else ""
    return InvalidRequest(f"{server} does not accept this request (HTTP {status}): {message}{hint}")
