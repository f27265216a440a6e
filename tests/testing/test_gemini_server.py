"""The loopback server for Gemini's wire format, spoken to over real HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from adf_core.testing import GeminiServer, Reply, gemini_error


def post(server: GeminiServer, path: str, body: Any) -> tuple[int, Any]:
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ask(text: str, **config: Any) -> dict[str, Any]:
    return {"contents": [{"parts": [{"text": text}]}], "generationConfig": config}


GENERATE = "/v1beta/models/gemini-3.8-flash:generateContent"


def test_the_test_decides_by_the_body_and_how_often_it_came() -> None:
    with GeminiServer(lambda body, nth: f"answer {nth}") as server:
        texts = [
            post(server, GENERATE, ask(question))[1]["candidates"][0]["content"]["parts"][0]["text"]
            for question in ("one", "two", "one")
        ]
    assert texts == ["answer 1", "answer 1", "answer 2"]
    assert server.requests == [ask("one"), ask("two"), ask("one")]
    assert server.stats() == {"requests": 3, "answered": 3, "again": 1, "at_once": 1}


def test_without_a_test_s_answer_the_text_has_the_shape_of_the_schema() -> None:
    schema = {"type": "object", "properties": {"mood": {"enum": ["calm"]}}}
    with GeminiServer() as server:
        _, answer = post(server, GENERATE, ask("How are you?", responseJsonSchema=schema))
    assert json.loads(answer["candidates"][0]["content"]["parts"][0]["text"]) == {"mood": "calm"}
    assert answer["usageMetadata"]["promptTokenCount"] == 3
    assert answer["modelVersion"] == "gemini-3.8-flash"


def test_clients_that_want_numbers_for_reasons_get_them() -> None:
    with GeminiServer(lambda body, nth: Reply(finish_reason="SAFETY")) as server:
        _, named = post(server, GENERATE, ask("Hi"))
        _, numbered = post(server, f"{GENERATE}?%24alt=json%3Benum-encoding%3Dint", ask("Hi"))
    assert [answer["candidates"][0]["finishReason"] for answer in (named, numbered)] == ["SAFETY", 3]


def test_texts_are_embedded_one_by_one_and_in_batches() -> None:
    content = {"content": {"parts": [{"text": "two words"}]}}
    with GeminiServer() as server:
        assert post(server, "/v1beta/models/m:embedContent", content) == (200, {"embedding": {"values": [9.0, 2.0]}})
        _, batch = post(server, "/v1beta/models/m:batchEmbedContents", {"requests": [content, content]})
    assert batch == {"embeddings": [{"values": [9.0, 2.0]}] * 2}


def test_refusals_are_in_google_s_format() -> None:
    with GeminiServer(lambda body, nth: Reply(status=429, text="Slower.")) as server:
        assert post(server, GENERATE, ask("Hi")) == (429, gemini_error(429, "Slower."))
        assert post(server, "/v1/chat/completions", {})[0] == 404
    error = gemini_error(429, "Slower.", {"@type": "RetryInfo", "retryDelay": "1s"})["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["details"] == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]


def test_every_body_is_logged_as_it_arrives(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with GeminiServer("Hi", log=log) as server:
        post(server, GENERATE, ask("Hello"))
        assert [json.loads(line) for line in log.read_text().splitlines()] == [ask("Hello")]
