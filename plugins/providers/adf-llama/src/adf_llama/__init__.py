"""The provider ``llama``: a language model in the process, through llama.cpp, and the command ``adf models``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adf_core import Provider, hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    from adf_llama.provider import Llama

    register(Llama)


@hookimpl
def register_commands(cli: click.Group) -> None:
    from adf_llama.commands import models

    cli.add_command(models)
