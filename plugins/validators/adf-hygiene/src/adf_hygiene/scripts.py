"""Letters of another script that have strayed into a text, as some models do in mid-sentence."""

from __future__ import annotations

import re

from adf_hygiene.scene import Found, Said, Scene

_RANGES = {
    "latin": "A-Za-z\u00c0-\u024f",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "hebrew": "\u0590-\u05ff",
    "arabic": "\u0600-\u06ff\u0750-\u077f",
    "devanagari": "\u0900-\u097f",
    "bengali": "\u0980-\u09ff",
    "tamil": "\u0b80-\u0bff",
    "thai": "\u0e00-\u0e7f",
    "kana": "\u3040-\u30fa\u30fc-\u30ff",
    "han": "\u3400-\u9fff",
    "hangul": "\u1100-\u11ff\uac00-\ud7af",
}
_LETTERS = {name: re.compile(f"[{letters}]") for name, letters in _RANGES.items()}
_NOT_LATIN = re.compile(f"[{''.join(letters for name, letters in _RANGES.items() if name != 'latin')}]")
_AT_HOME = {
    "kana": {"kana", "han", "latin"},
    "han": {"han", "latin"},
    "hangul": {"hangul", "han", "latin"},
}
_KANA_SHARE = 0.1  # of Japanese text at least, of Chinese none
_OWN_TURN = 0.8  # of the letters: then the whole text is in it, which is a matter of language
_ENCLOSED = re.compile(
    r'"[^"\n]{0,300}"|“[^”\n]{0,300}”|«[^»\n]{0,300}»|„[^“”\n]{0,300}[“”]|「[^」\n]{0,300}」'
    r"|(?<!\w)'[^'\n]{1,40}'(?!\w)|\([^)\n]{0,300}\)|\uff08[^\uff09\n]{0,300}\uff09|\[[^\]\n]{0,300}\]|\*[^*\n]{1,300}\*"
)
_GAP = "\0"
_MIXED_WORD = re.compile(r"[A-Za-z][\u0400-\u052f]|[\u0400-\u052f][A-Za-z]")
_RUNS = {name: re.compile(f"[{letters}]{{2,}}(?:[ ,]+[{letters}]+)*") for name, letters in _RANGES.items()}


def script_mix(scene: Scene) -> Found | None:
    if all(said.text.isascii() or not _NOT_LATIN.search(said.text) for said in scene.said):
        return None
    whole = "\n".join(said.text for said in scene.said)
    home = _home(whole)
    enclosed = "\n".join(match[0] for match in _ENCLOSED.finditer(whole))
    for said in scene.said:
        if found := _strayed(said, home, enclosed):
            return found
    return None


def _home(text: str) -> set[str]:
    """The scripts that the text may be written in, by the letters it mostly has."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _LETTERS.items()}
    if counts["kana"] > _KANA_SHARE * (counts["kana"] + counts["han"] + 1) and counts["kana"] > counts["latin"] / 4:
        return _AT_HOME["kana"]
    main = max(counts, key=lambda name: counts[name])
    return _AT_HOME.get(main, {main, "latin"})


def _strayed(said: Said, home: set[str], enclosed: str) -> Found | None:
    if said.text.isascii():
        return None
    text = _ENCLOSED.sub(_GAP, said.prose)
    if match := _MIXED_WORD.search(text):
        start = text.rfind(" ", 0, match.start()) + 1
        return Found(said, text[start:].split(maxsplit=1)[0])
    letters = sum(character.isalpha() for character in said.text)
    for name, runs in _RUNS.items():
        if name in home or len(_LETTERS[name].findall(said.text)) >= _OWN_TURN * letters:
            continue
        for match in runs.finditer(text):
            # A word that is talked about stands in quotes somewhere, or beside its sound or meaning in brackets.
            if match[0] not in enclosed and not text[match.end() : match.end() + 4].lstrip().startswith(_GAP):
                return Found(said, match[0])
    return None
