"""The provider ``openai``: OpenAI's models, and every server that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Callable

from adf_core import Provider, hookimpl
from adf_openai.provider import OpenAI

__all__ = ["OpenAI", "register_providers"]


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    register(OpenAI)
