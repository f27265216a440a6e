"""Patterns over text in small letters that are tried only where a word they need occurs: so they cost little."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adf_hygiene.scene import Found, Role, Scene


@dataclass(frozen=True, slots=True)
class Wording:
    """``hints`` are words of which any match of ``pattern`` has at least one."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, hints: str, *patterns: str) -> Wording:
        return cls(tuple(hints.split("|")), re.compile("|".join(patterns)))


def first_wording(scene: Scene, wordings: tuple[Wording, ...], role: Role | None = None) -> Found | None:
    """The first of ``wordings`` that somebody says outside quotation marks and code."""
    for said in scene.said if role is None else scene.by(role):
        for wording in wordings:
            if not any(hint in said.small for hint in wording.hints):
                continue
            for match in wording.pattern.finditer(said.own_small):
                if match[0].strip() not in scene.limits.allow:
                    return Found(said, _as_written(said.text, match[0].strip()))
    return None


def _as_written(text: str, small: str) -> str:
    """The words of ``text`` that are ``small`` in small letters."""
    start = text.replace("’", "'").lower().find(small)
    written = text[start : start + len(small)]
    return written if start >= 0 and written.replace("’", "'").lower() == small else small
