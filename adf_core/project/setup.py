"""What a setup says, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adf_core.conversation import Stage, Type
from adf_core.prompts import Template
from adf_core.scenarios import Choice
from adf_core.scenarios.splits import Split

DEFAULT_PROVIDER = "llama"
DEFAULT_VALIDATORS = ("schema",)
DEFAULT_SINKS = ("jsonl", "json")
DEFAULT_DELIMITER = "-" * 30
DEFAULT_S_FACTOR: Mapping[Type, int] = {"conversation": 1, "instruct": 4}


@dataclass(frozen=True, slots=True)
class ComponentChoice:
    """A component as a setup names it: its name and the options given to it, still as written."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """How much is generated, and how. ``target`` bounds the records in all, ``per_parent`` the derivations of one
    record, ``limit`` those of one round, ``max_turns`` and ``max_tokens`` one answer; None means no bound.
    """

    s_factor: int
    d_factor: int = 4
    rounds: int = 1
    per_parent: int | None = None
    limit: int | None = None
    attempts: int = 5
    feedback: bool = True
    target: int | None = None
    min_turns: int = 1
    max_turns: int | None = None
    temperature: float = 0.9
    top_p: float = 1.0
    max_tokens: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Hard caps over the life of an output folder; None where there is none."""

    usd: float | None = None
    tokens: int | None = None
    requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A checked setup. Templates are compiled, defaults filled in, names of components known to be installed.

    ``weights`` are those of derivational directions, 1 where one is missing.
    """

    category: str
    type: Type
    user_role: str
    assistant_role: str
    delimiter: str
    output_format: str
    templates: Mapping[Stage, Template]
    seed_directions: tuple[str, ...]
    derivational_directions: tuple[str, ...]
    weights: Mapping[str, float]
    variables: Mapping[str, str]
    provider: ComponentChoice
    validators: tuple[ComponentChoice, ...]
    sinks: tuple[ComponentChoice, ...]
    generation: Generation
    budget: Budget
    choice: Choice = field(default_factory=Choice)
    split: Split | None = None

    def directions(self, stage: Stage) -> tuple[str, ...]:
        return self.seed_directions if stage == "seed" else self.derivational_directions
