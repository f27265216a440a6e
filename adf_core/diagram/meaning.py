"""What a diagram means: facts, factors with their values, what is free, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from adf_core.diagram.model import Position
from adf_core.errors import Complaint


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high``, both included, with ``digits`` after the point (0: whole numbers)."""

    low: float
    high: float
    digits: int = 0

    def __str__(self) -> str:
        return f"{self.low:.{self.digits}f}..{self.high:.{self.digits}f}"

    def cut(self, count: int) -> tuple[Range, ...]:
        """``count`` ranges of about the same width that together are this one; fewer, where it has fewer numbers.

        >>> [str(part) for part in Range(1, 40).cut(3)]
        ['1..13', '14..26', '27..40']
        >>> [str(part) for part in Range(0, 1).cut(3)]
        ['0..0', '1..1']
        >>> [str(part) for part in Range(0.5, 2, digits=1).cut(3)]
        ['0.5..0.9', '1.0..1.4', '1.5..2.0']
        """
        scale = 10**self.digits
        low, high = round(self.low * scale), round(self.high * scale)
        count = min(count, high - low + 1)
        ends = [low + (high - low + 1) * part // count for part in range(count + 1)]
        return tuple(
            Range(start / scale, (end - 1) / scale, self.digits) if self.digits else Range(start, end - 1)
            for start, end in pairwise(ends)
        )


@dataclass(frozen=True, slots=True)
class Value:
    """One choice for a factor.

    ``weight`` says how often it is wanted beside the others. Where the choice is a part of a range, ``range`` has the
    numbers of which one is drawn.
    """

    text: str
    weight: float = 1.0
    range: Range | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that may vary, with its values, two at least.

    ``description`` is what was said of it, or empty. ``phrase`` says it in a sentence, in which ``{value}`` stands for
    the value, ``{count}`` for one that is a count (none, one, several).
    """

    name: str
    values: tuple[Value, ...]
    description: str = ""
    phrase: str = field(default="", compare=False)
    position: Position | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        values = [{"value": value.text, "weight": value.weight} for value in self.values]
        return {"kind": "factor", "name": self.name, "values": values, "description": self.description}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is always so: ``name`` is ``value``."""

    name: str
    value: str
    position: Position = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "fact", "name": self.name, "value": self.value}


@dataclass(frozen=True, slots=True)
class Free:
    """An attribute that the model invents. ``description`` is its comment, or empty."""

    name: str
    type: str
    description: str
    position: Position = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "free", "name": self.name, "type": self.type, "description": self.description}


@dataclass(frozen=True, slots=True)
class Note:
    """A comment that is neither fact nor factor. ``name`` is what it stands at, empty for the diagram as a whole."""

    name: str
    text: str
    position: Position = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "note", "name": self.name, "text": self.text}


Reading = Fact | Factor | Free | Note


@dataclass(frozen=True, slots=True)
class Subject:
    """An entity or a relationship, with all that was read of it. ``words`` say a relationship as a sentence."""

    name: str
    words: str
    readings: tuple[Reading, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            **({"words": self.words} if self.words else {}),
            "readings": [reading.to_dict() for reading in self.readings],
        }


@dataclass(frozen=True, slots=True)
class Meaning:
    """All readings of a diagram, in its order. No two facts, factors or free attributes have one name.

    ``warnings`` say what was probably meant otherwise than it is read.
    """

    entities: tuple[Subject, ...]
    relationships: tuple[Subject, ...]
    notes: tuple[Note, ...]
    warnings: tuple[Complaint, ...] = field(compare=False)

    def _readings(self) -> Iterator[Reading]:
        for subject in (*self.entities, *self.relationships):
            yield from subject.readings

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(reading for reading in self._readings() if isinstance(reading, Fact))

    @property
    def factors(self) -> tuple[Factor, ...]:
        return tuple(reading for reading in self._readings() if isinstance(reading, Factor))

    @property
    def free(self) -> tuple[Free, ...]:
        return tuple(reading for reading in self._readings() if isinstance(reading, Free))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON without places; warnings are strings."""
        return {
            "entities": [subject.to_dict() for subject in self.entities],
            "relationships": [subject.to_dict() for subject in self.relationships],
            "notes": [note.text for note in self.notes],
            "warnings": [str(warning) for warning in self.warnings],
        }
