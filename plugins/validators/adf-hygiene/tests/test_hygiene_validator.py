import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
from adf_hygiene import Hygiene, register_validators
from adf_hygiene.rules import RULES
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core import Candidate, UsageError
from adf_core.conversation import conversation
from adf_core.options import build
from adf_core.testing import OpenAIServer, make_project
from adf_core.testing.openai_server.answers import prompt

DIAGRAM = """erDiagram
    COUNSELOR ||--|{ COUNSELEE : "provides counseling to"
    COUNSELEE {
        string first_name "free"
        int yearsMarried "1..40"
        string mood "calm | angry"
    }
    COUNSELEE ||--o{ MARRIAGE_SESSION : attends
"""


@dataclass(frozen=True)
class Context:
    """The part of a ValidationContext that this validator looks at."""

    diagram: str = DIAGRAM
    user_role: str = "COUNSELEE"
    assistant_role: str = "COUNSELOR"
    delimiter: str = "=" * 20


def candidate(*texts, shown=()):
    """A candidate whose turns are ``texts``, the user and the assistant in turn."""

    def turns(said):
        return conversation(
            {"user": user, "assistant": assistant} for user, assistant in zip(said[::2], said[1::2], strict=True)
        )

    return Candidate(
        key="k",
        stage="seed",
        type="conversation",
        category="marriage counsel",
        direction="general",
        seed="k",
        shown=turns(shown),
        turns=turns(texts),
        provider="llama",
        model="small",
    )


async def judge(*texts, shown=(), context=Context(), **options):
    async with Hygiene(**options) as validator:
        return await validator.validate(candidate(*texts, shown=shown), context)


CLEAN = ("He hasn't spoken to me since Sunday.", "That is a long time under one roof. What happened on Sunday?")
REST = "What would you like to say to him first?"


def test_the_plugin_registers_one_validator_named_hygiene():
    registered = []
    register_validators(registered.append)
    assert [(validator.name, validator.scope, validator.asks) for validator in registered] == [
        ("hygiene", "record", False)
    ]


async def test_a_clean_conversation_is_accepted():
    assert (await judge(*CLEAN)).decision == "accept"


async def test_a_reason_says_the_rule_the_turn_the_speaker_and_the_words():
    verdict = await judge(*CLEAN, "And now?", "As an AI language model, I can't say.")
    assert verdict.decision == "reject"
    assert verdict.reason == "boilerplate: turn 2, assistant: “As an AI language model”"
    assert verdict.feedback.startswith("Let nobody speak as an AI")


async def test_all_rules_that_found_something_are_told_at_once():
    verdict = await judge("Hello, [Name].", "As an AI, I greet you.\n```", "Hm?", "I can't assist with that.")
    assert verdict.reason == (
        "boilerplate: turn 1, assistant: “As an AI”; refusal: turn 2, assistant: “I can't assist with”; "
        "placeholder: turn 1, user: “[Name]”; and 1 more"
    )
    assert verdict.feedback.count("“") == 3


async def test_the_feedback_names_what_is_to_be_avoided():
    verdict = await judge("Hello.", "Tell me about your last MARRIAGE_SESSION, please.")
    assert verdict.feedback == "Say “MARRIAGE_SESSION” in plain words, as people would; it is a name of the diagram."


