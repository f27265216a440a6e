"""A JSON Schema of the user's own (Draft 2020-12): read, checked as a whole, made into a check of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY, SchemaResource

from adf_core import UsageError
from adf_schema.shape import shown

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LONGEST_MESSAGE = 240  # characters; jsonschema's messages quote the value, which may be a whole conversation


def read_schema(path: str) -> Any:
    """The JSON in the file at ``path``; UsageError where there is none."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"The schema file `{path}` cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The schema file `{path}` is not UTF-8 text (byte {error.start}).") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}:{error.colno}: the schema file is not JSON: {error.msg}.") from error


def compile_schema(schema: Any, name: str) -> Callable[[Any], str | None]:
    """A function that tells what ``schema`` does not allow in an answer, or None.

    Nothing is ever fetched: a ``$ref`` must lead to a place inside the schema. UsageError, beginning with ``name``,
    where the schema cannot be used.
    """
    if not isinstance(schema, Mapping):
        raise UsageError(f"{name} must be a mapping (`type: object` and so on).")
    dialect = schema.get("$schema", _DIALECT)
    if str(dialect).removesuffix("#") != _DIALECT:
        raise UsageError(f"{name} is written for `{dialect}`; it must be one for `{_DIALECT}`.")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = f" at `{_place(error)}`" if error.path else ""
        raise UsageError(f"{name} is not a valid JSON Schema{place}: {_message(error)}.") from error
    try:
        resource = DRAFT202012.create_resource(schema)
        _follow_references(resource, EMPTY_REGISTRY.resolver_with_root(resource))
    except (Unresolvable, ValueError) as error:
        raise UsageError(f"{name} has a reference that leads nowhere: {error}.") from error
    validator = Draft202012Validator(schema, registry=EMPTY_REGISTRY)

    def fault(answer: Any) -> str | None:
        try:
            error = best_match(validator.iter_errors(answer))
        except (Unresolvable, RecursionError) as failure:
            raise UsageError(f"{name} cannot be followed to its end: {failure}.") from failure
        if error is None:
            return None
        place = f"`{_place(error)}`" if error.path else "the answer"
        return f"{place} is not as the schema asks: {_message(error)}"

    return fault


def _follow_references(resource: SchemaResource, resolver: Any) -> None:
    """Raise Unresolvable for the first reference that leads nowhere."""
    if isinstance(resource.contents, Mapping):
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in resource.contents:
                resolver.lookup(resource.contents[keyword])
    for part in resource.subresources():
        _follow_references(part, resolver.in_subresource(part))


def _place(error: ValidationError | SchemaError) -> str:
    return shown(error.json_path.removeprefix("$").removeprefix("."), longest=80)


def _message(error: ValidationError | SchemaError) -> str:
    """The message, shortened in the middle (its beginning and its end say most), with the limit that it leaves out."""
    text, half = error.message, _LONGEST_MESSAGE // 2
    short = text if len(text) <= _LONGEST_MESSAGE else f"{text[:half]} … {text[-half:]}"
    limit = error.validator_value
    is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
    return f"{short} ({error.validator}: {limit})" if is_number else short
