"""What the provider `openai` is given: keys, addresses, prices; and what it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from adf_openai.pricing import cost
from adf_openai.provider import OpenAI

from adf_core import Request, Usage, UsageError
from adf_core.testing import OpenAIServer

KEY = "the-secret.of-this-test"


# --- keys and addresses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1"])
async def test_openai_without_a_key_is_the_users_mistake_and_names_the_variable(base_url: str | None) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        async with OpenAI(base_url=base_url):
            pass


async def test_a_server_of_ones_own_needs_no_key_and_gets_none() -> None:
    with OpenAIServer("Hello.") as server:
        async with OpenAI(base_url=server.url) as provider:
            assert (await provider.generate(Request("Hi"))).text == "Hello."
        assert "authorization" not in server.received[0].headers


async def test_key_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer("Hello.") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment\n")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        async with OpenAI() as provider:
            await provider.generate(Request("Hi"))
        assert server.received[0].headers["authorization"] == "Bearer from-the-environment"


async def test_a_key_file_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    (tmp_path / "key").write_text("from-the-file\n")
    with OpenAIServer("Hello.") as server:
        async with OpenAI(base_url=server.url, api_key_file=str(tmp_path / "key")) as provider:
            await provider.generate(Request("Hi"))
        assert server.received[0].headers["authorization"] == "Bearer from-the-file"


@pytest.mark.parametrize(
    ("content", "word"), [(None, "cannot be read"), (b"\n", "is empty"), (b"\xff\xfe", "not text")]
)
async def test_a_key_file_of_no_use_is_the_users_mistake(tmp_path: Path, content: bytes | None, word: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=word):
        async with OpenAI(api_key_file=str(path)):
            pass


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
async def test_a_key_that_no_header_can_hold_is_refused_untold(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        async with OpenAI(api_key=key):
            pass
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8000", "ftp://host/v1", "http://", "http://[::1/v1", "http://host:port/v1", "http://a..b/v1"],
)
async def test_an_address_that_is_none_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UsageError, match="OPENAI_BASE_URL"):
        async with OpenAI(api_key=KEY):
            pass


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(OpenAI(api_key=KEY))


# --- money and weight -----------------------------------------------------------------------------------------------


def test_openais_default_model_has_a_price_and_a_server_of_ones_own_has_none() -> None:
    price = OpenAI().price()
    assert price is not None
    assert 0 < price.input_usd < price.output_usd
    assert OpenAI(model="no-such-model").price() is None
    assert OpenAI(base_url="http://127.0.0.1:8000/v1").price() is None
    assert OpenAI(base_url="https://openrouter.ai/api/v1", model="openai/gpt-4o-mini").price() is not None


def test_tokens_that_the_server_had_kept_cost_less() -> None:
    fresh = cost("https://api.openai.com/v1", "gpt-4o-mini", Usage(1_000_000, 1_000_000))
    kept = cost("https://api.openai.com/v1", "gpt-4o-mini", Usage(1_000_000, 1_000_000), cached=1_000_000)
    assert fresh is not None
    assert kept is not None
    assert 0 < kept < fresh


@pytest.mark.parametrize("url", ["http://[::1/v1", "nowhere", "https://no-such-host.example/v1"])
def test_where_there_is_no_known_server_there_is_no_price(url: str) -> None:
    assert OpenAI(base_url=url).price() is None


HEAVY = "{'openai', 'httpx2', 'genai_prices', 'pydantic'}"


def test_discovering_the_provider_loads_nothing_that_takes_long() -> None:
    code = f"import sys, adf_openai; print(*({HEAVY} | {{'aiohttp', 'asyncio'}}) & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == ""


def test_asking_a_server_of_ones_own_loads_neither_the_sdk_nor_the_list_of_prices() -> None:
    code = f"""
import asyncio, sys
from adf_core import Request
from adf_openai.provider import OpenAI

async def ask():
    async with OpenAI(base_url=sys.argv[1]) as provider:
        print((await provider.generate(Request("Hi"))).text, provider.price(), {HEAVY} & set(sys.modules))

asyncio.run(ask())
"""
    with OpenAIServer("Hello.") as server:
        found = subprocess.run([sys.executable, "-c", code, server.url], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "Hello. None set()"
