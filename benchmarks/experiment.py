"""Do scenarios make a dataset more varied? ``python benchmarks/experiment.py FOLDER``, about an hour on two cores.

Two arms with the same diagram, prompts, model and number of calls: ``single`` states nothing, ``pairwise`` states a
scenario in each prompt. Only seeds are made. FOLDER keeps both projects and their journals, so that the same command
goes on after a stop; the tables are printed at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import yaml
from adf_llama.catalogue import SMOLLM2
from adf_llama.models import cached
from embedding import embed

from adf_core import Record
from adf_core.diagram import Factor
from adf_core.journal import JournalReader
from adf_core.report.diversity import compression, distinct, mean_distance, self_bleu, words
from adf_core.scenarios import Space

DIAGRAM = Path(__file__).parent.parent / "samples" / "bicycle_workshop" / "diagram.mermaid"

SETUP: dict[str, Any] = {
    "category": "bicycle workshop",
    "initial_prompt": """\
{{ diagram }}
{{ delimiter }}
Above is how a bicycle workshop keeps its books. A customer comes to its counter with a bicycle.
{% if scenario %}{{ scenario }}
{% else %}Choose a situation that fits the books.
{% endif %}
Write what they say. The talk is {{ direction }}.
The user is the {{ user_role }}: it tells who it is, what bicycle it has, and what is wrong with it.
The assistant is the {{ assistant_role }}: it answers about this bicycle in two or three sentences.
""",
    "user_role": "CUSTOMER",
    "assistant_role": "COUNTER_CLERK",
    "seed_evolving_directions": ["straightforward", "unconventional"],
    "provider": {"name": "llama", "slots": 4},
    "sinks": ["jsonl"],
    "generation": {"s_factor": 1000, "rounds": 0, "attempts": 3, "turns": {"max": 2}, "max_tokens": 240},
}
"""What both arms share. The budget ends them, long before ``s_factor`` does."""

ARMS: dict[str, dict[str, Any]] = {
    "single": {"strategy": "single"},
    "pairwise": {
        "strategy": "pairwise",
        "seed": 0,
        # What nobody would speak of at the counter, and how many there are of what.
        "omit": ["*.count", "SUPPLIER.*", "MECHANIC.*", "LOAN_BICYCLE.*"],
    },
}

DIVISIONS = 500
"""How often all texts are divided by chance, to see whether the arms differ more than that."""

Measure = Callable[[list[int]], float]
"""Of some of all texts."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of an arm. ``seconds`` is what the runs of this folder took together."""

    calls: int
    texts: list[str]
    scenarios: list[Mapping[str, str]]
    space: Space
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, default=240, help="requests for each arm (default: 240)")
    arguments = parser.parse_args()
    made = {arm: make(arm, arguments.folder / arm, arguments.calls) for arm in ARMS}
    model = cached(SMOLLM2)
    assert model, "the runs have fetched it"
    report(made, made["pairwise"].space, model)


# --- making ----------------------------------------------------------------------------------------------------------


