"""A slot: one place in the plan that wants one accepted conversation."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from adf_core.conversation import Conversation, Record, Stage, Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place in the plan. ``key`` is deterministic; ``(round, place)`` sorts slots in plan order.

    ``shown`` are the turns of the parent that the request shows, ``prefix`` those the conversation inherits: the same,
    or none where the answer starts anew. ``derives`` says whether it will be derived from.
    """

    key: str
    stage: Stage
    type: Type
    direction: str
    scenario: Mapping[str, str]
    round: int
    place: bytes
    parent: str | None
    seed: str
    prefix_length: int
    replicate: int
    shown: Conversation = ()
    prefix: Conversation = ()
    derives: bool = True


def seed_place(replicate: int, turn: int, index: int) -> bytes:
    """Where a seed stands in the plan; seeds come in the order of their place."""
    return struct.pack(">III", replicate, turn, index)


def read_seed_place(place: bytes) -> tuple[int, int, int]:
    """What :func:`seed_place` was made of."""
    replicate, turn, index = struct.unpack(">III", place)
    return replicate, turn, index


def seed_slot(
    type_: Type, scenario: Mapping[str, str], direction: str, replicate: int, place: bytes, derives: bool = True
) -> Slot:
    """The slot of a seed."""
    key = _key("seed", type_, scenario, direction, "", 0, replicate)
    return Slot(
        key=key,
        stage="seed",
        type=type_,
        direction=direction,
        scenario=scenario,
        round=0,
        place=place,
        parent=None,
        seed=key,
        prefix_length=0,
        replicate=replicate,
        derives=derives,
    )


def derived_place(parent: bytes, prefix_length: int, direction_index: int, replicate: int) -> bytes:
    """Where a derivation of the record with the place ``parent`` stands in the plan."""
    return parent + struct.pack(">III", prefix_length, direction_index, replicate)


def read_derived_place(place: bytes) -> tuple[int, int, int]:
    """Prefix length, index of the direction, and replicate in what :func:`derived_place` made."""
    prefix_length, direction_index, replicate = struct.unpack(">III", place[-12:])
    return prefix_length, direction_index, replicate


def derivation_slot(
    parent: Record, place: bytes, prefix_length: int, direction: str, replicate: int, new: bool
) -> Slot:
    """The slot of a derivation of ``parent``; ``new`` where it inherits no turns."""
    shown = parent.conversation[:prefix_length]
    return Slot(
        key=_key("derivation", parent.type, parent.scenario, direction, parent.key, prefix_length, replicate),
        stage="derivation",
        type=parent.type,
        direction=direction,
        scenario=parent.scenario,
        round=parent.round + 1,
        place=place,
        parent=parent.key,
        seed=parent.seed,
        prefix_length=prefix_length,
        replicate=replicate,
        shown=shown,
        prefix=() if new else shown,
    )


def _key(*identity: object) -> str:
    text = json.dumps(identity, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
