"""Bad input and bad worlds: one clear sentence, the right exit status, no traceback, nothing lost."""

from __future__ import annotations

import json
import resource
import signal
import socket
import time
from pathlib import Path

import pytest

from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import OpenAIServer, Reply, make_project, openai_error


def sentence(done, status: int) -> str:
    """The error of a process that ended as it should."""
    assert done.returncode == status, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    return done.stderr


def openai(server: OpenAIServer, *more: str) -> tuple[str, ...]:
    return ("--provider", "openai", "-o", f"base_url={server.url}", *more)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nowhere"], "nowhere does not exist"),
        (["plan", "nowhere"], "nowhere does not exist"),
        (["check", "nowhere"], "nowhere does not exist"),
        (["run", "{project}", "--provider", "nobody"], "There is no provider `nobody`"),
        (["run", "{project}", "--provider", "opnai"], "Did you mean `openai`?"),
        (["run", "{project}", "--provider", "openai"], "OPENAI_API_KEY"),
        (["run", "{project}", "--provider", "gemini"], "GEMINI_API_KEY"),
        (["run", "{project}", "--provider", "openai", "-o", "modle=x"], "did you mean `model`?"),
        (["run", "{project}", "--provider", "openai", "-o", "model"], "is no KEY=VALUE"),
        (["run", "{project}", "--runner", "nobody", "--provider", "openai"], "There is no runner `nobody`"),
        (["status", "nowhere"], "There is no journal at nowhere"),
        (["init", "{project}"], "exists already; nothing was written"),
        (["plugins", "show", "nothing-like-it"], "Nothing that is installed is called"),
        (["run", "{project}", "--gemini-api-key", "x", "--backend-llm", "gpt"], "does not go with"),
    ],
)
def test_the_users_mistakes_leave_with_2(adf, project: Path, arguments: list[str], words: str) -> None:
    done = adf(*(argument.format(project=project) for argument in arguments), cwd=project.parent)
    assert words in sentence(done, 2)


@pytest.mark.parametrize(
    "arguments", [["run"], ["run", "x", "--concurrency", "0"], ["frobnicate"], ["run", "x", "--typ"]]
)
def test_wrong_arguments_leave_with_2(adf, arguments: list[str]) -> None:
    done = adf(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr


@pytest.mark.parametrize("command", ["run", "plan", "check"])
def test_a_mistake_in_the_setup_is_placed(adf, tmp_path: Path, command: str) -> None:
    folder = make_project(tmp_path, text="user_role: A\n  assistant_role: B\n")
    assert f"{folder / 'setup.yaml'}:2:17: " in sentence(adf(command, folder), 2)


def test_check_refuses_a_diagram_that_mermaid_refuses(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path, diagram='erDiagram\n  end-user ||--o{ ORDER : "places"\n')
    assert f"{folder / 'diagram.mermaid'}:2:" in sentence(adf("check", folder), 2)


def test_debug_shows_where(adf) -> None:
    assert "Traceback" in adf("--debug", "run", "nowhere").stderr
    assert "Traceback" in adf("run", "nowhere", "--debug").stderr


def test_a_refused_key_stops_the_run_and_never_shows(adf, project: Path) -> None:
    def refuse(body: dict, nth: int) -> Reply:
        return Reply(status=401, body=openai_error("Incorrect API key provided: sk-abc123def456ghi789"))

    with OpenAIServer(refuse) as server:
        done = adf("run", project, *openai(server), env={"OPENAI_API_KEY": "sk-abc123def456ghi789"})
        assert server.count <= 16
    assert "key" in sentence(done, 2)
    assert "sk-abc123" not in done.stderr + done.stdout
    assert b"sk-abc123" not in b"".join(path.read_bytes() for path in project.rglob("*") if path.is_file())


def test_an_unreachable_server_is_told_soon_with_its_address(adf, project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = adf("run", project, "--provider", "openai", "-o", f"base_url=http://127.0.0.1:{port}/v1")
    assert f"127.0.0.1:{port}" in sentence(done, 1)


def test_an_output_folder_that_cannot_be_written_is_told_before_anything_is_sent(adf, project: Path) -> None:
    (project / "out").write_text("a file in the way")
    with OpenAIServer() as server:
        done = adf("run", project, *openai(server))
        assert server.count == 0
    assert "cannot be written" in sentence(done, 2)


def test_a_full_disk_loses_nothing_that_was_committed(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", generation={"d_factor": 8})

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))

    with OpenAIServer() as server:
        done = adf("run", folder, *openai(server), preexec_fn=small_files)
        assert "What was committed before is safe" in sentence(done, 1)
        sent = server.count
        with JournalReader(folder / "out" / FILE_NAME) as reader:
            answers = reader.state().answers
        assert answers > 0
        done = adf("run", folder, *openai(server), "--json")
        summary = json.loads(done.stdout)
        assert summary["state"]["accepted"] == summary["state"]["planned"]
        assert server.count - sent == summary["state"]["planned"] - answers


def test_a_damaged_journal_is_left_alone_until_fresh(adf, project: Path) -> None:
    (project / "out").mkdir()
    journal = project / "out" / FILE_NAME
    journal.write_bytes(b"garbage" * 1000)
    with OpenAIServer() as server:
        assert "--fresh" in sentence(adf("run", project, *openai(server)), 2)
        assert journal.read_bytes() == b"garbage" * 1000
        done = adf("run", project, *openai(server), "--fresh")
        assert done.returncode == 0, done.stderr
    [aside] = (project / "out").glob("journal-*.sqlite")
    assert aside.read_bytes() == b"garbage" * 1000


def test_fresh_without_a_key_leaves_the_journal_where_it_is(adf, project: Path) -> None:
    with OpenAIServer() as server:
        adf("run", project, *openai(server))
    assert "OPENAI_API_KEY" in sentence(adf("run", project, "--provider", "openai", "--fresh"), 2)
    assert not list((project / "out").glob("journal-*"))


def test_two_runs_on_one_folder(adf, start, project: Path) -> None:
    with OpenAIServer(latency=3) as server:
        first = start("run", project, *openai(server))
        while server.count == 0:
            time.sleep(0.02)
        assert "Another `adf run` is working on" in sentence(adf("run", project, *openai(server)), 2)
        assert first.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_lets_what_is_in_flight_finish_and_says_how_to_go_on(adf, start, tmp_path: Path, number: int) -> None:
    folder = make_project(tmp_path / "p", generation={"s_factor": 100})
    with OpenAIServer(latency=0.4) as server:
        process = start("run", folder, *openai(server, "--concurrency", "4"), stdout=-1, stderr=-1)
        while server.count < 8:
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert "Stopping: what is in flight may finish" in err
        assert f"to go on: adf run {folder} --provider openai" in out
        sent = server.count
        with JournalReader(folder / "out" / FILE_NAME) as reader:
            assert reader.state().answers == sent == len(server.requests)
        assert len((folder / "out" / "dataset.jsonl").read_text().splitlines()) == sent


def test_a_second_ctrl_c_leaves_at_once(start, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    with OpenAIServer(latency=20) as server:
        process = start("run", folder, *openai(server), stdout=-1, stderr=-1)
        while server.count == 0:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        before = time.monotonic()
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - before < 10
        assert process.returncode == 130
        assert "Left at once" in err
