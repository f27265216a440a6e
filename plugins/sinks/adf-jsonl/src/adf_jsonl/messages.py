"""Conversations as chat messages."""

from __future__ import annotations

from adf_core import Conversation


def messages(conversation: Conversation) -> list[dict[str, str]]:
    """Turns as a list of messages with ``role`` and ``content``."""
    return [
        {"role": role, "content": content}
        for turn in conversation
        for role, content in (("user", turn.user), ("assistant", turn.assistant))
    ]
