from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest
from adf_near_duplicates import NearDuplicates, register_validators
from adf_near_duplicates.text import plain
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core import Candidate, InvalidRequest, Turn, Undecided
from adf_core.options import option_problems

WORDS = [first + vowel + last for first in "bdfgklmnprst" for vowel in "aeiou" for last in ("nd", "lt", "rm", "sk")]


def told(count: int, seed: int) -> list[str]:
    return random.Random(seed).choices(WORDS, k=count)


def candidate(key: str, *texts: str) -> Candidate:
    """A conversation of so many texts, of user and assistant in turn."""
    turns = tuple(Turn(user, assistant) for user, assistant in zip(texts[::2], (*texts[1::2], ""), strict=False))
    return Candidate(
        key=key,
        stage="seed",
        type="conversation",
        category="desk",
        direction="plain",
        seed=key,
        turns=turns,
        provider="none",
        model="none",
    )


@dataclass
class Embedder:
    """The part of a ValidationContext that the semantic mode uses; an embedding is looked up by its text."""

    embeddings: dict[str, list[float] | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def embed(self, texts):
        self.asked += texts
        found = [self.embeddings[text] for text in texts]
        for each in found:
            if isinstance(each, Exception):
                raise each
        return found


async def judged(candidates, context=None, **options) -> list[str]:
    """Why each of the candidates was refused; empty for survivors."""
    async with NearDuplicates(**options) as validator:
        return [(await validator.validate(each, context)).reason for each in candidates]


def test_the_plugin_registers_one_validator_of_the_whole_dataset():
    registered = []
    register_validators(registered.append)
    assert [(each.name, each.scope) for each in registered] == [("near-duplicates", "dataset")]


async def test_of_two_that_say_nearly_the_same_the_first_one_stays():
    words = told(200, seed=1)
    edited = [*words[:50], "something", *words[51:120], "else", *words[120:]]
    texts = [" ".join(words), " ".join(told(200, seed=2)), " ".join(edited)]
    reasons = await judged([candidate(f"{number}" * 32, text) for number, text in enumerate(texts)])
    assert reasons[:2] == ["", ""]
    share, _, named = reasons[2].partition(" % the same as ")
    assert named == "000000000000…"
    assert 90 <= int(share) <= 99


async def test_of_several_twins_the_one_with_most_in_common_is_named():
    words = told(300, seed=1)
    near, far = [*words[:270], *told(30, seed=2)], [*words[:200], *told(100, seed=3)]
    texts = {"far": far, "near": near, "copy": words}
    reasons = await judged([candidate(key, " ".join(text)) for key, text in texts.items()], threshold=0.7)
    assert reasons[:2] == ["", ""]
    assert reasons[2].endswith(" % the same as near…")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("My chain slips, again.", "my CHAIN slips - again!"),
        ("My chain\nslips again", " My  chain slips\tagain "),
        ("“Don’t”, she said…", '"Don\'t", she said...'),
        ("Caf\u00e9 \ufb01ne", "Cafe\u0301 fine"),
        ("Straße", "STRASSE"),
        ("今日は、天気です。", "今日は 天気です"),
    ],
)
async def test_case_white_space_punctuation_and_ways_to_write_a_letter_make_no_difference(one, other):
    assert await judged([candidate("first", one), candidate("second", other)]) == ["", "the same words as first…"]


async def test_what_both_say_is_compared_and_inherited_turns_are_not():
    question, answers = " ".join(told(20, seed=1)), [" ".join(told(60, seed=seed)) for seed in (2, 3)]
    assert await judged([candidate(str(number), question, answer) for number, answer in enumerate(answers)]) == ["", ""]
    shared = (Turn(" ".join(told(200, seed=4)), " ".join(told(200, seed=5))),)
    siblings = [replace(candidate(str(number), answer), prefix=shared) for number, answer in enumerate(answers)]
    assert await judged(siblings) == ["", ""]


