"""``adf check``: is the project in order, and what does its diagram mean."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adf_core.cli.shared import Session, console, count, plain, project_argument, session_options, show_complaints
from adf_core.diagram import Diagram, Fact, Factor, Free, Meaning, Note, Reading, Value
from adf_core.project import load

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


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
    diagram, meaning = loaded.diagram, loaded.meaning
    assert diagram is not None and meaning is not None, "a project that is loaded strictly has both"
    if as_json:
        document = {
            "project": str(project),
            "category": loaded.setup.category,
            "diagram": diagram.to_dict(),
            "meaning": meaning.to_dict(),
            "warnings": [str(warning) for warning in loaded.warnings],
            "notices": [str(notice) for notice in loaded.notices],
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    _show(diagram, meaning)
    show_complaints("warning", loaded.warnings)
    show_complaints("note", loaded.notices)
    setup = loaded.setup
    click.echo(
        f"{click.style('in order:', fg='green', bold=True)} {setup.category}, {setup.type}, "
        f"{count(len(setup.seed_directions), 'seed direction')}, "
        f"{count(len(setup.derivational_directions), 'derivational direction')}, provider {setup.provider.name}"
    )


def _show(diagram: Diagram, meaning: Meaning) -> None:
    from rich.text import Text

    out = console(soft_wrap=False)
    aliases = {entity.name: entity.alias for entity in diagram.entities}
    entities = _table("entity", "attribute")
    for subject in meaning.entities:
        alias = aliases[subject.name]
        title = subject.name if alias is None else f"{subject.name} ({alias})"
        rows = [_row(reading, subject.name) for reading in subject.readings] or [("", "", Text(""))]
        for index, row in enumerate(rows):
            entities.add_row(Text(plain(title) if index == 0 else "", style="bold"), *row)
    out.print(entities)
    for relationship in meaning.relationships:
        out.print(Text(plain(relationship.words), style="bold"))
        if relationship.readings:
            readings = _table("", "")
            for reading in relationship.readings:
                readings.add_row("", *_row(reading))
            out.print(readings)
    for note in meaning.notes:
        out.print(plain(note.text))
    out.print(
        f"\n{count(len(meaning.entities), 'entity', 'entities')}, {count(len(meaning.relationships), 'relationship')}; "
        f"{count(len(meaning.facts), 'fact')}; {count(len(meaning.factors), 'factor')} with "
        f"{count(prod(len(factor.values) for factor in meaning.factors), 'combination')} of values"
    )


def _table(*names: str) -> Table:
    from rich import box
    from rich.table import Table

    headed = any(names)
    table = Table(box=box.SIMPLE_HEAD if headed else None, pad_edge=False, show_header=headed, padding=(0, 2, 0, 0))
    for name in (*names, "is", "values"):
        table.add_column(name, overflow="fold")
    return table


def _row(reading: Reading, subject: str = "") -> tuple[str, str, Text]:
    """The name of a reading (inside its subject), its kind and what it says."""
    from rich.text import Text

    match reading:
        case Fact():
            kind, said, more = "fact", reading.value, ""
        case Factor():
            kind, said, more = "factor", " | ".join(map(_value, reading.values)), reading.description
        case Free():
            kind, said, more = "free", reading.type, reading.description
        case Note():
            return "", "note", Text(plain(reading.text))
    name = reading.name.removeprefix(f"{subject}.") if subject else reading.name
    return plain(name), kind, Text.assemble(plain(said), (f"  {plain(more)}" if more else "", "dim"))


def _value(value: Value) -> str:
    return value.text if value.weight == 1 else f"{value.text}:{value.weight:g}"
