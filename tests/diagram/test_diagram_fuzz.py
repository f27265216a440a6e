"""Whatever the text: an answer or a DiagramError. ``fuzz.py`` looks longer, and at the time it takes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core.diagram import DiagramError, parse

from .diagrams import soup, texts
from .fuzz import HOSTILE


def answer(text: str) -> None:
    try:
        diagram = parse(text)
    except DiagramError as error:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert lines[error.line - 1] == error.source_line
        assert 1 <= error.column <= len(error.source_line) + 1
        assert error.message in str(error)
        assert "^" in error.excerpt()
    else:
        diagram.to_dict()
        diagram.to_mermaid()


@settings(deadline=None)
@given(texts())
def test_diagrams_and_near_misses(text: str) -> None:
    answer(text)


@settings(deadline=None)
@given(soup())
def test_pieces_of_diagrams_in_any_order(text: str) -> None:
    answer(text)


@settings(deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    answer(text)
    answer(f"erDiagram\n{text}")
    answer(f"erDiagram\nA {{\n{text}\n}}")


@pytest.mark.parametrize("name", HOSTILE)
def test_long_and_deep_texts(name: str) -> None:
    answer(HOSTILE[name](10_000))
