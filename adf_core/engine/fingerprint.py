"""What a run's stored states depend on: while it is unchanged they are trusted and nothing is rendered again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from adf_core.components import Component, Direction, Provider, Validator
from adf_core.options import identifying_options
from adf_core.plugins import Plugins
from adf_core.project import Project
from adf_core.scenarios import Scenario


def fingerprint(
    project: Project,
    scenarios: Sequence[Scenario],
    plugins: Plugins,
    provider: Provider,
    directions: Mapping[str, Direction],
    validators: Sequence[Validator],
) -> str:
    """A hash of setup, diagram, scenarios, and the components' names, versions and options (secrets left out)."""
    setup = project.setup
    data = {
        "setup": {
            **{name: getattr(setup, name) for name in ("category", "type", "user_role", "assistant_role", "delimiter")},
            **{name: getattr(setup, name) for name in ("output_format", "variables")},
            "prompts": {stage: template.text for stage, template in setup.templates.items()},
            "directions": [setup.seed_directions, setup.derivational_directions, setup.weights],
            # How many seeds and records are wanted changes none of them.
            "generation": {**dataclasses.asdict(setup.generation), "target": None, "s_factor": None},
        },
        "diagram": project.diagram_text,
        "space": project.space.to_dict(),
        "scenarios": [dict(scenario) for scenario in scenarios],
        "provider": _identity(Provider, provider, plugins),
        "directions": {name: _identity(Direction, each, plugins) for name, each in directions.items()},
        "validators": [_identity(Validator, each, plugins) for each in validators],
    }
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _identity(kind: type[Component], component: Component, plugins: Plugins) -> list[Any]:
    owner = plugins.owner(kind, component.name)
    return [component.name, owner.version if owner else "", identifying_options(component)]
