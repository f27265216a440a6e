"""``adf stats``: what a run was like, in numbers."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adf_core.cli.shared import (
    Session,
    console,
    count,
    dollars,
    output_folder,
    overrides_of,
    plain,
    session_options,
    show_complaints,
)
from adf_core.errors import AdfError, Complaint, UsageError
from adf_core.journal import FILE_NAME, JournalReader, is_owned

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from adf_core.components import Provider
    from adf_core.journal.statistics import CallCount
    from adf_core.report.diversity import Diversity
    from adf_core.report.stats import Asked, Outcome, Reason, Scenarios, Spending, Spread, Statistics

WORST = 20
"""So many directions and values are shown unless all are asked for."""

WORST_SCENARIOS = 5

USUAL_SAMPLE = 1000
"""Records whose texts are compared: more change the measures little and take a second for every thousand."""

LONGEST_REASON = 160
"""Characters of a reason that are shown."""

EMBEDDED_AT_ONCE = 100
"""Texts; no provider's API takes fewer."""

NOTHING_ACCEPTED = "Nothing was accepted yet: there are no lengths, no diversity and no cost per record."


@click.command("stats")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--all", "show_all", is_flag=True, help=f"Show all directions and values, not only the worst {WORST}.")
@click.option(
    "--sample",
    type=click.IntRange(2),
    default=USUAL_SAMPLE,
    metavar="N",
    help=f"Measure diversity on so many records, chosen by chance (default: {USUAL_SAMPLE:,}).",
)
@click.option(
    "--embed",
    type=click.Path(path_type=Path),
    metavar="PROJECT",
    help="Ask this project's provider for embeddings of the sample, which may cost, and measure their distance.",
)
@click.option("--provider", metavar="NAME", help="With --embed: who is asked, in place of the setup's provider.")
@click.option(
    *("-o", "--option", "options"), multiple=True, metavar="KEY=VALUE", help="With --embed: an option of the provider."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
@click.pass_obj
def command(
    session: Session,
    out: Path,
    show_all: bool,
    sample: int,
    embed: Path | None,
    provider: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what was accepted in an output folder (or a project's `out`) and what was not, and why; what feedback
    brought; scores, lengths, diversity and cost.

    Nothing is asked of a provider without --embed. A run may go on meanwhile.
    """
    if embed is None and (provider or options):
        raise click.UsageError("`--provider` and `-o` go with `--embed`.")
    from adf_core.report.stats import gather, sample_texts

    folder = output_folder(out)
    with JournalReader(folder / FILE_NAME) as reader:
        texts = sample_texts(reader, sample)
        distance = _distance(session, texts, embed, provider, options) if embed else None
        statistics = gather(reader, texts, distance)
    if not statistics.ended.slots:
        raise UsageError(f"No conversation has ended in {folder} yet, so there is nothing to count.")
    if as_json:
        click.echo(json.dumps(statistics.to_dict(), indent=2))
        return
    _show(statistics, show_all)
    if is_owned(folder):
        click.echo("A run is going on here: these are the numbers of a moment.", err=True)


# --- embeddings ------------------------------------------------------------------------------------------------------


def _distance(
    session: Session, texts: Sequence[str], project: Path, name: str | None, options: tuple[str, ...]
) -> float | None:
    """The mean distance of the texts' embeddings; None where fewer than two have one."""
    from adf_core.components import Provider
    from adf_core.options import build
    from adf_core.plan.estimate import BYTES_A_TOKEN
    from adf_core.project import load
    from adf_core.report.diversity import mean_distance

    plugins = session.plugins(project)
    plugins.require_sound()
    setup = load(project, plugins, overrides_of(name, options, None, None, None)).setup
    kind = plugins.get(Provider, setup.provider.name)
    if kind.embed is Provider.embed:
        raise UsageError(f"The provider `{kind.name}` offers no embeddings; name another one with `--provider`.")
    said = [text for text in texts if text.strip()]
    if len(said) < 2:
        return None
    tokens = sum(len(text.encode("utf-8", "replace")) for text in said) // BYTES_A_TOKEN
    sentence = (
        f"{len(said):,} texts, about {tokens:,} tokens, go to the provider `{kind.name}` for embeddings. What it "
        "charges for them stands in no journal and counts for no budget."
    )
    show_complaints("note", (Complaint(sentence),))
    distance = mean_distance(asyncio.run(_embeddings(build(kind, setup.provider.options), said)))
    if math.isnan(distance):
        raise AdfError(f"The provider `{kind.name}` sent a vector of zeros, which has no distance to others.")
    return distance


async def _embeddings(provider: Provider, texts: Sequence[str]) -> list[list[float]]:
    vectors: list[list[float]] = []
    async with provider:
        for start in range(0, len(texts), EMBEDDED_AT_ONCE):
            vectors += await provider.embed(texts[start : start + EMBEDDED_AT_ONCE])
    return vectors


# --- showing ----------------------------------------------------------------------------------------------------------


def _show(statistics: Statistics, show_all: bool) -> None:
    screen = console(soft_wrap=False)
    ended = statistics.ended
    screen.print(
        f"{count(ended.slots, 'conversation')} ended: {ended.accepted:,} accepted "
        f"({percent(ended.accepted, ended.slots)}), {ended.rejected:,} rejected, {ended.failed:,} failed."
    )
    _show_validators(screen, statistics)
    _show_feedback(screen, statistics)
    _show_outcomes(screen, "stage", statistics.stages, None)
    worst_first = dict(sorted(statistics.directions.items(), key=lambda each: each[1].share or 0))
    _show_outcomes(screen, "direction", worst_first, None if show_all else WORST)
    _show_scenarios(screen, statistics.scenarios, show_all)
    _show_spreads(screen, statistics)
    if statistics.diversity:
        _show_diversity(screen, statistics.diversity)
    else:
        screen.print(NOTHING_ACCEPTED)
    _show_spending(screen, statistics.spending)


def _show_validators(screen: Console, statistics: Statistics) -> None:
    if statistics.validators:
        table = _table(("validator",), ("judged", "accepted", "revised", "rejected", "share"))
        for each in statistics.validators:
            numbers = (each.judged, each.accepted, each.revised, each.rejected)
            share = percent(each.accepted + each.revised, each.judged)
            table.add_row(_one_line(each.name), *(f"{number:,}" for number in numbers), share)
        screen.print(table)
    refusals = [(each.name, each.reasons) for each in statistics.validators if each.reasons]
    _show_reasons(screen, "rejected by", refusals)
    _show_reasons(screen, "failed by", [(each.by, each.reasons) for each in statistics.failures])


def _show_reasons(screen: Console, who: str, said: Iterable[tuple[str, Sequence[Reason]]]) -> None:
    table = _table((who,), ("times",), ("for example",))
    for name, reasons in said:
        for number, reason in enumerate(reasons):
            example = _one_line(reason.example)
            short = example if len(example) <= LONGEST_REASON else f"{example[: LONGEST_REASON - 1]}…"
            table.add_row("" if number else _one_line(name), f"{reason.count:,}", short)
    if table.rows:
        screen.print(table)


def _show_feedback(screen: Console, statistics: Statistics) -> None:
    attempts = ", ".join(f"{records:,} at attempt {attempt}" for attempt, records in statistics.attempts.items())
    if attempts:
        screen.print(f"Accepted: {attempts}.")
    feedback = statistics.feedback
    if feedback.refused:
        screen.print(
            f"Saved by feedback: {feedback.saved:,} of {count(feedback.refused, 'conversation')} that had an answer "
            f"rejected ({percent(feedback.saved, feedback.refused)}); they are "
            f"{percent(feedback.saved, feedback.records) or '0 %'} of all that were accepted."
        )


def _show_outcomes(screen: Console, kind: str, outcomes: Mapping[str, Outcome], most: int | None) -> None:
    table = _table((kind,), ("ended", "accepted", "rejected", "failed", "share"))
    for name, each in islice(outcomes.items(), most):
        numbers = (each.slots, each.accepted, each.rejected, each.failed)
        table.add_row(_one_line(name), *(f"{number:,}" for number in numbers), percent(each.accepted, each.slots))
    screen.print(table)
    _show_left(screen, len(outcomes) - len(table.rows), kind)


def _show_scenarios(screen: Console, scenarios: Scenarios, show_all: bool) -> None:
    rows = [(factor, value, asked) for factor, values in scenarios.values.items() for value, asked in values.items()]
    if not rows:
        return
    confirms = scenarios.confirmed_share is not None
    table = _table(("factor", "value"), ("ended", "accepted", "share", *(["confirmed"] if confirms else [])))
    worst_first = sorted(rows, key=lambda row: row[2].share or 0)
    for factor, value, asked in worst_first[: None if show_all else WORST]:
        confirmed = [] if asked.confirmed is None else [percent(asked.confirmed, asked.accepted)]
        table.add_row(_one_line(factor), _one_line(value), *_numbers(asked), *confirmed)
    screen.print(table)
    _show_left(screen, len(rows) - len(table.rows), "value")
    if scenarios.confirmed_share is not None:
        screen.print(
            f"Confirmed: {scenarios.confirmed_share:.1%} of the values that accepted records were asked for were found "
            "in their text."
        )
    table = _table(("worst scenarios",), ("ended", "accepted", "share"))
    for scenario, asked in scenarios.worst[: None if show_all else WORST_SCENARIOS]:
        text = ", ".join(f"{factor}={value}" for factor, value in scenario.items())
        table.add_row(_one_line(text), *_numbers(asked))
    if table.rows:
        screen.print(table)


def _show_spreads(screen: Console, statistics: Statistics) -> None:
    judged = ["judged"] if statistics.scores else []
    table = _table(("of a record",), ("mean", "min", "q1", "median", "q3", "max", *judged))
    rows: list[tuple[str, Spread | None, Sequence[str]]] = [
        ("turns", statistics.turns, ()),
        (statistics.unit, statistics.length, ()),
        *((name, score.spread, (_short(score.judged_mean),)) for name, score in statistics.scores.items()),
    ]
    for name, spread, more in rows:
        if spread:
            numbers = (spread.mean, spread.min, spread.q1, spread.median, spread.q3, spread.max)
            table.add_row(_one_line(name), *map(_short, numbers), *more)
    if table.rows:
        screen.print(table)


def _show_diversity(screen: Console, diversity: Diversity) -> None:
    table = _table((f"diversity of {count(diversity.texts, 'record')}",), ("", "more varied is"))
    rows: list[tuple[str, float | None, str]] = [
        *((f"distinct-{n}", value, "higher") for n, value in enumerate(diversity.distinct, 1)),
        ("compression ratio", diversity.compression, "lower"),
        ("self-BLEU", diversity.self_bleu, "lower"),
        ("mean embedding distance", diversity.embedding_distance, "higher"),
    ]
    table.add_row("words", f"{diversity.words:,}", "")
    table.add_row("different texts", f"{diversity.different:,}", "higher")
    for name, value, better in rows:
        if value is not None:
            table.add_row(name, f"{value:.3f}", better)
    screen.print(table)


def _show_spending(screen: Console, spending: Spending) -> None:
    table = _table(("asked for",), ("answers", "tokens in", "tokens out", "cost", "a record"))

    def add(name: str, calls: CallCount) -> None:
        numbers = (calls.answers, calls.input_tokens, calls.output_tokens)
        unknown = calls.unpriced > 0
        cost = "unknown" if unknown else dollars(calls.cost_usd)
        each = spending.a_record(calls)
        a_record = "" if each is None else "free" if each == 0 else f"${each:.6f}"
        table.add_row(_one_line(name), *(f"{number:,}" for number in numbers), cost, a_record)

    for calls in spending.calls:
        add(calls.purpose or "generation", calls)
    if len(spending.calls) > 1:
        add("all", spending.total)
    screen.print(table)
    total = spending.total
    if total.unpriced:
        known = total.answers - total.refused - total.unpriced
        others = f"; that of the others is {dollars(total.cost_usd)}" if known and total.cost_usd else ""
        screen.print(f"The cost of {count(total.unpriced, 'answer')} is unknown{others}.")


def _show_left(screen: Console, left: int, noun: str) -> None:
    if left:
        screen.print(f"{count(left, f'more {noun}')}: `--all` shows them.")


def percent(part: int, whole: int) -> str:
    """A share in percent, rounded down, so that 100 % is all.

    >>> percent(1, 3), percent(999_999, 1_000_000), percent(0, 0)
    ('33.3 %', '99.9 %', '')
    """
    return f"{1000 * part // whole / 10:.1f} %" if whole else ""


def _short(number: float) -> str:
    """A number with as many digits as tell something."""
    return f"{number:,.0f}" if float(number).is_integer() or abs(number) >= 1000 else f"{number:,.2f}"


def _numbers(asked: Asked) -> tuple[str, str, str]:
    return f"{asked.slots:,}", f"{asked.accepted:,}", percent(asked.accepted, asked.slots)


def _table(words: Sequence[str], numbers: Sequence[str], last: Sequence[str] = ()) -> Table:
    """A table of columns of words, which may be folded, columns of numbers, and again words."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for name in words:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in last:
        table.add_column(name, overflow="fold")
    return table


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))
