from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adf_core.components import Component
from adf_core.engine import Run, RunOptions, Summary
from adf_core.errors import UsageError
from adf_core.project import load
from adf_core.report import find_browser, find_mermaid
from adf_core.testing import ScriptedProvider, make_project, plugins_with

ORACLE = Path(__file__).parent / "diagram" / "oracle" / "node_modules" / "mermaid"


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


@pytest.fixture(scope="session")
def browser() -> Path:
    """A Chromium."""
    return _found(find_browser)


@pytest.fixture(scope="session")
def mermaid() -> Path:
    """The script of mermaid: the one that the oracle uses, where it is installed."""
    return _found(lambda: find_mermaid(ORACLE if ORACLE.is_dir() else None))


def _found(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except UsageError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
