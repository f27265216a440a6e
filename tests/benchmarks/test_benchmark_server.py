"""The server that clients are measured with: what it says on the wire, its faults, its limit, its counts."""

from __future__ import annotations

import asyncio
import json
import math
import statistics
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from adf_gemini.provider import Gemini
from adf_openai.provider import OpenAI
from openai import AsyncOpenAI

from adf_core import Overloaded, RateLimited, Request
from adf_core.prompts import answer_schema, read_answer
from adf_core.prompts.answers import UnusableAnswer
from benchmarks.server import RunningServer
from benchmarks.server.connection import Connection
from benchmarks.server.http import Request as HTTPRequest
from benchmarks.server.limit import Bucket
from benchmarks.server.model import Model, Pending
from benchmarks.server.options import manners, parser

Serve = Callable[..., Any]
SCHEMA = answer_schema("conversation", 1, 3)


class Server:
    """The server on the test's own event loop."""

    def __init__(self, model: Model, port: int) -> None:
        self.model = model
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def stats(self) -> dict[str, Any]:
        _, _, body = await exchange(self.port, b"GET /stats HTTP/1.1\r\nConnection: close\r\n\r\n")
        return json.loads(body)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server with the given options of the command line."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:

        async def start(*options: str) -> Server:
            model = Model(manners(parser().parse_args(options)))
            listening = await loop.create_server(lambda: Connection(model, loop), "127.0.0.1", 0)
            stack.push_async_callback(listening.wait_closed)
            stack.callback(listening.close)
            return Server(model, listening.sockets[0].getsockname()[1])

        yield start


