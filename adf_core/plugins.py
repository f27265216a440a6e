"""Plugins: found over the entry point group ``adf``, registered through the hooks, looked up by name.

A plugin that cannot be loaded never takes the program down: it is remembered with its traceback, and the rest works.
"""

from __future__ import annotations

import importlib.util
import json
import os
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import pluggy

from adf_core import hookspecs
from adf_core.components import Component, Direction, Provider, Runner, Sink, Validator
from adf_core.errors import UsageError
from adf_core.values import did_you_mean

if TYPE_CHECKING:
    import click

C = TypeVar("C", bound=Component)
GROUP = "adf"
PROJECT_CODE = "adf_plugins.py"

KINDS: dict[str, type[Component]] = {
    "provider": Provider,
    "direction": Direction,
    "validator": Validator,
    "sink": Sink,
    "runner": Runner,
}


@dataclass(slots=True)
class Plugin:
    """One plugin, whatever became of it. ``components`` are (kind, name) pairs; ``error`` is a traceback or a
    sentence.
    """

    name: str
    distribution: str
    version: str
    state: Literal["ok", "broken", "blocked", "conflict"] = "ok"
    hooks: tuple[str, ...] = ()
    components: list[tuple[str, str]] = field(default_factory=list)
    error: str | None = None

    @property
    def label(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


class Plugins:
    """What is installed: every plugin with its state, every component by kind and name.

    Plugins are loaded at once, but asked for their components when somebody first wants one: `adf --help` does not.
    """

    def __init__(self, block: Collection[str] = ()) -> None:
        self._plugins: list[Plugin] = []
        self._unasked: list[Plugin] = []
        self._conflicts: list[str] = []
        self._block = frozenset(block)
        self._registered: dict[tuple[str, str], tuple[type[Component], Plugin]] = {}
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)

    def add(self, plugin: Plugin, load: Callable[[], object]) -> None:
        """Load a plugin, or remember why that failed."""
        self._plugins.append(plugin)
        if plugin.name in self._block:
            plugin.state = "blocked"
            return
        try:
            module = load()
            self._manager.register(module, name=plugin.name)
            callers = self._manager.get_hookcallers(module) or []
            plugin.hooks = tuple(sorted(caller.name for caller in callers))
        except (Exception, SystemExit):  # noqa: BLE001  anything a stranger's module may do while it loads
            plugin.state, plugin.error = "broken", traceback.format_exc()
        else:
            self._unasked.append(plugin)

    @property
    def plugins(self) -> list[Plugin]:
        """Every plugin, in the order in which they were added."""
        self._ask()
        return self._plugins

    @property
    def conflicts(self) -> list[str]:
        """A sentence for each name that two plugins claim."""
        self._ask()
        return self._conflicts

    @property
    def _components(self) -> dict[tuple[str, str], tuple[type[Component], Plugin]]:
        self._ask()
        return self._registered

    def _ask(self) -> None:
        """Let the plugins that have not done so register their components."""
        while self._unasked:
            plugin = self._unasked.pop(0)
            try:
                for kind in KINDS:
                    for function in self._implementations(f"register_{kind}s", plugin.name):
                        function(self._registrar(kind, plugin))
            except (Exception, SystemExit):  # noqa: BLE001  as in add()
                plugin.state, plugin.error = "broken", traceback.format_exc()

    def add_installed(self) -> None:
        """Load what is found through entry points; ``ADF_LOAD_PLUGINS=a,b`` in the environment names all there is."""
        only = os.environ.get("ADF_LOAD_PLUGINS")
        wanted = None if only is None else {name.strip() for name in only.split(",")}
        for entry in sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
            distribution = entry.dist
            name, version = (distribution.name, distribution.version) if distribution else ("unknown", "unknown")
            if wanted is None or entry.name in wanted or name in wanted:
                self.add(Plugin(entry.name, name, version), entry.load)

    def _implementations(self, hook: str, plugin: str) -> Iterator[Callable[..., Any]]:
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == plugin:
                yield implementation.function

    def _registrar(self, kind: str, plugin: Plugin) -> Callable[[type[Component]], None]:
        def register(component: type[Component]) -> None:
            contract = KINDS[kind]
            if not (isinstance(component, type) and issubclass(component, contract)):
                raise TypeError(f"register_{kind}s was given {component!r}, which is no {contract.__name__} class")
            name = getattr(component, "name", None)
            if not isinstance(name, str) or not name:
                raise TypeError(f"{component.__qualname__} has no `name`")
            taken = self._registered.get((kind, name))
            if taken:
                self._conflict(f"the {kind} `{name}`", taken[1], plugin)
                return
            self._registered[kind, name] = component, plugin
            plugin.components.append((kind, name))

        return register

    def _conflict(self, what: str, first: Plugin, second: Plugin) -> None:
        sentence = (
            f"The plugins {first.label} and {second.label} both claim {what}. "
            f"Block one of them: `--block {first.name}` or `--block {second.name}`."
        )
        for plugin in (first, second):
            plugin.state, plugin.error = "conflict", sentence
        self._conflicts.append(sentence)

    def add_commands(self, cli: click.Group, taken: Collection[str]) -> None:
        """Let plugins add commands to ``cli``; ``taken`` are the names of the program's own."""
        owners: dict[str, Plugin] = {}
        for plugin in [plugin for plugin in self._plugins if plugin.state == "ok"]:
            before = dict(cli.commands)
            try:
                for function in self._implementations("register_commands", plugin.name):
                    function(cli)
            except (Exception, SystemExit):  # noqa: BLE001  as in add()
                plugin.state, plugin.error = "broken", traceback.format_exc()
            for name, command in dict(cli.commands).items():
                if before.get(name) is command:
                    continue
                if name in taken:
                    plugin.state, plugin.error = "conflict", f"The command `adf {name}` is the program's own."
                    del cli.commands[name]
                elif name in owners:
                    self._conflict(f"the command `adf {name}`", owners[name], plugin)
                    cli.commands[name] = before[name]
                else:
                    owners[name] = plugin

    def names(self, kind: str) -> list[str]:
        """The installed components of a kind, sorted."""
        return sorted(name for found, name in self._components if found == kind)

    def find(self, kind: type[C], name: str) -> type[C] | None:
        """The component class of that kind and name, or None."""
        found = self._components.get((_word(kind), name))
        return cast("type[C]", found[0]) if found else None

    def get(self, kind: type[C], name: str) -> type[C]:
        """The component class of that kind and name; UsageError that says what to install where there is none."""
        found = self.find(kind, name)
        if found is None:
            raise UsageError(self.missing(kind, name))
        return found

    def missing(self, kind: type[Component], name: str) -> str:
        """A sentence for a component that is not installed: what there is, and how to get it."""
        word = _word(kind)
        installed = ", ".join(f"`{known}`" for known in self.names(word)) or "none"
        sentence = f"There is no {word} `{name}`; installed are: {installed}."
        broken = [
            p for p in self.plugins if p.state == "broken" and name in (p.name, p.distribution.removeprefix("adf-"))
        ]
        if broken:
            return f"{sentence} The plugin {broken[0].label} is broken: see `adf plugins show {broken[0].name}`."
        path = catalogue().get((word, name))
        if path:
            return f"{sentence} It comes with a package of this project: pip install {path}"
        hint = did_you_mean(name, [*self.names(word), *(other for found, other in catalogue() if found == word)])
        return f"{sentence} {hint[0].upper()}{hint[1:]}" if hint else sentence

    def owner(self, kind: type[Component], name: str) -> Plugin | None:
        """The plugin that brought a component."""
        found = self._components.get((_word(kind), name))
        return found[1] if found else None

    def require_sound(self) -> None:
        """UsageError where two plugins claim one name."""
        if self.conflicts:
            raise UsageError("\n".join(self.conflicts))


