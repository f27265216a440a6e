"""The provider `openai` against a real server on loopback that speaks OpenAI's chat completions, both ways to it."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import pytest
from adf_openai.provider import OpenAI

from adf_core import (
    AuthenticationFailed,
    ContentBlocked,
    InvalidRequest,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimit,
    RateLimited,
    Request,
    Response,
    Reworded,
    Timeout,
    Unreachable,
    Usage,
)
from adf_core.testing import Answer, OpenAIServer, Reply, openai_error

KEY = "the-secret.of-this-test"
TURN = {
    "type": "object",
    "properties": {"user": {"type": "string", "minLength": 1}, "assistant": {"type": "string", "minLength": 1}},
    "required": ["user", "assistant"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {"conversations": {"type": "array", "minItems": 1, "items": TURN}},
    "required": ["conversations"],
    "additionalProperties": False,
}
ASKED = Request("Say it in JSON", json_schema=SCHEMA, temperature=0.4, top_p=0.8, max_tokens=77, seed=5)


@pytest.fixture(autouse=True, params=["direct", "sdk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the server; the SDK is asked for by the variable that turns on its log."""
    if request.param == "sdk":
        import openai  # noqa: F401  it sets up its log on import, before the variable is set

        monkeypatch.setenv("OPENAI_LOG", "info")


@asynccontextmanager
async def serving(answer: Answer | str = "Hello.", **options: Any) -> AsyncIterator[tuple[OpenAIServer, OpenAI]]:
    with OpenAIServer(answer) as server:
        async with OpenAI(base_url=server.url, **{"api_key": KEY, **options}) as provider:
            yield server, provider


async def refusal(reply: Reply, **options: Any) -> ProviderError:
    """The error that ``reply`` becomes, and the proof that the request was sent once and no key is told."""
    async with serving(lambda body, nth: reply, **options) as (server, provider):
        with pytest.raises(ProviderError) as caught:
            await provider.generate(Request("Hi"))
        assert server.count == 1
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def choice(**fields: Any) -> Reply:
    """An answer with one choice."""
    return Reply(body={"model": "m", "choices": [{"index": 0, "finish_reason": "stop", **fields}]})


def refused(status: int, message: str, **fields: Any) -> Reply:
    return Reply(status=status, body=openai_error(message, **fields))


def refusing(refuses: Callable[[dict[str, Any]], Reply | None], text: str = "{}") -> Answer:
    """A server that answers ``text`` to what ``refuses`` lets pass."""
    return lambda body, nth: refuses(body) or text


# --- what is sent and what comes back -------------------------------------------------------------------------------


async def test_a_request_is_answered_with_text_tokens_and_the_answering_model() -> None:
    async with serving("A good morning to you.", model="m") as (server, provider):
        response = await provider.generate(Request("Greet me, please"))
    assert (response.text, response.finish_reason, response.model) == ("A good morning to you.", "stop", "m")
    assert response.usage == Usage(input_tokens=3, output_tokens=5)
    assert response.rate_limit is None
    (received,) = server.received
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body["messages"] == [{"role": "user", "content": "Greet me, please"}]


async def test_sampling_schema_and_the_users_own_parameters_are_sent() -> None:
    async with serving("{}", model="m", reasoning_effort="low", extra_body={"top_k": 20}) as (server, provider):
        await provider.generate(ASKED)
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Say it in JSON"}],
            "max_tokens": 77,
            "temperature": 0.4,
            "top_p": 0.8,
            "seed": 5,
            "reasoning_effort": "low",
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
            },
            "top_k": 20,
        }
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {
            "type": "object",
            "properties": {"a": TURN | {"required": ["user"]}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ],
    ids=["open", "optional property", "optional property within"],
)
async def test_a_schema_that_strict_mode_would_refuse_is_sent_without_it(schema: dict[str, Any]) -> None:
    async with serving("{}") as (server, provider):
        await provider.generate(Request("Hi", json_schema=schema))
    assert server.requests[0]["response_format"]["json_schema"]["strict"] is False


