"""The provider `llama`, with its real model, which the first test fetches as a first run does."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adf_llama.catalogue import SMOLLM2
from adf_llama.progress import fetch_visibly
from adf_llama.provider import Llama

from adf_core import InvalidRequest, Price, Request, UsageError

TURN = {
    "type": "object",
    "properties": {"user": {"type": "string", "minLength": 1}, "assistant": {"type": "string", "minLength": 1}},
    "required": ["user", "assistant"],
    "additionalProperties": False,
}
CONVERSATION = {
    "type": "object",
    "properties": {"conversations": {"type": "array", "minItems": 1, "maxItems": 3, "items": TURN}},
    "required": ["conversations"],
    "additionalProperties": False,
}
INSTRUCT = {**CONVERSATION, "properties": {"conversation": TURN}, "required": ["conversation"]}
UNBOUNDED = {**CONVERSATION, "properties": {"conversations": {"type": "array", "minItems": 1, "items": TURN}}}
PROMPT = """erDiagram
    GUEST }o--|| RECEPTIONIST : "asks for help at the desk of"

    %% Topic: lost luggage

Write a conversation. The user is the GUEST. The assistant is the RECEPTIONIST."""

LONG = Request("Tell a long story about a lighthouse.", max_tokens=900, seed=1)


@pytest.fixture(scope="session", autouse=True)
def model() -> Path:
    return fetch_visibly(SMOLLM2)


def small(**options: Any) -> Llama:
    return Llama(**{"slots": 2, "context": 1024, **options})


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **variables}
    )


async def test_an_answer_has_the_shape_that_was_asked_for() -> None:
    async with small() as llama:
        response = await llama.generate(Request(PROMPT, CONVERSATION, max_tokens=256, seed=1))
    turns = json.loads(response.text)["conversations"]
    assert 1 <= len(turns) <= 3
    assert all(turn.keys() == {"user", "assistant"} for turn in turns)
    assert response.text == json.dumps(json.loads(response.text), separators=(",", ":"), ensure_ascii=False)
    assert response.finish_reason == "stop"
    assert response.model == "smollm2-135m-instruct"
    assert response.cost_usd == 0.0
    assert response.usage.input_tokens > 50
    assert 0 < response.usage.output_tokens <= 256
    assert llama.price() == Price(0.0, 0.0)


@pytest.mark.parametrize("schema", [CONVERSATION, UNBOUNDED, INSTRUCT])
async def test_nearly_all_answers_end_by_themselves_with_whole_sentences(schema: dict[str, Any]) -> None:
    async with small(slots=4) as llama:
        requests = [Request(PROMPT, schema, max_tokens=400, seed=seed) for seed in range(8)]
        responses = await asyncio.gather(*map(llama.generate, requests))
    whole = [json.loads(response.text) for response in responses if response.finish_reason == "stop"]
    assert len(whole) >= 7
    for data in whole:
        for turn in data.get("conversations") or [data["conversation"]]:
            assert re.search(r"[.!?]$", turn["user"])
            assert re.search(r"[.!?]$", turn["assistant"])


async def test_a_text_of_a_demanded_length_has_it() -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string", "minLength": 150}}, "required": ["text"]}
    async with small() as llama:
        response = await llama.generate(Request("Tell me about the sea.", schema, max_tokens=200, seed=1))
    assert len(json.loads(response.text)["text"]) >= 150


async def test_with_one_slot_the_same_seed_gives_the_same_text_and_another_seed_another() -> None:
    request = Request(PROMPT, CONVERSATION, max_tokens=200, seed=5)
    async with small(slots=1) as llama:
        first, again, other = [(await llama.generate(replace(request, seed=seed))).text for seed in (5, 5, 6)]
    async with small(slots=1) as llama:
        later = (await llama.generate(request)).text
    assert first == again == later
    assert first != other


async def test_without_a_schema_the_answer_is_plain_text_and_stops_at_its_limit() -> None:
    async with small() as llama:
        short = await llama.generate(replace(LONG, max_tokens=12))
    assert short.finish_reason == "length"
    assert short.usage.output_tokens == 12
    assert not short.text.startswith("{")


async def test_low_temperature_and_top_p_leave_no_choice() -> None:
    texts = set()
    async with small(slots=1, guide=False) as llama:
        for seed in range(3):
            cold = Request("Name three colours.", temperature=0.0, max_tokens=20, seed=seed)
            texts.add((await llama.generate(cold)).text)
            narrow = Request("Name three colours.", temperature=1.5, top_p=0.0, max_tokens=20, seed=seed)
            texts.add((await llama.generate(narrow)).text)
    assert len(texts) == 1


async def test_a_prompt_that_does_not_fit_is_an_invalid_request_with_numbers() -> None:
    async with small(context=512) as llama:
        with pytest.raises(InvalidRequest, match=r"takes \d(,\d+)? tokens, .* holds 512,.*`context`"):
            await llama.generate(Request("one more word " * 900, CONVERSATION, max_tokens=100))
        assert (await llama.generate(Request("Say hello.", max_tokens=4))).text


async def test_the_event_loop_runs_on_while_the_model_computes() -> None:
    longest, before = 0.0, time.monotonic()
    async with small() as llama:
        before = time.monotonic()
        asked = asyncio.create_task(llama.generate(Request(PROMPT, CONVERSATION, max_tokens=200, seed=2)))
        while not asked.done():
            await asyncio.sleep(0.01)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
    assert longest < 1.5


async def test_a_cancelled_request_frees_its_slot() -> None:
    async with small(slots=1) as llama:
        endless = asyncio.create_task(llama.generate(LONG))
        await asyncio.sleep(1.0)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        started = time.monotonic()
        await llama.generate(Request("Say hello.", max_tokens=2))
        assert time.monotonic() - started < 5


async def test_closing_does_not_wait_for_answers_that_nobody_awaits() -> None:
    async with small(slots=1) as llama:
        tasks = [asyncio.create_task(llama.generate(LONG)) for _ in range(3)]
        await asyncio.sleep(0.5)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    await asyncio.gather(*tasks, return_exceptions=True)


def test_as_many_requests_are_in_flight_as_there_are_slots() -> None:
    assert Llama().concurrency == 4
    assert Llama(slots=3).concurrency == 3


async def test_another_gguf_file_is_used_by_its_path(model: Path) -> None:
    async with small(model=str(model)) as llama:
        response = await llama.generate(Request(PROMPT, CONVERSATION, max_tokens=300, seed=1, temperature=0.3))
    assert response.model == model.name
    assert response.text.startswith('{"conversations":[{"user":"')


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.gguf", None, r"missing\.gguf cannot be read \(No such file"),
        ("text.gguf", b"PK\x03\x04 and so on", "is not in the GGUF format"),
        ("damaged.gguf", b"GGUF" + bytes(100), r"cannot load the model file .*damaged\.gguf"),
    ],
)
async def test_a_model_file_that_cannot_be_used(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=sentence):
        async with small(model=str(path)):
            pass


async def test_an_unknown_model_name_is_told_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"no model `smollm3`: known is `smollm2-135m-instruct`"):
        async with small(model="smollm3"):
            pass


def test_a_system_without_libgomp_is_told_how_to_install_it(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only the wheels for Linux need libgomp")
    (tmp_path / "libgomp.so.1").touch()  # the loader finds this one first, and cannot use it
    code = """if True:
        import asyncio
        from adf_core import UsageError
        from adf_llama.provider import Llama
        async def main():
            try:
                async with Llama(): print("opened")
            except UsageError as error: print(error)
        asyncio.run(main())"""
    result = run(code, LD_LIBRARY_PATH=str(tmp_path))
    assert "apt-get install libgomp1" in result.stdout, result.stderr


ASK = """if True:
    import asyncio, os, sys
    from pathlib import Path
    from adf_core import Request
    from adf_llama.provider import Llama
    def listening():
        mine = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                if Path(f"/proc/self/fd/{fd}").is_symlink()}
        tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
        rows = [row.split() for table in tables for row in table]
        return [row for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine]
    async def main():
        async with Llama(slots=2, context=1024) as llama:
            if Path("/proc/net/tcp").exists(): assert listening() == []
            print("ready", flush=True)
            long = Request("Tell a long story.", max_tokens=int(sys.argv[1]))
            await asyncio.gather(llama.generate(long), llama.generate(long))
    asyncio.run(main())
    """


def test_it_says_nothing_and_opens_no_port() -> None:
    result = subprocess.run([sys.executable, "-c", ASK, "8"], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout, result.stderr) == (0, "ready\n", "")


def test_ctrl_c_ends_the_process_at_once_and_cleanly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, "900"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_an_interpreter_may_leave_without_closing() -> None:
    code = """if True:
        import asyncio
        from adf_core import Request
        from adf_llama.provider import Llama
        llama = Llama(slots=1, context=512)
        async def main():
            await llama.__aenter__()
            print((await llama.generate(Request("Say hello.", max_tokens=3))).finish_reason)
        asyncio.run(main())"""
    result = run(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "length\n", "")


def test_importing_the_plugin_loads_no_heavy_library() -> None:
    code = "import sys, adf_llama; print(sorted({'xllamacpp', 'rich', 'filelock', 'platformdirs'} & set(sys.modules)))"
    assert run(code).stdout == "[]\n"
