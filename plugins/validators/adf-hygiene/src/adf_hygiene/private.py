"""Personal data and secrets, told from harmless numbers by their check digits where they have any."""

from __future__ import annotations

import re

from adf_hygiene.scene import Found, Scene

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})\b")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)$", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w.,-])(?<!\d )(?:"
    r"(?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,6}"
    r"|\(\d{3}\) ?\d{3}[-. ]\d{4}"
    r"|\d{3}[-.]\d{3}[-.]\d{4}"
    r"|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,6}"
    r")(?![\w-])"
)
_PHONE_DIGITS = range(9, 16)
_FICTIONAL = re.compile(r"555[-. ]?01\d\d$")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\w-])[2-6]\d{3}(?:[ -]?\d{2,6}){2,4}(?![\w-])")
_CARD_DIGITS = range(13, 20)
_SOCIAL_SECURITY = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_SECRET = re.compile(
    r"\bsk-(?:proj-|ant-|or-)?[\w-]{20,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_\w{36,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}"
    r"|\bAIza[\w-]{35}"
    r"|\bxox[abprs]-[\w-]{10,}"
    r"|\bhf_[A-Za-z]{30,}|\b[rs]k_(?:live|test)_\w{16,}"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
)
_VARIETY = 8  # different characters at least: `sk-xxxxxxxxxxxxxxxxxxxx` is no key


def personal_data(scene: Scene) -> Found | None:
    for said in scene.said:
        text = said.text
        if "@" in text:
            for match in _EMAIL.finditer(text):
                if not _RESERVED.search(match[1]):
                    return Found(said, match[0])
        if not any(character.isdigit() for character in text):
            continue
        for match in _IBAN.finditer(text):
            if _is_iban(match[0]):
                return Found(said, match[0])
        for match in _CARD.finditer(text):
            if len(_digits(match[0])) in _CARD_DIGITS and _is_luhn(_digits(match[0])):
                return Found(said, match[0])
        for match in _PHONE.finditer(text):
            if len(_digits(match[0])) in _PHONE_DIGITS and not _FICTIONAL.search(match[0]):
                return Found(said, match[0])
        if match_ := _SOCIAL_SECURITY.search(text):
            return Found(said, match_[0])
    return None


def secret(scene: Scene) -> Found | None:
    for said in scene.said:
        for match in _SECRET.finditer(said.text):
            if len(set(match[0])) >= _VARIETY:
                return Found(said, f"{match[0][:8]}…")
    return None


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def _is_iban(text: str) -> bool:
    """ISO 13616: letters are numbers from 10 on, and the whole leaves 1 when divided by 97."""
    compact = text.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def _is_luhn(digits: str) -> bool:
    """ISO 7812: every second digit from the right is doubled, and the digits add up to a multiple of ten."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