DEFECTS = {
    "entity_name": ["Our next MARRIAGE_SESSION is on Monday.", "The marriage_session was good.", "I am a COUNSELOR."],
    "attribute_name": ["Your yearsMarried count.", "What is your first_name?", "your years_married are many"],
    "diagram_notation": ["In the erDiagram I saw you.", "A ||--o{ B means many of them.", f"Yes.\n{'=' * 20}\nGo on."],
    "diagram_word": ["According to the diagram you are two.", "The ER diagram says so."],
    "template_word": ["Hello {{ name }}, sit down.", "Dear %s, sit down.", "As the user_role would say it."],
    "boilerplate": ["I'm just an AI, but I care.", "As of my last knowledge update it was so."],
    "refusal": ["I’m sorry, but I can’t help with that.", "I cannot provide medical advice."],
    "speaker_label": ["I see.\nUser: And then?", "I see. User: And then?"],
    "chat_token": ["[INST] What else do you feel?", "<|im_start|>What else do you feel?"],
    "placeholder": [
        "Dear [Your Name], go on.",
        "Say {partner_name} to her.",
        "Call <insert number> now.",
        "TODO: ask.",
    ],
    "loop": ["It is late and " * 6, "Nooooooooooooooo!", "I hear you. " * 4],
    "too_short": ["...", "Yes."],
    "too_long": ["very different words " + " ".join(f"word{number}" for number in range(1500))],
    "script_mix": ["You may 考虑 what she said.", "It is nеаrlу over."],
    "code_fence": ["Write this:\n```\nprint(1)\nThat is all.", "Write this: ```python\nprint(1)\n"],
    "personal_data": [
        "Write to anna.b@mail.de today.",
        "Call +49 341 5528 1190 now.",
        "Pay DE89 3704 0044 0532 0130 00.",
    ],
    "secret": ["It is sk-proj-Zk3vT9qLw7Xb2Rm8Yc4NdHs6 for now.", "It is AKIAQ7XV2MPLD5RTWZ3N for now."],
}
ALL_RULES = {"personal_data": True, "secret": True}


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in DEFECTS.items() for text in texts])
async def test_a_rule_finds_its_defect_and_can_be_switched_off(rule, text):
    verdict = await judge("Good morning to you.", text, **ALL_RULES)
    assert verdict.reason.startswith(f"{rule}: turn 1, assistant: “"), verdict.reason
    off = await judge("Good morning to you.", text, **{**ALL_RULES, rule: False})
    assert f"{rule}:" not in off.reason


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry to hear that. I can't sleep either when it storms.",
        "I'm sorry, but I can't give you a price before somebody has seen it.",
        "As an AI researcher I would ask her; an AI would not.",
        "See [the list](https://example.org/list), point [1], and tick the box: - [x] done.",
        "Use `{name}` in the text, or ```{{ name }}``` in a template; `%s` works as well.",
        "The set {1, 2, 3} and $\\frac{a}{b}$ have braces.",
        "He was a counselor once, and she a counselee of his. Their mood was calm.",
        "I WANT A COUNSELOR NOW!",
        "Draw a wiring diagram first; the diagram will help you.",
        'She said: "How can I help you?"',
        "«Здравствуйте» is a greeting, and so is 你好 (ni hao).",
        "No, no, no! Ha ha ha!",
        "Tickets: adults 12, children 7, a family 30. It is half past ten on 2024-02-14.",
        "Write to info@example.org, the room number is 555 0143, the order 4539 1488 0343 6468.",
        "```python\nuser = 'User: admin'\n```\nThat is all.",
        "The key looks like sk-xxxxxxxxxxxxxxxxxxxxxxxx in the manual.",
    ],
)
async def test_what_people_say_honestly_passes(text):
    verdict = await judge("Good morning to you.", text, **ALL_RULES)
    assert verdict.decision == "accept", verdict.reason


# --- rules over more than one text ----------------------------------------------------------------------------------


async def test_a_user_who_offers_help_is_refused_and_one_who_quotes_it_is_not():
    assert (await judge("How can I help you today?", REST)).reason.startswith("swapped_roles: turn 1, user")
    assert (await judge('He only said "How can I help you today?"', REST)).decision == "accept"
    assert (await judge("As your counselor, I'd wait.", REST)).reason.startswith("swapped_roles: turn 1, user")


async def test_an_assistant_that_echoes_the_user_is_refused():
    said = "He leaves the house at six and comes home when I sleep already."
    assert (await judge(said, said.replace("when", "as"))).reason.startswith("echo: turn 1, assistant")
    assert (await judge("Goodbye, and thank you!", "Goodbye, and thank you!")).decision == "accept"


async def test_a_turn_that_was_shown_or_said_before_is_refused():
    again = (CLEAN[0] + " I asked him twice, and he left the room.", "Then ask a third time, but in a letter.")
    verdict = await judge(*again, shown=(again[0], REST))
    assert verdict.reason.startswith("repeated_turn: turn 1, user")
    verdict = await judge(*CLEAN, *again, "And if he does not answer?", again[1])
    assert verdict.reason.startswith("repeated_turn: turn 3, assistant")


async def test_sameness_says_how_near_is_too_near():
    one = "Take a long walk in the evening with him, and speak of nothing but the trees you see on it."
    other = "Take a long ride in the morning with her, and speak of nothing but the birds you see on it."
    texts = ("What now?", one, "What else?", other)
    assert (await judge(*texts)).decision == "accept"
    assert (await judge(*texts, sameness=0.8)).reason.startswith("repeated_turn")


