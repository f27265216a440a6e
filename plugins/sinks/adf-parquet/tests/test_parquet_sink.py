from __future__ import annotations

import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from adf_parquet import Parquet, register_sinks
from hypothesis import given
from hypothesis import strategies as st

from adf_core import AdfError, Record, Sink, SinkResult, Turn
from adf_core.testing import run_info

HELLO = Turn("My chain slips.", "Let us look at the cassette.")
THEN = Turn("It looks worn.", "Then a new one is due, and a new chain with it.")
SCENARIO = {"mood": "calm", "bicycle": "cargo"}


def record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        **{"key": "s1", "stage": "seed", "type": "conversation", "category": "bicycles", "direction": "general"},
        **{"scenario": SCENARIO, "seed": "s1", "turns": (HELLO,), "provider": "llama", "model": "small"},
    }
    return Record(**{**values, **changes})


def derivation(**changes: Any) -> Record:
    values = {
        **{"key": "d1", "stage": "derivation", "round": 1, "parent": "s1", "direction": "in-depth", "replicate": 2},
        **{"prefix_length": 1, "prefix": (HELLO,), "turns": (THEN,)},
    }
    return record(**{**values, **changes})


def many(count: int, **changes: Any) -> Iterator[Record]:
    return (derivation(key=f"d{number}", **changes) for number in range(count))


def in_parts() -> list[Record]:
    return [record(split="train"), record(key="s2", seed="s2", split="validation"), derivation(split="train")]


