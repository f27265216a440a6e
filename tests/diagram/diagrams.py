"""Texts for the tests: diagrams in the whole language that Mermaid accepts, and texts that miss it by a little.

The strategies read like a grammar. What two neighbours make of each other is not always foreseen: a few of a hundred
``diagrams()`` are none, and Mermaid's own answer is the judge.
"""

from __future__ import annotations

import re

from hypothesis import strategies as st

Text = st.SearchStrategy[str]


def diagrams() -> Text:
    """Diagrams, nearly all of them valid."""
    return st.tuples(_sequence(_BEGINNING, _HEADER, _document(), _END), _LINE_END).map(
        lambda parts: parts[0].replace("\n", parts[1])
    )


def near_misses() -> Text:
    """Diagrams with one or two slips: a character or token left out, doubled, swapped or put in."""
    slipped = st.tuples(diagrams(), st.lists(_SLIP, min_size=1, max_size=2)).map(lambda parts: _with_slips(*parts))
    return _either(*[slipped] * 9, _sequence(_NO_FRONT_MATTER, diagrams()))


def soup() -> Text:
    """Pieces of diagrams in any order."""
    return _sequence(
        _one(
            "erDiagram\n", "erDiagram ", "erDiagram\nA {\n", "erDiagram\nsubgraph g\n", "erDiagram\nstyle A ", "---\n"
        ),
        st.lists(_sequence(st.sampled_from(PIECES), st.sampled_from(SPACING)), max_size=12).map("".join),
    )


def texts() -> Text:
    """All of these, about half of them valid."""
    return _either(*[diagrams()] * 3, *[near_misses()] * 2, soup())


# --- how the strategies below are put together ---------------------------------------------------------------------


def _sequence(*parts: Text | str) -> Text:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map("".join)


def _one(*texts: str, usual: int = 1) -> Text:
    """One of the texts; the first of them so many times as often as each of the others."""
    return st.sampled_from([texts[0]] * usual + [*texts[1:]])


def _at_times(part: Text, *, never: int = 3) -> Text:
    """The part, or nothing, which is so many times as likely."""
    return _either(*[st.just("")] * never, part)


def _either(*parts: Text) -> Text:
    """One of the parts; unlike with ``one_of``, a part that is named twice is twice as likely."""
    return st.sampled_from(parts).flatmap(lambda part: part)


def _separated(part: Text, separator: Text, most: int) -> Text:
    return st.lists(_sequence(part, separator), max_size=most - 1).flatmap(
        lambda parts: part.map("".join(parts).__add__)
    )


# --- names and labels ----------------------------------------------------------------------------------------------

_BARE = (
    *("A", "B", "C", "D", "CUSTOMER", "order_item", "x-y", "Foo.Bar", "_a", "*", "D*", "-x", ".x", "a--b", "a..b"),
    *("é", "été", "日本", "😀", "µ", "ſ", "K", "a\u00a0b", "\u3000"),
    *("a\u2028b", "\u0085", "A#35;B", "Ünï-çødé", "\u200d"),
    *("toaster", "ender", "zero", "only", "or", "ones", "classic", "styles", "subgraphs", "ux", "title", "direction"),
    *("optionally", "TB", "PK", "accTitles", "erDiagrams", "o", "U", "x" * 60),
)
_NUMBERS = ("7", "12", "007", "1.5", "0", "10")
_QUOTED = (
    *('"A"', '"two words"', '"end-user"', '" padded "', '"x:y{z}"', '"--"', '"1"', '"2nd"', '"été, ö"', '"a;b"'),
    *('"#35; x"', '"a#quot;b"', '"#nonsense;"', '"#amp#lt;"', '"#0;"', '"#128;"', '"#x41;"', '"#;"'),
    *('"#1;"', '"#notit;"', '"&amp;"', '"\t"', '" "', '"\u2028"'),
    *('"\f"', '"`x`"', '"🎉"', '"//"', '"$&"', '"constructor"'),
    *('"<b>x</b>"', '"a < b"', '"a<br/>b"', '"<script>x</script>"'),
    *('"erDiagram"', '"direction"', '"subgraph"', '"it\'s"'),
)
_NAME = st.sampled_from(_BARE * 2 + _NUMBERS + _QUOTED)
_CLASS_NAME = _one("k", "hot", "k2", "_k", "x-y", "default", "é", "a.b", "*", "😀", usual=3)
_CLASSES = _separated(_CLASS_NAME, _one(",", ", ", " ,"), most=3)