async def test_a_twin_of_a_refused_record_is_judged_by_the_survivors_alone():
    start, middle, end = (told(100, seed) for seed in (1, 2, 3))
    first, second, third = [*start, *middle], [*middle, *start[40:], *end[:40]], [*middle, *end, *start[90:]]
    reasons = await judged([candidate(str(n), " ".join(each)) for n, each in enumerate((first, second, third))])
    assert [bool(reason) for reason in reasons] == [False, True, False]
    alone = await judged([candidate(str(n), " ".join(each)) for n, each in enumerate((second, third))])
    assert alone[1].endswith("% the same as 0…")


async def test_texts_of_nothing_but_punctuation_are_told_apart():
    assert await judged([candidate("a", "?!"), candidate("b", "..."), candidate("c", "?!")]) == [
        "",
        "",
        "the same words as a…",
    ]


async def test_a_text_without_any_content_and_one_with_broken_unicode_are_judged_too():
    assert await judged([candidate("a", "", ""), candidate("b", "\ud800 half a letter"), candidate("c", "", "")]) == [
        "",
        "",
        "the same words as a…",
    ]


async def test_a_longer_shingle_and_a_higher_threshold_refuse_less():
    words = told(200, seed=1)
    edited = [told(1, seed=number)[0] if number % 12 == 0 else word for number, word in enumerate(words)]
    pair = [candidate("one", " ".join(words)), candidate("two", " ".join(edited))]
    assert (await judged(pair))[1] != ""
    assert (await judged(pair, threshold=0.8))[1] == ""
    assert (await judged(pair, shingle=40))[1] == ""


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.1}, {"threshold": 1.1}, {"shingle": 3}, {"shingle": 100}, {"similarity": 0}]
)
def test_options_out_of_range_are_told(wrong):
    [problem] = option_problems(NearDuplicates, wrong)
    assert next(iter(wrong)) in problem.message


# --- properties -----------------------------------------------------------------------------------------------------

# Few words, so that there are copies, near copies and others.
conversations = st.lists(st.sampled_from(["gear", "Gear!", "chain", "ring", "bell and saddle", "\u00e9"]), min_size=1)
near_copies = st.builds(lambda base, more: [*told(30, base), *more], st.integers(0, 3), conversations)
texts = st.one_of(conversations, near_copies).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(st.lists(texts, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_later_records_never_changes_what_became_of_an_earlier_one(said, chance):
    kept = len(said) // 2
    records = [candidate(f"{number:032}", text) for number, text in enumerate(said)]
    later = records[kept:]
    chance.shuffle(later)
    assert asyncio.run(judged(records[:kept] + later))[:kept] == asyncio.run(judged(records))[:kept]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(texts, st.text(max_size=40)), max_size=20))
def test_a_copy_is_always_found(said):
    records = [candidate(f"{number:032}", text) for number, text in enumerate(said)]
    reasons = asyncio.run(judged([*records, *records]))
    assert all(reasons[len(records) :])


@settings(deadline=None, max_examples=60)
@given(st.lists(texts, max_size=20))
def test_each_pass_begins_with_nothing_remembered(said):
    records = [candidate(f"{number:032}", text) for number, text in enumerate(said)]

    async def two_passes() -> list[list[str]]:
        async with NearDuplicates() as validator:
            passes = []
            for _ in range(2):
                validator.begin()
                passes.append([(await validator.validate(each, None)).reason for each in records])
            return passes

    first, second = asyncio.run(two_passes())
    assert first == second


@given(st.text())
def test_something_is_always_left_of_a_text(text):
    assert plain((Turn(text, ""),))


# --- many -----------------------------------------------------------------------------------------------------------


async def test_twins_are_found_among_so_many_that_the_index_grows_and_where_all_begin_alike():
    greeting = " ".join(told(12, seed=0))
    records = [candidate(f"{n:032}", f"{greeting} {' '.join(told(60, seed=n + 1))}") for n in range(9000)]
    twins = []
    for number in range(0, 9000, 100):
        words = told(60, seed=number + 1)
        words[10], words[40] = "another", "word"
        twins.append(candidate(f"{number + 10_000:032}", f"{greeting} {' '.join(words)}"))
    reasons = await judged([*records, *twins])
    assert set(reasons[:9000]) == {""}
    assert sum(bool(reason) for reason in reasons[9000:]) >= 88  # of 90: LSH may miss one


