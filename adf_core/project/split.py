"""``split:`` of a setup → the parts of the dataset, and what stays together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

from adf_core.scenarios import Choice, Space
from adf_core.scenarios.splits import By, Split
from adf_core.values import Path as KeyPath
from adf_core.values import did_you_mean

KEY = "split"

TOLERANCE = 1e-6
"""So far from 1 the sum of the shares may be."""

UNEVEN = 0.05
"""A part whose share of a factor's values is further than this from its own share earns a warning."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_EXAMPLE = "`train: 0.9, validation: 0.1`"


class Complain(Protocol):
    """Takes a place in the setup, what is wrong there, and a hint."""

    def __call__(self, path: KeyPath, message: str, hint: str | None = None, *, at_key: bool = False) -> None: ...


def read_split(data: Mapping[str, Any], choice: Choice, complain: Complain) -> Split:
    """The parts with their shares, in their order, and what stays together."""
    shares = {name: float(share) for name, share in data.items() if name != "by"}
    total = math.fsum(shares.values())
    if len(shares) < 2:
        complain((KEY,), "`split` needs at least two parts", f"as in {_EXAMPLE}")
    elif abs(total - 1) > TOLERANCE:
        hint = f"a share is a part of 1, as in {_EXAMPLE}"
        complain((KEY,), f"the shares of `split` add up to {total:.7g}, and they must add up to 1", hint)
    for name in shares:
        if not _NAME.fullmatch(name):
            hint = "it becomes a part of a file's name: use A-Z, a-z, 0-9, `_` and `-`"
            complain((KEY, name), f"a part cannot be called `{name}`", hint, at_key=True)
    by, factor = _read_by(str(data.get("by", "seed")), choice, complain)
    return Split(shares=shares, by=by, factor=factor)


def _read_by(text: str, choice: Choice, complain: Complain) -> tuple[By, str]:
    path = (KEY, "by")
    kind, _, factor = (part.strip() for part in text.strip().partition(" "))
    if kind not in ("seed", "scenario", "factor") or (factor and kind != "factor"):
        hint = did_you_mean(text, ("seed", "scenario")) or "a factor is named as in `by: factor language`"
        complain(path, f"`split.by` must be `seed`, `scenario` or `factor NAME`, not `{text}`", hint)
        return "seed", ""
    if kind == "factor" and not factor:
        complain(path, "`by: factor` does not say which factor", "name it, as in `by: factor language`")
    elif kind != "seed" and choice.strategy == "single":
        message = f"`by: {text.strip()}` needs scenarios that differ, and `strategy: single` has none"
        complain(path, message, "set `scenarios: {strategy: pairwise}`, or split `by: seed`")
    return cast("By", kind), factor


def check_split(split: Split, space: Space, complain: Complain, warn: Complain) -> None:
    """Complain where there is no factor of that name or too few values, warn where they are too few for the shares."""
    if split.by != "factor":
        return
    path = (KEY, "by")
    names = [factor.name for factor in space.factors]
    if split.factor not in names:
        shown = ", ".join(f"`{name}`" for name in names[:8]) + (", …" if len(names) > 8 else "")
        hint = did_you_mean(split.factor, names) or f"the factors are {shown}"
        complain(path, f"there is no factor `{split.factor}`", hint)
        return
    values = len(space.factors[names.index(split.factor)].values)
    if values < len(split.shares):
        message = f"`{split.factor}` has {values} values for {len(split.shares)} parts, so one would stay empty"
        complain(path, message, "take fewer parts, or split `by: scenario` or `by: seed`")
        return
    counts = split.counts(values)
    if any(abs(counts[name] / values - share) > UNEVEN for name, share in split.shares.items()):
        given = ", ".join(f"`{name}` {counts[name]}" for name in split.shares)
        message = f"the {values} values of `{split.factor}` cannot be divided by these shares: {given}"
        warn(path, message, "choose other shares, or split `by: scenario` or `by: seed`")
