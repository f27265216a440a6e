"""Canonical text: what is written is what is read again."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from adf_core.diagram import Diagram, DiagramError, parse

from .diagrams import diagrams, near_misses

SHOP = """\
---
title: "A shop"
---
%% About a shop
erDiagram
    direction LR
    accDescr: Who buys what
    classDef warm fill:#fee,stroke:red

    %% Whoever buys
    CUSTOMER["A customer"]:::warm {
        int id PK, UK
        %% Seldom asked
        string mood "calm | angry"
        List~int~ visits
    }
    ORDER
    style ORDER fill:red
    "end-user"

    CUSTOMER }o..|{ ORDER : "places"
    %% Frequency: weekly
    ORDER ||--o| "end-user" : ""

    subgraph shop ["The shop"]
        direction BT
        CUSTOMER
        subgraph back
            ORDER
        end
        class back warm
    end
"""


def late_namesakes(diagram: Diagram) -> bool:
    """Whether an entity has the name of a subgraph that got classes or styles before the entity was mentioned."""
    for entity in diagram.entities:
        namesakes = [subgraph for subgraph in diagram.subgraphs if subgraph.name == entity.name]
        classes = [name for subgraph in namesakes for name in subgraph.classes]
        styles = [style for subgraph in namesakes for style in subgraph.styles]
        if len(classes) > len(entity.classes) or len(styles) > len(entity.styles):
            return True
    return False


def test_canonical_text_stays_as_it_is() -> None:
    assert parse(SHOP).to_mermaid() == SHOP


@given(diagrams() | near_misses())
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_reads_as_an_equal_diagram(text: str) -> None:
    try:
        diagram = parse(text)
    except DiagramError:
        return
    assume(not late_namesakes(diagram))
    written = diagram.to_mermaid()
    assert parse(written) == diagram
    assert parse(written).to_mermaid() == written


@pytest.mark.parametrize(
    "body",
    [
        'A ||--o{ B : "50 % of #35;quot; and #quot;#59;"',
        'A ||--o{ B : "see directio#110; TB"',
        'A ||--o{ B : "two\nlines"',
        'A ||--o{ B : "style a:b#35;"',
        'A ||--o{ B : "<a b=c> and #lt;a b="',
        "A ||--u-x : parent",
        "A { `a#96;b` `c d` }",
        "A { List~int~ x }\nA { `a~b~` y }",
        'A { int x "about ~ 5" }',
        'A { style x "a:b#35;" }',
        'direction ||--|| "TB" : x',
        "A\nstyle A fill:#35;,a:b#59;",
        "classDef style fill:#fff",
        'subgraph " "\nA\nend',
        "accDescr {\n one\n two }",
        "accDescr { no direction }\nTB",
        "accTitle: #32; a title #9;",
        "accDescr { #32; }",
        'A["1"]:::x#35;,#101;nd',
        '"zero or one" ||--|| "to" : "1"',
    ],
)
def test_texts_that_are_easily_misread(body: str) -> None:
    diagram = parse(f"erDiagram\n{body}")
    assert parse(diagram.to_mermaid()) == diagram


def test_a_subgraph_and_an_entity_of_one_name_keep_their_classes() -> None:
    diagram = parse("erDiagram\ng:::own\nsubgraph g\nA\nend\nclass g both\nstyle g fill:red")
    assert parse(diagram.to_mermaid()) == diagram


def test_subgraphs_may_nest_deeply() -> None:
    depth = 20_000
    diagram = parse("erDiagram\n" + "subgraph g\n" * depth + "end\n" * depth)
    written = diagram.to_mermaid()
    assert written.count("subgraph") == depth
    assert parse(written) == diagram
