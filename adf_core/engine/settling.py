"""One slot: from its request to an accepted record, a rejection or a failure."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from adf_core.components import Validator
from adf_core.conversation import Candidate
from adf_core.engine.caller import Stopped
from adf_core.engine.callers import Callers
from adf_core.engine.judging import (
    Judgement,
    ValidatorFailed,
    ValidatorUndecided,
    cheap_first,
    judge,
)
from adf_core.engine.progress import Progress
from adf_core.errors import ProviderError
from adf_core.journal import Journal, SettledSlot, StoredAnswer, StoredVerdict
from adf_core.journal.rows import State
from adf_core.plan import Plan, Prompter, Slot, attempt_seed, request_key
from adf_core.project import Project
from adf_core.prompts import TemplateError, UnusableAnswer, feedback_text, read_answer

LONG_TEXT = 50_000
"""Characters of an answer that may take more than a millisecond or two to read."""

PARSE = "answer"
"""Who is named as the judge of an answer that holds no conversation."""


class NothingStored(Stopped):
    """Another answer is wanted, and only stored ones are used; ``judge`` refused the last of those."""

    def __init__(self, judge: str) -> None:
        super().__init__()
        self.judge = judge


class Settler:
    """Settles slots: uses stored answers, asks for those that are missing, brings each before the validators."""

    def __init__(
        self,
        project: Project,
        plan: Plan,
        prompter: Prompter,
        journal: Journal,
        epoch: int,
        validators: Sequence[Validator],
        callers: Callers,
        threads: Executor,
        progress: Progress,
        *,
        stored_only: bool,
    ) -> None:
        """With ``stored_only`` no answer is asked for; validators may still ask."""
        self._project = project
        self._plan = plan
        self._prompter = prompter
        self._journal = journal
        self._epoch = epoch
        self._validators = cheap_first(validators, "record")
        self._caller = callers.main
        self._caller_of = callers.of
        self._threads = threads
        self._progress = progress
        self._stored_only = stored_only
        self._gives_feedback = project.setup.generation.feedback

    async def settle(self, slot: Slot, again: bool) -> SettledSlot:
        """Answer by answer until one is accepted or attempts are used up; the first accepted wins.

        ``again`` where an earlier run used up its attempts in vain: then there are as many more. Raises Stopped (with
        stored answers only, NothingStored), Fatal, BudgetSpent.
        """
        try:
            request = self._prompter.request(slot)
        except TemplateError as error:
            return _not_accepted(slot, "failed", 0, type(error).__name__, str(error))
        except Exception:  # noqa: BLE001  a stranger's direction may raise anything; the run goes on
            return _not_accepted(slot, "failed", 0, f"direction {slot.direction}", traceback.format_exc())
        key = request_key(request, self._caller.provider)
        stored = {answer.attempt: answer for answer in self._journal.reader.answers(slot.key, "", key)}
        last: tuple[State, str, str] = ("failed", "", "")
        feedback = ""
        attempts = self._project.setup.generation.attempts + (len(stored) if again else 0)
        for attempt in range(1, attempts + 1):
            try:
                answer = stored.get(attempt)
                if answer is None:
                    if self._stored_only:
                        raise NothingStored(last[1])
                    seeded = replace(request, seed=attempt_seed(slot.key, attempt))
                    answer = await self._caller.ask(seeded, slot=slot.key, key=key, attempt=attempt, feedback=feedback)
                else:
                    self._progress.reused += 1
                if answer.response is None:
                    last, feedback = ("failed", answer.error or "", answer.message or ""), ""
                    continue
                judgement = await self._judge(slot, answer)
            except ProviderError as error:
                return _not_accepted(slot, "failed", attempt, type(error).__name__, str(error))
            except ValidatorUndecided as error:
                last, feedback = ("failed", error.validator, str(error)), ""
                continue
            except ValidatorFailed as error:
                return _not_accepted(slot, "failed", attempt, error.validator, str(error))
            self._journal.add_verdicts(answer.id, self._epoch, judgement.verdicts)
            if judgement.accepted is not None:
                return self._accepted(slot, attempt, judgement.accepted, judgement)
            refusal = judgement.refusal
            last = ("rejected", refusal.validator, refusal.reason)
            feedback = feedback_text(refusal.feedback or refusal.reason) if self._gives_feedback else ""
        return _not_accepted(slot, last[0], attempts, last[1], last[2])

    async def _judge(self, slot: Slot, stored: StoredAnswer) -> Judgement:
        response = stored.response
        if response is None:
            raise AssertionError("only answers with a text are judged")
        try:
            # A long text that is no JSON takes a long time to be repaired; the requests go on meanwhile.
            answer = (
                read_answer(response.text, response.finish_reason, slot.type)
                if len(response.text) <= LONG_TEXT
                else await asyncio.to_thread(read_answer, response.text, response.finish_reason, slot.type)
            )
        except UnusableAnswer as error:
            return Judgement(None, (StoredVerdict(PARSE, "reject", str(error)),))
        candidate = Candidate(
            key=slot.key,
            stage=slot.stage,
            type=slot.type,
            category=self._project.setup.category,
            direction=slot.direction,
            scenario=slot.scenario,
            round=slot.round,
            parent=slot.parent,
            seed=slot.seed,
            prefix_length=slot.prefix_length,
            replicate=slot.replicate,
            shown=slot.shown,
            prefix=slot.prefix,
            turns=answer.turns,
            answer=answer.data,
            provider=self._caller.provider.name,
            model=response.model or self._caller.provider.model,
            attempt=stored.attempt,
        )
        return await judge(candidate, self._validators, self._project, self._caller_of, self._threads)

    def _accepted(self, slot: Slot, attempts: int, candidate: Candidate, judgement: Judgement) -> SettledSlot:
        turns = len(candidate.conversation)
        return _ended(
            slot,
            "accepted",
            attempts,
            provider=candidate.provider,
            model=candidate.model,
            attempt=candidate.attempt,
            turns=candidate.turns,
            scores=judgement.scores,
            confirmed=judgement.confirmed,
            children=self._plan.branching.count(slot.key, turns, slot.round) if slot.derives else 0,
        )


def _ended(slot: Slot, state: State, attempts: int, **how: Any) -> SettledSlot:
    return SettledSlot(
        key=slot.key,
        round=slot.round,
        place=slot.place,
        stage=slot.stage,
        type=slot.type,
        direction=slot.direction,
        scenario=slot.scenario,
        parent=slot.parent,
        seed=slot.seed,
        prefix_length=slot.prefix_length,
        inherited=len(slot.prefix),
        replicate=slot.replicate,
        state=state,
        attempts=attempts,
        **how,
    )


def _not_accepted(slot: Slot, state: State, attempts: int, judge: str, reason: str) -> SettledSlot:
    return _ended(slot, state, attempts, judge=judge, reason=reason)
