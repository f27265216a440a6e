"""Where a provider's key comes from. A key is kept out of messages, logs and files."""

from __future__ import annotations

import os
from pathlib import Path

from adf_core.errors import UsageError


def find_key(provider: str, given: str | None, file: str | None, *variables: str) -> str:
    """The key: as ``given``, else from ``file``, else from the first environment variable that is set; else empty.

    UsageError where the file cannot be read or holds no key, or the key has characters that no key has.
    """
    if given:
        key = given
    elif file:
        key = _read(provider, Path(file).expanduser())
    else:
        key = next(filter(None, map(os.environ.get, variables)), "")
    key = key.strip()
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
