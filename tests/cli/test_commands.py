from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adf_core.testing import OpenAIServer, make_project


def test_help_names_every_command_and_those_of_plugins(adf) -> None:
    done = adf("--help")
    assert done.returncode == 0
    for name in ("run", "plan", "check", "diagram", "status", "coverage", "init", "plugins", "models"):
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE), name


HEAVY = {
    *("openai", "google.genai", "google.generativeai", "google.api_core", "xllamacpp"),
    *("yaml", "jsonschema", "lark", "jinja2", "rich", "sqlite3", "asyncio", "httpx", "numpy"),
}


def test_help_imports_no_sdk_and_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['adf', '--help']\n"
        "try:\n    import adf_core.__main__\nexcept SystemExit: pass\n"
        f"print('HEAVY', sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_a_starter_project_runs_as_it_is(adf, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tutor"
    done = adf("init", folder)
    assert done.returncode == 0, done.stderr
    assert adf("check", folder).returncode == 0
    with OpenAIServer() as server:
        done = adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}")
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / "dataset.jsonl").stat().st_size > 0


def test_plan_counts_and_prints_the_exact_prompts(adf, project: Path) -> None:
    done = adf("plan", project, "--provider", "openai", "--show-prompt", "3")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^seeds +2$", done.stdout, re.MULTILINE)
    assert re.search(r"about 64 at 4 turns a conversation \(no bound", done.stdout)
    assert done.stdout.count("=== seed") == 2
    assert "=== derivation" in done.stdout
    assert 'Its direction or style is "wordy".' in done.stdout
    document = json.loads(adf("plan", project, "--provider", "openai", "--show-prompt", "3", "--json").stdout)
    assert (document["seeds"], document["derivations"], document["calls"]) == (2, 64, 66)
    assert [prompt["stand_in"] for prompt in document["prompts"]] == [False, False, True]


def test_plan_bounds_what_turns_max_bounds(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path, generation={"turns": {"max": 3}, "d_factor": 1, "attempts": 2})
    document = json.loads(adf("plan", folder, "--provider", "openai", "--json").stdout)
    assert (document["most_derivations"], document["most_calls"]) == (12, 28)


MEANING = """\
%% Around the lobby

erDiagram
    GUEST["A guest"] {
        int id PK
        sex male
        string mood "how they feel: calm:3 | annoyed"
        string name "as on the passport"
    }
    GUEST }o--|| RECEPTIONIST : "asks for help at the desk of"
    %% Topic: lost luggage
    %% Hour: night | day
"""


def test_check_shows_the_diagram_as_understood(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path, diagram=MEANING)
    done = adf("check", folder, env={"COLUMNS": "80"})
    assert done.returncode == 0
    assert "warning" not in done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for line in (
        "GUEST (A guest) id free int",
        "sex fact male",
        "mood factor calm:3 | annoyed how they feel",
        "name free string as on the passport",
        "RECEPTIONIST",
        "zero or more GUEST asks for help at the desk of one RECEPTIONIST",
        "RECEPTIONIST-GUEST.count factor none | one | several how many GUEST one",
        "GUEST-RECEPTIONIST.Topic fact lost luggage",
        "GUEST-RECEPTIONIST.Hour factor night | day",
        "Around the lobby",
        "2 entities, 1 relationship; 2 facts; 3 factors with 12 combinations of values",
    ):
        assert line in lines
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if not line.startswith("in order:"))


