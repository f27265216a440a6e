"""What Google's servers answer when they do not refuse, as the contract's response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from adf_core import ContentBlocked, Overloaded, Response, Usage
from adf_gemini.pricing import cost

if TYPE_CHECKING:
    from google.genai.types import Candidate, GenerateContentResponse

_FINISHED: dict[str, Literal["stop", "length", "content_filter"]] = {
    # Servers that are not Google's may leave the reason out.
    "FINISH_REASON_UNSPECIFIED": "stop",
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "ESCALATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
}


def response(answer: GenerateContentResponse, model: str) -> Response:
    """The response in ``answer``, which ``model`` was asked for.

    ContentBlocked where the prompt was blocked, Overloaded where the model broke off without a usable answer.
    """
    if answer.prompt_feedback and answer.prompt_feedback.block_reason:
        raise ContentBlocked(f"Gemini blocked the prompt (reason: {answer.prompt_feedback.block_reason.value}).")
    if not answer.candidates:
        raise Overloaded("Gemini sent an answer without a candidate in it.")
    candidate = answer.candidates[0]
    reason = candidate.finish_reason.value if candidate.finish_reason else "FINISH_REASON_UNSPECIFIED"
    if reason not in _FINISHED:
        raise Overloaded(f"Gemini broke off its answer (reason: {reason}).")
    usage, cost_usd = _usage(answer, model)
    return Response(
        text=_text(candidate),
        finish_reason=_FINISHED[reason],
        usage=usage,
        model=answer.model_version or model,
        cost_usd=cost_usd,
    )


def _text(candidate: Candidate) -> str:
    """What the candidate says, without the thoughts that led to it."""
    parts = (candidate.content and candidate.content.parts) or []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _usage(answer: GenerateContentResponse, model: str) -> tuple[Usage, float | None]:
    """Tokens and what they cost. Thoughts are paid for like the answer's own tokens."""
    counted = answer.usage_metadata
    if counted is None:
        return Usage(), None
    usage = Usage(
        input_tokens=counted.prompt_token_count or 0,
        output_tokens=(counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0),
    )
    return usage, cost(
        model,
        input_tokens=usage.input_tokens,
        cached_tokens=counted.cached_content_token_count or 0,
        output_tokens=usage.output_tokens,
    )
