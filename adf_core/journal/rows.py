"""The rows of the journal as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from adf_core.components import Response
from adf_core.conversation import Conversation, Stage, Type

State = Literal["accepted", "rejected", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """One attempt: its response, or the error that came instead. ``feedback`` is the text added to the prompt."""

    id: int
    attempt: int
    response: Response | None
    error: str | None = None
    message: str | None = None
    feedback: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What one validator said of an answer."""

    validator: str
    decision: str
    reason: str = ""
    feedback: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Charge:
    """Something spent or reserved: requests, tokens (in and out), US dollars."""

    requests: int = 0
    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: Charge) -> Charge:
        return Charge(self.requests + other.requests, self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: Charge) -> Charge:
        return Charge(self.requests - other.requests, self.tokens - other.tokens, self.usd - other.usd)


@dataclass(slots=True)
class Totals:
    """Sums over all answers of a journal. ``charged`` has the worst case of what is in flight or was lost."""

    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    charged: Charge = Charge()

    def add(self, response: Response | None) -> None:
        """One more answer; None where the provider refused to give one."""
        self.answers += 1
        if response is not None:
            self.input_tokens += response.usage.input_tokens
            self.output_tokens += response.usage.output_tokens
            self.cost_usd += response.cost_usd or 0.0
            self.unpriced += response.cost_usd is None

    def row(self) -> tuple[int | float, ...]:
        """As the journal holds them."""
        charged = self.charged
        sums = (self.answers, self.input_tokens, self.output_tokens, self.cost_usd, self.unpriced)
        return (*sums, charged.requests, charged.tokens, charged.usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledSlot:
    """How a slot ended. The fields up to ``replicate`` are the slot's; ``inherited`` counts the turns of its prefix."""

    key: str
    round: int
    place: bytes
    stage: Stage
    type: Type
    direction: str
    scenario: Mapping[str, str] = field(default_factory=dict)
    parent: str | None
    seed: str
    prefix_length: int
    inherited: int
    replicate: int
    state: State
    judge: str | None = None
    reason: str | None = None
    attempts: int
    provider: str | None = None
    model: str | None = None
    attempt: int | None = None
    turns: Conversation = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    confirmed: tuple[str, ...] | None = None
    children: int = 0
