"""The names of a diagram in forms that nobody would write in a talk: ``LOAN_BICYCLE``, ``TripBooking``, ``due_on``.

Names that are also plain words (``Customer``, ``mood``) are left alone, and so are hyphenated small letters
(``check-in``), which are English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adf_core.diagram import Diagram, DiagramError, parse

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CAMEL = re.compile(r"[A-Za-z]*[a-z][A-Z][A-Za-z0-9]*")
_LEAST_LETTERS = 4  # of a single word in capitals; shorter ones are mostly abbreviations that people say: ATM, API


@dataclass(frozen=True, slots=True)
class Names:
    """What to look for; a pattern is None where the diagram has no name of that kind.

    ``capitals`` finds names that are single words in capitals, which a person may also shout. ``draws_diagrams`` says
    that the domain itself speaks of diagrams.
    """

    entities: re.Pattern[str] | None = None
    capitals: re.Pattern[str] | None = None
    attributes: re.Pattern[str] | None = None
    draws_diagrams: bool = False


def names_of(text: str) -> Names:
    """The names in a diagram; none where Mermaid would refuse it."""
    try:
        diagram = parse(text)
    except DiagramError:
        return Names()
    entities = {form for entity in diagram.entities for form in _forms(entity.name)}
    return Names(
        _whole(entities),
        _whole(entity.name for entity in diagram.entities if entity.name.isupper() and _one_word(entity.name)),
        _whole(_identifiers(diagram)),
        "diagram" in text.removeprefix("erDiagram").replace("erDiagram\n", "").lower(),
    )


def _one_word(name: str) -> bool:
    return name.isalpha() and len(name) >= _LEAST_LETTERS


def parts(name: str) -> list[str]:
    """The words of a name.

    >>> parts("LOAN_BICYCLE"), parts("FamilyDoctor")
    (['LOAN', 'BICYCLE'], ['Family', 'Doctor'])
    """
    return [part for piece in re.split(r"[\W_]+", name) for part in _HUMP.split(piece) if part]


def _forms(name: str) -> set[str]:
    """Patterns for the ways in which models copy the name of several words."""
    words = parts(name)
    if len(words) < 2:
        return set()
    small = [re.escape(word.lower()) for word in words]
    capitals = [re.escape(word.upper()) for word in words]
    return {
        f"(?i:{'_'.join(small)})",
        "[-_ ]?".join(capitals),
        "".join(re.escape(word.capitalize()) for word in words),
        *([re.escape(name)] if not name.islower() and " " not in name else ()),
    }


def _identifiers(diagram: Diagram) -> set[str]:
    written = {word for entity in diagram.entities for each in entity.attributes for word in (each.name, each.type)}
    written |= {relationship.label for relationship in diagram.relationships}
    found = set()
    for word in written:
        if re.fullmatch(r"\w+", word) and ("_" in word.strip("_") or _CAMEL.fullmatch(word)):
            first, *rest = (part.lower() for part in parts(word))
            found.add(f"(?i:{re.escape('_'.join((first, *rest)))})")
            found.add(re.escape(first + "".join(part.capitalize() for part in rest)))
            found.add(re.escape(word))
    return found


def _whole(patterns: Iterable[str]) -> re.Pattern[str] | None:
    alternatives = sorted(patterns, key=lambda each: (-len(each), each))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(alternatives)})(?![\w-])") if alternatives else None
