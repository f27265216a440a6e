"""What people are told about a text that Mermaid refuses."""

from __future__ import annotations

import pytest

from adf_core.diagram import DiagramError, parse
from adf_core.errors import UsageError


def error(text: str) -> DiagramError:
    with pytest.raises(DiagramError) as caught:
        parse(text)
    return caught.value


def test_an_error_says_what_was_expected_and_shows_the_place() -> None:
    told = error("erDiagram\n  A ||--o{ B\n  C")
    assert isinstance(told, UsageError)
    assert told.exit_status == 2
    assert (told.line, told.column, told.hint) == (2, 13, None)
    assert (
        told.message == "expected `:` and a label after the second entity, as in `A ||--o{ B : has`, but the line ends"
    )
    assert str(told) == f"line 2, column 13: {told.message}"
    assert told.excerpt() == "2 |   A ||--o{ B\n  |             ^"


def test_the_hint_is_part_of_the_text() -> None:
    told = error("erDiagram\nend-user { int x }")
    assert str(told).endswith("\n  hint: " + str(told.hint))
    assert told.hint == '`end-user` begins with the reserved word `end`: quote it, `"end-user"`'


def test_the_caret_stands_right_below_tabs_and_in_long_lines() -> None:
    assert error("erDiagram\n\tA\t;").excerpt() == "2 | \tA\t;\n  | \t \t^"
    shown, caret = error("erDiagram\n" + "A " * 500 + "; " + "B " * 500).excerpt(width=40).split("\n")
    assert len(shown) < 50
    assert shown[caret.index("^")] == ";"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("erDiagram\r\nA\r\n  ;", (3, 3)),
        ("---\ntitle: x\n---\n%% note\n\nerDiagram\n%% note\nA %%{wrap}%% ;", (8, 14)),
        ('erDiagram\nA { int x "one\n%% note\ntwo" ; }', (4, 6)),
        ("erDiagram\nA {\n\n%% note\n", (2, 3)),
        ("erDiagram\nA\n  subgraph g\nB", (3, 3)),
        ("---\ntitle: [\n---\nerDiagram", (2, 9)),
        ("  ---\n  a: 1\n  a: 2\n  ---\nerDiagram", (3, 3)),
        ("  ---\n  a: 1\nb c\n  ---\nerDiagram", (3, 4)),
        ("erDiagram\nA #35; ;", (2, 8)),
        ("\ufeffA", (1, 2)),
        ("", (1, 1)),
    ],
)
def test_places_are_those_of_the_text_as_given(text: str, place: tuple[int, int]) -> None:
    told = error(text)
    assert (told.line, told.column) == place
    assert told.source_line == text.replace("\r", "").split("\n")[told.line - 1]


@pytest.mark.parametrize(
    ("body", "place", "hint"),
    [
        ("A ||--o{ to-do : x", (2, 10), '`to-do` begins with the reserved word `to`: quote it, `"to-do"`'),
        ("class-room {", (2, 12), '`class-room` begins with the reserved word `class`: quote it, `"class-room"`'),
        ("U-turn", (2, 1), '`U-turn` begins with the reserved word `U`: quote it, `"U-turn"`'),
        ("style-guide {", (2, 13), '`style-guide` begins with the reserved word `style`: quote it, `"style-guide"`'),
        ("Class {", (2, 7), '`Class` is a reserved word: as a name or label it needs quotes, `"Class"`'),
        (
            "A ||--o{ 2nd : x",
            (2, 11),
            'a name that begins with a digit is read as two, `2` and `nd`: quote it, `"2nd"`',
        ),
        ("A ||--o{ B : 3x", (2, 14), 'a label that begins with a digit needs quotes: `"3x"`'),
        ('A ||--o{ B "x"', (2, 12), "a `:` is missing before the label"),
        ('A ||--o{ B : "x', (2, 14), 'this `"` is never closed'),
        ('""', (2, 1), "a name in quotes has at least one character, and none of `%` and `\\`"),
        ("A --> B : x", (2, 3), "between two entities stand two cardinalities around `--` or `..`: `A ||--o{ B : has`"),
        ("A 1 -- 1+ B : x", (2, 5), "before a blank and a connector `1` is a name: write `1--` or `||`"),
        ("A[two words]", (2, 7), 'an alias of several words needs quotes: `["two words"]`'),
        ("A[]", (2, 3), "an alias cannot be empty: write one, or leave out `[]`"),
        ("A\n{", (3, 1), "the `{` must stand on the line of its entity"),
        ("A;", (2, 2), "a statement ends with its line: delete the `;`"),
        ("style A a:b; B", (2, 14), "what follows the `;` needs a line of its own"),
        ("style A a:b  ", (2, 12), "the blanks at the end of this line make it go on in the next one: delete them"),
        ("A ||--o{ B : x %% y", (2, 16), "a `%%` comment needs a line of its own: move it above this line"),
        ("A\n%%", (3, 1), "Mermaid refuses a `%%` with nothing after it: write a word there, or delete the line"),
        ("// note", (2, 1), "a comment begins with `%%` and has a line of its own"),
        ("end", (2, 1), '`end` closes a subgraph, and none is open; as a name it needs quotes, `"end"`'),
        ("subgraph g\nA", (2, 1), "a line `end` is missing after its last statement"),
        ("accDescr { x", (2, 1), "the `{` of this `accDescr` is never closed: a `}` is missing"),
        ("accTitle:", (2, 1), "a text is missing after the colon"),
        ("erDiagram", (2, 1), "one text holds one diagram, with one `erDiagram`"),
        ("A(x)", (2, 2), "parentheses are no part of a name: quote it, or leave them out"),
        ("A/B", (2, 2), "a name is made of letters, digits and `_ - * .`; in quotes it may hold anything else"),
        (
            "A one  or more to B : x",
            (2, 8),
            "the words of a cardinality have exactly one blank between them: `one or more`",
        ),
        (
            "A zero or  more -- 1 B : x",
            (2, 17),
            "the words of a cardinality have exactly one blank between them: `one or more`",
        ),
        ("A ||--o{ B : has many", (2, 18), 'a label of several words needs quotes: `"has many"`'),
        ("A:::1", (2, 5), "the name of a class cannot begin with a digit"),
        ("%%{ }%%", (2, 1), "a directive has a word after its brace, as in `%%{init: {}}%%`"),
    ],
)
def test_known_traps_outside_blocks(body: str, place: tuple[int, int], hint: str) -> None:
    told = error(f"erDiagram\n{body}")
    assert ((told.line, told.column), told.hint) == (place, hint)


