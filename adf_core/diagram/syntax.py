"""The statements of a diagram as plain tuples, whose fields are the parts of the grammar's rules in their order."""

from __future__ import annotations

from typing import NamedTuple

from lark import Token


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


PlainStatement = (
    EntityStatement | RelationshipStatement | ClassAssignment | ClassDefinition | StyleAssignment | LineStatement
)
Statement = PlainStatement | SubgraphStatement
