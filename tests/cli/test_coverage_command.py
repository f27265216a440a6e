"""``adf coverage`` on what a run left."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from adf_core.testing import OpenAIServer, make_project

DIAGRAM = """erDiagram
    COUNSELOR ||--|{ COUNSELEE : "provides counseling to"
    COUNSELEE {
        string mood "calm | anxious | angry"
        int years_married "1..40"
    }
"""

SETUP: dict[str, Any] = {
    "user_role": "COUNSELEE",
    "assistant_role": "COUNSELOR",
    "derivational_evolving_directions": [],
    "generation": {"attempts": 1},
    "scenarios": {
        "strategy": "pairwise",
        "factors": {"language": ["English", "Portuguese"], "tone": ["formal", "casual"]},
        "constraints": [{"when": {"language": "Portuguese"}, "then": {"tone": "formal"}}],
    },
}


def refuses_anger(body: dict[str, Any], nth: int) -> str:
    angry = "mood: angry." in body["messages"][-1]["content"]
    return "no JSON" if angry else json.dumps({"conversations": [{"user": "u", "assistant": "a"}]})


def run(adf, folder: Path, *more: str, answer: Any = refuses_anger) -> None:
    with OpenAIServer(answer) as server:
        done = adf("run", folder, "--provider", "openai", "-o", f"base_url={server.url}", *more)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(adf, tmp_path: Path) -> Path:
    """A project whose run rejected all that is angry."""
    folder = make_project(tmp_path / "project", diagram=DIAGRAM, **SETUP)
    run(adf, folder)
    return folder


def pairs_in(folder: Path) -> set[frozenset[tuple[str, str]]]:
    """The pairs of values in the scenarios of the dataset that was written."""
    lines = (folder / "out" / "dataset.jsonl").read_text("utf-8").splitlines()
    scenarios = [json.loads(line)["metadata"]["scenario"] for line in lines]
    return {frozenset(pair) for scenario in scenarios for pair in combinations(scenario.items(), 2)}


def test_coverage_is_that_of_the_dataset(adf, folder: Path) -> None:
    covered = pairs_in(folder)
    document = json.loads(adf("coverage", folder, "--json").stdout)
    assert document["kind"] == "requested"
    assert document["records"] == len((folder / "out" / "dataset.jsonl").read_text("utf-8").splitlines())
    # 9 + 4 * 6 for the mood or the years and others, 3 * 4 more, and one more pair that the constraint rules out.
    values, pairs, triples = document["strengths"]
    assert (values["covered"], values["possible"]) == (11, 12)
    assert (pairs["covered"], pairs["possible"], pairs["cells"]) == (len(covered), 56, 57)
    assert triples["covered"] < triples["possible"]
    assert sum(pair["possible"] for pair in document["pairs"]) == 56
    assert sum(pair["covered"] for pair in document["pairs"]) == len(covered)
    worst = document["pairs"][0]
    assert "COUNSELEE.mood" in worst["factors"]
    assert worst["ratio"] == min(pair["ratio"] for pair in document["pairs"])
    assert {each["value"]: each["records"] for each in document["values"]}["angry"] == 0
    assert [each["direction"] for each in document["directions"]] == ["plain", "wordy"]
    assert adf("coverage", folder / "out", "--json").stdout == adf("coverage", folder, "--json").stdout


def test_the_table_says_what_it_is_and_fits_the_screen(adf, folder: Path) -> None:
    done = adf("coverage", folder, env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Requested coverage: what was asked for in ")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "values 11 of 12 91 %" in lines
    covered = len(pairs_in(folder))
    assert f"pairs of values {covered} of 56 {100 * covered // 56} %" in lines
    shares = [int(found[1]) for line in lines if (found := re.search(r"^\w\S+ \w\S+ \d+ of \d+ (\d+) %$", line))]
    assert len(shares) == 10
    assert shares == sorted(shares)
    assert any(re.fullmatch(r"plain \d+ 91 % \d+ %", line) for line in lines)
    assert f"Not asked for: {56 - covered} pairs of values; `--missing` lists them." in lines
    assert "what was asked for in accepted records" in " ".join(adf("coverage", "--help").stdout.split())


def test_missing_lists_exactly_what_no_record_has(adf, folder: Path) -> None:
    done = adf("coverage", folder, "--missing")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "COUNSELEE.mood=angry, language=Portuguese" in lines
    assert "language=Portuguese, tone=casual" not in lines
    missing = json.loads(adf("coverage", folder, "--missing", "--json").stdout)
    assert lines == [", ".join(f"{factor}={value}" for factor, value in cell.items()) for cell in missing]
    assert {frozenset(cell.items()) for cell in missing}.isdisjoint(pairs_in(folder))
    assert len(missing) == 56 - len(pairs_in(folder))
    assert adf("coverage", folder, "--missing", "--strength", "1").stdout == "COUNSELEE.mood=angry\n"


def test_when_all_is_accepted_nothing_is_missing(adf, folder: Path) -> None:
    run(adf, folder, "--retry-rejected", answer='{"conversations": [{"user": "u", "assistant": "a"}]}')
    done = adf("coverage", folder, "--missing")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing is missing at strength 2.\n")
    assert adf("coverage", folder, "--missing", "--json").stdout == "[]\n"
    text = " ".join(adf("coverage", folder).stdout.split())
    assert "pairs of values 56 of 56 100 %" in text
    assert "triples of values; `--missing --strength 3` lists them." in text


def test_a_constraint_of_today_takes_older_records_out(adf, folder: Path) -> None:
    setup: dict[str, Any] = json.loads(json.dumps(SETUP))
    setup["scenarios"]["constraints"].append({"when": {"COUNSELEE.mood": "calm"}, "then": {"language": "English"}})
    make_project(folder, diagram=DIAGRAM, **setup)
    run(adf, folder)
    document = json.loads(adf("coverage", folder, "--json").stdout)
    assert document["forbidden"] > 0
    assert document["strengths"][1]["possible"] == 55
    text = " ".join(adf("coverage", folder).stdout.split())
    assert f"{document['forbidden']} of them cover nothing: their scenarios break the constraints of today." in text


def test_only_the_worst_pairs_are_shown_unless_all_are_asked_for(adf, tmp_path: Path) -> None:
    factors = {f"factor {number}": ["a", "b"] for number in range(8)}
    folder = make_project(
        tmp_path, derivational_evolving_directions=[], scenarios={"strategy": "pairwise", "factors": factors}
    )
    run(adf, folder)
    for flags, shown in (((), 20), (("--all",), 36)):
        text = adf("coverage", folder, *flags).stdout
        assert len(re.findall(r"^ \S+ ?\d? +factor \d", text, re.MULTILINE)) == shown
        assert ("16 more pairs of factors: `--all` shows them." in text) is (shown == 20)


def test_without_scenarios_nothing_is_claimed(adf, project: Path) -> None:
    run(adf, project)
    done = adf("coverage", project)
    assert done.returncode == 0
    assert "no coverage is claimed" in " ".join(done.stdout.split())
    assert json.loads(adf("coverage", project, "--json").stdout)["kind"] == "none"
    done = adf("coverage", project, "--missing")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no coverage is claimed" in " ".join(done.stderr.split())
    assert adf("coverage", project, "--missing", "--json").stdout == "null\n"


def test_names_and_values_cannot_steer_the_terminal(adf, tmp_path: Path) -> None:
    scenarios = {"strategy": "pairwise", "factors": {"col\x1b[31mour": ["re\x07d\nandmore", "blue"], "b": ["x", "y"]}}
    folder = make_project(tmp_path, derivational_evolving_directions=[], scenarios=scenarios)
    run(adf, folder, "--limit", "1")
    for flags in ((), ("--missing",), ("--missing", "--json"), ("--json",)):
        done = adf("coverage", folder, *flags)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        assert "\x07" not in done.stdout
    lines = adf("coverage", folder, "--missing", "--strength", "1").stdout.splitlines()
    assert all(re.fullmatch(r"\S.*=\S+.*", line) for line in lines)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--strength", "3"), "`--strength` goes with `--missing`"),
        (("--missing", "--strength", "9"), "9 is not in the range"),
    ],
)
def test_what_does_not_fit_is_said(adf, tmp_path: Path, flags: tuple[str, ...], told: str) -> None:
    done = adf("coverage", tmp_path, *flags)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_strength_above_the_number_of_factors_is_refused(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path, scenarios={"strategy": "pairwise", "factors": {"a": ["x", "y"], "b": ["x", "y"]}})
    run(adf, folder, "--limit", "1")
    done = adf("coverage", folder, "--missing", "--strength", "4")
    assert (done.returncode, done.stdout) == (2, "")
    assert "A strength of 4 needs as many factors" in done.stderr


def test_a_folder_without_a_journal_says_how_to_make_one(adf, tmp_path: Path) -> None:
    done = adf("coverage", tmp_path)
    assert done.returncode == 2
    assert "There is no journal" in done.stderr


CONFIRMING = '''
from adf_core import Validator, Verdict, hookimpl


class Reader(Validator):
    """Finds the language in every text, and the tone in none."""

    name = "reader"

    async def validate(self, candidate, context):
        return Verdict.accept(confirmed=[factor for factor in candidate.scenario if factor == "language"])


@hookimpl
def register_validators(register):
    register(Reader)
'''


@pytest.fixture
def confirmed(adf, tmp_path: Path) -> Path:
    """A project whose validator looked for the scenarios in the text."""
    folder = make_project(tmp_path / "project", diagram=DIAGRAM, validators=["schema", "reader"], **SETUP)
    (folder / "adf_plugins.py").write_text(CONFIRMING)
    run(adf, folder, "--allow-project-code")
    return folder


def test_confirmed_coverage_counts_what_was_found_and_stands_beside_the_requested(adf, confirmed: Path) -> None:
    document = json.loads(adf("coverage", confirmed, "--json").stdout)
    assert document["kind"] == "requested"
    assert [each["covered"] for each in document["confirmed"]["strengths"]] == [2, 0, 0]
    assert document["strengths"][0]["covered"] == 11
    shown = adf("coverage", confirmed).stdout
    assert "Confirmed: what was found in their text." in " ".join(shown.split())
    assert re.search(r"values +11 of 12 +91 % +2 of 12 +16 %", shown), shown
    alone = json.loads(adf("coverage", confirmed, "--confirmed", "--json").stdout)
    assert alone == {"kind": "confirmed", **document["confirmed"]}
    missing = adf("coverage", confirmed, "--confirmed", "--missing", "--strength", "1").stdout.splitlines()
    assert len(missing) == 10
    assert not any(line.startswith("language=") for line in missing)


def test_where_nobody_looked_nothing_is_confirmed(adf, folder: Path) -> None:
    done = adf("coverage", folder, "--confirmed")
    assert done.returncode == 2
    assert "No validator has looked for the scenarios" in done.stderr
    assert "confirmed" not in json.loads(adf("coverage", folder, "--json").stdout)
