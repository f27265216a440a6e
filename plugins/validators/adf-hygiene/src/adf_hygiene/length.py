"""Texts that are too short or too long, in words; each Chinese or Japanese letter counts as one."""

from __future__ import annotations

from adf_hygiene.scene import Found, Scene


def too_short(scene: Scene) -> Found | None:
    least = {"user": scene.limits.shortest_user, "assistant": scene.limits.shortest_assistant}
    for said in scene.said:
        if len(said.words) < least[said.role]:
            return Found(said, f"{len(said.words)} words, at least {least[said.role]} are wanted: {said.text}")
    return None


def too_long(scene: Scene) -> Found | None:
    most = {"user": scene.limits.longest_user, "assistant": scene.limits.longest_assistant}
    for said in scene.said:
        if len(said.words) > most[said.role]:
            return Found(said, f"{len(said.words)} words, at most {most[said.role]} are wanted")
    return None
