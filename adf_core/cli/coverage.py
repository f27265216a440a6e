"""``adf coverage``: how much of the domain the accepted records were asked for, and speak of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adf_core.cli.shared import console, count, output_folder, plain, session_options
from adf_core.errors import UsageError
from adf_core.journal import FILE_NAME, JournalReader

if TYPE_CHECKING:
    from rich.table import Table

    from adf_core.scenarios import Coverage, Scenario
    from adf_core.scenarios.coverage import Share

WORST = 20
"""So many pairs of factors are shown unless all are asked for."""

USUAL_STRENGTH = 2
"""Of what is missing, unless another one is given: pairs."""

NAMES = {1: "values", 2: "pairs of values", 3: "triples of values"}

NOTHING_CLAIMED = (
    "With `strategy: single` no scenario is asked for, so no coverage is claimed. `scenarios: {strategy: pairwise}` "
    "in setup.yaml asks for every pair of values."
)


@click.command("coverage")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--all", "show_all", is_flag=True, help=f"Show all pairs of factors, not only the worst {WORST}.")
@click.option(
    "--missing", is_flag=True, help="List what was asked for in no accepted record, one choice of values a line."
)
@click.option(
    "--strength",
    type=click.IntRange(1, 4),
    metavar="N",
    help="With --missing: choices of values for N factors (default: 2, pairs).",
)
@click.option("--confirmed", is_flag=True, help="Count only values that a validator found in the text.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
def command(out: Path, show_all: bool, missing: bool, strength: int | None, confirmed: bool, as_json: bool) -> None:
    """Show the requested coverage of an output folder (or a project's `out`).

    It says what was asked for in accepted records: of all values, and of all pairs and triples of values of different
    factors, how many are in the scenario of some record. What the constraints rule out is not counted.

    Where a validator looked for the scenario in the text (`judge` does), confirmed coverage stands beside it: the same,
    of those values only that were found there.
    """
    if strength is not None and not missing:
        raise click.UsageError("`--strength` goes with `--missing`.")
    with JournalReader(output_folder(out) / FILE_NAME) as reader:
        space, states_scenarios, confirms = reader.space(), reader.states_scenarios(), reader.confirms()
        requested = reader.coverage_counts()
        found = reader.coverage_counts(confirmed=True) if confirms else None
    if space is None:
        raise UsageError(f"No scenarios were chosen in {out} yet; `adf run PROJECT` does.")
    if not states_scenarios:
        _claim_nothing(missing, as_json)
        return
    if confirmed and found is None:
        raise UsageError(
            "No validator has looked for the scenarios in the text of these records, so no coverage is confirmed; "
            "`judge` among the `validators` does."
        )
    from adf_core.scenarios import measure_coverage, missing_cells

    counts = found if confirmed and found is not None else requested
    if missing:
        chosen = strength or min(USUAL_STRENGTH, len(space.factors))
        _list_missing(missing_cells(space, counts, chosen), chosen, as_json)
        return
    coverage = measure_coverage(space, counts)
    beside = measure_coverage(space, found) if found is not None and not confirmed else None
    if as_json:
        document = {"kind": "confirmed" if confirmed else "requested", **coverage.to_dict()}
        click.echo(json.dumps(document | ({"confirmed": beside.to_dict()} if beside else {}), indent=2))
        return
    _show(coverage, beside, confirmed, None if show_all else WORST)


def _claim_nothing(missing: bool, as_json: bool) -> None:
    if as_json:
        click.echo("null" if missing else json.dumps({"kind": "none", "why": NOTHING_CLAIMED}, indent=2))
    else:
        click.echo(click.wrap_text(NOTHING_CLAIMED), err=missing)


def _list_missing(cells: Iterable[Scenario], strength: int, as_json: bool) -> None:
    """A cell a line; without JSON, a word on standard error where there is none."""
    found = False
    for cell in cells:
        if as_json:
            click.echo(f"{',' if found else '['}\n  {json.dumps(cell)}", nl=False)
        else:
            click.echo(_one_line(", ".join(f"{factor}={value}" for factor, value in cell.items())))
        found = True
    if as_json:
        click.echo("\n]" if found else "[]")
    elif not found:
        click.echo(f"Nothing is missing at strength {strength}.", err=True)


def _show(coverage: Coverage, beside: Coverage | None, confirmed: bool, most: int | None) -> None:
    """``beside`` is the confirmed coverage where both are shown."""
    screen = console(soft_wrap=False)
    records = count(coverage.records, "accepted record")
    if confirmed:
        screen.print(f"Confirmed coverage: what was asked for and found in the text of {records}.")
    elif beside is None:
        screen.print(
            f"Requested coverage: what was asked for in {records}. Whether their text speaks of it is not measured."
        )
    else:
        screen.print(f"Requested coverage: what was asked for in {records}. Confirmed: what was found in their text.")
    if coverage.forbidden:
        screen.print(f"{coverage.forbidden:,} of them cover nothing: their scenarios break the constraints of today.")
    both = () if beside is None else ("confirmed", "share")
    table = _table(("choices of",), ("covered" if beside is None else "requested", "share", *both))
    shares_beside = [each.share for each in beside.strengths] if beside else [None] * len(coverage.strengths)
    for each, found in zip(coverage.strengths, shares_beside, strict=True):
        if each.share:
            table.add_row(NAMES[each.strength], *_share(each.share), *(_share(found) if found else ()))
        else:
            screen.print(f"Not measured: {NAMES[each.strength]}, because there are {each.cells:,} of them.")
    screen.print(table)
    if coverage.pairs:
        table = _table(("factor", "and factor"), ("covered", "share"))
        for pair in coverage.pairs[:most]:
            table.add_row(*map(_one_line, pair.factors), *_share(pair.share))
        screen.print(table)
        left = len(coverage.pairs) - len(table.rows)
        if left:
            screen.print(f"{count(left, 'more pair')} of factors: `--all` shows them.")
    if coverage.directions:
        of_all = [NAMES[each.strength] for each in coverage.directions[0].strengths]
        table = _table(("direction",), ("records", *of_all))
        for direction in coverage.directions:
            shares = (_share(each.share)[1] if each.share else "" for each in direction.strengths)
            table.add_row(_one_line(direction.direction), f"{direction.records:,}", *shares)
        screen.print(table)
    short = {each.strength: each.share for each in coverage.strengths if each.share and each.share.ratio < 1}
    if short:
        strength = USUAL_STRENGTH if USUAL_STRENGTH in short else min(short)
        option = "" if strength == USUAL_STRENGTH else f" --strength {strength}"
        missing = f"{short[strength].possible - short[strength].covered:,}"
        what, flag = ("Not found", " --confirmed") if confirmed else ("Not asked for", "")
        screen.print(f"{what}: {missing} {NAMES[strength]}; `--missing{flag}{option}` lists them.")


def _table(words: Sequence[str], numbers: Sequence[str]) -> Table:
    """A table of columns of words, which may be folded, and then columns of numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for name in words:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _share(share: Share) -> tuple[str, str]:
    """Numbers, and the percentage rounded down, so that 100 % is all."""
    percent = 100 * share.covered // share.possible if share.possible else 100
    return f"{share.covered:,} of {share.possible:,}", f"{percent} %"


def _one_line(text: str) -> str:
    return plain(" ".join(text.splitlines()))
