"""A server on loopback that speaks Gemini's REST: ``generateContent``, ``embedContent`` and ``batchEmbedContents``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from adf_core.testing.loopback import LoopbackServer, Received, Reply

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_REASONS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
)
"""Each at the place of its number, for clients that want numbers (``$alt=json;enum-encoding=int``)."""


class GeminiServer(LoopbackServer):
    """Answers generations with what the test decides, and embeds a text as its length and its number of words.

    Tokens are counted as words. ``url`` is what a provider's ``base_url`` takes.
    """

    def render(self, received: Received, reply: Reply) -> Any:
        path, _, query = unquote(received.path).partition("?")
        model, _, method = path.rpartition("/")[2].partition(":")
        if reply.status >= 400:
            return gemini_error(reply.status, reply.text)
        match method:
            case "generateContent":
                reason = reply.finish_reason or "STOP"
                numbered = "enum-encoding=int" in query and reason in _REASONS
                return _generated(model, received.body, reply.text, _REASONS.index(reason) if numbered else reason)
            case "embedContent":
                return {"embedding": _embedding(received.body)}
            case "batchEmbedContents":
                return {"embeddings": [_embedding(request) for request in received.body["requests"]]}
        raise ValueError(f"The path {received.path} is none of Gemini's that this server knows.")


def prompt(body: Mapping[str, Any]) -> str:
    """The text that a ``generateContent`` body asks the model with."""
    return "".join(part["text"] for content in body["contents"] for part in content["parts"])


def gemini_error(code: int, message: str, *details: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The body of a refusal in Google's format; a detail's ``@type`` is given without its prefix (``RetryInfo``)."""
    typed = [{**detail, "@type": f"type.googleapis.com/google.rpc.{detail['@type']}"} for detail in details]
    return {"error": {"code": code, "message": message, "status": _STATUS.get(code, "UNKNOWN"), "details": typed}}


def _embedding(request: Mapping[str, Any]) -> dict[str, list[float]]:
    text = "".join(part["text"] for part in request["content"]["parts"])
    return {"values": [float(len(text)), float(len(text.split()))]}


def _generated(model: str, body: Mapping[str, Any], text: str, reason: str | int) -> dict[str, Any]:
    asked, answered = len(prompt(body).split()), len(text.split())
    content = {"parts": [{"text": text}], "role": "model"}
    usage = {"promptTokenCount": asked, "candidatesTokenCount": answered, "totalTokenCount": asked + answered}
    return {
        "candidates": [{"content": content, "finishReason": reason, "index": 0}],
        "usageMetadata": usage,
        "modelVersion": model,
        "responseId": "loopback",
    }
