"""What is compared of a conversation: its letters and digits, however they are cased, spaced and punctuated."""

from __future__ import annotations

import unicodedata

from adf_core import Conversation

_ASCII_LOWER = bytes(range(128)).lower() + bytes(range(128, 256))
_ASCII_IGNORED = bytes(code for code in range(128) if not chr(code).isalnum())
_FREQUENT_MARKS = "‘’“”–—…\u00a0"
"""Most English texts have nothing but these beyond ASCII; without them they are read twice as fast."""


def spoken(turns: Conversation) -> str:
    """All turns as they stand, what the user and what the assistant says."""
    return "\n".join([said for turn in turns for said in (turn.user, turn.assistant)])


def plain(turns: Conversation) -> bytes:
    """The letters and digits of all turns, of both roles, in small letters, as UTF-8.

    Texts that only differ in case, white space, punctuation or in how Unicode writes them become equal. Where nothing
    would be left (a conversation of question marks), the text stays as it is.
    """
    text = spoken(turns)
    read = text if text.isascii() else _plain_beyond_ascii(text)
    return read.encode().translate(_ASCII_LOWER, _ASCII_IGNORED) or text.encode("utf-8", "surrogatepass")


def _plain_beyond_ascii(text: str) -> str:
    for mark in _FREQUENT_MARKS:
        text = text.replace(mark, "")
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_LETTERS)


class _Letters(dict[int, str]):
    """What becomes of each character, looked up once: nothing of control characters, punctuation and white space."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = "" if unicodedata.category(letter)[0] in "CPZ" else letter.casefold()
        return self[code]


_LETTERS = _Letters()
