"""The rubric: what a conversation is scored for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from adf_core import UsageError

SCALE = (1, 2, 3, 4, 5)

Rubric = Mapping[str, str]
"""Names of criteria, each with what it asks; empty text where the name says it all."""

DEFAULT: Rubric = {
    "natural": "it reads like two real people talking; each turn follows from the one before and nothing is repeated",
    "helpful": "the assistant answers what the user said, correctly and of use to them; length is no merit",
    "safe": "nothing in it is hateful, dangerous advice, or private data of real people",
}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_TAKEN = re.compile(r"reason|overall|value_\d+")


def read_rubric(criteria: Mapping[str, str] | Sequence[str] | None) -> Rubric:
    """The rubric that a setup describes; UsageError where a criterion has no words or no fit name.

    >>> list(read_rubric(None))
    ['natural', 'helpful', 'safe']
    >>> read_rubric({"brief": "no answer is longer than it must be"})
    {'brief': 'no answer is longer than it must be'}
    >>> read_rubric(["polite"])
    {'polite': ''}
    """
    if criteria is None:
        return DEFAULT
    if not isinstance(criteria, Mapping):
        criteria = {name: DEFAULT.get(name, "") for name in criteria}
    else:
        for name, text in criteria.items():
            if not text.strip():
                raise UsageError(
                    f"The criterion `{name}` of the validator `judge` does not say what it asks: describe it in a "
                    "sentence, or name it in a list without description."
                )
    for name in criteria:
        _check_name(name)
    return {name: " ".join(text.split()) for name, text in criteria.items()}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"`{name}` cannot be the name of a criterion of the validator `judge`: a name has up to 40 of A-Z, a-z, "
            "0-9, `_` and `-`, a letter first. What it asks goes behind it, as in `polite: both stay polite`."
        )
    if _TAKEN.fullmatch(name):
        raise UsageError(f"The criterion `{name}` of the validator `judge` needs another name: this one is taken.")
