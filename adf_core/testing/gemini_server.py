"""A server on loopback that speaks Gemini's REST: ``generateContent``, ``embedContent`` and ``batchEmbedContents``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from adf_core.testing import openai_server
from adf_core.testing.loopback import Answer, LoopbackServer, Received, Reply

_METHODS = ("generateContent", "embedContent", "batchEmbedContents")
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


def prompt(body: Mapping[str, Any]) -> str:
    """The text that a request asks the model with; empty where it has none (embeddings)."""
    return "".join(part["text"] for content in body.get("contents", ()) for part in content["parts"])


def default_answer(body: Mapping[str, Any], nth: int) -> str:
    """What OpenAIServer answers to the same prompt, seed and JSON Schema."""
    config = body.get("generationConfig", {})
    return openai_server.default_answer(
        {
            "messages": [{"content": prompt(body)}],
            "seed": config.get("seed"),
            "response_format": {"json_schema": {"schema": config.get("responseJsonSchema")}},
        },
        nth,
    )


def gemini_error(code: int, message: str, *details: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The body of a refusal in Google's format; a detail's ``@type`` is given without its prefix (``RetryInfo``)."""
    typed = [{**detail, "@type": f"type.googleapis.com/google.rpc.{detail['@type']}"} for detail in details]
    return {"error": {"code": code, "message": message, "status": _STATUS.get(code, "UNKNOWN"), "details": typed}}


class GeminiServer(LoopbackServer):
    """Answers generations as the test decides, and embeds a text as its length and its number of words.

    Tokens are counted as words.
    """

    def __init__(
        self,
        answer: Answer | str = default_answer,
        *,
        latency: float = 0.0,
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        super().__init__(answer, latency=latency, port=port, log=log)

    def knows(self, path: str) -> bool:
        return path.startswith("/v1beta/models/") and _method(path) in _METHODS

    def render(self, received: Received, reply: Reply) -> Any:
        if reply.status >= 400:
            return gemini_error(reply.status, reply.text)
        match _method(received.path):
            case "embedContent":
                return {"embedding": _embedding(received.body)}
            case "batchEmbedContents":
                return {"embeddings": [_embedding(request) for request in received.body["requests"]]}
            case _:
                return _generated(received, reply)


def _method(path: str) -> str:
    """What a path asks of its model: ``/v1beta/models/gemini-3.8-flash:generateContent?…``."""
    return path.partition("?")[0].rpartition(":")[2]


def _generated(received: Received, reply: Reply) -> dict[str, Any]:
    path, _, query = unquote(received.path).partition("?")
    reason = reply.finish_reason or "STOP"
    numbered = "enum-encoding=int" in query and reason in _REASONS
    asked, said = len(prompt(received.body).split()), len(reply.text.split())
    return {
        "candidates": [
            {
                "content": {"parts": [{"text": reply.text}], "role": "model"},
                "finishReason": _REASONS.index(reason) if numbered else reason,
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": asked,
            "candidatesTokenCount": said,
            "totalTokenCount": asked + said,
        },
        "modelVersion": path.rpartition("/")[2].partition(":")[0],
        "responseId": "loopback",
    }


def _embedding(request: Mapping[str, Any]) -> dict[str, list[float]]:
    text = "".join(part["text"] for part in request["content"]["parts"])
    return {"values": [float(len(text)), float(len(text.split()))]}
