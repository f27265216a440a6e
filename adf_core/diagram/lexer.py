"""Text → tokens, in the way Mermaid reads: by state, and in each state the first rule that matches wins.

The patterns are the terminals of ``grammars/mermaid_er.lark``. Here is what no lexer of Lark expresses: the table of
states.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

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
    """From the white space before a word to a ``~`` in the word that is not the last one of its line."""
    tilde = text.find("~")
    while tilde >= 0:
        line, line_end = text.rfind("\n", 0, tilde) + 1, text.find("\n", tilde)
        last = text.rindex("~", tilde, line_end)
        for word in re.finditer(f"[^{SPACES}]+", text[line:last]):
            if "~" in word.group():
                start = line + word.start()
                while start and text[start - 1] in SPACES:
                    start -= 1
                yield start, line + word.start() + word.group().rindex("~")
        tilde = text.find("~", line_end)


@dataclass(frozen=True)
class State:
    """One way of reading: the terminals in the order they are tried, and those after which another state begins.

    ``blank`` is the one that means nothing. Terminals in ``costly`` look far ahead. They are tried only inside the
    spans of ``where``, outside of which they cannot match, so that the time for a text grows no faster than its length.
    """

    terminals: tuple[str, ...]
    leads_to: Mapping[str, str]
    blank: str | None = None
    costly: tuple[str, ...] = ()
    where: Callable[[str], Spans] | None = None


DIRECTIONS = ("DIRECTION_TB", "DIRECTION_BT", "DIRECTION_RL", "DIRECTION_LR")

STATES: Mapping[str, State] = {
    "document": State(
        blank="BLANKS",
        terminals=(
            *(
                "ACC_TITLE",
                "ACC_DESCR",
                "ACC_DESCR_BLOCK",
                *DIRECTIONS,
                "BLANKS",
                "_NEWLINE",
                "QUOTED_NAME",
                "QUOTED_TEXT",
            ),
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
        blank="WHITE_SPACE",
        terminals=(
            *("WHITE_SPACE", "KEY", "GENERIC_WORD", "WORD", "BACKTICK_WORD", "COMMENT", "RBRACE"),
            *("QUESTION_MARK", "COMMA"),
        ),
        leads_to={"RBRACE": "document"},
        costly=("GENERIC_WORD",),
        where=generic_words,
    ),
    "style": State(
        # White space comes second here: after a blank, the line's end is white space too and the style goes on.
        terminals=("_NEWLINE", "WHITE_SPACE", "COLON", "COMMA", "HASH", "STYLE_TEXT", "SEMICOLON"),
        leads_to={"_NEWLINE": "document"},
    ),
}


class ErLexer(Lexer):
    """The table above as a lexer for Lark."""

    def __init__(self, conf: LexerConf) -> None:
        patterns = {terminal.name: _with_spaces(terminal.pattern.to_regexp()) for terminal in conf.terminals}
        self._ignored = frozenset(conf.ignore)
        self._patterns = {name: _patterns(state, patterns, conf.g_regex_flags) for name, state in STATES.items()}

    def lex(self, text: str) -> Iterator[Token]:  # type: ignore[override]
        """The tokens of a preprocessed text, each with its ``start_pos`` there."""
        ignored, has_codes = self._ignored, CODE_START in text
        far_spans = {name: _inside(state.where(text) if state.where else iter(())) for name, state in STATES.items()}
        position, end = 0, len(text)
        name = "document"
        (near, far), inside, leads_to = self._patterns[name], far_spans[name], STATES[name].leads_to
        while position < end:
            match = (far if inside(position) else near).match(text, position)
            assert match and match.lastgroup
            kind = match.lastgroup
            position = match.end()
            if kind in ignored:
                continue
            start, value = match.start(kind), match[kind]
            if kind in _IN_MARKS:
                value = value[1:-1]
            if kind in _TO_THE_END and position == end:
                kind = UNKNOWN
            if not _is_silent(kind, value):
                yield Token(kind, decoded(value) if has_codes and kind not in _TO_THE_END else value, start)
            if kind in leads_to:
                name = leads_to[kind]
                (near, far), inside, leads_to = self._patterns[name], far_spans[name], STATES[name].leads_to
        if name == "style":
            # Blanks have taken the line's end, and Mermaid misses it.
            yield Token(UNKNOWN, "", end)


_IN_MARKS = frozenset({"QUOTED_NAME", "QUOTED_TEXT", "COMMENT", "BACKTICK_WORD"})

_TO_THE_END = frozenset({"ACC_TITLE", "ACC_DESCR", "ACC_DESCR_BLOCK"})
"""Terminals that reach the end of the text only where the value or the brace they look for is missing.

Their character codes are left to the builder, which first strips the text of blanks that are no codes.
"""


def _is_silent(kind: str, value: str) -> bool:
    """Whether Mermaid passes over this: empty backticks, an empty ``accDescr { }``."""
    return (kind == "BACKTICK_WORD" and not value) or (
        kind == "ACC_DESCR_BLOCK" and not value.partition("{")[2][:-1].strip(SPACES)
    )


def _patterns(state: State, terminals: Mapping[str, str], flags: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """One pattern without the costly terminals, which skips blanks in the same step, and one with all, in their order.

    Any text has a match, of one character at least.
    """

    def either(names: Iterable[str], last: str = "") -> str:
        return "|".join(f"(?P<{name}>{terminals[name]})" for name in names) + last

    unknown = f"|(?P<{UNKNOWN}>(?s:.))"
    usual = either((name for name in state.terminals if name not in (*state.costly, state.blank)), unknown)
    if state.blank is None:
        return re.compile(usual, flags), re.compile(usual, flags)
    blank = terminals[state.blank]
    near = f"(?:{blank})?+(?:{usual})|(?P<{state.blank}>{blank})"
    return re.compile(near, flags), re.compile(either(state.terminals, unknown), flags)


def _with_spaces(pattern: str) -> str:
    return pattern.replace(r"\s", f"[{SPACES}]").replace(r"\S", f"[^{SPACES}]")


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
