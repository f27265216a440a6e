"""How long ``adf --help`` takes beside an empty click program: ``python benchmarks/startup.py``.

Both are started in turn, as whole processes, and compared pair by pair, so that a noisy machine disturbs both alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

PAIRS = 15
EMPTY = "import click\n@click.command()\ndef empty(): pass\nempty(['--help'])"
COMMANDS = {
    "empty click program": [sys.executable, "-c", EMPTY],
    "adf --help": [sys.executable, "-m", "adf_core", "--help"],
}


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    for command in COMMANDS.values():
        seconds(command)
    pairs = [[seconds(command) for command in COMMANDS.values()] for _ in range(PAIRS)]
    for name, times in zip(COMMANDS, zip(*pairs, strict=True), strict=True):
        print(f"{name:<20} {statistics.median(times) * 1000:6.0f} ms")
    ratios = sorted(adf / empty for empty, adf in pairs)
    print(
        f"{'ratio':<20} {statistics.median(ratios):6.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}, at most 3 wanted)"
    )


if __name__ == "__main__":
    main()
