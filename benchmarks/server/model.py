"""The model: what is answered to each request, and when."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from benchmarks.server.fates import Badness, Fate, fate
from benchmarks.server.http import Request, json_response, response
from benchmarks.server.limit import Bucket
from benchmarks.server.tally import ANSWERED, Tally
from benchmarks.server.texts import Texts
from benchmarks.server.wires import Asked, Wire, wire_of

_BROKEN = {500: "The server had an error.", 502: "Bad gateway.", 503: "The model is overloaded."}
_BYTES_A_TOKEN = 4
"""Tokens of a prompt are guessed from the size of its request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the server behaves. ``requests_per_second`` None: no limit; ``retry_after`` is in seconds, None: not said."""

    badness: Badness
    turns: int = 2
    retry_after: float | None = None
    requests_per_second: float | None = None
    burst: int = 1
    limit_headers: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that is being worked on.

    After ``delay`` seconds (infinite: never) ``reply`` is sent; None: the connection is closed in its place.
    ``content`` is the digest that requests are told apart by. ``final``: asked again, the same comes again. ``tally``
    is where the request was counted.
    """

    tally: Tally
    content: bytes
    delay: float
    reply: bytes | None
    outcome: str
    fault: str | None
    final: bool


class Model:
    """Answers requests, and counts them."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._texts = Texts(manners.turns)
        limit = manners.requests_per_second
        self._bucket = None if limit is None else Bucket(limit, manners.burst)
        self.reset()

    def reset(self) -> None:
        """Forget all requests, also those that are being worked on."""
        self._tally = Tally(time.monotonic)
        self._over: Counter[bytes] = Counter()

    def stats(self) -> dict[str, Any]:
        """The numbers so far."""
        return self._tally.to_dict()

    def arrive(self, request: Request) -> Pending | bytes:
        """What becomes of a request: bytes are sent at once, for what is no call of a model."""
        if request.method == "GET" and request.path == "/stats":
            return json_response(200, self.stats())
        if request.method == "POST" and request.path == "/reset":
            self.reset()
            return json_response(200, {})
        wire = wire_of(request.path) if request.method == "POST" else None
        if wire is None:
            return json_response(404, {"error": {"message": f"Nobody is at {request.method} {request.path}."}})
        try:
            body = json.loads(request.body)
            asked = wire.read(request.path, body)
        except (ValueError, TypeError, AttributeError):
            return json_response(400, wire.refusal(400, "The body is no request for an answer.", None))
        content = blake2b(request.body, digest_size=8).digest()
        self._tally.arrive(content)
        return self._refused(content, wire) or self._decided(content, wire, asked, len(request.body) // _BYTES_A_TOKEN)

    def settle(self, pending: Pending) -> None:
        """The reply to a request goes out."""
        pending.tally.settle(pending.content, pending.outcome, pending.fault)
        if not pending.final:
            self._over[pending.content] += 1

    def leave(self, pending: Pending) -> None:
        """The client has left before a reply went out. What would have come will come next time, if it was anything."""
        pending.tally.settle(pending.content, "left", pending.fault if pending.fault == "hang" else None)
        if pending.fault == "hang":
            self._over[pending.content] += 1

    def _refused(self, content: bytes, wire: Wire) -> Pending | None:
        """The limit's refusal. It is no fate of the request, so it changes nothing about what comes later."""
        if self._bucket is None or self._bucket.take(time.monotonic()):
            return None
        self._tally.refuse()
        reply = self._error(wire, 429, "Too many requests a second.")
        return Pending(self._tally, content, 0.0, reply, "429", None, final=True)

    def _decided(self, content: bytes, wire: Wire, asked: Asked, prompt_tokens: int) -> Pending:
        """What the request's own fate is.

        It depends on the content and on how often it has failed before. A good or unusable answer is not followed by
        another one where the request has a seed: such a model answers as a function of the request, and a run that is
        killed and resumed gets what an uninterrupted one gets.
        """
        met = fate(self._manners.badness, content, self._over[content])
        reply, outcome = self._reply(content, wire, asked, prompt_tokens, met)
        final = outcome == ANSWERED and asked.seeded
        return Pending(self._tally, content, met.delay, reply, outcome, met.fault, final)

    def _reply(
        self, content: bytes, wire: Wire, asked: Asked, prompt_tokens: int, met: Fate
    ) -> tuple[bytes | None, str]:
        """The reply and the word for it."""
        match met.fault:
            case "429":
                return self._error(wire, 429, "The server has too much to do."), "429"
            case "5xx":
                status = list(_BROKEN)[met.dice % len(_BROKEN)]
                return self._error(wire, status, _BROKEN[status]), str(status)
            case "hang" | "drop":
                return None, "dropped"
        variant = self._texts.choose(asked.schema, int.from_bytes(content[:4], "big"))
        text = {"malformed": variant.malformed, "truncated": variant.truncated}.get(met.fault or "", variant.good)
        cut = met.fault == "truncated"
        body, kind = wire.answer(asked, text, content.hex().encode(), prompt_tokens, cut)
        return response(200, body, self._headers(), kind), ANSWERED

    def _error(self, wire: Wire, status: int, message: str) -> bytes:
        wait = self._manners.retry_after if status == 429 else None
        headers = {**self._headers(), **({} if wait is None else {"Retry-After": f"{wait:g}"})}
        return json_response(status, wire.refusal(status, message, wait), headers)

    def _headers(self) -> Mapping[str, str]:
        return self._bucket.headers() if self._bucket is not None and self._manners.limit_headers else {}
