"""A diagram → its canonical text: entities, relationships and subgraphs, in this order, each line in one form.

What Mermaid would misread stands in quotes, and inside of them as a character code (``#34;`` is a ``"``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

import yaml

from adf_core.diagram.model import Attribute, Cardinality, Comment, Diagram, Entity, Relationship, Subgraph
from adf_core.diagram.preprocess import SPACES, STYLE_WORDS, last_semicolons

LEFT: dict[Cardinality, str] = {
    "zero_or_one": "|o",
    "one_or_more": "}|",
    "zero_or_more": "}o",
    "only_one": "||",
    "parent": "u",
}
RIGHT: dict[Cardinality, str] = {**LEFT, "zero_or_one": "o|", "one_or_more": "|{", "zero_or_more": "o{"}

_DEEPEST_INDENT = 8
_WORDS = re.IGNORECASE | re.ASCII


def canonical(diagram: Diagram) -> str:
    """The text of :meth:`Diagram.to_mermaid`."""
    writer = _Writer(diagram)
    header = [*_front_matter(diagram.title), *_comments(diagram.comments, ""), "erDiagram"]
    sections = (
        _settings(diagram),
        (line for entity in diagram.entities for line in writer.entity(entity)),
        (line for relationship in diagram.relationships for line in writer.relationship(relationship)),
        writer.subgraphs(),
    )
    return "\n".join([*header, "\n\n".join(filter(None, map("\n".join, sections)))]).rstrip("\n") + "\n"


# --- characters ----------------------------------------------------------------------------------------------------


def _code(character: re.Match[str] | str) -> str:
    return f"#{ord(character if isinstance(character, str) else character.group())};"


# What means something else even between quotes: their end, a character code, a directive, a tag whose attributes
# Mermaid rewrites, a direction, which takes its whole line. Tags without attributes stay: `<br/>` breaks a line.
_MISREAD = (
    r'["\n\r]|#(?=\w+;)|%(?=%\{)|<(?=\w)(?!\w{1,20} ?/?>)|=\Z'
    f"|(?<=directio)n(?=[{SPACES}]+(?:TB|BT|RL|LR))"
)
_IN_LABEL = re.compile(_MISREAD, _WORDS)
_IN_NAME = re.compile(rf"[%\\]|{_MISREAD}", _WORDS)
# Without quotes a direction may begin in one line and end in the next.
_IN_LINE = re.compile(rf"{_MISREAD}|(?<=directio)n\Z", _WORDS)


def _coded(text: str, misread: re.Pattern[str] = _IN_LABEL) -> str:
    coded = misread.sub(_code, text)
    # In a line with `style`, a `:` before a `#` would make Mermaid delete the last `;` of the line.
    return coded.replace(":", _code(":")) if "#" in coded else coded


def _text(text: str) -> str:
    """A text without quotes, whose outer blanks would be cut off."""
    coded = _coded(text, _IN_LINE)
    start, stop = len(coded) - len(coded.lstrip(SPACES)), len(coded.rstrip(SPACES))
    return "".join([*map(_code, coded[:start]), coded[start:stop], *map(_code, coded[max(start, stop) :])])


def _label(text: str) -> str:
    return f'"{_coded(text)}"'


def _quoted_name(text: str) -> str:
    return f'"{_coded(text, _IN_NAME) or " "}"'


_PLAIN_NAME = re.compile(r"[^\W\d]\w*(?:-\w+)*")
_RESERVED = re.compile(
    r"(?:one|many|to|u|style|class|classDef|subgraph|end|erDiagram|accTitle|accDescr)\b|.*direction\Z", _WORDS
)


def _name(text: str) -> str:
    return text if _PLAIN_NAME.fullmatch(text) and not _RESERVED.match(text) else _quoted_name(text)


_ID_START = re.compile(r"[A-Z_*\x80-\U0010FFFF]|-(?![-.])", _WORDS)
_NOT_IN_ID = re.compile(r"[^\w*\x80-\U0010FFFF-]|(?<=directio)n\Z", _WORDS)


def _id(text: str) -> str:
    """A name where no quotes can be."""
    if _ID_START.match(text) and not _RESERVED.match(text):
        return _NOT_IN_ID.sub(_code, text)
    return "".join(map(_code, text[:1])) + _NOT_IN_ID.sub(_code, text[1:])


def _class(text: str) -> str:
    """The name of a class where it is used; unlike where it is defined, it may have a dot."""
    return _id(text).replace(_code("."), ".")


def _wary(text: str) -> str:
    """The text without the words that begin lines of styles, beside a class whose name has codes."""
    for word in STYLE_WORDS:
        text = text.replace(word, f"{_code(word[0])}{word[1:]}")
    return text


# --- lines ---------------------------------------------------------------------------------------------------------


def _front_matter(title: str | None) -> list[str]:
    if title is None:
        return []
    text = yaml.safe_dump(title, default_style='"', allow_unicode=True, width=math.inf).strip()
    return ["---", f"title: {text}".replace("<", "\\x3c"), "---"]


def _comments(comments: Iterable[Comment], indent: str) -> Iterator[str]:
    return (f"{indent}%% {comment.text}" for comment in comments)


def _settings(diagram: Diagram) -> Iterator[str]:
    if diagram.direction != "TB":
        yield f"    direction {diagram.direction}"
    if diagram.acc_title is not None:
        yield f"    accTitle: {_text(diagram.acc_title)}"
    if diagram.acc_descr is not None:
        yield f"    accDescr: {_text(diagram.acc_descr)}"
    for style_class in diagram.style_classes:
        yield _styled("classDef", _id(style_class.name), style_class.styles)


_NOT_IN_STYLE = re.compile(r"[^\w*:#\x80-\U0010FFFF-]|(?<=directio)n\Z", _WORDS)


def _styled(statement: str, name: str, styles: Iterable[str], indent: str = "    ") -> str:
    """A line of styles, with as many ``;`` at its end as Mermaid deletes from it."""
    values = ",".join(_NOT_IN_STYLE.sub(_code, style) for style in styles)
    line = f"{indent}{statement} {name} {values}"
    return next(line + end for end in ("", ";", ";;") if _without_deleted(line + end) == line)


def _without_deleted(line: str) -> str:
    for word in STYLE_WORDS:
        for start, stop in last_semicolons(line, word):
            line = line[:start] + line[stop:]
    return line


_WORD = re.compile(r"[*A-Z_\xb5\xc0-\U0010FFFF][*\w\-\[\]().,\xb5\xc0-\U0010FFFF]*\??", _WORDS)
_KEY = re.compile(r"(?:PK|FK|UK)\b", _WORDS)
_GENERIC_TYPE = re.compile(r"[A-Z_]\w*~[\w~., ()\[\]-]*~", _WORDS)


def _attribute(attribute: Attribute) -> str:
    comment = "" if attribute.comment is None else _label(attribute.comment)
    tildes = f"{attribute.name}{comment}".count("~")
    if tildes == 0 and _GENERIC_TYPE.fullmatch(attribute.type) and not _KEY.match(attribute.type):
        kind = attribute.type
    else:
        kind = _word(attribute.type)
        if tildes + kind.count("~") > 1:
            # From one `~` to the last of a line all is one word.
            comment = comment.replace("~", _code("~"))
    name = _word(attribute.name, is_type=False)
    return "        " + " ".join(part for part in (kind, name, ", ".join(attribute.keys), comment) if part)


def _word(text: str, *, is_type: bool = True) -> str:
    """A type or name; only a type can end with ``?``."""
    plain = _WORD.fullmatch(text) and (is_type or text[-1] != "?")
    if plain and not _KEY.match(text) and not any(character in SPACES for character in text):
        return text
    return "`" + re.sub("[`~]", _code, _coded(text)) + "`"


# --- what has names ------------------------------------------------------------------------------------------------


class _Writer:
    """Writes what has names: entities, relationships and subgraphs. Mermaid takes two spellings for two names."""

    def __init__(self, diagram: Diagram) -> None:
        self._entities = {entity.name for entity in diagram.entities}
        self._subgraphs = diagram.subgraphs
        self._named: dict[str, list[Subgraph]] = {}
        for subgraph in diagram.subgraphs:
            self._named.setdefault(subgraph.name, []).append(subgraph)
        self._spelled = {entity.name: _id(entity.name) for entity in diagram.entities if entity.styles}
        for subgraph in diagram.subgraphs:
            if subgraph.classes or subgraph.styles:
                self._spelled[subgraph.name] = _id(subgraph.name)
        for entity in diagram.entities:
            if "#" in "".join(map(_class, entity.classes)):
                self._spelled[entity.name] = _wary(self._name(entity.name))
        for relationship in diagram.relationships:
            if relationship.right_cardinality == "parent":
                name = relationship.right
                self._spelled[name] = _id(name) if name[0] == "-" else name[0] + _id(name[1:])

    def _name(self, name: str) -> str:
        """A name as it is spelled in all places: without quotes where one of them allows none."""
        return self._spelled.get(name) or _name(name)

    def relationship(self, relationship: Relationship) -> Iterator[str]:
        yield from _comments(relationship.comments, "    ")
        left, right = relationship.left_cardinality, relationship.right_cardinality
        link = f"{LEFT[left]}{'--' if relationship.identifying else '..'}{RIGHT[right]}"
        # Mermaid knows a parent on the right only where the name follows at once and begins with `-` or `.`.
        blank = "" if right == "parent" else " "
        label = _label(relationship.label)
        yield f"    {self._name(relationship.left)} {link}{blank}{self._name(relationship.right)} : {label}"

    def entity(self, entity: Entity) -> Iterator[str]:
        """The lines of an entity, without the classes and styles that it gets together with subgraphs of its name."""
        namesakes = self._named.get(entity.name, ())
        classes = _before(entity.classes, [name for subgraph in namesakes for name in subgraph.classes])
        styles = _before(entity.styles, [style for subgraph in namesakes for style in subgraph.styles])
        yield from _comments(entity.comments, "    ")
        alias = "" if entity.alias is None else f"[{_quoted_name(entity.alias)}]"
        marks = f":::{','.join(map(_class, classes))}" if classes else ""
        if "#" in marks:
            alias = _wary(alias)
        yield f"    {self._name(entity.name)}{alias}{marks}{' {' if entity.attributes else ''}"
        for attribute in entity.attributes:
            yield from _comments(attribute.comments, "        ")
            yield _attribute(attribute)
        if entity.attributes:
            yield "    }"
        if styles:
            yield _styled("style", self._name(entity.name), styles)

    def subgraphs(self) -> list[str]:
        """The lines of all subgraphs. They may nest deeper than functions can."""
        inner, top = self._nesting()
        lines: list[str] = []
        pending: list[Iterator[str | int]] = [iter(top)]
        while pending:
            part = next(pending[-1], None)
            if part is None:
                pending.pop()
            elif isinstance(part, int):
                pending.append(self._subgraph(self._subgraphs[part], inner[part]))
            else:
                lines.append(part)
        return lines

    def _nesting(self) -> tuple[list[list[int]], list[int]]:
        """For each subgraph the places of those directly inside, and the places of those inside of none."""
        inner: list[list[int]] = []
        waiting: list[int] = []
        for subgraph in self._subgraphs:
            first = len(waiting)
            while first and self._subgraphs[waiting[first - 1]].depth > subgraph.depth:
                first -= 1
            inner.append(waiting[first:])
            waiting[first:] = [len(inner) - 1]
        return inner, waiting

    def _subgraph(self, subgraph: Subgraph, inner: Sequence[int]) -> Iterator[str | int]:
        """The lines of a subgraph, and the places of those inside of it."""
        indent = "    " * min(subgraph.depth + 1, _DEEPEST_INDENT)
        yield from _comments(subgraph.comments, indent)
        title = "" if subgraph.title == subgraph.name else f" [{_quoted_name(subgraph.title)}]"
        yield f"{indent}subgraph {self._name(subgraph.name)}{title}"
        if subgraph.direction is not None:
            yield f"{indent}    direction {subgraph.direction}"
        rest = iter(inner)
        for member in subgraph.members:
            if member in self._entities:
                yield f"{indent}    {self._name(member)}"
            else:
                for place in rest:
                    yield place
                    if self._subgraphs[place].name == member:
                        break
        yield from rest
        yield f"{indent}end"
        if subgraph.classes:
            yield f"{indent}class {self._name(subgraph.name)} {','.join(map(_class, subgraph.classes))}"
        if subgraph.styles:
            yield _styled("style", self._name(subgraph.name), subgraph.styles, indent)


def _before(words: Sequence[str], last: Sequence[str]) -> Sequence[str]:
    """``words`` without the ``last`` ones, if these are the last."""
    count = len(words) - len(last)
    return words[:count] if list(words[count:]) == list(last) and count >= 0 else words