async def test_rate_limit_headers_are_returned() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "250ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "29000",
        "x-ratelimit-reset-tokens": "1h6m0.5s",
    }
    async with serving(lambda body, nth: Reply(text="Hi", headers=headers)) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert response.rate_limit == RateLimit(500, 499, 0.25, 30000, 29000, 3960.5)


async def test_rate_limit_headers_that_make_no_sense_are_left_out() -> None:
    headers = {
        "x-ratelimit-limit-requests": "many",
        "x-ratelimit-reset-requests": "soon",
        "x-ratelimit-reset-tokens": "7",
    }
    async with serving(lambda body, nth: Reply(text="Hi", headers=headers)) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert response.rate_limit == RateLimit(tokens_reset=7.0)


async def test_what_a_call_costs_is_unknown_where_the_price_is() -> None:
    async with serving() as (_, provider):
        assert (await provider.generate(Request("Hi"))).cost_usd is None


async def test_an_answer_that_the_token_limit_cut_off_says_so() -> None:
    async with serving(lambda body, nth: Reply(text='{"conv', finish_reason="length")) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.finish_reason) == ('{"conv', "length")


async def test_an_answer_that_a_filter_stopped_midway_says_so() -> None:
    async with serving(lambda body, nth: Reply(text="Once", finish_reason="content_filter")) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.finish_reason) == ("Once", "content_filter")


async def test_a_text_in_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": "Good "}, {"type": "image"}, {"type": "text", "text": "day"}]
    async with serving(lambda body, nth: choice(message={"content": parts})) as (_, provider):
        response = await provider.generate(Request("Hi"))
    assert (response.text, response.usage, response.cost_usd) == ("Good day", Usage(), None)


async def test_a_prompt_that_is_no_valid_unicode_is_sent_all_the_same() -> None:
    async with serving() as (server, provider):
        await provider.generate(Request("half a pair: \ud83d"))
    assert server.requests[0]["messages"][0]["content"] == "half a pair: \ud83d"


async def test_requests_run_at_once() -> None:
    async with serving(lambda body, nth: Reply(text="Hi", delay=0.2)) as (server, provider):
        await asyncio.gather(*(provider.generate(Request(f"{number}")) for number in range(40)))
    assert server.most_at_once == 40


# --- what a server does not understand ------------------------------------------------------------------------------


async def until_understood(provider: OpenAI, request: Request) -> Response:
    """As the engine does: asks again, and counts each request, for as long as the provider finds other words."""
    while True:
        try:
            return await provider.generate(request)
        except Reworded:
            continue


async def test_other_words_are_another_request_for_the_engine_to_count() -> None:
    reply = refused(400, "Unsupported parameter.", param="temperature", code="unsupported_parameter")
    async with serving(refusing(lambda body: reply if "temperature" in body else None)) as (server, provider):
        with pytest.raises(Reworded, match="Unsupported parameter"):
            await provider.generate(ASKED)
        assert server.count == 1
        await provider.generate(ASKED)
    assert server.count == 2


def form(body: dict[str, Any]) -> str | None:
    asked = body.get("response_format")
    return str(asked["type"]) if asked else None


async def test_a_refused_schema_falls_back_to_json_mode_and_then_to_text_once() -> None:
    def refuses(body: dict[str, Any]) -> Reply | None:
        if form(body) == "json_schema":
            return refused(400, "This response_format type is unavailable now")
        return refused(422, "json_object is not supported", param="response_format") if form(body) else None

    async with serving(refusing(refuses)) as (server, provider):
        assert (await until_understood(provider, ASKED)).text == "{}"
        await until_understood(provider, ASKED)
        await until_understood(provider, Request("Another", json_schema=SCHEMA))
    assert [form(body) for body in server.requests] == ["json_schema", "json_object", None, None, None]


