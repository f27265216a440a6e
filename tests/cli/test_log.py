"""``--log-json``, and what is said of a budget: what one can see of a run, and what nobody may see."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adf_core.testing import OpenAIServer, Reply, openai_error
from adf_core.testing.openai_server import default_answer

from .conftest import SHORT_WAITS, openai, rows, sentence, status, wait_for, went_well

KEY = "my-very-own-key-0123456789"
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def lines(log: Path) -> list[dict[str, Any]]:
    """What a log holds; every line must be a JSON object with the usual fields."""
    found = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert all({"time", "level", "logger", "event"} <= set(line) for line in found)
    return found


def test_every_try_is_in_the_log(adf, flat, tmp_path: Path) -> None:
    folder, log = flat(12), tmp_path / "log.jsonl"

    def answer(body: dict[str, Any], nth: int) -> str | Reply:
        if nth == 1 and int(body["seed"]) % 3 == 0:
            return Reply(status=503, text="The model is overloaded.")
        return "no JSON" if int(body["seed"]) % 5 == 0 else default_answer(body, nth)

    with OpenAIServer(answer) as server:
        went_well(adf("run", folder, *openai(server), "--log-json", log, constants=SHORT_WAITS))
        sent = server.count
    tries = [line for line in lines(log) if line["event"] == "try"]
    assert len(tries) == sent
    failed = [(line["slot"], line["attempt"], line["try"], line["message"]) for line in tries if "error" in line]
    assert sorted(failed) == sorted(rows(folder / "out", "SELECT slot, attempt, try, message FROM faults"))
    answered = [
        (line["slot"], line["attempt"], line["try"], line["tokens_out"]) for line in tries if "error" not in line
    ]
    stored = rows(folder / "out", "SELECT slot, attempt, tries, output_tokens FROM answers")
    assert sorted(answered) == sorted(stored)
    assert all(line["seconds"] > 0 and line["started"] > 0 for line in tries)
    [end] = [line for line in lines(log) if line["event"] == "run ended"]
    assert (end["ended"], end["requests"], end["state"]["accepted"]) == ("finished", sent, 12)


def quote_the_key(body: dict[str, Any], nth: int) -> str | Reply:
    """A server that repeats the key it was given, in whatever it says."""
    if nth == 1:
        return Reply(status=500, body=openai_error(f"No luck with '{KEY}' (Authorization: Bearer {KEY})."))
    return Reply(status=400, body=f"<<{KEY}>> is not a key we like")


@pytest.mark.parametrize("given", ["environment", "option", "older option", "file", "address", "query"])
def test_the_key_is_in_no_log_no_journal_and_no_message(adf, flat, tmp_path: Path, given: str) -> None:
    folder, log, file = flat(6), tmp_path / "log.jsonl", tmp_path / "of-mine"
    file.write_text(f"{KEY}\n")
    with OpenAIServer(quote_the_key) as server:
        url = server.url
        env, more = {
            "environment": ({"OPENAI_API_KEY": KEY}, ()),
            "option": ({}, ("-o", f"api_key={KEY}")),
            "older option": ({}, ("--api-key", KEY)),
            "file": ({}, ("-o", f"api_key_file={file}")),
            "address": ({}, ()),
            "query": ({}, ()),
        }[given]
        if given == "address":
            url = url.replace("//", f"//me:{KEY}@")
        if given == "query":
            url = f"{url}?api_key={KEY}"
        done = adf("--debug", "run", folder, *openai(url, *more), "--log-json", log, env=env, constants=SHORT_WAITS)
        heard = json.dumps([[each.path, dict(each.headers)] for each in server.received])
    assert (KEY in heard) == (given != "address"), "then this shows nothing"
    assert [line for line in lines(log) if line["event"] == "try"]
    assert KEY not in log.read_text("utf-8")
    kept = [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert kept
    assert KEY.encode() not in b"".join(path.read_bytes() for path in kept)
    assert KEY not in done.stdout
    assert KEY not in done.stderr


def test_a_log_is_whole_lines_also_after_kill_9(start, flat, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with OpenAIServer() as server:
        process = start("run", flat(300), *openai(server), "--log-json", log)
        wait_for(lambda: server.answered > 100, process)
        process.kill()
        process.wait()
    assert len(lines(log)) > 50


def test_a_log_that_cannot_be_written_is_told_before_anything_is_sent(adf, project: Path) -> None:
    with OpenAIServer() as server:
        told = sentence(adf("run", project, *openai(server), "--log-json", project / "no" / "log.jsonl"), 2)
        assert server.count == 0
    assert "log.jsonl cannot be written" in told


def test_what_is_spent_reserved_and_left_of_a_budget_is_shown_all_the_time(adf, start, flat) -> None:
    folder = flat(40, budget={"requests": 30, "tokens": 1_000_000})
    with OpenAIServer(latency=0.3) as server:
        often = {"adf_core.cli.display.LINE_SECONDS": 0.1}
        process = start("run", folder, *openai(server, "--concurrency", "4"), constants=often, **PIPES)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert server.count == 30
    shown = re.findall(r"budget requests: (\d+) spent, (\d+) reserved, (\d+) left", err)
    assert shown
    numbers = [tuple(map(int, each)) for each in shown]
    assert all(sum(each) == 30 for each in numbers)
    assert any(reserved == 4 for _, reserved, _ in numbers)
    assert sorted(spent for spent, _, _ in numbers) == [spent for spent, _, _ in numbers]
    assert re.search(r"budget tokens: [\d,]+ spent, [\d,]+ reserved, [\d,]+ left", err)
    assert "budget requests: 30 spent, 0 reserved, 0 left" in out
    [tokens] = rows(folder / "out", "SELECT sum(input_tokens) + sum(output_tokens) FROM answers")
    assert f"budget tokens: {tokens[0]:,} spent, 0 reserved, {1_000_000 - tokens[0]:,} left" in out
    assert "`budget.requests` (30) leaves no room for another request" in out
    numbers = status(folder)
    assert (numbers["accepted"], numbers["unspent"], numbers["charged"]["requests"]) == (30, 10, 30)
    with OpenAIServer() as server:
        adf("run", folder, *openai(server))
        assert server.count == 0
