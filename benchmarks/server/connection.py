"""One client's connection: requests in, replies out, one after the other."""

from __future__ import annotations

import asyncio
import math
from typing import cast

from benchmarks.server.http import CONTINUE, BadRequest, Parser, json_response
from benchmarks.server.model import Model, Pending


class Connection(asyncio.Protocol):
    """Reads the next request only when the one before is answered, so that replies go out in order."""

    _transport: asyncio.Transport

    def __init__(self, model: Model, loop: asyncio.AbstractEventLoop) -> None:
        self._model = model
        self._loop = loop
        self._parser = Parser()
        self._pending: Pending | None = None
        self._keep_alive = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
            self._go_on()
        except BadRequest as error:
            self._transport.write(json_response(error.status, {"error": {"message": str(error)}}))
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._pending is not None:
            self._model.leave(self._pending)
            self._pending = None

    def _go_on(self) -> None:
        """Answer what can be answered now."""
        while self._pending is None and not self._transport.is_closing():
            request = self._parser.next()
            if request is None:
                if self._parser.wants_word():
                    self._transport.write(CONTINUE)
                return
            self._keep_alive = request.keep_alive
            found = self._model.arrive(request)
            if isinstance(found, bytes):
                self._send(found)
            elif found.delay == 0:
                self._settle(found)
            else:
                self._pending = found
                if found.delay < math.inf:
                    self._timer = self._loop.call_later(found.delay, self._later, found)

    def _later(self, pending: Pending) -> None:
        self._pending = self._timer = None
        self._settle(pending)
        self.data_received(b"")

    def _settle(self, pending: Pending) -> None:
        self._model.settle(pending)
        self._send(pending.reply)

    def _send(self, reply: bytes | None) -> None:
        if reply is not None:
            self._transport.write(reply)
        if reply is None or not self._keep_alive:
            self._transport.close()
