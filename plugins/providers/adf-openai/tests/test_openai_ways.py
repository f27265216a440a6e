"""The two ways of `openai` to a server: which is taken when, and that both hold on bad lines."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import shutil
import ssl
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from adf_openai.pricing import cost
from adf_openai.provider import OpenAI

from adf_core import (
    InvalidRequest,
    Overloaded,
    ProviderError,
    RateLimit,
    Request,
    Response,
    Timeout,
    Unreachable,
    Usage,
    UsageError,
)
from adf_core.testing import OpenAIServer, Reply

KEY = "the-secret.of-this-test"
WAYS = ("direct", "sdk")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    return take(request.param, monkeypatch)


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if way == "sdk":
        import openai  # noqa: F401  it sets up its log on import, before the variable is set

        monkeypatch.setenv("OPENAI_LOG", "info")
    else:
        monkeypatch.delenv("OPENAI_LOG", raising=False)
    return way


def way_taken(server: OpenAIServer) -> str:
    return "direct" if server.received[-1].headers["user-agent"] == "adf-openai" else "sdk"


async def ask(url: str, **options: object) -> Response:
    async with OpenAI(base_url=url, **{"api_key": KEY, **options}) as provider:
        return await provider.generate(Request("Hi"))


async def error_of(url: str, **options: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(url, **options)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


@asynccontextmanager
async def listening(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """``host:port`` of a server that treats each connection as ``handler`` does."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has left
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def both_ways(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: OpenAIServer, first: bytes
) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    back.write(first)
    await asyncio.gather(pipe(reader, back), pipe(there, writer), return_exceptions=True)


# --- which way ------------------------------------------------------------------------------------------------------


async def test_a_plain_key_goes_directly() -> None:
    with OpenAIServer("Hello.") as server:
        assert (await ask(server.url)).text == "Hello."
        assert way_taken(server) == "direct"


async def test_where_the_sdks_log_is_wanted_the_sdk_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    take("sdk", monkeypatch)
    with OpenAIServer("Hello.") as server:
        assert (await ask(server.url)).text == "Hello."
        assert way_taken(server) == "sdk"


async def test_a_user_in_the_address_is_logged_in_by_the_sdk_and_told_nowhere() -> None:
    with OpenAIServer(lambda body, nth: "Hello." if nth == 1 else Reply(hang_up=True)) as server:
        url = server.url.replace("//", "//me:secret-word@")
        async with OpenAI(base_url=url) as provider:
            assert (await provider.generate(Request("Hi"))).text == "Hello."
            with pytest.raises(Unreachable) as caught:
                await provider.generate(Request("Hi"))
        assert way_taken(server) == "sdk"
        assert server.received[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:secret-word").decode()
    assert "secret-word" not in "".join(traceback.format_exception(caught.value))


async def test_without_its_package_a_socks_proxy_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpcore2  # noqa: F401  it looks for the package only once, when it is loaded

    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"SOCKS .* pip install 'httpx2\[socks\]'"):
        await ask("https://127.0.0.1:9/v1")


@pytest.mark.skipif(not find_spec("socksio"), reason="the package socksio, which SOCKS needs, is not installed")
async def test_a_socks_proxy_is_left_to_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)  # version 5, one method: no authentication
        writer.write(b"\5\0")
        _, _, _, kind, length = await reader.readexactly(5)
        assert kind == 3  # a name
        assert (await reader.readexactly(length + 2))[:length] == b"elsewhere.example"
        writer.write(b"\5\0\0\1\0\0\0\0\0\0")
        await both_ways(reader, writer, server, b"")

    with OpenAIServer("Hello.") as server:
        async with listening(socks) as place:
            monkeypatch.setenv("ALL_PROXY", f"socks5://{place}")
            assert (await ask("http://elsewhere.example/v1")).text == "Hello."
        assert way_taken(server) == "sdk"


async def test_a_proxy_of_a_kind_that_nobody_knows_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://me:secret-word@127.0.0.1:9")
    with pytest.raises(UsageError, match=r"proxy .* cannot be used: .*gopher") as caught:
        await ask("http://127.0.0.1:9/v1")
    assert "secret-word" not in str(caught.value)


# --- what goes with a request ---------------------------------------------------------------------------------------


async def test_organisation_project_and_headers_of_ones_own_are_sent_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-2")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Title: A: title\nno header\n x-team :blue \nAccept: text/json")
    sent = {
        "authorization": f"Bearer {KEY}",
        "openai-organization": "org-1",
        "openai-project": "proj-2",
        "x-title": "A: title",
        "x-team": "blue",
        "accept": "text/json",
        "content-type": "application/json",
    }
    with OpenAIServer("Hello.") as server:
        for way in WAYS:
            take(way, monkeypatch)
            await ask(server.url)
            assert way_taken(server) == way
            headers = server.received[-1].headers
            assert {name: headers.get(name) for name in sent} == sent
        assert server.requests[0] == server.requests[1]


