"""The provider itself: its options, its key, its calls."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from adf_core import Overloaded, Price, Provider, Request, Response, Timeout, Unreachable, UsageError, find_key, option
from adf_gemini.answers import response
from adf_gemini.failures import failure
from adf_gemini.pricing import cost

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import GenerateContentConfig

_MODEL = "^((models|tunedModels)/)?[^/]+$"
_CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
_TEXTS_AT_ONCE = 100
"""The most texts the server embeds in one call."""


@dataclass(kw_only=True, eq=False)
class Gemini(Provider):
    """Google's Gemini models, through the google-genai SDK."""

    name: ClassVar[str] = "gemini"

    model: str = option("gemini-3.8-flash", help="the model to ask", pattern=_MODEL)
    api_key: str | None = option(
        None, secret=True, help="the key; better in GEMINI_API_KEY (or GOOGLE_API_KEY) or in api_key_file"
    )
    api_key_file: str | None = option(None, help="a file that holds nothing but the key")
    base_url: str | None = option(None, help="another server that speaks Gemini's REST", pattern="^https?://[^/]")
    timeout: float = option(300.0, help="seconds to wait for an answer", exclusiveMinimum=0)
    safety: Literal["off", "default"] = option(
        "off", help="off: Gemini's adjustable filters block nothing; default: they are left as the server has them"
    )
    top_k: int | None = option(32, help="sample among that many likeliest tokens", minimum=1)
    thinking: Literal["minimal", "low", "medium", "high"] | None = option(
        None, help="how long the model thinks before it answers (none: the model's own default)"
    )
    embedding_model: str = option(
        "gemini-embedding-001", help="the model that turns texts into vectors", pattern=_MODEL
    )

    async def __aenter__(self) -> Self:
        self._key = find_key(self.name, self.api_key, self.api_key_file, "GEMINI_API_KEY", "GOOGLE_API_KEY")
        if not self._key:
            raise UsageError(
                f"The provider `{self.name}` needs a key: set the environment variable GEMINI_API_KEY (or "
                "GOOGLE_API_KEY) or name a file that holds it with `api_key_file`. Keys are made at "
                "https://aistudio.google.com/apikey."
            )
        from google.genai import Client, types

        # With both variables set the SDK warns that it uses one of them, which is not so: it is given the key.
        logging.getLogger("google_genai").setLevel(logging.ERROR)
        http_options = types.HttpOptions(
            base_url=self.base_url,
            api_version="v1beta",
            timeout=max(1, round(self.timeout * 1000)),
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        self._client: Client = Client(vertexai=False, api_key=self._key, http_options=http_options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aio.aclose()
        self._client.close()

    async def generate(self, request: Request) -> Response:
        config = self._config(request)
        with self._errors():
            answer = await self._client.aio.models.generate_content(
                model=self.model, contents=request.prompt, config=config
            )
        return response(answer, self.model)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        from google.genai import types

        # One Content for each text: some models read a plain list as parts of a single text.
        contents = [types.Content(parts=[types.Part(text=text)]) for text in texts]
        vectors: list[list[float]] = []
        for start in range(0, len(contents), _TEXTS_AT_ONCE):
            batch = contents[start : start + _TEXTS_AT_ONCE]
            with self._errors():
                answer = await self._client.aio.models.embed_content(model=self.embedding_model, contents=batch)
            found = [embedding.values or [] for embedding in answer.embeddings or []]
            if len(found) != len(batch) or not all(found):
                raise Overloaded(f"Gemini was asked for {len(batch)} vectors and sent {sum(map(bool, found))}.")
            vectors += found
        return vectors

    def price(self) -> Price | None:
        sent, received = cost(self.model, input_tokens=1), cost(self.model, output_tokens=1)
        return None if sent is None or received is None else Price(sent, received)

    def _config(self, request: Request) -> GenerateContentConfig:
        from google.genai import types

        schema = request.json_schema or None
        return types.GenerateContentConfig(
            temperature=request.temperature,
            top_p=request.top_p,
            top_k=self.top_k,
            max_output_tokens=request.max_tokens,
            seed=None if request.seed is None else request.seed & 0x7FFFFFFF,  # the server takes 32 bits, signed
            response_mime_type="application/json" if schema else None,
            response_json_schema=schema,
            safety_settings=[
                types.SafetySetting(
                    category=types.HarmCategory(category),
                    threshold=types.HarmBlockThreshold.BLOCK_NONE,
                )
                for category in _CATEGORIES
            ]
            if self.safety == "off"
            else None,
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel(self.thinking.upper()))
            if self.thinking
            else None,
            # One call is one request: it may neither go on by itself where an answer ends nor call functions.
            automatic_continuation=False,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Everything a call may raise, as the contract's errors; without their causes, which may quote the key."""
        import aiohttp
        from google.genai import errors

        try:
            yield
        except errors.APIError as error:
            status = error.details.get("error") if isinstance(error.details, dict) else None
            details = status.get("details") if isinstance(status, dict) else None
            message = self._quote(error.message or error.details)
            raise failure(error.code, message, details if isinstance(details, list) else []) from None
        except TimeoutError:
            raise Timeout(f"Gemini sent no answer within {self.timeout:g} seconds.") from None
        except aiohttp.ClientError as error:
            raise Unreachable(f"The connection to Gemini failed: {self._quote(error)}") from None
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            # What the SDK stumbles over where an answer is not JSON, or JSON of another shape than Gemini's.
            raise Overloaded(f"Gemini's answer cannot be read: {self._quote(error)}") from None

    def _quote(self, message: object) -> str:
        """What the other side said, on one line, without the key; long texts are cut."""
        text = " ".join(str(message).replace(self._key, "(the key)").split())
        return text if len(text) <= 500 else f"{text[:500]}…"
