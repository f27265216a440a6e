"""What every rule finds in a conversation, after what can be repaired was repaired."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from adf_core import Candidate, UsageError, ValidationContext
from adf_hygiene.language import language, load
from adf_hygiene.names import Names, names_of
from adf_hygiene.repair import repaired
from adf_hygiene.rules import LANGUAGE_ADVICE, RULES
from adf_hygiene.scene import Found, Limits, Role, Scene, texts
from adf_hygiene.speakers import Speakers, speakers

_LONGEST_SHOWN = 80  # characters of what was found


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule saw: in which turn (from 1), whose text, and the words."""

    rule: str
    turn: int
    role: Role
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.rule}: turn {self.turn}, {self.role}: “{self.what}”"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A candidate as far as it could be repaired, what was repaired, and what remains: the first find of each rule."""

    candidate: Candidate
    repaired: tuple[Finding, ...]
    found: tuple[Finding, ...]


class Inspector:
    """Looks at candidates by the rules that are on."""

    def __init__(self, on: Collection[str], limits: Limits, languages: Collection[str], *, repair: bool) -> None:
        """``languages`` are ISO 639-1 codes of those that are allowed, none for all. UsageError for an unknown one."""
        self._on = frozenset(on)
        self._limits = limits
        self._repair = repair
        self._languages = frozenset(languages)
        self._known: dict[tuple[str, str, str], tuple[Names, Speakers]] = {}
        self._classifier = None
        if self._languages:
            self._classifier = load()
            known = set(self._classifier.labels)
            if unknown := sorted(self._languages - known):
                raise UsageError(
                    f"hygiene: the option `language` names `{unknown[0]}`, which is no language code known here; "
                    f"use one of {', '.join(sorted(known))}."
                )

    def inspect(self, candidate: Candidate, context: ValidationContext) -> Inspection:
        """What every rule that is on finds in a candidate, after the repair."""
        names, both = self._of_project(context)
        mended: list[tuple[str, Found]] = []
        if self._repair:
            candidate, mended = repaired(candidate, both, self._on)
        scene = Scene(
            said=texts(candidate.turns),
            shown=texts(candidate.shown),
            delimiter=context.delimiter,
            names=names,
            speakers=both,
            limits=self._limits,
        )
        found = [(rule, seen) for rule in RULES if rule in self._on and (seen := RULES[rule].look(scene))]
        if self._classifier is not None and (seen := language(scene, self._classifier, self._languages)):
            found.append(("language", seen))
        return Inspection(
            candidate,
            tuple(self._finding(rule, seen) for rule, seen in mended),
            tuple(self._finding(rule, seen) for rule, seen in found),
        )

    def _of_project(self, context: ValidationContext) -> tuple[Names, Speakers]:
        """What is the same for all candidates of a project, made once."""
        key = (context.diagram, context.user_role, context.assistant_role)
        if key not in self._known:
            self._known[key] = (names_of(context.diagram), speakers(context.user_role, context.assistant_role))
        return self._known[key]

    def _finding(self, rule: str, found: Found) -> Finding:
        what = _shown(found.what)
        if rule == "language":
            advice = LANGUAGE_ADVICE.format(wanted=" or ".join(f"`{code}`" for code in sorted(self._languages)))
        else:
            advice = RULES[rule].advice.format(what=what)
        return Finding(rule, found.said.turn, found.said.role, what, advice)


def _shown(text: str) -> str:
    """Words that a model wrote: on one line, shortened, without anything a terminal or a database could trip over."""
    line = " ".join(text.split())
    short = line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in short)
