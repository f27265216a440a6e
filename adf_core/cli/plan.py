"""``adf plan``: how much a run would ask for, before anything is sent."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from adf_core.cli.shared import (
    Session,
    count,
    dollars,
    generation_options,
    overrides_of,
    plain,
    project_argument,
    session_options,
    show_complaints,
)
from adf_core.components import Price, Provider, Validator
from adf_core.conversation import Record, Turn
from adf_core.options import build, named_providers
from adf_core.plan import Judging, Plan, Prompter, Sampling, Slot, Step, coverage_steps, estimate, installed_directions
from adf_core.plugins import Plugins
from adf_core.project import load
from adf_core.scenarios import Choice, Space, choose, product_size


@click.command("plan")
@project_argument
@generation_options
@click.option("--show-prompt", type=click.IntRange(1), metavar="N", help="Print the exact text of the first N prompts.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@session_options
@click.pass_obj
def command(
    session: Session,
    project: Path,
    provider: str | None,
    options: tuple[str, ...],
    type_: str | None,
    s_factor: int | None,
    d_factor: int | None,
    show_prompt: int | None,
    as_json: bool,
) -> None:
    """Say how many conversations, calls, tokens and dollars a run would take. Nothing is sent."""
    plugins = session.plugins(project)
    plugins.require_sound()
    loaded = load(project, plugins, overrides_of(provider, options, type_, s_factor, d_factor))
    setup = loaded.setup
    asked = build(plugins.get(Provider, setup.provider.name), setup.provider.options)
    directions = installed_directions(loaded, plugins)
    plan = Plan(setup, choose(loaded.space, setup.choice), directions)
    sampling = Sampling.of(asked, setup)
    prompter = Prompter(loaded, directions, sampling)
    validators = [build(plugins.get(Validator, each.name), each.options) for each in setup.validators]
    judging = [Judging(each.questions(), _price(each, asked, plugins)) for each in validators if each.questions()]
    numbers = estimate(plan, prompter, sampling, asked.price(), judging)
    prompts = [
        {
            "slot": slot.key,
            "stage": slot.stage,
            "direction": slot.direction,
            "stand_in": bool(slot.shown),
            "prompt": prompter.request(slot).prompt,
        }
        for slot in itertools.islice(_slots(plan, setup.category), show_prompt or 0)
    ]
    calls_in_all = min(setup.budget.requests or numbers.calls, numbers.calls)
    steps = coverage_steps(loaded.space, plan, calls_in_all)
    if as_json:
        document = {
            **{"provider": asked.name, "model": asked.model, **numbers.to_dict(), "prompts": prompts},
            **{
                "scenarios": len(plan.scenarios),
                "space": loaded.space.to_dict(),
                "coverage": [asdict(step) for step in steps],
            },
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    show_complaints("warning", loaded.warnings)
    show_complaints("note", loaded.notices)
    most = "no bound, as `generation.turns.max` is not set"
    if numbers.most_derivations is not None:
        most = f"at most {numbers.most_derivations:,}"
    calls = f"{numbers.calls:,}, one for each conversation"
    if numbers.most_calls is not None:
        calls += f"; at most {numbers.most_calls:,} with {setup.generation.attempts} attempts each"
    if numbers.judging_calls:
        calls += f"; about {numbers.judging_calls:,} more of validators"
    turns = "" if setup.type == "instruct" else f" at {numbers.assumed_turns} turns a conversation"
    if setup.choice.strategy != "single":
        _show_space(loaded.space, setup.choice, len(plan.scenarios))
    rows = [
        ("provider", f"{asked.name} {asked.model}".strip()),
        ("seeds", f"{numbers.seeds:,}"),
        ("derivations", f"about {numbers.derivations:,}{turns} ({most})"),
        ("", f"= {numbers.formula}"),
        ("calls", f"about {calls}"),
        ("tokens", f"about {numbers.input_tokens:,} in, {numbers.output_tokens:,} out"),
        *([("target", f"{setup.generation.target:,} records in all")] if setup.generation.target else []),
        ("cost", dollars(numbers.usd) if numbers.usd in (None, 0) else f"about {dollars(numbers.usd)}"),
    ]
    for name, text in rows:
        click.echo(f"{name:<12} {text}")
    if steps:
        _show_steps(steps)
    for prompt in prompts:
        note = ", after a stand-in conversation" if prompt["stand_in"] else ""
        click.echo(f"\n=== {prompt['stage']} {prompt['slot']}, direction {prompt['direction']}{note} ===")
        click.echo(prompt["prompt"])


def _price(validator: Validator, asked: Provider, plugins: Plugins) -> Price | None:
    """What a token costs of the provider that a validator asks: the run's own, or the one its options name."""
    for given in named_providers([validator]):
        choice = {"name": given} if isinstance(given, str) else dict(given)
        if choice != {"name": asked.name}:
            return build(plugins.get(Provider, choice.pop("name")), choice).price()
    return asked.price()


def _show_space(space: Space, choice: Choice, scenarios: int) -> None:
    for factor in space.factors:
        values = " | ".join(value.text for value in factor.values)
        click.echo(f"{plain(factor.name)}: {plain(values)}")
    for constraint in space.constraints:
        click.echo(plain(str(constraint)))
    strategy = f"covering, strength {choice.strength}" if choice.strategy == "covering" else choice.strategy
    product = f"{count(len(space.factors), 'factor')} have {count(product_size(space), 'combination')}"
    click.echo(f"\n{'scenarios':<12} {scenarios:,} ({strategy}); the {product} in all")


def _show_steps(steps: Sequence[Step]) -> None:
    click.echo("\nrequested coverage, if every seed is accepted at once:")
    strengths = sorted(steps[0].coverage)
    words = {1: "values", 2: "pairs", 3: "triples"}
    click.echo("".join(f"{head:>12}" for head in ("budget", "calls", *(words[strength] for strength in strengths))))
    for step in steps:
        shares = (f"{step.coverage[strength]:.1%}" for strength in strengths)
        click.echo("".join(f"{cell:>12}" for cell in (f"{step.share:.0%}", f"{step.calls:,}", *shares)))


def _slots(plan: Plan, category: str) -> itertools.chain[Slot]:
    """The seeds, then derivations of a stand-in: what they will continue is not known before the seeds are there."""
    first = next(plan.seeds())
    stand_in = Record(
        key=first.key,
        stage="seed",
        type=first.type,
        category=category,
        direction=first.direction,
        seed=first.key,
        turns=(Turn("(what the user said)", "(what the assistant answered)"),),
        provider="",
        model="",
    )
    return itertools.chain(plan.seeds(), plan.derivations(stand_in, first.place))
