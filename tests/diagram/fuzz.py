"""Looks for texts that make the parser of diagrams fail or take its time, for as long as it is given: ``.ci/fuzz``.

``python -m tests.diagram.fuzz MINUTES SEED`` spends a quarter of the time on texts of every kind, to which nothing
but a model or a ``DiagramError`` is an answer, and the rest on long texts of repeated pieces, where twice the text may
take twice the time. It ends with status 1 and tells the text when it finds one.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, product

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from adf_core.diagram import DiagramError, parse

from .diagrams import PIECES, SPACING, texts

BATCH = 1000
"""So many cases hypothesis keeps in mind at once."""


def answer(text: str) -> None:
    """Everything the parser has to say of a text."""
    try:
        diagram = parse(text)
    except DiagramError as error:
        error.excerpt()
    else:
        diagram.to_dict()
        diagram.to_mermaid()


# --- texts of every kind -------------------------------------------------------------------------------------------

ANYTHING = st.text() | st.text("".join(sorted({*"".join(PIECES + SPACING)})))
EVERY_KIND = (
    texts()
    | ANYTHING
    | ANYTHING.map("erDiagram\n{}".format)
    | ANYTHING.map("erDiagram\nA {{\n{}\n}}".format)
    | ANYTHING.map("---\n{}\n---\nerDiagram".format)
)


def answer_texts(minutes: float, chosen: str) -> int:
    """How many texts had an answer in this time."""
    count = 0
    until = time.monotonic() + 60 * minutes

    def count_answer(text: str) -> None:
        nonlocal count
        answer(text)
        count += 1

    checks = settings(max_examples=BATCH, deadline=None, database=None, derandomize=False)
    checks = settings(checks, suppress_health_check=list(HealthCheck))
    while time.monotonic() < until:
        seed(f"{chosen}/{count}")(checks(given(EVERY_KIND)(count_answer)))()
    return count


# --- long texts of repeated pieces ---------------------------------------------------------------------------------

REPEATED = (
    *("{", "}", "~", "%%", "%%\n", "%%{", '"', "`", ":", "|", "[", "subgraph a\n", "<a ", '="', 'A "', "direction "),
    *("style a ", "#", "---\n", "\n", " ", "a b ", "1 ", "end ", "accDescr{", "accTitle:", "direction TB", "~ ", ">"),
    *("#a;", "#1", ";#:", "a:", "\u2028", "\f", ",", "A||--||B:x ", "%%{a}%%", "\\", "*", "classDef a b:#c;\n", "]"),
    "%% c\n",
)
PLACES: dict[str, Callable[[str], str]] = {
    "outside": "erDiagram\n{}".format,
    "in a block": "erDiagram\nA {{ {}".format,
    "in a whole block": "erDiagram\nA {{ {} }}".format,
    "as a label": 'erDiagram\nA ||--|| B : "{}"'.format,
    "as a style": "erDiagram\nstyle A {}".format,
    "before the header": "{}\nerDiagram".format,
    "in the front matter": "---\n{}\n---\nerDiagram".format,
}
Writer = Callable[[int], str]


def _after_the_header(body: Writer, count: int) -> str:
    return f"erDiagram\n{body(count)}"


BODIES: dict[str, Writer] = {
    "open blocks": lambda n: "A{ a b " * n,
    "words with a tilde": lambda n: "A{" + "a~ b " * n + "}",
    "a run of backticks": lambda n: "A{" + "`a``b`" * n + "}",
    "a run of backticks, then tildes": lambda n: "A{" + "`a``b`" * n + " x~y~ z}",
    "an open backtick": lambda n: "A{" + "`a" * n,
    "empty lines": lambda n: "\n" * n + "%%",
    "blank lines": lambda n: " \n" * n + "%% x",
    "blanks": lambda n: "A" + " " * n + "%%",
    "quoted names": lambda n: '"a" ' * n,
    "an open quote": lambda n: 'A ||--o{ B : "' + "x" * n,
    "directions in one line": lambda n: "direction TB " * n,
    "a direction far away": lambda n: "A " * n + "direction TB",
    "a direction in a block": lambda n: "A{" + "a b " * n + "direction TB}",
    "a tag of quotes": lambda n: "<a" + ' ="' * n + ">",
    "open directives": lambda n: "%%{a " * n,
    "directives": lambda n: "%%{wrap}%%" * n,
    "style words": lambda n: "style" * n + ";#:",
    "style colons": lambda n: "style a a" + ":" * n + ";#",
    "style values": lambda n: "style a" + " b:c" * n,
    "accessibility words": lambda n: "accTitle " * n,
    "codes": lambda n: "#a" * n,
    "a long number as a code": lambda n: "#" + "1" * n + ";",
    "a long name": lambda n: "A{" + "a" * n + " 5}",
    "a long odd line": lambda n: "A{" + "a b " * n + "c}",
    "nested subgraphs": lambda n: "subgraph g\n" * n + "end\n" * n,
    "open subgraphs": lambda n: "subgraph g\n" * n,
    "classes": lambda n: "A:::a" + ",a" * n,
    "the same entity": lambda n: "A{a b}\n" * n,
}
HOSTILE: dict[str, Writer] = {
    **{name: partial(_after_the_header, body) for name, body in BODIES.items()},
    "dividers": lambda n: "---\n" * n + "erDiagram",
    "an empty front matter": lambda n: "---" + "\n" * n + "erDiagram",
    "half dividers": lambda n: "---\n" + "\n--- x" * n + "erDiagram",
}
"""Texts that took a parser of this language more than its time, or too deep."""

ALONE, IN_PAIRS = 100_000, 20_000
"""How often a piece is repeated, for half of the text."""
NOISE = 0.1
"""Seconds that a measurement may be wrong by."""


def in_turn(write: Callable[[str], str], pieces: Sequence[str], count: int) -> str:
    return write("".join(pieces) * count)


def in_a_row(write: Callable[[str], str], pieces: Sequence[str], count: int) -> str:
    return write("".join(piece * count for piece in pieces))


def single_pieces() -> Iterator[tuple[str, Writer]]:
    for piece, (place, write) in product(REPEATED, PLACES.items()):
        yield f"{piece!r} {place}", partial(in_turn, write, [piece])


def pairs(chosen: str) -> list[tuple[str, Writer]]:
    """All pairs of pieces, in turn and one after the other, in an order that depends on the seed."""
    forms: list[tuple[str, Writer]] = [
        (f"{first!r}, {second!r} {order.__name__} {place}", partial(order, write, [first, second]))
        for first, second, (place, write), order in product(REPEATED, REPEATED, PLACES.items(), (in_turn, in_a_row))
    ]
    random.Random(chosen).shuffle(forms)
    return forms


def seconds(text: str) -> float:
    """Time of the processor, not of the clock."""
    start = time.process_time()
    answer(text)
    return time.process_time() - start


def too_fast(write: Writer, count: int) -> str:
    """The times where twice the text takes more than three times as long, in each of three measurements; else "".

    A short text goes first: what shows there would take hours in a long one.
    """
    for size in (count // 16, count):
        short, long = write(size), write(2 * size)
        times: list[str] = []
        for _ in range(3):
            once, twice = seconds(short), seconds(long)
            if twice <= 3 * once + NOISE:
                break
            times.append(f"{once:.2f} s and {twice:.2f} s")
        else:
            return ", ".join(times)
    return ""


def measure_growth(minutes: float, chosen: str) -> int:
    """How many long texts were measured in this time; raises AssertionError for the first that takes too long."""
    measured = 0
    until = time.monotonic() + 60 * minutes
    alone = product((*HOSTILE.items(), *single_pieces()), [ALONE])
    for (name, write), count in chain(alone, product(pairs(chosen), [IN_PAIRS])):
        if time.monotonic() > until:
            break
        if times := too_fast(write, count):
            raise AssertionError(f"the time grows faster than the text: {count:,} × {name}, {times}")
        measured += 1
    return measured


def main() -> None:
    minutes, chosen = float(sys.argv[1]), sys.argv[2]
    print(f"{minutes:g} minutes, seed {chosen}")
    print(f"{answer_texts(minutes / 4, chosen):,} texts answered")
    print(f"time grows with the text for {measure_growth(3 * minutes / 4, chosen):,} long texts")


if __name__ == "__main__":
    main()
