"""The provider ``gemini``: Google's Gemini through its current SDK, google-genai."""

from __future__ import annotations

from collections.abc import Callable

from adf_core import Provider, hookimpl
from adf_gemini.provider import Gemini

__all__ = ["Gemini", "register_providers"]


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    register(Gemini)