def write(sink: Parquet, records: Any, folder: Path, *parts: str) -> SinkResult:
    return sink.write(iter(records), run_info(folder / "out", *parts))


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def ids(path: Path) -> list[str]:
    return [row["id"] for row in rows(path)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_plugin_registers_its_sink() -> None:
    registered: list[type[Sink]] = []
    register_sinks(registered.append)
    assert [sink.name for sink in registered] == ["parquet"]


def test_pyarrow_is_not_imported_before_something_is_written() -> None:
    code = "import sys, adf_parquet; adf_parquet.Parquet(); print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_row_has_the_whole_conversation_and_the_lineage(tmp_path: Path) -> None:
    scored = derivation(scores={"judge.overall": 4.5, "length": 3}, confirmed=("mood",), split="train")
    result = write(Parquet(), [record(), scored], tmp_path)
    assert (result.records, result.paths) == (2, (tmp_path / "out" / "dataset.parquet",))
    assert names(tmp_path / "out") == ["dataset.parquet"]
    seed, derived = rows(result.paths[0])
    assert derived == {
        "messages": [
            {"role": "user", "content": HELLO.user},
            {"role": "assistant", "content": HELLO.assistant},
            {"role": "user", "content": THEN.user},
            {"role": "assistant", "content": THEN.assistant},
        ],
        **{"id": "d1", "stage": "derivation", "type": "conversation", "category": "bicycles", "direction": "in-depth"},
        "scenario": [{"factor": "mood", "value": "calm"}, {"factor": "bicycle", "value": "cargo"}],
        **{"round": 1, "parent": "s1", "seed": "s1", "prefix_turns": 1, "prefix_length": 1, "replicate": 2},
        **{"provider": "llama", "model": "small"},
        "scores": [{"name": "judge.overall", "value": 4.5}, {"name": "length", "value": 3.0}],
        "confirmed": ["mood"],
        "split": "train",
    }
    assert {name: seed[name] for name in ("id", "parent", "scores", "confirmed", "split", "prefix_turns")} == {
        **{"id": "s1", "parent": None, "scores": [], "confirmed": None, "split": None, "prefix_turns": 0}
    }


def test_the_columns_have_the_same_types_whatever_is_in_them(tmp_path: Path) -> None:
    full = derivation(scores={"a": 1.0}, confirmed=("mood",), split="x")
    bare = record(scenario={}, turns=())
    schemas = [
        pq.read_schema(write(Parquet(path=f"{number}.parquet"), records, tmp_path).paths[0])
        for number, records in enumerate([[full], [bare], []])
    ]
    assert schemas[0] == schemas[1] == schemas[2]
    types = dict(zip(schemas[0].names, schemas[0].types, strict=True))
    assert {name for name, kind in types.items() if kind == pa.int32()} == {
        *("round", "prefix_turns", "prefix_length", "replicate")
    }
    assert types["scores"].value_field.type == pa.struct({"name": pa.string(), "value": pa.float64()})
    assert not any(pa.types.is_map(kind) or pa.types.is_dictionary(kind) for kind in types.values())


def test_everything_is_compressed_with_zstd(tmp_path: Path) -> None:
    group = pq.read_metadata(write(Parquet(), many(3), tmp_path).paths[0]).row_group(0)
    assert {group.column(number).compression for number in range(group.num_columns)} == {"ZSTD"}


def group_sizes(path: Path) -> list[int]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def test_row_groups_have_so_many_records(tmp_path: Path) -> None:
    assert group_sizes(write(Parquet(row_group=4), many(10), tmp_path).paths[0]) == [4, 4, 2]
    assert group_sizes(write(Parquet(row_group=5), many(10), tmp_path).paths[0]) == [5, 5]


def test_a_row_group_keeps_the_order_however_many_rows_are_converted_at_once(tmp_path: Path) -> None:
    [path] = write(Parquet(), many(1_201), tmp_path).paths
    assert group_sizes(path) == [1_201]
    assert ids(path) == [f"d{number}" for number in range(1_201)]


def test_long_conversations_end_a_row_group_sooner(tmp_path: Path) -> None:
    long = (Turn("u" * 2_000_000, "a" * 2_000_000),)
    assert group_sizes(write(Parquet(), many(9, turns=long), tmp_path).paths[0]) == [4, 4, 1]


@pytest.mark.parametrize(("count", "shards"), [(10, [4, 4, 2]), (8, [4, 4]), (1, [1]), (0, [0])])
def test_a_shard_has_at_most_so_many_records(tmp_path: Path, count: int, shards: list[int]) -> None:
    result = write(Parquet(shard=4, row_group=3), many(count), tmp_path)
    expected = [f"dataset-{number:05}-of-{len(shards):05}.parquet" for number in range(len(shards))]
    assert [path.name for path in result.paths] == expected == names(tmp_path / "out")
    assert [len(rows(path)) for path in result.paths] == shards
    assert [key for path in result.paths for key in ids(path)] == [f"d{number}" for number in range(count)]


def test_shards_of_an_earlier_dataset_go_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    write(Parquet(shard=2), many(6), tmp_path)
    others = [
        "dataset.parquet",
        "dataset-of-mine.parquet",
        "dataset-0-of-1.parquet",
        "my-dataset-00000-of-00009.parquet",
    ]
    for name in others:
        (tmp_path / "out" / name).write_text("mine")
    write(Parquet(shard=2), many(3), tmp_path)
    ours = ["dataset-00000-of-00002.parquet", "dataset-00001-of-00002.parquet"]
    assert names(tmp_path / "out") == sorted([*others, *ours])


def test_each_part_of_a_split_dataset_has_a_file(tmp_path: Path) -> None:
    result = write(Parquet(path="a/chat.v1.parquet"), in_parts(), tmp_path, "train", "validation", "test")
    folder = tmp_path / "out" / "a"
    files = [folder / f"chat.v1.{part}.parquet" for part in ("train", "validation", "test")]
    assert (result.records, list(result.paths)) == (3, files)
    assert names(folder) == sorted(file.name for file in files)
    assert [ids(file) for file in files] == [["s1", "d1"], ["s2"], []], "a part without records has no rows"


def test_parts_have_shards_of_their_own(tmp_path: Path) -> None:
    result = write(Parquet(shard=1), in_parts(), tmp_path, "train", "validation")
    assert [(path.name, ids(path)) for path in result.paths] == [
        ("dataset.train-00000-of-00002.parquet", ["s1"]),
        ("dataset.train-00001-of-00002.parquet", ["d1"]),
        ("dataset.validation-00000-of-00001.parquet", ["s2"]),
    ]


def test_parts_may_stay_together(tmp_path: Path) -> None:
    [path] = write(Parquet(split_files=False), in_parts(), tmp_path, "train", "validation").paths
    assert [(row["id"], row["split"]) for row in rows(path)] == [("s1", "train"), ("s2", "validation"), ("d1", "train")]


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    records = [record(), *many(2_000), derivation(scores={"a": 0.1}, confirmed=())]
    again = [Record.from_dict(each.to_dict()) for each in records]
    first, second = (
        write(Parquet(shard=700, row_group=100), each, tmp_path / str(number))
        for number, each in enumerate([records, again])
    )
    assert [path.read_bytes() for path in first.paths] == [path.read_bytes() for path in second.paths]


@given(texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=4, max_size=4))
def test_every_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    strange = derivation(turns=(Turn(*texts[:2]),), scenario={texts[2]: texts[3]})
    [row] = rows(write(Parquet(), [strange], tmp_path_factory.mktemp("any")).paths[0])
    assert [message["content"] for message in row["messages"][2:]] == texts[:2]
    assert row["scenario"] == [{"factor": texts[2], "value": texts[3]}]


