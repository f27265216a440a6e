"""``adf rescue``: a damaged journal's answers, saved into a new one."""

from __future__ import annotations

from pathlib import Path

import click

from adf_core.cli.shared import count, output_folder, session_options
from adf_core.journal import rescue


@click.command("rescue")
@click.argument("out", type=click.Path(path_type=Path))
@session_options
def command(out: Path) -> None:
    """Copy what can be read of a damaged journal in OUT (or a project's `out`) into a new one.

    The damaged file is kept under a dated name. The next `adf run` judges the saved answers again and asks for what is
    lost only.
    """
    saved = rescue(output_folder(out))
    click.echo(
        f"{count(saved.answers, 'answer')} saved, {saved.lost:,} lost. The damaged journal is now {saved.aside}."
    )
    click.echo("`adf run PROJECT` goes on: it judges what was saved and asks for the rest.")
