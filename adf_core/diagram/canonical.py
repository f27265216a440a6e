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
    frames = _Frames(diagram)
    header = [*_front_matter(diagram.title), *_comments(diagram.comments, ""), "erDiagram"]
    sections = (
        _settings(diagram),
        (line for entity in diagram.entities for line in frames.entity(entity)),
        (line for relationship in diagram.relationships for line in _relationship(relationship)),
        frames.subgraphs(),
    )
    return "\n".join([*header, "\n\n".join(filter(None, map("\n".join, sections)))]).rstrip("\n") + "\n"


# --- characters ----------------------------------------------------------------------------------------------------


def _code(character: re.Match[str] | str) -> str:
    return f"#{ord(character if isinstance(character, str) else character.group())};"


# What means something else even between quotes: their end, a character code, a directive, a tag whose attributes
# Mermaid rewrites, a direction, which takes its whole line.
_MISREAD = (
    r'["\n\r]|#(?=\w+;)|%(?=%\{)|<(?=\w)(?!\w+[^>"]*>)|=\Z'
    f"|(?<=directio)n(?=[{SPACES}]+(?:TB|BT|RL|LR))"
)
_IN_LABEL = re.compile(_MISREAD, _WORDS)
_IN_NAME = re.compile(rf"[%\\]|{_MISREAD}", _WORDS)


def _label(text: str) -> str:
    return f'"{_IN_LABEL.sub(_code, text)}"'


def _quoted_name(text: str) -> str:
    return f'"{_IN_NAME.sub(_code, text) or " "}"'


_PLAIN_NAME = re.compile(r"[^\W\d]\w*(?:-\w+)*")
_RESERVED = re.compile(
    r"(?:one|many|to|u|style|class|classDef|subgraph|end|erDiagram|accTitle|accDescr)\b|.*direction\Z", _WORDS
)


def _name(text: str) -> str:
    return text if _PLAIN_NAME.fullmatch(text) and not _RESERVED.match(text) else _quoted_name(text)


_NOT_IN_ID = re.compile(r"[^\w*\x80-\U0010FFFF-]|(?<=directio)n\Z", _WORDS)


def _id(text: str) -> str:
    """A name where no quotes can be."""
    first, rest = text[:1], text[1:]
    if not re.match("[A-Za-z_]", first) or _RESERVED.match(text):
        return _code(first) + _NOT_IN_ID.sub(_code, rest) if first else ""
    return _NOT_IN_ID.sub(_code, text)


def _steady(line: str) -> str:
    """The line, so that Mermaid does not take it for a line of styles, whose last ``;`` it deletes."""
    for word in STYLE_WORDS:
        if any(last_semicolons(line, word)):
            line = line.replace(word, f"{_code(word[0])}{word[1:]}")
    return line


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
        yield _steady(f"    accTitle: {_IN_LABEL.sub(_code, diagram.acc_title)}")
    if diagram.acc_descr is not None:
        yield _steady(f"    accDescr: {_IN_LABEL.sub(_code, diagram.acc_descr)}")
    for style_class in diagram.style_classes:
        yield _styled("classDef", style_class.name, style_class.styles)


_NOT_IN_STYLE = re.compile(r"[^\w*:#\x80-\U0010FFFF-]|(?<=directio)n\Z", _WORDS)


def _styled(statement: str, name: str, styles: Iterable[str], indent: str = "    ") -> str:
    """A line of styles, with as many ``;`` at its end as Mermaid deletes from it."""
    values = ",".join(_NOT_IN_STYLE.sub(_code, style) for style in styles)
    line = f"{indent}{statement} {_id(name)} {values}"
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
    line = "        " + " ".join(part for part in (kind, name, ", ".join(attribute.keys), comment) if part)
    if any(any(last_semicolons(line, word)) for word in STYLE_WORDS):
        # A word in a block cannot have codes, which _steady would put into it.
        line = line.replace(":", _code(":"))
    return line


def _word(text: str, *, is_type: bool = True) -> str:
    """A type or name; only a type can end with ``?``."""
    plain = _WORD.fullmatch(text) and (is_type or text[-1] != "?")
    if plain and not _KEY.match(text) and not any(character in SPACES for character in text):
        return text
    return "`" + re.sub("[`~]", _code, _IN_LABEL.sub(_code, text)) + "`"


def _relationship(relationship: Relationship) -> Iterator[str]:
    yield from _comments(relationship.comments, "    ")
    left, right = relationship.left_cardinality, relationship.right_cardinality
    link = f"{LEFT[left]}{'--' if relationship.identifying else '..'}{RIGHT[right]}"
    name = relationship.right
    # Mermaid knows a parent on the right only where the name follows at once and begins with `-` or `.`.
    second = name[:1] + _id(name[1:]) if right == "parent" else f" {_name(name)}"
    yield _steady(f"    {_name(relationship.left)} {link}{second} : {_label(relationship.label)}")


# --- entities and the frames around them ---------------------------------------------------------------------------


class _Frames:
    """Writes what a diagram's entities and subgraphs may have to do with each other: members, and a common name."""

    def __init__(self, diagram: Diagram) -> None:
        self._entities = {entity.name for entity in diagram.entities}
        self._subgraphs = diagram.subgraphs
        self._named: dict[str, list[Subgraph]] = {}
        for subgraph in diagram.subgraphs:
            self._named.setdefault(subgraph.name, []).append(subgraph)

    def entity(self, entity: Entity) -> Iterator[str]:
        """The lines of an entity, without the classes and styles that it gets together with subgraphs of its name."""
        namesakes = self._named.get(entity.name, ())
        classes = _before(entity.classes, [name for subgraph in namesakes for name in subgraph.classes])
        styles = _before(entity.styles, [style for subgraph in namesakes for style in subgraph.styles])
        yield from _comments(entity.comments, "    ")
        alias = "" if entity.alias is None else f"[{_quoted_name(entity.alias)}]"
        marks = f":::{','.join(map(_id, classes))}" if classes else ""
        yield _steady(f"    {_name(entity.name)}{alias}{marks}{' {' if entity.attributes else ''}")
        for attribute in entity.attributes:
            yield from _comments(attribute.comments, "        ")
            yield _attribute(attribute)
        if entity.attributes:
            yield "    }"
        if styles:
            yield _styled("style", entity.name, styles)

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
        yield indent + _steady(f"subgraph {_name(subgraph.name)}{title}")
        if subgraph.direction is not None:
            yield f"{indent}    direction {subgraph.direction}"
        rest = iter(inner)
        for member in subgraph.members:
            if member in self._entities:
                yield f"{indent}    {_name(member)}"
            else:
                for place in rest:
                    yield place
                    if self._subgraphs[place].name == member:
                        break
        yield from rest
        yield f"{indent}end"
        if subgraph.classes:
            yield indent + _steady(f"class {_id(subgraph.name)} {','.join(map(_id, subgraph.classes))}")
        if subgraph.styles:
            yield _styled("style", subgraph.name, subgraph.styles, indent)


def _before(words: Sequence[str], last: Sequence[str]) -> Sequence[str]:
    """``words`` without the ``last`` ones, if these are the last."""
    count = len(words) - len(last)
    return words[:count] if list(words[count:]) == list(last) and count >= 0 else words
