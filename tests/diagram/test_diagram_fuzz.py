"""Whatever the text: an answer or a DiagramError, in time that grows no faster than the text."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adf_core.diagram import Diagram, DiagramError, parse

PIECES = (
    *("A", "B", "Foo_1", "x-y", "2nd", "12", "1.5", "1", "0", "é", "µ", "日本", "😀", '"quoted"', '"a%b"', '""'),
    *("to", "one", "many", "u", "only", "zero", "or", "more", "optionally", "end-user", "class-room", "title:"),
    *("||", "|o", "o|", "}o", "o{", "}|", "|{", "--", "..", ".-", "-.", "many(0)", "many(1)", "1+", "0+", "->", "|"),
    *("{", "}", "[", "]", ":::", ":", ",", ";", "#", "?", "~", "`", '"', "%", "%%", "%%x", "%%{init:", "}%%", "---"),
    *("style", "classDef", "class", "subgraph", "end", "erDiagram", "direction", "TB", "LR", "TD", "%%{wrap}%%"),
    *("accTitle:", "accDescr:", "accDescr", "accDescr{", "int", "string", "List~int~", "decimal(10,2)", "int?"),
    *("PK", "FK", "UK", "pk_id", "`a`", "fill:#fff;", "stroke:red", "#35;", "#quot;", "<b", 'c="d">'),
)
SPACING = ["", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\f", "\u00a0", "\u2028", "\u3000", "\ufeff"]

soup = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(SPACING))).map(
    lambda pieces: "".join(piece + space for piece, space in pieces)
)


def answer(text: str) -> Diagram | None:
    try:
        return parse(text)
    except DiagramError as error:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert lines[error.line - 1] == error.source_line
        assert 1 <= error.column <= len(error.source_line) + 1
        assert error.message in str(error)
        assert "^" in error.excerpt()
        return None


@given(soup, st.sampled_from(["erDiagram\n", "erDiagram\nA {\n", "erDiagram\nsubgraph g\n", "erDiagram ", "---\n", ""]))
def test_pieces_of_diagrams_in_any_order(text: str, start: str) -> None:
    answer(start + text)


@given(st.text())
def test_any_text(text: str) -> None:
    answer(text)
    answer(f"erDiagram\n{text}")
    answer(f"erDiagram\nA {{\n{text}\n}}")


# --- what was written is what is read ------------------------------------------------------------------------------

NAMES = st.sampled_from(["A", "B", "x-y", "Foo.Bar", "été", '"two words"', '"end-user"', "1.5", "_a", "*"])
CARDINALITIES = {
    "||": "only_one",
    "one": "only_one",
    "o{": "zero_or_more",
    "many(0)": "zero_or_more",
    "|o": "zero_or_one",
    "one or zero": "zero_or_one",
    "}|": "one_or_more",
    "1+": "one_or_more",
}
CARDINALITY = st.sampled_from(sorted(CARDINALITIES))
CONNECTOR = st.sampled_from(["--", "..", "to", "optionally to", ".-"])
LABEL = st.sampled_from(["has", '"has many"', '""', '"50 %"'])
WORD = st.sampled_from(["int", "string", "decimal(10,2)", "List~int~", "`a b`", "class", "pk_id", "x-y", "日本"])
KEYS = st.lists(st.sampled_from(["PK", "fk", "UK"]), max_size=3)
COMMENT = st.none() | st.sampled_from(["", "note", "a | b", "50 %"])
BREAK = st.sampled_from(["\n", "\n\n", "\n  ", "\n%% note\n", "\r\n"])

relationship = st.tuples(NAMES, CARDINALITY, CONNECTOR, CARDINALITY, NAMES, LABEL)
attribute = st.tuples(WORD, WORD.filter(lambda word: "~" not in word), KEYS, COMMENT)
entity = st.tuples(NAMES, st.lists(attribute, max_size=4))


@given(st.lists(st.tuples(relationship, BREAK)))
def test_relationships_are_read_as_written(lines: list[tuple[tuple[str, ...], str]]) -> None:
    text = "".join(f"{a} {left} {by} {right} {b} : {label}{end}" for (a, left, by, right, b, label), end in lines)
    read = parse(f"erDiagram\n{text}").relationships
    assert [
        (line.left, line.left_cardinality, line.identifying, line.right_cardinality, line.right, line.label)
        for line in read
    ] == [
        (
            a.strip('"'),
            CARDINALITIES[left],
            by in ("--", "to"),
            CARDINALITIES[right],
            b.strip('"'),
            label.strip('"'),
        )
        for (a, left, by, right, b, label), _ in lines
    ]


@given(st.lists(st.tuples(entity, BREAK)), st.sampled_from([" ", "\n", "\n\n"]))
def test_blocks_are_read_as_written(
    blocks: list[tuple[tuple[str, list[tuple[str, str, list[str], str | None]]], str]], space: str
) -> None:
    text, expected = "erDiagram\n", dict[str, list[object]]()
    for (name, lines), end in blocks:
        rows = [
            " ".join([kind, word, ", ".join(keys), "" if comment is None else f'"{comment}"'])
            for kind, word, keys, comment in lines
        ]
        text += f"{name} {{\n" + "\n".join(rows) + space + "}" + end
        read = [(kind.strip("`"), word.strip("`"), tuple(keys), comment) for kind, word, keys, comment in lines]
        expected.setdefault(name.strip('"'), []).extend(read)
    assert {
        part.name: [(line.type, line.name, line.keys, line.comment) for line in part.attributes]
        for part in parse(text).entities
    } == expected


# --- time ----------------------------------------------------------------------------------------------------------

Hostile = Callable[[int], str]

HOSTILE: dict[str, Hostile] = {
    "braces": lambda n: "A" + "{" * n,
    "open blocks": lambda n: "A{ a b " * n,
    "tildes": lambda n: "A{" + "~" * n + " b}",
    "words with a tilde": lambda n: "A{" + "a~ b " * n + "}",
    "a run of backticks": lambda n: "A{" + "`a``b`" * n + "}",
    "a run of backticks, then tildes": lambda n: "A{" + "`a``b`" * n + " x~y~ z}",
    "an open backtick": lambda n: "A{" + "`a" * n,
    "comment marks": lambda n: "%%" * n,
    "bare comment lines": lambda n: "%%\n" * n,
    "comment lines": lambda n: "%%x\n" * n,
    "empty lines": lambda n: "\n" * n + "%%",
    "blank lines": lambda n: " \n" * n + "%% x",
    "blanks": lambda n: "A" + " " * n + "%%",
    "line separators": lambda n: "\u2028" * n,
    "quotes": lambda n: '"' * n,
    "quoted names": lambda n: '"a" ' * n,
    "an open quote": lambda n: 'A ||--o{ B : "' + "x" * n,
    "directions in one line": lambda n: "direction TB " * n,
    "no directions": lambda n: "direction " * n,
    "a direction far away": lambda n: "A " * n + "direction TB",
    "a direction in a block": lambda n: "A{" + "a b " * n + "direction TB}",
    "tags": lambda n: "<a" * n,
    "a tag of quotes": lambda n: "<a" + ' ="' * n + ">",
    "directive starts": lambda n: "%%{" * n,
    "open directives": lambda n: "%%{a " * n,
    "directives": lambda n: "%%{wrap}%%" * n,
    "style words": lambda n: "style" * n + ";#:",
    "style colons": lambda n: "style a a" + ":" * n + ";#",
    "style values": lambda n: "style a" + " b:c" * n,
    "accessibility words": lambda n: "accTitle " * n,
    "open descriptions": lambda n: "accDescr{" * n,
    "ones": lambda n: "1 " * n,
    "codes": lambda n: "#a" * n,
    "a long number as a code": lambda n: "#" + "1" * n + ";",
    "a long name": lambda n: "A{" + "a" * n + " 5}",
    "a long odd line": lambda n: "A{" + "a b " * n + "c}",
    "nested subgraphs": lambda n: "subgraph g\n" * n + "end\n" * n,
    "open subgraphs": lambda n: "subgraph g\n" * n,
    "classes": lambda n: "A:::a" + ",a" * n,
    "the same entity": lambda n: "A{a b}\n" * n,
}


def seconds(text: str) -> float:
    start = time.process_time()
    answer(text)
    return time.process_time() - start


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    """A quadratic step would take sixteen times as long for four times the text."""
    answer("erDiagram\nA")
    write = HOSTILE[name]
    short, long = (seconds(f"erDiagram\n{write(count)}") for count in (10_000, 40_000))
    assert long < 8 * short + 0.5


def test_front_matter_takes_no_longer_either() -> None:
    for write in (lambda n: "---\n" * n, lambda n: "---" + "\n" * n, lambda n: "---\n" + "\n--- x" * n):
        assert seconds(write(100_000) + "erDiagram") < 5