async def test_lengths_are_counted_in_words():
    verdict = await judge("Hi.", "One two three four.", longest_assistant=3)
    assert verdict.reason == "too_long: turn 1, assistant: “4 words, at most 3 are wanted”"
    verdict = await judge("Hi.", "One two three four.", shortest_user=2)
    assert verdict.reason == "too_short: turn 1, user: “1 words, at least 2 are wanted: Hi.”"
    assert (await judge("你好吗", "我很好", shortest_assistant=3)).decision == "accept"


# --- the diagram ----------------------------------------------------------------------------------------------------


async def test_a_diagram_that_cannot_be_read_gives_no_names():
    context = Context(diagram="erDiagram\n  1COUNSELOR {{{")
    assert (
        await judge("Hello.", "Your COUNSELOR is here for the MARRIAGE_SESSION.", context=context)
    ).decision == "accept"


async def test_a_domain_with_diagrams_may_speak_of_them():
    context = Context(diagram='erDiagram\n  TUTOR {\n    string topic "Venn diagrams | fractions"\n  }\n')
    assert (await judge("Hello.", "The diagram tells us more than the text.", context=context)).decision == "accept"
    assert (await judge("Hello.", "The diagram tells us more than the text.")).reason.startswith("diagram_word")


async def test_a_short_delimiter_that_is_also_markdown_is_no_leak():
    assert (
        await judge("Hello.", "First this.\n\n---\n\nThen that.", context=Context(delimiter="---"))
    ).decision == "accept"


async def test_allowed_words_are_no_finding():
    texts = ("Hello.", "Tell your COUNSELOR about it.")
    assert (await judge(*texts)).decision == "reject"
    assert (await judge(*texts, allow=["counselor"])).decision == "accept"


# --- repair ---------------------------------------------------------------------------------------------------------


async def test_a_speakers_own_label_and_an_end_token_are_taken_away():
    verdict = await judge("**User:** My tyre is flat.", "COUNSELOR: I see.\nAnd now?<|im_end|>")
    assert verdict.decision == "revise"
    assert verdict.candidate.turns == conversation([{"user": "My tyre is flat.", "assistant": "I see.\nAnd now?"}])
    assert verdict.reason == (
        "speaker_label: turn 1, user: “**User:**”, taken away; "
        "chat_token: turn 1, assistant: “<|im_end|>”, taken away; "
        "speaker_label: turn 1, assistant: “COUNSELOR:”, taken away"
    )


async def test_without_repair_the_same_is_refused():
    verdict = await judge("Hello.", "Counselor: I see you.", repair=False)
    assert verdict.reason == "speaker_label: turn 1, assistant: “Counselor:”"


async def test_a_label_of_the_other_speaker_is_not_taken_away():
    assert (await judge("Hello.", "User: I see you.")).reason.startswith("speaker_label")


async def test_what_is_repaired_is_still_judged():
    assert (await judge("Hello.", "Assistant: As an AI, I see you.")).reason.startswith("boilerplate")


async def test_a_label_alone_is_left_for_the_rule():
    assert (await judge("Hello.", "Assistant: ")).reason.startswith("speaker_label")


# --- language -------------------------------------------------------------------------------------------------------

GERMAN = "Das ist eine lange Zeit unter einem Dach. Was ist denn am Sonntag geschehen?"


async def test_a_turn_in_another_language_is_refused_where_a_language_is_asked_for():
    assert (await judge(CLEAN[0], GERMAN)).decision == "accept"
    verdict = await judge(CLEAN[0], GERMAN, language="en")
    assert verdict.reason.startswith("language: turn 1, assistant: “de: Das ist")
    assert verdict.feedback == "Write every turn in the language with the code `en`; one is in another language."
    assert (await judge(CLEAN[0], GERMAN, language=["en", "de"])).decision == "accept"


async def test_an_unknown_language_is_the_users_mistake():
    with pytest.raises(UsageError, match=r"names `german`, which is no language code known here; use one of .*de, "):
        await judge(*CLEAN, language="german")


