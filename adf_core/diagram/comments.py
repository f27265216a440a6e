"""Which statement a comment belongs to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from adf_core.diagram.model import Comment

Notes = list[Comment]
"""The comments that a statement has collected."""


class Anchors:
    """The lines that comments can belong to, told in the order of the text, each with the notes to write them into.

    ``rest`` takes what stands before all of them and touches none.
    """

    def __init__(self, rest: Notes) -> None:
        self._lines = [0]
        self._notes = [rest]
        self._begins = [False]

    def begin(self, line: int, notes: Notes) -> None:
        """A statement begins in this line."""
        self._add(line, notes, begins=True)

    def close(self, line: int, notes: Notes) -> None:
        """A block or subgraph ends in this line: comments below follow the whole of it, not its last part."""
        self._add(line, notes, begins=False)

    def _add(self, line: int, notes: Notes, *, begins: bool) -> None:
        self._lines.append(line)
        self._notes.append(notes)
        self._begins.append(begins)

    def attach(self, comments: Iterable[Comment]) -> None:
        """Write each comment into the notes of its statement.

        A group of comment lines that touches the next statement belongs to it, otherwise to the statement before.
        """
        for group in _groups(comments):
            below = bisect_right(self._lines, group[-1].position.line)
            if below < len(self._lines) and self._lines[below] == group[-1].position.line + 1 and self._begins[below]:
                self._notes[below].extend(group)
            else:
                self._notes[bisect_right(self._lines, group[0].position.line) - 1].extend(group)


def _groups(comments: Iterable[Comment]) -> Iterator[list[Comment]]:
    """Runs of comments in lines that follow each other."""
    group: list[Comment] = []
    for comment in comments:
        if group and comment.position.line != group[-1].position.line + 1:
            yield group
            group = []
        group.append(comment)
    if group:
        yield group
