"""Bad input: one clear sentence, the right exit status, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from adf_core.testing import OpenAIServer, Reply, make_project, openai_error

from .conftest import openai, sentence


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