async def test_keywords_that_strict_mode_does_not_know_are_left_out_and_the_schema_stays() -> None:
    def refuses(body: dict[str, Any]) -> Reply | None:
        bad = next((word for word in ("minLength", "minItems") if f"'{word}': 1" in str(body)), None)
        message = f"Invalid schema for response_format 'answer': In context=(), '{bad}' is not permitted."
        return refused(400, message, param="response_format") if bad else None

    def schema(text: dict[str, Any], turns: dict[str, Any]) -> dict[str, Any]:
        """A schema that has a property named like a keyword."""
        properties = {"minLength": text, "turns": {"type": "array", "items": text, **turns}}
        return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}

    asked = Request("Hi", json_schema=schema({"type": "string", "minLength": 1}, {"minItems": 1}))
    async with serving(refusing(refuses)) as (server, provider):
        await until_understood(provider, asked)
        await until_understood(provider, asked)
    assert server.count == 4
    for body in server.requests[2:]:
        sent = {"name": "answer", "schema": schema({"type": "string"}, {}), "strict": True}
        assert body["response_format"] == {"type": "json_schema", "json_schema": sent}


@pytest.mark.parametrize(
    "reply",
    [
        refused(400, "Unsupported parameter.", param="temperature", code="unsupported_parameter"),
        refused(400, "Unsupported value: 'temperature' does not support 0.4 with this model. Only the default (1)."),
        refused(400, "gpt-5 models don't support temperature=0.4."),
        Reply(
            status=422, body={"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra"}]}
        ),
        Reply(status=400, body={"object": "error", "message": "Unrecognized argument: temperature", "code": 400}),
        Reply(status=400, body="temperature is an unknown field"),
    ],
    ids=["param", "value", "proxy", "fastapi", "vllm", "text"],
)
async def test_a_parameter_that_the_model_does_not_know_is_left_out_from_then_on(reply: Reply) -> None:
    async with serving(refusing(lambda body: reply if "temperature" in body else None)) as (server, provider):
        await until_understood(provider, ASKED)
        await until_understood(provider, ASKED)
    assert ["temperature" in body for body in server.requests] == [True, False, False]
    assert all({"top_p", "seed", "max_tokens", "response_format"} <= body.keys() for body in server.requests)


async def test_several_refused_parameters_are_left_out_one_after_the_other() -> None:
    def refuses(body: dict[str, Any]) -> Reply | None:
        bad = next((name for name in ("temperature", "top_p", "seed") if name in body), None)
        return refused(400, f"Unsupported parameter: '{bad}' is not supported with this model.") if bad else None

    async with serving(refusing(refuses)) as (server, provider):
        await asyncio.gather(*(until_understood(provider, ASKED) for _ in range(8)))
        await until_understood(provider, ASKED)
    assert server.requests[-1].keys() == {"model", "messages", "max_tokens", "response_format"}
    assert server.count <= 8 * 4 + 1


async def test_the_token_limit_goes_under_the_name_that_the_server_knows() -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    reply = refused(400, message, param="max_tokens", code="unsupported_parameter")
    async with serving(refusing(lambda body: reply if "max_tokens" in body else None)) as (server, provider):
        await until_understood(provider, ASKED)
    assert [body.get("max_completion_tokens") for body in server.requests] == [None, 77]


async def test_a_request_is_never_sent_without_a_token_limit() -> None:
    def refuses(body: dict[str, Any]) -> Reply:
        name = "max_tokens" if "max_tokens" in body else "max_completion_tokens"
        return refused(400, f"Unknown parameter: '{name}'.")

    async with serving(refusing(refuses)) as (server, provider):
        for _ in range(2):
            with pytest.raises(InvalidRequest, match="max_completion_tokens"):
                await until_understood(provider, ASKED)
    assert all(body.keys() & {"max_tokens", "max_completion_tokens"} for body in server.requests)
    assert server.count == 3


async def test_a_value_out_of_range_is_an_error_and_nothing_is_left_out() -> None:
    reply = refused(400, "Invalid 'temperature': above the maximum of 2.", param="temperature")
    async with serving(lambda body, nth: reply) as (server, provider):
        with pytest.raises(InvalidRequest, match="above the maximum of 2"):
            await until_understood(provider, ASKED)
    assert server.count == 1


