from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pytest

from adf_core import Candidate, UsageError, ValidationContext, Validator, Verdict, option
from adf_core.options import build, identifying_options, options_schema
from adf_core.values import Plain


@dataclass(kw_only=True, eq=False)
class Picky(Validator):
    """Rejects everything."""

    name: ClassVar[str] = "picky"
    words: list[str] = option([], help="words it dislikes")
    share: float = option(0.5, help="how many", minimum=0, maximum=1)
    mode: Literal["mild", "strict"] = option("mild", help="how much")
    limit: int | None = option(None, help="at most")
    weights: dict[str, Any] = option({}, help="by word")
    token: str | None = option(None, help="a secret", secret=True)
    seen: list[object] = field(default_factory=list, init=False)

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        return Verdict.reject("no")


def test_options_are_read_by_their_types() -> None:
    picky = build(
        Picky, {"words": ["no", Plain("1.0")], "share": Plain("0.25"), "mode": "strict", "weights": {"a": Plain("2")}}
    )
    assert (picky.words, picky.share, picky.mode, picky.weights) == (["no", "1.0"], 0.25, "strict", {"a": 2})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"shore": "1"}, "picky: unknown key `shore` (did you mean `share`?)"),
        ({"share": "2"}, "picky: `share` must be at most 1, not `2.0`"),
        ({"mode": "stric"}, "must be one of `mild`, `strict`"),
        ({"limit": "many"}, "picky: `limit` must be a whole number, not `many`"),
        ({"words": "one"}, "picky: `words` must be a list, not `one`"),
    ],
)
def test_options_that_do_not_fit_are_told_in_a_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(Picky, given)
    assert sentence in str(caught.value)


def test_secrets_and_own_state_stay_inside() -> None:
    picky = build(Picky, {"token": "hush-hush"})
    assert "hush" not in repr(picky)
    assert set(identifying_options(picky)) == {"words", "share", "mode", "limit", "weights"}
    assert options_schema(Picky)["properties"]["token"]["writeOnly"]


def test_each_instance_has_its_own_lists() -> None:
    build(Picky, {}).words.append("x")
    assert build(Picky, {}).words == []


def test_a_type_that_yaml_cannot_write_is_refused() -> None:
    @dataclass(kw_only=True, eq=False)
    class Odd(Picky):
        when: complex = option(0j, help="?")

    with pytest.raises(UsageError, match=r"Odd\.when"):
        options_schema(Odd)
