"""Measures of variety, on texts whose numbers can be counted by hand."""

from __future__ import annotations

import math

import pytest

from adf_core.report.diversity import compression, distinct, mean_distance, measure_diversity, self_bleu, words


def test_words_are_small_and_without_punctuation() -> None:
    assert words("Don't shout: I'M here — at 10.") == ["don't", "shout", "i'm", "here", "at", "10"]


def test_writing_without_spaces_is_divided_into_characters() -> None:
    assert words("我们走吧, OK?") == ["我", "们", "走", "吧", "ok"]
    assert words("다시 만나요") == ["다시", "만나요"]


def test_distinct_counts_different_ngrams_over_all_texts() -> None:
    texts = [words("a b a b"), words("a b c")]
    assert distinct(texts, 1) == pytest.approx(3 / 7)
    assert distinct(texts, 2) == pytest.approx(3 / 5)
    assert distinct(texts, 3) == pytest.approx(3 / 3)


def test_the_same_texts_have_the_highest_self_bleu_and_strangers_hardly_any() -> None:
    same = [words("one two three four five six")] * 3
    strangers = [[f"{text} {word}" for word in range(30)] for text in range(3)]
    assert self_bleu(same) == pytest.approx(1)
    assert self_bleu(strangers) < 0.03


def test_a_text_that_only_another_one_holds_in_part_is_shortened_by_the_brevity_penalty() -> None:
    long, short = words("a b c d e f g h i j"), words("a b c d e")
    # All that the short one says stands in the long one, which is twice as long; half of the long one's words, four of
    # its nine pairs, three of eight triples and two of seven quadruples stand in the short one.
    of_long = (5 / 10 * 4 / 9 * 3 / 8 * 2 / 7) ** (1 / 4)
    assert self_bleu([long, short]) == pytest.approx((math.exp(1 - 10 / 5) + of_long) / 2)


def test_what_repeats_itself_compresses_well() -> None:
    assert compression(["the same again"] * 50) > 5 * compression([f"{number * 7919:x}" for number in range(50)])


def test_the_mean_distance_is_that_of_all_pairs() -> None:
    # Two in the same direction, one across: distances 0, 1 and 1.
    assert mean_distance([[1, 0], [5, 0], [0, 2]]) == pytest.approx(2 / 3)


def test_what_is_too_few_or_too_short_is_not_measured() -> None:
    alone = measure_diversity(["two words"])
    assert alone.distinct == (1, 1, None)
    assert alone.self_bleu is None
    assert (alone.texts, alone.different, alone.words) == (1, 1, 2)
    speechless = measure_diversity(["…", "\ud800?"])
    assert (speechless.words, speechless.distinct) == (0, (None, None, None))
    assert measure_diversity(["a", "a"]).different == 1
