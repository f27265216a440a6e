"""The provider ``llama``: a language model in the process, through llama.cpp, and the command ``adf models``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adf_core import Provider, hookimpl
from adf_llama.provider import Llama

if TYPE_CHECKING:
    import click

__all__ = ["Llama", "register_commands", "register_providers"]


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    register(Llama)


@hookimpl
def register_commands(cli: click.Group) -> None:
    from adf_llama.commands import models

    cli.add_command(models)
