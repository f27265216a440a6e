"""The language, rule by rule: what Mermaid accepts and what it makes of it."""

from __future__ import annotations

import pytest

from adf_core.diagram import Diagram, DiagramError, parse


def read(body: str) -> Diagram:
    return parse(f"erDiagram\n{body}")


def names(body: str) -> list[str]:
    return [entity.name for entity in read(body).entities]


def attributes(block: str) -> list[tuple[str, str, tuple[str, ...], str | None]]:
    (entity,) = read(f"A {{{block}}}").entities
    return [(line.type, line.name, line.keys, line.comment) for line in entity.attributes]


def refused(body: str) -> bool:
    with pytest.raises(DiagramError):
        read(body)
    return True


# --- before the grammar --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "erDiagram",
        "  erDiagram",
        "\n\n\terDiagram\n",
        "\ufefferDiagram",
        "%% a word before\n\nerDiagram",
        "%%{init: {}}%% erDiagram",
        '%%{init: {"theme": "dark"}}%%\nerDiagram',
        "%%{wrap}%%\nerDiagram",
        "%%{init: {\n  broken json\n}}%%\nerDiagram",
        "---\ntitle: x\n---\nerDiagram",
    ],
)
def test_a_header_alone_is_an_empty_diagram(text: str) -> None:
    diagram = parse(text)
    assert (diagram.entities, diagram.relationships, diagram.direction) == ((), (), "TB")


@pytest.mark.parametrize(
    "text",
    ["", " \n", "A", "erdiagram\nA", "ERDIAGRAM", "erDiagrams", "erDiagram;", "A\nerDiagram", "erDiagram\nerDiagram"],
)
def test_a_text_without_its_header_is_refused(text: str) -> None:
    with pytest.raises(DiagramError):
        parse(text)


def test_statements_may_follow_on_the_headers_line() -> None:
    assert [entity.name for entity in parse("erDiagram A B\nC").entities] == ["A", "B", "C"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one(end: str) -> None:
    diagram = parse(end.join(["erDiagram", "A {", "  int x", "}", "%% note", "B"]))
    assert [entity.name for entity in diagram.entities] == ["A", "B"]
    assert diagram.entities[0].attributes[0].position == (3, 3)
    assert diagram.entities[1].position == (6, 1)


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("---\ntitle: A shop\n---\n", "A shop"),
        ("---\ntitle: 'A shop'\n---\n\n", "A shop"),
        ("  ---\n  title: A shop\n  ---\n", "A shop"),
        ("---\n\n\ntitle: A shop\nconfig:\n  theme: dark\n---\n", "A shop"),
        ("---\nother: A shop\n---\n", None),
        ("---\ntitle: null\n---\n", None),
        ("---\ntitle: 'null'\n---\n", "null"),
        ("---\ntitle: 7\n---\n", "7"),
        ("---\ntitle: 1.50\n---\n", "1.5"),
        ("---\ntitle: '1.50'\n---\n", "1.50"),
        ("---\ntitle: 0x1F\n---\n", "31"),
        ("---\ntitle: 1e21\n---\n", "1e+21"),
        ("---\ntitle: 1e20\n---\n", "100000000000000000000"),
        ("---\ntitle: 1.5e-7\n---\n", "1.5e-7"),
        ("---\ntitle: 1e999\n---\n", "1e999"),
        ("---\ntitle: 0b12\n---\n", "0b12"),
        ("---\ntitle: -0.0\n---\n", None),
        ("---\ntitle: True\n---\n", "true"),
        ("---\ntitle: |\n  two\n  lines\n---\n", "two\nlines\n"),
        ("---\ntitle: |-\n  two\n  lines\n---\n", "two\nlines"),
        ("---\ntitle:\tA\tshop\t# x\n---\n", "A\tshop"),
        ("---\ntitle: A\u2028shop\x85\n---\n", "A\u2028shop\x85"),
        ("---\n\u2028title: x\na: b\n---\n", None),
        ("---\n- a list\n---\n", None),
        ("---\n---\n---\n", None),
        ("", None),
    ],
)
def test_the_title_is_the_front_matters(front: str, title: str | None) -> None:
    assert parse(f"{front}erDiagram\nA").title == title