def kind_of(component: Component) -> type[Component]:
    """The contract that a component fulfils."""
    return next(contract for contract in KINDS.values() if isinstance(component, contract))


def _word(kind: type[Component]) -> str:
    return next(word for word, contract in KINDS.items() if contract is kind)


def load(block: Collection[str] = (), project: Path | None = None) -> Plugins:
    """Everything that is installed, without the plugins named in ``block``.

    With ``project``, the file ``adf_plugins.py`` in that folder is loaded as a plugin too: it is code, so ask the user
    first.
    """
    plugins = Plugins(block)
    plugins.add_installed()
    if project is not None and (project / PROJECT_CODE).is_file():
        plugins.add(Plugin("project", str(project / PROJECT_CODE), "-"), lambda: _module(project / PROJECT_CODE))
    return plugins


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("adf_project_plugins", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def catalogue() -> dict[tuple[str, str], Path]:
    """The components of this project's own packages, and the checkout's folder each is installed from.

    Read from the checkout the core was installed from, if that is still there; empty otherwise.
    """
    import tomllib

    found: dict[tuple[str, str], Path] = {}
    for root in _checkouts():
        for file in sorted(root.glob("plugins/*/*/pyproject.toml")):
            declared = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("adf", {})
            for kind in KINDS:
                for name in declared.get(f"{kind}s", ()):
                    found.setdefault((kind, name), file.parent)
    return found


def _checkouts() -> Iterator[Path]:
    """Where a checkout of the project may be: around this package, or where pip says the core came from."""
    from urllib.parse import unquote, urlparse

    yield Path(__file__).parent.parent
    try:
        record = metadata.distribution("auto-data-fountain").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return
    url = urlparse(json.loads(record)["url"]) if record else None
    if url and url.scheme == "file":
        yield Path(unquote(url.path))