async def test_a_blocked_prompt_teaches_nothing_about_the_server() -> None:
    reply = refused(400, "Flagged: the prompt, and its schema with an unsupported seed")
    async with serving(lambda body, nth: reply if nth == 1 else "{}") as (server, provider):
        with pytest.raises(ContentBlocked):
            await until_understood(provider, ASKED)
        await until_understood(provider, ASKED)
    assert server.requests[0] == server.requests[1]


async def test_what_the_user_insists_on_is_not_left_out() -> None:
    reply = refused(400, "Unsupported parameter: 'seed'.", param="seed")
    async with serving(lambda body, nth: reply, extra_body={"seed": 1}) as (_, provider):
        with pytest.raises(InvalidRequest, match="seed"):
            await until_understood(provider, ASKED)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_an_authentication_failure_that_tells_no_key(status: int) -> None:
    like_keys = "sk-proj-a1b2c3, sk-****************Test, the-s*****test, Bearer abc123, org-Ab3xYz"
    error = await refusal(refused(status, f"Incorrect API key provided: {KEY} ({like_keys})."))
    assert isinstance(error, AuthenticationFailed)
    assert "OPENAI_API_KEY" in str(error)
    for secret in (KEY, "a1b2c3", "*Test", "the-s", "abc123", "Ab3xYz"):
        assert secret not in str(error)


@pytest.mark.parametrize(
    "reply",
    [
        refused(429, "You exceeded your current quota.", code="insufficient_quota"),
        refused(429, "You exceeded your current quota.", kind="insufficient_quota"),
        refused(400, "Billing hard limit has been reached", code="billing_hard_limit_reached"),
        refused(402, "Insufficient credits"),
    ],
    ids=["code", "type", "hard limit", "402"],
)
async def test_an_account_without_money_is_an_exhausted_quota(reply: Reply) -> None:
    assert isinstance(await refusal(reply), QuotaExhausted)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": formatdate(time.time() - 60, usegmt=True)}, 0.0),
        ({"Retry-After": "presently"}, None),
        ({}, None),
    ],
)
async def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    error = await refusal(Reply(status=429, text="slow down", headers=headers))
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds
    assert "slow down" in str(error)


async def test_a_rate_limit_may_give_a_date() -> None:
    error = await refusal(Reply(status=429, headers={"Retry-After": formatdate(time.time() + 30, usegmt=True)}))
    assert isinstance(error, RateLimited)
    assert error.retry_after == pytest.approx(30, abs=5)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 529])
async def test_a_server_in_trouble_is_overloaded(status: int) -> None:
    error = await refusal(Reply(status=status, body="<html><h1>Bad gateway</h1></html>"))
    assert isinstance(error, Overloaded)
    assert f"HTTP {status}" in str(error)
    assert "<" not in str(error)


@pytest.mark.parametrize(
    "reply",
    [
        refused(400, "The response was filtered", code="content_filter"),
        refused(400, "Invalid prompt: your prompt was flagged as potentially violating our usage policy."),
        refused(400, "The prompt triggered our content management policy."),
        refused(403, "Your input was flagged"),
        refused(400, "No.", code="content_policy_violation"),
        Reply(text="", finish_reason="content_filter"),
        choice(message={"content": None, "refusal": "I'm sorry, I cannot help with that."}),
    ],
    ids=["code", "flagged", "policy", "403", "policy code", "empty answer", "refusal"],
)
async def test_blocked_content_is_told_apart_from_a_wrong_request(reply: Reply) -> None:
    assert isinstance(await refusal(reply), ContentBlocked)


