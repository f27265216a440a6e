"""Text → tokens, in the way Mermaid reads: by state, and in each state the first rule that matches wins.

The patterns are the terminals of ``grammars/mermaid_er.lark``. Here is what no lexer of Lark expresses: the table of
states.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from lark import Token
from lark.common import LexerConf
from lark.lexer import Lexer

from adf_core.diagram.preprocess import CODE_START, SPACES, decoded

UNKNOWN = "UNKNOWN"
"""The type of a token that the parser refuses: where no rule matches, or where what a rule begins never ends."""

Spans = Iterator[tuple[int, int]]


def direction_lines(text: str) -> Spans:
    """From the start of a line to a ``direction`` in it."""
    line = searched = 0
    for match in re.finditer(rf"direction[{SPACES}]+(?:TB|BT|RL|LR)", text, re.IGNORECASE | re.ASCII):
        line = max(line, text.rfind("\n", searched, match.start()) + 1)
        searched = match.end()
        yield line, match.start()


def generic_words(text: str) -> Spans:
    """From the start of a word to a ``~`` in it that is not the last one of its line."""
    first = text.find("~")
    while first >= 0:
        line_start, line_end = text.rfind("\n", 0, first) + 1, text.find("\n", first)
        line_end = line_end if line_end >= 0 else len(text)
        last = text.rindex("~", first, line_end)
        for word in re.finditer(f"[^{SPACES}]+", text[line_start:last]):
            if "~" in word.group():
                yield line_start + word.start(), line_start + word.start() + word.group().rindex("~")
        first = text.find("~", line_end)


@dataclass(frozen=True)
class State:
    """One way of reading: the terminals in the order they are tried, and those after which another state begins.

    Terminals in ``costly`` look far ahead. They are tried only inside the spans of ``where``, outside of which they
    cannot match, so that the time for a text grows with its length and no faster.
    """

    terminals: tuple[str, ...]
    leads_to: Mapping[str, str]
    costly: tuple[str, ...] = ()
    where: Callable[[str], Spans] | None = None


DIRECTIONS = ("DIRECTION_TB", "DIRECTION_BT", "DIRECTION_RL", "DIRECTION_LR")

STATES: Mapping[str, State] = {
    "document": State(
        terminals=(
            *("ACC_TITLE", "ACC_DESCR", "ACC_DESCR_BLOCK", *DIRECTIONS, "BLANKS", "_NEWLINE"),
            *("QUOTED_NAME", "QUOTED_TEXT"),
            *("ER_DIAGRAM", "LBRACE", "COMMA", "CLASS_MARK", "COLON", "LSQB", "RSQB"),
            *("STYLE", "CLASSDEF", "CLASS", "SUBGRAPH", "END"),
            *("ZERO_OR_ONE", "ONE_OR_MORE", "ZERO_OR_MORE", "ONLY_ONE", "NUMBER", "PARENT"),
            *("NON_IDENTIFYING", "IDENTIFYING", "NAME"),
        ),
        leads_to={"LBRACE": "block", "STYLE": "style", "CLASSDEF": "style"},
        costly=DIRECTIONS,
        where=direction_lines,
    ),
    "block": State(
        terminals=(
            *("WHITE_SPACE", "KEY", "GENERIC_WORD", "WORD", "BACKTICK_WORD", "COMMENT"),
            *("RBRACE", "QUESTION_MARK", "COMMA"),
        ),
        leads_to={"RBRACE": "document"},
        costly=("GENERIC_WORD",),
        where=generic_words,
    ),
    "style": State(
        terminals=("_NEWLINE", "WHITE_SPACE", "COLON", "COMMA", "HASH", "STYLE_TEXT", "SEMICOLON"),
        leads_to={"_NEWLINE": "document"},
    ),
}

_IN_MARKS = frozenset({"QUOTED_NAME", "QUOTED_TEXT", "COMMENT", "BACKTICK_WORD"})


class Scan(NamedTuple):
    """A state made ready: its pattern, and the one that tries the costly terminals too."""

    pattern: re.Pattern[str]
    far_pattern: re.Pattern[str]
    state: State


class ErLexer(Lexer):
    """The table above as a lexer for Lark."""

    def __init__(self, conf: LexerConf) -> None:
        patterns = {terminal.name: _with_spaces(terminal.pattern.to_regexp()) for terminal in conf.terminals}
        self._ignored = frozenset(conf.ignore)
        self._scans = {
            name: Scan(
                _either({key: patterns[key] for key in state.terminals if key not in state.costly}, conf.g_regex_flags),
                _either({key: patterns[key] for key in state.terminals}, conf.g_regex_flags),
                state,
            )
            for name, state in STATES.items()
        }

    def lex(self, text: str) -> Iterator[Token]:  # type: ignore[override]
        """The tokens of a preprocessed text, each with its ``start_pos`` there."""
        ignored = self._ignored
        has_codes = CODE_START in text
        near = {
            name: _inside(scan.state.where(text) if scan.state.where else iter(()))
            for name, scan in self._scans.items()
        }
        name, position, end = "document", 0, len(text)
        pattern, far_pattern, state = self._scans[name]
        inside = near[name]
        while position < end:
            match = (far_pattern if inside(position) else pattern).match(text, position)
            if match is None or (match.lastgroup == "ACC_DESCR_BLOCK" and text[match.end() - 1] != "}"):
                yield Token(UNKNOWN, text[position], position)
                return
            kind, value, start = match.lastgroup or UNKNOWN, match.group(), position
            position = match.end()
            if kind in ignored:
                continue
            if kind in _IN_MARKS:
                value = value[1:-1]
            if has_codes:
                value = decoded(value)
            if not _is_silent(kind, value):
                yield Token(kind, value, start)
            if kind in state.leads_to:
                name = state.leads_to[kind]
                pattern, far_pattern, state = self._scans[name]
                inside = near[name]
        if name == "style":
            yield Token(UNKNOWN, "", end)


def _with_spaces(pattern: str) -> str:
    return pattern.replace(r"\s", f"[{SPACES}]").replace(r"\S", f"[^{SPACES}]")


def _either(patterns: Mapping[str, str], flags: int) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in patterns.items()), flags)


def _inside(spans: Spans) -> Callable[[int], bool]:
    """A test for places, asked in ascending order, whether they are in one of the spans."""
    nowhere = (sys.maxsize, sys.maxsize)
    start, stop = next(spans, nowhere)

    def inside(position: int) -> bool:
        nonlocal start, stop
        while position > stop:
            start, stop = next(spans, nowhere)
        return position >= start

    return inside


def _is_silent(kind: str, value: str) -> bool:
    """Whether Mermaid passes over this: empty backticks, an empty ``accDescr { }``."""
    return (kind == "BACKTICK_WORD" and not value) or (
        kind == "ACC_DESCR_BLOCK" and not value.partition("{")[2][:-1].strip(SPACES)
    )
