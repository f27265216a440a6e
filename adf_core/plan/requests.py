"""Slot → the exact request that is sent for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from adf_core.components import Direction, DirectionContext, Provider, Request
from adf_core.plan.slots import Slot
from adf_core.project import Project, Setup
from adf_core.prompts import PromptValues, answer_schema
from adf_core.scenarios import in_words


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model is sampled: the provider's own options first, then the setup's ``generation``."""

    temperature: float
    top_p: float
    max_tokens: int

    @classmethod
    def of(cls, provider: Provider, setup: Setup) -> Sampling:
        generation = setup.generation
        return cls(
            temperature=generation.temperature if provider.temperature is None else provider.temperature,
            top_p=generation.top_p if provider.top_p is None else provider.top_p,
            max_tokens=generation.max_tokens if provider.max_tokens is None else provider.max_tokens,
        )


class Prompter:
    """Renders the request of any slot of one project."""

    def __init__(self, project: Project, directions: Mapping[str, Direction], sampling: Sampling) -> None:
        self._setup = project.setup
        self._diagram = project.diagram_text
        self._space = project.space
        self._directions = directions
        self._sampling = sampling
        generation = self._setup.generation
        self._schema = answer_schema(self._setup.type, generation.min_turns, generation.max_turns)

    def request(self, slot: Slot) -> Request:
        """The request as it is sent first: without feedback, without a seed."""
        setup = self._setup
        shown = [turn.to_dict() for turn in slot.shown]
        values = PromptValues(
            diagram=self._diagram,
            delimiter=setup.delimiter,
            direction=self._instruction(slot),
            user_role=setup.user_role,
            assistant_role=setup.assistant_role,
            output_format=setup.output_format,
            conversation=json.dumps(shown[0] if setup.type == "instruct" else shown) if shown else "",
            scenario=in_words(self._space, slot.scenario, slot.seed),
            variables=setup.variables,
        )
        return Request(
            prompt=setup.templates[slot.stage].render(values),
            json_schema=self._schema,
            temperature=self._sampling.temperature,
            top_p=self._sampling.top_p,
            max_tokens=self._sampling.max_tokens,
        )

    def _instruction(self, slot: Slot) -> str:
        direction = self._directions.get(slot.direction)
        if direction is None:
            return slot.direction
        context = DirectionContext(
            stage=slot.stage,
            type=slot.type,
            category=self._setup.category,
            user_role=self._setup.user_role,
            assistant_role=self._setup.assistant_role,
            diagram=self._diagram,
            scenario=slot.scenario,
            prefix=slot.shown,
            round=slot.round,
        )
        return direction.instruction(context)


def request_key(request: Request, provider: Provider) -> str:
    """The identity of what is asked, whatever the seed: an answer stored under it can be used again."""
    identity = (
        *(request.prompt, request.json_schema, request.temperature, request.top_p, request.max_tokens),
        *(provider.name, provider.model),
    )
    text = json.dumps(identity, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def attempt_seed(slot_key: str, attempt: int) -> int:
    """The sampling seed of an attempt: different for each, the same whenever it is asked again. Below 2**31."""
    digest = hashlib.blake2b(f"{slot_key}:{attempt}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1
