"""Gaps that somebody was to fill in: ``[Name]``, ``{text}``, ``<your name>``, XXX, TODO, lorem ipsum."""

from __future__ import annotations

import re

from adf_hygiene.scene import Found, Said, Scene

_INSTRUCTIONS = """
insert enter add fill specify your name dein deine ihr ihre su tu votre ton seu sua il tuo uw je ваше ваш
"""
_GAP_NAMES = """
name names surname nickname date time day month year city town street address number phone email e-mail mail
company organization organisation amount price sum title product link url location place signature recipient sender
customer client partner reviewer position department topic subject reason placeholder namen nachname vorname datum
uhrzeit stadt ort straße betrag adresse nummer firma telefonnummer nombre apellido fecha hora ciudad calle
dirección número empresa importe nom prénom ville rue montant numéro entreprise nome cognome data città via importo
numero azienda sobrenome cidade rua endereço valor naam plaats bedrag имя фамилия дата город адрес номер сумма imię
nazwisko miasto 姓名 名字 日期 地址 城市 金额 公司名称 名前 日付 住所 이름 날짜 주소
"""
_ASKING = frozenset(_INSTRUCTIONS.split())
"""Words that begin an instruction to fill in."""

_GAPS = frozenset(_GAP_NAMES.split())
"""Words that name what is to be filled in."""

_OF = frozenset({"of", "for", "der", "des", "de", "du", "del", "della", "do", "da", "van"})
_MOST_WORDS = 6
_URL = re.compile(r"https?://\S+")
_BRACKETS = re.compile(r"(?<![\w\]!\\])\[([^\[\]\n]{2,60})\](?![\[(:])")
_BRACES = re.compile(r"(?<![\w$\\}{^])\{([A-Za-z][\w .'’-]{1,40})\}(?!\})")
_ANGLES = re.compile(r"(?<![\w<])<([^<>\n/=]{2,60})>")
_LETTERS = re.compile(
    r"\bX{3,}(?:[-/. ]X+)*+\b(?![- ]?\d)|(?<!\d)\bXX(?:/XX)+(?:/X+)?\b"
    r"|\b(?:19|20)XX\b|\b(?:page|number|no\.|day|room|chapter|code|on|at|of|to|for|by|[€$£]) XX\b"
    r"|\[?\b(?:TODO|TBD|FIXME)\b(?::|\])|(?<!_)_{2,}+[A-Z][A-Z ]{1,20}__"
    r"|\((?i:insert|fill in) [^()\n]{2,50}\)"
    r"|(?i:\blorem ipsum dolor\b)"
)
_HTML = frozenset({"address", "data", "link", "summary", "time", "title"})


def placeholder(scene: Scene) -> Found | None:
    for said in scene.said:
        if found := _in_brackets(said, scene) or _in_braces(said, scene) or _in_angles(said, scene):
            return found
    return scene.first(_LETTERS, "prose")


def _in_brackets(said: Said, scene: Scene) -> Found | None:
    if "[" not in said.text:
        return None
    for match in _BRACKETS.finditer(said.prose):
        if _is_gap(match[1]) and not _is_allowed(match[0], scene):
            return Found(said, match[0])
    return None


def _in_braces(said: Said, scene: Scene) -> Found | None:
    if "{" not in said.text:
        return None
    for match in _BRACES.finditer(_URL.sub(" ", said.prose)):
        # What also stands in code is talked about: "my f-string prints {name}".
        if match[0] not in scene.code and not _is_allowed(match[0], scene):
            return Found(said, match[0])
    return None


def _in_angles(said: Said, scene: Scene) -> Found | None:
    if "<" not in said.text:
        return None
    for match in _ANGLES.finditer(said.prose):
        if match[1].lower() not in _HTML and _is_gap(match[1]) and not _is_allowed(match[0], scene):
            return Found(said, match[0])
    return None


def _is_gap(inside: str) -> bool:
    """Whether it names what is to be filled in, unlike ``[laughs]``, ``[1]`` or ``[time passes]``."""
    words = [word.lower().strip(".,:;!?") for word in inside.split()]
    if not words or len(words) > _MOST_WORDS:
        return False
    if len(words) > 1 and words[0] in _ASKING:
        return True
    if words[0] in _GAPS and (inside[0].isupper() or (len(words) > 1 and words[1] in _OF)):
        return True
    return words[-1] in _GAPS


def _is_allowed(text: str, scene: Scene) -> bool:
    return text.casefold() in scene.limits.allow
