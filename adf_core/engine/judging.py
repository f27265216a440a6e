"""Candidates before the validators."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from adf_core.components import ProviderChoice, Request, Response, Validator, Verdict
from adf_core.conversation import Candidate, Type
from adf_core.engine.budget import BudgetSpent
from adf_core.engine.caller import Caller, Fatal, Stopped, answered
from adf_core.errors import ProviderError, Undecided, UsageError
from adf_core.journal import StoredVerdict
from adf_core.project import Project
from adf_core.scenarios import sentences

CallerOf = Callable[[ProviderChoice | None], Awaitable[Caller]]
"""Who asks a provider; None for the run's own."""


class ValidatorFailed(Exception):
    """A validator raised; the text is its traceback."""

    def __init__(self, validator: str) -> None:
        super().__init__(traceback.format_exc())
        self.validator = validator


class ValidatorUndecided(Exception):
    """A validator came to no decision; the text says why."""

    def __init__(self, validator: str, why: Undecided) -> None:
        super().__init__(str(why))
        self.validator = validator


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a candidate: the accepted one (as revised), or None with the verdict that refused it.

    ``scores`` are those of all validators, as ``validator.name``; ``confirmed`` the factors any of them found in it,
    None where none looked.
    """

    accepted: Candidate | None
    verdicts: tuple[StoredVerdict, ...]
    scores: Mapping[str, float] = field(default_factory=dict)
    confirmed: tuple[str, ...] | None = None

    @property
    def refusal(self) -> StoredVerdict:
        return self.verdicts[-1]


@dataclass(frozen=True, slots=True)
class CandidateContext:
    """The ValidationContext of one candidate before one validator."""

    project: Project
    candidate: Candidate
    purpose: str
    caller: CallerOf

    @property
    def type(self) -> Type:
        return self.project.setup.type

    @property
    def min_turns(self) -> int:
        return self.project.setup.generation.min_turns

    @property
    def max_turns(self) -> int | None:
        return self.project.setup.generation.max_turns

    @property
    def category(self) -> str:
        return self.project.setup.category

    @property
    def user_role(self) -> str:
        return self.project.setup.user_role

    @property
    def assistant_role(self) -> str:
        return self.project.setup.assistant_role

    @property
    def diagram(self) -> str:
        return self.project.diagram_text

    @property
    def delimiter(self) -> str:
        return self.project.setup.delimiter

    @property
    def stated(self) -> Mapping[str, str]:
        return sentences(self.project.space, self.candidate.scenario, self.candidate.seed)

    async def ask(self, request: Request, provider: ProviderChoice | None = None) -> Response:
        caller = await self.caller(provider)
        slot = self.candidate.key
        stored = caller.stored(request, slot, self.purpose)
        if stored is None:
            stored = await caller.ask(request, slot=slot, purpose=self.purpose)
        return answered(stored)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        caller = await self.caller(None)
        return await caller.embed(texts, slot=self.candidate.key, purpose=self.purpose)


@dataclass(frozen=True, slots=True)
class ContextInThread:
    """A candidate's context for a validator that runs in a thread: what it asks is asked in the run's event loop."""

    inner: CandidateContext
    loop: asyncio.AbstractEventLoop

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def ask(self, request: Request, provider: ProviderChoice | None = None) -> Response:
        asked = asyncio.run_coroutine_threadsafe(self.inner.ask(request, provider), self.loop)
        return await asyncio.wrap_future(asked)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        asked = asyncio.run_coroutine_threadsafe(self.inner.embed(texts), self.loop)
        return await asyncio.wrap_future(asked)


async def _verdict(validator: Validator, candidate: Candidate, context: CandidateContext, threads: Executor) -> Verdict:
    if not validator.cpu_heavy:
        return await validator.validate(candidate, context)
    loop = asyncio.get_running_loop()
    outside = ContextInThread(context, loop)
    return await loop.run_in_executor(threads, lambda: asyncio.run(validator.validate(candidate, outside)))


def cheap_first(validators: Iterable[Validator], scope: str) -> list[Validator]:
    """The validators of this scope, those that cost nothing first and those that ask last; else in their order."""
    chosen = (validator for validator in validators if validator.scope == scope)
    return sorted(chosen, key=lambda validator: (validator.asks, validator.cpu_heavy))


async def judge(
    candidate: Candidate,
    validators: Sequence[Validator],
    project: Project,
    caller: CallerOf,
    threads: Executor,
) -> Judgement:
    """Bring ``candidate`` before the validators in order, up to the first refusal. ValidatorFailed where one raises,
    ValidatorUndecided where one cannot tell, UsageError where one names a provider that cannot be asked.

    ``threads`` are for those that compute for long, and for nothing else: while one waits in its thread for what it
    asked, name look-ups and providers need threads to answer it.
    """
    verdicts: list[StoredVerdict] = []
    scores: dict[str, float] = {}
    confirmed: tuple[str, ...] | None = None
    for validator in validators:
        context = CandidateContext(project, candidate, validator.name, caller)
        try:
            verdict = await _verdict(validator, candidate, context, threads)
        except (Stopped, Fatal, BudgetSpent, ProviderError, UsageError):
            raise
        except Undecided as error:
            raise ValidatorUndecided(validator.name, error) from error
        except Exception as error:
            raise ValidatorFailed(validator.name) from error
        verdicts.append(
            StoredVerdict(validator.name, verdict.decision, verdict.reason, verdict.feedback, verdict.scores)
        )
        scores |= {f"{validator.name}.{name}": score for name, score in verdict.scores.items()}
        if verdict.confirmed is not None:
            found = {*(confirmed or ()), *verdict.confirmed}
            confirmed = tuple(factor for factor in candidate.scenario if factor in found)
        if verdict.decision == "reject":
            return Judgement(None, tuple(verdicts))
        if verdict.decision == "revise" and verdict.candidate is not None:
            candidate = verdict.candidate
    return Judgement(candidate, tuple(verdicts), scores, confirmed)
