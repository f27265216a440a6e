"""The provider `google-generativeai`: the retired SDK against a real server on loopback that speaks Gemini's REST."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from adf_google_generativeai.provider import GoogleGenerativeAI

from adf_core import (
    AuthenticationFailed,
    ContentBlocked,
    InvalidRequest,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Request,
    Timeout,
    Unreachable,
    Usage,
    UsageError,
)
from adf_core.testing import Answer, GeminiServer, Reply, gemini_error

KEY = "AIzaTheSecretOfThisTest"
SCHEMA = {
    "type": "object",
    "properties": {
        "conversations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"user": {"type": "string", "minLength": 1}},
                "required": ["user"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["conversations"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)


@asynccontextmanager
async def serving(
    answer: Answer | str = "Hello.", **options: Any
) -> AsyncIterator[tuple[GeminiServer, GoogleGenerativeAI]]:
    with GeminiServer(answer) as server:
        async with GoogleGenerativeAI(base_url=server.url, **{"api_key": KEY, **options}) as provider:
            yield server, provider


async def refusal(reply: Reply, **options: Any) -> ProviderError:
    """The error that ``reply`` becomes, and the proof that the request was sent once and no key is told."""
    async with serving(lambda body, nth: reply, **options) as (server, provider):
        with pytest.raises(ProviderError) as caught:
            await provider.generate(Request("Hi"))
        assert server.count == 1
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def refused(status: int, message: str, *details: Any) -> Reply:
    return Reply(status=status, body=gemini_error(status, message, *details))


# --- what is sent ---------------------------------------------------------------------------------------------------


async def test_a_request_is_answered_with_text_tokens_cost_and_the_answering_model() -> None:
    async with serving("A good morning to you.") as (server, provider):
        response = await provider.generate(Request("Greet me, please"))
    assert (response.text, response.finish_reason) == ("A good morning to you.", "stop")
    assert response.usage == Usage(input_tokens=3, output_tokens=5)
    assert response.model == "gemini-3.8-flash"
    price = provider.price()
    assert price is not None
    assert response.cost_usd == pytest.approx(3 * price.input_usd + 5 * price.output_usd)
    (received,) = server.received
    assert received.path.startswith("/v1beta/models/gemini-3.8-flash:generateContent?")
    assert received.headers["x-goog-api-key"] == KEY
    assert received.body["contents"] == [{"parts": [{"text": "Greet me, please"}], "role": "user"}]


async def test_sampling_schema_and_safety_are_sent() -> None:
    async with serving("{}") as (server, provider):
        await provider.generate(Request("Hi", json_schema=SCHEMA, temperature=0.5, top_p=0.75, max_tokens=77, seed=5))
    body = server.requests[0]
    schema = body["generationConfig"].pop("responseSchema")
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "topP": 0.75,
        "topK": 32,
        "maxOutputTokens": 77,
        "responseMimeType": "application/json",
    }
    # This SDK sends enumerated values as their numbers: 6 is an object, 5 a list, 1 a text.
    assert schema["type"] == 6
    assert schema["required"] == ["conversations"]
    turns = schema["properties"]["conversations"]
    assert (turns["type"], turns["minItems"], turns["items"]["type"]) == (5, "1", 6)
    assert turns["items"]["properties"]["user"] == {"type": 1}
    # 7 to 10 are the four categories, 4 is BLOCK_NONE.
    assert {setting["category"]: setting["threshold"] for setting in body["safetySettings"]} == dict.fromkeys(
        [7, 8, 9, 10], 4
    )


async def test_a_schema_the_sdk_cannot_say_leaves_the_wish_for_json() -> None:
    async with serving("{}") as (server, provider):
        await provider.generate(Request("Hi", json_schema={"anyOf": [SCHEMA, {"type": "string"}]}))
    config = server.requests[0]["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert "responseSchema" not in config


async def test_options_leave_out_safety_and_top_k() -> None:
    async with serving(safety="default", top_k=None, model="models/gemini-3.5-flash") as (server, provider):
        await provider.generate(Request("Hi"))
    body = server.requests[0]
    assert server.received[0].path.startswith("/v1beta/models/gemini-3.5-flash:")
    assert not body.get("safetySettings")
    assert "topK" not in body["generationConfig"]
    assert "responseMimeType" not in body["generationConfig"]


async def test_requests_are_answered_at_once_not_one_after_the_other() -> None:
    async with serving(lambda body, nth: Reply(text="Hi", delay=0.3)) as (server, provider):
        started = time.monotonic()
        await asyncio.gather(*(provider.generate(Request(f"number {number}")) for number in range(32)))
        assert time.monotonic() - started < 3
    assert server.most_at_once > 16


# --- what is answered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
    ],
)
async def test_finish_reasons_are_told_in_the_contracts_words(theirs: str, ours: str) -> None:
    async with serving(lambda body, nth: Reply(text="So", finish_reason=theirs)) as (server, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.finish_reason) == ("So", ours)
    assert server.count == 1


@pytest.mark.parametrize("reason", ["OTHER", "MALFORMED_FUNCTION_CALL"])
async def test_an_answer_broken_off_is_worth_another_try(reason: str) -> None:
    error = await refusal(Reply(text="So", finish_reason=reason))
    assert isinstance(error, Overloaded)
    assert reason in str(error)


async def test_a_reason_newer_than_the_sdk_is_told_by_its_number() -> None:
    body = {"candidates": [{"content": {"parts": [{"text": "So"}]}, "finishReason": 99}]}
    with pytest.warns(UserWarning, match="99"):
        error = await refusal(Reply(body=body))
    assert isinstance(error, Overloaded)
    assert "99" in str(error)


async def test_an_answer_without_a_reason_or_counts_is_still_an_answer() -> None:
    body = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}
    async with serving(lambda asked, nth: Reply(body=body)) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.finish_reason, response.usage) == ("Hi", "stop", Usage())
    assert response.cost_usd is None


async def test_thoughts_are_paid_for() -> None:
    usage = {"promptTokenCount": 2, "candidatesTokenCount": 3, "thoughtsTokenCount": 40, "totalTokenCount": 45}
    body = {"candidates": [{"content": {"parts": [{"text": "For"}, {"text": "ty."}]}}], "usageMetadata": usage}
    async with serving(lambda asked, nth: Reply(body=body)) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.usage) == ("Forty.", Usage(2, 43))


async def test_tokens_the_server_had_kept_cost_less() -> None:
    async def cost(**kept: int) -> float:
        usage = {"promptTokenCount": 1000, "candidatesTokenCount": 1, "totalTokenCount": 1001, **kept}
        body = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}], "usageMetadata": usage}
        async with serving(lambda asked, nth: Reply(body=body)) as (_, provider):
            paid = (await provider.generate(Request("Hi"))).cost_usd
        assert paid is not None
        return paid

    assert await cost(cachedContentTokenCount=900) < await cost()


async def test_a_filtered_answer_may_have_no_content() -> None:
    body = {"candidates": [{"finishReason": "SAFETY"}]}
    async with serving(lambda asked, nth: Reply(body=body)) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.finish_reason) == ("", "content_filter")


async def test_a_blocked_prompt_is_blocked_content() -> None:
    error = await refusal(Reply(body={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    assert isinstance(error, ContentBlocked)
    assert "PROHIBITED_CONTENT" in str(error)


async def test_an_answer_without_candidates_is_worth_another_try() -> None:
    assert isinstance(await refusal(Reply(body={"candidates": []})), Overloaded)


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "", "[]", '"so"', '{"candidates": 5}', '{"candidates": ["a'])
@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_nonsense_with_status_200_is_worth_another_try(body: str, kind: str) -> None:
    error = await refusal(Reply(body=body, headers={"Content-Type": kind}))
    assert isinstance(error, Overloaded)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        refused(
            400, "API key not valid.", {"@type": "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        ),
        refused(401, "Who are you?"),
        refused(403, "Not for you."),
    ],
    ids=["400", "401", "403"],
)
async def test_a_refused_key_stops_the_run(reply: Reply) -> None:
    error = await refusal(reply)
    assert isinstance(error, AuthenticationFailed)
    assert reply.body["error"]["message"] in str(error)


@pytest.mark.parametrize(("delay", "seconds"), [("34s", 34.0), ("7.5s", 7.5), (None, None), ("soon", None)])
async def test_a_rate_limit_says_how_long_to_wait(delay: str | None, seconds: float | None) -> None:
    violation = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}
    details = [{"@type": "QuotaFailure", "violations": [violation]}]
    if delay:
        details.append({"@type": "RetryInfo", "retryDelay": delay})
    error = await refusal(refused(429, "Slower.", *details))
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "reply",
    [
        refused(
            429,
            "You exceeded your current quota.",
            {"@type": "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
            {"@type": "RetryInfo", "retryDelay": "34s"},
        ),
        refused(429, "Your prepayment credits are depleted."),
        refused(402, "Pay first."),
    ],
    ids=["day", "credits", "402"],
)
async def test_a_spent_quota_stops_the_run(reply: Reply) -> None:
    assert isinstance(await refusal(reply), QuotaExhausted)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_failing_server_is_worth_another_try(status: int) -> None:
    error = await refusal(refused(status, "The model is overloaded."))
    assert isinstance(error, Overloaded)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", {}])
async def test_a_failure_without_google_s_words_keeps_its_status(body: Any) -> None:
    error = await refusal(Reply(status=502, body=body))
    assert isinstance(error, Overloaded)
    assert "HTTP 502" in str(error)


@pytest.mark.parametrize("body", [{"error": "too busy"}, [1]])
async def test_a_refusal_the_sdk_cannot_read_is_worth_another_try(body: Any) -> None:
    error = await refusal(Reply(status=502, body=body))
    assert isinstance(error, Overloaded)
    assert "not Gemini's" in str(error)


@pytest.mark.parametrize("status", [400, 404, 413])
async def test_a_request_the_server_does_not_accept_fails_with_its_words(status: int) -> None:
    error = await refusal(refused(status, "models/gemini-0\n  is not   found"))
    assert isinstance(error, InvalidRequest)
    assert "models/gemini-0 is not found" in str(error)


async def test_a_server_out_of_time_is_a_timeout() -> None:
    assert isinstance(await refusal(refused(504, "Deadline expired.")), Timeout)


async def test_no_answer_in_time_is_a_timeout() -> None:
    error = await refusal(Reply(delay=2), timeout=0.2)
    assert isinstance(error, Timeout)
    assert "0.2 seconds" in str(error)


async def test_a_broken_connection_is_worth_another_try() -> None:
    assert isinstance(await refusal(Reply(hang_up=True)), Unreachable)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with GeminiServer() as server:
        url = server.url
    async with GoogleGenerativeAI(api_key=KEY, base_url=url) as provider:
        with pytest.raises(Unreachable, match=url.rpartition(":")[2]):
            await provider.generate(Request("Hi"))


async def test_a_server_that_tells_the_key_again_is_not_quoted_with_it() -> None:
    assert "(the key)" in str(await refusal(refused(400, f"What is {KEY}?")))


# --- the key --------------------------------------------------------------------------------------------------------


async def sent_key(**options: Any) -> str:
    async with serving(**{"api_key": None, **options}) as (server, provider):
        await provider.generate(Request("Hi"))
    return server.received[0].headers["x-goog-api-key"]


async def test_the_key_comes_from_the_option_the_file_or_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")
    monkeypatch.setenv("GOOGLE_API_KEY", "from-google")
    assert await sent_key() == "from-google"
    monkeypatch.setenv("GEMINI_API_KEY", "from-gemini")
    assert await sent_key() == "from-gemini"
    assert await sent_key(api_key_file=str(file)) == "from-file"
    assert await sent_key(api_key_file=str(file), api_key="given") == "given"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_without_a_key_the_error_names_the_variable() -> None:
    with pytest.raises(UsageError, match="GEMINI_API_KEY"):
        await GoogleGenerativeAI().__aenter__()


async def test_a_key_file_that_is_no_use_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere.*No such file"):
        await GoogleGenerativeAI(api_key_file=str(tmp_path / "nowhere")).__aenter__()
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UsageError, match=r"picture.*not text"):
        await GoogleGenerativeAI(api_key_file=str(tmp_path / "picture")).__aenter__()
    (tmp_path / "two").write_text("one\ntwo\n")
    with pytest.raises(UsageError, match="no key has") as caught:
        await GoogleGenerativeAI(api_key_file=str(tmp_path / "two")).__aenter__()
    assert "one" not in str(caught.value).replace("alone on one line", "")


def test_the_key_is_not_in_the_repr() -> None:
    assert KEY not in repr(GoogleGenerativeAI(api_key=KEY))


# --- prices, embeddings, the import ---------------------------------------------------------------------------------


def test_a_known_model_has_a_price_and_an_unknown_one_has_none() -> None:
    price = GoogleGenerativeAI().price()
    assert price is not None
    assert 0 < price.input_usd < price.output_usd < 1e-3
    assert GoogleGenerativeAI(model="models/gemini-3.8-flash").price() == price
    assert GoogleGenerativeAI(model="my-own-model").price() is None


@pytest.mark.parametrize("model", ["gemini-embedding-001", "gemini-embedding-2"])
async def test_each_text_gets_its_vector(model: str) -> None:
    texts = [f"text {'x' * number}" for number in range(130)]
    async with serving(embedding_model=model) as (server, provider):
        vectors = await provider.embed(texts)
    assert vectors == [[5.0 + number, 2.0 if number else 1.0] for number in range(130)]
    assert server.count == 2
    assert server.received[1].path.startswith(f"/v1beta/models/{model}:batchEmbedContents")


async def test_refusals_and_missing_vectors_are_errors_for_embeddings_too() -> None:
    async with serving(lambda body, nth: refused(429, "Slower.")) as (_, provider):
        with pytest.raises(RateLimited):
            await provider.embed(["one"])
    async with serving(lambda body, nth: Reply(body={"embeddings": [{"values": [1.0]}]})) as (_, provider):
        with pytest.raises(Overloaded, match="asked for 2 vectors and sent 1"):
            await provider.embed(["one", "two"])


def test_the_sdk_is_imported_only_when_the_provider_is_opened_and_without_a_word() -> None:
    code = """
import asyncio, sys
from adf_google_generativeai.provider import GoogleGenerativeAI
print([name for name in sys.modules if name.startswith(("google.", "genai_prices", "requests"))])
async def main():
    async with GoogleGenerativeAI(api_key="a-key"):
        print("google.generativeai" in sys.modules)
asyncio.run(main())
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["[]", "True"]
    assert shown.stderr == ""


async def test_two_instances_keep_their_servers_and_keys() -> None:
    async with serving("one", api_key="first") as (first, one), serving("two", api_key="second") as (second, two):
        answers = [(await provider.generate(Request("Hi"))).text for provider in (one, two, one)]
    assert answers == ["one", "two", "one"]
    assert [received.headers["x-goog-api-key"] for received in first.received] == ["first", "first"]
    assert [received.headers["x-goog-api-key"] for received in second.received] == ["second"]


async def test_many_calls_at_once_reuse_their_connections_silently(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(lambda body, nth: Reply(text="Hi", delay=0.05)) as (_, provider):
        for _ in range(2):
            await asyncio.gather(*(provider.generate(Request("Hi")) for _ in range(40)))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
