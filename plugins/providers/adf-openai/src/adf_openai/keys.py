"""How the key is kept out of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

VARIABLE = "OPENAI_API_KEY"

_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|org|proj|sess)-[\w*.…-]*[\w*]"  # OpenAI's own prefixes, whole or masked
    r"|(?<![^\s'\"])[^\s'\"]*\*{3}[^\s'\"]*"  # whatever a server has masked; from a word's start, to stay linear
    r"|(?<=Bearer )\S+"
    r"|(?<=//)[^\s/@]+(?=@)"  # who logs in, in an address
)


_SHORTEST = 6
"""Characters of what is hidden of an address; shorter words are no secrets, and to hide them would spoil messages."""


def secrets_of(key: str, url: str) -> tuple[str, ...]:
    """What no message may quote, the longest first: the key, and who logs in and what a query says in the address."""
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    written = {user, password, *(pair.partition("=")[2] for pair in parts.query.split("&"))}
    secrets = {each for each in (*written, *map(unquote, written)) if len(each) >= _SHORTEST}
    return tuple(sorted((secrets | {key}) - {""}, key=len, reverse=True))


def without_key(text: str, secrets: Iterable[str]) -> str:
    """``text`` without these, and without whatever else looks like a key."""
    for secret in secrets:
        text = text.replace(secret, "(the key)")
    return _LIKE_A_KEY.sub("(a key)", text)
