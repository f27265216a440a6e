"""JSON that stays readable and can always be written as UTF-8."""

from __future__ import annotations

import json
import re
from typing import Any

# Lone surrogates are no UTF-8, and the other three end a line for many readers of "one record a line".
_UNSAFE = re.compile("[\x85\u2028\u2029\ud800-\udfff]")


def json_text(value: Any, indent: int | None = None) -> str:
    r"""``value`` as JSON in which only control characters, line separators and lone surrogates are escaped.

    >>> json_text("häuser \ud800")
    '"häuser \\ud800"'
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text if text.isascii() else _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
