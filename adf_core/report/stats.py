"""What ``adf stats`` says of a journal: acceptance, feedback, scores, lengths, diversity, cost."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple, get_args

from adf_core.conversation import Conversation, Stage
from adf_core.engine.settling import PARSE
from adf_core.journal import JournalReader
from adf_core.journal import statistics as journal
from adf_core.journal.statistics import CallCount, ReasonCount, ValueCount
from adf_core.report.diversity import Diversity, measure_diversity

Unit = Literal["tokens", "words"]

MOST_REASONS = 3
"""So many reasons of each validator are kept."""

MOST_SCENARIOS = 20
"""So many of the scenarios that brought the fewest records are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How slots ended. ``rejected`` has those that a dataset validator keeps out."""

    accepted: int
    rejected: int
    failed: int

    @classmethod
    def of(cls, counts: Counter[str]) -> Outcome:
        return cls(counts["accepted"], counts["rejected"] + counts[journal.EXCLUDED], counts["failed"])

    @property
    def slots(self) -> int:
        return self.accepted + self.rejected + self.failed

    @property
    def share(self) -> float | None:
        return share(self.accepted, self.slots)

    def to_dict(self) -> dict[str, Any]:
        return {"slots": self.slots, **asdict(self), "share": self.share}


@dataclass(frozen=True, slots=True)
class Reason:
    """How often somebody said this, or the same of other numbers and quotations."""

    example: str
    count: int


@dataclass(frozen=True, slots=True)
class ValidatorNumbers:
    """What a validator said: of answers, or with the scope ``dataset`` of accepted records."""

    name: str
    scope: Literal["record", "dataset"]
    accepted: int
    revised: int
    rejected: int
    reasons: tuple[Reason, ...]

    @property
    def judged(self) -> int:
        return self.accepted + self.revised + self.rejected

    def to_dict(self) -> dict[str, Any]:
        passed = share(self.accepted + self.revised, self.judged)
        return {"judged": self.judged, **asdict(self), "share": passed}


@dataclass(frozen=True, slots=True)
class Failure:
    """Slots that failed by one error, or by a validator that could not judge."""

    by: str
    slots: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Slots that were asked for a value or a scenario, those that became records, and of these the ones whose text was
    found to bear the value out (None where no validator looks for it, and of a scenario).
    """

    slots: int
    accepted: int
    confirmed: int | None = None

    @property
    def share(self) -> float | None:
        return share(self.accepted, self.slots)


@dataclass(frozen=True, slots=True)
class Scenarios:
    """How slots ended by what was asked for: each value of each factor, and the scenarios that brought least."""

    values: Mapping[str, Mapping[str, Asked]]
    worst: tuple[tuple[Mapping[str, str], Asked], ...]

    @property
    def confirmed_share(self) -> float | None:
        """Of all values that records were asked for, those that their text bears out; None where nobody looked."""
        asked = [each for values in self.values.values() for each in values.values() if each.confirmed is not None]
        return share(sum(each.confirmed or 0 for each in asked), sum(each.accepted for each in asked))

    def to_dict(self) -> dict[str, Any]:
        return {
            "values": {
                factor: {value: {**asdict(asked), "share": asked.share} for value, asked in values.items()}
                for factor, values in self.values.items()
            },
            "worst": [
                {"scenario": scenario, "slots": asked.slots, "accepted": asked.accepted, "share": asked.share}
                for scenario, asked in self.worst
            ],
            "confirmed_share": self.confirmed_share,
        }


