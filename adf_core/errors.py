"""What can go wrong, as sentences for the person in front of the terminal.

Every error a user may meet derives from :class:`AdfError`; the command line prints its text and leaves with
its ``exit_status``: 2 for something the user can mend before a request is sent, 1 for a failure on the way.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace


class AdfError(Exception):
    """A failure on the way, told in one sentence that says what is wrong and what to do."""

    exit_status = 1


class UsageError(AdfError):
    """A mistake in what the user gave: arguments, files, options, a missing key."""

    exit_status = 2


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong (or odd) in a file, and where.

    ``line`` and ``column`` count from 1; both are None where no position exists. ``source_line`` is the text of the
    line, where it is known.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    source_line: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text

    def in_full(self) -> str:
        """As text with the source line and a caret below the place.

        >>> print(Complaint("expected a name", "a.mermaid", 2, 5, "quote it", "    end-user {").in_full())
        a.mermaid:2:5: expected a name
          2 |     end-user {
            |     ^
          hint: quote it
        """
        if self.source_line is None or self.line is None or self.column is None:
            return str(self)
        first = str(replace(self, hint=None))
        lines = [first, *excerpt(self.source_line, self.line, self.column).splitlines()]
        return "\n  ".join([*lines, f"hint: {self.hint}"] if self.hint else lines)


def excerpt(source_line: str, line: int, column: int, width: int = 100) -> str:
    """A line with its number and a caret below ``column``; a long line is cut to about ``width`` characters."""
    start = max(0, column - 1 - width // 2) if len(source_line) > width else 0
    shown = source_line[start : start + width]
    before = "".join(map(_blank, shown[: column - 1 - start]))
    margin = " " * len(str(line))
    return f"{line} | {shown}\n{margin} | {before}^"


def _blank(character: str) -> str:
    """What is as wide as the character on a terminal."""
    if character == "\t" or unicodedata.combining(character):
        return "\t" if character == "\t" else ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "


class InvalidInput(UsageError):
    """Files or options with one or more :class:`Complaint`; all of them are reported at once."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(complaint.in_full() for complaint in self.complaints))


class ProviderError(AdfError):
    """A request that brought no answer. Providers raise one of the subclasses below, nothing else."""


class RateLimited(ProviderError):
    """The server asks to slow down (HTTP 429); ``retry_after`` is its wish in seconds, if it said one."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(ProviderError):
    """The server failed or is too busy (HTTP 5xx); worth another try."""


class Unreachable(ProviderError):
    """No connection could be made or it broke (refused, DNS, TLS, reset); worth another try."""


class Timeout(ProviderError):
    """No answer came in time; worth another try."""


class Undecided(AdfError):
    """A validator could come to no decision on a candidate, for the reason it says.

    The answer counts as a failed attempt, and the next one is asked for.
    """


class Reworded(ProviderError):
    """The server turned down how a request was put (a parameter it does not know), and the provider will put it in
    other words from now on. Worth another try at once.
    """


class ContentBlocked(ProviderError):
    """The server refused this content; another attempt may pass, another try of the same will not."""


class InvalidRequest(ProviderError):
    """The server does not accept this request (HTTP 4xx); the slot fails."""


class AuthenticationFailed(ProviderError):
    """The key is refused (HTTP 401, 403); the run stops at once."""

    exit_status = 2


class QuotaExhausted(ProviderError):
    """The account has no money or daily quota left; the run stops at once."""
