"""Evolution in rounds: derivations of derivations, and what keeps them from exploding."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from adf_core import Request, Turn
from adf_core.testing import ScriptedProvider, answer_with

ROUNDS: dict[str, Any] = {
    "seed_evolving_directions": ["plain", "wordy", "quiet"],
    "generation": {"s_factor": 2, "d_factor": 1, "rounds": 3, "limit": 10, "attempts": 1},
}


class Model(ScriptedProvider):
    """One turn as a function of the request; every fourth answer is none."""

    latency = 0.001

    @staticmethod
    def script(request: Request, nth: int) -> str:
        seed = request.seed or 0
        return "nothing" if seed % 4 == 0 else answer_with(Turn(f"question {seed}", f"answer {seed}"))


def settled(dataset: list[dict[str, Any]]) -> Counter[int]:
    return Counter(record["metadata"]["round"] for record in dataset)


def test_later_rounds_grow_from_prefix_and_turns(run, dataset) -> None:
    class Always(ScriptedProvider):
        script = staticmethod(lambda request, nth: answer_with(Turn(f"q {request.seed}", "a")))

    run(Always, generation={"d_factor": 1, "rounds": 2}, derivational_evolving_directions=["curious"])
    by_id = {record["metadata"]["id"]: record for record in dataset()}
    # One turn each: a seed has one prefix; its derivation has two turns, so two prefixes.
    assert settled(dataset()) == {0: 2, 1: 2, 2: 4}
    for record in by_id.values():
        if record["metadata"]["round"]:
            parent, inherited = by_id[record["metadata"]["parent"]], 2 * record["metadata"]["prefix_turns"]
            assert record["messages"][:inherited] == parent["messages"][:inherited]
            assert record["metadata"]["round"] == parent["metadata"]["round"] + 1


def test_a_round_has_no_more_derivations_than_its_limit_at_any_concurrency(run, dataset, tmp_path) -> None:
    outputs = []
    for concurrency in (1, 3, 64):
        out = tmp_path / f"out-{concurrency}"
        summary = run(Model, out=out, options={"concurrency": concurrency}, **ROUNDS)
        assert (summary.state.planned, summary.state.unspent) == (6 + 3 * 10, 0)
        assert summary.requests == 6 + 3 * 10
        outputs.append((out / "dataset.jsonl").read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_a_run_in_steps_keeps_to_the_limit_too(run, tmp_path) -> None:
    run(Model, out=tmp_path / "whole", **ROUNDS)
    for _ in range(20):
        summary = run(Model, out=tmp_path / "steps", options={"limit": 3, "concurrency": 2}, **ROUNDS)
    assert summary.state.unspent == 0
    assert summary.state.planned == 36
    assert (tmp_path / "steps" / "dataset.jsonl").read_bytes() == (tmp_path / "whole" / "dataset.jsonl").read_bytes()


@pytest.mark.parametrize("concurrency", [1, 16])
def test_per_parent_and_weights_decide_how_a_conversation_branches(run, dataset, concurrency: int) -> None:
    class Four(ScriptedProvider):
        script = staticmethod(
            lambda request, nth: answer_with(*(Turn(f"q {request.seed} {n}", f"a {n}") for n in range(4)))
        )

    run(
        Four,
        options={"concurrency": concurrency},
        seed_evolving_directions=["plain"],
        derivational_evolving_directions={"plain": 3, "curious": 1},
        generation={"s_factor": 40, "d_factor": 4, "per_parent": 5},
    )
    derived = [record["metadata"] for record in dataset() if record["metadata"]["round"]]
    assert set(Counter(each["parent"] for each in derived).values()) == {5}
    assert Counter(each["direction"] for each in derived).total() == 200
    assert 130 < Counter(each["direction"] for each in derived)["plain"] < 170
