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


def seed_slot(
    type_: Type,
    scenario: Mapping[str, str],
    direction: str,
    replicate: int,
    place: tuple[int, int, int],
    derives: bool = True,
) -> Slot:
    """The slot of a seed; seeds come in the order of their ``place``."""
    key = _key("seed", type_, scenario, direction, "", 0, replicate)
    return Slot(
        key=key,
        stage="seed",
        type=type_,
        direction=direction,
        scenario=scenario,
        round=0,
        place=struct.pack(">III", *place),
        parent=None,
        seed=key,
        prefix_length=0,
        replicate=replicate,
        derives=derives,
    )


def derivation_slot(
    parent: Record, place: bytes, prefix_length: int, direction: str, direction_index: int, replicate: int, new: bool
) -> Slot:
    """The slot of a derivation of ``parent`` (whose place is ``place``); ``new`` where it inherits no turns."""
    shown = parent.conversation[:prefix_length]
    return Slot(
        key=_key("derivation", parent.type, parent.scenario, direction, parent.key, prefix_length, replicate),
        stage="derivation",
        type=parent.type,
        direction=direction,
        scenario=parent.scenario,
        round=parent.round + 1,
        place=place + struct.pack(">III", prefix_length, direction_index, replicate),
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
