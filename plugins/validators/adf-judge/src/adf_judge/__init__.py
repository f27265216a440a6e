"""The validator ``judge``: a language model, or several votes of one, scores what was generated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from adf_core import Candidate, ProviderChoice, ValidationContext, Validator, Verdict, hookimpl, option


@dataclass(kw_only=True, eq=False)
class Judge(Validator):
    """A language model as judge: scores for your criteria, and whether the text bears out its scenario.

    Where its ways come from is said where they stand: ``questions`` for what is asked, ``voting`` for what is decided.
    """

    name: ClassVar[str] = "judge"
    asks: ClassVar[bool] = True
    criteria: dict[str, str] | list[str] | None = option(
        None,
        help="what is scored: a mapping of names to what each asks, or a list of names; unset: natural, helpful, safe",
        minProperties=1,
        minItems=1,
        uniqueItems=True,
        additionalProperties={"type": "string", "minLength": 1},
    )
    threshold: int = option(3, help="the least score that each criterion must reach", minimum=1, maximum=5)
    agreement: int = option(1, help="how many judges vote; more than half of them decide", minimum=1, maximum=99)
    provider: ProviderChoice | None = option(
        None,
        help="who judges: a provider's name, or a mapping as in `provider`; the run's own if unset",
        format="provider",
    )
    temperature: float | None = option(
        None,
        help="sampling temperature of the judge; 0 if unset, and 0.7 where several vote",
        minimum=0,
        maximum=2,
    )
    max_tokens: int = option(4096, help="most tokens of a judge's answer, its thoughts included", minimum=1)

    def __post_init__(self) -> None:
        from adf_judge.rubric import read_rubric

        self._rubric = read_rubric(self.criteria)

    def questions(self) -> int:
        return self.agreement

    async def __aenter__(self) -> Self:
        from adf_judge.panel import Panel

        self._panel = Panel(
            rubric=self._rubric,
            threshold=self.threshold,
            agreement=self.agreement,
            provider=self.provider,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        return self

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        return await self._panel.verdict(candidate, context)


@hookimpl
def register_validators(register: Callable[[type[Validator]], None]) -> None:
    register(Judge)
