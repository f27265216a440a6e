"""The provider itself: its options, its key, its calls."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from adf_core import (
    InvalidRequest,
    Overloaded,
    Price,
    Provider,
    ProviderError,
    Request,
    Response,
    Reworded,
    Timeout,
    Unreachable,
    Usage,
    UsageError,
    find_key,
    option,
)
from adf_openai.answers import decoded, read_answer, read_json, read_usage, read_vectors
from adf_openai.dialect import Dialect
from adf_openai.keys import VARIABLE, secrets_of, without_key
from adf_openai.limits import rate_limit
from adf_openai.pricing import cost, is_local
from adf_openai.refusals import Refusal, failure, read_refusal
from adf_openai.transport import LARGEST, Broken, TooLarge, open_transport

_OPENAI = "https://api.openai.com/v1"

_TEXTS_AT_ONCE = 256
"""The most texts embedded in one call."""


@dataclass(kw_only=True, eq=False)
class OpenAI(Provider):
    """OpenAI's models, and every server that speaks its chat completions: vLLM, Ollama, llama.cpp, OpenRouter."""

    name: ClassVar[str] = "openai"

    model: str = option("gpt-6-luna", help="the model to ask", minLength=1)
    base_url: str | None = option(
        None,
        help="another server's address, mostly up to /v1 (none: OPENAI_BASE_URL, else OpenAI's)",
        pattern="^https?://[^/]",
    )
    api_key: str | None = option(None, secret=True, help="the key; better in OPENAI_API_KEY or in api_key_file")
    api_key_file: str | None = option(None, help="a file that holds nothing but the key")
    timeout: float = option(300.0, help="seconds to wait for an answer", exclusiveMinimum=0)
    reasoning_effort: str | None = option(
        None, help="how long the model thinks first: none, low, medium, high, … (none given: the model's own default)"
    )
    extra_body: dict[str, Any] = option({}, help="more parameters, sent as they are")
    embedding_model: str = option("text-embedding-3-small", help="the model that turns texts into vectors", minLength=1)

    async def __aenter__(self) -> Self:
        self._key = find_key(self.name, self.api_key, self.api_key_file, VARIABLE)
        self._url = self._address()
        self._host = _host(self._url)
        openai = self._host == "api.openai.com" or self._host.endswith(".api.openai.com")
        if openai and not self._key:
            raise UsageError(
                f"The provider `{self.name}` needs a key: set the environment variable {VARIABLE}, or name a file that "
                "holds it with `api_key_file` (keys are made at https://platform.openai.com/api-keys), or name a "
                "server of your own with `base_url`."
            )
        self._server = "OpenAI" if openai else self._host
        self._dialect = Dialect(openai=openai)
        self._priced = self.price() is not None
        self._secrets = secrets_of(self._key, self._url)
        self._transport = open_transport(self._url, self._key)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.close()

    async def generate(self, request: Request) -> Response:
        body = self._body(request)
        try:
            data, headers = await self._post("/chat/completions", body)
            text, finish_reason = read_answer(data, self._server, self._secrets)
        except Refusal as refusal:
            error = failure(refusal, self._server)
            if isinstance(error, InvalidRequest):
                self._dialect.learn(body, refusal)
                if self._body(request) != body:
                    error = Reworded(str(error))
            raise error from None
        counted = read_usage(data)
        return Response(
            text=text,
            finish_reason=finish_reason,
            usage=counted.tokens if counted else Usage(),
            model=str(data.get("model") or self.model),
            cost_usd=cost(self._url, self.model, counted.tokens, counted.cached) if counted and self._priced else None,
            rate_limit=rate_limit(headers),
        )

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = list(texts[start : start + _TEXTS_AT_ONCE])
            body = {"model": self.embedding_model, "input": batch, "encoding_format": "float"}
            try:
                data, _ = await self._post("/embeddings", body)
            except Refusal as refusal:
                raise failure(refusal, self._server) from None
            vectors += read_vectors(data, len(batch), self._server)
        return vectors

    def price(self) -> Price | None:
        url = self._address()
        if is_local(url):
            return None  # and the list, which takes a while to load, is left unread
        sent, received = cost(url, self.model, Usage(input_tokens=1)), cost(url, self.model, Usage(output_tokens=1))
        return None if sent is None or received is None else Price(sent, received)

    def _address(self) -> str:
        """The server's address: the option, else the environment's, else OpenAI's."""
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI

    def _body(self, request: Request) -> dict[str, Any]:
        body = self._dialect.body(request, reasoning_effort=self.reasoning_effort)
        return {"model": self.model, **body, **self.extra_body}

    async def _post(self, path: str, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """The JSON and the headers that come back; Refusal where the server turns the request down."""
        import asyncio  # it takes longer to load than all that discovering this plugin needs

        try:
            async with asyncio.timeout(self.timeout):
                answer = await self._transport.post(path, json.dumps(body).encode())
        except TimeoutError:
            raise Timeout(f"{self._server} sent no answer within {self.timeout:g} seconds.") from None
        except Broken as broken:
            raise self._unreachable(str(broken)) from None
        except TooLarge:
            raise Overloaded(
                f"{self._server} sent an answer of more than {LARGEST >> 20} MiB; it was not read."
            ) from None
        if not 200 <= answer.status < 300:
            raise read_refusal(answer.status, decoded(answer.text), answer.headers, self._secrets)
        return read_json(answer.text, self._server, self._secrets), answer.headers

    def _unreachable(self, said: str) -> ProviderError:
        hint = "Is the server running there?" if is_local(self._url) else "Check `base_url` and the network."
        line = " ".join(without_key(said, self._secrets).split())
        return Unreachable(f"The connection to {self._host} failed: {line[:300]}. {hint}")


def _host(url: str) -> str:
    """The host of an address, with its port if it names one; UsageError where it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as a resolver will do
    except ValueError:
        host, port = None, None
    if not host or not host.isascii() or parts.scheme not in ("http", "https"):
        raise UsageError(
            "`base_url` (or, where it is not given, the environment variable OPENAI_BASE_URL) is no server's address; "
            "one looks like http://127.0.0.1:8000/v1."
        )
    return f"{host}:{port}" if port else host
