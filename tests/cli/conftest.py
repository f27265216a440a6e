from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adf_core.cli.main import cli
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import OpenAIServer, make_project

ADF = [sys.executable, "-m", "adf_core"]

Constants = Mapping[str, float]
"""Values in place of the program's own, by their full names: so that a test need not wait as long as a user would."""

SHORT_WAITS: Constants = {"adf_core.engine.retry.FIRST_WAIT": 0.02, "adf_core.engine.retry.LONGEST_WAIT": 0.1}


def environment(**more: str) -> dict[str, str]:
    """This process's environment without keys, proxies and colours."""
    keys = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ADF_LOAD_PLUGINS")
    kept = {name: value for name, value in os.environ.items() if name not in keys and "proxy" not in name.lower()}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "100", **more}


def command(*arguments: str | Path, constants: Constants | None = None) -> list[str]:
    """The command line of an ``adf`` process."""
    words = [str(argument) for argument in arguments]
    if not constants:
        return [*ADF, *words]
    lines = ["from importlib import import_module as module"]
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        lines.append(f"assert module({module!r}).{constant}; module({module!r}).{constant} = {value!r}")
    lines.append("from adf_core.cli.main import main; main()")
    return [sys.executable, "-c", "\n".join(lines), *words]


@pytest.fixture
def adf() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``adf`` as a process of its own."""

    def run(
        *arguments: str | Path, env: dict[str, str] | None = None, constants: Constants | None = None, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        words = command(*arguments, constants=constants)
        return subprocess.run(
            words, capture_output=True, text=True, timeout=120, env=environment(**(env or {})), check=False, **more
        )

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``adf`` as a process of its own and go on; what still runs at the end is killed."""
    # Where a shell has started the tests in the background they ignore Ctrl-C, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started: list[subprocess.Popen[str]] = []

    def run(
        *arguments: str | Path, env: dict[str, str] | None = None, constants: Constants | None = None, **more: Any
    ) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more}
        words = command(*arguments, constants=constants)
        process = subprocess.Popen(words, text=True, env=environment(**(env or {})), **pipes)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def flat(tmp_path: Path) -> Callable[..., Path]:
    """Make a project of so many seeds and no derivations: each slot asks for itself alone."""

    def make(seeds: int, **setup: Any) -> Path:
        words = [f"word {number}" for number in range(seeds)]
        directions = {"seed_evolving_directions": words, "derivational_evolving_directions": []}
        return make_project(tmp_path / "flat", **directions, **setup)

    return make


def status(out: Path) -> dict[str, Any]:
    """What ``adf status --json`` says of an output folder, or of a project that has one."""
    done = CliRunner().invoke(cli, ["status", str(out), "--json"], catch_exceptions=False)
    numbers: dict[str, Any] = json.loads(done.stdout)
    assert numbers["planned"] == sum(numbers[name] for name in ("accepted", "surplus", "rejected", "failed", "unspent"))
    return numbers


def sentence(done: subprocess.CompletedProcess[str], status: int) -> str:
    """What a process that ended as it should said on standard error, one sentence of it the error."""
    assert done.returncode == status, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    return done.stderr


def went_well(done: subprocess.CompletedProcess[str]) -> str:
    """What a process that did all there was to do said on standard output."""
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr + done.stdout
    return done.stdout


def openai(server: OpenAIServer | str, *more: str) -> tuple[str, ...]:
    """Options that have the server, or that at an address, asked."""
    url = server if isinstance(server, str) else server.url
    return ("--provider", "openai", "-o", f"base_url={url}", *more)


def faults(out: Path) -> Counter[str]:
    """How many tries of each kind of error the journal in ``out`` holds."""
    with JournalReader(out / FILE_NAME) as reader:
        return Counter(dict(reader.connection.execute("SELECT error, count(*) FROM faults GROUP BY error")))


def rows(out: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a question to the journal in ``out`` brings."""
    with JournalReader(out / FILE_NAME) as reader, closing(reader.connection.execute(sql)) as found:
        return found.fetchall()


def wait_for(happened: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Return once something has happened; fail where it does not in a minute, or the process ends before."""
    give_up = time.monotonic() + 60
    while not happened():
        assert process is None or process.poll() is None, "the process ended before that"
        assert time.monotonic() < give_up, "that does not happen"
        time.sleep(0.005)
