"""The provider ``google-generativeai``: Google's Gemini through its retired SDK; ``gemini`` is its successor."""

from __future__ import annotations

from collections.abc import Callable

from adf_core import Provider, hookimpl


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    from adf_google_generativeai.provider import GoogleGenerativeAI

    register(GoogleGenerativeAI)
