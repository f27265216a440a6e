"""From what the judges said to a verdict.

Several votes of one model are what Wang et al. 2022 (arXiv:2203.11171) call self-consistency. That scores are pooled by
their mean and choices by majority is how the juries of Verga et al. 2024 (arXiv:2404.18796) do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adf_core import Verdict
from adf_judge.answers import Judgement
from adf_judge.rubric import SCALE, Rubric

_MOST_REASONS = 2
"""So many judges' reasons are told to the model in the next attempt."""


def accepts(judgement: Judgement, threshold: int) -> bool:
    """Whether one judge is content: each score is ``threshold`` at least, and no value is contradicted.

    Not the mean of the scores: a fluent text would make up for an unsafe one.
    """
    return min(judgement.scores.values()) >= threshold and "contradicted" not in judgement.findings.values()


def decide(
    judgements: Sequence[Judgement], agreement: int, threshold: int, rubric: Rubric, scenario: Mapping[str, str]
) -> Verdict | None:
    """What ``agreement`` judges decide by majority, of which those that gave ``judgements`` could be read; None where
    the others might have turned it. A tie is no majority, so it is a rejection.

    Scores are means over judges, and ``overall`` is the mean over criteria. A factor is confirmed where a majority
    found its value.
    """
    content = sum(accepts(each, threshold) for each in judgements)
    silent = agreement - len(judgements)
    if content * 2 > agreement:
        found = [factor for factor in scenario if _count(judgements, factor, "found") * 2 > agreement]
        return Verdict.accept(_means(judgements, rubric), found if scenario else None)
    if (content + silent) * 2 > agreement:
        return None
    feedback = "; ".join(_faults(judgements, threshold, rubric, scenario))
    if reasons := [each.reason for each in judgements if not accepts(each, threshold) and each.reason][:_MOST_REASONS]:
        feedback += f". In the words of the judge: {' / '.join(reasons)}"
    reason = "; ".join(_faults(judgements, threshold, dict.fromkeys(rubric, ""), scenario))
    return Verdict.reject(reason, feedback, _means(judgements, rubric))


def _means(judgements: Sequence[Judgement], rubric: Rubric) -> dict[str, float]:
    means = {name: sum(each.scores[name] for each in judgements) / len(judgements) for name in rubric}
    overall = sum(means.values()) / len(means)
    return {name: round(mean, 2) for name, mean in {"overall": overall, **means}.items()}


def _count(judgements: Sequence[Judgement], factor: str, finding: str) -> int:
    return sum(each.findings[factor] == finding for each in judgements)


def _faults(
    judgements: Sequence[Judgement], threshold: int, rubric: Rubric, scenario: Mapping[str, str]
) -> Iterator[str]:
    """What at least one judge found wanting; more than one judge's scores stand beside each other."""
    low = []
    for name, text in rubric.items():
        scores = [each.scores[name] for each in judgements]
        if min(scores) < threshold:
            low.append(f"{name} {'/'.join(map(str, scores))}{f' ({text})' if text else ''}")
    if low:
        yield f"scored below {threshold} of {SCALE[-1]}: {', '.join(low)}"
    for factor, value in scenario.items():
        if _count(judgements, factor, "contradicted"):
            yield f"the text contradicts that {factor} is {value}"
