"""The hooks: what a plugin may add. Each is called once, when ``adf`` starts, with a ``register`` callback.

A plugin module implements any of them with ``@hookimpl`` and names itself in the entry point group ``adf``::

    [project.entry-points.adf]
    my-directions = "my_directions"

Import heavy libraries when a component is opened (``__aenter__``), not at the top of the plugin module: these hooks
run for ``adf --help`` too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from adf_core.components import Direction, Provider, Runner, Sink, Validator

hookspec = pluggy.HookspecMarker("adf")
hookimpl = pluggy.HookimplMarker("adf")


@hookspec
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    """Call ``register`` with each Provider class: something that answers requests."""


@hookspec
def register_directions(register: Callable[[type[Direction]], None]) -> None:
    """Call ``register`` with each Direction class: a way to steer a conversation."""


@hookspec
def register_validators(register: Callable[[type[Validator]], None]) -> None:
    """Call ``register`` with each Validator class: it accepts, rejects or revises candidates."""


@hookspec
def register_sinks(register: Callable[[type[Sink]], None]) -> None:
    """Call ``register`` with each Sink class: it writes accepted records for others to use."""


@hookspec
def register_runners(register: Callable[[type[Runner]], None]) -> None:
    """Call ``register`` with each Runner class: it decides where slots are executed (provisional)."""


@hookspec
def register_commands(cli: click.Group) -> None:
    """Add click commands to ``cli``, the ``adf`` command itself; a taken name is an error."""
