"""The directions that a project's setup names and a plugin provides."""

from __future__ import annotations

from adf_core.components import Direction
from adf_core.options import build
from adf_core.plugins import Plugins
from adf_core.project import Project


def installed_directions(project: Project, plugins: Plugins) -> dict[str, Direction]:
    """The installed directions among those a setup names; the others are plain words."""
    names = (*project.setup.seed_directions, *project.setup.derivational_directions)
    found = ((name, plugins.find(Direction, name)) for name in names)
    return {name: build(direction, {}) for name, direction in found if direction is not None}
