"""The contracts a plugin fulfils: Provider, Direction, Validator, Sink, Runner.

A component is a class with a ``name``. Its options are dataclass fields made with :func:`option`; the engine checks
``setup.yaml`` and ``-o KEY=VALUE`` against them and prints them with ``adf plugins show NAME``. A component is an
async context manager: open connections and import heavy libraries in ``__aenter__``, release them in ``__aexit__``.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self

from adf_core.conversation import Candidate, Conversation, Record, Stage, Type

if TYPE_CHECKING:
    from types import TracebackType

FinishReason = Literal["stop", "length", "content_filter"]


def option(
    default: Any = dataclasses.MISSING, *, help: str, secret: bool = False, identity: bool = True, **bounds: Any
) -> Any:
    """One option of a component: a dataclass field with a sentence of explanation.

    A ``secret`` option never appears in a ``repr``, a journal, a log or a report. One without ``identity`` changes
    nothing of what comes out (how fast, by which key), so that stored answers are trusted whatever its value.
    ``bounds`` are JSON Schema keywords for the value (``minimum=0``, ``pattern="…"``); ``format="project-path"`` marks
    a file relative to the project, ``format="provider"`` a :data:`ProviderChoice`, which is checked and opened before
    anything is sent. Lists and mappings may be given as defaults; each instance gets its own copy. Fields with
    ``init=False`` are no options but a component's own state.
    """
    metadata = {"help": help, "secret": secret, "identity": identity, "bounds": bounds}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(kw_only=True, eq=False)
class Component(ABC):
    """What every plugin part has: a name, a first docstring line that describes it, options, an open and a close."""

    name: ClassVar[str]

    def __post_init__(self) -> None:  # noqa: B027  most components have nothing to do here
        """Called when options are set: check how they go together (UsageError), prepare the component's own state."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


# --- providers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask a model. ``json_schema`` is the shape the answer must have; a provider that can, enforces it."""

    prompt: str
    json_schema: Mapping[str, Any] | None = None
    temperature: float = 0.9
    top_p: float = 1.0
    max_tokens: int = 4096
    seed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Request:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens a call took, as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a server said about its limits: requests and tokens a minute, what is left, seconds until it is full."""

    requests_limit: int | None = None
    requests_remaining: int | None = None
    requests_reset: float | None = None
    tokens_limit: int | None = None
    tokens_remaining: int | None = None
    tokens_reset: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``cost_usd`` is None where the price is unknown; ``model`` is what the server says answered."""

    text: str
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()
    model: str = ""
    cost_usd: float | None = None
    rate_limit: RateLimit | None = None

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Response:
        limit = data.get("rate_limit")
        return cls(**{**data, "usage": Usage(**data["usage"]), "rate_limit": RateLimit(**limit) if limit else None})


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one token in and one token out."""

    input_usd: float
    output_usd: float


@dataclass(kw_only=True, eq=False)
class Provider(Component):
    """Answers requests.

    Raise :class:`~adf_core.UsageError` in ``__aenter__`` for what the user must mend first (no key, no such model
    file), and from
    :meth:`generate` only :class:`~adf_core.ProviderError` subclasses. Do not retry: the engine owns trying again.
    """

    model: str = option("", help="the model to ask")
    temperature: float | None = option(None, help="sampling temperature", minimum=0, maximum=2)
    top_p: float | None = option(None, help="nucleus sampling: the share of probability kept", minimum=0, maximum=1)
    max_tokens: int | None = option(None, help="most tokens an answer may have", minimum=1)
    rpm: float | None = option(None, help="most requests a minute", identity=False, exclusiveMinimum=0)
    tpm: float | None = option(None, help="most tokens a minute", identity=False, exclusiveMinimum=0)
    concurrency: ClassVar[int] = 16
    """How many requests are in flight at once unless the user says otherwise."""

    @abstractmethod
    async def generate(self, request: Request) -> Response:
        """Answer ``request``, or raise a ProviderError. Never blocks the event loop."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text; a provider without embeddings leaves this as it is."""
        from adf_core.errors import InvalidRequest

        raise InvalidRequest(f"The provider `{self.name}` offers no embeddings.")

    def price(self) -> Price | None:
        """What a token of this model costs, or None where that is unknown. May be called before opening."""
        return None


# --- directions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionContext:
    """What a direction may look at: the place in the plan and the domain, as plain data."""

    stage: Stage
    type: Type
    category: str
    user_role: str
    assistant_role: str
    diagram: str
    scenario: Mapping[str, str] = field(default_factory=dict)
    prefix: Conversation = ()
    round: int = 0


@dataclass(kw_only=True, eq=False)
class Direction(Component):
    """How a conversation is steered. The docstring's first line, or ``description``, is what users read about it."""

    description: ClassVar[str] = ""
    stages: ClassVar[Sequence[Stage]] = ("seed", "derivation")
    types: ClassVar[Sequence[Type]] = ("conversation", "instruct")
    continues: ClassVar[bool] = True
    """False where a derivation is a new conversation (in breadth) rather than a continuation of its prefix."""

    @abstractmethod
    def instruction(self, context: DirectionContext) -> str:
        """The words that are put into the prompt where the direction goes. A function of ``context`` alone."""


