"""``adf run``: a project folder becomes a dataset."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from adf_core.cli.execution import execute
from adf_core.cli.shared import (
    Session,
    count,
    dollars,
    duration,
    generation_options,
    overrides_of,
    plain,
    session_options,
    show_complaints,
    spending_words,
)
from adf_core.components import Provider
from adf_core.engine import Run, RunOptions, Summary
from adf_core.errors import Complaint, UsageError
from adf_core.journal import FILE_NAME as JOURNAL_NAME
from adf_core.journal import JournalReader
from adf_core.options import options_schema
from adf_core.project import DEFAULT_PROVIDER, ComponentChoice, Project, load
from adf_core.values import Path as KeyPath

BACKENDS = {"gemini": "gemini", "gpt": "openai"}


@click.command("run")
@click.argument("project", type=click.Path(path_type=Path), required=False)
@generation_options
@click.option("--concurrency", type=click.IntRange(1), metavar="N", help="Most requests in flight at once.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask for N conversations at most, then stop.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Output folder (default: PROJECT/out).")
@click.option("--fresh", is_flag=True, help="Start anew; the old journal is set aside under a dated name.")
@click.option("--retry-rejected", is_flag=True, help="Ask again for conversations that were rejected.")
@click.option("--top-up", is_flag=True, help="Ask only for combinations of values that no accepted record has.")
@click.option("--runner", default="local", metavar="NAME", help="Where slots are executed (default: here).")
@click.option("--log-json", type=click.Path(path_type=Path), metavar="FILE", help="Log each request, as JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--target-folder", type=click.Path(path_type=Path), metavar="DIR", help="The project, in the older form.")
@click.option("--target-filename", metavar="NAME", help="Where `json` writes, in the older form (outputs.json).")
@click.option("--backend-llm", type=click.Choice(list(BACKENDS)), help="The provider, in the older form.")
@click.option("--gemini-api-key", metavar="KEY", help="The key for Gemini; better in the environment.")
@click.option("--api-key", metavar="KEY", help="The provider's key; better in the environment.")
@click.option("--retry-num", type=click.IntRange(0), metavar="N", help="Attempts after the first, in the older form.")
@session_options
@click.pass_obj
def command(
    session: Session,
    project: Path | None,
    provider: str | None,
    options: tuple[str, ...],
    type_: str | None,
    s_factor: int | None,
    d_factor: int | None,
    concurrency: int | None,
    limit: int | None,
    out: Path | None,
    fresh: bool,
    retry_rejected: bool,
    top_up: bool,
    runner: str,
    log_json: Path | None,
    as_json: bool,
    target_folder: Path | None,
    target_filename: str | None,
    backend_llm: str | None,
    gemini_api_key: str | None,
    api_key: str | None,
    retry_num: int | None,
) -> int:
    """Turn a project into a dataset, or go on where an earlier run stopped.

    Everything a provider answers is kept in OUT/journal.sqlite before it is used, so a run may be stopped or killed
    at any time: the same command goes on and pays for nothing twice.
    """
    folder = project or target_folder
    if folder is None:
        raise click.UsageError("Name the project's folder: `adf run PROJECT`.")
    overrides = overrides_of(provider, options, type_, s_factor, d_factor)
    overrides |= _older_form(provider, backend_llm, gemini_api_key, api_key, retry_num)

    plugins = session.plugins(folder)
    plugins.require_sound()
    usual = BACKENDS["gemini"] if api_key else DEFAULT_PROVIDER
    loaded = load(folder, plugins, overrides, usual_provider=usual)
    if top_up and loaded.setup.choice.strategy in ("single", "random"):
        strategy = loaded.setup.choice.strategy
        raise UsageError(f"`--top-up` fills gaps of a coverage, and `strategy: {strategy}` plans none: try `pairwise`.")
    secrets = _secrets(plugins.get(Provider, loaded.setup.provider.name))
    _warn_of_keys(secrets, overrides)
    if target_folder is not None or target_filename is not None:
        loaded = _with_outputs_in(loaded, folder / (target_filename or "outputs.json"))
    show_complaints("warning", loaded.warnings)
    show_complaints("note", loaded.notices)
    run = Run(
        loaded,
        plugins,
        RunOptions(
            out=out or folder / "out",
            concurrency=concurrency,
            limit=limit,
            fresh=fresh,
            retry_rejected=retry_rejected,
            top_up=top_up,
            runner=runner,
            overrides=_kept(overrides, secrets),
        ),
    )
    summary = execute(run, loaded, log_json)
    if summary.set_aside:
        click.echo(f"The old journal is now {summary.set_aside}.", err=True)
    if as_json:
        click.echo(json.dumps(summary.to_dict(), indent=2))
    else:
        _show(summary)
    return summary.exit_status


def _older_form(
    provider: str | None, backend: str | None, gemini_key: str | None, key: str | None, retries: int | None
) -> dict[KeyPath, Any]:
    """The first implementation's options by their place in the setup."""
    if gemini_key and key:
        raise UsageError("Give one key: `--api-key` or `--gemini-api-key`.")
    if gemini_key and backend == "gpt":
        raise UsageError("`--gemini-api-key` does not go with `--backend-llm gpt`; give the key with `--api-key`.")
    overrides: dict[KeyPath, Any] = {}
    if gemini_key or key:
        overrides["provider", "api_key"] = gemini_key or key
    if provider is None and (backend or gemini_key):
        overrides["provider", "name"] = BACKENDS[backend or "gemini"]
    if retries is not None:
        overrides["generation", "attempts"] = retries + 1
    return overrides


