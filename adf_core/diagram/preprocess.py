"""What happens to a text before the grammar sees it: front matter, directives and comments are taken out.

Every place in what remains can be traced to its line and column in the text as it was given.
"""

from __future__ import annotations

import html
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import yaml

from adf_core.diagram.errors import DiagramError
from adf_core.diagram.model import Comment, Position

BREAKS = "\n\u2028\u2029"
"""After these Mermaid sees the start of a line."""

BLANKS = "\t\v\f\r \xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000\ufeff"

SPACES = BLANKS + BREAKS
"""White space as browsers define it, which is not what Python takes for it."""

STYLE_WORDS = ("style", "classDef")
"""Words that begin a line of styles."""

CODE_START, CODE_END = "\x91", "\x92"
"""Stand for ``#`` and ``;`` of a character code such as ``#35;``. These two control characters may be part of a name
but of no attribute's type or name, as Mermaid has it with codes."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A text from which some was taken out.

    A layer tells of one step: from each of these places in its result on, so many characters had been taken out.
    """

    text: str
    line_starts: tuple[int, ...]
    original: str
    layers: tuple[tuple[list[int], list[int]], ...] = ()

    def without(self, spans: Iterable[Span]) -> Source:
        """The rest when the ``spans`` (in order, none touching another) are taken out."""
        pieces: list[str] = []
        places: list[int] = []
        taken: list[int] = []
        end = total = 0
        for start, stop in spans:
            pieces.append(self.text[end:start])
            total += stop - start
            places.append(stop - total)
            taken.append(total)
            end = stop
        if not total:
            return self
        pieces.append(self.text[end:])
        return replace(self, text="".join(pieces), layers=(*self.layers, (places, taken)))

    def position(self, place: int) -> Position:
        """Line and column, in the text as it was given, of a place in what is left."""
        for places, taken in reversed(self.layers):
            index = bisect_right(places, place)
            if index:
                place += taken[index - 1]
        line = bisect_right(self.line_starts, place)
        return Position(line, place - self.line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """A line of the text as it was given, without its end."""
        stop = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.original)
        return self.original[self.line_starts[number - 1] : stop]

    def error(self, place: int, message: str, hint: str | None = None) -> DiagramError:
        """An error that points to a place in what is left."""
        position = self.position(place)
        return DiagramError(message, position.line, position.column, self.line(position.line), hint)


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """What the grammar reads, and what it does not: the front matter's title and the comments, in order."""

    source: Source
    title: str | None
    comments: tuple[Comment, ...]
    unclosed_directive: Position | None


def preprocess(text: str) -> Preprocessed:
    """Take out what is not of the diagram's grammar. Raises DiagramError for bad front matter."""
    original = text.replace("\r\n", "\n").replace("\r", "\n")
    line_starts = (0, *(match.end() for match in re.finditer("\n", original)))
    source = Source(_with_single_quotes_in_tags(original), line_starts, original)
    title, length = _front_matter(source)
    source = source.without([(0, length)])
    directives = [match.span() for match in _DIRECTIVE.finditer(source.text)]
    unclosed = [start for start, stop in directives if stop == len(source.text) and source.text[-3:] != "}%%"]
    unclosed_directive = source.position(unclosed[0]) if unclosed else None
    source = source.without(directives)
    comments = list(_comments(source))
    source = source.without(span for span, _ in comments)
    source = source.without([(0, len(source.text) - len(source.text.lstrip(SPACES)))])
    for word in STYLE_WORDS:
        source = source.without(last_semicolons(source.text, word))
    marked = re.sub(r"#(\w+);", rf"{CODE_START}\1{CODE_END}", source.text, flags=re.ASCII)
    # Mermaid ends every text with a line end before it reads it.
    source = replace(source, text=marked + "\n")
    return Preprocessed(source, title, tuple(comment for _, comment in comments), unclosed_directive)


