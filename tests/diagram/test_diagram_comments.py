"""Which part of a diagram a comment belongs to."""

from __future__ import annotations

from itertools import chain

import pytest

from adf_core.diagram import parse


def owners(text: str) -> dict[str, list[str]]:
    """The comments of each part that has some."""
    diagram = parse(text)
    found = {"diagram": diagram.comments}
    for entity in diagram.entities:
        found[entity.name] = entity.comments
        found |= {f"{entity.name}.{line.name}": line.comments for line in entity.attributes}
    found |= {f"{line.left}-{line.right}": line.comments for line in diagram.relationships}
    found |= {subgraph.name: subgraph.comments for subgraph in diagram.subgraphs}
    return {part: [comment.text for comment in comments] for part, comments in found.items() if comments}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("erDiagram\n%% c\nA", {"A": ["c"]}),
        ("erDiagram\n%% c\n%% d\nA", {"A": ["c", "d"]}),
        ("erDiagram\n%% c\n\nA", {"diagram": ["c"]}),
        ("erDiagram\nA\n%% c\nB", {"B": ["c"]}),
        ("erDiagram\nA\n%% c\n\nB", {"A": ["c"]}),
        ("erDiagram\nA\n\n%% c\n\nB", {"A": ["c"]}),
        ("erDiagram\nA\n\n%% c\n\n%% d\nB", {"A": ["c"], "B": ["d"]}),
        ("erDiagram\nA ||--o{ B : x\n\n%% c\n%% d", {"A-B": ["c", "d"]}),
        ("erDiagram\n%% c\nA ||--o{ B : x", {"A-B": ["c"]}),
        ("erDiagram\n%% c", {"diagram": ["c"]}),
        ("%% c\n\nerDiagram\nA", {"diagram": ["c"]}),
        ("%% c\nerDiagram\nA", {"diagram": ["c"]}),
        ("%% c\nerDiagram A", {"diagram": ["c"]}),
        ("erDiagram\nA\n%% c\nA", {"A": ["c"]}),
        ("erDiagram\n%% c\nA B", {"A": ["c"]}),
        ("erDiagram\nA B\n%% c", {"B": ["c"]}),
    ],
)
def test_a_group_belongs_to_what_it_touches_below_else_to_what_stands_before(
    text: str, expected: dict[str, list[str]]
) -> None:
    assert owners(text) == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("%% c\nint x\nint y", {"A.x": ["c"]}),
        ("int x\n%% c\nint y", {"A.y": ["c"]}),
        ("int x\n%% c\n\nint y", {"A.x": ["c"]}),
        ("int x\nint y\n%% c", {"A.y": ["c"]}),
        ("%% c\n\nint x", {"A": ["c"]}),
        ("%% c", {"A": ["c"]}),
        ('int x "one\n%% c\ntwo"\nint y', {"A.x": ["c"]}),
    ],
)
def test_inside_a_block_attributes_are_the_statements(block: str, expected: dict[str, list[str]]) -> None:
    assert owners(f"erDiagram\nA {{\n{block}\n}}\nB") == expected


def test_below_a_block_comes_what_belongs_to_the_whole_entity() -> None:
    assert owners("erDiagram\nA {\nint x\n}\n%% c\n\nB") == {"A": ["c"]}
    assert owners("erDiagram\nA {\nint x\n}\n%% c\nB") == {"B": ["c"]}


def test_subgraphs_are_statements_too() -> None:
    text = "erDiagram\n%% a\nsubgraph g\n%% b\nA\n%% c\nend\n%% d\n\nB"
    assert owners(text) == {"g": ["a", "d"], "A": ["b", "c"]}


@pytest.mark.parametrize("line", ["direction LR", "class A x", "style A a:b", "classDef x a:b", "accTitle: x"])
def test_what_is_said_of_other_lines_is_said_of_the_diagram(line: str) -> None:
    assert owners(f"erDiagram\nA\n%% c\n{line}\n%% d") == {"diagram": ["c", "d"]}


def test_no_comment_is_lost() -> None:
    text = "%% 0\nerDiagram %%{wrap}%%\n%% 1\n\nA {\n%% 2\n\n int x\n%% 3\n}\n%% 4\n\n%% 5\nB\n  %%6"
    assert sorted(chain(*owners(text).values())) == [str(number) for number in range(7)]
