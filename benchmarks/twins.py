"""Made-up conversations of a service desk, and twins of them: the same with some words edited.

Half of what is said are stock sentences with other details each time, the other half is free, so that any two
conversations have something in common, as those have that a model made of one diagram.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from adf_core import Candidate, Turn

Words = list[str]
Lengths = tuple[int, int]
"""The fewest and the most words of a conversation."""

USUAL: Lengths = (60, 400)
SHORT: Lengths = (15, 40)
LEAST_EDITED, MOST_EDITED = 0.02, 0.10
_WORDS_A_TURN = 60
_ORIGINALS = 1000

_THINGS = """
account bicycle booking bracelet camera carpet chair contract cupboard delivery dishwasher document drawer
engine freezer garage guitar heater invoice jacket keyboard ladder lamp laptop licence mattress membership
mirror oven package parcel passport phone picture policy printer radio receipt recipe refund rental router
saddle scooter screen shelf sofa subscription suitcase table telescope tent ticket toaster tyre umbrella
vacuum wallet washer watch
"""
_KINDS = """
ancient blue broken cheap clean cracked damp dusty empty expensive faded fragile gentle green heavy hollow
huge leaking light loose narrow new noisy old painted plain quiet red rusty second-hand sharp silver slow
small soft spare sticky strange tall thin tiny tired used warm white wide wooden yellow
"""
_TIMES = (
    "yesterday evening",
    "last Monday",
    "two weeks ago",
    "this morning",
    "on Friday",
    "in March",
    "around noon",
    "a month ago",
    "on the weekend",
    "late at night",
    "three days ago",
    "on my birthday",
    "last summer",
    "before the holidays",
    "an hour ago",
    "on Tuesday afternoon",
)
_NAMES = """
Ada Amir Beatriz Chen Dmitri Elif Fatima Giulia Hana Ivan Jamal Kofi Lena Mateo Nadia Omar Priya Quentin Rosa
Sven Tariq Uma Vera Wei Ximena Yusuf Zoe Anders Bruno Carla Diego Esra Felix Greta Hugo Irina
"""
_STOCK = (
    "Hello, my name is {name} and I have a question about my {thing}.",
    "I bought a {kind} {thing} {time} and it does not work as it should.",
    "Thank you for your message, {name}, I am sorry to hear that.",
    "Could you tell me when exactly the {thing} stopped working?",
    "It happened {time}, right after my neighbour {name} had used it.",
    "Let us go through this step by step, so that we find what is wrong with the {thing}.",
    "First of all, please check whether the {thing} looks {kind} or {kind} on the inside.",
    "I have already tried that, but the {thing} is still {kind}.",
    "In that case we can send you another {thing}, free of charge.",
    "That would be great, because I need the {thing} {time} at the latest.",
    "Would you like to speak with my colleague {name}, who knows more about it?",
    "I understand how frustrating this is, and I will do my best to help you.",
    "Is there anything else that I can help you with today?",
    "No, that was all, thank you very much for your help.",
    "How much would it cost to have the {kind} {thing} repaired?",
    "The repair costs {number} euros, and it takes {number} days until the {thing} is ready.",
    "My order has the number {number}, and it was placed {time}.",
    "I can see here that the {thing} was sent {time} to {name}.",
    "Please keep the {kind} {thing} in a dry place until somebody comes to fetch it.",
    "What would you advise me to do with the {kind} {thing} in the meantime?",
)
_DETAIL = re.compile(r"{(\w+)}")
_DETAILS = {
    "thing": _THINGS.split(),
    "kind": _KINDS.split(),
    "time": _TIMES,
    "name": _NAMES.split(),
    "number": [str(number) for number in range(2, 10_000)],
}
_LITTLE = """
the a of and to in is you that it he was for on are with as his they at be this have from or one had by but
not what all were we when your can said there use an each which she do how their if will up other about out
many then
"""


def _vocabulary(random: Random, size: int) -> list[str]:
    """Invented words, the short ones first."""
    syllables = [
        first + vowel + last for first in "bdfghklmnprstvw" for vowel in "aeiou" for last in ("", "n", "r", "s")
    ]
    return sorted(
        {"".join(random.choices(syllables, k=random.randint(2, 4))) for _ in range(size)},
        key=lambda word: (len(word), word),
    )


_FREE = _LITTLE.split() + _vocabulary(Random(0), 4000)
_WEIGHTS = list(accumulate(1 / (rank + 5) for rank in range(len(_FREE))))
"""Zipf's law: the hundredth word is a tenth as frequent as the tenth one, or about that."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A record, and the key of the one that it is a twin of."""

    candidate: Candidate
    original: str | None


def planted(count: int, twins: int, lengths: Lengths, seed: int = 0) -> Iterator[Planted]:
    """So many records, of which ``twins`` are edited copies, each of another one of the 1,000 before it."""
    random = Random(seed)
    twin_places = set(random.sample(range(1, count), twins))
    waiting: list[tuple[str, list[Words]]] = []
    for number in range(count):
        key = f"{random.getrandbits(128):032x}"
        if number in twin_places and waiting:
            original, parts = waiting.pop(random.randrange(len(waiting)))
            share = random.uniform(LEAST_EDITED, MOST_EDITED)
            yield Planted(_candidate(key, edited(parts, share, random)), original)
        else:
            parts = conversation(lengths, random)
            waiting.append((key, parts))
            del waiting[:-_ORIGINALS]
            yield Planted(_candidate(key, parts), None)


def conversation(lengths: Lengths, random: Random) -> list[Words]:
    """The words of what user and assistant say in turn."""
    length = random.randint(*lengths)
    turns = max(1, round(length / _WORDS_A_TURN))
    size = length / (2 * turns)
    return [_said(size, random) for _ in range(2 * turns)]


def _said(size: float, random: Random) -> Words:
    words: Words = []
    while len(words) < size:
        words += _stock(random) if random.random() < 0.5 else _free(random)
    return words[: max(3, round(size))]


def _stock(random: Random) -> Words:
    return _DETAIL.sub(lambda found: random.choice(_DETAILS[found[1]]), random.choice(_STOCK)).split()


def _free(random: Random) -> Words:
    first, *rest = random.choices(_FREE, cum_weights=_WEIGHTS, k=random.randint(6, 18))
    return [first.capitalize(), *rest[:-1], f"{rest[-1]}."]


def edited(parts: Sequence[Words], share: float, random: Random) -> list[Words]:
    """A copy in which that share of the words was replaced, dropped, doubled by a new one or swapped with the next."""
    copy = [list(part) for part in parts]
    places = [(part, place) for part, words in enumerate(parts) for place in range(len(words))]
    chosen = random.sample(places, max(1, round(share * len(places))))
    for part, place in sorted(chosen, reverse=True):  # from the end, so that earlier places stay where they are
        words, new = copy[part], random.choices(_FREE, cum_weights=_WEIGHTS)[0]
        match random.choice(("replace", "drop", "insert", "swap")):
            case "replace":
                words[place] = new
            case "drop" if len(words) > 1:
                del words[place]
            case "swap" if place + 1 < len(words):
                words[place : place + 2] = words[place + 1], words[place]
            case _:
                words.insert(place, new)
    return copy


def _candidate(key: str, parts: Sequence[Words]) -> Candidate:
    said = [" ".join(words) for words in parts]
    turns = tuple(Turn(user, assistant) for user, assistant in zip(said[::2], said[1::2], strict=True))
    return Candidate(
        key=key,
        stage="seed",
        type="conversation",
        category="desk",
        direction="plain",
        seed=key,
        turns=turns,
        provider="none",
        model="none",
    )
