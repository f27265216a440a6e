"""Halves of characters, which UTF-8 has no form for."""

from __future__ import annotations

import re
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")


def mended(value: Any) -> Any:
    r"""``value`` with U+FFFD in place of every lone surrogate, in lists and mappings too.

    >>> mended(["so \ud800", {"so": 1}]) == ["so \ufffd", {"so": 1}]
    True
    """
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [mended(each) for each in value]
    if isinstance(value, dict):
        return {key: mended(each) for key, each in value.items()}
    return value
