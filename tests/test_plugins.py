from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import click
import pytest

from adf_core import Direction, DirectionContext, Provider, UsageError, hookimpl
from adf_core.plugins import Plugin, Plugins, catalogue, load
from adf_core.testing import ScriptedProvider


@dataclass(kw_only=True, eq=False)
class Sour(Direction):
    """Everything is lemons."""

    name: ClassVar[str] = "sour"

    def instruction(self, context: DirectionContext) -> str:
        return "sour"


def module(**hooks: object) -> ModuleType:
    made = ModuleType("made")
    for name, function in hooks.items():
        setattr(made, name, hookimpl(function))
    return made


def sour_module() -> ModuleType:
    return module(register_directions=lambda register: register(Sour))


def test_components_are_found_by_kind_and_name() -> None:
    plugins = Plugins()
    plugins.add(Plugin("lemons", "adf-lemons", "1.0"), sour_module)
    assert plugins.find(Direction, "sour") is Sour
    assert plugins.find(Provider, "sour") is None
    assert plugins.plugins[0].hooks == ("register_directions",)
    assert plugins.plugins[0].components == [("direction", "sour")]


def raise_at_import() -> ModuleType:
    raise ImportError("no module named lemon")


def leave_at_import() -> ModuleType:
    sys.exit(3)


@pytest.mark.parametrize(
    ("loader", "trace"),
    [
        (raise_at_import, "no module named lemon"),
        (leave_at_import, "SystemExit: 3"),
        (lambda: module(register_directions=lambda register: 1 / 0), "ZeroDivisionError"),
        (lambda: module(register_directions=lambda register, other: None), "other"),
        (lambda: module(register_directions=lambda register: register(ScriptedProvider)), "no Direction class"),
        (lambda: module(register_directions=lambda register: register("sour")), "no Direction class"),
    ],
)
def test_a_broken_plugin_is_remembered_and_the_rest_works(loader, trace: str) -> None:
    plugins = Plugins()
    plugins.add(Plugin("broken", "adf-broken", "0.1"), loader)
    plugins.add(Plugin("lemons", "adf-lemons", "1.0"), sour_module)
    broken, sound = plugins.plugins
    assert (broken.state, sound.state) == ("broken", "ok")
    assert trace in (broken.error or "")
    assert plugins.find(Direction, "sour") is Sour


def test_two_plugins_that_claim_one_name_are_an_error_naming_both() -> None:
    plugins = Plugins()
    for name in ("lemons", "limes"):
        plugins.add(Plugin(name, f"adf-{name}", "1.0"), sour_module)
    with pytest.raises(UsageError) as caught:
        plugins.require_sound()
    assert "lemons (adf-lemons 1.0)" in str(caught.value)
    assert "limes (adf-limes 1.0)" in str(caught.value)
    assert "--block lemons" in str(caught.value)


def test_blocking_one_of_them_solves_it() -> None:
    plugins = Plugins(block=["lemons"])
    for name in ("lemons", "limes"):
        plugins.add(Plugin(name, f"adf-{name}", "1.0"), sour_module)
    plugins.require_sound()
    owner = plugins.owner(Direction, "sour")
    assert owner is not None
    assert owner.name == "limes"
    assert [plugin.state for plugin in plugins.plugins] == ["blocked", "ok"]


def test_a_command_that_takes_the_programs_own_name_is_refused() -> None:
    def register_commands(cli: click.Group) -> None:
        cli.add_command(click.Command("run"))
        cli.add_command(click.Command("juice"))

    plugins = Plugins()
    plugins.add(Plugin("lemons", "adf-lemons", "1.0"), lambda: module(register_commands=register_commands))
    cli = click.Group()
    plugins.add_commands(cli, ["run"])
    assert sorted(cli.commands) == ["juice"]
    assert plugins.plugins[0].state == "conflict"


def test_only_the_named_plugins_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADF_LOAD_PLUGINS", "schema,adf-jsonl")
    assert [plugin.name for plugin in load().plugins] == ["jsonl", "schema"]
    monkeypatch.setenv("ADF_LOAD_PLUGINS", "")
    assert load().plugins == []


def test_a_projects_own_plugins_are_loaded_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "adf_plugins.py").write_text(
        "from adf_core import Direction, hookimpl\n"
        "class Local(Direction):\n"
        "    name = 'local-word'\n"
        "    def instruction(self, context):\n"
        "        return 'local'\n"
        "@hookimpl\n"
        "def register_directions(register):\n"
        "    register(Local)\n"
    )
    assert load().find(Direction, "local-word") is None
    assert load(project=tmp_path).find(Direction, "local-word") is not None


def test_a_missing_component_is_told_with_the_folder_it_comes_from() -> None:
    sentence = Plugins().missing(Provider, "gemini")
    assert "There is no provider `gemini`" in sentence
    assert f"pip install {Path(__file__).parent.parent / 'plugins' / 'providers' / 'adf-gemini'}" in sentence


def test_a_misspelt_component_is_told_with_the_nearest_name() -> None:
    assert "Did you mean `gemini`?" in load().missing(Provider, "gemni")


def test_every_package_declares_what_it_provides() -> None:
    plugins = load()
    provided = {
        (kind, name)
        for plugin in plugins.plugins
        if plugin.distribution.startswith("adf-")
        for kind, name in plugin.components
    }
    assert set(catalogue()) == provided
