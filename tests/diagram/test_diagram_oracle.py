"""Our parser against Mermaid's own, which runs in ``oracle/``: the same texts accepted, and the same made of them.

``ADF_ORACLE_CASES`` (1,000) says how many texts are compared, ``ADF_ORACLE_SEED`` (1) which ones.

What is compared and what is not: Mermaid cleans the title, the accessibility texts and the titles of subgraphs of HTML.
That step is switched off in the oracle, so tags are compared as they were written. Mermaid drops comments and does not
tell an empty text from none. A text that breaks Mermaid's own code, as ``%%{init: x}%%`` with ``%%{wrap}%%`` does, is
counted and not compared.

What the two do not agree on, and the generated texts leave out:

- a front matter's title that is a list, a mapping or ``.inf``, which Mermaid shows as JavaScript does
- a front matter that PyYAML reads in another way: ``--- title: X`` in an indented one, tags, some anchors, tabs beside
  punctuation or before the text of a line
- Mermaid's own signs for character codes (``ﬂ°…¶ß``) in a text
- a name that is written both with and without character codes: Mermaid sees two names
- a character code of white space in a name, which counts as none where Mermaid cuts blanks off
- in a subgraph, an accessibility text that is the name of an entity: Mermaid takes the entity for a member
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from adf_core.diagram import Diagram, DiagramError, parse

from .diagrams import diagrams, texts

CASES = int(os.environ.get("ADF_ORACLE_CASES", "1000"))
SEED = os.environ.get("ADF_ORACLE_SEED", "1")
SEEDED = f"{CASES:,} cases of seed {SEED}"
WHITE_SPACE_CODE = re.compile("#0*(?:9|1[0-3]|28|29|3[0-2]|133|160);")

BATCH = 1000
"""So many cases hypothesis keeps in mind at once."""

FOLDER = Path(__file__).parent / "oracle"

Answer = dict[str, Any]
"""A model in the oracle's words, or a mapping with ``error`` or ``crash`` alone."""


class Oracle:
    """Mermaid in a process of its own."""

    def __init__(self) -> None:
        command, pipe = ["node", "oracle.mjs"], subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=FOLDER, stdin=pipe, stdout=pipe, encoding="utf-8")

    def __call__(self, text: str) -> Answer:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the oracle has ended; its last text was {text!r}"
        answer: Answer = json.loads(line)
        return answer

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    missing = None
    if shutil.which("node") is None:
        missing = "the oracle needs Node.js, which is not installed"
    elif not (FOLDER / "node_modules").is_dir():
        missing = f"the oracle needs its packages: run `npm install` in {FOLDER}"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    oracle = Oracle()
    yield oracle
    oracle.close()


OURS_ALONE = {"comments", "depth"}
"""Parts of our model that Mermaid's has not."""


def plain(part: Any) -> Any:
    """What counts when models are compared and Mermaid has too; ``""`` for None, which Mermaid does not tell apart."""
    if is_dataclass(part):
        compared = [field.name for field in fields(part) if field.compare]
        return {name: plain(getattr(part, name)) for name in compared if name not in OURS_ALONE}
    if isinstance(part, tuple):
        return [plain(inner) for inner in part]
    return "" if part is None else part


def check_same(first: Answer, second: Answer, said: str) -> None:
    """Each side may refuse a text with words of its own."""
    if first == second or ("error" in first and "error" in second):
        return
    differing = [part for part in {**first, **second} if first.get(part) != second.get(part)]
    rows = [f"{part}: {answer[part]!r}" for part in differing for answer in (first, second) if part in answer]
    raise AssertionError("\n".join([said, *rows]))


def shares_a_name(diagram: Diagram) -> bool:
    """Whether an entity has the name of a subgraph. What styles each of the two has cannot always be written."""
    return not {entity.name for entity in diagram.entities}.isdisjoint(frame.name for frame in diagram.subgraphs)


def for_each(strategy: st.SearchStrategy[str], check: Callable[[str], None]) -> None:
    for start in range(0, CASES, BATCH):
        examples = settings(
            max_examples=min(BATCH, CASES - start),
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        seed(f"{SEED}/{start}")(examples(given(strategy)(check)))()


def describes_a_member(theirs: Answer) -> bool:
    """Whether an accessibility text is the name of a subgraph's member, which may be one for that alone."""
    members = {name for subgraph in theirs.get("subgraphs", ()) for name in subgraph["members"]}
    return bool(members & {theirs.get("acc_title"), theirs.get("acc_descr")})


def test_every_text_is_read_as_mermaid_reads_it(oracle: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    tally: Counter[str] = Counter()

    def check(text: str) -> None:
        theirs = oracle(text)
        if "crash" in theirs or WHITE_SPACE_CODE.search(text) or describes_a_member(theirs):
            tally["left out"] += 1
            return
        try:
            own = plain(parse(text))
        except DiagramError as error:
            own = {"error": str(error)}
        check_same(theirs, own, f"Mermaid's answer (first) and ours differ for {text!r}")
        tally["refused" if "error" in own else "valid"] += 1

    for_each(texts(), check)
    with capsys.disabled():
        print(f"\n{SEEDED}: {tally['valid']:,} read as Mermaid does, {tally['refused']:,} refused as it does")
        print(f"{tally['left out']:,} not compared, see above")
    assert tally["valid"] > CASES / 3


def test_what_we_write_is_to_mermaid_what_we_read(oracle: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    tally: Counter[str] = Counter()

    def check(text: str) -> None:
        theirs = oracle(text)
        if "error" in theirs or "crash" in theirs or WHITE_SPACE_CODE.search(text):
            return
        diagram = parse(text)
        if shares_a_name(diagram):
            return
        written = diagram.to_mermaid()
        check_same(theirs, oracle(written), f"Mermaid's answers differ for {text!r} (first) and {written!r}")
        tally["written"] += 1

    for_each(diagrams(), check)
    with capsys.disabled():
        print(f"\n{SEEDED}: {tally['written']:,} diagrams written as Mermaid reads them")
    assert tally["written"] > CASES / 3
