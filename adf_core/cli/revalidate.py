"""``adf revalidate``: changed validators judge what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from adf_core.cli.execution import execute
from adf_core.cli.shared import count, output_folder, session_options, show_complaints
from adf_core.engine import Changes, Run, RunOptions, Summary
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.project import DEFAULT_PROVIDER, load
from adf_core.values import Path as KeyPath
from adf_core.values import Plain


@click.command("revalidate")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--project", type=click.Path(path_type=Path), metavar="DIR", help="The project, where it has moved.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@session_options
@click.pass_obj
def command(session: Any, out: Path, project: Path | None, as_json: bool) -> int:
    """Judge the stored answers of an output folder by the validators of today, and write the datasets again.

    No conversation is asked for; what a validator itself asks a model is asked where no stored answer to it is there.
    The project is read with the options of the last run. `adf run` asks afterwards for what has no accepted answer any
    more.
    """
    out = output_folder(out)
    with JournalReader(out / FILE_NAME) as reader:
        folder = project or Path(reader.meta("project") or "")
        overrides = _overrides(reader.meta("overrides"))
        provider = reader.meta("provider") or DEFAULT_PROVIDER
        judged_before, excluded_before = reader.epoch, reader.excluded()
    plugins = session.plugins(folder)
    plugins.require_sound()
    loaded = load(folder, plugins, overrides, usual_provider=provider)
    show_complaints("warning", loaded.warnings)
    summary = execute(Run(loaded, plugins, RunOptions(out=out, stored_only=True, overrides=overrides)), loaded)
    with JournalReader(out / FILE_NAME) as reader:
        unchanged, excluded = reader.epoch == judged_before, reader.excluded()
    if as_json:
        click.echo(json.dumps(summary.to_dict(), indent=2))
        return summary.exit_status
    for sentence in _sentences(summary, unchanged, excluded_before, excluded):
        click.echo(sentence)
    if summary.ended == "error":
        click.echo(f"{click.style('error:', fg='red', bold=True)} {summary.why}", err=True)
    return summary.exit_status


def _overrides(stored: str | None) -> dict[KeyPath, Any]:
    """What the last run's command line put over the setup."""
    return {
        tuple(path): Plain(value) if isinstance(value, str) else value for path, value in json.loads(stored or "[]")
    }


def _sentences(summary: Summary, unchanged: bool, excluded_before: int, excluded: int) -> Iterator[str]:
    changes = summary.changes or Changes()
    state = summary.state
    if unchanged and not changes.accepted:
        yield "Nothing has changed since these answers were judged."
    else:
        yield f"{count(changes.kept, 'conversation')} stay accepted"
        if changes.accepted:
            yield f"{changes.accepted:,} more are accepted now"
        for judge, number in changes.refused.most_common():
            yield f"{number:,} are refused now by {judge}"
        if changes.orphaned:
            yield f"{changes.orphaned:,} are left out, since they derive from what is accepted no more"
    if excluded != excluded_before:
        yield f"{excluded:,} are kept out of the dataset by validators of the whole, {excluded_before:,} before"
    yield f"{state.accepted:,} of {count(state.planned, 'conversation')} accepted"
    for result in summary.sinks.values():
        yield f"  {', '.join(map(str, result.paths))}  {count(result.records, 'record')}"
    if changes.open:
        yield f"`adf run` would ask for {count(changes.open, 'conversation')} that no stored answer is accepted for."
