from __future__ import annotations

import pytest

from adf_core.prompts import BUILTIN_TEMPLATES, PromptValues, TemplateError, compile_template
from adf_core.prompts.templates import PERCENT_ORDER

VALUES = PromptValues(
    diagram="DIAGRAM",
    delimiter="----",
    direction="humorous",
    user_role="USER",
    assistant_role="ASSISTANT",
    output_format="FORMAT\n",
    conversation='[{"user": "100%", "assistant": "%s {{ x }}"}]',
    variables={"tone": "warm"},
)

PERCENT = {
    ("seed", "conversation"): "%s|%s|%s|%s|%s 100%%\n",
    ("derivation", "conversation"): "%s|%s|%s|%s|%s|%s 100%%\n",
    ("seed", "instruct"): "%s|%s|%s|%s|%s 100%%\n",
    ("derivation", "instruct"): "%s|%s|%s|%s|%s|%s|%s 100%%\n",
}


@pytest.mark.parametrize(("stage", "type_"), list(PERCENT))
def test_a_percent_template_is_pythons_own_formatting_and_the_output_format(stage, type_) -> None:
    text = PERCENT[stage, type_]
    values = tuple(getattr(VALUES, name) for name in PERCENT_ORDER[stage, type_])
    assert compile_template(text, stage, type_).render(VALUES) == text % values + "\n" + "FORMAT\n"


@pytest.mark.parametrize(("stage", "type_"), list(BUILTIN_TEMPLATES))
def test_the_builtin_prompts_hold_every_value_once_and_are_filled_by_the_same_rule(stage, type_) -> None:
    text = BUILTIN_TEMPLATES[stage, type_]
    values = tuple(getattr(VALUES, name) for name in PERCENT_ORDER[stage, type_])
    assert compile_template(text, stage, type_).render(VALUES) == text % values + "\n" + "FORMAT\n"


def test_a_wrong_number_of_percent_s_is_told_with_both_counts_and_the_type_that_fits() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template("a %s b %s c %s %s %s %s %s", "derivation", "conversation")
    assert "it has 7 `%s` where type `conversation` takes 6" in str(caught.value)
    assert "it fits `type: instruct`" in (caught.value.hint or "")
    assert caught.value.offset == 2


@pytest.mark.parametrize("stray", ["50% of %s", "%d %s", "%s 5%", "%(x)s %s"])
def test_a_bare_percent_sign_is_told_with_its_place(stray: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(stray, "seed", "conversation")
    assert stray[caught.value.offset] == "%"
    assert "write `%%`" in (caught.value.hint or "")


def test_a_percent_sign_without_any_percent_s_is_just_text() -> None:
    assert "Give 100%." in compile_template("Give 100%.", "seed", "conversation").render(VALUES)


def test_a_jinja_template_knows_names_and_variables_and_gets_the_output_format_behind() -> None:
    template = compile_template("{{ diagram }} {{ tone }} {{ direction }}\n", "seed", "conversation", {"tone"})
    assert template.render(VALUES) == "DIAGRAM warm humorous\n\nFORMAT\n"


def test_a_jinja_template_may_place_the_output_format_itself() -> None:
    template = compile_template("{{ output_format }}{{ user_role }}", "seed", "conversation")
    assert template.render(VALUES) == "FORMAT\nUSER"


def test_values_are_never_read_as_templates() -> None:
    assert "{{ x }}" in compile_template("{{ conversation }}", "derivation", "conversation").render(VALUES)


def test_an_undefined_name_is_told_with_its_place_and_the_nearest_name() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template("one\n{{ user_rol }}", "seed", "conversation")
    assert "`{{ user_rol }}` is not defined" in str(caught.value)
    assert caught.value.hint == "did you mean `user_role`?"
    assert caught.value.offset == 7


@pytest.mark.parametrize(
    "text",
    [
        "{{ diagram ",
        "{% if x %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ diagram.nothing.more }}",
        "{{ 1 / 0 }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ direction.format }}{{ (1).bit_length.__globals__ }}",
    ],
)
def test_a_template_that_breaks_or_reaches_out_is_refused_before_anything_is_sent(text: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(text, "seed", "conversation")


def test_plain_words_stand_inside_a_layout_that_says_everything() -> None:
    prompt = compile_template("Talk about the weather.", "derivation", "conversation").render(VALUES)
    for part in ("DIAGRAM", "----", "Talk about the weather.", "humorous", "USER", "ASSISTANT", "FORMAT"):
        assert part in prompt
    assert VALUES.conversation in prompt
