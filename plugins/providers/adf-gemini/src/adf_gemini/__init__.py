"""The provider ``gemini``: Google's Gemini through its current SDK, google-genai."""

from __future__ import annotations

from collections.abc import Callable

from adf_core import Provider, hookimpl


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    from adf_gemini.provider import Gemini

    register(Gemini)
