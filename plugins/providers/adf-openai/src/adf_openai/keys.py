"""How the key is kept out of messages."""

from __future__ import annotations

import re

VARIABLE = "OPENAI_API_KEY"

_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|org|proj|sess)-[\w*.…-]*[\w*]"  # OpenAI's own prefixes, whole or masked
    r"|(?<![^\s'\"])[^\s'\"]*\*{3}[^\s'\"]*"  # whatever a server has masked; from a word's start, to stay linear
    r"|(?<=Bearer )\S+"
    r"|(?<=//)[^\s/@]+(?=@)"  # who logs in, in an address
)


def without_key(text: str, key: str) -> str:
    """``text`` without the key, and without whatever else looks like one."""
    if key:
        text = text.replace(key, "(the key)")
    return _LIKE_A_KEY.sub("(a key)", text)
