from __future__ import annotations

from pathlib import Path

import pytest

from adf_core import InvalidInput, UsageError
from adf_core.plugins import load as load_plugins
from adf_core.project import load
from adf_core.testing import ScriptedProvider, make_project, plugins_with

PLUGINS = plugins_with(ScriptedProvider)
MINIMAL = """\
user_role: GUEST
assistant_role: RECEPTIONIST
seed_evolving_directions: [general]
provider: scripted
"""


def complaints(folder: Path, **arguments: object) -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, PLUGINS, **arguments)
    return str(caught.value)


def written(folder: Path, text: str, **files: str) -> Path:
    return make_project(folder, text=text, **files)


def test_roles_and_directions_alone_are_a_valid_setup(tmp_path: Path) -> None:
    project = load(written(tmp_path / "hotel", MINIMAL), PLUGINS)
    setup = project.setup
    assert setup.category == "hotel"
    assert (setup.type, setup.generation.s_factor, setup.generation.d_factor) == ("conversation", 1, 4)
    assert setup.generation.attempts == 5
    assert [each.name for each in setup.validators] == ["schema"]
    assert [each.name for each in setup.sinks] == ["jsonl", "json"]
    assert any("`initial_prompt` is missing: the built-in prompt is used" in str(note) for note in project.notices)
    assert any("only seeds are made" in str(note) for note in project.notices)


def test_instruct_makes_four_seeds_a_direction_as_the_first_tool_did(tmp_path: Path) -> None:
    assert load(written(tmp_path, MINIMAL + "type: instruct\n"), PLUGINS).setup.generation.s_factor == 4


def test_words_are_read_as_written(tmp_path: Path) -> None:
    text = MINIMAL.replace("[general]", "[no, 1.10, 2024-02-14, ~]").replace("GUEST", "on")
    setup = load(written(tmp_path, text), PLUGINS).setup
    assert setup.seed_directions == ("no", "1.10", "2024-02-14", "~")
    assert setup.user_role == "on"


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("usr_role: X", "6:1", ["unknown key `usr_role`", "did you mean `user_role`?"]),
        ("user_role: OTHER", "6:1", ["the key `user_role` stands here twice, first in line 1"]),
        ("generation: {d_factor: four}", "6:24", ["`generation.d_factor` must be a whole number, not `four`"]),
        ("generation: {d_factor: 0}", "6:24", ["must be at least 1"]),
        ("generation: {d_faktor: 2}", "6:14", ["unknown key `d_faktor`", "did you mean `d_factor`?"]),
        ("generation: 4", "6:13", ["`generation` must be a mapping"]),
        ("generation: {turns: {min: 3, max: 2}}", "6:35", ["`turns.max` (2) is less than `turns.min` (3)"]),
        (
            "derivational_evolving_directions: humorous",
            "6:35",
            ["must be a list or a mapping (`key: value`), not `humorous`"],
        ),
        ("derivational_evolving_directions: [a, a]", "6:35", ["names `a` twice"]),
        ("type: chat", "6:7", ["must be one of `conversation`, `instruct`"]),
        ("validators: [shema]", "6:14", ["There is no validator `shema`", "Did you mean `schema`?"]),
        ("validators: [{name: schema, strict: true}]", "6:29", ["option of the validator `schema`", "unknown key"]),
        ("validators: [{strict: true}]", "6:14", ["needs the key `name`"]),
        ("sinks: [jsnl]", "6:9", ["There is no sink `jsnl`"]),
        ("scenarios: {strategy: pairwize}", "6:23", ["must be one of `single`"]),
        ("initial_prompt: 'one %s'", "6:17", ["`initial_prompt`: it has 1 `%s` where type `conversation` takes 5"]),
        ("initial_prompt: '50% of %s'", "6:17", ["a `%` that is no `%s`", "write `%%`"]),
        ("initial_prompt: 'for {{ nobody }}'", "6:17", ["`{{ nobody }}` is not defined"]),
        ("er_diagram_path: ../x.mermaid", "6:18", ["leads out of the project"]),
        ("er_diagram_path: gone.mermaid", "6:18", ["gone.mermaid does not exist"]),
        ("category: !python/name:os.system x", "6:11", ["tag"]),
        ("? [a]\n: b", "6:3", ["a key must be a word"]),
        ("delimiter: [", "7:1", ["no valid YAML"]),
        ("a: b: c", "6:5", ["no valid YAML", "must be in quotes"]),
    ],
)
def test_each_mistake_is_one_sentence_with_its_place(tmp_path: Path, line: str, place: str, words: list[str]) -> None:
    before = "# the line before\n"
    text = complaints(written(tmp_path, f"{MINIMAL}{before}{line}\n"))
    assert text.startswith(f"{tmp_path / 'setup.yaml'}:{place}: "), text
    for word in words:
        assert word in text


