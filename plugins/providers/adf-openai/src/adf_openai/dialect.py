"""The words a server understands: the fullest request first, and less of it once something was refused.

Compatible servers differ in the parameters and answer formats they know. Each refusal that names one is
remembered, so that it happens once and not with every request.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Set
from typing import Any

from adf_core import Request
from adf_openai.refusals import Refusal

logger = logging.getLogger(__name__)

_LIMITS = ("max_completion_tokens", "max_tokens")
"""OpenAI's newer models refuse the second name, many other servers do not know the first and may pay no heed to it."""

_DISPENSABLE = ("temperature", "top_p", "seed", "reasoning_effort")
_FORMATS = ("json_schema", "json_object")

_UNSUPPORTED = re.compile(
    r"unsupported|n[o']t support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra_forbidden|"
    r"only the default",
    re.IGNORECASE,
)
_FORMAT = re.compile(
    r"response[ _]?format|json[ _]?(?:schema|object|mode)|schema|structured output|grammar", re.IGNORECASE
)
_BOUNDS = re.compile(
    r"\b(?:minLength|maxLength|minItems|maxItems|uniqueItems|minimum|maximum|exclusiveMinimum|exclusiveMaximum|"
    r"multipleOf|pattern|format)\b"
)


class Dialect:
    """How to word requests for one server."""

    def __init__(self, *, openai: bool) -> None:
        """``openai`` says whether the server is OpenAI's own."""
        self._limits = _LIMITS if openai else _LIMITS[::-1]
        self._refused: set[str] = set()
        self._worded: tuple[Mapping[str, Any] | None, dict[str, Any] | None] = (None, None)

    def body(self, request: Request, **more: Any) -> dict[str, Any]:
        """The request in words that were not refused so far; ``more`` are parameters that no Request has."""
        parameters = {
            self._limit: request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
            "response_format": self._format_of(request.json_schema),
            **more,
        }
        known = {name: value for name, value in parameters.items() if value is not None and name not in self._refused}
        return {"messages": [{"role": "user", "content": request.prompt}], **known}

    @property
    def _limit(self) -> str:
        """The name under which the token limit goes: the first, unless only that one was refused."""
        first, second = self._limits
        return second if first in self._refused else first

    def _format_of(self, schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The answer format for ``schema``. The last is kept: most requests of a run have the same."""
        if schema != self._worded[0]:
            self._worded = schema, self._format(schema)
        return self._worded[1]

    def _format(self, schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
        form = next((form for form in _FORMATS if form not in self._refused), None)
        if not schema or form is None:
            return None
        if form == "json_object":
            return {"type": form}
        sent = without(schema, self._refused)
        return {"type": form, "json_schema": {"name": "answer", "schema": sent, "strict": is_closed(sent)}}

    def learn(self, body: Mapping[str, Any], refusal: Refusal) -> None:
        """Remember what of ``body`` a refusal turns down, if it says so."""
        if refusal.status not in (400, 422):
            return
        for name in (_parameters(body, refusal) or _formats(body, refusal)) - self._refused:
            if name in _LIMITS and self._limit != self._limits[0]:
                continue  # the other name was refused before, and a request without a limit is never sent
            logger.info("The server refuses %s; it is left out from now on.", name)
            self._refused.add(name)
            self._worded = (None, None)


def _parameters(body: Mapping[str, Any], refusal: Refusal) -> set[str]:
    """The parameters of ``body`` that the server says it does not support."""
    if not _UNSUPPORTED.search(" ".join((refusal.message, *refusal.codes))):
        return set()
    sent = {name for name in (*_LIMITS, *_DISPENSABLE) if name in body}
    if refusal.param in sent:
        return {refusal.param}
    return {name for name in sent if re.search(rf"\b{name}\b", refusal.message)}


def _formats(body: Mapping[str, Any], refusal: Refusal) -> set[str]:
    """The answer format of ``body`` if the server turns it down, or those keywords of its schema that it names."""
    form = body.get("response_format")
    if not isinstance(form, Mapping) or not _FORMAT.search(f"{refusal.param} {refusal.message}"):
        return set()
    if form["type"] == "json_schema":
        schema, named = form["json_schema"]["schema"], set(_BOUNDS.findall(refusal.message))
        if without(schema, named) != schema:
            return named
    return {form["type"]}


def without(schema: Any, keywords: Set[str]) -> Any:
    """``schema`` without some of its keywords, at any depth; what it says about properties of that name stays."""
    if isinstance(schema, list):
        return [without(item, keywords) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: {name: without(inner, keywords) for name, inner in value.items()}
        if key in ("properties", "$defs")
        else without(value, keywords)
        for key, value in schema.items()
        if key not in keywords
    }


def is_closed(schema: Any) -> bool:
    """Whether every object in ``schema`` requires all its properties and allows no others, as strict mode wants it."""
    if isinstance(schema, list):
        return all(is_closed(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False
        or set(schema.get("required", ())) != set(schema.get("properties", ()))
    ):
        return False
    return all(is_closed(value) for value in schema.values())
