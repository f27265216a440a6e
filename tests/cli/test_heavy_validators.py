"""Validators that compute for long: requests go on meanwhile."""

from __future__ import annotations

from typing import Any

from adf_core.testing import OpenAIServer
from adf_core.testing.openai_server import default_answer, prompt

from .conftest import openai, rows, status, went_well

CODE = '''
import time
from pathlib import Path

from adf_core import Request, Validator, Verdict, hookimpl

MOVED_ON = Path(__file__).with_name("moved-on")


class Thinker(Validator):
    """Computes for 50 ms, or until the requests have moved on, and then asks for an opinion."""

    name = "thinker"
    cpu_heavy = True

    async def validate(self, candidate, context):
        least, most = time.thread_time() + 0.05, time.monotonic() + 30
        while time.thread_time() < least or not MOVED_ON.exists():
            if time.monotonic() > most:
                return Verdict.reject("nothing moved meanwhile")
        opinion = await context.ask(Request(f"What do you think of {candidate.key}?"))
        return Verdict.reject("somebody does not like it") if opinion.text == "bad" else Verdict.accept()


@hookimpl
def register_validators(register):
    register(Thinker)
'''


def test_a_heavy_validator_holds_up_no_request_and_may_ask_something_itself(adf, flat) -> None:
    folder = flat(24, validators=["schema", "thinker"], generation={"attempts": 1})
    (folder / "adf_plugins.py").write_text(CODE)
    opinions: list[str] = []

    def answer(body: dict[str, Any], nth: int) -> str:
        if "What do you think of" in prompt(body):
            opinions.append("good" if len(opinions) % 3 else "bad")
            return opinions[-1]
        if server.count == 16:
            (folder / "moved-on").touch()
        return default_answer(body, nth)

    with OpenAIServer(answer, latency=0.05) as server:
        done = adf("--allow-project-code", "run", folder, *openai(server, "--concurrency", "4"))
        went_well(done)
    assert (len(opinions), server.count) == (24, 48)
    numbers = status(folder)
    assert (numbers["accepted"], numbers["rejected"]) == (opinions.count("good"), opinions.count("bad"))
    assert [row["reason"] for row in numbers["reasons"]] == ["somebody does not like it"]
    assert rows(folder / "out", "SELECT count(*) FROM answers WHERE purpose = 'thinker'") == [(24,)]


BLOCKING = '''
import asyncio
import time

from adf_core import Provider, Request, Response, Turn, Validator, Verdict, hookimpl
from adf_core.testing import answer_with


class Blocking(Provider):
    """Wraps a library that blocks, the usual way."""

    name = "blocking"

    async def generate(self, request):
        await asyncio.to_thread(time.sleep, 0.01)
        return Response(answer_with(Turn(str(request.seed), "yes")), model="m")


class Asker(Validator):
    """Asks for an opinion from its thread."""

    name = "asker"
    cpu_heavy = True

    async def validate(self, candidate, context):
        await context.ask(Request(f"What do you think of {candidate.key}?"))
        return Verdict.accept()


@hookimpl
def register_providers(register):
    register(Blocking)


@hookimpl
def register_validators(register):
    register(Asker)
'''


def test_validators_that_wait_in_their_threads_leave_threads_to_the_provider(adf, flat) -> None:
    folder = flat(100, provider="blocking", validators=["asker"])
    (folder / "adf_plugins.py").write_text(BLOCKING)
    went_well(adf("--allow-project-code", "run", folder))
    assert status(folder)["accepted"] == 100
