"""A real HTTP server on loopback, in threads of this process: what the servers for provider tests have in common."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived: ``path`` with its query, header names in lower case, the JSON of the body."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is more than a text.

    ``finish_reason`` is in the server's own words (None: its word for a finished answer). ``body`` replaces all that
    is sent: text as it is, anything else as JSON. ``delay`` is in seconds; ``hang_up`` closes the connection in place
    of
    an answer.
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
    """Serves on a free port of 127.0.0.1 while the ``with`` block lasts; ``requests`` holds what came, in order."""

    def __init__(self, answer: Answer | str = "") -> None:
        self.requests: list[Received] = []
        self._answer: Answer = (lambda body, nth: answer) if isinstance(answer, str) else answer
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The server's address, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @abstractmethod
    def render(self, received: Received, reply: Reply) -> Any:
        """The body of the answer to ``received`` in this server's wire format, where ``reply`` has none of its own."""

    def reply(self, received: Received) -> Reply:
        """Count ``received`` and ask the test for its answer."""
        with self._lock:
            self.requests.append(received)
            content = json.dumps([received.path, received.body], sort_keys=True)
            self._seen[content] += 1
            nth = self._seen[content]
        answer = self._answer(received.body, nth)
        return Reply(text=answer) if isinstance(answer, str) else answer

    def __enter__(self) -> Self:
        self._server = _HTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, loopback: LoopbackServer, *connection: Any) -> None:
        self.loopback = loopback
        super().__init__(*connection)  # which serves the connection to its end

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        names = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, names, json.loads(self.rfile.read(length)))
        reply = self.loopback.reply(received)
        time.sleep(reply.delay)
        if reply.hang_up:
            self.close_connection = True
            return
        body = self.loopback.render(received, reply) if reply.body is None else reply.body
        plain = isinstance(body, str)
        sent = body.encode() if plain else json.dumps(body).encode()
        headers = {"Content-Type": "text/plain" if plain else "application/json", **reply.headers}
        # A client whose time is over has left; that is what the test wants to see, not an error of the server.
        with suppress(ConnectionError):
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is the test's."""
