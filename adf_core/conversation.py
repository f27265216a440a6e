"""Plain data about conversations: what is asked for, judged and delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Stage = Literal["seed", "derivation"]
Type = Literal["conversation", "instruct"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange: what the user says and what the assistant answers."""

    user: str
    assistant: str

    def to_dict(self) -> dict[str, str]:
        return {"user": self.user, "assistant": self.assistant}


Conversation = tuple[Turn, ...]


def conversation(turns: Iterable[Mapping[str, str]]) -> Conversation:
    """Turns from plain mappings, as JSON holds them.

    >>> conversation([{"user": "Hi", "assistant": "Hello"}])
    (Turn(user='Hi', assistant='Hello'),)
    """
    return tuple(Turn(turn["user"], turn["assistant"]) for turn in turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A parsed answer under judgement, with its lineage.

    ``prefix`` are the turns it inherits from its parent, ``turns`` the ones that were generated. ``answer`` is
    the JSON object as the model gave it, before it was read as turns. ``parent`` and ``seed`` are slot keys:
    the slot it derives from (None for a seed) and the seed its family began with (its own key for a seed).
    ``round`` is 0 for seeds and counts evolutions from there. ``prefix_length`` says how many turns of the parent
    the request showed; those are ``shown``, which is more than ``prefix`` where the answer starts anew (``instruct``,
    in breadth).
    """

    key: str
    stage: Stage
    type: Type
    category: str
    direction: str
    scenario: Mapping[str, str] = field(default_factory=dict)
    round: int = 0
    parent: str | None = None
    seed: str
    prefix_length: int = 0
    replicate: int = 0
    shown: Conversation = ()
    prefix: Conversation = ()
    turns: Conversation
    answer: Mapping[str, Any] = field(default_factory=dict)
    provider: str
    model: str
    attempt: int = 1

    @property
    def conversation(self) -> Conversation:
        """The whole conversation: inherited turns, then generated ones."""
        return self.prefix + self.turns

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; :meth:`from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Candidate:
        turns = {name: conversation(data[name]) for name in ("shown", "prefix", "turns")}
        confirmed = {"confirmed": tuple(data["confirmed"])} if data.get("confirmed") is not None else {}
        refused = {"refused": tuple(map(Refused.from_dict, data["refused"]))} if "refused" in data else {}
        return cls(**{**data, **turns, **confirmed, **refused})


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that ``validator`` refused, for the ``reason`` it gave; ``scores`` are those it gave then."""

    turns: Conversation
    validator: str
    reason: str
    scores: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Refused:
        return cls(**{**data, "turns": conversation(data["turns"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Candidate):
    """A candidate that was accepted.

    ``scores`` are those its validators gave, as ``validator.name``; ``confirmed`` the factors of its scenario whose
    value a validator found in the text, None where none looked. ``refused`` are the answers for the same slot that
    validators refused before, where a sink asks for them. ``split`` names its part of the dataset, None where the setup
    makes no parts.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    confirmed: tuple[str, ...] | None = None
    refused: tuple[Refused, ...] = ()
    split: str | None = None
