"""A provider that answers from a function, in the process: for tests of everything that is not a provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from adf_core.components import Provider, Request, Response, Usage
from adf_core.conversation import Turn

Script = Callable[[Request, int], Response | str]


def answer_with(*turns: Turn) -> str:
    """The text of a well-formed answer with these turns."""
    return json.dumps({"conversations": [turn.to_dict() for turn in turns]})


def two_turns(request: Request, nth: int) -> str:
    """A script: two turns that are a function of prompt and seed."""
    word = f"{hash((request.prompt, request.seed)) & 0xFFFFFF:06x}"
    return answer_with(Turn(f"first {word}", f"answer {word}"), Turn(f"second {word}", f"answer {word} again"))


@dataclass(kw_only=True, eq=False)
class ScriptedProvider(Provider):
    """Answers as its script says, and remembers what it was asked.

    A subclass sets ``script``: called with the request and how many times the same one has come (from 1); it returns a
    Response or its text, or raises a ProviderError. ``latency`` is in seconds.
    """

    name: ClassVar[str] = "scripted"
    script: ClassVar[Script] = staticmethod(two_turns)
    latency: ClassVar[float] = 0.0
    model: str = "script-1"
    requests: list[Request] = field(default_factory=list, init=False, repr=False)
    most_in_flight: int = field(default=0, init=False)
    _in_flight: int = field(default=0, init=False)

    async def generate(self, request: Request) -> Response:
        self.requests.append(request)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await asyncio.sleep(self.latency)
            outcome = type(self).script(request, self.requests.count(request))
        finally:
            self._in_flight -= 1
        if isinstance(outcome, Response):
            return outcome
        return Response(outcome, usage=Usage(len(request.prompt) // 4, len(outcome) // 4), model=self.model, cost_usd=0)