def test_a_mistake_inside_a_block_is_placed_on_its_own_line(tmp_path: Path) -> None:
    text = MINIMAL + "initial_prompt: |\n  first line\n  a {{ diagramm }}\n"
    message = complaints(written(tmp_path, text))
    assert message.startswith(f"{tmp_path / 'setup.yaml'}:7:8: ")
    assert "did you mean `diagram`?" in message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(written(tmp_path, "user_rol: X\ntype: chat\nassistant_role: Y\n"), PLUGINS)
    assert len(caught.value.complaints) == 4


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words", "- a\n- b\n"])
def test_a_setup_that_is_no_mapping_is_told_what_it_needs(tmp_path: Path, text: str) -> None:
    assert "it needs at least `user_role`" in complaints(written(tmp_path, text))


def test_a_setup_that_is_no_text_is_told(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "setup.yaml").write_bytes(b"user_role: \xff\xfe")
    assert "no UTF-8 text" in complaints(folder)


def test_a_yaml_bomb_is_refused_soon(tmp_path: Path) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    bomb = "\n".join(["a0: &a0 [x]", *levels])
    assert "more than 100,000 values" in complaints(written(tmp_path, bomb))


def test_yaml_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in complaints(written(tmp_path, "a: " + "[" * 5000))


def test_no_folder_no_setup_no_diagram(tmp_path: Path) -> None:
    assert "does not exist" in complaints(tmp_path / "nowhere")
    assert "adf init DIR" in complaints(tmp_path)
    (tmp_path / "file").write_text("x")
    assert "is a file" in complaints(tmp_path / "file")
    assert "there is no diagram" in complaints(make_project(tmp_path / "p", text=MINIMAL, diagram=None))
    assert "the diagram is empty" in complaints(make_project(tmp_path / "p", text=MINIMAL, diagram=" \n"))


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("erDiagram\n A")
    folder = make_project(tmp_path / "p", text=MINIMAL, diagram=None)
    (folder / "diagram.mermaid").symlink_to(tmp_path / "secret")
    assert "leads out of the project" in complaints(folder)


def test_the_inline_diagram_wins_over_files(tmp_path: Path) -> None:
    (tmp_path / "other.mermaid").write_text("erDiagram\n OTHER\n")
    text = MINIMAL + "er_diagram_path: other.mermaid\n"
    assert load(written(tmp_path, text), PLUGINS).diagram_text == "erDiagram\n OTHER"
    text += "er_diagram: |\n  erDiagram\n    INLINE\n"
    assert load(written(tmp_path, text), PLUGINS).diagram_text == "erDiagram\n  INLINE"


def test_an_inline_diagram_without_header_is_sent_as_written_with_a_warning(tmp_path: Path) -> None:
    project = load(written(tmp_path, MINIMAL + 'er_diagram: |\n  A ||--o{ B : "has"\n'), PLUGINS)
    assert project.diagram_text == 'A ||--o{ B : "has"'
    assert project.diagram is not None
    assert [entity.name for entity in project.diagram.entities] == ["A", "B"]
    assert "read as if there were one" in str(project.warnings[0])


def test_a_diagram_that_mermaid_refuses_is_a_warning_with_single_and_an_error_for_check(tmp_path: Path) -> None:
    folder = written(tmp_path, MINIMAL, diagram="erDiagram\n  A {\n    sex male\n    duration 10-years\n  }\n")
    project = load(folder, PLUGINS)
    assert project.diagram is None
    assert f"{folder / 'diagram.mermaid'}:4:14: " in str(project.warnings[0])
    assert f"{folder / 'diagram.mermaid'}:4:14: " in complaints(folder, strict=True)


