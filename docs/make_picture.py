"""Draws ``docs/run.svg`` from a real run of a sample: ``python docs/make_picture.py``."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

ROOT = Path(__file__).parent.parent
SAMPLE = "samples/marriage_counsel"


def main() -> None:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "adf_core", "run", SAMPLE, "--out", out]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
        records = [json.loads(line) for line in (Path(out) / "dataset.jsonl").read_text("utf-8").splitlines()]
        summary = done.stdout.replace(out, f"{SAMPLE}/out")
    record = next(record for record in records if record["metadata"]["stage"] == "derivation")
    console = Console(record=True, width=100, highlight=False, markup=False, file=io.StringIO())
    console.print(Text(f"$ adf run {SAMPLE}", style="bold"))
    console.print(Text(summary.rstrip()))
    console.print()
    metadata = record["metadata"]
    console.print(Text("a derivation in dataset.jsonl", style="bold"))
    inherited = metadata["prefix_turns"]
    turns = "turn is" if inherited == 1 else f"{inherited} turns are"
    console.print(Text(f"direction {metadata['direction']}; the first {turns} a seed's", style="dim"))
    for message in record["messages"]:
        console.print(Text(message["role"], style="green" if message["role"] == "user" else "cyan"))
        console.print(Padding(Text(message["content"]), (0, 0, 0, 2)))
    console.print()
    # Without the fonts that would be fetched from elsewhere: the viewer's own monospace one will do.
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    (ROOT / "docs" / "run.svg").write_text(console.export_svg(title="adf run", code_format=form), "utf-8")


if __name__ == "__main__":
    main()
