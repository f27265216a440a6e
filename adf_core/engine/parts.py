"""The parts of the dataset: kept in the journal, so that nothing changes sides when the dataset grows."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from adf_core.components import RunInfo
from adf_core.conversation import Record, Stage
from adf_core.journal import Journal, JournalReader
from adf_core.scenarios import Scenario
from adf_core.scenarios.splits import Parts, Split


def keep_parts(journal: Journal, split: Split, scenarios: Sequence[Scenario]) -> None:
    """Give the units of these scenarios their parts. Those that have one keep it until the split is changed."""
    stored = _stored(journal.reader)
    parts = stored if stored and stored.split == split else Parts(split)
    journal.set_meta(split=json.dumps(parts.grown(scenarios).to_dict()))


def records_in_parts(reader: JournalReader, info: RunInfo, stages: Container[Stage]) -> Iterator[Record]:
    """The dataset's records of these stages in plan order, each with its part where there are parts."""
    parts = _stored(reader) if info.parts else None
    for record in reader.records(info.category, stages=stages):
        yield replace(record, split=parts.of(record)) if parts else record


def _stored(reader: JournalReader) -> Parts | None:
    text = reader.meta("split")
    return Parts.from_dict(json.loads(text)) if text else None
