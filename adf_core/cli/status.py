"""``adf status``: what an output folder holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from adf_core.cli.shared import count, dollars, output_folder, plain, session_options
from adf_core.journal import FILE_NAME, JournalReader, is_owned
from adf_core.journal.statistics import feedback_counts


@click.command("status")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
def command(out: Path, as_json: bool) -> None:
    """Show what an output folder (or a project's `out`) holds: every planned conversation is in exactly one state."""
    out = output_folder(out)
    with JournalReader(out / FILE_NAME) as reader:
        state, reasons = reader.state(), reader.reasons()
        refused, _, saved = feedback_counts(reader)
    if as_json:
        rows = [dict(zip(("state", "judge", "reason", "count"), row, strict=True)) for row in reasons]
        feedback = {"refused": refused, "saved": saved}
        click.echo(json.dumps({**asdict(state), "feedback": feedback, "reasons": rows}, indent=2))
        return
    ended = state.ended
    if ended == "running" and not is_owned(out):
        ended = "ended without a word (killed?); `adf run` goes on"
    click.echo(f"{state.project} with {state.provider} {state.model}: {ended}")
    for name in ("accepted", "surplus", "rejected", "failed", "unspent"):
        click.echo(f"  {getattr(state, name):>9,} {name}")
    click.echo(f"  {state.planned:>9,} planned so far")
    cost = None if state.unpriced else state.cost_usd
    tokens = f"{state.input_tokens:,} tokens in, {state.output_tokens:,} out"
    click.echo(f"{count(state.answers, 'answer')}, {tokens}, {dollars(cost)}")
    if refused:
        click.echo(f"saved by feedback: {saved:,} of {count(refused, 'conversation')} that had an answer rejected")
    for name, judge, reason, number in reasons:
        last = reason.strip().splitlines()[-1] if reason.strip() else ""
        click.echo(f"  {number:,} {name} by {judge}: {plain(last)}")