def test_check_prints_the_diagram_and_its_meaning_as_json(adf, tmp_path: Path) -> None:
    done = adf("check", make_project(tmp_path, diagram=MEANING), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [entity["name"] for entity in document["diagram"]["entities"]] == ["GUEST", "RECEPTIONIST"]
    guest, _ = document["meaning"]["entities"]
    assert {"kind": "fact", "name": "GUEST.sex", "value": "male"} in guest["readings"]
    assert document["warnings"] == []


def test_check_cuts_ranges_as_the_setup_says(adf, tmp_path: Path) -> None:
    diagram = 'erDiagram\n  GUEST {\n    int nights "1..8"\n  }\n  GUEST ||--|| RECEPTIONIST : asks\n'
    folder = make_project(tmp_path, diagram=diagram, scenarios={"strategy": "all", "buckets": 2})
    assert "1..4 | 5..8" in adf("check", folder).stdout


def test_check_shows_what_looks_odd_with_its_line_and_a_caret(adf, tmp_path: Path) -> None:
    diagram = "erDiagram\n  GUEST {\n    name string\n  }\n  GUEST ||--|| RECEPTIONIST : has words\n"
    folder = make_project(tmp_path, diagram=diagram)
    done = adf("check", folder)
    assert done.returncode == 0
    file = folder / "diagram.mermaid"
    assert done.stderr.startswith(
        f"warning: {file}:3:5: `name string` reads as if type and name were swapped\n"
        "  3 |     name string\n"
        "    |     ^\n"
        "  hint: write the type first: `string name`\n"
        f"warning: {file}:5:35: `words` behind the label `has` is read as an entity of its own: put the "
        "whole label in quotes, with no quotes inside it\n"
        "  5 |   GUEST ||--|| RECEPTIONIST : has words\n"
        "    |                                   ^\n"
    )


def test_status_adds_up_to_the_plan(adf, project: Path) -> None:
    def answer(body: dict, nth: int) -> str:
        turns = [{"user": "u", "assistant": "a"}]
        wrong = '"curious"' in body["messages"][-1]["content"]
        return "no JSON" if wrong else json.dumps({"conversations": turns})

    with OpenAIServer(answer) as server:
        options = ("--provider", "openai", "-o", f"base_url={server.url}")
        adf("run", project, *options, "--limit", "6")
        for _ in range(2):
            state = json.loads(adf("status", project / "out", "--json").stdout)
            ended = [state[name] for name in ("accepted", "rejected", "failed", "unspent")]
            assert sum(ended) == state["planned"]
            adf("run", project, *options)
    assert ended == [2 + 2 * 4, 2 * 4, 0, 0]
    done = adf("status", project)
    assert "8 rejected by answer: it has no JSON object" in done.stdout
    assert "finished" in done.stdout


def test_run_prints_its_summary_as_json(adf, project: Path) -> None:
    with OpenAIServer() as server:
        done = adf("run", project, "--provider", "openai", "-o", f"base_url={server.url}", "--json")
    summary = json.loads(done.stdout)
    assert (summary["ended"], summary["exit_status"]) == ("finished", 0)
    assert summary["sinks"]["jsonl"]["records"] == summary["state"]["accepted"] == summary["requests"]


def test_fresh_sets_the_old_journal_aside(adf, project: Path) -> None:
    with OpenAIServer() as server:
        options = ("--provider", "openai", "-o", f"base_url={server.url}")
        adf("run", project, *options)
        sent = server.count
        done = adf("run", project, *options, "--fresh")
        assert server.count == 2 * sent
    [aside] = (project / "out").glob("journal-*.sqlite")
    assert str(aside) in done.stderr


def test_plugins_are_listed_with_their_state(adf) -> None:
    done = adf("plugins")
    assert re.search(r"^providers: .*gemini.*llama.*openai", done.stdout, re.MULTILINE)
    listed = {plugin["name"]: plugin for plugin in json.loads(adf("plugins", "--json").stdout)}
    assert listed["schema"]["state"] == "ok"
    assert listed["schema"]["hooks"] == ["register_validators"]
    assert {"kind": "sink", "name": "json"} in listed["jsonl"]["components"]
    listed = {plugin["name"]: plugin for plugin in json.loads(adf("plugins", "--json", "--block", "jsonl").stdout)}
    assert listed["jsonl"]["state"] == "blocked"


def test_a_components_options_are_shown_with_type_and_default(adf) -> None:
    done = adf("plugins", "show", "openai")
    assert re.search(r"^  base_url \(string or null, default null\)$", done.stdout, re.MULTILINE)
    schema = json.loads(adf("plugins", "show", "openai", "--json").stdout)["components"][0]["options"]
    assert schema["properties"]["api_key"]["writeOnly"]


PROJECT_CODE = """\
from adf_core import Direction, hookimpl

class Whisper(Direction):
    \"\"\"Very quietly.\"\"\"
    name = "whisper"
    def instruction(self, context):
        return f"whispered to the {context.assistant_role}"

@hookimpl
def register_directions(register):
    register(Whisper)
"""


@pytest.mark.parametrize("allowed", [False, True])
def test_a_projects_own_code_runs_only_when_allowed(adf, tmp_path: Path, allowed: bool) -> None:
    folder = make_project(tmp_path, seed_evolving_directions=["whisper"])
    (folder / "adf_plugins.py").write_text(PROJECT_CODE)
    flags = ["--allow-project-code"] if allowed else []
    done = adf("plan", folder, "--provider", "openai", "--show-prompt", "1", *flags)
    assert ("whispered to the RECEPTIONIST" in done.stdout) is allowed


def test_text_of_a_model_cannot_steer_the_terminal(adf, tmp_path: Path) -> None:
    nasty = '{"\x1b[31mred\x1b]0;title\x07": 1}'
    folder = make_project(tmp_path / "p", derivational_evolving_directions=[], validators=[{"name": "schema"}])
    answer = json.dumps({"conversations": [{"user": "u", "assistant": "a", nasty: 1}]})
    with OpenAIServer(answer) as server:
        done = adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr


def test_plan_counts_what_validators_ask(adf, tmp_path: Path) -> None:
    folder = make_project(
        tmp_path / "judged",
        type="instruct",
        provider={"name": "openai", "model": "gpt-6-luna"},
        validators=["schema", {"name": "judge", "agreement": 3}],
    )
    judged = json.loads(adf("plan", folder, "--json").stdout)
    alone = json.loads(adf("plan", make_project(folder, type="instruct", provider=judged["provider"]), "--json").stdout)
    assert judged["judging_calls"] == 3 * judged["calls"]
    assert (alone["judging_calls"], alone["calls"]) == (0, judged["calls"])
    assert judged["input_tokens"] > 2 * alone["input_tokens"]
    assert judged["usd"] > alone["usd"] > 0


def test_what_does_not_go_together_is_told_before_a_run(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", validators=["schema", {"name": "judge", "criteria": {"kind": " "}}])
    for command in ("check", "plan", "run"):
        done = adf(command, folder)
        assert done.returncode == 2
        assert "setup.yaml:" in done.stderr
        assert "The criterion `kind` of the validator `judge` does not say what it asks" in done.stderr
