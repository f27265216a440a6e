from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adf_core.components import Component
from adf_core.engine import Run, RunOptions, Summary
from adf_core.project import load
from adf_core.testing import ScriptedProvider, make_project, plugins_with


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Summary]:
    """Run a small project with the given components and setup keys; the provider is the one among the components."""

    def execute(
        *components: type[Component], out: Path | None = None, options: dict[str, Any] | None = None, **setup: Any
    ) -> Summary:
        if not any(issubclass(component, ScriptedProvider) for component in components):
            components = (*components, ScriptedProvider)
        plugins = plugins_with(*components)
        provider = next(component for component in components if issubclass(component, ScriptedProvider))
        folder = make_project(tmp_path / "project", **{"provider": provider.name, **setup})
        project = load(folder, plugins)
        execution = Run(project, plugins, RunOptions(out=out or tmp_path / "out", **(options or {})))
        return asyncio.run(execution.execute())

    return execute


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """The records of the dataset that ``run`` wrote."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (tmp_path / "out" / "dataset.jsonl").read_text("utf-8").splitlines()]

    return read
