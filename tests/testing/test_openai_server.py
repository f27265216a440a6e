"""The loopback server for OpenAI's wire format, spoken to over real HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adf_core.prompts import answer_schema, read_answer
from adf_core.testing import OpenAIServer, Reply


def chat(prompt: str, *, seed: int = 1, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": prompt}], "seed": seed}
    if schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return body


def send(url: str, body: dict[str, Any], path: str = "/chat/completions") -> Any:
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def stats(url: str) -> Any:
    """What the server counts, asked over HTTP: its loop has then finished with the answers that came before."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats", timeout=10) as answer:
        return json.load(answer)


def said(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_the_default_answer_has_the_shape_asked_for_and_is_a_function_of_prompt_and_seed() -> None:
    schema = answer_schema("conversation", 2, 4)
    with OpenAIServer() as server:
        answers = [said(send(server.url, chat(f"number {n}", schema=schema))) for n in range(20)]
        assert said(send(server.url, chat("number 3", schema=schema))) == answers[3]
        assert said(send(server.url, chat("number 3", schema=schema, seed=2))) != answers[3]
        instruct = said(send(server.url, chat("x", schema=answer_schema("instruct"))))
    assert len(set(answers)) == 20
    assert {len(read_answer(text, "stop", "conversation").turns) for text in answers} == {2, 3, 4}
    assert len(read_answer(instruct, "stop", "instruct").turns) == 1


def test_a_prompt_without_a_schema_chooses_the_shape_by_the_key_it_speaks_of() -> None:
    with OpenAIServer() as server:
        assert list(json.loads(said(send(server.url, chat("a list under conversations"))))) == ["conversations"]
        assert list(json.loads(said(send(server.url, chat('an object {"conversation": …}'))))) == ["conversation"]


def test_arrivals_of_the_same_body_are_counted_and_repeated_ones_are_told() -> None:
    with OpenAIServer(lambda body, nth: f"{nth}") as server:
        assert [said(send(server.url, chat(prompt))) for prompt in "abab"] == ["1", "1", "2", "2"]
        send(server.url, chat("c"))
        assert [body["messages"][0]["content"] for body in server.requests] == list("ababc")
        assert server.repeated() == [chat("a"), chat("b")]
        assert stats(server.url) == {"requests": 5, "answered": 5, "again": 2, "at_once": 1}


def test_faults_reach_the_client_as_they_were_chosen() -> None:
    fault = Reply(status=429, text="slow down", headers={"Retry-After": "7"})
    with OpenAIServer(lambda body, nth: fault if nth == 1 else Reply(hang_up=True)) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            send(server.url, chat("a"))
        assert (caught.value.code, caught.value.headers["Retry-After"]) == (429, "7")
        assert json.load(caught.value)["error"]["message"] == "slow down"
        with pytest.raises(http.client.RemoteDisconnected):
            send(server.url, chat("a"))


def test_embeddings_are_the_same_for_the_same_text() -> None:
    with OpenAIServer() as server:
        data = send(server.url, {"model": "e", "input": ["one", "two", "one"]}, "/embeddings")["data"]
    assert data[0]["embedding"] == data[2]["embedding"] != data[1]["embedding"]


async def test_two_hundred_connections_are_answered_at_once_and_a_hanging_one_does_not_keep_the_server() -> None:
    with OpenAIServer(lambda body, nth: Reply(delay=3600 if "hang" in str(body) else 0.3)) as server:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

            async def ask(prompt: str) -> int:
                async with client.post(f"{server.url}/chat/completions", json=chat(prompt)) as answer:
                    await answer.read()
                    return answer.status

            hanging = asyncio.create_task(ask("hang"))
            async with asyncio.timeout(10):
                assert set(await asyncio.gather(*(ask(str(n)) for n in range(200)))) == {200}
            assert server.most_at_once == 201
            hanging.cancel()


def test_as_a_process_it_tells_its_url_and_logs_what_arrives(tmp_path: Path) -> None:
    log = tmp_path / "bodies.jsonl"
    command = [sys.executable, "-m", "adf_core.testing.openai_server", "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            bodies = [chat("a"), chat("b"), chat("a")]
            for body in bodies:
                send(url, body)
            assert [json.loads(line) for line in log.read_text().splitlines()] == bodies
            assert stats(url) == {"requests": 3, "answered": 3, "again": 1, "at_once": 1}
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == ""
