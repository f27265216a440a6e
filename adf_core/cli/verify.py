"""``adf verify``: whether datasets are as they were written."""

from __future__ import annotations

from pathlib import Path

import click

from adf_core.cli.shared import count, output_folder, plain, session_options
from adf_core.engine.manifest import verify


@click.command("verify")
@click.argument("out", type=click.Path(path_type=Path))
@session_options
def command(out: Path) -> int:
    """Compare the datasets of an output folder (or a project's `out`) with its manifest.json.

    Says for each file whether it is as it was written; the exit status is 1 where one is not.
    """
    faults = 0
    for checked in verify(output_folder(out)):
        faults += bool(checked.fault)
        mark = click.style("changed", fg="red") if checked.fault else click.style("ok", fg="green")
        click.echo(plain(f"{checked.path}: ") + mark + (f", {checked.fault}" if checked.fault else ""))
    if faults:
        click.echo(f"{count(faults, 'file')} differ{'s' * (faults == 1)} from the manifest.", err=True)
    return int(bool(faults))
