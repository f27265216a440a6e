"""Text → statements: the grammar's rules as plain tuples, before anything is made of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedToken

from adf_core.diagram.explain import explained
from adf_core.diagram.lexer import ErLexer
from adf_core.diagram.preprocess import Source
from adf_core.grammar_files import grammar_file


class AttributeLine(NamedTuple):
    """``type optional name keys "comment"``."""

    type: Token
    optional: Token | None
    name: Token
    keys: tuple[str, ...] | None
    comment: Token | None


class Block(NamedTuple):
    attributes: list[AttributeLine]
    end: Token


class EntityStatement(NamedTuple):
    start: Token
    alias: Token | None
    classes: list[Token] | None
    block: Block | None


class RelationshipStatement(NamedTuple):
    start: Token
    left_classes: list[Token] | None
    left_cardinality: Token
    connector: Token
    right_cardinality: Token
    right: Token
    right_classes: list[Token] | None
    label: Token


class SubgraphHeader(NamedTuple):
    start: Token
    name: Token
    title: str | None


class SubgraphStatement(NamedTuple):
    header: SubgraphHeader
    body: list[Statement]
    end: Token


class ClassAssignment(NamedTuple):
    start: Token
    names: list[Token]
    classes: list[Token]


class ClassDefinition(NamedTuple):
    start: Token
    names: list[Token]
    styles: list[Token]


class StyleAssignment(NamedTuple):
    start: Token
    names: list[Token]
    styles: list[Token]


class LineStatement(NamedTuple):
    """A direction or an accessibility text; the token's type tells which."""

    start: Token


Statement = (
    EntityStatement
    | RelationshipStatement
    | SubgraphStatement
    | ClassAssignment
    | ClassDefinition
    | StyleAssignment
    | LineStatement
)


def statements(source: Source) -> list[Statement]:
    """The statements of a preprocessed text, in order, after its header. Raises DiagramError."""
    if not source.text.startswith("erDiagram"):
        raise explained(source, Token("NAME", source.text.split("\n", 1)[0], 0), frozenset({"ER_DIAGRAM"}), [])
    try:
        return cast("list[Statement]", _parser().parse(source.text))
    except UnexpectedToken as error:
        raise explained(source, error.token, ..., ...) from None


@cache
def _parser() -> Lark:
    return Lark(
        grammar_file("mermaid_er.lark"),
        parser="lalr",
        lexer=ErLexer,
        transformer=_ToStatements(),
        g_regex_flags=re.IGNORECASE | re.ASCII,
    )


class _ToStatements(Transformer[Token, Any]):
    """What is made of each rule's parts, which come in the order of the tuples' fields."""

    def start(self, parts: list[Any]) -> list[Statement]:
        return parts[1:]

    def entity(self, parts: list[Any]) -> EntityStatement:
        return EntityStatement(*parts)

    def block(self, parts: list[Any]) -> Block:
        return Block(parts[:-1], parts[-1])

    def attribute(self, parts: list[Any]) -> AttributeLine:
        return AttributeLine(*parts)

    def keys(self, parts: list[Any]) -> tuple[str, ...]:
        return tuple(map(str, parts))

    def ids(self, parts: list[Any]) -> list[Token]:
        return parts

    def relationship(self, parts: list[Any]) -> RelationshipStatement:
        return RelationshipStatement(*parts)

    def subgraph(self, parts: list[Any]) -> SubgraphStatement:
        return SubgraphStatement(parts[0], parts[1:-1], parts[-1])

    def subgraph_header(self, parts: list[Any]) -> SubgraphHeader:
        return SubgraphHeader(*parts)

    def title(self, parts: list[Any]) -> str:
        return " ".join(parts)

    def class_assignment(self, parts: list[Any]) -> ClassAssignment:
        return ClassAssignment(*parts)

    def class_definition(self, parts: list[Any]) -> ClassDefinition:
        return ClassDefinition(*parts)

    def style_assignment(self, parts: list[Any]) -> StyleAssignment:
        return StyleAssignment(*parts)

    def style_ids(self, parts: list[Any]) -> list[Token]:
        return parts

    def styles(self, parts: list[Any]) -> list[Token]:
        return parts

    def style_value(self, parts: list[Any]) -> Token:
        return Token("STYLE_VALUE", "".join(parts), parts[0].start_pos, end_pos=parts[-1].start_pos)

    def direction(self, parts: list[Any]) -> LineStatement:
        return LineStatement(*parts)

    acc_title = acc_descr = direction