def decoded(text: str) -> str:
    """The text with its character codes (see CODE_START) as characters; an unknown name stays as it was written."""
    return _CODE.sub(_character, text)


_CODE = re.compile(rf"{CODE_START}(\w+){CODE_END}", re.ASCII)


def _character(code: re.Match[str]) -> str:
    name = code.group(1)
    if name.isdigit():
        # Python leaves out the control characters that HTML keeps, and knows no endless numbers.
        number = int(name.lstrip("0")[:8] or "0")
        return html.unescape(f"&#{number};") or chr(number)
    character = html.unescape(f"&{name};")
    return f"#{name};" if character == f"&{name};" else character


# --- tags ----------------------------------------------------------------------------------------------------------


def _with_single_quotes_in_tags(text: str) -> str:
    """``<b class="x">`` becomes ``<b class='x'>``; the length stays."""
    end = text.rfind(">") + 1
    tags = re.sub(r"<\w+[^>]*>", lambda tag: re.sub('="([^"]*)"', r"='\1'", tag.group()), text[:end], flags=re.ASCII)
    return tags + text[end:]


# --- front matter --------------------------------------------------------------------------------------------------

_DIVIDER = "---"
_NOTHING = frozenset({"", "~", "null", "Null", "NULL", "false", "False", "FALSE", ".nan", ".NaN", ".NAN"})
"""Plain YAML values that Mermaid takes for no title, as it does with zero."""
_NUMBER = re.compile(r"[-+]?(0[box][0-9A-Fa-f]+|\d+(\.\d*)?([eE][-+]?\d+)?)|\.\d+([eE][-+]?\d+)?", re.ASCII)


def _front_matter(source: Source) -> tuple[str | None, int]:
    """The title, and how long the front matter is, which only the very start of a text can be."""
    text = source.text
    opening = re.match(f"([{BLANKS}{BREAKS[1:]}]*){_DIVIDER}([{SPACES}]*)", text)
    if opening is None or "\n" not in opening.group(2):
        return None, 0
    indent = opening.group(1)
    line_ends = [opening.start(2) + match.start() for match in re.finditer("\n", opening.group(2))]
    divider = re.compile(f"\n{re.escape(indent)}{_DIVIDER}(?=([{SPACES}]*))")
    closings = [match for match in divider.finditer(text, line_ends[0] + 1) if "\n" in match.group(1)]
    if not closings:
        return None, 0
    body_start = max(place for place in line_ends if place < closings[-1].start()) + 1
    closing = next(match for match in closings if match.start() >= body_start)
    lines = [_readable(line.removeprefix(indent)) for line in text[body_start : closing.start()].split("\n")]
    title = _title(_FrontMatter(source, "\n".join(lines), source.position(body_start).line, indent))
    return title, closing.start(1) + closing.group(1).rindex("\n") + 1


_STAND_INS = str.maketrans("\t\x85\u2028\u2029", "\U0010fffa\U0010fffb\U0010fffc\U0010fffd")
_STOOD_FOR = {code: chr(character) for character, code in _STAND_INS.items()}


def _readable(line: str) -> str:
    """The line for PyYAML, which knows no tabs in a text, and more line ends than YAML has: with stand-ins for them."""
    text = line.lstrip(" \t")
    text = re.sub(r"(?<=\w)[ \t]*\t[ \t]*(?=\w)", lambda blanks: blanks.group().translate(_STAND_INS), text)
    text = re.sub("[\x85\u2028\u2029]", lambda end: end.group().translate(_STAND_INS), text)
    return line[: len(line) - len(text)] + text.replace("\t", " ")


@dataclass(frozen=True, slots=True)
class _FrontMatter:
    """The YAML of a text, where it begins, and how far all of it is indented."""

    source: Source
    text: str
    first_line: int
    indent: str

    def error(self, message: str, mark: yaml.Mark | None) -> DiagramError:
        before = self.text[: mark.index if mark else 0].split("\n")
        number = self.first_line + len(before) - 1
        line = self.source.line(number)
        indent = len(self.indent) if line.startswith(self.indent) else 0
        told = f"the front matter {message.translate(_STOOD_FOR)}"
        return DiagramError(told, number, indent + len(before[-1]) + 1, line)


