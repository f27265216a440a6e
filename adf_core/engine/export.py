"""Writing datasets from a journal, at any time and without a run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from adf_core.components import RunInfo, Sink, SinkResult
from adf_core.engine.delivery import write
from adf_core.engine.selection import Condition
from adf_core.errors import UsageError
from adf_core.journal import FILE_NAME, JournalReader


def info_text(info: RunInfo) -> str:
    """What the journal keeps of a run, so that its records can be written again without the project."""
    return json.dumps({**asdict(info), "folder": str(info.folder), "out": ""})


async def export(out: Path, sinks: Sequence[Sink], where: Sequence[Condition]) -> dict[str, SinkResult]:
    """Let these sinks write the records of the journal in ``out`` for which all of ``where`` holds.

    UsageError where there is no journal, or no record yet; AdfError where a sink cannot write.
    """
    path = out / FILE_NAME
    with JournalReader(path) as reader:
        stored = reader.meta("info")
    if stored is None:
        raise UsageError(f"No run has ended in {out} yet, so there is no dataset to export.")
    data = json.loads(stored)
    info = RunInfo(**{**data, "folder": Path(data["folder"]), "out": out, "parts": tuple(data["parts"])})
    results = {}
    for sink in sinks:
        async with sink:
            results[sink.name] = await asyncio.to_thread(write, path, sink, info, where)
    return results
