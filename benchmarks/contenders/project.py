"""The project of `adf`: as many seeds as are wanted, each with a prompt of its own and nothing derived from it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.contenders.job import KEY, MODEL

_DIAGRAM = """\
erDiagram
    COUNSELOR ||--|{ COUNSELEE : "provides counseling to"
    COUNSELEE ||--o{ CHILD : "is a parent of"
    COUNSELEE {
        string name
        string age
        string profession
    }

    %% Start date: 2024-02-14
    %% Frequency: Weekly
    %% Topic: marriage guidance
"""

_PROMPT = """\
{{ diagram }}
{{ delimiter }}
The diagram above sketches who meets here. {{ scenario }}

Write how their conversation begins, turn by turn. Its direction is "{{ direction }}".
The user is the {{ user_role }}: a husband or a wife who speaks in the first person about a problem at home.
The assistant is the {{ assistant_role }}: it asks what happened, comforts, and gives advice about the marriage.
Neither speaks of the diagram.
"""

_CAUSES = (
    *("money", "work", "chores", "children", "parents", "friends", "holidays", "food", "sleep", "silence"),
    *("noise", "moving", "pets", "health", "trust"),
)
_MOODS = ("calm", "angry", "tired", "anxious", "hopeful", "bitter", "ashamed", "lonely", "relieved", "confused")
_YEARS = 200


def make_project(folder: Path, slots: int) -> Path:
    """Write a project with that many seeds into ``folder``, and return it."""
    most = len(_CAUSES) * len(_MOODS) * _YEARS
    if slots > most:
        raise ValueError(f"The project of the benchmark has {most:,} different prompts, not {slots:,}.")
    setup: dict[str, Any] = {
        "category": "marriage counsel",
        "initial_prompt": _PROMPT,
        "user_role": "COUNSELEE",
        "assistant_role": "COUNSELOR",
        "seed_evolving_directions": ["general"],
        "derivational_evolving_directions": ["general"],
        "provider": {"name": "openai", "model": MODEL, "api_key": KEY},
        "generation": {"rounds": 0},
        "scenarios": {
            "strategy": "all",
            "limit": slots,
            "omit": ["*.*"],
            "factors": {
                "mood": list(_MOODS),
                "cause of the quarrel": list(_CAUSES),
                "years married": [str(years) for years in range(_YEARS)],
            },
        },
    }
    folder.mkdir(parents=True)
    (folder / "setup.yaml").write_text(yaml.safe_dump(setup, sort_keys=False), "utf-8")
    (folder / "diagram.mermaid").write_text(_DIAGRAM, "utf-8")
    return folder


def prompts_of(project: Path, slots: int) -> list[str]:
    """The first prompts of a project, as `adf` would send them."""
    command = [sys.executable, "-m", "adf_core", "plan", str(project), "--show-prompt", str(slots), "--json"]
    planned = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [prompt["prompt"] for prompt in planned["prompts"]]
