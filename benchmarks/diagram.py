"""How long a diagram takes to read, beside Mermaid's own parser in Node.js: ``python benchmarks/diagram.py``.

Each size gets a fresh process of both, which read the same text once to warm up and then in turn, pair by pair, so that
a noisy machine disturbs both alike. Mermaid is the one that the tests use: ``npm install`` in ``tests/diagram/oracle``.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

SIZES = {10: 15, 100: 15, 1_000: 9, 10_000: 3}
"""Entities, and how many pairs are timed."""

ORACLE = Path(__file__).parent.parent / "tests" / "diagram" / "oracle"

ADF = """
import json, resource, sys, time
from adf_core.diagram import parse
text = json.loads(sys.stdin.readline())
for _ in sys.stdin:
    start = time.perf_counter()
    parse(text)
    seconds = time.perf_counter() - start
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
"""
MERMAID = """
import { JSDOM } from "jsdom";
import readline from "readline";
const dom = new JSDOM("<body></body>");
global.window = dom.window;
global.document = dom.window.document;
const mermaid = (await import("mermaid")).default;
mermaid.initialize({ maxTextSize: 1e9, logLevel: 5 });
let text;
for await (const line of readline.createInterface({ input: process.stdin, terminal: false })) {
  if (text === undefined) { text = JSON.parse(line); continue; }
  const start = performance.now();
  await mermaid.parse(text);
  console.log((performance.now() - start) / 1000, process.resourceUsage().maxRSS / 1024);
}
"""


def diagram(entities: int) -> str:
    """A text of so many entities with five attributes and one relationship each."""
    lines = ["erDiagram"]
    for number in range(entities):
        lines.append(f"    ENTITY_{number} {{")
        lines += [f'        string attribute_{index} "what attribute {index} means"' for index in range(5)]
        lines.append("    }")
    for number in range(entities):
        lines.append(f'    ENTITY_{number} ||--o{{ ENTITY_{(number * 7 + 1) % entities} : "relates to"')
    return "\n".join(lines)


class Reader:
    """A process that reads one text again and again."""

    def __init__(self, command: list[str], text: str) -> None:
        self.process = subprocess.Popen(
            command, cwd=ORACLE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self._send(json.dumps(text))
        self.read()

    def read(self) -> tuple[float, float]:
        """Seconds of one more reading, and the most memory so far in MiB."""
        self._send("again")
        assert self.process.stdout
        seconds, memory = map(float, self.process.stdout.readline().split())
        return seconds, memory

    def _send(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.communicate()


def main() -> None:
    print("| entities | text | `adf` | Mermaid | ratio (lowest to highest) | memory of `adf` | of Mermaid |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for entities, pairs in SIZES.items():
        text = diagram(entities)
        readers = [
            Reader([sys.executable, "-c", ADF], text),
            Reader(["node", "--input-type=module", "-e", MERMAID], text),
        ]
        readings = [[reader.read() for reader in readers] for _ in range(pairs)]
        for reader in readers:
            reader.close()
        (adf, mermaid) = (statistics.median(pair[which][0] for pair in readings) * 1000 for which in (0, 1))
        ratios = sorted(pair[0][0] / pair[1][0] for pair in readings)
        memory = [max(pair[which][1] for pair in readings) for which in (0, 1)]
        print(
            f"| {entities:,} | {len(text) / 1024:,.0f} KiB | {adf:,.1f} ms | {mermaid:,.1f} ms "
            f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
            f"| {memory[0]:,.0f} MiB | {memory[1]:,.0f} MiB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
