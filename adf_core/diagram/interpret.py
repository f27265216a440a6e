"""A diagram → its meaning: what is always so, what may vary and between which values, and what is free."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from adf_core.diagram.data_types import is_data_type, is_fractional
from adf_core.diagram.meaning import Fact, Factor, Free, Meaning, Note, Range, Reading, Subject, Value
from adf_core.diagram.model import Attribute, Cardinality, Comment, Diagram, Entity, Position, Relationship
from adf_core.errors import Complaint

BUCKETS = 3
"""How many values a range has."""

COUNTS: dict[Cardinality, tuple[str, ...]] = {
    "zero_or_one": ("none", "one"),
    "one_or_more": ("one", "several"),
    "zero_or_more": ("none", "one", "several"),
    "only_one": ("one",),
    "parent": ("one",),
}
WORDS: dict[Cardinality, str] = {
    "zero_or_one": "zero or one",
    "one_or_more": "one or more",
    "zero_or_more": "zero or more",
    "only_one": "one",
    "parent": "one parent",
}

_RANGE = re.compile(r"(-?\d{1,15}(?:\.\d{1,9})?)\s*\.\.\s*(-?\d{1,15}(?:\.\d{1,9})?)", re.ASCII)
_WEIGHTED = re.compile(r"(.*\S)\s*:\s*(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)
_NAMED = re.compile(r"([^:|]*\S)\s*:\s+(\S.*)")


def interpret(diagram: Diagram, buckets: int = BUCKETS) -> Meaning:
    """What a diagram says beyond its picture. A pure function; ranges are cut into ``buckets`` values.

    An attribute without type, key and comment is a fact, one with a list of values or a range is a factor, any other
    is free:

    >>> from adf_core.diagram import parse
    >>> meaning = interpret(parse('''erDiagram
    ...     COUNSELEE {
    ...         sex male
    ...         string mood "how they feel: calm:3 | anxious | angry"
    ...         int years_married "1..40"
    ...         string name "free"
    ...     }
    ...     COUNSELOR }o--|{ COUNSELEE : "provides counseling to"
    ...     %% Topic: marriage guidance
    ...     %% Frequency: weekly | monthly
    ... '''))
    >>> [(fact.name, fact.value) for fact in meaning.facts]
    [('COUNSELEE.sex', 'male'), ('COUNSELOR-COUNSELEE.Topic', 'marriage guidance')]
    >>> for factor in meaning.factors:
    ...     print(factor.name, [value.text for value in factor.values])
    COUNSELEE.mood ['calm', 'anxious', 'angry']
    COUNSELEE.years_married ['1..13', '14..26', '27..40']
    COUNSELOR-COUNSELEE.count ['one', 'several']
    COUNSELEE-COUNSELOR.count ['none', 'one', 'several']
    COUNSELOR-COUNSELEE.Frequency ['weekly', 'monthly']
    >>> meaning.factors[0].description, [value.weight for value in meaning.factors[0].values]
    ('how they feel', [3.0, 1.0, 1.0])
    >>> [(free.name, free.type) for free in meaning.free]
    [('COUNSELEE.name', 'string')]

    A relationship's cardinalities are factors where they leave a choice: ``COUNSELOR-COUNSELEE.count`` is how many
    COUNSELEE one COUNSELOR has. In words:

    >>> [relationship.words for relationship in meaning.relationships]
    ['zero or more COUNSELOR provides counseling to one or more COUNSELEE']
    """
    return _Reader(buckets).meaning(diagram)


class _Reader:
    """One reading of one diagram: names that are taken, and warnings, on the way."""

    def __init__(self, buckets: int) -> None:
        self.buckets = buckets
        self.warnings: list[Complaint] = []
        self.taken: Counter[str] = Counter()

    def meaning(self, diagram: Diagram) -> Meaning:
        return Meaning(
            tuple(self._entity(entity) for entity in diagram.entities),
            tuple(map(self._relationship, diagram.relationships, _names(diagram.relationships))),
            tuple(self._notes("", diagram.comments)),
            tuple(self.warnings),
        )

    def _entity(self, entity: Entity) -> Subject:
        readings: list[Reading] = list(self._notes(entity.name, entity.comments))
        for attribute in entity.attributes:
            name = self._unique(f"{entity.name}.{_attribute_name(attribute)}")
            readings.append(self._attribute(name, attribute, entity))
            readings += self._notes(name, attribute.comments)
        return Subject(entity.name, "", tuple(readings))

    def _attribute(self, name: str, attribute: Attribute, entity: Entity) -> Reading:
        place = attribute.position
        phrase = f"the {entity.name}'s {attribute.name.replace('_', ' ')}: {{value}}"
        if _is_fact(attribute):
            return Fact(name, attribute.name, place)
        comment = (attribute.comment or "").strip()
        first, bar, more = comment.partition("|")
        description, _, first = first.rpartition(": ")
        if bar:
            return self._choice(name, f"{first}|{more}", description.strip(), phrase, place)
        if match := _RANGE.fullmatch(first.strip()):
            return self._factor(name, self._range(name, match, attribute), description.strip(), phrase, place)
        return Free(name, attribute.type, "" if comment == "free" else comment, place)

    def _choice(self, name: str, text: str, description: str, phrase: str, place: Position) -> Fact | Factor:
        """``calm:3 | anxious | angry``."""
        weights: dict[str, float] = {}
        for part in map(str.strip, text.split("|")):
            match = _WEIGHTED.fullmatch(part)
            value, weight = (match[1], float(match[2])) if match else (part, 1.0)
            if not value:
                self._warn(place, f"a value of `{name}` is empty: it is left out")
            elif value in weights:
                self._warn(place, f"`{name}` has the value `{value}` twice: the first one counts")
            elif weight == 0:
                self._warn(place, f"the value `{value}` of `{name}` has the weight 0: it is left out")
            else:
                weights[value] = weight
        values = tuple(Value(value, weight) for value, weight in weights.items())
        return self._factor(name, values, description, phrase, place)

    def _range(self, name: str, match: re.Match[str], attribute: Attribute) -> tuple[Value, ...]:
        """``1..40``."""
        digits = max(len(number.partition(".")[2]) for number in match.groups())
        if is_fractional(attribute.type):
            digits = max(digits, 1)
        low, high = (float(number) if digits else int(number) for number in match.groups())
        if low > high:
            low, high = high, low
            self._warn(attribute.position, f"the range of `{name}` goes down: it is read as {Range(low, high, digits)}")
        return tuple(Value(str(part), range=part) for part in Range(low, high, digits).cut(self.buckets))

    def _factor(
        self, name: str, values: tuple[Value, ...], description: str, phrase: str, place: Position
    ) -> Fact | Factor:
        if len(values) > 1:
            return Factor(name, values, description, phrase, place)
        return Fact(name, values[0].text if values else "", place)

    def _relationship(self, relationship: Relationship, name: str) -> Subject:
        left, right, place = relationship.left, relationship.right, relationship.position
        ends = (
            (name, left, right, relationship.right_cardinality),
            (_reversed(relationship, name), right, left, relationship.left_cardinality),
        )
        readings: list[Reading] = []
        for end, one, many, cardinality in ends:
            values = tuple(map(Value, COUNTS[cardinality]))
            if len(values) > 1:
                description = f"how many {many} one {one} has"
                phrase = f"there {{count}} {many} for the {one}"
                readings.append(Factor(self._unique(f"{end}.count"), values, description, phrase, place))
        ends_words = f"{left} and {right}"
        readings += [self._relationship_comment(name, ends_words, comment) for comment in relationship.comments]
        label = relationship.label.strip() or "is related to"
        left_words, right_words = WORDS[relationship.left_cardinality], WORDS[relationship.right_cardinality]
        return Subject(name, f"{left_words} {left} {label} {right_words} {right}", tuple(readings))

    def _relationship_comment(self, subject: str, ends: str, comment: Comment) -> Fact | Factor | Note:
        match = _NAMED.fullmatch(comment.text)
        if match is None:
            return Note(subject, comment.text, comment.position)
        name = self._unique(f"{subject}.{match[1]}")
        if "|" in match[2]:
            phrase = f"between {ends}, {match[1]}: {{value}}"
            return self._choice(name, match[2], "", phrase, comment.position)
        return Fact(name, match[2], comment.position)

    def _notes(self, subject: str, comments: Iterable[Comment]) -> list[Note]:
        for comment in comments:
            match = _NAMED.fullmatch(comment.text)
            if match and "|" in match[2]:
                message = f"`{comment.text}` looks like a list of values and is read as a mere note"
                hint = f'in an entity write an attribute, `string {_identifier(match[1])} "{match[2]}"`'
                self._warn(comment.position, message, f"{hint}; only a relationship can have it in a comment")
        return [Note(subject, comment.text, comment.position) for comment in comments]

    def _unique(self, name: str) -> str:
        """The name, numbered where it is taken."""
        self.taken[name] += 1
        return name if self.taken[name] == 1 else self._unique(f"{name}#{self.taken[name]}")

    def _warn(self, place: Position, message: str, hint: str | None = None) -> None:
        self.warnings.append(Complaint(message, None, place.line, place.column, hint))


def _is_fact(attribute: Attribute) -> bool:
    """``sex male``: no key, no comment, and no data type before the name."""
    kind, name = attribute.type, attribute.name
    return not (
        attribute.keys
        or attribute.comment is not None
        or is_data_type(kind)
        or any(character in "([~?" or character.isupper() for character in kind)
        or name.startswith("_")
    )


def _attribute_name(attribute: Attribute) -> str:
    return attribute.type if _is_fact(attribute) else attribute.name


def _names(relationships: Sequence[Relationship]) -> list[str]:
    """``LEFT-RIGHT``, with the label in brackets where several relationships have the same two ends."""
    pairs = Counter(f"{one.left}-{one.right}" for one in relationships)
    names = [f"{one.left}-{one.right}" for one in relationships]
    return [f"{name}[{one.label}]" if pairs[name] > 1 else name for name, one in zip(names, relationships, strict=True)]


def _reversed(relationship: Relationship, name: str) -> str:
    pair = f"{relationship.left}-{relationship.right}"
    return f"{relationship.right}-{relationship.left}{name.removeprefix(pair)}"


def _identifier(words: str) -> str:
    return re.sub(r"\W+", "_", words).strip("_").lower()