def chat(prompt: str, **more: Any) -> bytes:
    """A request as it goes over the wire, in OpenAI's format."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}], **more}).encode()
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def read_reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body of one reply; IncompleteReadError where none comes."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ")[1]), headers, await reader.readexactly(int(headers["content-length"]))


async def exchange(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await read_reply(reader)
    finally:
        writer.close()


async def fate(port: int, prompt: str, **more: Any) -> str:
    """In a word, what becomes of a request."""
    try:
        async with asyncio.timeout(1):
            status, _, body = await exchange(port, chat(prompt, **more))
    except TimeoutError:
        return "hung"
    except asyncio.IncompleteReadError:
        return "dropped"
    if status != 200:
        return str(status)
    choice = json.loads(body)["choices"][0]
    if choice["finish_reason"] == "length":
        return "truncated"
    return "good" if choice["message"]["content"].startswith("{") else "malformed"


@asynccontextmanager
async def openai(server: Server) -> AsyncIterator[OpenAI]:
    async with OpenAI(base_url=f"{server.url}/v1", api_key="k", model="m") as provider:
        yield provider


async def test_openai_answers_are_read_by_the_provider(serve: Serve) -> None:
    server = await serve("--turns", "3")
    async with openai(server) as provider:
        response = await provider.generate(Request("Say it", json_schema=SCHEMA, seed=1))
        vectors = await provider.embed(["one", "two", "one"])
    turns = read_answer(response.text, response.finish_reason, "conversation").turns
    assert len(turns) == 3
    assert (response.model, response.finish_reason) == ("m", "stop")
    assert response.usage.input_tokens > 0
    assert response.usage.output_tokens == len(response.text.split())
    assert vectors[0] == vectors[2] != vectors[1]


async def test_gemini_answers_are_read_by_the_provider(serve: Serve) -> None:
    server = await serve()
    async with Gemini(base_url=server.url, api_key="k", model="gemini-x") as provider:
        response = await provider.generate(Request("Say it", json_schema=SCHEMA, seed=1))
    assert len(read_answer(response.text, response.finish_reason, "conversation").turns) == 2
    assert (response.model, response.finish_reason) == ("gemini-x", "stop")
    assert response.usage.output_tokens == len(response.text.split())


async def test_an_answer_is_a_function_of_the_request(serve: Serve) -> None:
    async def texts(*options: str) -> list[str]:
        async with openai(await serve(*options)) as provider:
            asked = [Request(prompt, json_schema=SCHEMA, seed=seed) for prompt in "ab" for seed in range(20)]
            return [(await provider.generate(request)).text for request in asked]

    first = await texts()
    assert len(set(first)) == 40
    assert await texts("--latency", "0.001") == first


async def test_answers_have_the_shape_of_the_schema(serve: Serve) -> None:
    schema = {
        "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}},
        "type": "object",
        "properties": {
            "mood": {"enum": ["calm"]},
            "people": {"type": "array", "items": {"$ref": "#/$defs/Person"}, "minItems": 2, "maxItems": 2},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }
    async with openai(await serve()) as provider:
        found = json.loads((await provider.generate(Request("x", json_schema=schema))).text)
    assert list(found) == ["mood", "people", "note"]
    assert found["mood"] == "calm"
    assert [(type(person["name"]), type(person["age"])) for person in found["people"]] == [(str, int)] * 2
    assert isinstance(found["note"], str)


async def test_several_answers_and_streams_are_read_by_the_sdk(serve: Serve) -> None:
    server = await serve()
    message: Any = {"role": "user", "content": "Say it"}
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="k") as client:
        answer = await client.chat.completions.create(model="m", messages=[message], n=3)
        stream = await client.chat.completions.create(model="m", messages=[message], stream=True)
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len(json.loads("".join(parts))["conversations"]) == 2


@pytest.mark.parametrize(
    ("option", "fates"),
    [
        ("--rate-429", {"429"}),
        ("--rate-5xx", {"500", "502", "503"}),
        ("--rate-hang", {"hung"}),
        ("--rate-drop", {"dropped"}),
        ("--rate-malformed", {"malformed"}),
        ("--rate-truncated", {"truncated"}),
    ],
)
async def test_a_fault_meets_about_its_share_of_the_requests(serve: Serve, option: str, fates: set[str]) -> None:
    server = await serve(option, "0.3")
    met = Counter(await asyncio.gather(*(fate(server.port, f"prompt {number}") for number in range(100))))
    assert set(met) == {"good", *fates}
    assert 15 <= 100 - met["good"] <= 45


async def test_the_providers_read_the_faults_as_what_they_are(serve: Serve) -> None:
    refusing = await serve("--rate-429", "1", "--retry-after", "7")
    broken, cut = await serve("--rate-5xx", "1"), await serve("--rate-truncated", "1")
    talkative = await serve("--rate-malformed", "1")
    asked = Request("x", json_schema=SCHEMA)
    async with openai(refusing) as provider:
        with pytest.raises(RateLimited) as refused:
            await provider.generate(asked)
        assert refused.value.retry_after == 7
    async with Gemini(base_url=refusing.url, api_key="k") as gemini:
        with pytest.raises(RateLimited) as refused:
            await gemini.generate(asked)
        assert refused.value.retry_after == 7
    async with openai(broken) as provider:
        with pytest.raises(Overloaded):
            await provider.generate(asked)
    async with openai(cut) as provider, Gemini(base_url=cut.url, api_key="k") as gemini:
        assert (await provider.generate(asked)).finish_reason == "length"
        assert (await gemini.generate(asked)).finish_reason == "length"
    async with openai(talkative) as provider:
        response = await provider.generate(asked)
        with pytest.raises(UnusableAnswer, match="no JSON"):
            read_answer(response.text, response.finish_reason, "conversation")


BAD = ("--rate-429", ".1", "--rate-5xx", ".1", "--rate-drop", ".1", "--rate-malformed", ".1", "--rate-truncated", ".1")


def model(*options: str) -> Model:
    return Model(manners(parser().parse_args(options)))


def arrived(model: Model, prompt: str, **more: Any) -> Pending:
    body = json.dumps({"messages": [{"role": "user", "content": prompt}], **more}).encode()
    pending = model.arrive(HTTPRequest("POST", "/v1/chat/completions", body, keep_alive=True))
    assert isinstance(pending, Pending)
    return pending


def met(model: Model, prompt: str, **more: Any) -> str:
    """What becomes of a request whose client waits."""
    pending = arrived(model, prompt, **more)
    model.settle(pending)
    return pending.fault or "good"


def test_the_same_content_meets_the_same_fate_in_any_order() -> None:
    prompts = [f"prompt {number}" for number in range(100)]

    def fates(*options: str, order: list[str]) -> dict[str, list[str]]:
        server = model(*BAD, *options)
        rounds = [{prompt: met(server, prompt) for prompt in order} for _ in range(3)]
        return {prompt: [each[prompt] for each in rounds] for prompt in prompts}

    first = fates(order=prompts)
    assert fates(order=prompts[::-1]) == first
    assert fates("--seed", "1", order=prompts) != first
    assert any(len(set(each)) > 1 for each in first.values()), "it is drawn anew each time"


def test_what_has_failed_is_answered_in_the_end() -> None:
    server = model("--rate-5xx", "0.5")
    for number in range(50):
        assert "good" in [met(server, f"prompt {number}") for _ in range(20)]


def test_a_request_with_a_seed_gets_its_answer_again_once_it_was_answered() -> None:
    server = model(*BAD)
    for number in range(50):
        fates = [met(server, f"prompt {number}", seed=5) for _ in range(10)]
        answers = [each for each in fates if each in ("good", "malformed", "truncated")]
        assert fates[-len(answers) :] == answers
        assert len(set(answers)) == 1


def test_a_request_that_its_client_gave_up_meets_the_same_fate_later() -> None:
    server, patient = model(*BAD, "--latency", "1"), model(*BAD)
    for number in range(50):
        server.leave(arrived(server, f"prompt {number}"))
        assert met(server, f"prompt {number}") == met(patient, f"prompt {number}")


def test_a_request_that_hung_until_its_client_left_meets_another_fate_later() -> None:
    server = model("--rate-hang", "0.5")
    hung = [number for number in range(50) if arrived(server, f"prompt {number}").fault == "hang"]
    for number in hung:
        server.leave(arrived(server, f"prompt {number}"))
    assert {arrived(server, f"prompt {number}").fault for number in hung} == {"hang", None}


def test_latency_is_fixed_or_lognormal_around_its_median() -> None:
    fixed, varied = model("--latency", "0.2"), model("--latency", "0.2", "--sigma", "0.5")
    assert {arrived(fixed, f"prompt {number}").delay for number in range(50)} == {0.2}
    delays = [arrived(varied, f"prompt {number}").delay for number in range(2000)]
    assert statistics.median(delays) == pytest.approx(0.2, rel=0.05)
    assert statistics.stdev(map(math.log, delays)) == pytest.approx(0.5, rel=0.05)


async def test_an_answer_comes_after_its_latency_and_not_while_others_wait(serve: Serve) -> None:
    server = await serve("--latency", "0.05")
    assert set(await asyncio.gather(*(fate(server.port, f"prompt {number}") for number in range(20)))) == {"good"}
    assert (await server.stats())["most_in_flight"] == 20


async def test_the_limit_refuses_what_is_above_it(serve: Serve) -> None:
    server = await serve("--requests-per-second", "0.001", "--burst", "3", "--limit-headers", "--retry-after", "2")
    replies = [await exchange(server.port, chat(f"prompt {number}")) for number in range(5)]
    assert [status for status, _, _ in replies] == [200, 200, 200, 429, 429]
    assert [headers["x-ratelimit-remaining-requests"] for _, headers, _ in replies] == ["2", "1", "0", "0", "0"]
    assert [headers.get("retry-after") for _, headers, _ in replies] == [None, None, None, "2", "2"]
    stats = await server.stats()
    assert (stats["answered"], stats["refused_by_limit"], stats["outcomes"]) == (3, 2, {"200": 3, "429": 2})


def test_the_limit_lets_its_rate_through_in_the_long_run() -> None:
    bucket = Bucket(50, burst=5)
    passed = sum(bucket.take(millisecond / 1000) for millisecond in range(1, 10_001))
    assert passed == pytest.approx(50 * 10 + 5, abs=1)


async def test_the_limits_headers_are_read_by_the_provider(serve: Serve) -> None:
    async with openai(await serve("--requests-per-second", "10", "--burst", "5", "--limit-headers")) as provider:
        limit = (await provider.generate(Request("x"))).rate_limit
    assert limit is not None
    assert (limit.requests_limit, limit.requests_remaining) == (5, 4)
    assert limit.requests_reset == pytest.approx(0.1)


def test_a_refusal_by_the_limit_changes_nothing_about_a_requests_fate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("benchmarks.server.model.time", SimpleNamespace(monotonic=lambda: now))
    limited, free = model(*BAD, "--requests-per-second", "1", "--burst", "1"), model(*BAD)
    for number in range(40):
        met(limited, "what empties the bucket")
        for _ in range(3):
            refused = arrived(limited, f"prompt {number}")
            assert (refused.outcome, refused.fault) == ("429", None)
            limited.settle(refused)
        now += 1
        assert met(limited, f"prompt {number}") == met(free, f"prompt {number}")
        now += 1


def test_requests_from_before_a_reset_are_not_counted_after_it() -> None:
    server = model()
    before = arrived(server, "x")
    server.reset()
    server.settle(before)
    assert (server.stats()["in_flight"], server.stats()["answered"]) == (0, 0)
    assert met(server, "x") == "good"
    assert server.stats()["repeated"] == 0


def test_what_was_paid_twice_is_counted() -> None:
    server = model("--rate-429", "0.5")
    fates = {number: met(server, f"prompt {number}") for number in range(30)}
    for number in range(30):
        met(server, f"prompt {number}")
    found = server.stats()
    assert found["requests"] == 60
    assert found["repeated"] == 30
    assert found["repeated_after_answer"] == list(fates.values()).count("good")
    assert found["faults"] == {"429": 60 - found["answered"]}


async def test_stats_tell_what_came_and_a_reset_forgets_it(serve: Serve) -> None:
    server = await serve("--rate-drop", "0.2", "--rate-5xx", "0.2")
    met = Counter(await asyncio.gather(*(fate(server.port, f"prompt {number}") for number in range(50))))
    stats = await server.stats()
    assert (stats["requests"], stats["answered"], stats["in_flight"]) == (50, met["good"], 0)
    assert stats["outcomes"].pop("200") == stats["answered"] == sum(stats["answers_per_second"])
    assert stats["outcomes"] == {word: number for word, number in met.items() if word != "good"}
    assert (await exchange(server.port, b"POST /reset HTTP/1.1\r\nContent-Length: 0\r\n\r\n"))[0] == 200
    stats = await server.stats()
    assert (stats["requests"], stats["seconds"], stats["outcomes"]) == (0, 0.0, {})


async def test_requests_that_are_sent_all_at_once_are_answered_in_order(serve: Serve) -> None:
    server = await serve("--latency", "0.01", "--sigma", "1")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"".join(chat(f"prompt {number}") for number in range(20)))
    together = [await read_reply(reader) for _ in range(20)]
    writer.close()
    assert together == [await exchange(server.port, chat(f"prompt {number}")) for number in range(20)]


async def test_a_body_may_come_in_chunks_and_in_pieces(serve: Serve) -> None:
    server = await serve()
    whole = await exchange(server.port, chat("x"))
    body = chat("x").partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    head = b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for trailer in (b"", b"Checksum: 1\r\n"):
        sent = head + chunks + b"0\r\n" + trailer + b"\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for at in range(0, len(sent), 5):
            writer.write(sent[at : at + 5])
            await asyncio.sleep(0)
        writer.write(chat("x"))
        assert [await read_reply(reader), await read_reply(reader)] == [whole, whole]
        writer.close()


async def test_a_client_that_asks_first_is_told_to_go_on(serve: Serve) -> None:
    server = await serve()
    head, _, body = chat("x").partition(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await read_reply(reader))[0] == 200
    writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /stats HTTP/2\r\n\r\n", 400),
        (b"GET /stats HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000, 431),
    ],
)
async def test_bytes_that_are_no_request_are_refused_and_the_connection_closed(
    serve: Serve, sent: bytes, status: int
) -> None:
    server = await serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    assert (await read_reply(reader))[0] == status
    assert await reader.read() == b""
    writer.close()


async def test_what_is_no_call_of_a_model_is_refused(serve: Serve) -> None:
    server = await serve()
    assert (await exchange(server.port, b"GET /v1/chat/completions HTTP/1.1\r\n\r\n"))[0] == 404
    for body in (b"{", b"[]", b'{"response_format": 1}'):
        head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert (await exchange(server.port, head + body))[0] == 400


def test_the_server_runs_as_a_process_of_its_own() -> None:
    with RunningServer("--turns", "1") as server:
        assert server.stats()["requests"] == 0
        body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
        with urllib.request.urlopen(f"{server.url}/v1/chat/completions", data=body) as answer:
            text = json.load(answer)["choices"][0]["message"]["content"]
        assert len(json.loads(text)["conversations"]) == 1
        assert server.stats()["answered"] == 1
        server.reset()
        assert server.stats()["requests"] == 0
