"""The same thing again: turns that repeat earlier ones, and texts that go round in circles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from adf_hygiene.scene import Found, Said, Scene, words

_FEWEST_WORDS = 5
"""Shorter texts ("Yes, please.") may be said as often as one likes."""

_FEWEST_WORDS_OF_NEAR = 12
"""Below, only an exact repetition counts: "How do you say bread in Turkish?" differs in one word from its sister."""

_LONGEST_PERIOD = 40
_FEWEST_TURNS = 3  # of a phrase that goes round
_LOOP_WORDS = 12  # of all its rounds together
_SINGLE_WORDS = 8  # of one word alone: people say "no, no, no"
_SENTENCES = 4  # of the same kind, wherever they stand
_SENTENCE_WORDS = 4
_CHARACTERS = re.compile(
    r"([^\W\d_xX])\1{9,}|(\d)\2{24,}|([!?,;:…。、\uff01\uff1f\uff0c])\3{9,}"
    r"|([^\w\s\-=_*~#.+|<>/\\])\4{14,}"
)
_NUMBERING = re.compile(r"^[ \t]*\d{1,3}[.)]\s", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?。\uff01\uff1f\n]+\s*")


def same(one: Sequence[str], other: Sequence[str], sameness: float) -> bool:
    """Whether two texts are the same but for a share of ``1 - sameness`` of their words.

    Short ones must be exactly the same.
    """
    if one == other:
        return True
    shorter, longer = sorted((len(one), len(other)))
    if shorter < _FEWEST_WORDS_OF_NEAR or 2 * shorter < sameness * (shorter + longer):
        return False
    common = (Counter(one) & Counter(other)).total()
    return 2 * common >= sameness * (shorter + longer)


def repeated_turn(scene: Scene) -> Found | None:
    earlier = [*scene.shown]
    for said in scene.said:
        if len(said.words) >= _FEWEST_WORDS:
            for each in earlier:
                if each.role == said.role and same(each.words, said.words, scene.limits.sameness):
                    return Found(said, said.text)
        earlier.append(said)
    return None


def loop(scene: Scene) -> Found | None:
    for said in scene.said:
        if match := _CHARACTERS.search(said.text):
            return Found(said, match[0])
        if phrase := _phrase(_unnumbered(said)) or _sentence(said):
            return Found(said, phrase)
    return None


def _unnumbered(said: Said) -> list[str]:
    """The words without the numbers of a list, which make no item another."""
    return words(_NUMBERING.sub("", said.small)) if "\n" in said.text else said.words


def _phrase(said: list[str]) -> str | None:
    """A phrase that follows itself at once, again and again."""
    trigrams = len(said) - 2
    if trigrams - len(set(zip(said, said[1:], said[2:], strict=False))) < min(_LOOP_WORDS, _SINGLE_WORDS) - 3:
        return None
    for period in range(1, min(_LONGEST_PERIOD, len(said) // _FEWEST_TURNS) + 1):
        needed = _SINGLE_WORDS if period == 1 else max(_LOOP_WORDS, _FEWEST_TURNS * period)
        run = period
        for place in range(period, len(said)):
            if said[place] != said[place - period]:
                run = period
                continue
            run += 1
            if run >= needed:
                phrase = said[place - period + 1 : place + 1]
                if not all(word.isdigit() for word in phrase):
                    return " ".join(phrase)
    return None


def _sentence(said: Said) -> str | None:
    """A sentence that is said several times, with others between."""
    if len(said.words) < _SENTENCES * _SENTENCE_WORDS:
        return None
    counted = Counter(_SENTENCE_END.split(said.small))
    sentence, times = counted.most_common(1)[0]
    return sentence if times >= _SENTENCES and len(sentence.split()) >= _SENTENCE_WORDS else None
