"""What Google's servers answer when they do not refuse, as the contract's response."""

from __future__ import annotations

from typing import Any, Literal

from adf_core import ContentBlocked, Overloaded, Response, Usage
from adf_google_generativeai.pricing import cost

_FINISHED: dict[str, Literal["stop", "length", "content_filter"]] = {
    # What the SDK shows where the server gave no reason.
    "FINISH_REASON_UNSPECIFIED": "stop",
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
}


def response(answer: Any, model: str) -> Response:
    """The response in the SDK's ``answer``, which ``model`` was asked for.

    ContentBlocked where the prompt was blocked, Overloaded where the model broke off without a usable answer.
    """
    if blocked := answer.prompt_feedback.block_reason:
        raise ContentBlocked(f"Gemini blocked the prompt (reason: {_name(blocked)}).")
    if not answer.candidates:
        raise Overloaded("Gemini sent an answer without a candidate in it.")
    candidate = answer.candidates[0]
    reason = _name(candidate.finish_reason)
    if reason not in _FINISHED:
        raise Overloaded(f"Gemini broke off its answer (reason: {reason}).")
    counted = answer.usage_metadata
    # The SDK is older than thoughts, which are paid for like the answer's own tokens; only the total has them.
    received = max(counted.candidates_token_count, counted.total_token_count - counted.prompt_token_count)
    usage = Usage(counted.prompt_token_count, received)
    return Response(
        text="".join(part.text for part in candidate.content.parts),
        finish_reason=_FINISHED[reason],
        usage=usage,
        model=answer.model_version or model,
        cost_usd=cost(
            model,
            input_tokens=usage.input_tokens,
            cached_tokens=counted.cached_content_token_count,
            output_tokens=usage.output_tokens,
        )
        if counted
        else None,
    )


def _name(reason: Any) -> str:
    """An enumerated value's name, or its number where it is newer than the SDK."""
    return str(getattr(reason, "name", reason))
