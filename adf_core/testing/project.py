"""Projects for tests: a folder with a setup and a diagram, made in one call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

DIAGRAM = """erDiagram
    GUEST }o--|| RECEPTIONIST : "asks for help at the desk of"

    %% Topic: lost luggage
"""

SETUP: Mapping[str, Any] = {
    "category": "hotel reception",
    "user_role": "GUEST",
    "assistant_role": "RECEPTIONIST",
    "seed_evolving_directions": ["plain", "wordy"],
    "derivational_evolving_directions": ["plain", "curious"],
}


def make_project(folder: Path, *, diagram: str | None = DIAGRAM, text: str | None = None, **setup: Any) -> Path:
    """Write a small valid project into ``folder`` and return it.

    ``setup`` replaces or adds keys of its setup (None removes one); ``text`` is the whole setup.yaml instead;
    ``diagram`` None leaves the diagram's file out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if text is None:
        keys = {key: value for key, value in {**SETUP, **setup}.items() if value is not None}
        text = yaml.safe_dump(keys, sort_keys=False, allow_unicode=True)
    (folder / "setup.yaml").write_text(text, "utf-8")
    if diagram is not None:
        (folder / "diagram.mermaid").write_text(diagram, "utf-8")
    return folder
