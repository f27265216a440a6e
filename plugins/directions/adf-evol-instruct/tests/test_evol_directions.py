import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from adf_evol_instruct import register_directions
from adf_evol_instruct.directions import DIRECTIONS

from adf_core import DirectionContext
from adf_core.testing import OpenAIServer, make_project
from adf_core.testing.openai_server import prompt

SAMPLES = Path(__file__).parents[4] / "samples"
NAMES = ["add-constraints", "deepen", "concretise", "increase-reasoning", "complicate-input", "in-breadth"]
IN_DEPTH = [direction for direction in DIRECTIONS if direction.name != "in-breadth"]
TYPES = ("conversation", "instruct")


def context(type="conversation", round=1, user="GUEST", assistant="RECEPTIONIST", category="hotel reception"):
    return DirectionContext(
        stage="derivation",
        type=type,
        category=category,
        user_role=user,
        assistant_role=assistant,
        diagram="erDiagram\n  GUEST }o--|| RECEPTIONIST : asks",
        round=round,
    )


def each_instruction(directions=DIRECTIONS, rounds=(1, 2, 3, 9)):
    for direction in directions:
        for type in TYPES:
            for round in rounds:
                yield direction().instruction(context(type, round))


def adf(command, project, server, *options):
    arguments = [sys.executable, "-m", "adf_core", command, str(project), "--provider", "openai"]
    arguments += ["-o", f"base_url={server.url}", "-o", "api_key=k", *options]
    return subprocess.run(arguments, capture_output=True, text=True)


def test_the_six_operations_are_registered_once_each():
    registered = []
    register_directions(registered.append)
    assert [direction.name for direction in registered] == NAMES


def test_only_in_breadth_begins_anew():
    assert [direction.name for direction in DIRECTIONS if not direction.continues] == ["in-breadth"]


def test_every_operation_has_a_sentence_of_its_own():
    sentences = [direction.description for direction in DIRECTIONS]
    assert len(set(sentences)) == len(NAMES)
    assert all(re.fullmatch(r"[A-Z][^.\n]+\.", sentence) for sentence in sentences)


def test_each_instruction_names_both_roles():
    for direction in DIRECTIONS:
        for type in TYPES:
            said = direction().instruction(context(type, user="COUNSELEE", assistant="MARRIAGE_COUNSELOR"))
            assert "the COUNSELEE" in said or "another COUNSELEE" in said
            assert "the MARRIAGE_COUNSELOR" in said
            assert "GUEST" not in said


def test_each_instruction_fits_between_quotation_marks_in_a_sentence():
    for said in each_instruction():
        assert re.match("slightly harder than |new[:,] ", said)
        assert not re.search(r'["`.\n%{}]|  ', said)


def test_an_exchange_speaks_of_the_example_and_a_conversation_never_does():
    for direction in DIRECTIONS:
        assert "the example" in direction().instruction(context("instruct"))
        assert "example" not in direction().instruction(context("conversation"))


def test_in_depth_says_how_far_it_may_go():
    for direction in IN_DEPTH:
        for type in TYPES:
            said = direction().instruction(context(type))
            assert "the topic stays" in said
            assert ("at most ten lines" if direction.name == "complicate-input" else "only 10 to 20 words") in said


def test_in_breadth_names_the_domain_and_wants_no_variant():
    for type in TYPES:
        [in_breadth] = [direction() for direction in DIRECTIONS if direction.name == "in-breadth"]
        said = in_breadth.instruction(context(type, category="first aid"))
        assert "of the same domain (first aid)" in said
        assert "another GUEST" in said and "as hard" in said


def test_each_operation_asks_for_something_else_in_the_second_round():
    for direction in DIRECTIONS:
        for type in TYPES:
            first, second = (direction().instruction(context(type, round)) for round in (1, 2))
            assert first != second


def test_steps_of_thought_grow_with_the_rounds_up_to_five():
    [reasoning] = [direction() for direction in DIRECTIONS if direction.name == "increase-reasoning"]
    counts = [re.search(r"at least (\w+) steps", reasoning.instruction(context(round=n)))[1] for n in range(7)]
    assert counts == ["two", "two", "three", "four", "five", "five", "five"]


@pytest.mark.parametrize("type", TYPES)
def test_the_built_in_prompts_say_the_instruction_of_each_operation(tmp_path, type):
    generation = {"s_factor": 1, "d_factor": 1, "rounds": 2, "turns": {"max": 1}}
    project = make_project(
        tmp_path,
        type=type,
        seed_evolving_directions=["general"],
        derivational_evolving_directions=NAMES,
        generation=generation,
    )
    with OpenAIServer() as server:
        done = adf("run", project, server)
        prompts = [prompt(body) for body in server.requests]
    assert done.returncode == 0, done.stderr
    for direction in DIRECTIONS:
        for round in (1, 2):
            said = direction().instruction(context(type, round))
            holding = [
                text for text in prompts if f'direction or style is "{said}".' in text.replace("of the exchange ", "")
            ]
            assert holding, (direction.name, round)
            assert all(("An example of an exchange" in text) == (type == "instruct") for text in holding)


@pytest.mark.parametrize(
    "sample", ["marriage_counsel", "marriage_counsel_instruct", "coding_assist", "bicycle_workshop"]
)
def test_templates_of_users_say_the_instruction_within_their_sentence(tmp_path, sample):
    setup = yaml.safe_load((SAMPLES / sample / "setup.yaml").read_text("utf-8"))
    setup |= {"seed_evolving_directions": ["general"], "derivational_evolving_directions": NAMES}
    setup["generation"] = {"s_factor": 1, "d_factor": 1, "turns": {"max": 1}}
    setup = {key: value for key, value in setup.items() if key not in ("scenarios", "split")}
    diagram = (SAMPLES / sample / "diagram.mermaid").read_text("utf-8")
    project = make_project(tmp_path, diagram=diagram, text=yaml.safe_dump(setup))
    with OpenAIServer() as server:
        done = adf("run", project, server)
        prompts = [prompt(body) for body in server.requests]
    assert done.returncode == 0, done.stderr
    type, user, assistant = setup.get("type", "conversation"), setup["user_role"], setup["assistant_role"]
    for direction in DIRECTIONS:
        said = direction().instruction(context(type, 1, user, assistant, setup["category"]))
        assert any(f"should be {said}." in text or f'direction is now "{said}".' in text for text in prompts)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", NAMES)
def test_an_operation_named_for_seeds_is_refused_with_a_sentence(tmp_path, name, type):
    project = make_project(tmp_path, type=type, seed_evolving_directions=[name])
    with OpenAIServer() as server:
        done = adf("run", project, server)
        assert server.count == 0
    assert done.returncode == 2
    assert f"the direction `{name}` does not serve a seed of type `{type}` (it serves: derivation" in done.stderr


def test_in_breadth_inherits_no_turns_and_the_others_do(tmp_path):
    project = make_project(
        tmp_path, derivational_evolving_directions=NAMES, generation={"d_factor": 1, "turns": {"min": 2, "max": 2}}
    )
    with OpenAIServer() as server:
        done = adf("run", project, server)
    assert done.returncode == 0, done.stderr
    lines = (project / "out" / "dataset.jsonl").read_text("utf-8").splitlines()
    derived = [each for each in (json.loads(line)["metadata"] for line in lines) if each["stage"] == "derivation"]
    assert {(each["direction"], each["prefix_turns"]) for each in derived} == {
        *((direction.name, prefix) for direction in IN_DEPTH for prefix in (1, 2)),
        ("in-breadth", 0),
    }