@pytest.mark.parametrize(
    "text",
    [
        "\n---\ntitle: x\n---\nerDiagram",
        "%% note\n---\ntitle: x\n---\nerDiagram",
        "---\ntitle: x\n  ---\nerDiagram",
        "---\ntitle: x\nerDiagram",
        "---\ntitle: [\n---\nerDiagram",
        "---\ntitle: a\ntitle: b\n---\nerDiagram",
        "---\na: {b: 1, b: 2}\n---\nerDiagram",
        "---\na: \x01\n---\nerDiagram",
        "---\na: " + "[" * 2000 + "\n---\nerDiagram",
    ],
)
def test_front_matter_that_is_out_of_place_or_broken_is_refused(text: str) -> None:
    with pytest.raises(DiagramError):
        parse(text)


def test_a_title_in_the_body_is_two_entities() -> None:
    assert names("title Shop") == ["title", "Shop"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A%%{wrap}%%B", ["AB"]),
        ("A %%{init: {\n\n}}%% B", ["A", "B"]),
        ("A\n%%{init: {\nB", ["A"]),
        ("A %%{init foo}%%B", ["A", "B"]),
        ("A\n%%{ x }%%", ["A"]),
    ],
)
def test_directives_are_taken_out_wherever_they_stand(body: str, expected: list[str]) -> None:
    assert names(body) == expected


@pytest.mark.parametrize(
    "body", ["%%", "A\n%%\nB", "A %% x", "A ||--o{ B : x %% y", "A {\nint x %% y\n}", "# x", "// x", "%%{ }%%"]
)
def test_comments_need_a_line_of_their_own_and_a_word(body: str) -> None:
    assert refused(body)


@pytest.mark.parametrize("body", ["%%x\nA", "%% \nA", "   \n  %%%% x\nA", "A\n %% x", "%% {a}\nA"])
def test_whole_lines_of_comment_are_skipped(body: str) -> None:
    assert names(body) == ["A"]


def test_comments_vanish_even_inside_texts() -> None:
    assert attributes('int x "one\n%% note\ntwo"') == [("int", "x", (), "one\ntwo")]
    assert read("accDescr {\none\n%% note\ntwo }").acc_descr == "one\ntwo"
    assert read("accTitle: a %% b").acc_title == "a %% b"


def test_character_codes_are_characters() -> None:
    diagram = read('A#35;B ||--o{ C : "say #quot;hi#quot; #9829; #nosuch;"\nC { int x "#lt;" }')
    assert [entity.name for entity in diagram.entities] == ["A#B", "C"]
    assert diagram.relationships[0].label == 'say "hi" ♥ #nosuch;'
    assert diagram.entities[1].attributes[0].comment == "<"
    assert names('"#1;#0000000035;#0;#99999999999;"') == ["\x01#\ufffd\ufffd"]
    assert refused("A { int x#35;y }")


def test_quotes_in_tags_become_single() -> None:
    assert attributes('int x "<b class="big">"') == [("int", "x", (), "<b class='big'>")]


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *(
            "A",
            "a_b",
            "x-y",
            "x.y",
            "x*",
            "_x",
            "*x",
            ".x",
            "-x",
            "été",
            "日本",
            "😀",
            "1.5",
            "7",
            "1",
            "a\u00a0b",
            "ſ",
        ),
        *("toaster", "ender", "zero", "only", "u", "ones", "classy", "o", "title", "TD", "direction", "accTitle"),
    ],
)
def test_bare_names(name: str) -> None:
    assert names(name) == [name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2nd", ["2", "nd"]),
        ("12-34", ["12", "-34"]),
        ("1.5.2", ["1.5", ".2"]),
        ("A B C", ["A", "B", "C"]),
        ("A B A", ["A", "B"]),
    ],
)
def test_what_one_line_of_names_holds(name: str, expected: list[str]) -> None:
    assert names(name) == expected


@pytest.mark.parametrize("name", ["two words", "end-user", "class", "x[y]", "a & b", "{", "'", "12a", " "])
def test_quotes_make_anything_a_name(name: str) -> None:
    assert names(f'"{name}"') == [name]


@pytest.mark.parametrize("name", ['""', '"a%b"', '"a\\b"', '"a\nb"', '"a', "a;b", "a/b", "$a", "a(b)", "a'b", "a\fb"])
def test_what_is_no_name(name: str) -> None:
    assert refused(name)


@pytest.mark.parametrize("word", ["one", "many", "to", "class", "end", "erDiagram", "Style", "SUBGRAPH", "classdef"])
def test_reserved_words_are_no_names_nor_their_beginnings(word: str) -> None:
    assert refused(f"{word} ||--o{{ B : x")
    assert refused(f"A ||--o{{ {word}-x : x")
    assert refused(f"A ||--o{{ B : {word}")
    assert names(f'"{word}" ||--o{{ "{word}-x" : "{word}"') == [word, f"{word}-x"]


