"""``adf diagram``: a picture of a project's diagram."""

from __future__ import annotations

from pathlib import Path

import click

from adf_core.cli.shared import Session, project_argument, session_options
from adf_core.errors import UsageError
from adf_core.files import atomic_write
from adf_core.project import load
from adf_core.project.loader import DIAGRAM_FILE

ENDINGS = (".svg", ".png")


@click.command("diagram")
@project_argument
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="FILE", help="An .svg or .png file.")
@click.option("--browser", type=click.Path(path_type=Path), help="A Chromium, Chrome or Edge.")
@click.option("--mermaid", type=click.Path(path_type=Path), help="The npm package mermaid, or its mermaid.min.js.")
@session_options
@click.pass_obj
def command(session: Session, project: Path, target: Path | None, browser: Path | None, mermaid: Path | None) -> None:
    """Draw a project's diagram, by default into PROJECT/diagram.svg.

    The picture is mermaid's own, drawn in a Chromium without a window. Both must be installed.
    """
    from adf_core.report import draw, find_browser, find_mermaid, photograph, size_of

    target = target or project / "diagram.svg"
    if target.suffix.lower() not in ENDINGS:
        raise UsageError(f"--to {target}: a picture's name ends in {' or '.join(ENDINGS)}.")
    plugins = session.plugins(project)
    plugins.require_sound()
    loaded = load(project, plugins, strict=True)
    try:
        browser, mermaid = find_browser(browser), find_mermaid(mermaid)
    except UsageError as error:
        file = project / DIAGRAM_FILE
        what = file if file.is_file() else "the diagram's text"
        raise UsageError(f"{error} Any Mermaid viewer (GitHub, the Mermaid live editor) shows {what} too.") from error
    svg = draw(loaded.mermaid_text, mermaid=mermaid, browser=browser)
    if target.suffix.lower() == ".svg":
        with atomic_write(target) as output:
            output.write(svg)
    else:
        picture = photograph(svg, browser=browser)
        with atomic_write(target, binary=True) as output:
            output.write(picture)
    width, height = size_of(svg)
    click.echo(f"Wrote {target}: {width:,} × {height:,}, {target.stat().st_size:,} bytes.")
