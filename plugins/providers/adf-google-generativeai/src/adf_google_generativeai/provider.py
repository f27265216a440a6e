"""The provider itself: its options, its key, its calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Literal, Self, TypeVar

from adf_core import Overloaded, Price, Provider, Request, Response, Timeout, Unreachable, UsageError, find_key, option
from adf_google_generativeai.answers import response
from adf_google_generativeai.failures import failure
from adf_google_generativeai.pricing import cost
from adf_google_generativeai.schemas import response_schema

T = TypeVar("T")

_MODEL = "^((models|tunedModels)/)?[^/]+$"
_CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
_MOST_CALLS_AT_ONCE = 256
"""More than anyone runs at once; a thread is started only when a call finds no idle one."""


@dataclass(kw_only=True, eq=False)
class GoogleGenerativeAI(Provider):
    """Google's Gemini models, through the retired google-generativeai SDK; use gemini for new work."""

    name: ClassVar[str] = "google-generativeai"

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
        with warnings.catch_warnings():
            # It announces at every start that it is retired, which our README says.
            warnings.simplefilter("ignore", FutureWarning)
            import google.generativeai as genai
            from google.generativeai.client import get_default_generative_client
        from requests.adapters import HTTPAdapter

        options = {"api_endpoint": self.base_url.rstrip("/")} if self.base_url else {}
        genai.configure(api_key=self._key, transport="rest", client_options=options)
        # What `configure` sets up belongs to the whole process. Its client is taken and kept here, so that another
        # instance with another key or server does not change this one.
        self._client = get_default_generative_client()
        self._model = genai.GenerativeModel(self.model)
        self._model._client = self._client
        self._session = self._client.transport._session
        self._session._max_refresh_attempts = 0  # a refused key would be tried again, though it cannot be refreshed
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_MOST_CALLS_AT_ONCE))
        self._threads = ThreadPoolExecutor(_MOST_CALLS_AT_ONCE, thread_name_prefix=self.name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    async def generate(self, request: Request) -> Response:
        config = self._config(request)
        answer = await self._call(
            lambda: self._model.generate_content(
                request.prompt,
                generation_config=config,
                safety_settings=dict.fromkeys(_CATEGORIES, "BLOCK_NONE") if self.safety == "off" else None,
                request_options=self._request_options(),
            )
        )
        return response(answer, self.model)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        from google.generativeai import embed_content

        answer = await self._call(
            lambda: embed_content(
                model=self.embedding_model,
                content=list(texts),
                client=self._client,
                request_options=self._request_options(),
            )
        )
        vectors: list[list[float]] = answer["embedding"]
        if len(vectors) != len(texts) or not all(vectors):
            raise Overloaded(f"Gemini was asked for {len(texts)} vectors and sent {sum(map(bool, vectors))}.")
        return vectors

    def price(self) -> Price | None:
        sent, received = cost(self.model, input_tokens=1), cost(self.model, output_tokens=1)
        return None if sent is None or received is None else Price(sent, received)

    def _config(self, request: Request) -> dict[str, Any]:
        """The generation config. This SDK knows no seed, so the request's cannot be sent."""
        config: dict[str, Any] = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "top_k": self.top_k,
            "max_output_tokens": request.max_tokens,
        }
        if request.json_schema:
            config |= {
                "response_mime_type": "application/json",
                "response_schema": response_schema(request.json_schema),
            }
        return {key: value for key, value in config.items() if value is not None}

    def _request_options(self) -> dict[str, Any]:
        return {"retry": None, "timeout": self.timeout}

    async def _call(self, call: Callable[[], T]) -> T:
        import asyncio

        def in_thread() -> T:
            with self._errors():
                return call()

        return await asyncio.get_running_loop().run_in_executor(self._threads, in_thread)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Everything a call may raise, as the contract's errors; without their causes, which may quote the key."""
        import requests
        from google.api_core.exceptions import GoogleAPICallError
        from google.protobuf.json_format import ParseError  # type: ignore[import-untyped,unused-ignore]

        try:
            yield
        except GoogleAPICallError as error:
            raise failure(error.code, self._quote(error.message), error.details) from None
        except requests.Timeout:
            raise Timeout(f"Gemini sent no answer within {self.timeout:g} seconds.") from None
        except requests.RequestException as error:
            raise Unreachable(f"The connection to Gemini failed: {self._quote(error)}") from None
        except (ParseError, ValueError) as error:
            raise Overloaded(f"Gemini's answer cannot be read: {self._quote(error)}") from None
        except AttributeError:
            # The SDK takes it for granted that every refusal in JSON is in Google's format.
            raise Overloaded(
                "The server refused in a way that is not Gemini's, so its reason cannot be read."
            ) from None

    def _quote(self, message: object) -> str:
        """What the other side said, on one line, without the key; long texts are cut."""
        text = " ".join(str(message).replace(self._key, "(the key)").split())
        return text if len(text) <= 500 else f"{text[:500]}…"
