"""Why a text is refused, in the words of the person who wrote it.

An error says what was expected and what stands there instead. For mistakes that people make again and again there are
hints: tables of patterns for the line as Mermaid reads it, with a ``¦`` at the place of the error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from lark import Token

from adf_core.diagram.errors import DiagramError
from adf_core.diagram.preprocess import Source
from adf_core.diagram.syntax import SubgraphHeader

RESERVED = "subgraph|classDef|class|style|end|erDiagram|one|many|to"
"""Words that Mermaid takes for its own, even where they only begin a name such as ``end-user``."""

NEAR = 200
"""How many characters on both sides of an error are searched for a known mistake."""

Hints = Sequence[tuple[str, str]]

# --- what was expected: the first row whose token could have come ---------------------------------------------------

EXPECTED: Sequence[tuple[str, str, str]] = (
    ("ER_DIAGRAM", "header", "`erDiagram` at the beginning"),
    ("QUOTED_TEXT", "document", "a label after the `:`"),
    ("RBRACE", "block", "an attribute (a type and a name) or a `}`"),
    ("QUESTION_MARK", "block", "a name after the attribute's type"),
    ("WORD", "block", "a name after the attribute's type"),
    ("KEY", "block", "`PK`, `FK` or `UK` after the comma"),
    ("STYLE_TEXT", "style", "a style such as `fill:#fee`"),
    ("COLON", "document", "`:` and a label after the second entity, as in `A ||--o{ B : has`"),
    ("IDENTIFYING", "document", "`--` or `..` after the cardinality"),
    ("RSQB", "document", "a `]`"),
    ("SUBGRAPH", "document", "an entity, a relationship or another statement"),
    ("ZERO_OR_ONE", "document", "a second cardinality, such as `o{` or `||`, after the connector"),
    ("_NEWLINE", "document", "the end of the line"),
    ("QUOTED_NAME", "document", "a name"),
    ("NAME", "document", "the name of a class"),
    ("END", "document", "an entity, a relationship or another statement"),
    ("$END", "document", "an entity, a relationship or another statement"),
)
"""A type of token that could have come, the state it belongs to, and what it stands for; the first row counts."""

# --- hints: the first row whose pattern is found -------------------------------------------------------------------

COMMENT_HINTS: Hints = (
    (r"^\s*¦%%\s*$", "Mermaid refuses a `%%` with nothing after it: write a word there, or delete the line"),
    (r"¦%%\{", "a directive has a word after its brace, as in `%%{init: {}}%%`"),
    (r"¦%%", "a `%%` comment needs a line of its own: move it above this line"),
    (r"¦(//|#|/\*)", "a comment begins with `%%` and has a line of its own"),
)

HEADER_HINTS: Hints = (
    *COMMENT_HINTS,
    (r"¦$", "begin with a line `erDiagram`, then write entities and relationships"),
    (r"¦```", "leave out the lines with ```: they belong to Markdown, not to the diagram"),
    (r"¦---", "front matter begins at the very start of the text and ends with a line `---` of the same indent"),
    (r"¦(?i:erdiagram)\b(?<!erDiagram)", "upper and lower case count here: write `erDiagram`"),
    (r"(?i)¦.*direction\s+(TB|BT|RL|LR)", "a `direction` takes its whole line: put it below `erDiagram`"),
    (
        r"¦(graph|flowchart|(?:class|sequence|state)Diagram|gantt|mindmap|journey|pie)\b",
        r"this is a diagram of the kind `\1`; entities and relationships are drawn with `erDiagram`",
    ),
    (r"¦", "put a line `erDiagram` before everything but comments"),
)

BLOCK_HINTS: Hints = (
    *COMMENT_HINTS,
    (r"(?i)\b([PFU]K)\s+¦([PFU]K)\b", r"put a comma between keys: `\1, \2`"),
    (r'(?i)"\s*¦([PFU]K)\b', r'the comment comes last: `\1 "…"`'),
    (
        r"(?i)¦([PFU]K)\b",
        r"`\1` is a key here and cannot be a type or begin a name: `\1_id` is fine",
    ),
    (r"([A-Za-z_]\w*)\(([^()]*),\s+¦([^()\s]*)\)", r"leave no blank inside the parentheses: `\1(\2,\3)`"),
    (r"(\w+)¦<([^<>]*)>", r"Mermaid writes `\1~\2~`, with tildes"),
    (
        r"(\S+)\s+¦(\d+)[-_.]?([A-Za-z_]\w*)",
        r'no name begins with a digit: write `\1 \3_\2`, or keep the value in a comment, `string \1 "\2 \3"`',
    ),
    (
        r"¦\d",
        "no type or name begins with a digit: put a letter first, or keep the value in a comment, like "
        '`int years "1..40"`',
    ),
    (r"¦\?", "a `?` can only follow the type: `int? age`"),
    (r'¦"_*"', "types and names have no quotes; a quoted text is the comment and comes last"),
    (r'¦"(?!_*")', 'this `"` is never closed'),
    (r"¦`", "this backtick is never closed"),
    (r"[|}o]¦?[|{]|¦[|{]|--|\.\.", "if the block should be closed here, a `}` is missing above"),
    (
        r"¦[^\w\s}]",
        "types and names are made of letters, digits and `- _ ( ) [ ] . , *`; in backticks they may hold anything",
    ),
)

SWALLOWED_LINE = (r"¦[ \t]+$", "the blanks at the end of this line make it go on in the next one: delete them")

STYLE_HINTS: Hints = (
    SWALLOWED_LINE,
    (
        r"(?i)\b((class|style|classDef)[-.*][\w.*-]*)\s*¦",
        r'`\1` begins with the reserved word `\2`: quote it, `"\1"`',
    ),
    (r"(?i)^\s*(class|style|classDef)\s+¦?[{|}:\[]", r'`\1` is a reserved word: as a name it needs quotes, `"\1"`'),
    (r"¦[^\w\s]", "a style is made of letters, digits and `- * # : ,`, like `fill:#fee,stroke:red`"),
)

DOCUMENT_HINTS: Hints = (
    *COMMENT_HINTS,
    SWALLOWED_LINE,
    (r";\s*¦\S", "what follows the `;` needs a line of its own"),
    (r"¦;", "a statement ends with its line: delete the `;`"),
    (r"(?i)¦accDescr\s*\{", "the `{` of this `accDescr` is never closed: a `}` is missing"),
    (r"(?i)¦acc(Title|Descr)\s*:", "a text is missing after the colon"),
    (r'¦"(?!_*")', 'this `"` is never closed'),
    (r'[|{o]\s*\S+\s+¦"', "a `:` is missing before the label"),
    (r'¦"', r"a name in quotes has at least one character, and none of `%` and `\\`"),
    (
        rf"(?i)(?<![\w.*-])(({RESERVED}|u)[-.*][\w.*-]*)\s*¦(?!%)|¦(({RESERVED}|u)[-.*][\w.*-]*)",
        r'`\1\3` begins with the reserved word `\2\4`: quote it, `"\1\3"`',
    ),
    (
        r"(?i)\b(zero|one|only) ¦? +¦?(or|one)\b|\bor ¦? +¦?(more|many|one|zero)\b",
        "the words of a cardinality have exactly one blank between them: `one or more`",
    ),
    (
        r"(?i):\s*([^\W\d][\w.*-]*)\s+¦(many|one|to|end|class|style)(?![\w.*-])",
        r'a label of several words needs quotes: `"\1 \2"`',
    ),
    (r"¦erDiagram\b", "one text holds one diagram, with one `erDiagram`"),
    (r"(?i)^\s*¦end\b", '`end` closes a subgraph, and none is open; as a name it needs quotes, `"end"`'),
    (
        rf"(?i)¦({RESERVED}|u)(?![\w.*-])|\b({RESERVED})\s*¦(?=[{{|}}:\[])",
        r'`\1\2` is a reserved word: as a name or label it needs quotes, `"\1\2"`',
    ),
    (
        r"(?<![\w.*-])([\d.]+)¦([\w.*-]+)",
        r'a name that begins with a digit is read as two, `\1` and `\2`: quote it, `"\1\2"`',
    ),
    (r":::\s*¦\d", "the name of a class cannot begin with a digit"),
    (r":\s*¦(\d[\w.*-]*)", r'a label that begins with a digit needs quotes: `"\1"`'),
    (r"\[\s*¦\]", "an alias cannot be empty: write one, or leave out `[]`"),
    (r"\[\s*([\w.*-]+\s+)¦([^\]\[{}]*)\]", r'an alias of several words needs quotes: `["\1\2"]`'),
    (r"\b1\s+¦?(--|\.\.|\.-|-\.)", r"before a blank and a connector `1` is a name: write `1\1` or `||`"),
    (r"^\s*¦\{", "the `{` must stand on the line of its entity"),
    (
        r"¦(-->|<--|---|->|<-|==|--|\.\.|-\.|[-–—=<>])",
        "between two entities stand two cardinalities around `--` or `..`: `A ||--o{ B : has`",
    ),
    (r"¦\(", "parentheses are no part of a name: quote it, or leave them out"),
    (r"¦[^\w\s\"]", "a name is made of letters, digits and `_ - * .`; in quotes it may hold anything else"),
)

HINTS = {"header": HEADER_HINTS, "block": BLOCK_HINTS, "style": STYLE_HINTS, "document": DOCUMENT_HINTS}


def explained(source: Source, token: Token, expected: Collection[str], values: Sequence[Any]) -> DiagramError:
    """The error where reading stopped: at ``token``, where ``expected`` types could stand, with ``values`` read so far.

    Values are tokens, and what the grammar's rules made of them.
    """
    _, state, wanted = next((row for row in EXPECTED if row[0] in expected), EXPECTED[-1])
    known = None
    if token.type == "$END":
        known = _unclosed(state, values)
    elif token.type == "RBRACE" and state == "block":
        known = _odd_line(source.text, values, token)
    if known is not None:
        return source.error(*known)
    text = source.text
    place = min(len(text.rstrip()), len(text) if token.type == "$END" else token.start_pos or 0)
    return source.error(place, f"expected {wanted}, but {_found(text, token, place)}", _hint(text, place, state))


def _found(text: str, token: Token, place: int) -> str:
    if token.type in ("$END", "_NEWLINE") or not text[place:].strip():
        return f"the {'text' if token.type == '$END' or not text.strip() else 'line'} ends"
    return f"found `{text[place:].split(maxsplit=1)[0][:40]}`"


def _hint(text: str, place: int, state: str) -> str | None:
    start, stop = text.rfind("\n", 0, place) + 1, text.find("\n", place)
    line = re.sub('"[^"]*"', lambda quoted: f'"{"_" * (len(quoted.group()) - 2)}"', text[start:stop])
    column = place - start
    marked = f"{line[max(0, column - NEAR) : column]}¦{line[column : column + NEAR]}"
    for pattern, hint in HINTS[state]:
        if match := re.search(pattern, marked):
            return match.expand(hint)
    return None


def _unclosed(state: str, values: Sequence[Any]) -> tuple[int, str, str] | None:
    """What is still open where the text ends: a block or a subgraph."""
    for value in reversed(values):
        if state == "block" and isinstance(value, Token) and value.type == "LBRACE":
            return value.start_pos or 0, "this block is never closed", "a `}` is missing after its last attribute"
        if state == "document" and isinstance(value, SubgraphHeader):
            message = f"the subgraph `{value.name}` is never closed"
            return value.start.start_pos or 0, message, "a line `end` is missing after its last statement"
    return None


_WORDS = re.compile(r"\S*~.*~\S*|`[^`]*`|[^\s,]\S*(?<!,)")


def _odd_line(text: str, values: Sequence[Any], end: Token) -> tuple[int, str, str] | None:
    """The first line of a block whose words do not make pairs, where a type at the block's end finds no name."""
    opening = next(value for value in reversed(values) if isinstance(value, Token) and value.type == "LBRACE")
    start = (opening.start_pos or 0) + 1
    for line in re.finditer(r"[^\n]+", text[start : end.start_pos]):
        without_comment = re.sub('"[^"]*"', lambda comment: " " * len(comment.group()), line.group())
        found = [word for word in _WORDS.finditer(without_comment) if word.group().upper() not in ("PK", "FK", "UK")]
        words = [word.group() for word in found]
        if len(words) % 2:
            place = start + line.start() + found[-1].start()
            wanted = "expected a type and a name"
            if len(words) == 1:
                return place, f"{wanted}, but `{words[0]}` stands alone", "write both, as in `string name`"
            example = f'`{words[0]} {words[1]} "{words[-1]}"`'
            hint = f"the keys are PK, FK and UK; put anything else into the comment: {example}"
            return place, f"{wanted}, but found another word, `{words[-1]}`", hint
    return None
