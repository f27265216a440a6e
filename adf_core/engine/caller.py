"""Asking a provider: concurrency, budget, tries, and every answer into the journal before it is used."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from adf_core.components import Provider, Request, Response
from adf_core.engine.budget import BudgetKeeper, BudgetSpent
from adf_core.engine.limiter import Limiter
from adf_core.engine.patience import Patience
from adf_core.engine.progress import Progress
from adf_core.engine.retry import Tries
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
from adf_core.plan.estimate import BYTES_A_TOKEN

logger = logging.getLogger(__name__)

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
    """Sends requests to one provider, as many at a time as it can take."""

    def __init__(
        self,
        provider: Provider,
        journal: Journal,
        budget: BudgetKeeper,
        progress: Progress,
        concurrency: int,
    ) -> None:
        """At most ``concurrency`` requests are in flight. UsageError where the budget needs a price that is unknown."""
        self.provider = provider
        self._price = budget.price_of(provider)
        self._journal = journal
        self._budget = budget
        self._progress = progress
        self._limiter = Limiter(concurrency, rpm=provider.rpm, tpm=provider.tpm)
        self._patience = Patience()
        self._stop = asyncio.Event()
        self._settled = asyncio.Event()
        self._reservations = 0
        self._answered_at = -math.inf

    @property
    def answered(self) -> bool:
        """Whether the provider has answered anything in this run."""
        return self._answered_at > -math.inf

    def stop(self) -> None:
        """Send nothing more; what is in flight may finish."""
        self._stop.set()
        self._limiter.close()

    async def ask(
        self,
        request: Request,
        *,
        slot: str,
        key: str | None = None,
        purpose: str = "",
        attempt: int = 1,
        feedback: str = "",
        via: Call | None = None,
    ) -> StoredAnswer:
        """Ask for one attempt and commit what came of it.

        ``request`` is without ``feedback``, which is added to its prompt; ``key`` is its request key where that is
        known; ``via`` answers it (default: the provider's ``generate``). A refusal of the content is stored like an
        answer. Raises other ProviderErrors when tries are used up, Fatal, Stopped, or BudgetSpent.
        """
        if key is None:
            key = request_key(request, self.provider)
        sent = replace(request, prompt=request.prompt + feedback) if feedback else request
        began = time.monotonic()
        tries = Tries()
        failing_since = math.inf
        while True:
            number = tries.begin()
            last = await self._try(sent, via or self.provider.generate, tries.timeouts)
            outcome = last.outcome
            _log_try(slot, purpose, attempt, number, last)
            if isinstance(outcome, Response | ContentBlocked):
                break
            self._journal.add_fault(slot, purpose, attempt, number, outcome, last.started, last.seconds)
            self._progress.trouble = str(outcome)
            failing_since = min(failing_since, time.monotonic())
            await self._wait_or_raise(outcome, tries, failing_since)
        self._progress.trouble = ""
        self._answered_at = time.monotonic()
        self._journal.add_request(key, request, self.provider.name, self.provider.model)
        stored = self._journal.add_answer(
            slot=slot,
            purpose=purpose,
            request=key,
            attempt=attempt,
            seed=request.seed,
            feedback=feedback,
            outcome=outcome,
            tries=tries.number,
            started=last.started,
            waited=time.monotonic() - last.seconds - began,
            seconds=last.seconds,
        )
        # Where nothing else is under way there is no company to wait for.
        await self._journal.commit(at_once=self._limiter.in_flight == 0)
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
        """The answer to this request, with its seed, that the journal has for that slot and purpose."""
        found = self._journal.reader.answers(slot, purpose, request_key(request, self.provider))
        return next((each for each in found if each.response is not None and each.seed == request.seed), None)

    async def _try(self, request: Request, via: Call, timeouts: int) -> Try:
        """``timeouts`` is how often this request was waited for in vain."""
        permit = await self._limiter.acquire(len(request.prompt) // BYTES_A_TOKEN + request.max_tokens)
        if permit is None:
            raise Stopped
        outcome: Response | ProviderError | None = None
        try:
            reserved = await self._reserve(request)
            self._progress.requests += 1
            self._progress.in_flight += 1
            started, clock = time.time(), time.monotonic()
            try:
                async with self._patience.limit(timeouts):
                    outcome = await via(request)
            except TimeoutError:
                outcome = Timeout(f"No answer came within {time.monotonic() - clock:.0f} seconds.")
            except ProviderError as error:
                outcome = error
            except Exception as error:  # noqa: BLE001  a stranger's provider may raise anything; the run goes on
                outcome = InvalidRequest(_unforeseen(self.provider.name, error))
            finally:
                self._progress.in_flight -= 1
            seconds = time.monotonic() - clock
            self._account(outcome, reserved, seconds)
        finally:
            self._limiter.release(permit, outcome)
        return Try(outcome, started, seconds)

    async def _reserve(self, request: Request) -> Charge:
        """Reserve a try's worst case; while others in flight may turn out cheaper than theirs, wait for them."""
        while True:
            if self._stop.is_set():
                raise Stopped
            settled = self._settled
            try:
                reserved = self._budget.reserve(request, self._price)
            except BudgetSpent:
                if self._reservations == 0:
                    raise
                await settled.wait()
                continue
            self._reservations += 1
            self._journal.set_charged(self._budget.charged)
            if self._budget.limited:
                await self._journal.commit()
            return reserved

    def _account(self, outcome: Response | ProviderError, reserved: Charge, seconds: float) -> None:
        self._reservations -= 1
        self._settled.set()
        self._settled = asyncio.Event()
        self._budget.settle(reserved, outcome, self._price)
        self._journal.set_charged(self._budget.charged)
        if not isinstance(outcome, Response):
            return
        self._patience.observe(seconds)
        progress = self._progress
        progress.input_tokens += outcome.usage.input_tokens
        progress.output_tokens += outcome.usage.output_tokens
        progress.cost_usd += outcome.cost_usd or 0.0
        progress.unpriced |= outcome.cost_usd is None

    async def _wait_or_raise(self, error: ProviderError, tries: Tries, failing_since: float) -> None:
        """Wait for the next try, or raise where there is none: Fatal where the server was out of reach for all of them
        and answered nobody else meanwhile, since each other request would wait for it as long.
        """
        if isinstance(error, AuthenticationFailed | QuotaExhausted):
            raise Fatal(error)
        wait = tries.wait(error, seen=self.answered)
        if wait is None:
            raise Fatal(error) if isinstance(error, Unreachable) and self._answered_at < failing_since else error
        try:
            async with asyncio.timeout(wait):
                await self._stop.wait()
        except TimeoutError:
            return
        raise Stopped


def _log_try(slot: str, purpose: str, attempt: int, number: int, made: Try) -> None:
    if not logger.isEnabledFor(logging.DEBUG):
        return
    outcome = made.outcome
    data: dict[str, object] = {"slot": slot, "purpose": purpose, "attempt": attempt, "try": number}
    data |= {"started": made.started, "seconds": round(made.seconds, 6)}
    if isinstance(outcome, Response):
        usage = outcome.usage
        data |= {"finish_reason": outcome.finish_reason, "tokens_in": usage.input_tokens}
        data |= {"tokens_out": usage.output_tokens, "model": outcome.model}
    else:
        data |= {"error": type(outcome).__name__, "message": str(outcome)}
    logger.debug("try", extra={"data": data})
