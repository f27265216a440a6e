"""Plugins for tests: components of the test's own beside those that are installed."""

from __future__ import annotations

from types import ModuleType

from adf_core.components import Component
from adf_core.hookspecs import hookimpl
from adf_core.plugins import KINDS, Plugin, Plugins


def plugins_with(*components: type[Component], name: str = "test") -> Plugins:
    """The installed plugins, and one more called ``name`` whose ``components`` go before others of their names."""
    module = ModuleType(f"{name}_plugin")
    for kind, contract in KINDS.items():
        own = [component for component in components if issubclass(component, contract)]
        if own:
            setattr(module, f"register_{kind}s", hookimpl(_registering(own)))
    plugins = Plugins()
    plugins.add(Plugin(name, "tests", "1"), lambda: module)
    plugins.add_installed()
    return plugins


def _registering(components: list[type[Component]]):  # type: ignore[no-untyped-def]  # pluggy reads the argument's name
    def hook(register):  # type: ignore[no-untyped-def]
        for component in components:
            register(component)

    return hook
