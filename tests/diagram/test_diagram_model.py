"""The model: what is in it, where it says things stand, and that nobody can change it."""

from __future__ import annotations

import dataclasses
import doctest
import importlib

import pytest

from adf_core.diagram import Diagram, parse

TEXT = """\
%% A small shop

erDiagram
    %% Whoever buys
    CUSTOMER["A customer"]:::warm {
        int id PK
        %% Seldom asked
        string mood "calm | angry"
    }

    CUSTOMER }o..|{ ORDER : places
    %% Frequency: weekly

    subgraph back [Back office]
        ORDER
        STOCK
    end
    ORDER ||--|{ STOCK : "is taken from"
"""


def test_the_plain_form_has_exactly_these_keys() -> None:
    assert parse(TEXT).to_dict() == {
        "title": None,
        "direction": "TB",
        "acc_title": None,
        "acc_descr": None,
        "comments": ["A small shop"],
        "warnings": [],
        "subgraphs": [
            {
                "name": "back",
                "title": "Back office",
                "direction": None,
                "members": ["ORDER", "STOCK"],
                "classes": [],
                "comments": [],
            }
        ],
        "entities": [
            {
                "name": "CUSTOMER",
                "alias": "A customer",
                "classes": ["warm"],
                "attributes": [
                    {"type": "int", "name": "id", "keys": ["PK"], "comment": None},
                    {"type": "string", "name": "mood", "keys": [], "comment": "calm | angry"},
                ],
                "comments": ["Whoever buys", "Seldom asked"],
            },
            {"name": "ORDER", "alias": None, "classes": [], "attributes": [], "comments": []},
            {"name": "STOCK", "alias": None, "classes": [], "attributes": [], "comments": []},
        ],
        "relationships": [
            {
                "left": "CUSTOMER",
                "right": "ORDER",
                "left_cardinality": "zero_or_more",
                "right_cardinality": "one_or_more",
                "identifying": False,
                "label": "places",
                "comments": ["Frequency: weekly"],
            },
            {
                "left": "ORDER",
                "right": "STOCK",
                "left_cardinality": "only_one",
                "right_cardinality": "one_or_more",
                "identifying": True,
                "label": "is taken from",
                "comments": [],
            },
        ],
    }


def test_every_part_knows_its_place_in_the_text_as_given() -> None:
    diagram = parse(TEXT)
    customer, order, stock = diagram.entities
    assert customer.position == (5, 5)
    assert [attribute.position for attribute in customer.attributes] == [(6, 9), (8, 9)]
    assert customer.attributes[1].comments[0].position == (7, 9)
    assert (order.position, stock.position) == ((11, 21), (16, 9))
    assert diagram.relationships[0].position == (11, 5)
    assert diagram.subgraphs[0].position == (14, 5)


def test_places_count_what_was_taken_out_before() -> None:
    text = "---\ntitle: T\n---\n%%{init: {\n}}%% erDiagram\r\n%% a\r\n\r\n%% b\r\nA %%{wrap}%% B\nstyle A fill:#fff;\nC"
    diagram = parse(text)
    assert [entity.position for entity in diagram.entities] == [(9, 1), (9, 14), (11, 1)]


def test_a_comment_keeps_its_line_as_it_stood() -> None:
    (comment,) = parse("erDiagram\n\t  %%  Topic: é  \nA").entities[0].comments
    assert (comment.text, comment.raw, comment.indent) == ("Topic: é", "%%  Topic: é  ", "\t  ")
    assert comment.position == (2, 4)


def test_equal_diagrams_are_equal_wherever_their_parts_stand() -> None:
    one = parse("erDiagram\n%% note\nA { int x }\nA ||--o{ B : x")
    other = parse("erDiagram\n\n   %%   note\n   A{\nint\n x}   A ||--o{   B:x")
    assert one == other
    assert hash(one) == hash(other)
    assert one != parse("erDiagram\n%% note\nA { int x }\nA ||--|{ B : x")


def test_nothing_of_it_can_be_changed() -> None:
    diagram = parse(TEXT)
    parts = [diagram, *diagram.entities, *diagram.relationships, *diagram.subgraphs, *diagram.comments]
    for part in [*parts, *diagram.entities[0].attributes]:
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(part, field.name, value)
            assert not isinstance(value, list | dict | set)


@pytest.mark.parametrize(
    ("body", "place", "about"),
    [
        ("A ||--o{ B : has items", (2, 18), "`items`"),
        ('A ||--o{ B : "say "hi" now"', (2, 20), "`hi`"),
        ('A ||--o{ B : "see direction TB here"', (2, 1), "`direction TB`"),
        ("A\nstyle A fill:red  \nB", (3, 1), "blanks"),
        ("2nd { int x }", (2, 1), "`2nd`"),
        ("A\n%%{init: {\nB", (3, 1), "directive"),
        ("A { name string }", (2, 5), "`name string`"),
        ('A { age int "1..40" }', (2, 5), "swapped"),
        ("A ||--o{ B : has\nC { int x }", (3, 1), "`C` is related to nothing"),
        ("A\nB", (2, 1), "no entity is related"),
    ],
)
def test_what_was_hardly_meant_earns_a_warning(body: str, place: tuple[int, int], about: str) -> None:
    diagram = parse(f"erDiagram\n{body}")
    (warning,) = diagram.warnings
    assert (warning.line, warning.column) == place
    assert about in warning.message
    assert diagram.to_dict()["warnings"] == [str(warning)]


@pytest.mark.parametrize(
    "body",
    [
        'A ||--o{ B : "has items"\nitems\nitems ||--|| A : x',
        "A ||--o{ B : x C ||--|| D : y",
        "A ||--o{ B : x C { int y } B ||--|| C : x",
        "  direction LR  ",
        "A\nstyle A fill:red\nclassDef B fill:red",
        "2 ||--|| nd : x",
        "A { hair long }",
        "A { sex male }",
        "A { varchar(20) string }",
        "%%{init: {}}%%",
    ],
)
def test_what_was_meant_earns_none(body: str) -> None:
    diagram: Diagram = parse(f"erDiagram\n{body}")
    assert diagram.warnings == ()


@pytest.mark.parametrize("module", ["adf_core.diagram", "adf_core.diagram.errors"])
def test_the_examples_in_the_docstrings_are_true(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
