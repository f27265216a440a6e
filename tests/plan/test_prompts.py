"""The text that is sent with ``strategy: single`` is the first implementation's, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adf_core import Record, Turn
from adf_core.plan import Plan, Prompter, Sampling, installed_directions
from adf_core.project import load
from adf_core.prompts import BUILTIN_TEMPLATES
from adf_core.scenarios import choose
from adf_core.testing import ScriptedProvider, make_project, plugins_with

PLUGINS = plugins_with(ScriptedProvider)
SAMPLES = Path(__file__).parent.parent.parent / "samples"

# The example of the document that this project implements.
SEED_SETUP = """\
initial_prompt: |
  ....

derivational_prompt: |
  ....

output_format: |
  The generated conversations are recorded in a valid JSON as
  {"conversations":[{"user": text, "assistant": text},...]}.

delimiter: "------------------------------"

user_role: COUNSELEE
assistant_role: COUNSELOR

seed_evolving_directions:
  - general

derivational_evolving_directions:
  - general
  - in-depth
"""
SEED_DIAGRAM = """\
erDiagram
    COUNSELOR ||--|{ COUNSELEE : "provides counseling to"

    %% Comments for relationship attributes
    %% Start date: 2024-02-14
    %% Frequency: Weekly
    %% Topic: marriage guidance
"""
OUTPUT_FORMAT = (
    "The generated conversations are recorded in a valid JSON as\n"
    '{"conversations":[{"user": text, "assistant": text},...]}.\n'
)
TURNS = (Turn("I'm “worried”\n", 'Why? "Tell" me 100%'), Turn("Él", "😀"))


def prompts(folder: Path, **overrides: Any) -> tuple[list[str], list[str]]:
    """All seed prompts, and all prompts of derivations of one record of two turns (instruct: of one)."""
    project = load(folder, PLUGINS, {("provider", "name"): "scripted", **{(key,): overrides[key] for key in overrides}})
    directions = installed_directions(project, PLUGINS)
    plan = Plan(project.setup, choose(project.space, project.setup.choice), directions)
    prompter = Prompter(project, directions, Sampling.of(ScriptedProvider(), project.setup))
    first = next(plan.seeds())
    record = Record(
        key=first.key,
        stage="seed",
        type=first.type,
        category="x",
        direction=first.direction,
        seed=first.key,
        turns=TURNS[:1] if first.type == "instruct" else TURNS,
        provider="",
        model="",
    )
    seeds = [prompter.request(slot).prompt for slot in plan.seeds()]
    return seeds, [prompter.request(slot).prompt for slot in plan.derivations(record, first.place)]


def expected(template: str, values: tuple[str, ...], output_format: str) -> str:
    return template % values + "\n" + output_format


def test_the_seed_documents_example(tmp_path: Path) -> None:
    seeds, derivations = prompts(make_project(tmp_path, text=SEED_SETUP, diagram=SEED_DIAGRAM))
    diagram, delimiter, roles = SEED_DIAGRAM.strip(), "-" * 30, ("COUNSELEE", "COUNSELOR")
    template = BUILTIN_TEMPLATES["seed", "conversation"]
    assert seeds == [expected(template, (diagram, delimiter, "general", *roles), OUTPUT_FORMAT)]
    template = BUILTIN_TEMPLATES["derivation", "conversation"]
    wanted = []
    for length in (1, 2):
        shown = json.dumps([turn.to_dict() for turn in TURNS[:length]])
        for direction in ("general", "in-depth"):
            values = (diagram, delimiter, shown, direction, *roles)
            wanted += [expected(template, values, OUTPUT_FORMAT)] * 4
    assert derivations == wanted


def test_the_seed_documents_example_as_instruct(tmp_path: Path) -> None:
    seeds, derivations = prompts(make_project(tmp_path, text=SEED_SETUP, diagram=SEED_DIAGRAM), type="instruct")
    diagram, delimiter, roles = SEED_DIAGRAM.strip(), "-" * 30, ("COUNSELEE", "COUNSELOR")
    template = BUILTIN_TEMPLATES["seed", "instruct"]
    assert seeds == [expected(template, (diagram, delimiter, *roles, "general"), OUTPUT_FORMAT)] * 4
    template = BUILTIN_TEMPLATES["derivation", "instruct"]
    example = json.dumps(TURNS[0].to_dict())
    wanted = []
    for direction in ("general", "in-depth"):
        wanted += [expected(template, (diagram, delimiter, example, delimiter, *roles, direction), OUTPUT_FORMAT)] * 4
    assert derivations == wanted


def test_templates_of_the_projects_own_are_filled_by_the_same_rule(tmp_path: Path) -> None:
    initial = '%s # what it is\n%s\nAs "%s" for 100%%: %s and %s.\n'
    folder = make_project(tmp_path, initial_prompt=initial, output_format="JSON!\n", delimiter="==")
    seeds, _ = prompts(folder)
    diagram = (folder / "diagram.mermaid").read_text().strip()
    values = ((diagram, "==", direction, "GUEST", "RECEPTIONIST") for direction in ("plain", "wordy"))
    assert seeds == [initial % each + "\nJSON!\n" for each in values]


@pytest.mark.parametrize("sample", sorted(path.parent.name for path in SAMPLES.glob("*/setup.yaml")))
def test_every_sample_can_be_prompted(sample: str) -> None:
    seeds, derivations = prompts(SAMPLES / sample)
    diagram = (SAMPLES / sample / "diagram.mermaid").read_text().strip()
    for prompt in (*seeds, *derivations):
        assert diagram in prompt
