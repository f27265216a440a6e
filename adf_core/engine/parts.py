"""The parts of the dataset: kept in the journal, so that nothing changes sides when the dataset grows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from adf_core.components import RunInfo, Sink
from adf_core.conversation import Record
from adf_core.engine.refused import refused_for
from adf_core.journal import Journal, JournalReader
from adf_core.scenarios import Scenario
from adf_core.scenarios.splits import Parts, Split


def keep_parts(journal: Journal, split: Split, scenarios: Sequence[Scenario]) -> None:
    """Give the units of these scenarios their parts. Those that have one keep it until the split is changed."""
    stored = _stored(journal.reader)
    parts = stored if stored and stored.split == split else Parts(split)
    journal.set_meta(split=json.dumps(parts.grown(scenarios).to_dict()))


def records_for(sink: Sink, reader: JournalReader, info: RunInfo) -> Iterator[Record]:
    """The dataset's records in plan order, with all that this sink wants to see of them."""
    parts = _stored(reader) if info.parts else None
    for record in reader.records(info.category, stages=sink.stages):
        more: dict[str, Any] = {}
        if parts:
            more["split"] = parts.of(record)
        if sink.refused:
            more["refused"] = refused_for(reader, record)
        yield replace(record, **more) if more else record


def _stored(reader: JournalReader) -> Parts | None:
    text = reader.meta("split")
    return Parts.from_dict(json.loads(text)) if text else None
