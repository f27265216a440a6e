"""What a reader of diagrams says when a text is no diagram."""

from __future__ import annotations

from adf_core.errors import UsageError, excerpt


class DiagramError(UsageError):
    """Mermaid would refuse this text.

    ``message`` says what is wrong and what was expected, ``hint`` (or None) how to mend it. ``line`` and ``column``
    count from 1 in the text as it was given; ``source_line`` is that line.
    """

    def __init__(self, message: str, line: int, column: int, source_line: str, hint: str | None = None) -> None:
        self.message = message
        self.line = line
        self.column = column
        self.source_line = source_line
        self.hint = hint
        place = f"line {line}, column {column}: {message}"
        super().__init__(f"{place}\n  hint: {hint}" if hint else place)

    def excerpt(self, width: int = 100) -> str:
        """The line with its number and a caret below the place; a long line is cut to about ``width`` characters.

        >>> print(DiagramError("…", 2, 5, "    end-user {").excerpt())
        2 |     end-user {
          |     ^
        """
        return excerpt(self.source_line, self.line, self.column, width)
