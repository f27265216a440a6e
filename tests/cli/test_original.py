"""What the first implementation did, against a server that speaks OpenAI's HTTP."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from adf_core.prompts import BUILTIN_TEMPLATES
from adf_core.testing import GeminiServer, OpenAIServer, make_project
from adf_core.testing.project import DIAGRAM


def three_turns(body: dict, nth: int) -> str:
    """Three turns for a seed, one for a derivation."""
    prompt, seed = body["messages"][-1]["content"], body["seed"]
    turns = 1 if "have said, as JSON" in prompt else 3
    return json.dumps({"conversations": [{"user": f"u{n} {seed}", "assistant": f"a{n}"} for n in range(turns)]})


def one_pair(body: dict, nth: int) -> str:
    return json.dumps({"conversation": {"user": f"u {body['seed']}", "assistant": "a"}})


@pytest.mark.parametrize("factors", [(), ("--s-factor", "2", "--d-factor", "3")])
def test_conversation_expands_to_prefixes_times_directions_times_d_factor(adf, tmp_path: Path, factors) -> None:
    folder = make_project(tmp_path / "p")
    seeds, d_factor = (4, 3) if factors else (2, 4)
    with OpenAIServer(three_turns) as server:
        done = adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}", "-o", "model=m", *factors)
        assert done.returncode == 0, done.stderr
        prompts = [body["messages"][-1]["content"] for body in server.requests]
    assert len(prompts) == seeds + seeds * 3 * 2 * d_factor
    lengths = Counter(prompt.count('{"user": "u') for prompt in prompts)
    assert lengths == {0: seeds, 1: seeds * 2 * d_factor, 2: seeds * 2 * d_factor, 3: seeds * 2 * d_factor}
    outputs = json.loads((folder / "out" / "outputs.json").read_text("utf-8"))
    assert len(outputs) == seeds * 3 * 2 * d_factor
    for record in outputs:
        assert list(record) == ["conversations", "type", "category", "model"]
        assert (record["type"], record["category"], record["model"]) == ("conversation", "hotel reception", "m")
        assert [list(turn) for turn in record["conversations"]] == [["user", "assistant"]]


def test_instruct_expands_s_factor_seeds_times_directions_times_d_factor(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    with OpenAIServer(one_pair) as server:
        options = ("--provider", "openai", "-o", f"base_url={server.url}", "-o", "model=m", "--type", "instruct")
        done = adf("run", folder, *options)
        assert done.returncode == 0, done.stderr
        assert server.count == 2 * 4 + 2 * 4 * 2 * 4
    outputs = json.loads((folder / "out" / "outputs.json").read_text("utf-8"))
    assert len(outputs) == 2 * 4 * 2 * 4
    assert {(record["type"], len(record["conversations"])) for record in outputs} == {("instruct", 1)}


def test_the_prompt_arrives_as_it_was_written(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", derivational_evolving_directions=[], output_format="JSON\n")
    with OpenAIServer(three_turns) as server:
        adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}")
        sent = sorted(body["messages"][-1]["content"] for body in server.requests)
    template = BUILTIN_TEMPLATES["seed", "conversation"]
    values = ((DIAGRAM.strip(), "-" * 30, word, "GUEST", "RECEPTIONIST") for word in ("plain", "wordy"))
    assert sent == sorted(template % each + "\nJSON\n" for each in values)


def test_the_older_command_line_keeps_working(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    with OpenAIServer(lambda body, nth: "no JSON") as server:
        options = ("--backend-llm", "gpt", "--api-key", "sk-secret-0123456789", "--retry-num", "2")
        done = adf("run", "--target-folder", folder, *options, env={"OPENAI_BASE_URL": server.url})
        assert server.count == 2 * 3
        assert {received.headers["authorization"] for received in server.received} == {"Bearer sk-secret-0123456789"}
    assert "a key on the command line" in done.stderr
    with OpenAIServer(three_turns) as server:
        done = adf("run", "--target-folder", folder, *options, "--retry-rejected", env={"OPENAI_BASE_URL": server.url})
    assert done.returncode == 0, done.stderr
    assert len(json.loads((folder / "outputs.json").read_text())) == 2 * 3 * 2 * 4
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not [path for path in written if b"sk-secret" in path.read_bytes()]


def test_the_older_file_name_is_written_in_the_project(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    with OpenAIServer(three_turns) as server:
        options = ("--provider", "openai", "-o", f"base_url={server.url}", "--target-filename", "mine.json")
        adf("run", "--target-folder", folder, *options)
    assert json.loads((folder / "mine.json").read_text())


@pytest.mark.parametrize("named", [False, True])
def test_a_key_alone_means_gemini_unless_the_setup_names_somebody(adf, tmp_path: Path, named: bool) -> None:
    more = {"provider": "openai"} if named else {}
    folder = make_project(tmp_path / "p", derivational_evolving_directions=[], **more)
    reply = json.dumps({"conversations": [{"user": "u", "assistant": "a"}]})
    with GeminiServer(reply) as gemini, OpenAIServer(reply) as openai:
        url = openai.url if named else gemini.url
        done = adf("run", "--target-folder", folder, "--api-key", "k-123", "-o", f"base_url={url}")
        assert done.returncode == 0, done.stderr
        assert (gemini.count, openai.count) == ((0, 2) if named else (2, 0))


def test_the_gemini_key_means_the_gemini_provider(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", derivational_evolving_directions=[])
    reply = json.dumps({"conversations": [{"user": "u", "assistant": "a"}]})
    with GeminiServer(reply) as server:
        done = adf("run", "--target-folder", folder, "--gemini-api-key", "k-123", "-o", f"base_url={server.url}")
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 2
