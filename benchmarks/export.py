"""How fast a journal becomes a dataset, and in how much memory: ``python -m benchmarks.export``.

A journal of a million accepted conversations of three turns is made by the engine with a provider in the process (or
taken from ``--keep DIR``, where an earlier call has left it). Each sink then writes it with ``adf export``, as a
process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pipeline import DIRECTIONS, measure

EXPORTS = {
    "`jsonl`": ("jsonl", "dataset.jsonl"),
    "`jsonl`, zstd": ("jsonl", "dataset.jsonl.zst"),
    "`parquet`": ("parquet", "dataset.parquet"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a folder for the journal and the datasets")
    arguments = parser.parse_args()
    records = arguments.records // DIRECTIONS * DIRECTIONS
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = arguments.keep or Path(scratch)
        out = folder / "out"
        if not out.exists():
            measure("pipeline", folder, records)
        print(f"| {records:,} records | seconds | records a second | most memory | size |\n|---|---|---|---|---|")
        for name, (sink, file) in EXPORTS.items():
            seconds, megabytes = exported(out, sink, folder / file)
            size = (folder / file).stat().st_size / 1024**2
            print(f"| {name} | {seconds:.1f} | {records / seconds:,.0f} | {megabytes:.0f} MB | {size:,.0f} MB |")


def exported(out: Path, sink: str, target: Path) -> tuple[float, float]:
    """Seconds that an export takes from its start to its end, and its most memory in MB."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "adf_core", "export", str(out), "--sink", sink, "--to", str(target), "--force"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
