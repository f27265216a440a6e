"""The way to a server: directly, or through the SDK where something is set that only the SDK heeds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from adf_core import UsageError

CONNECT = 20.0
"""Seconds in which a connection must be made."""

LARGEST = 64 * 2**20
"""Bytes that an answer may have; a server that sends more has lost itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. The names of ``headers`` are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    text: str


class Broken(Exception):
    """The connection could not be made, or it broke before the answer was whole; the text says how."""


class TooLarge(Exception):
    """The answer has more than ``LARGEST`` bytes."""


class Transport(Protocol):
    """Sends requests to one server. It knows no time limit but that for connecting."""

    async def post(self, path: str, body: bytes) -> Answer:
        """What the server says to ``body``, which is JSON; raises Broken and TooLarge."""

    async def close(self) -> None: ...


def open_transport(url: str, key: str) -> Transport:
    """A way to the server at ``url``; to be called while an event loop runs.

    UsageError where the environment names a proxy, certificates or headers that are of no use.
    """
    proxy = proxy_for(url)
    try:
        if needs_sdk(url, proxy):
            from adf_openai.sdk import ThroughSDK

            return ThroughSDK(url, key)
        from adf_openai.direct import Direct

        return Direct(url, key, proxy)
    except OSError as error:
        raise UsageError(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read ({error.strerror})."
        ) from None


def needs_sdk(url: str, proxy: str | None) -> bool:
    """Whether the SDK's own log is wanted, the proxy is more than plain HTTP, or the address names a user."""
    exotic = proxy is not None and not proxy.lower().startswith("http://")
    return exotic or "@" in urlsplit(url).netloc or bool(os.environ.get("OPENAI_LOG"))


def proxy_for(url: str) -> str | None:
    """The address of the proxy that environment or system name for ``url``, if any."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    known = getproxies()
    proxy = known.get(parts.scheme) or known.get("all")
    if not proxy or any(map(proxy_bypass, (str(parts.hostname), parts.netloc))):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
