"""How much a plan will ask for, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adf_core.components import Price
from adf_core.plan.plan import Plan
from adf_core.plan.requests import Prompter, Sampling

ASSUMED_TURNS = 4  # of a conversation nobody has seen yet; the first implementation's samples have 1 to 7
BYTES_A_TOKEN = 4  # English text in the usual tokenizers
TOKENS_A_TURN = 150  # a question and an answer of a short paragraph each
JUDGE_PROMPT_TOKENS = 300  # what is asked about an answer, beside the answer
JUDGEMENT_TOKENS = 100  # a few scores with a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Numbers of a plan. ``seeds`` is exact; ``derivations`` and all that follows assumes ``assumed_turns`` a
    conversation.

    ``calls`` are for answers, ``judging_calls`` what validators ask about them. ``most_derivations`` and
    ``most_calls`` are bounds, None where ``turns.max`` sets none. Tokens and US dollars
    assume one answer for each slot, up to the target; ``usd`` is None where the price is unknown.
    """

    seeds: int
    formula: str
    assumed_turns: int
    derivations: int
    most_derivations: int | None
    calls: int
    most_calls: int | None
    judging_calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judging:
    """A validator that asks: how many requests for one answer, and what a token of its model costs."""

    questions: int
    price: Price | None


def estimate(
    plan: Plan, prompter: Prompter, sampling: Sampling, price: Price | None, judging: Sequence[Judging] = ()
) -> Estimate:
    """What ``plan`` asks for, in slots, calls, tokens and money."""
    generation = plan.setup.generation
    instruct = plan.setup.type == "instruct"
    turns = 1 if instruct else max(generation.min_turns, min(ASSUMED_TURNS, generation.max_turns or ASSUMED_TURNS))
    derivations = round(_derivations(plan, turns, plan.branching.expected))
    bounded = 1 if instruct else generation.max_turns
    most = math.ceil(_derivations(plan, bounded, plan.branching.most)) if bounded else None
    calls = min(plan.seed_count + derivations, generation.target or plan.seed_count + derivations)
    answer = min(sampling.max_tokens, turns * TOKENS_A_TURN)
    first = next(plan.seeds())
    prompt = len(prompter.request(first).prompt.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN
    shown = turns * TOKENS_A_TURN if instruct else (turns + 1) * TOKENS_A_TURN // 2
    shown_in_all = max(0, calls - plan.seed_count) * shown
    tokens = [(calls * prompt + shown_in_all, calls * answer, price)]
    for each in judging:
        asked = each.questions * (calls * (JUDGE_PROMPT_TOKENS + answer) + shown_in_all)
        tokens.append((asked, each.questions * calls * JUDGEMENT_TOKENS, each.price))
    return Estimate(
        seeds=plan.seed_count,
        formula=_formula(plan),
        assumed_turns=turns,
        derivations=derivations,
        most_derivations=most,
        calls=calls,
        most_calls=None if most is None else (plan.seed_count + most) * generation.attempts,
        judging_calls=calls * sum(each.questions for each in judging),
        input_tokens=sum(tokens_in for tokens_in, _, _ in tokens),
        output_tokens=sum(tokens_out for _, tokens_out, _ in tokens),
        usd=_usd(tokens),
    )


def _usd(tokens: Sequence[tuple[int, int, Price | None]]) -> float | None:
    """What tokens in and out cost in all, None where a price is unknown."""
    usd = 0.0
    for tokens_in, tokens_out, price in tokens:
        if price is None:
            return None
        usd += tokens_in * price.input_usd + tokens_out * price.output_usd
    return usd


def _derivations(plan: Plan, turns: int, of_one: Callable[[int, int], float]) -> float:
    """All derivations, of all rounds, where each answer has ``turns`` turns: later rounds grow from longer
    conversations. ``of_one`` are those of a record with so many turns in this round.
    """
    generation = plan.setup.generation
    level: dict[int, float] = {turns: plan.seed_count}
    total = 0.0
    for round_ in range(generation.rounds):
        following: dict[int, float] = {}
        for length, count in level.items():
            prefixes = plan.branching.prefixes(length)
            for prefix in range(1, prefixes + 1):
                longer = turns if plan.setup.type == "instruct" else prefix + turns
                following[longer] = following.get(longer, 0) + count * of_one(length, round_) / prefixes
        made = sum(following.values())
        kept = made if generation.limit is None else min(made, generation.limit)
        level = {length: count * kept / made for length, count in following.items()} if made else {}
        total += kept
    return total


def _formula(plan: Plan) -> str:
    setup, generation = plan.setup, plan.setup.generation
    weights = [setup.weights.get(name, 1.0) for name in setup.derivational_directions]
    directions = f"{len(weights)} directions" if set(weights) <= {1.0} else f"{sum(weights):g} (weights of directions)"
    what = "seeds" if setup.type == "instruct" else "turns of all seeds"
    formula = f"{what} × {directions} × {generation.d_factor} (d_factor)"
    if generation.rounds != 1:
        formula += f", in {generation.rounds} rounds"
    if generation.per_parent is not None:
        formula += f"; at most {generation.per_parent} of one conversation"
    if generation.limit is not None:
        formula += f"; at most {generation.limit:,} in a round"
    return formula