def test_nul_is_kept(tmp_path: Path) -> None:
    [row] = rows(write(Parquet(), [record(turns=(Turn("a\0b", "\0"),))], tmp_path).paths[0])
    assert [message["content"] for message in row["messages"]] == ["a\0b", "\0"]


HALF = (Turn("caf\u00e9 \ud800", "fine \U0001f6b2"),)


def test_a_dataset_with_half_a_character_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    [path] = write(Parquet(), [record()], tmp_path).paths
    before = path.read_bytes()
    some = [record(), derivation(turns=HALF), derivation(key="d2"), derivation(key="d3", scenario={"mood": "\udfff"})]
    with pytest.raises(AdfError, match=r"^2 records hold .*the first is `d1`.*lone_surrogates: replace"):
        write(Parquet(row_group=2), some, tmp_path)
    with pytest.raises(AdfError, match=r"^A record holds .*the first is `d1`"):
        write(Parquet(), some[:2], tmp_path)
    assert names(tmp_path / "out") == ["dataset.parquet"] and path.read_bytes() == before


def test_half_a_character_is_replaced_where_that_is_wanted(tmp_path: Path) -> None:
    records = [record(), derivation(turns=HALF, scenario={"mo\udc00od": "\ud800"})]
    plain, changed = rows(write(Parquet(lone_surrogates="replace"), records, tmp_path).paths[0])
    assert [message["content"] for message in changed["messages"][2:]] == ["café \ufffd", "fine 🚲"]
    assert changed["scenario"] == [{"factor": "mo\ufffdod", "value": "\ufffd"}]
    assert plain["messages"][0]["content"] == HELLO.user


def test_a_failure_on_the_way_leaves_the_dataset_that_was_there(tmp_path: Path) -> None:
    sink = Parquet(shard=1)
    [path] = write(sink, [derivation()], tmp_path).paths
    before = path.read_bytes()

    def breaking() -> Iterator[Record]:
        yield from many(5)
        raise AdfError("the journal is gone")

    with pytest.raises(AdfError, match="the journal is gone"):
        write(sink, breaking(), tmp_path)
    assert names(tmp_path / "out") == [path.name] and path.read_bytes() == before


@pytest.mark.parametrize("most", [500, 4_000, 40_000])
@pytest.mark.parametrize("shard", [None, 60])
def test_on_a_full_disk_no_part_changes(tmp_path: Path, most: int, shard: int | None) -> None:
    sink = Parquet(row_group=20, shard=shard)
    before = {path: path.read_bytes() for path in write(sink, in_parts(), tmp_path, "train", "validation").paths}
    longer = [
        record(key=f"s{number}", split=("train", "validation")[number % 2], turns=(Turn(noise(number), "yes"),))
        for number in range(200)
    ]
    _, highest = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, highest))
    try:
        with pytest.raises(OSError, match="File too large"):
            write(sink, longer, tmp_path, "train", "validation")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def noise(number: int) -> str:
    """Text that no compression makes much shorter."""
    return " ".join(str(pow(3, number * 100 + step, 2**61 - 1)) for step in range(200))


def test_a_place_that_is_a_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "out" / "full").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write(Parquet(path="full"), [record()], tmp_path)
    assert names(tmp_path / "out") == ["full"] and names(tmp_path / "out" / "full") == []


def test_a_value_that_does_not_fit_its_column_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AdfError, match=r"The sink `parquet` cannot write .*dataset\.parquet: .*too large"):
        write(Parquet(), [derivation(replicate=2**40)], tmp_path)
    assert names(tmp_path / "out") == []


def test_paths_are_below_the_output_folder_unless_absolute(tmp_path: Path) -> None:
    assert write(Parquet(path="a/b.parquet"), [], tmp_path).paths == (tmp_path / "out/a/b.parquet",)
    elsewhere = tmp_path / "elsewhere"
    assert write(Parquet(path=str(elsewhere), shard=9), [], tmp_path).paths == (tmp_path / "elsewhere-00000-of-00001",)


def test_files_have_the_permissions_of_others_that_are_made_here(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    [path] = write(Parquet(), [record()], tmp_path).paths
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_memory_does_not_grow_with_the_dataset(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        text = "word " * 200
        records = (derivation(key=f"d{number}", turns=(Turn(text + str(number), text),)) for number in range(count))
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        try:
            write(Parquet(row_group=250), records, tmp_path)
            _, python = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert pa.total_allocated_bytes() == before
        return python

    peak(250)  # what is loaded once is not counted
    assert peak(5_000) < 1.5 * peak(500)