# --- validators ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """A validator's decision; make one with :meth:`accept`, :meth:`reject` or :meth:`revise`.

    ``scores`` are kept with the answer and, under ``validator.name``, in the record. ``confirmed`` are the factors of
    the scenario whose stated value the text bears out, None where the validator did not look: they count as *confirmed
    coverage*.
    """

    decision: Literal["accept", "reject", "revise"]
    reason: str = ""
    feedback: str | None = None
    candidate: Candidate | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    confirmed: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        strange = [name for name, score in self.scores.items() if not math.isfinite(score)]
        if strange:
            raise ValueError(f"the score `{strange[0]}` is no finite number")

    @classmethod
    def accept(cls, scores: Mapping[str, float] | None = None, confirmed: Iterable[str] | None = None) -> Verdict:
        return cls("accept", scores=scores or {}, confirmed=None if confirmed is None else tuple(confirmed))

    @classmethod
    def reject(cls, reason: str, feedback: str | None = None, scores: Mapping[str, float] | None = None) -> Verdict:
        """Refuse the candidate. ``feedback`` (default: the reason) is told to the model in the next attempt."""
        return cls("reject", reason, feedback, scores=scores or {})

    @classmethod
    def revise(cls, candidate: Candidate, reason: str) -> Verdict:
        """Go on with ``candidate`` in place of the one that was judged."""
        return cls("revise", reason, candidate=candidate)


ProviderChoice = str | Mapping[str, Any]
"""A provider as a setup names it: by name, or as a mapping with ``name`` and its options."""


class ValidationContext(Protocol):
    """What a validator may look at and do beside the candidate."""

    @property
    def type(self) -> Type: ...
    @property
    def min_turns(self) -> int: ...
    @property
    def max_turns(self) -> int | None: ...
    @property
    def category(self) -> str: ...
    @property
    def user_role(self) -> str: ...
    @property
    def assistant_role(self) -> str: ...
    @property
    def diagram(self) -> str: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def stated(self) -> Mapping[str, str]:
        """Each factor of the candidate's scenario with the sentence that its prompt said of it; a number of a range
        is the one that was drawn.
        """

    async def ask(self, request: Request, provider: ProviderChoice | None = None) -> Response:
        """Ask the run's provider (or another one), within the same limits, budget and journal as every other call.

        The same request with the same seed, for the same slot and validator, is asked once: its stored answer is used
        again, also by later runs.
        """

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts with the run's provider, within the same limits and journal."""


@dataclass(kw_only=True, eq=False)
class Validator(Component):
    """Judges candidates.

    ``scope`` is ``record`` where the verdict is a function of the candidate alone (a rejection is asked for again), or
    ``dataset`` where it depends on what was accepted before: then it sees the accepted candidates in plan order after
    the plan drains, and its rejection is final.

    Record validators run in the setup's order, but the cheap ones first: those that neither ask nor are ``cpu_heavy``,
    then heavy ones, then those that ask. Raise :class:`~adf_core.Undecided` where no decision can be had.
    """

    scope: ClassVar[Literal["record", "dataset"]] = "record"
    cpu_heavy: ClassVar[bool] = False
    """True where judging takes more than a millisecond of computing: then :meth:`validate` runs in a pool of threads,
    each call in an event loop of its own, so that requests go on meanwhile. It must be safe to run several at once.
    """
    asks: ClassVar[bool] = False
    """True where judging asks a model."""

    def questions(self) -> int:
        """How many requests judging one answer takes, for ``adf plan``. May be called before opening."""
        return int(self.asks)

    def begin(self) -> None:
        """A ``dataset`` validator is about to see all accepted records, from the first: forget earlier passes."""
        return

    @abstractmethod
    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        """Accept, reject or revise ``candidate``."""


# --- sinks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """What a sink may know about the run whose records it writes.

    ``folder`` is the project, ``out`` the run's output folder: relative paths of a sink are below it. ``parts`` are
    the names that ``Record.split`` may have, in the setup's order; there are none where the dataset is not split. It
    holds no time and no host, so that the same journal gives the same bytes.
    """

    folder: Path
    out: Path
    category: str
    type: Type
    provider: str
    model: str
    diagram: str
    version: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SinkResult:
    """What a sink wrote: how many records, and where."""

    records: int
    paths: tuple[Path, ...] = ()


@dataclass(kw_only=True, eq=False)
class Sink(Component):
    """Turns accepted records into a dataset for others."""

    stages: ClassVar[Sequence[Stage]] = ("seed", "derivation")
    """Of which stages it is given records; those of others need not be read."""
    refused: ClassVar[bool] = False
    """Whether it wants to see ``Record.refused``."""

    @abstractmethod
    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        """Write all ``records`` (of its stages, in plan order) atomically: nobody ever sees half a dataset. Runs in a
        thread.
        """


# --- runners -------------------------------------------------------------------------------------------------------


class Job(Protocol):
    """What a runner executes."""

    concurrency: int

    async def work(self) -> bool:
        """Settle the next slot; wait where none is ready yet; False when there is nothing left to do."""


@dataclass(kw_only=True, eq=False)
class Runner(Component):
    """Decides where slots are executed. Provisional: the contract is settled with the first distributed runner."""

    @abstractmethod
    async def run(self, job: Job) -> None:
        """Call ``job.work()`` from as many tasks as are wanted until each has returned False."""
