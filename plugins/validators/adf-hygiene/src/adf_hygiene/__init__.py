"""The validator ``hygiene``: refuses what no reader would want to learn from, and says what it saw and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from adf_core import Candidate, UsageError, ValidationContext, Validator, Verdict, hookimpl, option

if TYPE_CHECKING:
    from adf_hygiene.inspection import Inspection

_MOST_TOLD = 3  # findings in a reason, and sentences in the feedback


@dataclass(kw_only=True, eq=False)
class Hygiene(Validator):
    """No leaks of the prompt, refusals, placeholders, loops, mixed-up roles or other dirt in a conversation."""

    name: ClassVar[str] = "hygiene"

    entity_name: bool = option(True, help="refuse names of entities in the diagram's form: `LOAN_BICYCLE`")
    attribute_name: bool = option(True, help="refuse identifiers of attributes: `years_married`")
    diagram_notation: bool = option(True, help="refuse `erDiagram`, cardinalities, `%%` comments and the delimiter")
    diagram_word: bool = option(True, help="refuse talk of the diagram: “according to the diagram”")
    template_word: bool = option(True, help="refuse words of templates and of the output format: `{{`, `user_role`")
    boilerplate: bool = option(True, help="refuse “As an AI language model” and its like")
    refusal: bool = option(True, help="refuse an assistant that will not answer")
    speaker_label: bool = option(True, help="refuse labels inside a text: `User:`, `Assistant:`, the roles' names")
    chat_token: bool = option(True, help="refuse tokens of chat templates: `<|im_start|>`, `[INST]`")
    swapped_roles: bool = option(True, help="refuse a user who offers help, and whoever speaks as the other one")
    echo: bool = option(True, help="refuse an assistant that says the user's words again")
    placeholder: bool = option(True, help="refuse gaps: `[Name]`, `{text}`, `<your name>`, XXX, TODO:")
    repeated_turn: bool = option(True, help="refuse a turn that was said before, also in the turns it continues")
    loop: bool = option(True, help="refuse phrases, sentences and letters that come again and again")
    too_short: bool = option(True, help="refuse texts below `shortest_user` and `shortest_assistant`")
    too_long: bool = option(True, help="refuse texts above `longest_user` and `longest_assistant`")
    script_mix: bool = option(True, help="refuse stray letters of another script: 考虑 in an English sentence")
    code_fence: bool = option(True, help="refuse code blocks that are not closed")
    personal_data: bool = option(False, help="refuse e-mail addresses, telephone, account and card numbers")
    secret: bool = option(False, help="refuse what looks like a key or a token")
    language: str | list[str] | None = option(
        None, help="the language of all turns, or several, as ISO 639-1 codes (`de`); others are refused"
    )

    shortest_user: int = option(1, help="fewest words of a user's text", minimum=0)
    shortest_assistant: int = option(2, help="fewest words of an assistant's text", minimum=0)
    longest_user: int = option(600, help="most words of a user's text", minimum=1)
    longest_assistant: int = option(1500, help="most words of an assistant's text", minimum=1)
    sameness: float = option(
        0.85, help="share of common words from which two texts are the same", minimum=0.5, maximum=1
    )
    allow: list[str] = option(
        [], help="words that may stand although a rule would find them, exactly as its reason quotes them"
    )
    repair: bool = option(True, help="take away a speaker's own label or an end token, in place of refusing the text")

    def __post_init__(self) -> None:
        for role, shortest, longest in (
            ("user", self.shortest_user, self.longest_user),
            ("assistant", self.shortest_assistant, self.longest_assistant),
        ):
            if shortest > longest:
                raise UsageError(
                    f"hygiene: `shortest_{role}` is {shortest} and `longest_{role}` is {longest}: no text can be both; "
                    "lower the one or raise the other."
                )

    async def __aenter__(self) -> Self:
        from adf_hygiene.inspection import Inspector
        from adf_hygiene.rules import RULES
        from adf_hygiene.scene import Limits

        limits = Limits(
            shortest_user=self.shortest_user,
            shortest_assistant=self.shortest_assistant,
            longest_user=self.longest_user,
            longest_assistant=self.longest_assistant,
            sameness=self.sameness,
            allow=frozenset(phrase.strip().casefold() for phrase in self.allow),
        )
        languages = [self.language] if isinstance(self.language, str) else self.language or []
        self._inspector = Inspector(
            [rule for rule in RULES if getattr(self, rule)], limits, languages, repair=self.repair
        )
        return self

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        seen = self.inspect(candidate, context)
        if seen.found:
            told = seen.found[:_MOST_TOLD]
            more = f"; and {len(seen.found) - _MOST_TOLD} more" if len(seen.found) > _MOST_TOLD else ""
            advice = dict.fromkeys(finding.advice for finding in told)
            return Verdict.reject("; ".join(map(str, told)) + more, feedback=" ".join(advice))
        if seen.repaired:
            return Verdict.revise(seen.candidate, "; ".join(f"{finding}, taken away" for finding in seen.repaired))
        return Verdict.accept()

    def inspect(self, candidate: Candidate, context: ValidationContext) -> Inspection:
        """What every rule that is on finds in a candidate, after the repair."""
        return self._inspector.inspect(candidate, context)


@hookimpl
def register_validators(register: Callable[[type[Validator]], None]) -> None:
    register(Hygiene)
