"""Slips that have only one right form, so that mending them costs no further answer."""

from __future__ import annotations

from dataclasses import replace

from adf_core import Candidate, Turn
from adf_hygiene.roles import without_label, without_last_token
from adf_hygiene.scene import Found, Said, texts
from adf_hygiene.speakers import Speakers


def repaired(
    candidate: Candidate, speakers: Speakers, rules: frozenset[str]
) -> tuple[Candidate, list[tuple[str, Found]]]:
    """``candidate`` without what can be taken away safely, and what that was, by the name of the rule that minds it.

    That is the speaker's own label at the beginning of a text (``speaker_label``) and the token that ends an answer
    (``chat_token``), as far as ``rules`` has them. A text of which nothing would be left stays as it is.
    """
    found: list[tuple[str, Found]] = []
    mended = []
    for said in texts(candidate.turns):
        text = said.text
        if "chat_token" in rules and (shorter := without_last_token(text)) != text and shorter.strip():
            found.append(("chat_token", Found(said, text[len(shorter) :].strip())))
            text = shorter
        if "speaker_label" in rules:
            shorter = without_label(text, said.role, speakers)
            if shorter != text and shorter.strip():
                found.append(("speaker_label", Found(said, text[: len(text) - len(shorter)].strip())))
                text = shorter
        mended.append(Said(said.turn, said.role, text))
    if not found:
        return candidate, []
    turns = tuple(Turn(user.text, assistant.text) for user, assistant in zip(mended[::2], mended[1::2], strict=True))
    return replace(candidate, turns=turns), found
