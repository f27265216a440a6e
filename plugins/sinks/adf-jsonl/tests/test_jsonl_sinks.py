import json
import resource
import tracemalloc

import pytest
from adf_jsonl import Json, Jsonl, register_sinks
from hypothesis import given
from hypothesis import strategies as st

from adf_core import AdfError, Record, Turn
from adf_core.testing import run_info

HELLO = Turn("My chain slips.", "Let us look at the cassette.")
THEN = Turn("It looks worn.", "Then a new one is due, and a new chain with it.")
SCENARIO = {"mood": "calm", "bicycle": "cargo"}


def record(**changes):
    values = {
        "key": "s1",
        "stage": "seed",
        "type": "conversation",
        "category": "bicycles",
        "direction": "general",
        "scenario": SCENARIO,
        "seed": "s1",
        "turns": (HELLO,),
        "provider": "llama",
        "model": "small",
    }
    return Record(**{**values, **changes})


def derivation(**changes):
    lineage = {"key": "d1", "stage": "derivation", "round": 1, "parent": "s1", "direction": "in-depth", "replicate": 2}
    return record(**{**lineage, "prefix_length": 1, "prefix": (HELLO,), "turns": (THEN,), **changes})


def of_its_stages(sink, records):
    """What the engine gives a sink: the records of its stages."""
    return (record for record in records if record.stage in sink.stages)


def written(sink, records, folder):
    result = sink.write(of_its_stages(sink, records), run_info(folder / "out"))
    return result, result.paths[0].read_bytes().decode("utf-8")


def test_the_plugin_registers_its_sinks():
    registered = []
    register_sinks(registered.append)
    assert [sink.name for sink in registered] == ["jsonl", "json", "preference"]


def test_jsonl_writes_the_whole_conversation_of_seeds_and_derivations(tmp_path):
    result, text = written(Jsonl(), [record(), derivation()], tmp_path)
    assert (result.records, result.paths) == (2, (tmp_path / "out" / "dataset.jsonl",))
    seed, derived = [json.loads(line) for line in text.splitlines()]
    assert seed["messages"] == [
        {"role": "user", "content": HELLO.user},
        {"role": "assistant", "content": HELLO.assistant},
    ]
    contents = [message["content"] for message in derived["messages"]]
    assert contents == [HELLO.user, HELLO.assistant, THEN.user, THEN.assistant]
    assert [message["role"] for message in derived["messages"]] == ["user", "assistant"] * 2


def test_jsonl_tells_the_lineage(tmp_path):
    _, text = written(Jsonl(), [derivation()], tmp_path)
    assert json.loads(text)["metadata"] == {
        "id": "d1",
        "stage": "derivation",
        "type": "conversation",
        "category": "bicycles",
        "direction": "in-depth",
        "scenario": SCENARIO,
        "round": 1,
        "parent": "s1",
        "seed": "s1",
        "prefix_turns": 1,
        "prefix_length": 1,
        "replicate": 2,
        "provider": "llama",
        "model": "small",
    }


def test_an_example_that_was_shown_but_not_continued_is_no_prefix(tmp_path):
    instruct = derivation(type="instruct", prefix=(), prefix_length=1)
    _, text = written(Jsonl(), [instruct], tmp_path)
    line = json.loads(text)
    assert line["metadata"]["prefix_turns"] == 0 and line["metadata"]["prefix_length"] == 1
    assert [message["content"] for message in line["messages"]] == [THEN.user, THEN.assistant]


def in_parts():
    return [record(split="train"), record(key="s2", seed="s2", split="validation"), derivation(split="train")]


def test_each_part_of_a_split_dataset_has_a_file(tmp_path):
    result = Jsonl(path="a/chat.v1.jsonl").write(
        iter(in_parts()), run_info(tmp_path / "out", "train", "validation", "test")
    )
    folder = tmp_path / "out" / "a"
    files = [folder / f"chat.v1.{part}.jsonl" for part in ("train", "validation", "test")]
    assert (result.records, list(result.paths)) == (3, files)
    assert sorted(folder.iterdir()) == sorted(files)
    ids = [[json.loads(line)["metadata"]["id"] for line in file.read_text().splitlines()] for file in files]
    assert ids == [["s1", "d1"], ["s2"], []], "a part without records has an empty file"


@pytest.mark.parametrize("split_files", [True, False])
def test_the_part_stands_in_the_metadata(tmp_path, split_files):
    sink = Jsonl(split_files=split_files)
    result = sink.write(iter(in_parts()), run_info(tmp_path / "out", "validation", "train"))
    lines = [json.loads(line)["metadata"] for path in result.paths for line in path.open()]
    assert {line["id"]: line["split"] for line in lines} == {"s1": "train", "s2": "validation", "d1": "train"}
    assert len(result.paths) == (2 if split_files else 1)


def test_without_an_ending_the_part_becomes_one(tmp_path):
    result = Jsonl(path="chat").write([], run_info(tmp_path / "out", "train", "test"))
    assert [path.name for path in result.paths] == ["chat.train", "chat.test"]


def test_json_stays_one_file_without_parts(tmp_path):
    plain = written(Json(), [record(), derivation()], tmp_path)[1]
    result = Json().write(of_its_stages(Json(), in_parts()), run_info(tmp_path / "out", "train", "validation"))
    assert result.paths == (tmp_path / "out" / "outputs.json",)
    assert result.paths[0].read_text() == plain


