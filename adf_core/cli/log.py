"""``--log-json FILE``: what a run does, one JSON object a line, without any key."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from adf_core.cli.shared import show_complaints
from adf_core.errors import Complaint, UsageError

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_LOOKS_SECRET = re.compile(
    r"\b(?:sk|pk|rk|hf|gsk|xai|r8)[-_][A-Za-z0-9_\-]{12,}|\bAIza[A-Za-z0-9_\-]{20,}|\bBearer\s+[^\s\"\\]+",
    re.IGNORECASE,
)
_SHORTEST_SECRET = 6
"""Shorter values are no keys, and to replace them would spoil words."""

HIDDEN = "(secret)"


@contextmanager
def log_to(path: Path | None, options: Mapping[str, Any]) -> Iterator[None]:
    """Write what the program logs to ``path`` while the block lasts; ``options`` are the provider's as they were given.

    UsageError where the file cannot be written.
    """
    if path is None:
        yield
        return
    try:
        handler = LogFile(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"The log {path} cannot be written: {error.strerror or error}.") from error
    handler.setFormatter(JsonLine(secrets_in(options, os.environ)))
    # The program and its plugins; other libraries' logs hold whole requests.
    handler.addFilter(lambda record: record.name.startswith("adf"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        with suppress(OSError):  # which was told
            handler.close()


class LogFile(logging.FileHandler):
    """A log is not worth the run: where it cannot be written, that is said once, and nothing more is written."""

    broken = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self.broken:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self.broken = True
        sentence = (
            f"The log {self.baseFilename} cannot be written any more: {error.strerror or error}. The run goes on."
        )
        show_complaints("warning", (Complaint(sentence),))


class JsonLine(logging.Formatter):
    """A log record as JSON: time (Unix), level, logger, event, and the data of the event."""

    def __init__(self, secrets: frozenset[str]) -> None:
        super().__init__()
        self._secrets = [json.dumps(secret)[1:-1] for secret in sorted(secrets, key=len, reverse=True)]

    def format(self, record: logging.LogRecord) -> str:
        data: dict[str, Any] = {
            "time": round(record.created, 6),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            data["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(data, default=str)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _LOOKS_SECRET.sub(HIDDEN, text)


def secrets_in(options: Mapping[str, Any], environment: Mapping[str, str]) -> frozenset[str]:
    """What must not be written anywhere: values of options and variables that are named like keys, key files, and who
    logs in and what a query says in addresses.
    """
    given = {**environment, **options}
    found = {str(value) for name, value in given.items() if _SECRET_NAME.search(name) and value}
    found.update(*(_in_address(value) for value in given.values() if isinstance(value, str) and "://" in value))
    for name, value in options.items():
        if name.endswith("_file") and value:
            with suppress(OSError, UnicodeDecodeError):  # whoever needs the file says what is wrong with it
                found.add(Path(str(value)).expanduser().read_text("utf-8"))
    return frozenset(secret.strip() for secret in found if len(secret.strip()) >= _SHORTEST_SECRET)


def _in_address(text: str) -> set[str]:
    """What an address says of who asks, as it is written and as it is meant."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return set()
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    written = {user, password, *(pair.partition("=")[2] for pair in parts.query.split("&"))}
    return written | {unquote(each) for each in written}
