"""The language of a text, guessed by py3langid, a Naive Bayes classifier over byte n-grams (Lui and Baldwin 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adf_hygiene.scene import Found, Scene

_FEWEST_LETTERS = 30
"""Of a text in an alphabet; shorter ones say too little."""

_FEWEST_SYLLABLES = 8
"""The same where a letter is a syllable or more."""

_MOST_DOUBT = 0.05
"""How probable it may be that a text is in a wanted language after all, where another one is more probable."""

_NO_LANGUAGE = frozenset({"zxx", "und"})
"""What the classifier says of keys, numbers and formulas."""

_ALIKE = ({"no", "nb", "nn", "da"}, {"hr", "sr", "bs"}, {"id", "ms"}, {"pt", "gl"}, {"cs", "sk"}, {"af", "nl"})


class Classifier(Protocol):
    """The part of py3langid that is used."""

    @property
    def labels(self) -> Sequence[str]: ...

    def rank(self, text: str) -> list[tuple[str, float]]: ...


def load() -> Classifier:
    """The classifier with its model, which is a part of the package; it takes about half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    classifier: Classifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return classifier


def language(scene: Scene, classifier: Classifier, wanted: frozenset[str]) -> Found | None:
    fitting = wanted.union(*(alike for alike in _ALIKE if alike & wanted))
    for said in scene.said:
        text = said.own
        if not _says_enough(text):
            continue
        ranked = classifier.rank(text)
        best = ranked[0][0]
        if best in fitting or best in _NO_LANGUAGE:
            continue
        if sum(probability for name, probability in ranked if name in fitting) <= _MOST_DOUBT:
            return Found(said, f"{best}: {said.text}")
    return None


def _says_enough(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    syllables = sum(character >= "\u3040" for character in text)
    return letters >= _FEWEST_LETTERS or syllables >= _FEWEST_SYLLABLES
