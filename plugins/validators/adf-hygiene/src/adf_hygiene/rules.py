"""The rules by name: how each looks, and what the model is told where it found something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adf_hygiene.code import code_fence
from adf_hygiene.leaks import attribute_name, diagram_notation, diagram_word, entity_name, template_word
from adf_hygiene.length import too_long, too_short
from adf_hygiene.manners import boilerplate, refusal
from adf_hygiene.placeholders import placeholder
from adf_hygiene.private import personal_data, secret
from adf_hygiene.repetition import loop, repeated_turn
from adf_hygiene.roles import chat_token, echo, speaker_label, swapped_roles
from adf_hygiene.scene import Found, Scene
from adf_hygiene.scripts import script_mix


@dataclass(frozen=True, slots=True)
class Rule:
    """``look`` finds the first place that breaks the rule; ``advice`` may name what it found, as ``{what}``."""

    look: Callable[[Scene], Found | None]
    advice: str


RULES = {
    "entity_name": Rule(entity_name, "Say “{what}” in plain words, as people would; it is a name of the diagram."),
    "attribute_name": Rule(
        attribute_name, "Say “{what}” in plain words, as people would; it is a name of the diagram."
    ),
    "diagram_notation": Rule(diagram_notation, "Write only what the two say, without “{what}” or other notation."),
    "diagram_word": Rule(diagram_word, "Nobody in the conversation knows of a diagram: do not write “{what}”."),
    "template_word": Rule(
        template_word, "Write finished text: “{what}” belongs to a template or to the output format, not into a turn."
    ),
    "boilerplate": Rule(
        boilerplate, "Let nobody speak as an AI or about the task; “{what}” must not appear. Stay in the role."
    ),
    "refusal": Rule(refusal, "Let the assistant answer what was asked, in its role, in place of “{what}”."),
    "speaker_label": Rule(
        speaker_label, "Put no speaker's name such as “{what}” into a text, and only one speaker's words into each."
    ),
    "chat_token": Rule(chat_token, "Write plain text without tokens such as “{what}”."),
    "swapped_roles": Rule(swapped_roles, "Keep the roles apart: “{what}” is what the other one of the two would say."),
    "echo": Rule(echo, "Let the assistant answer the user, and not say the user's words again."),
    "placeholder": Rule(placeholder, "Leave no gap such as “{what}”: invent a fitting name, date or number."),
    "repeated_turn": Rule(repeated_turn, "Say nothing a second time; “{what}” was said before."),
    "loop": Rule(loop, "Do not repeat yourself: “{what}” comes again and again."),
    "too_short": Rule(too_short, "Let each turn say more: one has only {what}."),
    "too_long": Rule(too_long, "Keep each turn shorter: one has {what}."),
    "script_mix": Rule(script_mix, "Stay in one language and script; “{what}” does not belong to it."),
    "code_fence": Rule(code_fence, "Close each code block that is opened with “{what}”, and open each that is closed."),
    "personal_data": Rule(
        personal_data, "Give no telephone number, e-mail address or account such as “{what}”; talk around it."
    ),
    "secret": Rule(secret, "Show no key, token or password such as “{what}”; talk around it."),
}
"""All rules but ``language``, which needs a classifier."""

LANGUAGE_ADVICE = "Write every turn in the language with the code {wanted}; one is in another language."