@pytest.mark.parametrize(
    "name", ["to-do", "end-user", "one-way", "class-room", "U-turn", "u.x", "--x", "..x", ".-x", "-.x"]
)
def test_names_that_begin_like_something_else_are_refused(name: str) -> None:
    assert refused(f"{name} {{ int x }}")


def test_the_form_feed_and_a_semicolon_are_no_blanks() -> None:
    assert refused("A\fB")
    assert refused("A\vB")
    assert refused("A; B")


# --- relationships -------------------------------------------------------------------------------------------------

SPELLINGS = {
    "zero_or_one": ["|o", "o|", "one or zero", "zero or one", "ZERO or One"],
    "one_or_more": ["}|", "|{", "one or more", "one or many", "many(1)", "1+"],
    "zero_or_more": ["}o", "o{", "zero or more", "zero or many", "many(0)", "many", "0+", "MANY"],
    "only_one": ["||", "one", "only one", "Only One"],
}
EVERY_SPELLING = [(value, spelling) for value, spellings in SPELLINGS.items() for spelling in spellings]


@pytest.mark.parametrize(("value", "spelling"), EVERY_SPELLING)
@pytest.mark.parametrize("connector", [" -- ", " to ", "..", ".-", "-. ", " optionally to "])
def test_every_cardinality_on_either_side(value: str, spelling: str, connector: str) -> None:
    (left,) = read(f"A {spelling}{connector}|| B : x").relationships
    (right,) = read(f"A }}o{connector}{spelling} B : x").relationships
    assert (left.left_cardinality, left.right_cardinality) == (value, "only_one")
    assert (right.left_cardinality, right.right_cardinality) == ("zero_or_more", value)
    assert left.identifying is right.identifying is (connector.strip() in ("--", "to"))


@pytest.mark.parametrize("line", ["A 1--1 B : x", "A 1 to 1 B : x", "A 1..o{ B : x", "A 1 optionally to 1 B : x"])
def test_a_one_is_a_cardinality_where_it_reads_as_one(line: str) -> None:
    assert read(line).relationships[0].left_cardinality == "only_one"


@pytest.mark.parametrize("line", ["A 1 -- 1+ B : x", "A 1 .. || B : x", "1\nA", "A u--u B : x"])
def test_a_one_or_u_out_of_place_is_refused(line: str) -> None:
    assert refused(line)


def test_a_parent_stands_before_its_connector() -> None:
    (line,) = read("A u--o{ B : x").relationships
    assert (line.left_cardinality, line.right_cardinality) == ("parent", "zero_or_more")


def test_a_cardinality_belongs_to_the_entity_on_its_side() -> None:
    (line,) = read("COUNSELOR ||--|{ COUNSELEE : helps").relationships
    assert (line.left, line.left_cardinality) == ("COUNSELOR", "only_one")
    assert (line.right, line.right_cardinality) == ("COUNSELEE", "one_or_more")


@pytest.mark.parametrize(
    ("label", "text"),
    [("x", "x"), ('"two words"', "two words"), ('""', ""), ('"50 %"', "50 %"), ('"a\nb"', "a\nb"), ("é-1", "é-1")],
)
def test_labels(label: str, text: str) -> None:
    assert read(f"A ||--o{{ B : {label}").relationships[0].label == text


@pytest.mark.parametrize(
    "line",
    [
        "A ||--o{ B",
        "A ||--o{ B :",
        "A ||--o{ B : 3",
        "A ||--o{ B : to",
        "A ||--o{\nB : x",
        "A ||--o{ B\n: x",
        "A ||---o{ B : x",
        "A ||-o{ B : x",
        "A -- B : x",
        "A ||--> B : x",
        "A[a] ||--o{ B : x",
        "A ||--o{ B[b] : x",
        "A ||--o{ B : has many",
        "A |ox--|| B : x",
    ],
)
def test_what_is_no_relationship(line: str) -> None:
    assert refused(line)


def test_relationships_need_no_separator_and_may_repeat() -> None:
    diagram = read("A ||--o{ B : x C ||--|| C : y\nA ||--o{ B : x")
    assert [(line.left, line.right, line.label) for line in diagram.relationships] == [
        ("A", "B", "x"),
        ("C", "C", "y"),
        ("A", "B", "x"),
    ]


def test_a_glued_o_is_a_cardinality_and_a_loose_one_an_entity() -> None:
    assert read("A ||--o{ B : x").relationships[0].right_cardinality == "zero_or_more"
    assert names("o { int x }") == ["o"]
    assert refused("A o{ int x }")


