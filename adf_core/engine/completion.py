"""Marks that a run leaves in its journal, by which the next one sees that it has nothing to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adf_core.components import RunInfo, Sink, SinkResult
from adf_core.options import identifying_options
from adf_core.project import Project


def done_mark(fingerprint: str, project: Project) -> str:
    """What a run was to bring; once all of it is there, another one has nothing to ask for."""
    generation, choice = project.setup.generation, project.setup.choice
    return json.dumps([fingerprint, generation.s_factor, generation.target, choice.per_cell])


def delivery_mark(
    sinks: Sequence[Sink], versions: Sequence[str], info: RunInfo, split: Any, results: Mapping[str, SinkResult]
) -> str:
    """What was written, by which sinks, and how the files are on disk."""
    made_by = _made_by(sinks, versions, info, split)
    written = {
        name: [result.records, [[str(path), _state(path)] for path in result.paths]] for name, result in results.items()
    }
    return json.dumps({"made_by": made_by, "written": written})


def delivered(
    mark: str | None, sinks: Sequence[Sink], versions: Sequence[str], info: RunInfo, split: Any
) -> dict[str, SinkResult] | None:
    """The datasets as they were written, where the same sinks wrote them and nobody has touched them; else None."""
    if not mark:
        return None
    data = json.loads(mark)
    if data["made_by"] != json.loads(json.dumps(_made_by(sinks, versions, info, split))):
        return None
    results = {}
    for name, (records, files) in data["written"].items():
        if any(_state(Path(path)) != state for path, state in files):
            return None
        results[name] = SinkResult(records, tuple(Path(path) for path, _ in files))
    return results


def _made_by(sinks: Sequence[Sink], versions: Sequence[str], info: RunInfo, split: Any) -> list[Any]:
    identities = [
        [sink.name, version, identifying_options(sink)] for sink, version in zip(sinks, versions, strict=True)
    ]
    about = {**asdict(info), "folder": str(info.folder), "out": str(info.out)}
    return [identities, about, None if split is None else asdict(split)]


def _state(path: Path) -> list[int] | None:
    """Size and time of change of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]