def test_where_one_part_does_not_fit_on_the_disk_the_others_stay_as_they_were_too(tmp_path):
    info = run_info(tmp_path / "out", "train", "validation")
    before = [path.read_bytes() for path in Jsonl().write(iter(in_parts()), info).paths]
    longer = [*in_parts(), record(key="s3", split="train", turns=(Turn("long " * 1_000, "yes"),))]
    longer.append(record(key="s4", split="validation"))
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, most))
    try:
        with pytest.raises(OSError, match="File too large"):
            Jsonl().write(iter(longer), info)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["dataset.train.jsonl", "dataset.validation.jsonl"]
    assert [file.read_bytes() for file in files] == before


def test_json_is_the_first_implementations_list_byte_for_byte(tmp_path):
    longer = derivation(key="d2", prefix=(HELLO, THEN), turns=(HELLO, Turn("Où ?", "여기요")))
    records = [record(), derivation(), longer]
    result, text = written(Json(), records, tmp_path)
    assert (result.records, result.paths) == (2, (tmp_path / "out" / "outputs.json",))
    expected = [
        {"conversations": [THEN.to_dict()], "type": "conversation", "category": "bicycles", "model": "small"},
        {
            "conversations": [HELLO.to_dict(), {"user": "Où ?", "assistant": "여기요"}],
            "type": "conversation",
            "category": "bicycles",
            "model": "small",
        },
    ]
    assert text == json.dumps(expected, indent=2, ensure_ascii=False)


def test_json_writes_a_single_exchange_as_a_list_of_one_turn(tmp_path):
    _, text = written(Json(), [derivation(type="instruct", prefix=())], tmp_path)
    [only] = json.loads(text)
    assert only["conversations"] == [THEN.to_dict()] and only["type"] == "instruct"


def test_without_records_the_files_are_empty_datasets(tmp_path):
    assert written(Jsonl(), [], tmp_path)[1] == ""
    assert written(Json(), [], tmp_path)[1] == "[]"
    assert written(Json(), [record()], tmp_path)[1] == "[]", "seeds are not in this list"


def test_paths_are_below_the_output_folder_unless_absolute(tmp_path):
    assert written(Jsonl(path="parts/chat.jsonl"), [], tmp_path)[0].paths == (tmp_path / "out/parts/chat.jsonl",)
    elsewhere = tmp_path / "elsewhere.json"
    assert written(Json(path=str(elsewhere)), [], tmp_path)[0].paths == (elsewhere,)


@pytest.mark.parametrize("sink", [Jsonl(), Json()])
def test_the_same_records_give_the_same_bytes(tmp_path, sink):
    records = [record(), derivation()]
    first = written(sink, records, tmp_path / "a")[1]
    assert first == written(sink, records, tmp_path / "b")[1]
    assert first == written(sink, [Record.from_dict(record.to_dict()) for record in records], tmp_path / "a")[1]


@pytest.mark.parametrize("sink", [Jsonl(), Json()])
def test_a_lone_surrogate_is_escaped_and_the_text_beside_it_stays_readable(tmp_path, sink):
    strange = Turn("caf\u00e9 \ud800 \u4f60\u597d", "fine \U0001f6b2")
    _, text = written(sink, [derivation(turns=(strange,)), derivation(key="d2")], tmp_path)
    assert "café \\ud800 你好" in text and "fine 🚲" in text
    assert "\\ud800" in text and THEN.user in text


@given(texts=st.lists(st.text(st.characters(exclude_categories=())), min_size=2, max_size=2))
def test_every_text_comes_back_as_it_was_and_on_one_line(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("any")
    records = [derivation(turns=(Turn(*texts),)), derivation(key="d2")]
    _, lines = written(Jsonl(), records, folder)
    assert [json.loads(line)["metadata"]["id"] for line in lines.splitlines()] == ["d1", "d2"]
    assert [m["content"] for m in json.loads(lines.splitlines()[0])["messages"][2:]] == texts
    _, whole = written(Json(), records, folder)
    assert list(json.loads(whole)[0]["conversations"][0].values()) == texts


@pytest.mark.parametrize("sink", [Jsonl(), Json()])
def test_a_failure_on_the_way_leaves_the_dataset_that_was_there(tmp_path, sink):
    before = written(sink, [derivation()], tmp_path)[1]

    def breaking():
        yield derivation(key="d2")
        raise AdfError("the journal is gone")

    with pytest.raises(AdfError, match="the journal is gone"):
        sink.write(breaking(), run_info(tmp_path / "out"))
    [only] = (tmp_path / "out").iterdir()
    assert only.read_bytes().decode() == before


@pytest.mark.parametrize("sink", [Jsonl(path="full"), Json(path="full")])
def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path, sink):
    (tmp_path / "out" / "full").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        sink.write([record(), derivation()], run_info(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "full"]


@pytest.mark.parametrize("sink", [Jsonl(), Json()])
def test_memory_does_not_grow_with_the_dataset(tmp_path, sink):
    long = "word " * 2_000
    records = (derivation(key=f"d{number}", turns=(Turn(long + str(number), long),)) for number in range(1_000))
    tracemalloc.start()
    try:
        result = sink.write(records, run_info(tmp_path / "out"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.records == 1_000 and result.paths[0].stat().st_size > 20_000_000
    assert peak < 1_000_000
