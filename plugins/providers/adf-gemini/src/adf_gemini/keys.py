"""Where the key comes from. It is kept out of messages, logs and files."""

from __future__ import annotations

import os
from pathlib import Path

from adf_core import UsageError


def find_key(provider: str, given: str | None, file: str | None) -> str:
    """The key: as ``given``, else from ``file``, else from the environment; UsageError where there is no usable one."""
    if given:
        key = given
    elif file:
        key = _read(provider, Path(file).expanduser())
    else:
        key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY") or ""
    key = key.strip()
    if not key:
        raise UsageError(
            f"The provider `{provider}` needs a key: set the environment variable GEMINI_API_KEY (or GOOGLE_API_KEY) "
            "or name a file that holds it with `api_key_file`. Keys are made at https://aistudio.google.com/apikey."
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"The key for the provider `{provider}` has characters that no key has; copy it again, alone on one line."
        )
    return key


def _read(provider: str, path: Path) -> str:
    place = f"The key file {path} of the provider `{provider}`"
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{place} cannot be read ({error.strerror}); check `api_key_file`.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{place} is not text; check `api_key_file`.") from None
