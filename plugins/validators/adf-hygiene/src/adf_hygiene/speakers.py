"""How the two who speak may be labelled, and how one of them would claim to be the other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adf_hygiene.names import parts

_USERS = (
    "User", "Human", "Benutzer", "Nutzer", "Usuario", "Usuaria", "Utilisateur", "Utilisatrice", "Utente", "Usuário",
    "Gebruiker", "Пользователь", "用户", "ユーザー", "사용자",
)  # fmt: skip
_ASSISTANTS = (
    "Assistant", "AI", "Bot", "Chatbot", "System", "Model", "GPT", "ChatGPT", "Assistent", "Assistentin", "Asistente",
    "Assistente", "Ассистент", "Помощник", "助手", "アシスタント", "어시스턴트",
)  # fmt: skip

_SELF = (
    r"(?:as|i am|i'm) your|(?:als|ich bin) (?:ihre?|deine?|eure?)|(?:soy|como) (?:su|tu)"
    r"|(?:je suis|en tant que) (?:votre|ton|ta)"
    r"|sono (?:il|la) (?:suo|sua|tuo|tua)|sou (?:o|a) (?:seu|sua)|ik ben (?:uw|je|jouw)"
)


@dataclass(frozen=True, slots=True)
class Speakers:
    """``label`` finds any speaker's label, where a line or a sentence begins; ``own_user`` and ``own_assistant`` find
    the speaker's own at the beginning of a text. The claims find words like "as your counselor", said by the other one;
    they are None for a role without a word.
    """

    label: re.Pattern[str]
    own_user: re.Pattern[str]
    own_assistant: re.Pattern[str]
    users_claim: re.Pattern[str] | None
    assistants_claim: re.Pattern[str] | None


def speakers(user_role: str, assistant_role: str) -> Speakers:
    users = (*_called(user_role), *_USERS)
    assistants = (*_called(assistant_role), *_ASSISTANTS)
    label = _label((*users, *assistants))
    return Speakers(
        re.compile(rf"(?m:^)[ \t>*_#\[(]*{label}|(?<=[.!?…\"”»。]) {label}|\A\s*(?:(?:user|assistant|human|ai)|Q):"),
        _own(users, "user"),
        _own(assistants, "assistant"),
        _claim(assistant_role),
        _claim(user_role),
    )


def _called(role: str) -> tuple[str, ...]:
    """The names of a role: ``FAMILY_DOCTOR``, ``Family Doctor``, ``Doctor``."""
    words = parts(role)
    if not words:
        return ()
    together, last = " ".join(words), words[-1]
    return (role, role.upper(), together, together.title(), last, last.upper(), last.capitalize())


def _label(names: Iterable[str]) -> str:
    longest_first = sorted(set(names), key=lambda name: (-len(name), name))
    return rf"(?:{'|'.join(map(re.escape, longest_first))})\s?[*_\])]*\s?[:\uff1a][*_]*(?=\s|\Z)"


def _own(names: Iterable[str], role: str) -> re.Pattern[str]:
    return re.compile(rf"\A[\s*_\[(]*(?:{_label(names)}|(?i:{role}):)\s*")


def _claim(role: str) -> re.Pattern[str] | None:
    words = parts(role)
    if not words:
        return None
    role_in_words = re.escape(" ".join(words).lower())
    return re.compile(rf"\b(?:{_SELF}) {role_in_words}\b")
