"""Ctrl-C and SIGTERM: once lets what is in flight finish, twice leaves at once, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

import pytest

from adf_core.testing import OpenAIServer, Reply
from adf_core.testing.openai_server import default_answer, prompt

from .conftest import openai, status, wait_for, went_well

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
LONG = 30
"""Seconds in which a process that is asked to leave must have left; without being asked none here would."""


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process that was stopped said."""
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 130, err + out
    assert "Traceback" not in err
    return out, err


@SIGNALS
def test_once_lets_what_is_in_flight_finish_and_says_how_to_go_on(adf, start, flat, number: int) -> None:
    folder = flat(100)
    with OpenAIServer(latency=0.4) as server:
        process = start("run", folder, *openai(server, "--concurrency", "4"), **PIPES)
        wait_for(lambda: server.count >= 8, process)
        process.send_signal(number)
        out, err = ended(process)
        sent = server.count
        assert sent < 100
    assert "Stopping: what is in flight may finish" in err
    assert f"interrupted: {sent} of 100 conversations accepted" in out
    assert f"to go on: adf run {folder} --provider openai" in out
    numbers = status(folder)
    assert (numbers["ended"], numbers["answers"], numbers["accepted"]) == ("interrupted", sent, sent)
    assert numbers["unspent"] == 100 - sent
    assert len((folder / "out" / "dataset.jsonl").read_text().splitlines()) == sent
    with OpenAIServer() as server:
        went_well(adf("run", folder, *openai(server)))
        assert server.count == 100 - sent


@SIGNALS
def test_twice_leaves_at_once_and_loses_only_what_was_in_flight(adf, start, flat, number: int) -> None:
    folder = flat(40)

    def hang_after_12(body: dict[str, Any], nth: int) -> Reply:
        return Reply(text=default_answer(body, nth), delay=0 if server.count <= 12 else 1000)

    with OpenAIServer(hang_after_12) as server:
        process = start("run", folder, *openai(server, "--concurrency", "4"), **PIPES)
        wait_for(lambda: server.count == 16, process)
        # What has arrived is on disk soon, whatever becomes of what has not.
        wait_for(lambda: status(folder)["answers"] == 12, process)
        process.send_signal(number)
        read_until(process, "Stopping")
        process.send_signal(number)
        _, err = ended(process)
        assert server.count == 16
    assert "Left at once; the same command goes on." in err
    assert status(folder)["answers"] == 12
    with OpenAIServer() as server:
        went_well(adf("run", folder, *openai(server)))
        assert server.count == 28
    assert status(folder)["accepted"] == 40


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read standard error up to the line with these words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}")


def test_nobody_waits_for_a_rate_limit_any_more(adf, start, flat) -> None:
    folder = flat(30)
    with OpenAIServer() as server:
        process = start("run", folder, *openai(server, "-o", "rpm=1"), **PIPES)
        wait_for(lambda: server.answered == 1, process)
        process.send_signal(signal.SIGINT)
        out, _ = ended(process)
        assert server.count == 1
        assert "interrupted: 1 of 30 conversations accepted" in out
        went_well(adf("run", folder, *openai(server)))
        assert server.count == 30
    assert status(folder)["accepted"] == 30


def test_nobody_waits_for_another_try_any_more(adf, start, flat) -> None:
    slow_down = Reply(status=429, headers={"Retry-After": "600"}, text="Slow down.")
    busy = Reply(status=503, text="Busy.")
    folder = flat(6)
    with OpenAIServer(lambda body, nth: slow_down if server.count % 2 else busy) as server:
        long_waits = {"adf_core.engine.retry.FIRST_WAIT": 600.0, "adf_core.engine.retry.LONGEST_WAIT": 600.0}
        process = start("run", folder, *openai(server), constants=long_waits, **PIPES)
        wait_for(lambda: server.answered == 6, process)
        process.send_signal(signal.SIGINT)
        out, _ = ended(process)
        assert server.count == 6
    assert "interrupted: 0 of 6 conversations accepted" in out
    numbers = status(folder)
    assert (numbers["answers"], numbers["failed"], numbers["unspent"]) == (0, 0, 6)
    with OpenAIServer() as server:
        went_well(adf("run", folder, *openai(server)))
    assert status(folder)["accepted"] == 6


def test_nobody_waits_for_room_in_the_budget_any_more(start, flat) -> None:
    folder = flat(6, budget={"requests": 1})
    with OpenAIServer(latency=1) as server:
        process = start("run", folder, *openai(server), **PIPES)
        wait_for(lambda: server.count == 1, process)
        process.send_signal(signal.SIGINT)
        out, _ = ended(process)
        assert server.count == 1
    assert "interrupted: 1 of 6 conversations accepted" in out
    assert status(folder)["unspent"] == 5


ASKING_ABOUT_ALL = '''
from adf_core import Request, Validator, Verdict, hookimpl


class Curator(Validator):
    """Asks of each record whether it belongs into the dataset."""

    name = "curator"
    scope = "dataset"
    asks = True

    async def validate(self, candidate, context):
        answer = await context.ask(Request(f"Keep {candidate.key}?"))
        return Verdict.accept() if answer.text == "yes" else Verdict.reject("not kept")


@hookimpl
def register_validators(register):
    register(Curator)
'''


def test_validators_of_the_whole_stop_asking_too_and_go_on_the_next_time(adf, start, flat) -> None:
    folder = flat(20, validators=["schema", "curator"])
    (folder / "adf_plugins.py").write_text(ASKING_ABOUT_ALL)

    def answer(body: dict[str, Any], nth: int) -> Reply:
        asked = prompt(body).startswith("Keep ")
        return Reply(text="yes" if asked else default_answer(body, nth), delay=0.2 if asked else 0)

    with OpenAIServer(answer) as server:
        run = ("--allow-project-code", "run", folder, *openai(server))
        process = start(*run, **PIPES)
        wait_for(lambda: server.count == 25, process)
        process.send_signal(signal.SIGINT)
        out, _ = ended(process)
        assert "interrupted: 20 of 20 conversations accepted" in out
        assert server.count < 40
        went_well(adf(*run))
        assert server.count == 40
    assert status(folder)["accepted"] == 20
