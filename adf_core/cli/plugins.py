"""``adf plugins``: what is installed, in which state, with which options."""

from __future__ import annotations

import inspect
import json
from typing import Any

import click

from adf_core.cli.shared import Session, plain, session_options
from adf_core.components import Component, Direction
from adf_core.errors import UsageError
from adf_core.options import options_schema
from adf_core.plugins import KINDS, Plugin, Plugins
from adf_core.values import did_you_mean


@click.group("plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List what is installed: providers, directions, validators, sinks, runners, and the plugins that bring them."""
    if context.invoked_subcommand is not None:
        return
    plugins = _loaded(context.ensure_object(Session))
    if as_json:
        click.echo(json.dumps([_plugin_data(plugin) for plugin in plugins.plugins], indent=2))
        return
    for kind in KINDS:
        names = plugins.names(kind)
        click.echo(f"{kind + 's:':<12} {', '.join(names) if names else '-'}")
    click.echo()
    for plugin in plugins.plugins:
        state = click.style(plugin.state, fg="green" if plugin.state == "ok" else "red")
        click.echo(f"{plugin.name:<24} {plugin.distribution} {plugin.version}  {state}")
        if plugin.error:
            last = plugin.error.strip().splitlines()[-1]
            click.echo(f"    {plain(last)} (adf plugins show {plugin.name})")


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """Show a component's options, or a plugin with its state and error."""
    plugins = _loaded(session)
    components = [
        (kind, component) for kind, contract in KINDS.items() if (component := plugins.find(contract, name)) is not None
    ]
    matching = [plugin for plugin in plugins.plugins if name in (plugin.name, plugin.distribution)]
    if not components and not matching:
        known = [each for kind in KINDS for each in plugins.names(kind)] + [plugin.name for plugin in plugins.plugins]
        hint = did_you_mean(name, known)
        sentence = f"Nothing that is installed is called `{name}`"
        raise UsageError(f"{sentence}; {hint}" if hint else f"{sentence}; `adf plugins` lists what there is.")
    if as_json:
        data = {
            "components": [_component_data(kind, component, plugins) for kind, component in components],
            "plugins": [_plugin_data(plugin) for plugin in matching],
        }
        click.echo(json.dumps(data, indent=2))
        return
    for kind, component in components:
        _show_component(kind, component, plugins)
    for plugin in matching:
        _show_plugin(plugin)


def _loaded(session: Session) -> Plugins:
    """All plugins, with their commands registered too, so that their states are complete."""
    from adf_core.cli.main import COMMANDS

    plugins = session.plugins()
    plugins.add_commands(click.Group(), COMMANDS)
    return plugins


def _plugin_data(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "state": plugin.state,
        "hooks": list(plugin.hooks),
        "components": [{"kind": kind, "name": name} for kind, name in plugin.components],
        "error": plugin.error,
    }


def _component_data(kind: str, component: type[Component], plugins: Plugins) -> dict[str, Any]:
    owner = plugins.owner(KINDS[kind], component.name)
    return {
        "kind": kind,
        "name": component.name,
        "plugin": owner.name if owner else None,
        "description": _description(component),
        "options": options_schema(component),
    }


def _description(component: type[Component]) -> str:
    if issubclass(component, Direction) and component.description:
        return component.description
    return inspect.cleandoc(component.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _show_component(kind: str, component: type[Component], plugins: Plugins) -> None:
    owner = plugins.owner(KINDS[kind], component.name)
    click.echo(f"{click.style(component.name, bold=True)}, a {kind} of {owner.label if owner else 'the core'}")
    click.echo(f"  {_description(component)}")
    schema = options_schema(component)
    for name, option in schema["properties"].items():
        kinds = option.get("type") or " | ".join(map(str, option.get("enum", ["any"])))
        words = kinds if isinstance(kinds, str) else " or ".join(kinds)
        default = "required" if name in schema["required"] else f"default {json.dumps(option['default'])}"
        click.echo(f"  {name} ({words}, {default})")
        if option["description"]:
            click.echo(f"      {option['description']}")


def _show_plugin(plugin: Plugin) -> None:
    click.echo(
        f"{click.style(plugin.name, bold=True)}, a plugin of {plugin.distribution} {plugin.version}: {plugin.state}"
    )
    if plugin.hooks:
        click.echo(f"  hooks: {', '.join(plugin.hooks)}")
    for kind in KINDS:
        names = [name for its, name in plugin.components if its == kind]
        if names:
            click.echo(f"  {kind}s: {', '.join(names)}")
    if plugin.error:
        click.echo(plain(plugin.error))
