"""What the loopback servers for provider tests share: HTTP/1.1 on an event loop in a thread, and the test's answers."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived: ``path`` with its query, header names in lower case, the JSON of the body."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is more than a text.

    ``finish_reason`` is in the server's own words (None: its word for a finished answer). ``body`` replaces all that is
    sent: text as it is, anything else as JSON. ``delay`` is in seconds; ``hang_up`` closes the connection unanswered.
    """

    text: str = ""
    finish_reason: str | None = None
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hang_up: bool = False


Answer = Callable[[dict[str, Any], int], str | Reply]
"""What a test decides: from a request's body and how often that body has come (from 1), a text or a Reply."""


class LoopbackServer(ABC):
    """Serves on 127.0.0.1 while the ``with`` block lasts.

    ``answer`` decides what is said to a request; it runs on the server's loop, so it must not block. ``latency`` is in
    seconds and is added to a Reply's own ``delay``. ``port`` 0 takes any free one. With ``log`` every body is appended
    to that file as one line of JSON, as it arrives. ``GET /stats`` tells :meth:`stats`.
    """

    root: ClassVar[str] = ""
    """The path that belongs to a client's ``base_url``."""

    def __init__(self, answer: Answer | str, *, latency: float = 0.0, port: int = 0, log: Path | None = None) -> None:
        self.received: list[Received] = []
        self.answered = 0
        self.most_at_once = 0
        self._answer: Answer = (lambda body, nth: answer) if isinstance(answer, str) else answer
        self._latency = latency
        self._port = port  # the chosen one, once the server runs
        self._log = log
        self._at_once = 0
        self._seen: Counter[str] = Counter()
        self._started = threading.Event()

    @abstractmethod
    def knows(self, path: str) -> bool:
        """Whether a request to ``path`` is one that this server answers."""

    @abstractmethod
    def render(self, received: Received, reply: Reply) -> Any:
        """The wire format around the text of ``reply``; where its status is an error, around that error."""

    @property
    def url(self) -> str:
        """What a client takes as its ``base_url``."""
        return f"http://127.0.0.1:{self._port}{self.root}"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies that came, in the order of their arrival."""
        return [received.body for received in self.received]

    @property
    def count(self) -> int:
        """How many requests came."""
        return len(self.received)

    def repeated(self) -> list[dict[str, Any]]:
        """The bodies that came more than once, each of them once."""
        times = Counter(map(_content, self.requests))
        return [json.loads(content) for content, count in times.items() if count > 1]

    def stats(self) -> dict[str, int]:
        """Numbers about the requests. ``again`` counts all but first arrivals, ``at_once`` the most ever in flight."""
        again = self.count - len({_content(body) for body in self.requests})
        return {"requests": self.count, "answered": self.answered, "again": again, "at_once": self.most_at_once}

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", self._port), backlog=1024)
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)), daemon=True)
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self, listening: socket.socket) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, sock=listening, backlog=1024)
        self._started.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other until either side closes."""
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has left
        except asyncio.CancelledError:
            return  # the server stops
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and answer it; False where the connection is to be closed in place of an answer."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        method, path, _ = first.split(" ")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "POST":
            reply = await self._answer_to(Received(path, headers, json.loads(content)))
            if reply.hang_up:
                return False
        elif path == "/stats":
            reply = Reply(body=self.stats())
        else:
            reply = self._unknown(Received(path, headers, {}))
        self.answered += method == "POST"
        writer.write(_http(reply))
        await writer.drain()
        return True

    async def _answer_to(self, received: Received) -> Reply:
        """Count the request, let the latency pass, and give its reply with a body."""
        content = _content(received.body)
        self._seen[content] += 1
        self.received.append(received)
        if self._log:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{content}\n")
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            reply = self._reply(received, self._seen[content])
            await asyncio.sleep(self._latency + reply.delay)
        finally:
            self._at_once -= 1
        return reply

    def _reply(self, received: Received, nth: int) -> Reply:
        if not self.knows(received.path):
            return self._unknown(received)
        found = self._answer(received.body, nth)
        reply = Reply(text=found) if isinstance(found, str) else found
        return reply if reply.body is not None else replace(reply, body=self.render(received, reply))

    def _unknown(self, received: Received) -> Reply:
        reply = Reply(status=404, text=f"There is no {received.path} here.")
        return replace(reply, body=self.render(received, reply))


def _content(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True)


def _http(reply: Reply) -> bytes:
    plain = isinstance(reply.body, str)
    content = (reply.body if plain else json.dumps(reply.body)).encode()
    headers = {"Content-Type": "text/plain" if plain else "application/json", **reply.headers}
    lines = [
        f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode("latin-1") + content


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Unknown"
