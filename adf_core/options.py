"""Options of a component: their JSON Schema, and an instance made from what a user wrote."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union

from adf_core.components import Component
from adf_core.errors import UsageError
from adf_core.values import Problem, coerce, problems

C = TypeVar("C", bound=Component)

PROJECT_PATH = "project-path"
"""The ``format`` of an option that names a file: relative ones are relative to the project's folder."""

PROVIDER = "provider"
"""The ``format`` of an option that names a provider, with or without options of its own."""

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


def options_schema(component: type[Component]) -> dict[str, Any]:
    """The JSON Schema of a component's options: types, bounds, defaults and descriptions."""
    hints = typing.get_type_hints(component)
    properties: dict[str, Any] = {}
    required = []
    for option in _options(component):
        schema = _type_schema(hints[option.name], f"{component.__name__}.{option.name}")
        schema |= option.metadata.get("bounds", {})
        schema["description"] = option.metadata.get("help", "")
        if option.metadata.get("secret"):
            schema["writeOnly"] = True
        if option.default is not dataclasses.MISSING:
            schema["default"] = option.default
        elif option.default_factory is not dataclasses.MISSING:
            schema["default"] = option.default_factory()
        else:
            required.append(option.name)
        properties[option.name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _options(component: type[Component] | Component) -> list[dataclasses.Field[Any]]:
    """The fields a user may set; others are a component's own state."""
    return [each for each in dataclasses.fields(component) if each.init]


def _type_schema(hint: Any, place: str) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if hint is Any:
        return {}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _type_schema(arguments[0], place)}
    if origin in (dict, Mapping) or hint is dict:
        return {"type": "object", "additionalProperties": _type_schema(arguments[1], place) if arguments else {}}
    if origin in (Union, types.UnionType):
        inner = [_type_schema(part, place) for part in arguments if part is not type(None)]
        nothing = [None] if len(inner) < len(arguments) else []
        if len(inner) == 1 and "enum" in inner[0]:
            return {"enum": [*inner[0]["enum"], *nothing]}
        if all(isinstance(schema.get("type"), str) for schema in inner):
            types_ = [*(schema["type"] for schema in inner), *("null" for _ in nothing)]
            return {keyword: value for schema in inner for keyword, value in schema.items()} | {"type": types_}
    raise UsageError(
        f"The option {place} has the type {hint}, which cannot be written in YAML; use str, int, float, bool, "
        "Literal, list, dict, or several of them with `|`, each possibly `| None`."
    )


def option_problems(component: type[Component], given: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the options a user gave for ``component``."""
    schema = options_schema(component)
    return problems(coerce(given, schema), schema)


def build(component: type[C], given: Mapping[str, Any]) -> C:
    """An instance of ``component`` with the options ``given``; UsageError with all problems where they do not fit."""
    schema = options_schema(component)
    values = coerce(given, schema)
    found = problems(values, schema)
    if found:
        raise UsageError("\n".join(f"{component.name}: {_sentence(problem)}" for problem in found))
    return component(**values)


def identifying_options(component: Component) -> dict[str, Any]:
    """A component's options on which what comes out may depend, without its secrets."""
    return {
        option.name: getattr(component, option.name)
        for option in _options(component)
        if not option.metadata.get("secret") and option.metadata.get("identity", True)
    }


def named_providers(components: Sequence[Component]) -> list[Any]:
    """The providers that options of these components name."""
    return [
        value
        for component in components
        for option in _options(component)
        if option.metadata.get("bounds", {}).get("format") == PROVIDER
        and (value := getattr(component, option.name)) is not None
    ]


def _sentence(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message