@dataclass(frozen=True, slots=True)
class Feedback:
    """Slots with a rejected answer (``refused``), those of them that were ``accepted`` in the end, and those that were
    so with an answer to a prompt with feedback (``saved``). ``records`` are all that were accepted.
    """

    refused: int
    accepted: int
    saved: int
    records: int

    def to_dict(self) -> dict[str, Any]:
        shares = {"share": share(self.saved, self.refused), "share_of_records": share(self.saved, self.records)}
        return {**asdict(self), **shares}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How numbers are spread. A quartile is one of them, the lowest that has a quarter (half) of them at or below."""

    count: int
    mean: float
    min: float
    q1: float
    median: float
    q3: float
    max: float


@dataclass(frozen=True, slots=True)
class Score:
    """A score of the records, and its mean over all answers that were given it, rejected ones too."""

    spread: Spread
    judged: int
    judged_mean: float

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self.spread), "judged": self.judged, "judged_mean": self.judged_mean}


@dataclass(frozen=True, slots=True)
class Spending:
    """All answers that were paid for, whatever became of them, and how many records there are."""

    calls: tuple[CallCount, ...]
    records: int

    @property
    def total(self) -> CallCount:
        """The sum over all purposes."""
        numbers = ("answers", "refused", "input_tokens", "output_tokens", "cost_usd", "unpriced")
        return CallCount("", *(sum(getattr(each, name) for each in self.calls) for name in numbers))

    def a_record(self, calls: CallCount) -> float | None:
        """US dollars a record; None where there is none, or where the cost of some answers is unknown."""
        return calls.cost_usd / self.records if self.records and not calls.unpriced else None

    def to_dict(self) -> dict[str, Any]:
        by_purpose = {each.purpose or "generation": self._numbers(each) for each in self.calls}
        return {**self._numbers(self.total), "by_purpose": by_purpose}

    def _numbers(self, calls: CallCount) -> dict[str, Any]:
        numbers = {name: value for name, value in asdict(calls).items() if name != "purpose"}
        return {**numbers, "cost_usd_a_record": self.a_record(calls)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Everything. ``turns``, ``length`` and ``diversity`` are None where nothing was accepted."""

    ended: Outcome
    excluded: int
    """Of the rejected slots those that a dataset validator keeps out."""
    stages: Mapping[str, Outcome]
    directions: Mapping[str, Outcome]
    validators: tuple[ValidatorNumbers, ...]
    failures: tuple[Failure, ...]
    attempts: Mapping[int, int]
    """How many records were accepted at the first attempt, at the second, and so on."""
    feedback: Feedback
    scenarios: Scenarios
    scores: Mapping[str, Score]
    turns: Spread | None
    length: Spread | None
    unit: Unit
    """In which ``length`` is: output tokens where the provider counted all of them."""
    diversity: Diversity | None
    spending: Spending

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, as docs/stats.md describes it."""
        return {
            "ended": {**self.ended.to_dict(), "excluded": self.excluded},
            "stages": {name: outcome.to_dict() for name, outcome in self.stages.items()},
            "directions": {name: outcome.to_dict() for name, outcome in self.directions.items()},
            "validators": [validator.to_dict() for validator in self.validators],
            "failures": [asdict(failure) for failure in self.failures],
            "attempts": {str(attempt): records for attempt, records in self.attempts.items()},
            "feedback": self.feedback.to_dict(),
            "scenarios": self.scenarios.to_dict(),
            "scores": {name: score.to_dict() for name, score in self.scores.items()},
            "turns": asdict(self.turns) if self.turns else None,
            "length": {"unit": self.unit, **asdict(self.length)} if self.length else None,
            "diversity": asdict(self.diversity) if self.diversity else None,
            "spending": self.spending.to_dict(),
        }


def share(part: int, whole: int) -> float | None:
    """From 0 to 1; None of nothing."""
    return part / whole if whole else None


def sample_texts(reader: JournalReader, most: int) -> list[str]:
    """The texts of so many records, chosen by chance but always the same: of the generated turns, a line each."""
    return [_text(turns) for turns in journal.record_turns(reader, most)]


def gather(reader: JournalReader, texts: Sequence[str], embedding_distance: float | None = None) -> Statistics:
    """The numbers of the current epoch, all of one moment; diversity is that of ``texts``."""
    with journal.snapshot(reader):
        ended: Counter[str] = Counter()
        stages: dict[str, Counter[str]] = defaultdict(Counter)
        directions: dict[str, Counter[str]] = defaultdict(Counter)
        attempts: Counter[int] = Counter()
        turns: Counter[int] = Counter()
        for each in journal.slot_counts(reader):
            for counts in (ended, stages[each.stage], directions[each.direction]):
                counts[each.ended] += each.count
            if each.ended == "accepted" and each.attempt is not None:
                attempts[each.attempt] += each.count
                turns[each.turns] += each.count
        records = ended["accepted"]
        unit, length = _length(reader, records)
        return Statistics(
            ended=Outcome.of(ended),
            excluded=ended[journal.EXCLUDED],
            stages={name: Outcome.of(stages[name]) for name in get_args(Stage) if name in stages},
            directions={name: Outcome.of(counts) for name, counts in directions.items()},
            validators=tuple(_validators(reader, records + ended[journal.EXCLUDED])),
            failures=tuple(Failure(who, *said) for who, said in _by_whom(journal.failure_reasons(reader)).items()),
            attempts=dict(sorted(attempts.items())),
            feedback=feedback(reader, records),
            scenarios=_scenarios(reader),
            scores=dict(_scores(reader)),
            turns=spread(ValueCount("turns", value, count, records) for value, count in sorted(turns.items())),
            length=length,
            unit=unit,
            diversity=measure_diversity(texts, embedding_distance) if texts else None,
            spending=Spending(tuple(journal.calls_by_purpose(reader)), records),
        )


def feedback(reader: JournalReader, records: int) -> Feedback:
    """What feedback brought, of ``records`` in all."""
    return Feedback(*journal.feedback_counts(reader), records)


def spread(values: Iterable[ValueCount]) -> Spread | None:
    """How the values of one name are spread, which come from the lowest; None where there is none.

    Those that are unknown come first, and are left out.
    """
    unknown = seen = 0
    total = least = most = 0.0
    quartiles: list[float] = []
    for each in values:
        if each.value is None:
            unknown += each.count
            continue
        least, most = each.value if not seen else least, each.value
        seen += each.count
        total += each.value * each.count
        while len(quartiles) < 3 and 4 * seen >= (len(quartiles) + 1) * (each.total - unknown):
            quartiles.append(each.value)
    if not seen:
        return None
    q1, median, q3 = quartiles
    return Spread(count=seen, mean=total / seen, min=least, q1=q1, median=median, q3=q3, max=most)


def _validators(reader: JournalReader, accepted: int) -> Iterator[ValidatorNumbers]:
    """The parse step, the record validators in their order, the dataset validators, before which all that was
    ``accepted`` comes.
    """
    found = {each.validator: each for each in journal.verdict_counts(reader)}
    rejections, exclusions = _by_whom(journal.rejection_reasons(reader)), _by_whom(journal.exclusion_reasons(reader))
    nothing = Said(0, ())
    found.pop(PARSE, None)
    # Without validators nobody says anything of what could be read, and it is accepted.
    readable = sum(each.first for each in found.values()) if found else accepted
    if readable or PARSE in rejections:
        yield ValidatorNumbers(PARSE, "record", readable, 0, *rejections.get(PARSE, nothing))
    for name, each in found.items():
        yield ValidatorNumbers(name, "record", each.accepted, each.revised, *rejections.get(name, nothing))
    for name, said in exclusions.items():
        yield ValidatorNumbers(name, "dataset", accepted - said.times, 0, *said)


class Said(NamedTuple):
    """How often somebody said no, and the most frequent reasons."""

    times: int
    reasons: tuple[Reason, ...]


def _by_whom(reasons: Iterable[ReasonCount]) -> dict[str, Said]:
    """What each said; ``reasons`` come in that order, the most frequent first."""
    found = {}
    for who, given in groupby(reasons, key=lambda each: each.who):
        times = 0
        first: list[Reason] = []
        for each in given:
            times += each.count
            if len(first) < MOST_REASONS:
                first.append(Reason(each.example, each.count))
        found[who] = Said(times, tuple(first))
    return found


def _scenarios(reader: JournalReader) -> Scenarios:
    slots: dict[str, Counter[str]] = defaultdict(Counter)
    accepted: dict[str, Counter[str]] = defaultdict(Counter)
    confirmed: dict[str, Counter[str]] = defaultdict(Counter)

    def each_scenario() -> Iterator[tuple[Mapping[str, str], Asked]]:
        for scenario, counts in groupby(journal.scenario_counts(reader), key=lambda each: each.scenario):
            in_all = in_dataset = 0
            for each in counts:
                in_all += each.slots
                in_dataset += each.records
                for factor in each.confirmed:
                    confirmed[factor][scenario[factor]] += each.records
            for factor, value in scenario.items():
                slots[factor][value] += in_all
                accepted[factor][value] += in_dataset
            yield scenario, Asked(in_all, in_dataset)

    lacking = (each for each in each_scenario() if each[0] and each[1].accepted < each[1].slots)
    worst = heapq.nsmallest(MOST_SCENARIOS, lacking, key=lambda each: (each[1].share, -each[1].slots))
    values = {
        factor: {
            value: Asked(count, accepted[factor][value], confirmed[factor][value] if confirmed else None)
            for value, count in sorted(counts.items())
        }
        for factor, counts in sorted(slots.items())
    }
    return Scenarios(values, tuple(worst))


def _scores(reader: JournalReader) -> Iterator[tuple[str, Score]]:
    judged = journal.judged_scores(reader)
    for name, values in groupby(journal.score_counts(reader), key=lambda each: each.name):
        found = spread(values)
        if found:
            yield name, Score(found, *judged.get(name, (found.count, found.mean)))


def _length(reader: JournalReader, records: int) -> tuple[Unit, Spread | None]:
    tokens = spread(journal.token_counts(reader))
    if tokens and tokens.count == records:
        return "tokens", tokens
    return "words", spread(journal.word_counts(reader))


def _text(turns: Conversation) -> str:
    return "\n".join(text for turn in turns for text in (turn.user, turn.assistant))
