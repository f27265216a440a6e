"""The provider itself: its options, and what is asked of the model."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from adf_core import Price, Provider, Request, Response, Usage, option
from adf_llama.catalogue import CATALOGUE, SMOLLM2
from adf_llama.example import example
from adf_llama.server import Answer, Server
from adf_llama.shape import bounded

_MOST_GUIDED_TURNS = 4
_TOKENS_A_TURN = 120
"""What a turn of whole sentences wants; a guided answer has fewer turns rather than clipped ones."""
_WORDS_OF_THE_FORM = ("user", "User", "assistant", "Assistant", "diagram", "conversation", "JSON")
"""Words of a prompt that the two who talk know nothing of."""
_GUIDED_SAMPLING = {
    "min_p": 0.1,
    # "Don't repeat yourself": to go on with what was said before, the example included, gets less likely.
    "dry_multiplier": 0.8,
    "dry_base": 1.75,
    "dry_allowed_length": 3,
    "dry_penalty_last_n": 2048,
    "logit_bias": [[f" {word}", -8] for word in _WORDS_OF_THE_FORM],
}


@dataclass(kw_only=True, eq=False)
class Llama(Provider):
    """A language model in the process, through llama.cpp: no key, no server."""

    name: ClassVar[str] = "llama"
    model: str = option(SMOLLM2.name, help="a model that `adf models` lists, or the path of a GGUF file")
    slots: int = option(4, help="how many requests are answered side by side", minimum=1, maximum=64)
    context: int = option(3072, help="tokens a prompt and its answer may have together", minimum=256)
    threads: int | None = option(None, help="threads that compute; one for each core if unset", minimum=1)
    guide: bool | None = option(
        None,
        help="guide a small model: show it an example first, keep its texts to a few whole sentences and keep it from "
        "repeating itself; only the bundled model is guided if unset",
    )
    max_turns: int | None = option(
        None,
        help="most items of a list in an answer, unless the request demands more; if unset up to four when guided, "
        "else what the request allows",
        minimum=1,
    )

    @property
    def concurrency(self) -> int:  # type: ignore[override]  # as many as there are slots, which the user chooses
        return self.slots

    async def __aenter__(self) -> Self:
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        from adf_llama.models import resolve
        from adf_llama.progress import fetch_visibly

        found = resolve(self.model)
        path = found if isinstance(found, Path) else await asyncio.to_thread(fetch_visibly, found)
        self._server = Server(path, slots=self.slots, context=self.context, threads=self.threads)
        self._pool = ThreadPoolExecutor(self.slots, thread_name_prefix="adf-llama")
        self._running: set[threading.Event] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        for cancelled in self._running:
            cancelled.set()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        del self._server

    async def generate(self, request: Request) -> Response:
        import asyncio

        cancelled = threading.Event()
        self._running.add(cancelled)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._chat, request, cancelled)
        finally:
            # Where this task was cancelled, the thread stops at the model's next token and frees its slot.
            cancelled.set()
            self._running.discard(cancelled)
        return Response(
            text=answer.text,
            finish_reason="length" if answer.finish_reason == "length" else "stop",
            usage=Usage(answer.input_tokens, answer.output_tokens),
            model=self.model if self.model in CATALOGUE else Path(self.model).name,
            cost_usd=0.0,
        )

    def _chat(self, request: Request, cancelled: threading.Event) -> Answer:
        return self._server.chat(self._body(request), cancelled)

    def _body(self, request: Request) -> dict[str, Any]:
        """The chat to ask llama.cpp for."""
        guided = self.model in CATALOGUE if self.guide is None else self.guide
        messages = [{"role": "user", "content": request.prompt}]
        body: dict[str, Any] = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
            "chat_template_kwargs": {"enable_thinking": False},
            # What is computed beside other requests, or taken from the one before, differs in its last bits.
            # So one slot without a memory answers as a function of the request, and that is what one slot is for.
            "cache_prompt": self.slots > 1,
        }
        if request.seed is not None:
            body["seed"] = request.seed
        if guided:
            body |= _GUIDED_SAMPLING
        if request.json_schema is not None:
            if guided:
                messages = example(request.json_schema) + messages
            # Half of the context at most, for the prompt has to fit as well.
            tokens = min(request.max_tokens, self.context // 2)
            most_turns = self.max_turns
            if most_turns is None and guided:
                most_turns = max(1, min(_MOST_GUIDED_TURNS, tokens // _TOKENS_A_TURN))
            body["grammar"] = self._server.grammar(bounded(request.json_schema, tokens, most_turns, guided))
        return {**body, "messages": messages}

    def price(self) -> Price:
        return Price(0.0, 0.0)
