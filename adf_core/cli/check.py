"""``adf check``: is the project in order, and what does its diagram say."""

from __future__ import annotations

import json
from pathlib import Path

import click

from adf_core.cli.shared import Session, console, count, plain, project_argument, session_options, show_complaints
from adf_core.diagram import Diagram
from adf_core.project import load

HOW_MANY = {
    "zero_or_one": "zero or one",
    "one_or_more": "one or more",
    "zero_or_more": "any number of",
    "only_one": "one",
    "parent": "a parent",
}


@click.command("check")
@project_argument
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
@click.pass_obj
def command(session: Session, project: Path, as_json: bool) -> None:
    """Check a project and show its diagram as understood. Nothing is sent."""
    plugins = session.plugins(project)
    plugins.require_sound()
    loaded = load(project, plugins, strict=True)
    diagram = loaded.diagram
    if as_json:
        document = {
            "project": str(project),
            "category": loaded.setup.category,
            "diagram": diagram.to_dict() if diagram else None,
            "warnings": [str(warning) for warning in loaded.warnings],
            "notices": [str(notice) for notice in loaded.notices],
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    show_complaints("warning", loaded.warnings)
    show_complaints("note", loaded.notices)
    if diagram is not None:
        _show(diagram)
    setup = loaded.setup
    click.echo(
        f"{click.style('in order:', fg='green', bold=True)} {setup.category}, {setup.type}, "
        f"{count(len(setup.seed_directions), 'seed direction')}, "
        f"{count(len(setup.derivational_directions), 'derivational direction')}, provider {setup.provider.name}"
    )


def _show(diagram: Diagram) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table("entity", "attribute", "type", "keys", "comment", box=box.SIMPLE_HEAD, pad_edge=False)
    for entity in diagram.entities:
        name = Text(plain(entity.name if entity.alias is None else f"{entity.name} ({entity.alias})"), style="bold")
        rows = [
            (attribute.name, attribute.type, ", ".join(attribute.keys), attribute.comment or "")
            for attribute in entity.attributes
        ]
        for index, row in enumerate(rows or [("", "", "", "")]):
            table.add_row(name if index == 0 else "", *(Text(plain(cell)) for cell in row))
    out = console()
    out.print(table)
    for relationship in diagram.relationships:
        left, right = HOW_MANY[relationship.left_cardinality], HOW_MANY[relationship.right_cardinality]
        label = relationship.label or "is related to"
        out.print(plain(f"{left} {relationship.left} — {label} — {right} {relationship.right}"))
        for comment in relationship.comments:
            out.print(plain(f"    {comment.text}"))
    for comment in diagram.comments:
        out.print(plain(f"{comment.text}"))
