"""The judges: asked side by side, each again where it talks nonsense."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adf_core import Candidate, ContentBlocked, ProviderChoice, Request, Undecided, ValidationContext, Verdict
from adf_judge.answers import Judgement, Nonsense, read_judgement
from adf_judge.questions import answer_schema, question
from adf_judge.rubric import Rubric
from adf_judge.voting import decide

QUESTIONS = 3
"""How often one judge is asked, with another seed each time, before its nonsense is left at that."""

HEAT = 0.7
"""The temperature of judges that vote, and the least of one that is asked again: at 0 they would say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """``agreement`` judges with one rubric; ``temperature`` None leaves it to their number."""

    rubric: Rubric
    threshold: int
    agreement: int
    provider: ProviderChoice | None
    temperature: float | None
    max_tokens: int

    async def verdict(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        """What the judges decide; Undecided where too many of them give no usable judgement."""
        usual = HEAT if self.agreement > 1 else 0.0
        request = Request(
            question(candidate, context, self.rubric),
            answer_schema(self.rubric, candidate.scenario),
            temperature=usual if self.temperature is None else self.temperature,
            max_tokens=self.max_tokens,
        )
        votes = (self._vote(request, candidate, context, number) for number in range(1, self.agreement + 1))
        # What one vote meets must not cancel the others: their answers are paid for.
        outcomes = await asyncio.gather(*votes, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Nonsense):
                raise outcome
        judgements = [outcome for outcome in outcomes if isinstance(outcome, Judgement)]
        verdict = decide(judgements, self.agreement, self.threshold, self.rubric, candidate.scenario)
        if verdict is None:
            raise self._undecided([outcome for outcome in outcomes if isinstance(outcome, Nonsense)])
        return verdict

    async def _vote(self, request: Request, candidate: Candidate, context: ValidationContext, vote: int) -> Judgement:
        """One judge's judgement; Nonsense where it gives none however often it is asked."""
        why = ""
        for nth in range(1, QUESTIONS + 1):
            temperature = request.temperature if nth == 1 else max(request.temperature, HEAT)
            asked = replace(request, temperature=temperature, seed=_seed(candidate, vote, nth))
            try:
                return read_judgement(await context.ask(asked, self.provider), self.rubric, candidate.scenario)
            except (Nonsense, ContentBlocked) as error:
                why = str(error)
        raise Nonsense(why)

    def _undecided(self, silent: Sequence[Nonsense]) -> Undecided:
        who = "The judge" if self.agreement == 1 else f"{len(silent)} of {self.agreement} judges"
        why = str(silent[-1]).rstrip(".")
        return Undecided(
            f"{who} gave no usable judgement, though asked {QUESTIONS} times: {why} (the last answer; all are in the "
            "journal)."
        )


def _seed(candidate: Candidate, vote: int, nth: int) -> int:
    """A seed for each question to each judge, the same whenever it is asked again. Below 2**31."""
    text = f"{candidate.key}:{candidate.attempt}:{vote}:{nth}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") >> 1
