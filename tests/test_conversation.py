from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adf_core import Candidate, Record, Turn

turns = st.lists(st.builds(Turn, st.text(), st.text()), max_size=3).map(tuple)
fields = st.fixed_dictionaries(
    {
        "key": st.text(),
        "stage": st.sampled_from(["seed", "derivation"]),
        "type": st.sampled_from(["conversation", "instruct"]),
        "category": st.text(),
        "direction": st.text(),
        "scenario": st.dictionaries(st.text(), st.text(), max_size=2),
        "round": st.integers(0, 3),
        "parent": st.none() | st.text(),
        "seed": st.text(),
        "prefix_length": st.integers(0, 9),
        "replicate": st.integers(0, 9),
        "prefix": turns,
        "turns": turns,
        "provider": st.text(),
        "model": st.text(),
        "attempt": st.integers(1, 5),
    }
)


@pytest.mark.parametrize("kind", [Candidate, Record])
@given(values=fields)
def test_candidates_and_records_are_plain_json(kind: type[Candidate], values: dict) -> None:
    made = kind(**values)
    assert kind.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    assert made.conversation == values["prefix"] + values["turns"]
