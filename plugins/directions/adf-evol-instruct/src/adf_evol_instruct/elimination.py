"""The elimination step of Evol-Instruct (Xu et al. 2023, arXiv 2304.12244, section 3.2) as a validator.

The paper names four kinds of evolution that failed: the new instruction says no more than the old one; it is so hard
that the model apologises, in few words; the answer is nothing but stop words and punctuation; or words of the evolving
prompt have slipped into the text. The paper asks a model about the first; here words are compared, which costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from adf_core import Candidate, DirectionContext, ValidationContext, Validator, Verdict, option
from adf_evol_instruct.directions import DIRECTIONS, InBreadth
from adf_evol_instruct.words import ENGLISH_STOP_WORDS, phrase_pattern, runs, words

_OWN = {direction.name: direction() for direction in DIRECTIONS}

_REFUSALS = [
    *("sorry but I can't", "sorry but I cannot", "sorry I can't", "sorry I cannot"),
    *("sorry but I'm unable", "sorry but I am unable", "sorry but I'm not able", "sorry but I am not able"),
    *("can't assist", "cannot assist", "can't help with", "cannot help with", "unable to assist", "unable to help"),
    *("as an AI", "as a language model"),
]
# The words of the paper's prompts, which models know; the signs are how it marked their parts.
_COPIED = ["given prompt", "rewritten prompt", "created prompt", "#given", "#the given", "#rewritten", "#created"]
_TEXT = {"type": "string", "pattern": r"\S"}


@dataclass(kw_only=True, eq=False)
class Elimination(Validator):
    """Refuses evolutions that failed: nothing new, a refusal, an answer without matter, words of the prompt."""

    name: ClassVar[str] = "evol-elimination"
    every_direction: bool = option(
        False, help="judge conversations of all directions, seeds too, not only of those of this plugin"
    )
    new_words: int = option(
        3,
        help="how many different words, stop words aside, each side must say that the turns shown do not have; 0: any",
        minimum=0,
        maximum=1000,
    )
    overlap: float = option(
        0.8,
        help="in breadth: most share of the user's words, stop words aside, that the turns shown have too; 1: any",
        minimum=0,
        maximum=1,
    )
    refusal_words: int = option(
        80, help="an answer of fewer words that has one of `refusal_signs` is a refusal; 0: none is", minimum=0
    )
    refusal_signs: list[str] = option(
        _REFUSALS, help="phrases of a refusal; the paper's rule is [sorry]", items=_TEXT, uniqueItems=True
    )
    copied_phrases: list[str] = option(
        _COPIED, help="phrases of prompts that must not stand in a text", items=_TEXT, uniqueItems=True
    )
    copied_run: int | None = option(
        6, help="so many words in a row as in the direction's instruction are copied; null: any may be", minimum=4
    )
    stop_words: list[str] | None = option(
        None, help="words that carry no matter, in place of the English ones", items=_TEXT
    )
    _refusal: re.Pattern[str] | None = field(default=None, init=False, repr=False)
    _copied: re.Pattern[str] | None = field(default=None, init=False, repr=False)
    _stop_words: frozenset[str] = field(default=ENGLISH_STOP_WORDS, init=False, repr=False)

    def __post_init__(self) -> None:
        self._refusal = phrase_pattern(self.refusal_signs)
        self._copied = phrase_pattern(self.copied_phrases)
        if self.stop_words is not None:
            self._stop_words = frozenset(word for each in self.stop_words for word in words(each))

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        if not self.every_direction and candidate.direction not in _OWN:
            return Verdict.accept()
        said = tuple(_texts(candidate))
        verdict = (
            self._without_matter(said, context)
            or self._refused(said, context)
            or self._phrase_copied(said)
            or self._instruction_copied(said, candidate, context)
            or self._nothing_new(said, candidate, context)
        )
        return verdict or Verdict.accept()

    def _without_matter(self, said: Sequence[_Text], context: ValidationContext) -> Verdict | None:
        for answer in said:
            if answer.role == "assistant" and self._stop_words.issuperset(answer.words):
                return Verdict.reject(
                    f"no-matter: {answer.where} is nothing but stop words and punctuation",
                    f"{answer.where} said nothing of substance; "
                    f"every answer of the {context.assistant_role} must say something",
                )
        return None

    def _refused(self, said: Sequence[_Text], context: ValidationContext) -> Verdict | None:
        for answer in said:
            short = len(answer.words) < self.refusal_words
            if answer.role == "assistant" and short and (sign := _found(self._refusal, answer.text)):
                return Verdict.reject(
                    f"refusal: {answer.where} says `{sign}` and has only {len(answer.words)} words",
                    f"{answer.where} was a refusal; the {context.user_role} must ask "
                    f"what the {context.assistant_role} can answer, and get a full answer",
                )
        return None

    def _phrase_copied(self, said: Sequence[_Text]) -> Verdict | None:
        for each in said:
            if phrase := _found(self._copied, each.text):
                return Verdict.reject(
                    f"copied-words: `{phrase}` in {each.where} is from a prompt",
                    f"`{phrase}` must not stand in what is said",
                )
        return None

    def _instruction_copied(
        self, said: Sequence[_Text], candidate: Candidate, context: ValidationContext
    ) -> Verdict | None:
        direction = _OWN.get(candidate.direction)
        if direction is None or self.copied_run is None:
            return None
        instruction = words(direction.instruction(_context(candidate, context)))
        # A domain's own name may be long, and people may well say it.
        own = runs(instruction, self.copied_run) - runs(words(context.category), self.copied_run)
        for each in said:
            if copied := own & runs(each.words, self.copied_run):
                return Verdict.reject(
                    f"copied-words: `{' '.join(min(copied))}` in {each.where} is from the instruction of the direction",
                    "the words that describe the direction must not stand in what is said; do as they say instead",
                )
        return None

    def _nothing_new(self, said: Sequence[_Text], candidate: Candidate, context: ValidationContext) -> Verdict | None:
        if not candidate.shown:
            return None
        before = {word for turn in candidate.shown for text in (turn.user, turn.assistant) for word in words(text)}
        by_role = {"user": context.user_role, "assistant": context.assistant_role}
        for role, name in by_role.items():
            now = {word for each in said if each.role == role for word in each.words} - self._stop_words
            count = len(now - before)
            if count < self.new_words:
                some = f"only {count} new word{'s' * (count != 1)}" if count else "no new word"
                return Verdict.reject(
                    f"nothing-new: the {name} says {some} beside those shown (at least {self.new_words} wanted)",
                    f"what the {name} says must bring something that was not said before, and not repeat it",
                )
            share = 1 - count / max(len(now), 1)
            if role == "user" and candidate.direction == InBreadth.name and share > self.overlap:
                return Verdict.reject(
                    f"nothing-new: {share:.0%} of the words of the {name} are among those shown "
                    f"(at most {self.overlap:.0%} wanted)",
                    f"the {name} must come with a different matter, not with a variant of the one shown",
                )
        return None


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that was generated; ``where`` says which one it is."""

    role: Literal["user", "assistant"]
    where: str
    text: str
    words: Sequence[str]


def _texts(candidate: Candidate) -> Iterator[_Text]:
    for number, turn in enumerate(candidate.turns, 1):
        where = "" if candidate.type == "instruct" else f" of turn {number}"
        yield _Text("user", f"`user`{where}", turn.user, words(turn.user))
        yield _Text("assistant", f"`assistant`{where}", turn.assistant, words(turn.assistant))


def _found(pattern: re.Pattern[str] | None, text: str) -> str | None:
    """What the pattern finds first, on one line."""
    found = pattern.search(text) if pattern else None
    return " ".join(found[0].split()) if found else None


def _context(candidate: Candidate, context: ValidationContext) -> DirectionContext:
    """What the direction was given when the prompt was made."""
    return DirectionContext(
        stage=candidate.stage,
        type=candidate.type,
        category=context.category,
        user_role=context.user_role,
        assistant_role=context.assistant_role,
        diagram=context.diagram,
        scenario=candidate.scenario,
        prefix=candidate.shown,
        round=candidate.round,
    )