def make(arm: str, folder: Path, calls: int) -> Made:
    """Run an arm, or go on with it, until its calls are spent."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(DIAGRAM, folder / "diagram.mermaid")
    setup = {**SETUP, "scenarios": ARMS[arm], "budget": {"requests": calls}}
    (folder / "setup.yaml").write_text(yaml.safe_dump(setup, sort_keys=False))
    clock = folder / "seconds.json"
    seconds = json.loads(clock.read_text()) if clock.exists() else 0.0
    started = time.monotonic()
    # A spent budget is no failure of the experiment, but adf says so by its status.
    subprocess.run([sys.executable, "-m", "adf_core", "run", str(folder)], stdout=sys.stderr, check=False)
    seconds += time.monotonic() - started
    clock.write_text(json.dumps(seconds))
    with JournalReader(folder / "out" / "journal.sqlite") as journal:
        records = list(journal.records(setup["category"]))
        return Made(
            calls=journal.totals().charged.requests,
            texts=[text_of(record) for record in records],
            scenarios=[record.scenario for record in records],
            space=Space.from_dict(json.loads(journal.meta("space") or "")),
            seconds=seconds,
        )


def text_of(record: Record) -> str:
    return "\n".join(text for turn in record.conversation for text in (turn.user, turn.assistant))


# --- coverage --------------------------------------------------------------------------------------------------------


def requested_coverage(space: Space, scenarios: Sequence[Mapping[str, str]], strength: int) -> tuple[int, int]:
    """How many cells the scenarios have, and how many there are; there are no constraints here."""
    covered = total = 0
    for factors in combinations(space.factors, strength):
        total += int(np.prod([len(factor.values) for factor in factors]))
        names = [factor.name for factor in factors]
        covered += len({tuple(map(scenario.get, names)) for scenario in scenarios if scenario})
    return covered, total


def spoken(space: Space) -> list[Factor]:
    """The factors whose values are words, which a text can be searched for; a range is stated as some number."""
    return [factor for factor in space.factors if all(value.range is None for value in factor.values)]


def stated_and_mentioned(
    space: Space, texts: Sequence[str], scenarios: Sequence[Mapping[str, str]]
) -> tuple[float, float]:
    """The mean share of a scenario's values that its own text mentions, and that any text does on average.

    The second is what a random assignment of scenarios to texts would have.
    """
    names = [factor.name for factor in spoken(space)]
    table = {value.text: [mentions(text, value.text) for text in texts] for f in spoken(space) for value in f.values}
    own = [mean(table[scenario[name]][number] for name in names) for number, scenario in enumerate(scenarios)]
    any_ = [mean(mean(table[scenario[name]]) for name in names) for scenario in scenarios]
    return mean(own), mean(any_)


def mentions(text: str, value: str) -> bool:
    """Whether a text has all words of a value, one after the other."""
    return f" {' '.join(words(value))} " in f" {' '.join(words(text))} "


def parrots(text: str) -> bool:
    """Whether a text begins with the words of the example that the provider shows this model before each prompt."""
    return words(text)[:3] == ["i", "was", "told"]


# --- the report ------------------------------------------------------------------------------------------------------


def report(made: Mapping[str, Made], space: Space, model: Path) -> None:
    rows: list[tuple[str, Callable[[str], str]]] = [
        ("calls", lambda arm: f"{made[arm].calls}"),
        ("accepted conversations", lambda arm: f"{len(made[arm].texts)}"),
        ("different ones among them", lambda arm: f"{len(set(made[arm].texts))}"),
        ("that open like the provider's example", lambda arm: f"{sum(map(parrots, made[arm].texts))}"),
        ("words in one, on average", lambda arm: f"{mean(len(words(text)) for text in made[arm].texts):.0f}"),
        ("scenarios", lambda arm: f"{len({json.dumps(s, sort_keys=True) for s in made[arm].scenarios if s})}"),
        *((f"requested coverage, strength {n}", _coverage(made, space, n)) for n in (1, 2)),
        ("values mentioned somewhere", lambda arm: _somewhere(space, made[arm].texts)),
        ("a scenario's values in its own text", lambda arm: _own(space, made, arm)[0]),
        ("a scenario's values in any text", lambda arm: _own(space, made, arm)[1]),
    ]
    print(f"| | {' | '.join(f'`{arm}`' for arm in made)} | by chance |")
    print(f"|---|{'---:|' * (len(made) + 1)}")
    for name, cell in rows:
        print(f"| {name} | {' | '.join(map(cell, made))} | |")
    for name, values, chance in compared([each.texts for each in made.values()], model):
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} | {chance:.0%} |")
    print(f"\nseconds: {', '.join(f'{arm} {each.seconds:.0f}' for arm, each in made.items())}")


def compared(arms: Sequence[Sequence[str]], model: Path) -> Iterator[tuple[str, list[float], float]]:
    """Measures of variety: of each of two arms, and in how many of DIVISIONS random divisions of all texts the two
    halves differ as much (a permutation test). Both have as many texts, or for n-grams and compression as many words.
    """
    texts = [text for arm in arms for text in arm]
    tokens = list(map(words, texts))
    vectors = embed(texts, model)
    enough = 0.95 * min(sum(len(words(text)) for text in arm) for arm in arms)

    def first(order: list[int]) -> list[int]:
        lengths = accumulate(len(tokens[number]) for number in order)
        return [number for number, length in zip(order, lengths, strict=True) if length <= enough]

    measures: list[tuple[str, Measure]] = [
        ("distinct-1 ↑", lambda some: distinct([tokens[i] for i in first(some)], 1)),
        ("distinct-2 ↑", lambda some: distinct([tokens[i] for i in first(some)], 2)),
        ("compression ratio (zlib) ↓", lambda some: compression([texts[i] for i in first(some)])),
        ("self-BLEU-4 ↓", lambda some: self_bleu([tokens[i] for i in some])),
        ("mean cosine distance ↑", lambda some: mean_distance(vectors[some])),
    ]
    size = min(map(len, arms))
    border = len(arms[0])
    for name, measure in measures:
        chance = random.Random(0)
        halves = (range(border), range(border, len(texts)))
        values = [measure(chance.sample(half, size)) for half in halves]
        as_far = 0
        for _ in range(DIVISIONS):
            order = chance.sample(range(len(texts)), len(texts))
            as_far += abs(measure(order[:size]) - measure(order[-size:])) >= abs(values[0] - values[1])
        yield name, values, as_far / DIVISIONS


def _coverage(made: Mapping[str, Made], space: Space, strength: int) -> Callable[[str], str]:
    def cell(arm: str) -> str:
        covered, total = requested_coverage(space, made[arm].scenarios, strength)
        return f"{covered / total:.0%} ({covered} of {total})" if covered else "none claimed"

    return cell


def _somewhere(space: Space, texts: Sequence[str]) -> str:
    values = [value.text for factor in spoken(space) for value in factor.values]
    found = [value for value in values if any(mentions(text, value) for text in texts)]
    return f"{len(found) / len(values):.0%} ({len(found)} of {len(values)})"


def _own(space: Space, made: Mapping[str, Made], arm: str) -> tuple[str, str]:
    """The shares in percent. Texts of ``single`` have no scenario of their own: any of the other arm's is tried."""
    scenarios = made[arm].scenarios
    if not scenarios[0]:
        _, any_ = stated_and_mentioned(space, made[arm].texts, made["pairwise"].scenarios[: len(scenarios)])
        return "none stated", f"{any_:.1%}"
    own, any_ = stated_and_mentioned(space, made[arm].texts, scenarios)
    return f"{own:.1%}", f"{any_:.1%}"


if __name__ == "__main__":
    main()