def test_what_mermaid_silently_misreads_is_a_warning_with_its_place(tmp_path: Path) -> None:
    folder = written(tmp_path, MINIMAL, diagram="erDiagram\n  A ||--o{ B : has items\n")
    warning = load(folder, PLUGINS).warnings[0]
    assert str(warning).startswith(f"{folder / 'diagram.mermaid'}:2:20: `items`")
    assert warning.source_line == "  A ||--o{ B : has items"


def test_a_role_that_is_no_entity_is_a_warning(tmp_path: Path) -> None:
    text = "user_role: counsele\nassistant_role: the counselor\nseed_evolving_directions: [general]\n"
    diagram = 'erDiagram\n  COUNSELOR["The counselor"] \n COUNSELOR ||--|{ COUNSELEE : helps\n'
    (warning,) = load(written(tmp_path, text, diagram=diagram), PLUGINS).warnings
    assert (warning.line, warning.column) == (1, 12)
    assert warning.message == "`user_role` is `counsele`, which is no entity of the diagram"
    assert warning.hint == "name one of its entities, or add this one"
    nearly = load(written(tmp_path, text.replace("counsele", "COUNSELE"), diagram=diagram), PLUGINS)
    assert nearly.warnings[0].hint == "did you mean `COUNSELEE`?"


def test_values_that_are_odd_are_told_by_check_alone_while_they_are_not_used(tmp_path: Path) -> None:
    diagram = 'erDiagram\n  A ||--|| B : x\n  A {\n    string mood "calm | calm | angry"\n  }\n'
    folder = written(tmp_path, MINIMAL.replace("USER", "A").replace("ASSISTANT", "B"), diagram=diagram)
    told = [str(warning) for warning in load(folder, PLUGINS, strict=True).warnings]
    assert any("`A.mood` has the value `calm` twice" in text and ":4:5: " in text for text in told)
    assert not any("twice" in str(warning) for warning in load(folder, PLUGINS).warnings)


def test_a_mistake_in_an_inline_diagram_is_placed_in_the_setup(tmp_path: Path) -> None:
    folder = written(tmp_path, MINIMAL + "er_diagram: |\n  erDiagram\n    A {\n      x 10-y\n    }\n")
    assert f"{folder / 'setup.yaml'}:8:9: " in str(load(folder, PLUGINS).warnings[0])


def test_a_direction_nobody_provides_is_a_plain_word_and_a_near_miss_earns_a_hint(tmp_path: Path) -> None:
    text = MINIMAL.replace("[general]", "[generl, sarcastic]")
    project = load(written(tmp_path, text), PLUGINS)
    assert project.setup.seed_directions == ("generl", "sarcastic")
    [warning] = project.warnings
    assert "did you mean `general`?" in str(warning)


def test_another_provider_on_the_command_line_leaves_the_setups_options_behind(tmp_path: Path) -> None:
    text = MINIMAL.replace("provider: scripted", "provider: {name: openai, base_url: 'http://x'}")
    overrides = {("provider", "name"): "scripted", ("provider", "temperature"): "0.1"}
    choice = load(written(tmp_path, text), PLUGINS, overrides).setup.provider
    assert (choice.name, dict(choice.options)) == ("scripted", {"temperature": "0.1"})


def test_a_mistake_on_the_command_line_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    overrides = {("provider", "temprature"): "0.1"}
    message = complaints(written(tmp_path, MINIMAL), overrides=overrides)
    assert message.startswith("on the command line: ")
    assert "did you mean `temperature`?" in message


def test_a_missing_provider_says_how_to_get_it(tmp_path: Path) -> None:
    plugins = load_plugins(block=["gemini"])
    folder = written(tmp_path, MINIMAL.replace("scripted", "gemini"))
    with pytest.raises(UsageError, match=r"pip install .*adf-gemini"):
        load(folder, plugins)
