"""Scenarios: which concrete situations of the domain are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Scenario = Mapping[str, str]
"""A value for every factor it states; empty where the diagram speaks for itself."""


def single() -> Sequence[Scenario]:
    """The one scenario of ``strategy: single``, which states nothing: prompts hold the diagram and no more."""
    return ({},)
