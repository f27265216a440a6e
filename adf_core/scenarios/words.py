"""A scenario in words, for a prompt."""

from __future__ import annotations

import hashlib

from adf_core.diagram import Factor, Range
from adf_core.scenarios.space import Scenario, Space

HEADING = "The situation:"

COUNTS = {"none": "is no", "one": "is one", "several": "are several"}


def in_words(space: Space, scenario: Scenario, seed: str) -> str:
    """The block that states a scenario, a line for each factor; empty where it states none.

    A value that is a part of a range is stated as one number, drawn from ``seed``, the key of the seed's slot, so that
    a family has one number.

    >>> from adf_core.diagram import Value
    >>> years = Factor("COUPLE.years", (Value("1..9", range=Range(1, 9)), Value("10..40", range=Range(10, 40))),
    ...                phrase="the COUPLE's years: {value}")
    >>> children = Factor("COUPLE-CHILD.count", (Value("none"), Value("several")),
    ...                   phrase="there {count} CHILD for the COUPLE")
    >>> print(in_words(Space((years, children)), {"COUPLE.years": "10..40", "COUPLE-CHILD.count": "several"}, "key"))
    The situation:
    - The COUPLE's years: 17.
    - There are several CHILD for the COUPLE.
    """
    lines = [f"- {sentence}" for sentence in sentences(space, scenario, seed).values()]
    return "\n".join([HEADING, *lines]) if lines else ""


def sentences(space: Space, scenario: Scenario, seed: str) -> dict[str, str]:
    """What :func:`in_words` says of each factor that the scenario states."""
    return {
        factor.name: _sentence(factor, scenario[factor.name], seed)
        for factor in space.factors
        if factor.name in scenario
    }


def _sentence(factor: Factor, text: str, seed: str) -> str:
    range_ = next((value.range for value in factor.values if value.text == text), None)
    said = text if range_ is None else draw(range_, f"{seed}:{factor.name}")
    sentence = factor.phrase.replace("{count}", COUNTS.get(text, text)).replace("{value}", said)
    if factor.description and "{count}" not in factor.phrase:
        sentence = f"{sentence} ({factor.description})"
    return f"{sentence[:1].upper()}{sentence[1:]}."


def draw(numbers: Range, key: str) -> str:
    """One of the numbers, each as probable, the same for the same key."""
    scale = 10**numbers.digits
    low, high = round(numbers.low * scale), round(numbers.high * scale)
    digest = int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big")
    return f"{(low + digest % (high - low + 1)) / scale:.{numbers.digits}f}"