def test_double_blanks_break_a_phrase_into_entities() -> None:
    assert names("zero  or more") == ["zero", "or", "more"]


# --- entities ------------------------------------------------------------------------------------------------------


def test_mentions_add_up_in_the_order_of_the_first() -> None:
    diagram = read('B ||--o{ A : x\nA[first] { int x }\nC\nA["second"]:::red { int y }\nB:::red,blue')
    assert [entity.name for entity in diagram.entities] == ["B", "A", "C"]
    second = diagram.entities[1]
    assert (second.alias, second.classes) == ("first", ("red",))
    assert [line.name for line in second.attributes] == ["x", "y"]
    assert diagram.entities[0].classes == ("red", "blue")


@pytest.mark.parametrize(
    ("alias", "text"), [("[x]", "x"), ('["two words"]', "two words"), ("[1]", "1"), ("[ x ]", "x")]
)
def test_aliases(alias: str, text: str) -> None:
    assert read(f"A{alias}").entities[0].alias == text


@pytest.mark.parametrize("line", ["A[]", "A[two words]", "A[x", "A:::c[x]", "A::: ", "A:::1", "A\n{ int x }", "A[x] ]"])
def test_parts_of_an_entity_have_one_order(line: str) -> None:
    assert refused(line)


def test_all_parts_of_an_entity() -> None:
    (entity,) = read('A["an a"]:::red, blue { int x }').entities
    assert (entity.alias, entity.classes, len(entity.attributes)) == ("an a", ("red", "blue"), 1)


# --- attributes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("", []),
        ("\n\n", []),
        ("int x", [("int", "x", (), None)]),
        ("int x int y", [("int", "x", (), None), ("int", "y", (), None)]),
        ("int\nx", [("int", "x", (), None)]),
        ("int x PK", [("int", "x", ("PK",), None)]),
        ("int x pk , Fk,UK", [("int", "x", ("pk", "Fk", "UK"), None)]),
        ('int x "note"', [("int", "x", (), "note")]),
        ('int x PK ""', [("int", "x", ("PK",), "")]),
        ('int x "50 % \\ of\nit"', [("int", "x", (), "50 % \\ of\nit")]),
        ("int? x", [("int?", "x", (), None)]),
        ("int ? x", [("int?", "x", (), None)]),
        ("decimal(10,2) x", [("decimal(10,2)", "x", (), None)]),
        ("int[] a.b", [("int[]", "a.b", (), None)]),
        ("List~int~ x", [("List~int~", "x", (), None)]),
        ("Map~a, b~ x PK", [("Map~a, b~", "x", ("PK",), None)]),
        ("List~int~ x List~a~ y", [("List~int~ x List~a~", "y", (), None)]),
        ("`two words` `a:b`", [("two words", "a:b", (), None)]),
        ("int `` x", [("int", "x", (), None)]),
        ("*x _y", [("*x", "_y", (), None)]),
        ("µ 日本😀", [("µ", "日本😀", (), None)]),
        ("a pk_id", [("a", "pk_id", (), None)]),
        ("class end", [("class", "end", (), None)]),
        ("id, x", [("id,", "x", (), None)]),
        ("a b c d", [("a", "b", (), None), ("c", "d", (), None)]),
        ("\u3000a\u00a0b", [("a", "b", (), None)]),
        ("a `b`\u3000c~d~ e", [("a", "b", (), None), ("c~d~", "e", (), None)]),
    ],
)
def test_attributes(block: str, expected: list[tuple[str, str, tuple[str, ...], str | None]]) -> None:
    assert attributes(block) == expected


@pytest.mark.parametrize(
    "block",
    [
        "int",
        "int x y",
        "int x PK FK",
        "int x PK,",
        'int x "a" PK',
        'int x "a" "b"',
        '"int" x',
        'int "x"',
        "int x?",
        "? x",
        "int pk",
        "int PK-x",
        "int 2x",
        "10-years x",
        "decimal(10, 2) x",
        "List<int> x",
        "int a:b",
        "int a/b",
        "int $a",
        "int ²",
        "int º",
        "int~ x",
        "int `x",
        'int x "a',
        "{ int x }",
        "int x # note",
    ],
)
def test_what_is_no_attribute(block: str) -> None:
    assert refused(f"A {{ {block} }}")


@pytest.mark.parametrize("body", ["A {", "A { int x", "A { int x }}", "A }"])
def test_blocks_close_once(body: str) -> None:
    assert refused(body)


# --- subgraphs -----------------------------------------------------------------------------------------------------


