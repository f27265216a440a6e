"""What diagrams mean: facts, factors, what is free, and the relationships in words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adf_core.diagram import Fact, Factor, Free, Meaning, Note, Range, Value, interpret, parse


def meaning(body: str, **options: int) -> Meaning:
    return interpret(parse(f"erDiagram\n{body}"), **options)


def attribute(line: str) -> Fact | Factor | Free:
    (reading,) = meaning(f"A {{\n{line}\n}}").entities[0].readings
    assert not isinstance(reading, Note)
    return reading


def values(factor: object) -> list[str]:
    assert isinstance(factor, Factor)
    return [value.text for value in factor.values]


# --- facts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("proficient_language java", "A.proficient_language", "java"),
        ("sex male", "A.sex", "male"),
        ("experience one-year", "A.experience", "one-year"),
        ("`favourite food` `fish and chips`", "A.favourite food", "fish and chips"),
    ],
)
def test_a_word_that_is_no_data_type_makes_a_fact(line: str, name: str, value: str) -> None:
    fact = attribute(line)
    assert isinstance(fact, Fact)
    assert (fact.name, fact.value) == (name, value)


@pytest.mark.parametrize(
    "line",
    [
        "string name",
        "VARCHAR name",
        "varchar(20) name",
        "jobs[] list_of_jobs",
        "items~x~ name",
        "mood? name",
        "Address home",
        "sex _male",
        "sex male PK",
        'sex male "said once"',
        'sex male ""',
    ],
)
def test_types_keys_and_comments_make_no_fact(line: str) -> None:
    assert isinstance(attribute(line), Free)


# --- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "expected", "description"),
    [
        ("calm | anxious | angry", {"calm": 1, "anxious": 1, "angry": 1}, ""),
        ("calm|anxious", {"calm": 1, "anxious": 1}, ""),
        ("calm:3 | anxious:1", {"calm": 3, "anxious": 1}, ""),
        ("calm:0.5 | anxious", {"calm": 0.5, "anxious": 1}, ""),
        ("how they feel: calm | anxious", {"calm": 1, "anxious": 1}, "how they feel"),
        ("mood: at home: calm:2 | anxious: 3", {"calm": 2, "anxious": 3}, "mood: at home"),
        ("in a hurry | not at all", {"in a hurry": 1, "not at all": 1}, ""),
        ("1 | 2 | 3", {"1": 1, "2": 1, "3": 1}, ""),
    ],
)
def test_a_list_in_the_comment_is_a_factor(comment: str, expected: dict[str, float], description: str) -> None:
    factor = attribute(f'string mood "{comment}"')
    assert factor == Factor("A.mood", tuple(Value(*item) for item in expected.items()), description)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('int years "1..40"', ["1..13", "14..26", "27..40"]),
        ('int years "how long: 1 .. 40"', ["1..13", "14..26", "27..40"]),
        ('int degrees "-10..10"', ["-10..-4", "-3..3", "4..10"]),
        ('int dogs "1..2"', ["1..1", "2..2"]),
        ('float size "0..1"', ["0.0..0.2", "0.3..0.6", "0.7..1.0"]),
        ('decimal(10,2) price "0.25..1"', ["0.25..0.49", "0.50..0.74", "0.75..1.00"]),
        ('string size "0.5..2"', ["0.5..0.9", "1.0..1.4", "1.5..2.0"]),
    ],
)
def test_a_range_is_cut_into_values(line: str, expected: list[str]) -> None:
    assert values(attribute(line)) == expected


def test_the_number_of_buckets_can_be_chosen() -> None:
    (factor,) = meaning('A { int years "1..40" }', buckets=4).factors
    assert values(factor) == ["1..10", "11..20", "21..30", "31..40"]
    assert factor.values[1].range == Range(11, 20)


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), st.integers(1, 50), st.sampled_from([0, 1, 2]))
def test_buckets_cover_their_range_without_gap_or_overlap(low: int, width: int, count: int, digits: int) -> None:
    scale = 10**digits
    parts = Range(low / scale, (low + width) / scale, digits).cut(count)
    numbers = [(round(part.low * scale), round(part.high * scale)) for part in parts]
    assert numbers[0][0] == low
    assert numbers[-1][1] == low + width
    assert all(start <= end for start, end in numbers)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(numbers))
    widths = [end - start + 1 for start, end in numbers]
    assert len(parts) == min(count, width + 1)
    assert max(widths) - min(widths) <= 1


@pytest.mark.parametrize("comment", ["free", "the name people call her", "1...40", "a..b", "see: page 4", ""])
def test_other_comments_leave_an_attribute_free(comment: str) -> None:
    free = attribute(f'string name "{comment}"')
    assert isinstance(free, Free)
    assert free.description == ("" if comment == "free" else comment)


@pytest.mark.parametrize(
    ("line", "reading", "about"),
    [
        ('string x "a | | b"', "a b", "empty"),
        ('string x "a | b | a"', "a b", "twice"),
        ('string x "a | b:0 | c"', "a c", "weight 0"),
        ('int x "40..1"', "1..13 14..26 27..40", "goes down"),
    ],
)
def test_odd_values_earn_a_warning_with_their_place(line: str, reading: str, about: str) -> None:
    found = meaning(f"A {{\n{line}\n}}")
    assert values(found.factors[0]) == reading.split()
    (warning,) = found.warnings
    assert about in warning.message
    assert (warning.line, warning.column) == (3, 1)


@pytest.mark.parametrize(("line", "value"), [('string x "a |"', "a"), ('int x "5..5"', "5..5")])
def test_a_single_value_is_a_fact(line: str, value: str) -> None:
    (fact,) = meaning(f"A {{ {line} }}").facts
    assert fact.value == value


# --- relationships -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "how_many_b", "how_many_a", "words"),
    [
        ("||--o{", "none one several", None, "one A has zero or more B"),
        ("||--|{", "one several", None, "one A has one or more B"),
        ("||--o|", "none one", None, "one A has zero or one B"),
        ("||--||", None, None, "one A has one B"),
        ("}o--||", None, "none one several", "zero or more A has one B"),
        ("}|..o|", "none one", "one several", "one or more A has zero or one B"),
        ("u--o{", "none one several", None, "one parent A has zero or more B"),
    ],
)
def test_cardinalities_are_counts(link: str, how_many_b: str | None, how_many_a: str | None, words: str) -> None:
    found = meaning(f"A {link} B : has")
    counts = {factor.name: " ".join(values(factor)) for factor in found.factors}
    expected = {"A-B.count": how_many_b, "B-A.count": how_many_a}
    assert counts == {name: count for name, count in expected.items() if count}
    assert found.relationships[0].words == words


def test_comments_of_a_relationship_are_facts_factors_and_notes() -> None:
    (subject,) = meaning(
        "A ||--|| B : has\n%% Frequency: weekly:2 | monthly\n%% Topic: a: b\n%% Seen at 10:30\n%% just so"
    ).relationships
    frequency, topic, seen, so = subject.readings
    assert frequency == Factor("A-B.Frequency", (Value("weekly", 2), Value("monthly")))
    assert isinstance(topic, Fact)
    assert (topic.name, topic.value) == ("A-B.Topic", "a: b")
    assert isinstance(seen, Note)
    assert isinstance(so, Note)
    assert so.text == "just so"


def test_a_list_in_the_comment_of_an_entity_is_a_note_with_a_warning() -> None:
    found = meaning("%% Mood of day: calm | angry\nA { int x }")
    (warning,) = found.warnings
    assert not found.factors
    assert (warning.line, warning.column) == (2, 1)
    assert 'write an attribute, `string mood_of_day "calm | angry"`' in (warning.hint or "")


def test_names_are_unique() -> None:
    found = meaning(
        "A ||--o{ B : has\nA ||--o{ B : likes\nA ||--o{ B : likes\nA }o--o{ A : knows\n"
        'A { string x "a | b" string x "a | b" }'
    )
    assert [factor.name for factor in found.factors] == [
        *("A.x", "A.x#2"),
        *("A-B[has].count", "A-B[likes].count", "A-B[likes].count#2"),
        *("A-A.count", "A-A.count#2"),
    ]


def test_the_plain_form_holds_all_of_it() -> None:
    found = meaning('%% about\n\nA { sex male\nstring mood "calm:2 | angry" }\nA ||--|{ B : ""\n%% note')
    assert found.to_dict() == {
        "entities": [
            {
                "name": "A",
                "readings": [
                    {"kind": "fact", "name": "A.sex", "value": "male"},
                    {
                        "kind": "factor",
                        "name": "A.mood",
                        "values": [{"value": "calm", "weight": 2.0}, {"value": "angry", "weight": 1.0}],
                        "description": "",
                    },
                ],
            },
            {"name": "B", "readings": []},
        ],
        "relationships": [
            {
                "name": "A-B",
                "words": "one A is related to one or more B",
                "readings": [
                    {
                        "kind": "factor",
                        "name": "A-B.count",
                        "values": [{"value": "one", "weight": 1.0}, {"value": "several", "weight": 1.0}],
                        "description": "how many B one A has",
                    },
                    {"kind": "note", "name": "A-B", "text": "note"},
                ],
            }
        ],
        "notes": ["about"],
        "warnings": [],
    }


def test_the_original_example_comes_out_right() -> None:
    found = meaning(
        'COUNSELOR ||--|{ COUNSELEE : "provides counseling to"\n\n'
        "    %% Comments for relationship attributes\n    %% Start date: 2024-02-14\n"
        "    %% Frequency: Weekly\n    %% Topic: marriage guidance"
    )
    assert [(fact.name, fact.value) for fact in found.facts] == [
        ("COUNSELOR-COUNSELEE.Start date", "2024-02-14"),
        ("COUNSELOR-COUNSELEE.Frequency", "Weekly"),
        ("COUNSELOR-COUNSELEE.Topic", "marriage guidance"),
    ]
    assert found.relationships[0].words == "one COUNSELOR provides counseling to one or more COUNSELEE"
