"""The validator ``near-duplicates``: of records that say nearly the same, the first one stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from adf_core import Candidate, InvalidRequest, Undecided, ValidationContext, Validator, Verdict, hookimpl, option
from adf_near_duplicates.constants import LOWEST_THRESHOLD, SHORTEST_SHINGLE, SHOWN
from adf_near_duplicates.text import spoken

if TYPE_CHECKING:
    from adf_near_duplicates.meanings import Vector


@dataclass(kw_only=True, eq=False)
class NearDuplicates(Validator):
    """Of records that say the same, or nearly the same, the first one in plan order stays."""

    name: ClassVar[str] = "near-duplicates"
    scope: ClassVar[Literal["record", "dataset"]] = "dataset"
    threshold: float = option(
        0.55,
        help="the share of common shingles (Jaccard similarity) from which on two records are the same",
        minimum=LOWEST_THRESHOLD,
        maximum=1,
    )
    shingle: int = option(
        SHORTEST_SHINGLE,
        help="the length of a shingle in bytes of UTF-8, white space and punctuation left out",
        minimum=SHORTEST_SHINGLE,
        maximum=64,
    )
    semantic: bool = option(False, help="compare what records mean, too, by embeddings from the provider")
    similarity: float = option(
        0.9,
        help="with `semantic`, the cosine similarity from which on two records mean the same",
        exclusiveMinimum=0,
        maximum=1,
    )

    async def __aenter__(self) -> Self:
        self.begin()
        return self

    def begin(self) -> None:
        from adf_near_duplicates.meanings import Meanings
        from adf_near_duplicates.wordings import Wordings

        self._keys: list[str] = []
        self._wordings = Wordings(self.threshold, self.shingle)
        self._meanings = Meanings(self.similarity)

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        wording = self._wordings.read(candidate.turns)
        if twin := self._wordings.twin(wording):
            # What is not exactly the same never has all in common, however the estimate turned out.
            how = "the same words" if twin.exact else f"{min(int(twin.share * 100), 99)} % the same"
            return Verdict.reject(f"{how} as {self._shown(twin.number)}")
        if self.semantic:
            meaning = await self._meaning(candidate, context)
            if found := self._meanings.twin(meaning):
                number, cosine = found
                return Verdict.reject(f"means the same as {self._shown(number)} (similarity {cosine:.2f})")
            self._meanings.add(meaning)
        self._wordings.add(wording)
        self._keys.append(candidate.key)
        return Verdict.accept()

    async def _meaning(self, candidate: Candidate, context: ValidationContext) -> Vector:
        try:
            [embedding] = await context.embed([spoken(candidate.turns)])
            return self._meanings.read(embedding)
        except (InvalidRequest, ValueError) as error:
            raise Undecided(
                f"`semantic` needs an embedding of {candidate.key[:SHOWN]}…, and there is none: {error} Set "
                "`semantic: false`, or ask a provider and model that embed such texts."
            ) from error

    def _shown(self, number: int) -> str:
        return f"{self._keys[number][:SHOWN]}…"


@hookimpl
def register_validators(register: Callable[[type[Validator]], None]) -> None:
    register(NearDuplicates)