def _title(place: _FrontMatter) -> str | None:
    # The last line has lost its end, which a title of several lines may keep.
    text = place.text if place.text.endswith("\n") else f"{place.text}\n"
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise place.error(f"is no valid YAML: {error.problem}", error.problem_mark) from error
    except yaml.reader.ReaderError as error:
        raise place.error(f"is no valid YAML: {error.reason}", None) from error
    except RecursionError as error:
        raise place.error("nests too deeply", None) from error
    _refuse_duplicates(root, place)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == "title" and isinstance(value, yaml.ScalarNode):
            text = value.value.translate(_STOOD_FOR)
            return _plain_title(text) if value.style is None else text or None
    return None


def _plain_title(word: str) -> str | None:
    """What Mermaid shows for a title without quotes: it reads numbers, and writes them as JavaScript does."""
    if word in _NOTHING:
        return None
    if word in ("True", "TRUE"):
        return "true"
    if not _NUMBER.fullmatch(word):
        return word
    try:
        number = float(int(word, 0) if word.lstrip("+-")[1:2] in ("b", "o", "x") else word)
    except (ValueError, OverflowError):
        return word
    if not number:
        return None
    if math.isinf(number):
        return word
    if 1e-6 <= abs(number) < 1e21:
        return f"{Decimal(repr(number)).normalize():f}"
    return re.sub(r"(?<=e[-+])0", "", repr(number))


def _refuse_duplicates(root: yaml.Node | None, place: _FrontMatter) -> None:
    waiting = [] if root is None else [root]
    visited: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode) or id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            waiting.extend(value for _, value in node.value)
            seen: set[str] = set()
            for key in keys:
                if key.value in seen:
                    raise place.error(f"has the key `{key.value}` twice", key.start_mark)
                seen.add(key.value)
        else:
            waiting.extend(node.value)


# --- directives and comments ---------------------------------------------------------------------------------------

_DIRECTIVE = re.compile(
    rf"%%\{{[{SPACES}]*\w+(?:[{SPACES}]*:)?[{SPACES}]*(?:\w+|(?:(?!\}}%%)[^{BREAKS[1:]}])*)[{SPACES}]*(?:\}}%%)?",
    re.ASCII,
)
_COMMENT = re.compile(rf"(?<![^{BREAKS}])([{BLANKS}]*)(%%(?!\{{)[^\n]+)\n?")


def _comments(source: Source) -> Iterator[tuple[Span, Comment]]:
    """Each line that is a comment, with the span it leaves: blank lines before it go too."""
    text, end = source.text, 0
    for match in _COMMENT.finditer(text):
        blank = end + len(text[end : match.start()].rstrip(SPACES))
        if blank > 0 and text[blank - 1] not in BREAKS:
            blank += re.search(f"[{BREAKS}]|$", text[blank : match.start()]).end()  # type: ignore[union-attr]
        raw = match.group(2)
        yield (blank, match.end()), Comment(raw[2:].strip(), raw, match.group(1), source.position(match.start(2)))
        end = match.end()


# --- style lines ---------------------------------------------------------------------------------------------------


def last_semicolons(text: str, word: str) -> Iterator[Span]:
    """The last ``;`` of each line that has ``word``, then a colon and in the same run of characters a ``#``."""
    if ";" not in text or word not in text:
        return
    for line in re.finditer(f"[^{BREAKS}]+", text):
        start, stop = line.group().find(word), line.group().rfind(";")
        runs = re.split(f"[{SPACES}]+", line.group()[start + len(word) : stop]) if 0 <= start < stop else []
        if any(0 <= run.find(":") < run.rfind("#") for run in runs):
            yield line.start() + stop, line.start() + stop + 1
