from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from adf_jsonl import Jsonl, Preference
from hypothesis import given
from hypothesis import strategies as st

from adf_core import AdfError, Record, SinkResult, Turn
from adf_core.testing import run_info


def unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as reader:
        return reader.read()


UNPACK: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.decompress, ".zst": unzstd}


def record(number: int, **changes: Any) -> Record:
    values: dict[str, Any] = {
        **{"key": f"s{number}", "stage": "seed", "type": "conversation", "category": "bicycles"},
        **{"direction": "general", "seed": f"s{number}", "provider": "p", "model": "m"},
        "turns": (Turn(f"Question {number}?", "Où ? 여기요"),),
    }
    return Record(**{**values, **changes})


def write(sink: Jsonl | Preference, folder: Path, records: Iterator[Record], *parts: str) -> SinkResult:
    return sink.write(records, run_info(folder, *parts))


def ids(*paths: Path) -> list[str]:
    return [json.loads(line)["metadata"]["id"] for path in paths for line in path.open(encoding="utf-8")]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fifty() -> Iterator[Record]:
    return map(record, range(50))


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_an_ending_compresses_the_same_lines(tmp_path: Path, ending: str) -> None:
    [plain] = write(Jsonl(), tmp_path, fifty()).paths
    result = write(Jsonl(path=f"dataset.jsonl{ending}"), tmp_path, fifty())
    [packed] = result.paths
    assert (result.records, packed.name) == (50, f"dataset.jsonl{ending}")
    assert packed.stat().st_size < plain.stat().st_size / 5
    assert UNPACK[ending](packed.read_bytes()) == plain.read_bytes()


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_bytes_know_no_name_and_no_time(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = write(Jsonl(path=f"one.jsonl{ending}"), tmp_path, fifty()).paths
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    [other] = write(Jsonl(path=f"other.jsonl{ending}"), tmp_path / "elsewhere", fifty()).paths
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_compressed_dataset_without_records_can_be_unpacked(tmp_path: Path, ending: str) -> None:
    [path] = write(Jsonl(path=f"dataset.jsonl{ending}"), tmp_path, iter(())).paths
    assert UNPACK[ending](path.read_bytes()) == b""


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=())), max_size=8),
    ending=st.sampled_from(sorted(UNPACK)),
    shard=st.none() | st.integers(1, 5),
)
def test_every_text_comes_back_from_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], ending: str, shard: int | None
) -> None:
    records = (record(number, turns=(Turn(text, "yes"),)) for number, text in enumerate(texts))
    result = write(Jsonl(path=f"d.jsonl{ending}", shard=shard), tmp_path_factory.mktemp("any"), records)
    files = [UNPACK[ending](path.read_bytes()).decode("utf-8").splitlines() for path in result.paths]
    assert [json.loads(line)["messages"][0]["content"] for lines in files for line in lines] == texts
    assert all(len(lines) == shard for lines in files[:-1])


def test_shards_are_named_as_datasets_names_its_own(tmp_path: Path) -> None:
    result = write(Jsonl(shard=20), tmp_path, fifty())
    assert [path.name for path in result.paths] == [f"dataset-0000{number}-of-00003.jsonl" for number in range(3)]
    assert names(tmp_path) == [path.name for path in result.paths]
    assert (result.records, ids(*result.paths)) == (50, [f"s{number}" for number in range(50)])
    assert [len(ids(path)) for path in result.paths] == [20, 20, 10]


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (19, [19]), (20, [20]), (40, [20, 20]), (41, [20, 20, 1])])
def test_there_is_no_empty_shard_but_that_of_an_empty_dataset(tmp_path: Path, count: int, sizes: list[int]) -> None:
    result = write(Jsonl(shard=20), tmp_path, map(record, range(count)))
    assert [len(ids(path)) for path in result.paths] == sizes


def test_each_part_has_shards_of_its_own(tmp_path: Path) -> None:
    records = (record(number, split="test" if number % 5 == 0 else "train") for number in range(10))
    result = write(Jsonl(path="chat.v1.jsonl.gz", shard=4), tmp_path, records, "train", "test")
    first, second, third = "train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"
    assert [path.name for path in result.paths] == [f"chat.v1.{name}.jsonl.gz" for name in (first, second, third)]
    assert [len(gzip.decompress(path.read_bytes()).splitlines()) for path in result.paths] == [4, 4, 2]


@pytest.mark.parametrize("count", [10, 50])
def test_shards_of_an_earlier_dataset_go_and_other_files_stay(tmp_path: Path, count: int) -> None:
    others = ["dataset.jsonl", "dataset-notes.jsonl", "dataset-00000-of-00009.jsonl.gz", "other-00000-of-00009.jsonl"]
    for name in others:
        (tmp_path / name).write_text("mine")
    write(Jsonl(shard=10), tmp_path, map(record, range(30)))
    result = write(Jsonl(shard=10), tmp_path, map(record, range(count)))
    assert names(tmp_path) == sorted([*others, *(path.name for path in result.paths)])
    assert ids(*result.paths) == [f"s{number}" for number in range(count)]


@pytest.mark.parametrize("ending", sorted(UNPACK))
def test_a_failure_on_the_way_leaves_the_shards_that_were_there(tmp_path: Path, ending: str) -> None:
    sink = Jsonl(path=f"d.jsonl{ending}", shard=10)
    before = {path.name: path.read_bytes() for path in write(sink, tmp_path, fifty()).paths}

    def breaking() -> Iterator[Record]:
        yield from map(record, range(100, 125))
        raise AdfError("the journal is gone")

    with pytest.raises(AdfError, match="the journal is gone"):
        write(sink, tmp_path, breaking())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_more_shards_than_a_process_may_open_files(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of open files are a thing of Unix")
    _, most = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
    try:
        result = write(Jsonl(shard=1), tmp_path, map(record, range(100)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(result.paths) == 100


@pytest.mark.parametrize("options", [{"path": "d.jsonl.gz"}, {"path": "d.jsonl.zst"}, {"shard": 100}])
def test_memory_stays_flat(tmp_path: Path, options: dict[str, Any]) -> None:
    long = "word " * 2_000
    records = (record(number, turns=(Turn(f"{number} {long}", long),)) for number in range(1_000))
    tracemalloc.start()
    try:
        result = write(Jsonl(**options), tmp_path, records)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.records == 1_000
    assert peak < 2_000_000


def test_preferences_are_compressed_by_their_ending_too(tmp_path: Path) -> None:
    [path] = write(Preference(path="pairs.jsonl.gz"), tmp_path, iter(())).paths
    assert gzip.decompress(path.read_bytes()) == b""