_FREE_TEXT = st.sampled_from(
    (
        *("has", "a few words", "50 %", "x: y", "a # b", "", " ", "%% no comment", "say 'hi'", "{ }", "~", "a, b; c"),
        *("#35;1", "x#quot;y#quot;", "#1114112;", "<b>bold</b>", "a < b > c", "1 & 2", "<a href='x'>y</a>", "<i"),
        *("two\nlines", "two\n  %% gone\nlines", "tab\there", "日本語", "calm | anxious", "\u00a0x\u3000", "\\x"),
        *("%%{wrap}%%", '%%{init: {"a": 1}}%%', "no direction", "-- x", "||--o{", "the end", "\v", "\b", "\\n", "`"),
    )
)
_TAG_WITH_QUOTES = '"<a href="x">y</a>"'
"""Its inner quotes become single ones before anything is read."""

_LABEL = _either(_sequence('"', _FREE_TEXT, '"'), st.sampled_from((*_BARE, *_QUOTED, _TAG_WITH_QUOTES, '""')))

# --- relationships -------------------------------------------------------------------------------------------------

_GAP = _one("", " ", "  ", "\t")
_CLASSED_NAME = _sequence(_NAME, _at_times(_sequence(_one(":::", " ::: "), _CLASSES), never=6))

_SYMBOLS = ("||", "|o", "o|", "}o", "o{", "}|", "|{")
_WORDS = (
    *("one", "only one", "one or zero", "zero or one", "one or more", "one or many", "zero or more", "zero or many"),
    *("many", "many(0)", "many(1)", "1+", "0+", "Only One", "ZERO OR MORE"),
)
_SIGN = _one("--", "..", ".-", "-.", usual=2)
_CONNECTOR = _either(_SIGN, _SIGN, _one(" to ", " optionally to ", " TO "))
_LEFT = _either(
    _sequence(_one(" ", "  ", "\t"), st.sampled_from(_SYMBOLS), _GAP),
    _one("||", "}o", "}|", "|{", "|o"),
    _sequence(" ", st.sampled_from(_WORDS), _GAP),
    _one(" 1"),
)
_RIGHT = _either(
    _sequence(_GAP, st.sampled_from(_SYMBOLS), " "),
    _one("||", "|{", "o{", "}|", "o|"),
    _sequence(_GAP, st.sampled_from(_WORDS), " "),
    _one("1 "),
)
_BETWEEN = _either(*[_sequence(_LEFT, _CONNECTOR)] * 9, _sequence(" u", _SIGN))
_RELATIONSHIP = _sequence(_CLASSED_NAME, _BETWEEN, _RIGHT, _CLASSED_NAME, _one(" : ", ":", " :\t"), _LABEL)

# --- entities ------------------------------------------------------------------------------------------------------

_PLAIN_WORDS = (
    *("int", "string", "date", "decimal(10,2)", "a[]", "*x", "style", "end", "class", "pk_id", "fkey", "_z", "a.b"),
    *("x-y", "é", "日本", "😀", "µm", "list(a,b)", "x,", "direction", "subgraph", "erDiagram", "ſ", "id", "name"),
    *("`a b`", "`it's: 5 %`", "`{x}`", "`#35;`", "`<b>`", "`a\nb`", "``x", "a\u2028b", "constructor"),
)
_TYPE = st.sampled_from((*_PLAIN_WORDS, "List~int~", "Map~a, b~", "~x~", "int?", "int ?", "a~b~c", "List~List~x~~ ?"))
_KEYS = _sequence(" ", _separated(_one("PK", "FK", "UK", "pk", "Uk"), _one(",", ", ", " , ", ",\n"), most=3))
_ATTRIBUTE = _sequence(
    _TYPE,
    _one(" ", "  ", "\t", "\n", "\u00a0", usual=6),
    st.sampled_from(_PLAIN_WORDS),
    _at_times(_KEYS),
    _at_times(_sequence(_one(" ", "", "\n"), '"', _FREE_TEXT, '"')),
    _one("\n", "\n    ", " ", "\n\n", "\n  %% note: x\n  ", "\n%%x\n%% y\n", "\f", "\u3000", "\t%%{wrap}%%\n", usual=6),
)
_BLOCK = _sequence(
    _one(" {", "{", "\t{"),
    _one("\n    ", " ", "", "\n%% first\n", "\n\n\n"),
    st.lists(_ATTRIBUTE, max_size=4).map("".join),
    "}",
)
_ALIAS = _either(
    _sequence("[", _NAME, "]"),
    _sequence(_one("[", " [ "), st.sampled_from((*_BARE, *_QUOTED)), _one("]", " ]")),
)
_ENTITY = _sequence(
    _NAME,
    _at_times(_ALIAS, never=4),
    _at_times(_sequence(_one(":::", " ::: "), _CLASSES), never=4),
    _at_times(_BLOCK, never=1),
)
_ENTITIES_OF_A_LINE = _one(
    "A B C", "2nd", "12-34", "1.5.2", "A  D", 'A "x y"', "7 8", '"A""B"', "A\t*", "1{}", "1:::k", "1\n{}"
)

