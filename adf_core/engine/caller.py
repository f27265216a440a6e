"""Asking a provider: concurrency, budget, tries, and every answer into the journal before it is used."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from adf_core.components import Provider, Request, Response
from adf_core.engine.budget import BudgetKeeper, BudgetSpent
from adf_core.engine.progress import Progress
from adf_core.engine.retry import REQUEST_TIMEOUT, TRIES, TRIES_UNSEEN, wait_before_try, worth_another_try
from adf_core.errors import (
    AuthenticationFailed,
    ContentBlocked,
    InvalidRequest,
    ProviderError,
    QuotaExhausted,
    Timeout,
    Unreachable,
)
from adf_core.journal import Charge, Journal, StoredAnswer
from adf_core.plan import request_key

Call = Callable[[Request], Awaitable[Response]]


class Stopped(Exception):
    """The run asks for nothing more; the slot stays unspent."""


class Fatal(Exception):
    """An error after which asking again is pointless; ``error`` says what to do."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Try:
    """What came of one request. ``started`` is Unix time; ``seconds`` are those it was under way."""

    outcome: Response | ProviderError
    started: float
    seconds: float


def answered(stored: StoredAnswer) -> Response:
    """The response of a stored answer; ContentBlocked where the provider refused to give one."""
    if stored.response is None:
        raise ContentBlocked(stored.message or "The provider refused to answer.")
    return stored.response


def _unforeseen(provider: str, error: Exception) -> str:
    """Where a provider raised what it should not. Without the error's own words: they may quote a key."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"The provider `{provider}` raised {type(error).__name__} in {frame.filename}:{frame.lineno}."


class Caller:
    """Sends requests to one provider, at most ``concurrency`` at a time."""

    def __init__(
        self,
        provider: Provider,
        journal: Journal,
        budget: BudgetKeeper,
        progress: Progress,
        concurrency: int,
        stop: asyncio.Event,
    ) -> None:
        """Once ``stop`` is set nothing more is sent; what is in flight may finish."""
        self.provider = provider
        self._journal = journal
        self._budget = budget
        self._progress = progress
        self._permits = asyncio.Semaphore(concurrency)
        self._stop = stop
        self._settled = asyncio.Event()
        self._reservations = 0
        self._answered = False

    @property
    def answered(self) -> bool:
        """Whether the provider has answered anything in this run."""
        return self._answered

    async def ask(
        self,
        request: Request,
        *,
        slot: str,
        purpose: str = "",
        attempt: int = 1,
        feedback: str = "",
        via: Call | None = None,
    ) -> StoredAnswer:
        """Ask for one attempt and commit what came of it.

        ``request`` is without ``feedback``, which is added to its prompt; ``via`` answers it (default: the provider's
        ``generate``). A refusal of the content is stored like an answer.
        Raises other ProviderErrors when tries are used up, Fatal, Stopped, or BudgetSpent.
        """
        key = request_key(request, self.provider)
        sent = replace(request, prompt=request.prompt + feedback)
        tries = 0
        while True:
            tries += 1
            last = await self._try(sent, via or self.provider.generate)
            if isinstance(last.outcome, Response | ContentBlocked):
                break
            self._journal.add_fault(slot, purpose, attempt, tries, last.outcome, last.started)
            self._progress.trouble = str(last.outcome)
            await self._wait_or_raise(last.outcome, tries)
        self._progress.trouble = ""
        self._answered = True
        self._journal.add_request(key, request, self.provider.name, self.provider.model)
        stored = self._journal.add_answer(
            slot=slot,
            purpose=purpose,
            request=key,
            attempt=attempt,
            seed=request.seed,
            feedback=feedback,
            outcome=last.outcome,
            tries=tries,
            started=last.started,
            seconds=last.seconds,
        )
        await self._journal.commit()
        return stored

    async def embed(self, texts: Sequence[str], *, slot: str, purpose: str) -> list[list[float]]:
        """Vectors of ``texts``; stored, charged and tried like answers."""
        request = Request(json.dumps(list(texts)), max_tokens=1)
        stored = self.stored(request, slot, purpose)

        async def embed(_: Request) -> Response:
            return Response(json.dumps(await self.provider.embed(texts)), model=self.provider.model)

        if stored is None:
            stored = await self.ask(request, slot=slot, purpose=purpose, via=embed)
        vectors: list[list[float]] = json.loads(answered(stored).text)
        return vectors

    def stored(self, request: Request, slot: str, purpose: str) -> StoredAnswer | None:
        """The answer to this request that the journal has for that slot and purpose."""
        found = self._journal.reader.answers(slot, purpose, request_key(request, self.provider))
        return next((answer for answer in found if answer.response is not None), None)

    async def _try(self, request: Request, via: Call) -> Try:
        async with self._permits:
            reserved = await self._reserve(request)
            charge = self._journal.add_charge(reserved)
            if self._budget.limited:
                await self._journal.commit()
            self._progress.requests += 1
            self._progress.in_flight += 1
            started, clock = time.time(), time.monotonic()
            try:
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    outcome: Response | ProviderError = await via(request)
            except TimeoutError:
                outcome = Timeout(f"No answer came within {REQUEST_TIMEOUT:g} seconds.")
            except ProviderError as error:
                outcome = error
            except Exception as error:  # noqa: BLE001  a stranger's provider may raise anything; the run goes on
                outcome = InvalidRequest(_unforeseen(self.provider.name, error))
            finally:
                self._progress.in_flight -= 1
            self._account(outcome, charge, reserved)
            return Try(outcome, started, time.monotonic() - clock)

    async def _reserve(self, request: Request) -> Charge:
        """Reserve a try's worst case; while others in flight may turn out cheaper than theirs, wait for them."""
        while True:
            if self._stop.is_set():
                raise Stopped
            settled = self._settled
            try:
                reserved = self._budget.reserve(request)
            except BudgetSpent:
                if self._reservations == 0:
                    raise
                await settled.wait()
            else:
                self._reservations += 1
                return reserved

    def _account(self, outcome: Response | ProviderError, charge: int, reserved: Charge) -> None:
        self._reservations -= 1
        self._settled.set()
        self._settled = asyncio.Event()
        response = outcome if isinstance(outcome, Response) else None
        if not isinstance(outcome, Timeout | Unreachable):  # what a lost request cost is unknown: it stays charged
            self._journal.set_charge(charge, self._budget.settle(reserved, response))
        if response is None:
            return
        progress = self._progress
        progress.input_tokens += response.usage.input_tokens
        progress.output_tokens += response.usage.output_tokens
        progress.cost_usd += response.cost_usd or 0.0
        progress.unpriced |= response.cost_usd is None

    async def _wait_or_raise(self, error: ProviderError, tries: int) -> None:
        """Wait for the next try, or raise where there is none."""
        if isinstance(error, AuthenticationFailed | QuotaExhausted):
            raise Fatal(error)
        unseen = isinstance(error, Unreachable) and not self._answered
        if not worth_another_try(error) or tries >= (TRIES_UNSEEN if unseen else TRIES):
            if unseen:
                raise Fatal(error)
            raise error
        try:
            async with asyncio.timeout(wait_before_try(tries + 1, error)):
                await self._stop.wait()
        except TimeoutError:
            return
        raise Stopped