def test_of_signatures_that_share_six_in_ten_numbers_the_index_finds_nearly_all():
    import numpy as np
    from adf_near_duplicates.index import SignatureIndex

    chance = np.random.default_rng(1)
    signatures = chance.integers(0, 2**16, (16_000, 128), np.uint16)
    index = SignatureIndex()
    for signature in signatures:
        index.add(signature)
    found = 0
    for number in range(0, 16_000, 16):
        kept = chance.random(128) < 0.6
        asked = np.where(kept, signatures[number], chance.integers(0, 2**16, 128, np.uint16))
        found += index.most_alike(asked) == (number, np.count_nonzero(kept) / 128)
    assert found >= 970  # of 1,000; 99 in 100 have a band in common, and a few are pushed out of their buckets
    assert index.most_alike(chance.integers(0, 2**16, 128, np.uint16)) is None


# --- meanings -------------------------------------------------------------------------------------------------------


async def test_with_embeddings_those_that_mean_the_same_are_found_too():
    said = {"It rains a lot.": [1.0, 0.0], "The sun shines today.": [0.0, 2.0], "Showers all day long!": [3.0, 0.3]}
    context = Embedder({f"{text}\n": vector for text, vector in said.items()})
    records = [candidate(f"{number}" * 32, text) for number, text in enumerate(said)]
    assert await judged(records, context, semantic=True) == [
        "",
        "",
        "means the same as 000000000000… (similarity 1.00)",
    ]
    assert await judged(records, context, semantic=True, similarity=0.999) == ["", "", ""]
    assert await judged(records, context) == ["", "", ""]


async def test_no_embedding_is_asked_for_where_the_words_are_the_same_already():
    context = Embedder({"It rains.\n": [1.0, 0.0]})
    await judged([candidate("a", "It rains."), candidate("b", "it rains")], context, semantic=True)
    assert context.asked == ["It rains.\n"]


async def test_the_most_similar_of_many_blocks_of_embeddings_is_named():
    from adf_near_duplicates.meanings import Meanings

    chance = random.Random(1)
    vectors = [[chance.gauss(0, 1) for _ in range(16)] for _ in range(9000)]
    meanings = Meanings(similarity=0.99)
    for vector in vectors:
        meanings.add(meanings.read(vector))
    for number in (0, 4095, 4096, 8999):
        found = meanings.twin(meanings.read([2 * value for value in vectors[number]]))
        assert found is not None
        assert (found[0], round(found[1], 4)) == (number, 1.0)
    assert meanings.twin(meanings.read([chance.gauss(0, 1) for _ in range(16)])) is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (InvalidRequest("The provider `llama` offers no embeddings."), "The provider `llama` offers no embeddings."),
        ([0.0, 0.0], "The embedding that came has no direction."),
        ([1.0, 0.0, 0.0], "The embedding that came has 3 numbers, others 2."),
    ],
)
async def test_without_a_usable_embedding_the_user_is_told_what_to_do(answer, why):
    context = Embedder({"It rains.\n": [1.0, 0.0], "It is dry.\n": answer})
    with pytest.raises(Undecided) as caught:
        await judged([candidate("a", "It rains."), candidate("b" * 32, "It is dry.")], context, semantic=True)
    assert str(caught.value) == (
        f"`semantic` needs an embedding of bbbbbbbbbbbb…, and there is none: {why} "
        "Set `semantic: false`, or ask a provider and model that embed such texts."
    )


def test_nothing_heavy_is_imported_before_the_validator_is_opened():
    program = """
import sys
import adf_near_duplicates
sys.exit(bool({"rensa", "numpy"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