# --- other statements ----------------------------------------------------------------------------------------------

_NAMES_OF_STYLED = _one("A", "B", "A,B", "k", "g", "A, g", "x-y", "é", "nobody", "*", usual=2)
_CSS = _separated(
    _one("fill:red", "fill:#f9f", "stroke: #333", "stroke-width:2px", "x", "a:b:c", "color :é", "#", "fill:#fff;"),
    _one(",", ", "),
    most=3,
)
_STYLE_LINE = _sequence(
    _one("style ", "classDef ", "STYLE\t"), _NAMES_OF_STYLED, " ", _CSS, _one("", ";", " ", usual=6)
)
_CLASS_LINE = _sequence(_one("class ", "Class  "), _NAMES_OF_STYLED, " ", _CLASSES)
_DIRECTION = _sequence(
    _one("direction ", "direction  ", "DIRECTION\t", 'A ||--o{ B : "see direction ', "A direction ", usual=4),
    _one("TB", "BT", "RL", "LR", "lr", "TD"),
    _one("", " ", " x", ' here"', "s", usual=4),
)


def _accessibility_line(end: str) -> Text:
    return _sequence(
        _one("accTitle: ", "accDescr: ", "accTitle:", "accDescr :", "ACCTITLE\t:  ", "accTitle:\n", "accDescr:\n  "),
        _FREE_TEXT.map(lambda text: text.replace("\n", " ")),
        end,
        _one("", "x %% text", "  ", "\r", usual=3),
    )


def _accessibility_block(end: str) -> Text:
    return _sequence(
        _one("accDescr {", "accDescr{ ", "AccDescr\n{\n    "),
        _FREE_TEXT.map(lambda text: text.replace("}", "")),
        end,
        _one("}", " }", "\n  more\n\n  and more\n}", "\n%% gone\nx}"),
    )


def _subgraph(depth: int) -> Text:
    return _sequence(
        _one("subgraph ", "SUBGRAPH\t"),
        _one("g", "h", '"s g"', "A", "7", "é", '" p "', '"#35;"', usual=3),
        _one("", " [t]", " [t u]", '["a title"]', ' ["x" 7 y]', '["<b>x</b>"]', '["a & b"]', '[" "]', usual=4),
        _one("\n", "\n    ", " \n", "\n%% inside\n"),
        _document(depth - 1),
        _one("\nend", "end\n", "\n  END", "\nend\n\n", "\n%% last\nend"),
    )


_LINE_BREAK = _one(
    *("\n", "\n    ", "\n\n", "\n\t", "\n  %% note\n  ", "\n%%x\n%% y\n\n", "\n\n%% alone\n\n", "\n%%{wrap}%%\n"),
    *("\n%% \n", "\n%%é\r", "\r\n", "\n \n"),
    usual=4,
)
_ANY_BREAK = _either(
    _LINE_BREAK, _one(" ", "  \n", '\n%%{init: {"theme": "dark"}}%%', " %%{wrap}%% \n", "\n%%{a:\nb}%%\n")
)


_DEPTH = 2
"""How deep subgraphs nest."""


def _document(depth: int = _DEPTH) -> Text:
    # In a subgraph, Mermaid takes a text for a member where it is the name of an entity, so there it is none.
    end = "" if depth == _DEPTH else "(!)"
    anywhere = [_RELATIONSHIP, _ENTITY, _RELATIONSHIP, _ENTITY, _ENTITIES_OF_A_LINE, _CLASS_LINE]
    anywhere.append(_accessibility_block(end))
    if depth:
        anywhere.append(_subgraph(depth))
    statement = _either(
        *(_sequence(part, _ANY_BREAK) for part in anywhere),
        *(_sequence(part, _LINE_BREAK) for part in (_STYLE_LINE, _STYLE_LINE, _DIRECTION, _accessibility_line(end))),
    )
    return st.lists(statement, max_size=5).map("".join)


# --- before and after ----------------------------------------------------------------------------------------------

