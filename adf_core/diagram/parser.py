"""Text → statements, with Lark and the grammar in ``grammars/mermaid_er.lark``."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedToken

from adf_core.diagram.explain import explained
from adf_core.diagram.lexer import ErLexer
from adf_core.diagram.preprocess import Source
from adf_core.diagram.syntax import (
    AttributeLine,
    Block,
    ClassAssignment,
    ClassDefinition,
    EntityStatement,
    LineStatement,
    RelationshipStatement,
    Statement,
    StyleAssignment,
    SubgraphHeader,
    SubgraphStatement,
)
from adf_core.grammar_files import grammar_file

HEADER = "erDiagram"


def statements(source: Source) -> list[Statement]:
    """The statements after the header of a preprocessed text, in order. Raises DiagramError."""
    if not source.text.startswith(HEADER):
        word = source.text.split(maxsplit=1)[0] if source.text.strip() else ""
        raise explained(source, Token("NAME", word, 0), {"ER_DIAGRAM"}, [])
    parser = _parser()
    try:
        return cast("list[Statement]", parser.parse(source.text))
    except UnexpectedToken as error:
        state = error.interactive_parser.parser_state
        raise explained(source, error.token, error.accepts or error.expected, state.value_stack) from None


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
