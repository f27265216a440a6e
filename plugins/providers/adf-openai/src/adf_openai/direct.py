"""The short way to a server: aiohttp alone. It is quicker to load and to ask than the SDK."""

from __future__ import annotations

import os
import re
import ssl
from urllib.parse import urlsplit

import aiohttp

from adf_core import UsageError
from adf_openai.transport import CONNECT, LARGEST, Answer, Broken, TooLarge

_KEEP = 4.0
"""Seconds that an idle connection is kept: fewer than the 5 after which uvicorn (vLLM) and Node.js close theirs, as a
request that meets the closing is lost."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")


class Direct:
    """Sends requests to the server at ``url`` with ``key`` as a bearer token, through ``proxy`` if there is one."""

    def __init__(self, url: str, key: str, proxy: str | None) -> None:
        parts = urlsplit(url)
        self._root = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._query = f"?{parts.query}" if parts.query else ""
        self._proxy = proxy
        common = headers(key)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP, ssl=_certificates(url)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=common,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT),
        )

    async def post(self, path: str, body: bytes) -> Answer:
        try:
            url = f"{self._root}{path}{self._query}"
            async with self._session.post(url, data=body, proxy=self._proxy) as answer:
                return Answer(answer.status, answer.headers, await _text(answer))
        except (aiohttp.ClientError, OSError) as error:
            raise Broken(str(error) or type(error).__name__) from None

    async def close(self) -> None:
        await self._session.close()


def headers(key: str) -> dict[str, str]:
    """What goes with every request, names in lower case; as in the SDK the environment may add some and replace any.

    UsageError where there is one that cannot be sent.
    """
    named = {
        "authorization": f"Bearer {key}" if key else "",
        "openai-organization": os.environ.get("OPENAI_ORG_ID", "").strip(),
        "openai-project": os.environ.get("OPENAI_PROJECT_ID", "").strip(),
    }
    lines = [line.partition(":") for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")]
    found = {
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": "adf-openai",
        **{name: value for name, value in named.items() if value},
        **{name.strip().lower(): value.strip() for name, colon, value in lines if colon},
    }
    for name, value in found.items():
        if not (_NAME.fullmatch(name) and value.isprintable()):
            raise UsageError(
                f"The header {name!r} has characters that no header has; look at the environment variables "
                "OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS (lines of `name: value`)."
            )
    return found


def _certificates(url: str) -> ssl.SSLContext | bool:
    """Whom to trust: as the SDK does, which reads SSL_CERT_FILE and SSL_CERT_DIR, else asks the system."""
    if not url.startswith("https:"):
        return True
    import httpx2

    return httpx2.create_ssl_context()


async def _text(answer: aiohttp.ClientResponse) -> str:
    blocks, size = [], 0
    while block := await answer.content.readany():
        size += len(block)
        if size > LARGEST:
            raise TooLarge
        blocks.append(block)
    return b"".join(blocks).decode(errors="replace")
