"""The two wire formats: what is read of a request's JSON, and the bodies of answers and refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from adf_core.testing import gemini_error, openai_error
from benchmarks.server.http import JSON
from benchmarks.server.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for.

    ``seeded``: it wants the same answer whenever it is asked again. ``answers`` is how many it wants at once, ``texts``
    are those to be embedded, ``model`` is its name as JSON.
    """

    model: bytes
    schema: Mapping[str, Any] | None
    seeded: bool
    answers: int = 1
    streamed: bool = False
    texts: tuple[str, ...] = ()


class Wire(Protocol):
    """How one kind of request is read and answered."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked: ...

    def answer(self, asked: Asked, text: Text, digest: bytes, prompt_tokens: int, cut: bool) -> tuple[bytes, bytes]:
        """The body of an answer and its type; ``cut``: the token limit ended it."""
        ...

    def refusal(self, status: int, message: str, retry_after: float | None) -> Any: ...


class OpenAIChat:
    """``POST /v1/chat/completions``."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        form = body.get("response_format") or {}
        return Asked(
            model=json.dumps(body.get("model", "")).encode(),
            schema=(form.get("json_schema") or {}).get("schema"),
            seeded=body.get("seed") is not None,
            answers=body.get("n") or 1,
            streamed=body.get("stream") is True,
        )

    def answer(self, asked: Asked, text: Text, digest: bytes, prompt_tokens: int, cut: bool) -> tuple[bytes, bytes]:
        content, reason = text.about(digest), b"length" if cut else b"stop"
        if asked.streamed:
            return _streamed(asked.model, content, digest, reason), b"text/event-stream"
        choices = b",".join(
            b'{"index":%d,"message":{"role":"assistant","content":%b,"refusal":null},"logprobs":null,'
            b'"finish_reason":"%b"}' % (index, content, reason)
            for index in range(asked.answers)
        )
        said = text.tokens * asked.answers
        body = (
            b'{"id":"chatcmpl-%b","object":"chat.completion","created":0,"model":%b,"choices":[%b],'
            b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
            % (digest, asked.model, choices, prompt_tokens, said, prompt_tokens + said)
        )
        return body, JSON

    def refusal(self, status: int, message: str, retry_after: float | None) -> Any:
        return openai_error(message, code="rate_limit_exceeded" if status == 429 else None)


class OpenAIEmbeddings(OpenAIChat):
    """``POST /v1/embeddings``: eight numbers, a function of the text."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        given = body.get("input", "")
        texts = (given,) if isinstance(given, str) else tuple(map(str, given))
        return Asked(model=json.dumps(body.get("model", "")).encode(), schema=None, seeded=True, texts=texts)

    def answer(self, asked: Asked, text: Text, digest: bytes, prompt_tokens: int, cut: bool) -> tuple[bytes, bytes]:
        vectors = map(_vector, asked.texts)
        data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        usage = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
        body = b'{"object":"list","model":%b,"data":%b,"usage":%b}'
        return body % (asked.model, json.dumps(data).encode(), json.dumps(usage).encode()), JSON


class Gemini:
    """``POST /v1beta/models/NAME:generateContent``."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        config = body.get("generationConfig") or {}
        return Asked(
            model=json.dumps(path.rpartition("/")[2].partition(":")[0]).encode(),
            schema=config.get("responseJsonSchema"),
            seeded=config.get("seed") is not None,
        )

    def answer(self, asked: Asked, text: Text, digest: bytes, prompt_tokens: int, cut: bool) -> tuple[bytes, bytes]:
        body = (
            b'{"candidates":[{"content":{"parts":[{"text":%b}],"role":"model"},"finishReason":"%b","index":0}],'
            b'"usageMetadata":{"promptTokenCount":%d,"candidatesTokenCount":%d,"totalTokenCount":%d},'
            b'"modelVersion":%b,"responseId":"%b"}'
        )
        reason, tokens = b"MAX_TOKENS" if cut else b"STOP", prompt_tokens + text.tokens
        return body % (text.about(digest), reason, prompt_tokens, text.tokens, tokens, asked.model, digest), JSON

    def refusal(self, status: int, message: str, retry_after: float | None) -> Any:
        wait = () if retry_after is None else ({"@type": "RetryInfo", "retryDelay": f"{retry_after:g}s"},)
        return gemini_error(status, message, *wait)


_OPENAI: Mapping[str, Wire] = {"/v1/chat/completions": OpenAIChat(), "/v1/embeddings": OpenAIEmbeddings()}
_GEMINI = Gemini()


def wire_of(path: str) -> Wire | None:
    """How requests to ``path`` are read and answered; None where nothing is."""
    if path.startswith("/v1beta/models/") and path.endswith(":generateContent"):
        return _GEMINI
    return _OPENAI.get(path)


def _streamed(model: bytes, content: bytes, digest: bytes, reason: bytes) -> bytes:
    """An answer as server-sent events, all of its text in one."""
    event = (
        b'data: {"id":"chatcmpl-%b","object":"chat.completion.chunk","created":0,"model":%b,'
        b'"choices":[{"index":0,"delta":%b,"finish_reason":%b}]}\n\n'
    )
    said = event % (digest, model, b'{"role":"assistant","content":%b}' % content, b"null")
    return said + event % (digest, model, b"{}", b'"%b"' % reason) + b"data: [DONE]\n\n"


def _vector(text: str) -> list[float]:
    """Eight numbers from -1 to 1, the same for the same text."""
    return [byte / 127.5 - 1 for byte in blake2b(text.encode(), digest_size=8).digest()]
