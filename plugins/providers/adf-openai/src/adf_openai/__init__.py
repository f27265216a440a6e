"""The provider ``openai``: OpenAI's models, and every server that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Callable

from adf_core import Provider, hookimpl


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    from adf_openai.provider import OpenAI

    register(OpenAI)