async def test_a_header_of_ones_own_replaces_the_key(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "AUTHORIZATION: Token t")
    with OpenAIServer("Hello.") as server:
        await ask(server.url)
        assert server.received[0].headers["authorization"] == "Token t"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OPENAI_ORG_ID", "two\nlines"),
        ("OPENAI_CUSTOM_HEADERS", ": nameless"),
        ("OPENAI_CUSTOM_HEADERS", "my name: value"),
        ("OPENAI_CUSTOM_HEADERS", "name: \x07"),
    ],
)
async def test_a_header_that_cannot_be_sent_is_the_users_mistake(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=variable):
        await ask("http://127.0.0.1:9/v1")


async def test_both_ways_bring_the_same_response(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = Reply(text="Grüße \ud83d 👋", headers={"X-RateLimit-Remaining-Tokens": "7"})
    with OpenAIServer(lambda body, nth: reply) as server:
        for way in WAYS:
            take(way, monkeypatch)
            assert await ask(f"{server.url}/", model="m") == Response(
                text="Grüße \ud83d 👋", usage=Usage(1, 3), model="m", rate_limit=RateLimit(tokens_remaining=7)
            )


async def test_a_server_that_moved_is_followed(way: str) -> None:
    moved = Reply(status=307, headers={"Location": "/v1/chat/completions"})
    with OpenAIServer(lambda body, nth: moved if nth == 1 else "Hello.") as server:
        assert (await ask(server.url)).text == "Hello."
        assert server.requests[0] == server.requests[1]


async def test_a_status_that_is_no_success_is_no_answer(way: str) -> None:
    with OpenAIServer(lambda body, nth: Reply(status=300)) as server:
        assert isinstance(await error_of(server.url), InvalidRequest)


async def test_an_address_may_end_in_a_slash_or_in_a_query() -> None:
    with OpenAIServer("Hello.") as server:
        for end in ("/", "?api-version=1", "/?a=b#c"):
            async with OpenAI(base_url=server.url + end) as provider:
                with suppress(InvalidRequest):  # the server knows no address with a query
                    await provider.generate(Request("Hi"))
        assert [received.path.removeprefix("/v1/chat/completions") for received in server.received] == [
            *("", "?api-version=1", "?a=b")
        ]


# --- proxies --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def proxy(server: OpenAIServer, asked: list[bytes], refuse: bool = False) -> AsyncIterator[str]:
    """``host:port`` of an HTTP proxy that takes every request to ``server`` and notes what heads it had."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        asked.append(request.partition(b"\r\n\r\n")[0])
        method, target, _ = request.split(b" ", 2)
        if refuse:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        elif method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await both_ways(reader, writer, server, b"")
        else:
            path = urlsplit(target).path
            await both_ways(reader, writer, server, request.replace(target, path, 1))

    async with listening(handle) as place:
        yield place


async def test_a_proxy_is_used_but_not_where_there_is_to_be_none(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    with OpenAIServer("Hello.") as server:
        async with proxy(server, asked) as place:
            monkeypatch.setenv("HTTP_PROXY", f"http://me:secret-word@{place}")
            assert (await ask("http://elsewhere.example/v1")).text == "Hello."
            assert way_taken(server) == way
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            await ask(server.url)
    (head,) = asked
    assert head.startswith(b"POST http://elsewhere.example/v1/chat/completions ")
    assert b"proxy-authorization: basic " + base64.b64encode(b"me:secret-word").lower() in head.lower()


async def test_a_proxy_that_is_named_without_a_scheme_speaks_http(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    with OpenAIServer("Hello.") as server:
        async with proxy(server, asked) as place:
            monkeypatch.setenv("ALL_PROXY", place)
            await ask("http://elsewhere.example/v1")
            assert (way_taken(server), len(asked)) == ("direct", 1)


@pytest.mark.parametrize("url", ["http://elsewhere.example/v1", "https://elsewhere.example/v1"])
async def test_what_a_proxy_refuses_tells_no_password(way: str, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with OpenAIServer("Hello.") as server:
        async with proxy(server, [], refuse=True) as place:
            for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
                monkeypatch.setenv(variable, f"http://me:secret-word@{place}")
            error = await error_of(url)
    assert "407" in str(error)
    assert "secret-word" not in "".join(traceback.format_exception(error))


async def test_a_proxy_that_is_not_there_is_unreachable_and_tells_no_password(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret-word@127.0.0.1:9")
    error = await error_of("http://elsewhere.example/v1")
    assert isinstance(error, Unreachable)
    assert "secret-word" not in str(error)


async def test_an_answer_of_a_server_with_prices_costs_what_the_list_says(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://me.openai.azure.com/v1"
    with OpenAIServer("Hello.") as server:
        async with proxy(server, []) as place:
            monkeypatch.setenv("HTTP_PROXY", f"http://{place}")
            known = await ask(url, model="gpt-4o-mini")
            unknown = await ask(url, model="no-such-model")
    assert known.cost_usd == cost(url, "gpt-4o-mini", Usage(1, 1))
    assert known.cost_usd is not None
    assert unknown.cost_usd is None


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody knows, with its key in the same file."""
    if not shutil.which("openssl"):
        pytest.skip("the command openssl makes the certificate, and it is not installed")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", f"{file}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


@asynccontextmanager
async def encrypted(server: OpenAIServer, certificate: Path) -> AsyncIterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with listening(lambda reader, writer: both_ways(reader, writer, server, b""), context) as place:
        yield f"https://{place}/v1"


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(way: str, certificate: Path) -> None:
    with OpenAIServer("Hello.") as server:
        async with encrypted(server, certificate) as url:
            error = await error_of(url)
        assert isinstance(error, Unreachable)
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        assert server.count == 0


async def test_certificates_of_ones_own_are_trusted(
    way: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with OpenAIServer("Hello.") as server:
        async with encrypted(server, certificate) as url:
            assert (await ask(url)).text == "Hello."
        assert way_taken(server) == way


async def test_certificates_that_cannot_be_read_are_the_users_mistake(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        await ask("https://127.0.0.1:9/v1")


# --- bad lines ------------------------------------------------------------------------------------------------------


async def test_more_requests_run_at_once_than_libraries_have_connections_by_default(way: str) -> None:
    with OpenAIServer(lambda body, nth: Reply(text="Hi", delay=1)) as server:
        async with OpenAI(base_url=server.url) as provider:
            await asyncio.gather(*(provider.generate(Request(f"{number}")) for number in range(250)))
        assert server.most_at_once == 250


def answering(content: str, packed: bool = False) -> Handler:
    """Answers once and closes the connection."""
    body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    coding = b"Content-Encoding: gzip\r\n" if packed else b""
    body = gzip.compress(body) if packed else body

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (coding, len(body), body))
        await writer.drain()

    return once


async def test_an_answer_may_be_compressed(way: str) -> None:
    async with listening(answering("Hello.", packed=True)) as place:
        assert (await ask(f"http://{place}/v1")).text == "Hello."


async def test_an_answer_beyond_reason_does_not_get_in_compressed(way: str) -> None:
    async with listening(answering("x" * 65 * 2**20, packed=True)) as place:
        error = await error_of(f"http://{place}/v1")
    assert isinstance(error, Overloaded)
    assert "more than 64 MiB" in str(error)


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(way: str) -> None:
    async with listening(answering("Hello.")) as place, OpenAI(base_url=f"http://{place}/v1") as provider:
        for _ in range(3):
            assert (await provider.generate(Request("Hi"))).text == "Hello."
            await asyncio.sleep(0.05)


async def test_a_request_that_met_the_end_of_its_connection_is_left_to_the_engine(way: str) -> None:
    with OpenAIServer(lambda body, nth: "Hello." if nth == 1 else Reply(hang_up=True)) as server:
        async with OpenAI(base_url=server.url) as provider:
            await provider.generate(Request("Hi"))
            with pytest.raises(Unreachable):
                await provider.generate(Request("Hi"))
        assert server.count == 2


async def test_an_answer_that_breaks_off_is_unreachable(way: str) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"choices": ')
        await writer.drain()

    async with listening(half) as place:
        assert isinstance(await error_of(f"http://{place}/v1"), Unreachable)


async def test_an_answer_that_never_ends_is_a_timeout(way: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with listening(drip) as place:
        error = await error_of(f"http://{place}/v1", timeout=0.4)
    assert isinstance(error, Timeout)
    assert "0.4 seconds" in str(error)


async def test_a_very_long_answer_is_read_and_one_beyond_reason_is_not(way: str) -> None:
    with OpenAIServer(lambda body, nth: "x" * ((50 if nth == 1 else 65) * 2**20)) as server:
        async with OpenAI(base_url=server.url) as provider:
            assert len((await provider.generate(Request("Hi"))).text) == 50 * 2**20
            with pytest.raises(Overloaded, match="more than 64 MiB"):
                await provider.generate(Request("Hi"))