async def test_a_model_that_refuses_is_quoted() -> None:
    error = await refusal(choice(message={"content": None, "refusal": "I cannot help with that."}))
    assert "I cannot help with that." in str(error)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_any_other_refusal_is_an_invalid_request_with_the_servers_message(status: int) -> None:
    error = await refusal(refused(status, "The model `x` does not exist"))
    assert isinstance(error, InvalidRequest)
    assert "The model `x` does not exist" in str(error)
    assert ("`base_url`" in str(error)) is (status == 404)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body="<!doctype html><p>Welcome</p>", headers={"Content-Type": "text/html"}),
        Reply(body=""),
        Reply(body=[1, 2]),
        Reply(body="[" * 100_000),
        Reply(body={"choices": []}),
        Reply(body={"choices": None}),
        Reply(body={"choices": ["text"]}),
        Reply(body={"choices": [{"index": 0}]}),
        Reply(body={"error": "out of memory"}),
        Reply(body={"error": {"message": "Provider returned error", "code": 502}}),
        choice(message={"content": ""}, error={"message": "Upstream broke", "code": 502}),
        choice(message={"content": "Once upon"}, finish_reason="error"),
    ],
    ids=lambda reply: str(reply.body)[:60],
)
async def test_a_200_without_an_answer_is_overloaded(reply: Reply) -> None:
    error = await refusal(reply)
    assert isinstance(error, Overloaded)
    assert str(error).endswith(".") or "HTTP 50" in str(error)


async def test_an_error_hidden_in_a_200_is_what_its_code_says() -> None:
    error = await refusal(Reply(body={"error": {"message": f"Slow down, {KEY}", "code": 429}}))
    assert isinstance(error, RateLimited)


async def test_a_long_message_is_cut_and_never_in_the_middle_of_the_key() -> None:
    error = await refusal(refused(400, "x" * (500 - len(KEY) // 2) + KEY * 100))
    assert len(str(error)) < 700
    assert KEY[:5] not in str(error)


async def test_no_answer_in_time_is_a_timeout() -> None:
    error = await refusal(Reply(delay=60), timeout=0.2)
    assert isinstance(error, Timeout)
    assert "0.2 seconds" in str(error)


async def test_a_connection_that_breaks_is_unreachable() -> None:
    assert isinstance(await refusal(Reply(hang_up=True)), Unreachable)


async def test_a_server_that_is_not_there_is_unreachable_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with OpenAI(base_url=f"http://127.0.0.1:{port}/v1") as provider:
        with pytest.raises(Unreachable, match=rf"127\.0\.0\.1:{port} failed: .*Is the server running there\?"):
            await provider.generate(Request("Hi"))


async def test_a_host_that_does_not_exist_is_unreachable_and_named() -> None:
    async with OpenAI(base_url="http://no-such-host.invalid/v1") as provider:
        with pytest.raises(Unreachable, match=r"no-such-host\.invalid failed: .*Check `base_url`"):
            await provider.generate(Request("Hi"))


async def test_a_server_that_speaks_no_http_is_unreachable() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server, OpenAI(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1") as provider:
        with pytest.raises(Unreachable):
            await provider.generate(Request("Hi"))


# --- vectors ---------------------------------------------------------------------------------------------------------


async def test_vectors_come_in_the_order_of_their_texts() -> None:
    texts = [f"text {number}" for number in range(300)]
    async with serving(embedding_model="e") as (server, provider):
        vectors = await provider.embed(texts)
        alone = await provider.embed(["text 299"])
    assert len(vectors) == 300
    assert vectors[299] == alone[0] != vectors[0]
    assert [len(body["input"]) for body in server.requests] == [256, 44, 1]
    assert server.requests[0]["model"] == "e"


async def test_vectors_that_are_missing_are_asked_for_again() -> None:
    reply = Reply(body={"data": [{"index": 0, "embedding": [1.0]}]})
    async with serving(lambda body, nth: reply) as (_, provider):
        with pytest.raises(Overloaded, match="asked for 2 vectors and sent 1"):
            await provider.embed(["a", "b"])


async def test_a_server_without_embeddings_refuses_them() -> None:
    async with serving(lambda body, nth: refused(404, "No such endpoint")) as (_, provider):
        with pytest.raises(InvalidRequest, match="No such endpoint"):
            await provider.embed(["a"])
