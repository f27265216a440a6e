"""How much a plan will ask for, before anything is sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from adf_core.components import Price
from adf_core.plan.plan import Plan
from adf_core.plan.requests import Prompter, Sampling

ASSUMED_TURNS = 4  # of a conversation nobody has seen yet; the first implementation's samples have 1 to 7
BYTES_A_TOKEN = 4  # English text in the usual tokenizers
TOKENS_A_TURN = 150  # a question and an answer of a short paragraph each


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Numbers of a plan. ``seeds`` is exact; ``derivations`` and all that follows assumes ``assumed_turns`` a
    conversation.

    ``most_derivations`` and ``most_calls`` are bounds, None where ``turns.max`` sets none. Tokens and US dollars
    assume one answer for each slot, up to the target; ``usd`` is None where the price is unknown.
    """

    seeds: int
    formula: str
    assumed_turns: int
    derivations: int
    most_derivations: int | None
    calls: int
    most_calls: int | None
    input_tokens: int
    output_tokens: int
    usd: float | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def estimate(plan: Plan, prompter: Prompter, sampling: Sampling, price: Price | None) -> Estimate:
    """What ``plan`` asks for, in slots, calls, tokens and money."""
    generation = plan.setup.generation
    instruct = plan.setup.type == "instruct"
    turns = 1 if instruct else max(generation.min_turns, min(ASSUMED_TURNS, generation.max_turns or ASSUMED_TURNS))
    derivations = _derivations(plan, turns)
    bounded = 1 if instruct else generation.max_turns
    most = _derivations(plan, bounded) if bounded else None
    calls = min(plan.seed_count + derivations, generation.target or plan.seed_count + derivations)
    answer = min(sampling.max_tokens, turns * TOKENS_A_TURN)
    first = next(plan.seeds())
    prompt = len(prompter.request(first).prompt.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN
    shown = turns * TOKENS_A_TURN if instruct else (turns + 1) * TOKENS_A_TURN // 2
    input_tokens = calls * prompt + max(0, calls - plan.seed_count) * shown
    output_tokens = calls * answer
    return Estimate(
        seeds=plan.seed_count,
        formula=_formula(plan),
        assumed_turns=turns,
        derivations=derivations,
        most_derivations=most,
        calls=calls,
        most_calls=None if most is None else (plan.seed_count + most) * generation.attempts,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        usd=None if price is None else input_tokens * price.input_usd + output_tokens * price.output_usd,
    )


def _derivations(plan: Plan, turns: int) -> int:
    """All derivations, of all rounds, where each answer has ``turns`` turns: later rounds grow from longer
    conversations.
    """
    level = {turns: plan.seed_count}
    total = 0
    for round_ in range(plan.setup.generation.rounds):
        following: dict[int, int] = {}
        for length, count in level.items():
            each = plan.derivation_count(length, round_)
            total += count * each
            prefixes = 1 if plan.setup.type == "instruct" else length
            for prefix in range(1, prefixes + 1):
                longer = turns if plan.setup.type == "instruct" else prefix + turns
                following[longer] = following.get(longer, 0) + count * each // prefixes
        level = following
    return total


def _formula(plan: Plan) -> str:
    directions, factor = len(plan.setup.derivational_directions), plan.setup.generation.d_factor
    if plan.setup.type == "instruct":
        return f"seeds × {directions} directions × {factor} (d_factor)"
    return f"turns of all seeds × {directions} directions × {factor} (d_factor)"
