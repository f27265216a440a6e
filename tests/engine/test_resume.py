"""The next run in the same folder: what is done is not looked at again, and what is asked for more follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from adf_core import ContentBlocked, Request, Response, Turn, Usage
from adf_core.engine import frontier
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import ScriptedProvider, answer_with

OUTPUTS = ("dataset.jsonl", "outputs.json")


def two_turns(request: Request, nth: int) -> str:
    word = f"{len(request.prompt)} {request.seed}"
    return answer_with(Turn(f"first {word}", "answer"), Turn(f"second {word}", "answer"))


class Counting(ScriptedProvider):
    """Counts how often it was opened."""

    script = staticmethod(two_turns)
    opened: ClassVar[list[str]] = []

    async def __aenter__(self) -> Counting:
        self.opened.append(self.model)
        return self


@pytest.fixture(autouse=True)
def none_opened() -> None:
    Counting.opened.clear()


def files(out: Path) -> dict[str, tuple[bytes, int]]:
    return {name: ((out / name).read_bytes(), (out / name).stat().st_mtime_ns) for name in OUTPUTS}


def test_a_finished_run_opens_no_provider_and_writes_nothing(run, tmp_path: Path) -> None:
    first = run(Counting)
    before = files(tmp_path / "out")
    second = run(Counting)
    assert (first.nothing_to_do, second.nothing_to_do) == (False, True)
    assert Counting.opened == ["script-1"]
    assert second.state == first.state
    assert {name: result.records for name, result in second.sinks.items()} == {"jsonl": 18 + 16, "json": 16 * 2}
    assert files(tmp_path / "out") == before


def test_a_dataset_that_was_changed_or_deleted_is_written_again_without_the_provider(run, tmp_path: Path) -> None:
    run(Counting)
    before = files(tmp_path / "out")
    (tmp_path / "out" / "dataset.jsonl").unlink()
    (tmp_path / "out" / "outputs.json").write_text("[]")
    again = run(Counting)
    assert not again.nothing_to_do
    assert Counting.opened == ["script-1"]
    assert {name: each[0] for name, each in files(tmp_path / "out").items()} == {
        name: each[0] for name, each in before.items()
    }


@pytest.mark.parametrize(
    "change",
    [
        {"sinks": [{"name": "jsonl", "path": "other.jsonl"}]},
        {"split": {"train": 0.5, "test": 0.5}},
    ],
    ids=["sinks", "split"],
)
def test_other_sinks_or_parts_write_again_without_the_provider(run, change: dict[str, Any]) -> None:
    run(Counting)
    assert not run(Counting, **change).nothing_to_do
    assert run(Counting, **change).nothing_to_do
    assert Counting.opened == ["script-1"]


def test_what_failed_keeps_a_run_from_being_finished(run) -> None:
    class Blocked(Counting):
        script = staticmethod(lambda request, nth: (_ for _ in ()).throw(ContentBlocked("no")))

    run(Blocked, derivational_evolving_directions=[])
    assert run(Blocked, derivational_evolving_directions=[]).requests > 0


def test_more_seeds_follow_those_that_are_there(run, tmp_path: Path) -> None:
    whole = run(Counting, generation={"s_factor": 3}, out=tmp_path / "whole")
    run(Counting, generation={"s_factor": 1})
    with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
        epoch = reader.epoch
    more = run(Counting, generation={"s_factor": 3})
    with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
        assert reader.epoch == epoch
    assert (more.reused, more.state.planned, more.state.accepted) == (0, whole.state.planned, whole.state.accepted)
    assert more.requests == whole.requests - whole.requests // 3
    for name in OUTPUTS:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_fewer_seeds_leave_the_others_out(run, dataset) -> None:
    run(Counting, generation={"s_factor": 2})
    fewer = run(Counting, generation={"s_factor": 1})
    assert (fewer.requests, fewer.state.accepted) == (0, 2 + 2 * 2 * 2 * 4)
    assert len(dataset()) == fewer.state.accepted


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_any_number_of_parents_may_wait_in_memory(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(frontier, "MOST_PARENTS", most)
    settings = {
        "generation": {"s_factor": 4, "rounds": 2, "d_factor": 1},
        "derivational_evolving_directions": ["curious"],
    }
    whole = run(Counting, out=tmp_path / "whole", **settings)
    assert whole.state.accepted == whole.state.planned == 8 + 8 * 2 + 8 * (3 + 4)
    assert whole.requests == whole.state.planned
    while (part := run(Counting, options={"limit": 7, "concurrency": 3}, **settings)).state.unspent:
        assert part.requests <= 7
    assert part.state.planned == whole.state.planned
    for name in OUTPUTS:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_journal_of_many_slots_is_resumed_where_it_stopped(run, tmp_path: Path) -> None:
    def sparse(request: Request, nth: int) -> Response | str:
        """One in five is rejected."""
        return "no" if request.seed % 5 == 0 else Response(two_turns(request, nth), usage=Usage(1, 1))

    class Sparse(Counting):
        script = staticmethod(sparse)

    settings = {"generation": {"s_factor": 40, "attempts": 1, "d_factor": 1}}
    whole = run(Sparse, out=tmp_path / "whole", **settings)
    for limit in (1, 30, 60):
        run(Sparse, options={"limit": limit}, **settings)
    rest = run(Sparse, **settings)
    assert rest.requests == whole.requests - 91
    assert (rest.state.accepted, rest.state.rejected) == (whole.state.accepted, whole.state.rejected)
    for name in OUTPUTS:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_wish_for_more_of_each_combination_goes_on_with_a_finished_run(run) -> None:
    factors = {"mood": ["calm", "angry"], "hour": ["early", "late"]}
    settings = {"derivational_evolving_directions": []}
    first = run(Counting, scenarios={"strategy": "pairwise", "factors": factors}, **settings)
    more = run(Counting, scenarios={"strategy": "pairwise", "factors": factors, "per_cell": 9}, **settings)
    assert first.requests > 0
    assert (more.nothing_to_do, more.cells_short) == (False, 0)
    assert more.requests > 0