_TITLE = st.sampled_from(
    (
        *("A shop", "'A shop'", '"A \\"shop\\""', "A #shop"),
        *("A # comment", "été 日本 😀", "'it''s'", "a & b", "<b>x</b>"),
        *("12", "1.50", "0x1F", "1e21", ".5", "-0", "0", "'0'", "true", "True", "null", "~", "", '""', "no"),
        *("|\n  two\n  lines", ">\n  folded\n  text", "plain\n  goes on"),
        *("|-\n  x", ">+\n  x\n\n", "2026-11-24", "a\tb", "a\u2028b"),
    )
)
_FRONT_MATTER = _either(
    _sequence("---\ntitle: ", _TITLE, "\n---\n"),
    _sequence("---\n", _one("title: x\n", ""), "config:\n  theme: dark\n", "---\n"),
    _one(
        *("---\n\n---\n", "--- \ntitle: x\n---\t\n\n", "  ---\n  title: x\n  ---\n", "\t---\n\ttitle: x\n\t---\n"),
        *("---\nother: x\n---\n", "---\n- x\n---\n", "---\njust words\n---\n", "---\ndisplayMode: compact\n---\n"),
        *("---\n{title: x}\n---\n", "---\n# title\n---\n", "\ufeff---\ntitle: x\n---\n"),
    ),
)
_NO_FRONT_MATTER = _either(
    _sequence("---\ntitle: ", _one("x: y", "*x", "@x", "-", "`x`", "a\ntitle: b", "'x", "[", "a\n b: c"), "\n---\n"),
    _one("---\n---\n", "---\ntitle: x\n  ---\n", "---\ntitle: x\n---\n---\n", "\n---\ntitle: x\n---\n", "---x\n---\n"),
)
_PREAMBLE = _one(
    *("%% about\n\n", "%% a\n%% b\n", "\ufeff", '%%{init: {"theme": "dark"}}%%\n', "%%{init: {\n  broken }}%%\n"),
    *("\n\n", "\n%%{wrap}%%\n%% c\n"),
)
_BEGINNING = _either(*[st.just("")] * 12, _FRONT_MATTER, _FRONT_MATTER, _PREAMBLE)
_HEADER = _one(
    "erDiagram\n", "erDiagram\n    ", "erDiagram ", "  erDiagram\n\n", "erDiagram \t", "erDiagram\n%% top\n\n", usual=4
)
_END = _one("", "\n", "\n\n    %% the end", "  ", "\n%%", "\n%%{init: {", "\nend", usual=30)
_LINE_END = _one("\n", "\r\n", "\r", usual=8)

# --- slips ---------------------------------------------------------------------------------------------------------

PIECES = (
    *("A", "B", "Foo_1", "x-y", "2nd", "12", "1.5", "1", "0", "é", "µ", "日本", "😀", '"quoted"', '"a%b"', '""'),
    *("to", "one", "many", "u", "only", "zero", "or", "more"),
    *("one or", "optionally", "end-user", "class-room", "title:"),
    *("||", "|o", "o|", "}o", "o{", "}|", "|{", "--", "..", ".-", "-.", "many(0)", "many(1)", "1+", "0+", "->", "|"),
    *("{", "}", "[", "]", ":::", ":", ",", ";", "#", "?", "~", "`"),
    *('"', "%", "%%", "%%x", "%%{init:", "}%%", "---", "u--"),
    *("style", "classDef", "class", "subgraph", "end", "erDiagram"),
    *("direction", "TB", "LR", "TD", "%%{wrap}%%", "to-do"),
    *("accTitle:", "accDescr:", "accDescr", "accDescr{", "int", "string", "List~int~", "decimal(10,2)", "int?", "\\"),
    *("PK", "FK", "UK", "pk_id", "`a`", "fill:#fff;", "stroke:red", "#35;", "#quot;", "<b", 'c="d">', "A ||--o{ B : x"),
)
SPACING = ("", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\f", "\u00a0", "\u2028", "\u3000", "\ufeff")

_Slip = tuple[str, int, str]
_PLACES = 997
"""A slip's place is drawn as a part of the text's length, for which it need not be known yet."""

_SLIP: st.SearchStrategy[_Slip] = st.tuples(
    st.sampled_from(
        ("leave out", "double", "swap", "leave out a token", "double a token", "put in", "put in", "replace")
    ),
    st.integers(0, _PLACES),
    st.sampled_from(PIECES + SPACING),
)
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]+")


def _with_slips(text: str, slips: list[_Slip]) -> str:
    for kind, place, piece in slips:
        text = _with_slip(text, kind, place * len(text) // _PLACES, piece)
    return text


def _with_slip(text: str, kind: str, at: int, piece: str) -> str:
    token = next((match.group() for match in _TOKEN.finditer(text, at)), "")
    before, after = text[:at], text[at:]
    return (
        before
        + {
            "leave out": after[1:],
            "double": after[:1] + after,
            "swap": after[1:2] + after[:1] + after[2:],
            "leave out a token": after[len(token) :],
            "double a token": token + after,
            "put in": piece + after,
            "replace": piece + after[len(token) :],
        }[kind]
    )
