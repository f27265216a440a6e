"""``adf init``: a starter project."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from adf_core.cli.shared import session_options
from adf_core.errors import UsageError

FILES = ("setup.yaml", "diagram.mermaid")


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@session_options
def command(folder: Path) -> None:
    """Make a starter project in DIR: a setup and a diagram with comments, which run as they are."""
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise UsageError(f"{folder / taken[0]} exists already; nothing was written.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = resources.files("adf_core.cli").joinpath("starter", name).read_text("utf-8")
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}.") from error
    click.echo(f"Made {folder / FILES[0]} and {folder / FILES[1]}. Edit them, then:")
    for line in (f"  adf check {folder}", f"  adf plan {folder}", f"  adf run {folder}"):
        click.echo(line)
