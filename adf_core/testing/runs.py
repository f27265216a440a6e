"""Runs for tests of sinks: what a sink is told beside the records."""

from __future__ import annotations

from pathlib import Path

from adf_core.components import RunInfo


def run_info(out: Path, *parts: str) -> RunInfo:
    """A run whose output folder is ``out`` and whose dataset has these parts."""
    return RunInfo(
        folder=out.parent,
        out=out,
        category="hotel reception",
        type="conversation",
        provider="scripted",
        model="script-1",
        diagram="erDiagram",
        version="0.1.0",
        parts=parts,
    )
