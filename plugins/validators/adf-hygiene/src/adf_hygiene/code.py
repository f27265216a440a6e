"""Code fences that are opened and not closed, or the other way round."""

from __future__ import annotations

import re

from adf_hygiene.scene import Found, Scene

_FENCE = re.compile(r"`{3,}|(?m:^[ \t]*(~{3,})(?!~))")


def code_fence(scene: Scene) -> Found | None:
    delimiter = scene.delimiter.strip()
    for said in scene.said:
        if "```" not in said.text and "~~~" not in said.text:
            continue
        opened = ""
        for match in _FENCE.finditer(said.text):
            fence = match[0].strip()
            if fence == delimiter:
                continue
            if not opened:
                opened = fence
            elif fence[0] == opened[0] and len(fence) >= len(opened):
                opened = ""
        if opened:
            return Found(said, opened)
    return None
