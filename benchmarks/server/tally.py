"""What came and what became of it: the numbers of ``GET /stats``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

ANSWERED = "200"


class Tally:
    """Counts requests by their content. ``clock`` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._arrivals: Counter[bytes] = Counter()
        self._answered: set[bytes] = set()
        self._outcomes: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._answers: Counter[int] = Counter()
        self._started: float | None = None
        self._repeated_after_answer = 0
        self._refused_by_limit = 0
        self._in_flight = 0
        self._most_in_flight = 0

    def arrive(self, content: bytes) -> None:
        if self._started is None:
            self._started = self._clock()
        self._repeated_after_answer += content in self._answered
        self._arrivals[content] += 1
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)

    def refuse(self) -> None:
        """The limit refuses a request that has arrived."""
        self._refused_by_limit += 1

    def settle(self, content: bytes, outcome: str, fault: str | None) -> None:
        """A request that has arrived is over: ``outcome`` is the status of the answer, or what came in its place."""
        self._in_flight -= 1
        self._outcomes[outcome] += 1
        if fault is not None:
            self._faults[fault] += 1
        if outcome == ANSWERED:
            self._answered.add(content)
            self._answers[int(self._seconds())] += 1

    def to_dict(self) -> dict[str, Any]:
        """Numbers since the first request.

        ``repeated`` are requests whose content had come before, ``repeated_after_answer`` those of them that had been
        answered with 200 by then: paid twice. ``outcomes`` are by status; ``dropped`` were closed unanswered, ``left``
        were given up by the client. ``answers_per_second`` are the answers with 200 in each second.
        """
        requests = self._arrivals.total()
        return {
            "requests": requests,
            "answered": self._outcomes[ANSWERED],
            "outcomes": dict(self._outcomes),
            "faults": dict(self._faults),
            "refused_by_limit": self._refused_by_limit,
            "repeated": requests - len(self._arrivals),
            "repeated_after_answer": self._repeated_after_answer,
            "in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
            "seconds": round(self._seconds(), 3),
            "answers_per_second": [self._answers[second] for second in range(max(self._answers, default=-1) + 1)],
        }

    def _seconds(self) -> float:
        """Since the first request; 0 before it."""
        return 0.0 if self._started is None else self._clock() - self._started
