"""What rules look at: the generated turns, each text prepared once, and what the project says about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from adf_core import Conversation
from adf_hygiene.names import Names
from adf_hygiene.speakers import Speakers

Role = Literal["user", "assistant"]

_FENCED = re.compile(r"(?<![`~])(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:\1|\Z)", re.DOTALL)
_INLINE = re.compile(r"(?<!`)(`++)[^`].{0,2000}?(?<!`)\1(?!`)", re.DOTALL)
_QUOTED = re.compile(r'"[^"\n]{1,300}"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|„[^“”\n]{1,300}[“”]|「[^」\n]{1,300}」')
# Chinese and Japanese put no blanks between words, so each of their letters counts as one.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:'[^\W_]+)*")


@dataclass(eq=False)
class Said:
    """One text of one turn. ``turn`` counts from 1."""

    turn: int
    role: Role
    text: str

    @cached_property
    def small(self) -> str:
        """In small letters, with straight apostrophes."""
        return self.text.replace("’", "'").lower()

    @cached_property
    def prose(self) -> str:
        """Without code, fenced or inline."""
        if "`" not in self.text and "~~~" not in self.text:
            return self.text
        return _INLINE.sub(" ", _FENCED.sub("\n", self.text))

    @cached_property
    def own(self) -> str:
        """The prose without what stands between quotation marks."""
        return _QUOTED.sub(" ", self.prose)

    @cached_property
    def own_small(self) -> str:
        """The same in small letters, with straight apostrophes."""
        return self.own.replace("’", "'").lower()

    @cached_property
    def words(self) -> list[str]:
        return words(self.small)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule saw, and where."""

    said: Said
    what: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The numbers and words that rules are configured with."""

    shortest_user: int = 1
    shortest_assistant: int = 2
    longest_user: int = 600
    longest_assistant: int = 1500
    sameness: float = 0.85
    allow: frozenset[str] = frozenset()


@dataclass(eq=False, kw_only=True)
class Scene:
    """A candidate as rules see it. ``shown`` are the turns of its parent, which the model had before it."""

    said: list[Said]
    shown: list[Said] = field(default_factory=list)
    delimiter: str
    names: Names
    speakers: Speakers
    limits: Limits = field(default_factory=Limits)

    def by(self, role: Role) -> Iterator[Said]:
        return (said for said in self.said if said.role == role)

    def first(self, pattern: re.Pattern[str], part: str = "text", role: Role | None = None) -> Found | None:
        """The first place in that ``part`` of a text where ``pattern`` is found and what it finds is not allowed."""
        for said in self.said:
            if role is not None and said.role != role:
                continue
            for match in pattern.finditer(getattr(said, part)):
                if match[0].strip().casefold() not in self.limits.allow:
                    return Found(said, match[0].strip())
        return None

    @cached_property
    def code(self) -> str:
        """All code of the turns and of what was shown, inline or fenced."""
        return "\n".join(
            match[0]
            for said in (*self.shown, *self.said)
            if "`" in said.text or "~~~" in said.text
            for pattern in (_FENCED, _INLINE)
            for match in pattern.finditer(said.text)
        )


def words(small: str) -> list[str]:
    """The words of a text in small letters; each Chinese or Japanese letter is one."""
    return _WORD.findall(small)


def texts(turns: Conversation) -> list[Said]:
    """The texts of ``turns`` in the order in which they are said."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return [Said(number, role, getattr(turn, role)) for number, turn in enumerate(turns, 1) for role in roles]
