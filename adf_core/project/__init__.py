"""A project folder: ``setup.yaml`` and a diagram, read and checked before anything is sent."""

from adf_core.project.loader import Project, load
from adf_core.project.setup import DEFAULT_PROVIDER, Budget, ComponentChoice, Generation, Setup

__all__ = ["DEFAULT_PROVIDER", "Budget", "ComponentChoice", "Generation", "Project", "Setup", "load"]
