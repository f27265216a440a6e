"""What belongs to the prompt and not to the talk: names and notation of the diagram, the word itself, templates."""

from __future__ import annotations

import re

from adf_hygiene.scene import Found, Said, Scene

_SHORTEST_DELIMITER = 8  # characters; shorter lines of marks are Markdown that people write
_NOTATION = re.compile(
    r"\berDiagram\b"
    r"|(?:\|\||\|o|o\||\}o|o\{|\}\||\|\{)(?:--|\.\.)(?:\|\||\|o|o\||\}o|o\{|\}\||\|\{)"
    r"|(?:^|(?<=\s))%% +\w"
)
_ALWAYS = (
    r"\ber[- ](?:diagrams?|models?|schemas?)\b|\berds?\b|\bentity[- ](?:relationships?|diagrams?|models?)\b"
    r"|\brelationship diagram\b|\bmermaid (?:diagram|code)\b"
    r"|\b(?:above|given|provided|following|supplied) diagram\b"
    r"|\bdiagram (?:above|below|you (?:gave|provided|shared|sent))"
)
_DEFINITE = (
    r"\b(?:the|this|your|our) diagram\b"
    r"|\b(?:das|dem|im|des|vom|zum|laut) diagramms?\b|\b(?:el|del|al|este) diagrama\b|\b(?:le|du|au|ce) diagramme\b"
    r"|\b(?:il|del|nel|dal|al|questo) diagramma\b|\b(?:o|do|no|ao|este) diagrama\b|\bhet diagram\b"
    r"|\b(?:на|в|по|из) диаграмм\w+|\bdiagramu|\bw diagramie\b|er图|图表中|図によると|この図|다이어그램"
)
_DIAGRAM = re.compile(f"{_ALWAYS}|{_DEFINITE}")
_DIAGRAM_HINTS = (
    "diagram",
    "erd",
    "entity",
    "er model",
    "er-model",
    "schema",
    "диаграмм",
    "图",
    "図",
    "다이어그램",
    "mermaid",
)
_SURELY = re.compile(_ALWAYS)
# A thing of the domain, like the wiring diagram in the drawer or the one in a textbook, is introduced as such.
_OWN = re.compile(
    r"\b(?:a|any|another|some|an \w+|\w+ing|venn|class|exploded|block|circuit|phase|tree|bar|flow|sequence|body|state"
    r"|ein|einem|einen|un|une|uno|uma?|een) diagram\w*"
    r"|\bdiagramm?[ea]?s? (?:in|on|of|behind|shows? how) (?:my|the|this|our|your)\b"
)
_TEMPLATE = re.compile(
    r"(?<![\w\\^_}$])\{\{-?\s*[A-Za-z_]|\{%-?\s*\w+|(?<![\w%])%s(?!\w)"
    r'|"(?:conversations?|user|assistant)"\s*:'
    r"|\b(?:user_role|assistant_role|output_format|er_diagram|initial_prompt|derivational_prompt)\b"
)
_TEMPLATE_HINTS = ("{{", "{%", "%s", '"', "_")
_CAPITALS_BEFORE = re.compile(r"\b[A-Z]{2,}[\W_]+$")
_CAPITALS_AFTER = re.compile(r"^[\W_]+[A-Z]{2,}\b")


def entity_name(scene: Scene) -> Found | None:
    if scene.names.entities and (found := scene.first(scene.names.entities)):
        return found
    if scene.names.capitals is None:
        return None
    for said in scene.said:
        for match in scene.names.capitals.finditer(said.text):
            if not _shouted(said, match) and match[0].casefold() not in scene.limits.allow:
                return Found(said, match[0])
    return None


def _shouted(said: Said, match: re.Match[str]) -> bool:
    """Whether the words beside it are in capitals as well."""
    text = said.text
    before, after = text[max(0, match.start() - 30) : match.start()], text[match.end() : match.end() + 30]
    return bool(_CAPITALS_BEFORE.search(before) or _CAPITALS_AFTER.search(after))


def attribute_name(scene: Scene) -> Found | None:
    return scene.first(scene.names.attributes) if scene.names.attributes else None


def diagram_notation(scene: Scene) -> Found | None:
    if found := scene.first(_NOTATION, "prose"):
        return found
    delimiter = scene.delimiter.strip()
    if len(delimiter) < _SHORTEST_DELIMITER:
        return None
    has_words = any(letter.isalnum() for letter in delimiter)
    for said in scene.said:
        if delimiter in said.text and (has_words or delimiter in map(str.strip, said.text.splitlines())):
            return Found(said, delimiter)
    return None


def diagram_word(scene: Scene) -> Found | None:
    if not any(hint in said.small for said in scene.said for hint in _DIAGRAM_HINTS):
        return None
    own = scene.names.draws_diagrams or any(
        _OWN.search(said.small) for said in (*scene.shown, *scene.said) if "diagram" in said.small
    )
    return scene.first(_SURELY if own else _DIAGRAM, "small")


def template_word(scene: Scene) -> Found | None:
    if not any(hint in said.text for said in scene.said for hint in _TEMPLATE_HINTS):
        return None
    return scene.first(_TEMPLATE, "prose")
