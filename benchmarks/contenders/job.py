"""What every contender is told: whom to ask, what, how many at once, and where to put it. Needs nothing installed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL = "model"
KEY = "none"  # the server asks for none, but clients want to have one

_TURN: Mapping[str, Any] = {
    "type": "object",
    "properties": {"user": {"type": "string", "minLength": 1}, "assistant": {"type": "string", "minLength": 1}},
    "required": ["user", "assistant"],
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"conversations": {"type": "array", "minItems": 1, "items": _TURN}},
    "required": ["conversations"],
    "additionalProperties": False,
}
"""The shape of an answer that `adf` asks for."""

MAX_TOKENS = 4096
TEMPERATURE = 0.9


@dataclass(frozen=True, slots=True)
class Job:
    """``url`` is the server's, with ``/v1``; ``out`` is to become a file of JSON lines, one for each conversation."""

    url: str
    prompts: tuple[str, ...]
    concurrency: int
    out: Path


def job() -> Job:
    """The job that the command line tells of."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--prompts", type=Path, required=True, help="a file of JSON strings, one a line")
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    prompts = tuple(map(json.loads, given.prompts.read_text("utf-8").splitlines()))
    return Job(given.url, prompts, given.concurrency, given.out)


def body(prompt: str) -> dict[str, Any]:
    """The request for a prompt, as `adf` words it (but for the seed), for those who word it themselves."""
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    return {
        "model": MODEL,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": MAX_TOKENS,
        "temperature": TEMPERATURE,
        "top_p": 1.0,
        "response_format": form,
    }