def test_the_detector_is_not_imported_unless_a_language_is_asked_for():
    program = """
import asyncio, sys
from adf_hygiene import Hygiene
async def open_it(**options):
    async with Hygiene(**options):
        return "py3langid" in sys.modules or "numpy" in sys.modules
sys.exit(asyncio.run(open_it()) or not asyncio.run(open_it(language="en")))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"diagram_wrod": False}, r"unknown key `diagram_wrod` \(did you mean `diagram_word`\?\)"),
        ({"sameness": 1.5}, "`sameness` must be at most 1, not `1.5`"),
        ({"sameness": 0.2}, "`sameness` must be at least 0.5, not `0.2`"),
        ({"longest_user": 0}, "`longest_user` must be at least 1, not `0`"),
        ({"refusal": "never"}, "`refusal` must be true or false, not `never`"),
        ({"shortest_user": 10, "longest_user": 5}, "`shortest_user` is 10 and `longest_user` is 5"),
    ],
)
def test_options_that_make_no_sense_are_told(options, told):
    with pytest.raises(UsageError, match=told):
        build(Hygiene, options)


def test_each_rule_is_an_option():
    options = vars(Hygiene())
    assert [rule for rule in RULES if not isinstance(options.get(rule), bool)] == []
    assert {rule for rule in RULES if not options[rule]} == {"personal_data", "secret"}


# --- whatever the text ----------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [*(text for texts in DEFECTS.values() for text in texts if len(text) < 200), "```", "~~~", "`", '"', "[", "{", "\n",
     "User:", "COUNSELOR:", "</s>", "\ud800", "\0", "あ", "И", "4539 1488 0343 6467", "日本語"]
)  # fmt: skip
anything = st.lists(st.one_of(st.text(max_size=20), pieces), max_size=8).map("".join)


@settings(deadline=None, max_examples=400)
@given(
    texts=st.lists(st.tuples(anything, anything), max_size=4), role=st.text(max_size=8), diagram=st.text(max_size=30)
)
def test_no_text_makes_a_rule_raise(texts, role, diagram):
    said = [text for turn in texts for text in turn]
    for context in (Context(), Context(diagram, role, role, role)):
        verdict = asyncio.run(judge(*said, context=context, **ALL_RULES))
        assert verdict.reason.isprintable()
        if verdict.decision == "revise":
            assert len(verdict.candidate.turns) == len(texts)


@settings(deadline=None, max_examples=200)
@given(before=st.text(" \n\t", max_size=3), after=st.text(" \n\t", max_size=3), straight=st.booleans())
def test_a_clean_conversation_stays_clean_with_other_blanks_and_apostrophes(before, after, straight):
    texts = [before + (text if straight else text.replace("'", "’")) + after for text in CLEAN]
    assert asyncio.run(judge(*texts)).decision == "accept"


@settings(deadline=None, max_examples=200)
@given(place=st.integers(0, 15), digit=st.integers(1, 9))
def test_a_card_number_with_one_wrong_digit_is_no_card_number(place, digit):
    number = "4539148803436467"
    wrong = number[:place] + str((int(number[place]) + digit) % 10) + number[place + 1 :]
    assert "personal_data" in asyncio.run(judge("Hello.", f"Take {number} please.", **ALL_RULES)).reason
    assert asyncio.run(judge("Hello.", f"Take {wrong} please.", **ALL_RULES)).decision == "accept"


# --- in a run -------------------------------------------------------------------------------------------------------


def test_in_a_run_the_model_is_told_and_its_next_answer_is_repaired(tmp_path):
    prompts = []

    def answer(body, nth):
        prompts.append(prompt(body))
        told = "it is a name of the diagram" in prompts[-1]
        said = "COUNSELOR: Tell me about Sunday." if told else "A COUNSELOR would ask about Sunday."
        return json.dumps({"conversations": [{"user": "He is silent.", "assistant": said}]})

    project = make_project(
        tmp_path / "marriage",
        diagram=DIAGRAM,
        user_role="COUNSELEE",
        assistant_role="COUNSELOR",
        seed_evolving_directions=["general"],
        derivational_evolving_directions=[],
        validators=["schema", "hygiene"],
    )
    with OpenAIServer(answer) as server:
        command = [sys.executable, "-m", "adf_core", "run", str(project), "--provider", "openai"]
        environment = {**os.environ, "OPENAI_API_KEY": "x"}
        done = subprocess.run(
            [*command, "-o", f"base_url={server.url}"], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert len(prompts) == 2
    records = [json.loads(line) for line in (project / "out" / "dataset.jsonl").read_text("utf-8").splitlines()]
    assert [message["content"] for message in records[0]["messages"]] == ["He is silent.", "Tell me about Sunday."]
