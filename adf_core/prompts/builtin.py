"""The prompts that are used where a setup has none of its own."""

from __future__ import annotations

from adf_core.conversation import Stage, Type

BUILTIN_OUTPUT_FORMATS: dict[Type, str] = {
    "conversation": (
        'Write nothing but valid JSON of the form\n{"conversations": [{"user": text, "assistant": text}, ...]}.\n'
    ),
    "instruct": (
        "Write nothing but valid JSON of the form\n"  #
        '{"conversation": {"user": text, "assistant": text}}.\n'
    ),
}

_SCENE = """%s
%s
The ER diagram above is the background of a scene: who takes part in it and how they are related.

"""

_MANNERS = """Let the diagram guide what is said, but never mention it, its names or its notation.
Neither of the two can see it.
"""

BUILTIN_TEMPLATES: dict[tuple[Stage, Type], str] = {
    ("seed", "conversation"): _SCENE
    + """Write the opening turns of a conversation that could take place in this scene between a user and an assistant.
It should read like real people talking, each turn following from the one before.
Its direction or style is "%s".
"""
    + _MANNERS
    + """
The user speaks as the %s of the scene and stays in that role.
The assistant speaks as the %s of the scene and stays in that role; it answers what the user said fittingly,
in detail and at length.
""",
    ("derivation", "conversation"): _SCENE
    + """So far the user and the assistant have said, as JSON: %s

Write the turns that follow; do not repeat the ones above.
They should read like real people talking, each turn following from the one before.
Their direction or style is "%s".
"""
    + _MANNERS
    + """
The user speaks as the %s of the scene and stays in that role.
The assistant speaks as the %s of the scene and stays in that role; it answers what the user said fittingly,
in detail and at length.
""",
    ("seed", "instruct"): _SCENE
    + """Write one exchange that could take place in this scene: the user, as the %s, speaks once; the assistant,
as the %s, answers once.
The direction or style of the exchange is "%s".
"""
    + _MANNERS
    + """
The user tells at length of the situation and its background, and asks for help with it.
The assistant gives all the advice it can in this one answer, fittingly, in detail and step by step.
""",
    ("derivation", "instruct"): _SCENE
    + """An example of an exchange in this scene, as JSON:
%s
%s
Write another one, different from the example: the user, as the %s, speaks once; the assistant, as the %s,
answers once.
The direction or style of the exchange is "%s".
"""
    + _MANNERS
    + """
The user tells at length of the situation and its background, and asks for help with it.
The assistant gives all the advice it can in this one answer, fittingly, in detail and step by step.
""",
}