def test_subgraphs_hold_what_they_mention_first() -> None:
    diagram = read(
        "subgraph outer [The outer frame]\n"
        "A\n"
        "subgraph inner\ndirection LR\nB ||--o{ C : x\nend\n"
        "A B D\n"
        "end\n"
        "subgraph last\nend\n"
        "E ||--o{ inner : x"
    )
    inner, outer, last = diagram.subgraphs
    assert (inner.name, inner.title, inner.direction, inner.members) == ("inner", "inner", "LR", ("B", "C"))
    assert (outer.name, outer.title, outer.direction) == ("outer", "The outer frame", None)
    assert outer.members == ("A", "inner", "D")
    assert (last.members, diagram.direction) == ((), "TB")
    assert diagram.relationships[-1].right == "inner"


@pytest.mark.parametrize(
    "body",
    [
        "subgraph g",
        "subgraph g\nA",
        "subgraph g A end",
        "subgraph g\nA end B end",
        "end",
        "subgraph\nA\nend",
        "subgraph g[]\nend",
        "subgraph g[x\nend",
        "subgraph g;\nend",
    ],
)
def test_what_is_no_subgraph(body: str) -> None:
    assert refused(body)


def test_subgraphs_nest_as_deep_as_they_like() -> None:
    depth = 5000
    diagram = read("subgraph g\n" * depth + "A\n" + "end\n" * depth)
    assert len(diagram.subgraphs) == depth
    assert diagram.subgraphs[0].members == ("A",)


# --- classes and styles --------------------------------------------------------------------------------------------


def test_classes_and_styles_reach_what_exists_by_then() -> None:
    diagram = read(
        "class A early\nA B\nsubgraph g\nend\n"
        "class A,g red,big\n"
        "style A,B,nobody fill: #f9f, stroke:red;\n"
        "style g fill:blue\n"
        "classDef red,big fill:#fee,stroke-width:2px;\nclassDef red color:red"
    )
    first, second = diagram.entities
    assert (first.classes, first.styles) == (("red", "big"), ("fill:#f9f", "stroke:red"))
    assert (second.classes, second.styles) == ((), ("fill:#f9f", "stroke:red"))
    assert (diagram.subgraphs[0].classes, diagram.subgraphs[0].styles) == (("red", "big"), ("fill:blue",))
    assert [(style.name, style.styles) for style in diagram.style_classes] == [
        ("red", ("fill:#fee", "stroke-width:2px", "color:red")),
        ("big", ("fill:#fee", "stroke-width:2px")),
    ]


@pytest.mark.parametrize(
    "line",
    ["style A", "style A fill:rgb(1,2)", "style A fill:1.5", "style A a:b; B", "class A", "class A 1", "style A a:b,;"],
)
def test_what_is_no_style(line: str) -> None:
    assert refused(f"A\n{line}")


def test_blanks_at_the_end_join_a_style_line_to_the_next() -> None:
    diagram = read("A\nstyle A fill:red \nB\nC")
    assert diagram.entities[0].styles == ("fill:redB",)
    assert [entity.name for entity in diagram.entities] == ["A", "C"]
    assert refused("A\nstyle A fill:red ")


# --- whole lines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "direction"),
    [
        ("direction LR", "LR"),
        ("Direction  bt", "BT"),
        ("direction LR\ndirection RL", "RL"),
        ("direction\n LR", "LR"),
        ("direction LR direction TB", "TB"),
        ("direction TD", "TB"),
        ('A ||--o{ B : "see direction RL here"', "RL"),
        ("A { int x } direction LR", "LR"),
    ],
)
def test_directions(body: str, direction: str) -> None:
    assert read(body).direction == direction


def test_a_direction_takes_its_whole_line() -> None:
    assert names("A direction LR B\nC") == ["C"]
    assert names("direction TD") == ["direction", "TD"]


def test_accessibility_texts() -> None:
    diagram = read('accTitle : A shop, "large"; %\naccDescr: one line')
    assert (diagram.acc_title, diagram.acc_descr) == ('A shop, "large"; %', "one line")
    assert read("accDescr { two\n   lines }").acc_descr == "two\nlines"
    assert read("accTitle:\nnext line").acc_title == "next line"
    assert read("accTitle: a\nACCTITLE: b").acc_title == "b"
    assert read("accDescr: a\naccDescr { }").acc_descr == "a"
    assert (read("A").acc_title, read("A").acc_descr) == (None, None)
    assert refused("accDescr { never closed")
    assert refused("A\naccTitle:\n")
