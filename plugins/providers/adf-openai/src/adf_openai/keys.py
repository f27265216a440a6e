"""Where the key comes from, and how it is kept out of messages."""

from __future__ import annotations

import os
import re
from pathlib import Path

from adf_core import UsageError

VARIABLE = "OPENAI_API_KEY"

_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|org|proj|sess)-[\w*.…-]*[\w*]"  # OpenAI's own prefixes, whole or masked
    r"|(?<![^\s'\"])[^\s'\"]*\*{3}[^\s'\"]*"  # whatever a server has masked; from a word's start, to stay linear
    r"|(?<=Bearer )\S+"
)


def find_key(provider: str, given: str | None, file: str | None) -> str:
    """The key: as ``given``, else from ``file``, else from the environment; empty where there is none.

    UsageError where the file cannot be read or holds no key, or the key has characters that no key has.
    """
    key = (given or (_read(provider, Path(file).expanduser()) if file else os.environ.get(VARIABLE, ""))).strip()
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"The key for the provider `{provider}` has characters that no key has; copy it again, alone on one line."
        )
    return key


def _read(provider: str, path: Path) -> str:
    place = f"The key file {path} of the provider `{provider}`"
    try:
        key = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{place} cannot be read ({error.strerror}); check `api_key_file`.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{place} is not text; check `api_key_file`.") from None
    if not key.strip():
        raise UsageError(f"{place} is empty; put the key into it.")
    return key


def without_key(text: str, key: str) -> str:
    """``text`` without the key, and without whatever else looks like one."""
    if key:
        text = text.replace(key, "(the key)")
    return _LIKE_A_KEY.sub("(a key)", text)
