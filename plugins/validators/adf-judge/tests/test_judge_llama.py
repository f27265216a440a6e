"""The judge with the model that runs in the process, which the first run fetches."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from adf_judge.questions import answer_schema
from adf_judge.rubric import DEFAULT
from jsonschema import Draft202012Validator

from adf_core.testing import make_project

FACTORS = {"mood": ["calm", "angry", "sad"]}


def test_every_answer_of_the_embedded_model_is_a_judgement(tmp_path: Path) -> None:
    folder = make_project(
        tmp_path,
        seed_evolving_directions=["plain"],
        derivational_evolving_directions=[],
        scenarios={"strategy": "all", "omit": ["*"], "factors": FACTORS},
        generation={"attempts": 1, "max_tokens": 300},
        validators=["schema", {"name": "judge", "agreement": 2}],
    )
    done = subprocess.run(
        [sys.executable, "-m", "adf_core", "run", str(folder)], capture_output=True, text=True, timeout=300
    )
    assert "Traceback" not in done.stdout + done.stderr
    with closing(sqlite3.connect(folder / "out" / "journal.sqlite")) as journal:
        asked = "SELECT finish_reason, text FROM answers WHERE purpose = 'judge'"
        answers = journal.execute(asked).fetchall()
        states = journal.execute("SELECT state, count(*) FROM slots GROUP BY state").fetchall()
        verdicts = journal.execute("SELECT scores FROM verdicts WHERE validator = 'judge'").fetchall()
    schema = Draft202012Validator(answer_schema(DEFAULT, dict.fromkeys(FACTORS, "")))
    assert all(finish_reason == "stop" and schema.is_valid(json.loads(text)) for finish_reason, text in answers)
    judged = len(verdicts)
    assert judged >= 2, "the model wrote no conversations to judge"
    assert len(answers) == 2 * judged
    assert all(1 <= json.loads(scores)["overall"] <= 5 for (scores,) in verdicts)
    assert {state for state, _ in states} <= {"accepted", "rejected"}