def _secrets(provider: type[Provider]) -> set[KeyPath]:
    """Where in the setup the provider's secrets stand."""
    options = options_schema(provider)["properties"].items()
    return {("provider", name) for name, each in options if each.get("writeOnly")}


def _warn_of_keys(secrets: set[KeyPath], overrides: Mapping[KeyPath, Any]) -> None:
    """A warning where the command line holds a secret."""
    if not secrets.isdisjoint(overrides):
        sentence = (
            "a key on the command line can be read by others on this machine; an environment variable "
            "(GEMINI_API_KEY, OPENAI_API_KEY) or a key file is safer"
        )
        show_complaints("warning", (Complaint(sentence),))


def _kept(overrides: Mapping[KeyPath, Any], secrets: set[KeyPath]) -> dict[KeyPath, Any]:
    """What the journal may remember of a command line: nothing that could hold a key."""
    return {
        path: value
        for path, value in overrides.items()
        if path not in secrets and not re.search("://.*[@?]", str(value))
    }


def _with_outputs_in(project: Project, path: Path) -> Project:
    """The project with its `json` sink writing to ``path``, where the first implementation wrote."""
    there = ComponentChoice("json", {"path": str(path.resolve())})
    sinks = tuple(there if sink.name == "json" else sink for sink in project.setup.sinks)
    return replace(project, setup=replace(project.setup, sinks=sinks if there in sinks else (*sinks, there)))


def _show(summary: Summary) -> None:
    state = summary.state
    colour = "green" if summary.exit_status == 0 else "yellow"
    endings = {
        "finished": "done",
        "interrupted": "interrupted",
        "limit": "stopped",
        "budget": "stopped",
        "error": "stopped",
    }
    ending = click.style(
        "nothing to do:" if summary.nothing_to_do else f"{endings[summary.ended]}:", fg=colour, bold=True
    )
    parts = [f"{number:,} {word}" for word, number in _others(summary) if number]
    click.echo(
        f"{ending} {state.accepted:,} of {count(state.planned, 'conversation')} accepted"
        + (f" ({', '.join(parts)})" if parts else "")
        + f" in {duration(summary.seconds)}"
    )
    click.echo(
        f"  this run: {count(summary.requests, 'request')}, {summary.input_tokens:,} tokens in, "
        f"{summary.output_tokens:,} out, {dollars(summary.cost_usd)}"
    )
    for each in summary.spending:
        click.echo(f"  {spending_words(each)}")
    for result in summary.sinks.values():
        click.echo(f"  {', '.join(map(_short, result.paths))}  {count(result.records, 'record')}")
    for sentence in _wishes(summary):
        click.echo(f"  {sentence}")
    if not summary.sinks:
        click.echo("  nothing was accepted, so no dataset was written")
    if parts:
        with JournalReader(summary.out / JOURNAL_NAME) as reader:
            for state_name, judge, reason, number in reader.reasons():
                what = reason.strip().splitlines()[-1] if reason.strip() else "no reason given"
                click.echo(f"  {number:,} {state_name} by {judge}: {plain(what)}")
    if summary.ended == "error":
        click.echo(f"{click.style('error:', fg='red', bold=True)} {plain(summary.why)}", err=True)
    elif summary.why:
        click.echo(f"  stopped by {summary.why}")
    if (state.unspent and summary.target != state.accepted) or state.failed:
        click.echo(f"  to go on: {_same_command(sys.argv[1:])}")


def _others(summary: Summary) -> list[tuple[str, int]]:
    state = summary.state
    unspent = "not asked for" if summary.target == state.accepted else "not asked for yet"
    return [
        *(("rejected", state.rejected), ("failed", state.failed)),
        *(("beyond the target", state.surplus), (unspent, state.unspent)),
    ]


def _wishes(summary: Summary) -> Iterator[str]:
    """Whether what was wanted of the whole is there."""
    accepted = summary.state.accepted
    if summary.target is not None:
        short = summary.target - accepted
        target = f"the target of {summary.target:,}"
        yield f"{target} is met" if short <= 0 else f"{count(short, 'record')} short of {target}"
    if summary.cells_short is not None:
        short_words = count(summary.cells_short, "combination")
        yield (
            "every planned combination of values has its records"
            if not summary.cells_short
            else (f"{short_words} of values {'has' if summary.cells_short == 1 else 'have'} too few records")
        )


def _same_command(arguments: list[str]) -> str:
    """The command that goes on, without ``--fresh``; not quoted where it holds a key."""
    if any(re.search("key|token|://[^/]*@", argument, re.IGNORECASE) for argument in arguments):
        return "run the same command again"
    return shlex.join(["adf", *(argument for argument in arguments if argument != "--fresh")])


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
