"""``scenarios:`` of a setup, and the diagram's factors → the space of scenarios and how they are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from adf_core.diagram import Factor, Meaning, Value
from adf_core.scenarios import Choice, Condition, Constraint, Space
from adf_core.values import Path as KeyPath
from adf_core.values import did_you_mean

KEY = "scenarios"

Complain = Callable[[KeyPath, str, str | None], None]
"""Takes a place in the setup, what is wrong there, and a hint."""


def read_choice(data: Mapping[str, Any], complain: Complain) -> Choice:
    """How scenarios are chosen."""
    names = ("strategy", "strength", "count", "limit", "seed", "effort", "per_cell")
    choice = Choice(**{name: data[name] for name in names if name in data})
    for name, strategy in (("count", "random"), ("strength", "covering")):
        if name in data and choice.strategy != strategy:
            hint = f"set `strategy: {strategy}`, or delete it"
            complain(
                (KEY, name), f"`{name}` is for the strategy `{strategy}`, and this one is `{choice.strategy}`", hint
            )
    if "per_cell" in data and choice.strategy in ("single", "random"):
        message = f"`per_cell` is for strategies that cover combinations, and this one is `{choice.strategy}`"
        complain((KEY, "per_cell"), message, "set `strategy: pairwise`, or delete it")
    if choice.strategy == "random" and choice.count is None:
        complain((KEY,), "the strategy `random` needs a `count`", "add `count: 100`, so many scenarios are drawn")
    return choice


def read_space(data: Mapping[str, Any], meaning: Meaning, choice: Choice, complain: Complain) -> Space:
    """The factors of diagram and setup, without the omitted ones, and the constraints."""
    reader = _SpaceReader(data, complain)
    factors = reader.factors(meaning)
    constraints = tuple(reader.constraints(factors))
    space = Space(tuple(factors.values()), constraints)
    reader.check(space, choice)
    return space


class _SpaceReader:
    def __init__(self, data: Mapping[str, Any], complain: Complain) -> None:
        self._data = data
        self._complain = complain
        self._sound = True

    def _wrong(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        self._sound = False
        self._complain((KEY, *path), message, hint)

    # --- factors -----------------------------------------------------------------------------------------------------

    def factors(self, meaning: Meaning) -> dict[str, Factor]:
        """Factors by name: the diagram's in its order, in which the setup's take the place of those of their name."""
        found = {factor.name: factor for factor in meaning.factors}
        omitted = self._data.get("omit", ())
        for index, pattern in enumerate(omitted):
            if not any(fnmatchcase(name, pattern) for name in found):
                hint = did_you_mean(pattern, found) or _listed("the diagram's factors are", found)
                self._wrong(("omit", index), f"no factor of the diagram is called `{pattern}`", hint)
        found = {name: factor for name, factor in found.items() if not any(fnmatchcase(name, each) for each in omitted)}
        for name, given in self._data.get("factors", {}).items():
            factor = self._factor(name, given)
            if factor is not None:
                found[name] = factor
        return found

    def _factor(self, name: str, given: Any) -> Factor | None:
        """``[a, b]``, ``{a: 3, b: 1}``, or a mapping with ``values`` and ``description``."""
        path: KeyPath = ("factors", name)
        description = ""
        if isinstance(given, Mapping) and "values" in given:
            path, description, given = (*path, "values"), str(given.get("description", "")), given["values"]
        weights = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given, 1.0)
        if not isinstance(given, Mapping) and len(weights) < len(given):
            twice = next(value for value in given if list(given).count(value) > 1)
            self._wrong(path, f"the factor `{name}` has the value `{twice}` twice", "keep one of them")
        negative = [value for value, weight in weights.items() if weight < 0]
        if negative:
            self._wrong((*path, negative[0]), f"the weight of `{negative[0]}` is negative", "a weight is above 0")
            return None
        if weights and not any(weights.values()):
            self._wrong(path, f"all weights of the factor `{name}` are 0", "a weight is above 0")
            return None
        values = [Value(value, float(weight)) for value, weight in weights.items() if weight]
        if len(values) < 2:
            only = (
                f"has one value, `{values[0].text}`, so nothing varies: it is no factor" if values else "has no values"
            )
            self._wrong(path, f"`{name}` {only}", "add another value, or say it in the prompts instead")
            return None
        return Factor(name, tuple(values), description, f"the {name.replace('_', ' ')}: {{value}}")

    # --- constraints -------------------------------------------------------------------------------------------------

    def constraints(self, factors: Mapping[str, Factor]) -> list[Constraint]:
        found = []
        for index, given in enumerate(self._data.get("constraints", ())):
            sides = [self._condition(("constraints", index, side), given[side], factors) for side in ("when", "then")]
            if sides[0] is not None and sides[1] is not None:
                found.append(Constraint(sides[0], sides[1]))
        return found

    def _condition(self, path: KeyPath, given: Mapping[str, Any], factors: Mapping[str, Factor]) -> Condition | None:
        condition: dict[str, tuple[str, ...]] = {}
        sound = True
        for name, values in given.items():
            factor = factors.get(name)
            if factor is None:
                hint = did_you_mean(name, factors) or _listed("the factors are", factors)
                self._wrong((*path, name), f"there is no factor `{name}`", hint)
                sound = False
                continue
            texts = [value.text for value in factor.values]
            condition[name] = (
                tuple(values) if isinstance(values, Sequence) and not isinstance(values, str) else (values,)
            )
            for value in condition[name]:
                if value not in texts:
                    hint = did_you_mean(value, texts) or _listed("its values are", texts)
                    self._wrong((*path, name), f"`{name}` has no value `{value}`", hint)
                    sound = False
        return condition if sound else None

    # --- as a whole --------------------------------------------------------------------------------------------------

    def check(self, space: Space, choice: Choice) -> None:
        if choice.strategy == "single" or not self._sound:
            return
        if not space.factors:
            hint = 'give an attribute values, as in `string mood "calm | angry"`, or add `scenarios.factors`'
            self._wrong((), f"nothing varies, so `strategy: {choice.strategy}` has nothing to vary", hint)
            return
        if choice.strategy == "covering" and choice.strength > len(space.factors):
            message = f"a strength of {choice.strength} needs as many factors, and there are {len(space.factors)}"
            self._wrong(("strength",), message, _listed("the factors are", [factor.name for factor in space.factors]))
        core = space.contradiction()
        if core:
            index = next(number for number, constraint in enumerate(space.constraints) if constraint is core[-1])
            what = "; ".join(map(str, core))
            message = "this constraint cannot hold" if len(core) == 1 else "these constraints contradict each other"
            self._wrong(("constraints", index), f"{message}: {what}", "no scenario is possible: loosen one of them")


def _listed(what: str, names: Any) -> str:
    names = list(names)
    if not names:
        return "the diagram has none; `adf check` shows what it says"
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return f"{what} {shown}" + (", …" if len(names) > 8 else "")
