"""Texts as words: the words themselves, runs of them, and the phrases that stand in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Chinese and Japanese have no spaces between words: there each character counts as one.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:'[^\W_{_UNSPACED}]+)*")

_STOP_WORDS = (
    "a about above after again against all also am an and any are aren't as at be because been before being below "
    "between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each else "
    "even ever every few for from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's "
    "hers herself him himself his how how's however i i'd i'll i'm i've if in into is isn't it it'd it'll it's its "
    "itself just let's may me might more most must mustn't my myself no nor not now of off oh ok okay on once only or "
    "other our ours ourselves out over own quite rather really same shall shan't she she'd she'll she's should "
    "shouldn't so some such than that that'll that's the their theirs them themselves then there there's these they "
    "they'd they'll they're they've this those through to too under until up upon us very was wasn't we we'd we'll "
    "we're we've well were weren't what what's when when's where where's whether which while who who's whom whose why "
    "why's will with won't would wouldn't yes yet you you'd you'll you're you've your yours yourself yourselves"
)
ENGLISH_STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that carry no matter of their own."""


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation.

    >>> words("Don’t WAIT: two_lines, 3 days")
    ["don't", 'wait', 'two', 'lines', '3', 'days']
    """
    return _WORD.findall(text.replace("’", "'").casefold())


def runs(found: Sequence[str], length: int) -> set[tuple[str, ...]]:
    """All runs of so many words in a row.

    >>> sorted(runs(words("The user sets a limit."), 4))
    [('the', 'user', 'sets', 'a'), ('user', 'sets', 'a', 'limit')]
    """
    return set(zip(*(found[start:] for start in range(length)), strict=False))


def phrase_pattern(phrases: Sequence[str]) -> re.Pattern[str] | None:
    """Finds any of these phrases, whatever stands between their words but other words; None where there are none.

    >>> phrase_pattern(["sorry, but I can't"]).search("I'm SORRY but  I can’t do that.")[0]
    'SORRY but  I can’t'
    """
    if not phrases:
        return None
    return re.compile("|".join(map(_phrase, phrases)), re.IGNORECASE)


def _phrase(phrase: str) -> str:
    """One phrase as a regular expression: words as whole words, signs like ``#`` at its ends as they are."""
    parts = re.findall(r"[\w'’]+|[^\w'’]+", phrase.strip())
    pattern = "".join(_part(part, inner=0 < index < len(parts) - 1) for index, part in enumerate(parts))
    before = r"(?<!\w)" if re.match(r"\w", phrase.strip()) else ""
    after = r"(?!\w)" if re.search(r"\w$", phrase.strip()) else ""
    return f"{before}{pattern}{after}"


def _part(part: str, *, inner: bool) -> str:
    if inner and not re.search(r"[\w'’]", part):
        return r"\W+"
    return re.sub("['’]", "['’]", re.escape(part))
