"""What servers answer when they do not refuse, as the contract's response."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adf_core import ContentBlocked, Overloaded, Usage
from adf_openai.refusals import Refusal, is_web_page, read_refusal

FinishReason = Literal["stop", "length", "content_filter"]

_FINISHED: dict[str, FinishReason] = {"length": "length", "max_tokens": "length", "content_filter": "content_filter"}
"""Reasons that are not an ordinary end; servers have many words for that one."""

_BROKEN_OFF = ("error", "abort", "aborted", "cancelled")


@dataclass(frozen=True, slots=True)
class Counted:
    """The tokens a call took; ``cached`` of the input's the server had kept."""

    tokens: Usage
    cached: int


def decoded(text: str) -> Any:
    """The JSON of a body; the text itself where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_json(text: str, server: str, secrets: Sequence[str]) -> Mapping[str, Any]:
    """The JSON object of a body that came with HTTP 200.

    Overloaded where it is none, Refusal where it is an error all the same.
    """
    data = decoded(text)
    if not isinstance(data, Mapping):
        kind = "a web page" if is_web_page(text) else "something that is no JSON object"
        raise Overloaded(f"{server} sent {kind} in place of an answer; check `base_url`.")
    if data.get("error"):
        raise _hidden(data, secrets)
    return data


def _hidden(data: Mapping[str, Any], secrets: Sequence[str]) -> Refusal:
    """The error in what should be an answer. Its code may be an HTTP status; else the server is at fault."""
    code = data["error"].get("code") if isinstance(data["error"], Mapping) else None
    return read_refusal(code if isinstance(code, int) and 400 <= code < 600 else 500, data, {}, secrets)


def read_answer(data: Mapping[str, Any], server: str, secrets: Sequence[str]) -> tuple[str, FinishReason]:
    """The text of the first choice and why it ends.

    ContentBlocked where the model refuses or a filter left nothing, Overloaded where there is no usable answer,
    Refusal where there is an error in its place.
    """
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise Overloaded(f"{server} sent an answer without a choice in it.")
    if choice.get("error"):
        raise _hidden(choice, secrets)
    if message.get("refusal"):
        raise ContentBlocked(f"The model refuses to answer: {str(message['refusal'])[:500]}")
    reason, text = choice.get("finish_reason"), _text(message.get("content"))
    if reason in _BROKEN_OFF:
        raise Overloaded(f"{server} broke off its answer (reason: {reason}).")
    if reason == "content_filter" and not text:
        raise ContentBlocked(f"{server} stopped the answer with its content filter.")
    return text, _FINISHED.get(str(reason), "stop")


def _text(content: Any) -> str:
    """The text of a message, which some servers send in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def read_usage(data: Mapping[str, Any]) -> Counted | None:
    """The tokens a call took; None where the server does not say."""
    counted = data.get("usage")
    if not isinstance(counted, Mapping):
        return None
    details = counted.get("prompt_tokens_details") or {}
    tokens = Usage(counted.get("prompt_tokens") or 0, counted.get("completion_tokens") or 0)
    return Counted(tokens, details.get("cached_tokens") or 0)


def read_vectors(data: Mapping[str, Any], wanted: int, server: str) -> list[list[float]]:
    """The ``wanted`` vectors, in the order of their texts; Overloaded where there are others."""
    found = {item.get("index"): item.get("embedding") for item in data.get("data") or () if isinstance(item, Mapping)}
    vectors = [found.get(index) for index in range(wanted)]
    if len(found) != wanted or not all(vectors):
        raise Overloaded(f"{server} was asked for {wanted} vectors and sent {len(found)}.")
    return [list(vector) for vector in vectors if vector]
