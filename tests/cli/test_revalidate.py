"""``adf revalidate``: changed validators judge what is stored, and nothing is generated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from adf_core.testing import GeminiServer, OpenAIServer, make_project
from adf_core.testing.openai_server import default_answer, prompt

from .conftest import openai, status, went_well

CODE = """
from dataclasses import dataclass
from typing import ClassVar

from adf_core import Request, Validator, Verdict, hookimpl, option


@dataclass(kw_only=True, eq=False)
class Shortest(Validator):
    '''Wants a number of turns.'''

    name: ClassVar[str] = "shortest"
    turns: int = option(1, help="fewest turns")

    async def validate(self, candidate, context):
        return Verdict.accept() if len(candidate.turns) >= self.turns else Verdict.reject("too short", "say more")


@dataclass(kw_only=True, eq=False)
class Asking(Validator):
    '''Asks a model.'''

    name: ClassVar[str] = "asking"
    asks: ClassVar[bool] = True
    strict: bool = option(False, help="whether to listen")

    async def validate(self, candidate, context):
        answer = await context.ask(Request(f"Is {candidate.key} good?"))
        return Verdict.reject("no good") if self.strict and answer.text == "bad" else Verdict.accept()


@hookimpl
def register_validators(register):
    register(Shortest)
    register(Asking)
"""


def change(folder: Path, **setup: Any) -> None:
    file = folder / "setup.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **setup}))


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out" / "dataset.jsonl").read_text().splitlines()]


def turns(nth: int) -> str:
    return json.dumps({"conversations": [{"user": f"u{n}", "assistant": f"a{n}"} for n in range(1 + nth % 3)]})


def test_changed_validators_judge_stored_answers_and_a_run_asks_for_what_is_open(adf, flat) -> None:
    folder = flat(30, validators=["schema", {"name": "shortest"}], generation={"attempts": 2})
    (folder / "adf_plugins.py").write_text(CODE)
    counter = iter(range(1000))
    with OpenAIServer(lambda body, nth: turns(next(counter))) as server:
        run = ["--allow-project-code", "run", folder, *openai(server, "--concurrency", "1")]
        went_well(adf(*run))
        before = (folder / "out" / "dataset.jsonl").read_bytes()
        assert server.count == 30

        same = adf("--allow-project-code", "revalidate", folder)
        went_well(same)
        assert "Nothing has changed" in same.stdout

        change(folder, validators=["schema", {"name": "shortest", "turns": 2}])
        done = adf("--allow-project-code", "revalidate", folder / "out")
        went_well(done)
        assert server.count == 30
        assert "20 conversations stay accepted" in done.stdout
        assert "10 are refused now by shortest" in done.stdout
        assert "`adf run` would ask for 10 conversations" in done.stdout
        assert len(records(folder)) == 20
        assert status(folder)["unspent"] == 10

        went_well(adf(*run))
        assert server.count == 40
        assert status(folder)["unspent"] == 0

        change(folder, validators=["schema", {"name": "shortest", "turns": 1}])
        back = adf("--allow-project-code", "revalidate", folder, "--json")
        went_well(back)
        assert server.count == 40
    assert json.loads(back.stdout)["state"]["accepted"] == 30
    # The first accepted answer wins, so all is as it was before.
    assert (folder / "out" / "dataset.jsonl").read_bytes() == before


def test_what_a_validator_asked_is_used_again_and_the_provider_is_opened_for_new_questions_only(adf, flat) -> None:
    folder = flat(12, validators=["schema"])
    (folder / "adf_plugins.py").write_text(CODE)
    opinions: list[str] = []

    def answer(body: dict[str, Any], nth: int) -> str:
        if "good?" not in prompt(body):
            return default_answer(body, nth)
        opinions.append("bad" if len(opinions) % 3 == 0 else "good")
        return opinions[-1]

    with OpenAIServer(answer) as server:
        went_well(adf("--allow-project-code", "run", folder, *openai(server)))
        change(folder, validators=["schema", "asking"])
        went_well(adf("--allow-project-code", "revalidate", folder))
        assert (server.count, len(opinions)) == (24, 12)
        change(folder, validators=["schema", {"name": "asking", "strict": True}])
        done = adf("--allow-project-code", "revalidate", folder)
        went_well(done)
        assert (server.count, len(opinions)) == (24, 12)
    assert "8 conversations stay accepted" in done.stdout
    assert "4 are refused now by asking" in done.stdout


def test_what_derives_from_a_refused_conversation_is_left_out(adf, tmp_path: Path) -> None:
    folder = make_project(
        tmp_path / "family",
        validators=["schema"],
        seed_evolving_directions=["plain"],
        derivational_evolving_directions=["plain"],
        generation={"s_factor": 3, "d_factor": 2, "attempts": 1},
    )
    (folder / "adf_plugins.py").write_text(CODE)
    counter = iter(range(1000))
    with OpenAIServer(lambda body, nth: turns(2 * (next(counter) % 2))) as server:
        went_well(adf("--allow-project-code", "run", folder, *openai(server, "--concurrency", "1")))
        asked = server.count
        change(folder, validators=["schema", {"name": "shortest", "turns": 2}])
        done = adf("--allow-project-code", "revalidate", folder, "--json")
        went_well(done)
        assert server.count == asked
    changes = json.loads(done.stdout)["changes"]
    left = records(folder)
    ids = {record["metadata"]["id"] for record in left}
    assert all(record["metadata"]["parent"] in ids | {""} for record in left)
    assert changes["orphaned"] > 0
    assert changes["kept"] == len(left)
    assert changes["kept"] + changes["orphaned"] + sum(changes["refused"].values()) == asked


def test_without_a_journal_there_is_a_sentence(adf, tmp_path) -> None:
    done = adf("revalidate", tmp_path)
    assert done.returncode == 2
    assert "There is no journal at" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_provider_that_a_key_alone_chose_is_still_the_one(adf, flat) -> None:
    folder = flat(4, validators=["schema"])
    (folder / "adf_plugins.py").write_text(CODE)
    with GeminiServer(turns(0)) as server:
        env = {"GOOGLE_GEMINI_BASE_URL": server.url}
        went_well(adf("run", "--target-folder", folder, "--api-key", "k", env=env))
        asked = server.count
        change(folder, validators=["schema", {"name": "shortest", "turns": 1}])
        done = adf("--allow-project-code", "revalidate", folder, env=env)
        went_well(done)
        assert server.count == asked == 4
    assert "4 conversations stay accepted" in done.stdout
