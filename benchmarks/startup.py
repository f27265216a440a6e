"""How long the quick commands take beside an empty click program: ``python benchmarks/startup.py``.

Each is started in turn with the empty one, as whole processes, and compared pair by pair, so that a noisy machine
disturbs both alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

PAIRS = 15
SAMPLES = Path(__file__).parent.parent / "samples"
EMPTY = [sys.executable, "-c", "import click\n@click.command()\ndef empty(): pass\nempty(['--help'])"]
COMMANDS = {
    "adf --help": (["--help"], 3),
    "adf plan samples/marriage_counsel": (["plan", str(SAMPLES / "marriage_counsel")], 8),
    "adf plan samples/bicycle_workshop": (["plan", str(SAMPLES / "bicycle_workshop")], 8),
}
"""Each with the ratio it should not exceed."""


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    print("| command | ms | an empty click program | ratio | at most |\n|---|---|---|---|---|")
    for name, (arguments, most) in COMMANDS.items():
        command = [sys.executable, "-m", "adf_core", *arguments]
        seconds(command)
        pairs = [(seconds(command), seconds(EMPTY)) for _ in range(PAIRS)]
        ours, empty = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
        ratios = sorted(adf / none for adf, none in pairs)
        ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        print(f"| `{name}` | {ours:.0f} | {empty:.0f} | {ratio} | {most} |")


if __name__ == "__main__":
    main()
