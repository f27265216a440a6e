"""``adf export``: datasets from a journal, in any format, at any time."""

from __future__ import annotations

import asyncio
import glob
import json
from pathlib import Path
from typing import Any

import click

from adf_core.cli.shared import Session, count, output_folder, session_options
from adf_core.components import Sink
from adf_core.engine.export import export
from adf_core.engine.selection import read_condition
from adf_core.errors import UsageError
from adf_core.options import build, options_schema
from adf_core.values import Plain

PATH = "path"
"""The option in which a sink is told where to write."""


@click.command("export")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--sink", "names", multiple=True, required=True, metavar="NAME", help="What to write. May be repeated.")
@click.option(
    *("-o", "--option", "options"),
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the sink; SINK.KEY=VALUE where there are several. May be repeated.",
)
@click.option("--to", type=click.Path(path_type=Path), metavar="PATH", help="The file to write, with one sink.")
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="Only records like this.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@session_options
@click.pass_obj
def command(
    session: Session,
    out: Path,
    names: tuple[str, ...],
    options: tuple[str, ...],
    to: Path | None,
    where: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Write the records of an output folder (or a project's `out`) as datasets, without a run.

    Parts of a `split` are those of the last run. A condition is NAME=VALUE, or with != > >= < <=: `direction=humorous`,
    `scenario.mood=calm`, `score.judge.overall>=4`, `split=train`, `stage=seed`, `turns>2`; those of several --where
    must all hold.
    """
    out = output_folder(out)
    plugins = session.plugins()
    plugins.require_sound()
    given = _options(names, options)
    if to is not None:
        if len(names) > 1:
            raise click.UsageError("`--to` goes with one sink; with several, give each its `-o SINK.path=PATH`.")
        given[names[0]][PATH] = str(to.resolve())
    sinks = [build(plugins.get(Sink, name), given[name]) for name in names]
    if not force:
        _refuse_to_overwrite(sinks, out)
    results = asyncio.run(export(out, sinks, [read_condition(condition) for condition in where]))
    if as_json:
        document = {
            name: {"records": result.records, "paths": [str(path) for path in result.paths]}
            for name, result in results.items()
        }
        click.echo(json.dumps(document, indent=2))
        return
    for result in results.values():
        click.echo(f"{', '.join(map(str, result.paths))}  {count(result.records, 'record')}")


def _options(names: tuple[str, ...], options: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The options of each sink."""
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for option in options:
        key, separator, value = option.partition("=")
        sink, dot, inner = key.strip().partition(".")
        if not dot and len(names) == 1:
            sink, inner = names[0], sink
        if not separator or sink not in found or not inner:
            form = "KEY=VALUE" if len(names) == 1 else "SINK.KEY=VALUE, as there are several sinks"
            raise UsageError(f"`-o {option}` is no {form}.")
        found[sink][inner.replace("-", "_")] = Plain(value)
    return found


def _refuse_to_overwrite(sinks: list[Sink], out: Path) -> None:
    for sink in sinks:
        if PATH not in options_schema(type(sink))["properties"]:
            continue
        path = out / getattr(sink, PATH)
        parts = path.parent.glob(f"{glob.escape(path.stem)}[.-]*{glob.escape(path.suffix)}")  # of a split, or shards
        if found := next((each for each in (path, *parts) if each.exists()), None):
            raise UsageError(f"{found} is there already: give another file with `--to`, or `--force` to write over it.")
