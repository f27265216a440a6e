"""Conversations as chat messages."""

from __future__ import annotations

from adf_core import Conversation

Message = dict[str, str]


def messages(conversation: Conversation, system: str | None = None) -> list[Message]:
    """Turns as a list of messages with ``role`` and ``content``; a ``system`` message stands before them."""
    return [
        *([] if system is None else [{"role": "system", "content": system}]),
        *(
            {"role": role, "content": content}
            for turn in conversation
            for role, content in (("user", turn.user), ("assistant", turn.assistant))
        ),
    ]
