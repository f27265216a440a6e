"""Curator (bespokelabs-curator), with a response format, as its README shows."""

from __future__ import annotations

from typing import Any

from bespokelabs import curator
from pydantic import BaseModel

from benchmarks.contenders.job import KEY, MAX_TOKENS, MODEL, TEMPERATURE, job

NO_LIMIT = 1_000_000_000
"""A minute, of requests and tokens; it would set limits of its own if it were given none."""


class Turn(BaseModel):
    user: str
    assistant: str


class Conversation(BaseModel):
    conversations: list[Turn]


class Writer(curator.LLM):
    response_format = Conversation

    def prompt(self, input: dict[str, Any]) -> str:
        return str(input["prompt"])

    def parse(self, input: dict[str, Any], response: Conversation) -> dict[str, Any]:
        return {"prompt": input["prompt"], **response.model_dump()}


if __name__ == "__main__":
    given = job()
    writer = Writer(
        model_name=MODEL,
        backend="openai",
        generation_params={"max_tokens": MAX_TOKENS, "temperature": TEMPERATURE},
        backend_params={
            "base_url": given.url,
            "api_key": KEY,
            "max_concurrent_requests": given.concurrency,
            "max_requests_per_minute": NO_LIMIT,
            "max_tokens_per_minute": NO_LIMIT,
            "require_all_responses": False,
        },
    )
    answer = writer([{"prompt": prompt} for prompt in given.prompts])
    answer.dataset.to_json(given.out)