@pytest.mark.parametrize(
    ("line", "column", "hint"),
    [
        (
            "marriage-duration 10-years",
            19,
            "no name begins with a digit: write `marriage-duration years_10`, or keep the value in a comment, "
            '`string marriage-duration "10 years"`',
        ),
        (
            "10-years x",
            1,
            "no type or name begins with a digit: put a letter first, or keep the value in a comment, like "
            '`int years "1..40"`',
        ),
        ("decimal(10, 2) price", 13, "leave no blank inside the parentheses: `decimal(10,2)`"),
        ("List<int> x", 5, "Mermaid writes `List~int~`, with tildes"),
        ("int x PK FK", 10, "put a comma between keys: `PK, FK`"),
        ('int x "note" PK', 14, 'the comment comes last: `PK "…"`'),
        ("string pk", 8, "`pk` is a key here and cannot be a type or begin a name: `pk_id` is fine"),
        ("name", 1, "write both, as in `string name`"),
        ("int x UNIQUE", 7, 'the keys are PK, FK and UK; put anything else into the comment: `int x "UNIQUE"`'),
        ('int "x"', 5, "types and names have no quotes; a quoted text is the comment and comes last"),
        ("int name?", 9, "a `?` can only follow the type: `int? age`"),
        ("int x %% note", 7, "a `%%` comment needs a line of its own: move it above this line"),
        ("int `x", 5, "this backtick is never closed"),
        ('int x "y', 7, 'this `"` is never closed'),
        ("B ||--o{ C : x", 3, "if the block should be closed here, a `}` is missing above"),
        (
            "int a:b",
            6,
            "types and names are made of letters, digits and `- _ ( ) [ ] . , *`; in backticks they may hold anything",
        ),
    ],
)
def test_known_traps_inside_blocks(line: str, column: int, hint: str) -> None:
    told = error(f"erDiagram\nA {{\n{line}\n}}")
    assert ((told.line, told.column), told.hint) == ((3, column), hint)


def test_the_odd_line_of_a_block_is_named_not_its_end() -> None:
    told = error("erDiagram\nA {\nint x PK\nstring mood UNIQUE\nMap~a, b~ y\ndate day\n}")
    assert (told.line, told.column) == (4, 13)
    assert told.message == "expected a type and a name, but found another word, `UNIQUE`"


def test_a_comment_or_backticks_do_not_hide_the_odd_word() -> None:
    told = error('erDiagram\nA {\n`two words` x\nint x"note"y\n}')
    assert (told.line, told.column) == (4, 12)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "begin with a line `erDiagram`, then write entities and relationships"),
        ("A ||--o{ B : x", "put a line `erDiagram` before everything but comments"),
        ("erdiagram\nA", "upper and lower case count here: write `erDiagram`"),
        ("erDiagram direction LR", "a `direction` takes its whole line: put it below `erDiagram`"),
        (
            "flowchart TD\nA-->B",
            "this is a diagram of the kind `flowchart`; entities and relationships are drawn with `erDiagram`",
        ),
        (
            "```mermaid\nerDiagram\n```",
            "leave out the lines with ```: they belong to Markdown, not to the diagram",
        ),
        (
            "\n---\ntitle: x\n---\nerDiagram",
            "front matter begins at the very start of the text and ends with a line `---` of the same indent",
        ),
        ("%%\nerDiagram", "Mermaid refuses a `%%` with nothing after it: write a word there, or delete the line"),
    ],
)
def test_known_traps_before_the_header(text: str, hint: str) -> None:
    told = error(text)
    assert told.message.startswith("expected `erDiagram` at the beginning, but ")
    assert told.hint == hint
