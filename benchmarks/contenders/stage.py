"""Runs contenders against one server, each as a whole process, with prompts that are made once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.contenders.project import make_project, prompts_of
from benchmarks.measure import Cost, measure
from benchmarks.server import RunningServer

ROOT = Path(__file__).parent.parent.parent
FLOOR = "aiohttp_floor"
OURS = "adf"
TITLES = {
    FLOOR: "raw aiohttp (the floor)",
    "openai_sdk": "bare `openai` SDK",
    OURS: "`adf run`",
    "curator": "Curator",
    "data_designer": "DataDesigner",
    "distilabel": "distilabel",
}
"""All contenders, by the names of their modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one process did, asked for ``slots`` records: what it cost, what it wrote, and the server's numbers."""

    contender: str
    slots: int
    cost: Cost
    records: int
    stats: Mapping[str, Any]

    @property
    def trouble(self) -> str:
        """What went wrong, in a sentence; empty where nothing did."""
        status = self.cost.exit_status
        if status == 0 and self.records == self.slots:
            return ""
        how = "was ended because its time was up" if status is None else f"ended with status {status}"
        got = f"{self.records:,} of {self.slots:,} records"
        said = (self.cost.output.strip().splitlines() or ["nothing"])[-1]
        return f"{TITLES[self.contender]} {how}, with {got}; its last line was: {said}"


class Stage:
    """``folder`` is for what the runs write; ``peers_folder`` is where the peers are installed."""

    def __init__(self, folder: Path, server: RunningServer, peers_folder: Path) -> None:
        self._folder = folder
        self._server = server
        self._peers = peers_folder
        self._projects: dict[int, Path] = {}
        self._runs = 0

    def run(self, contender: str, slots: int, concurrency: int, timeout: float) -> Run:
        """Run a contender to its end; what it costs to make its prompts is not counted."""
        project = self._project(slots)
        self._runs += 1
        home = self._folder / f"run-{self._runs}"
        home.mkdir()
        if contender == OURS:
            out, cwd = home / "dataset.jsonl", home
            command = [sys.executable, "-m", "adf_core", "run", str(project), "--out", str(home)]
            command += ["--concurrency", str(concurrency), "-o", f"base_url={self._server.url}/v1"]
        else:
            out, cwd = home / "records.jsonl", ROOT
            command = [str(self._python(contender)), "-m", f"benchmarks.contenders.{contender}", "--out", str(out)]
            command += ["--prompts", str(project / "prompts.jsonl")]
            command += ["--concurrency", str(concurrency), "--url", f"{self._server.url}/v1"]
        env = peers.environment(self._peers, home) if contender in peers.PACKAGES else dict(os.environ)
        self._server.reset()
        cost = measure(command, env=env, cwd=cwd, timeout=timeout)
        return Run(contender=contender, slots=slots, cost=cost, records=_records(out), stats=self._server.stats())

    def _python(self, contender: str) -> Path:
        return peers.python(self._peers, contender) if contender in peers.PACKAGES else Path(sys.executable)

    def _project(self, slots: int) -> Path:
        """A project with so many slots, and its prompts in a file beside it."""
        if slots not in self._projects:
            project = make_project(self._folder / f"project-{slots}", slots)
            lines = (f"{json.dumps(prompt)}\n" for prompt in prompts_of(project, slots))
            (project / "prompts.jsonl").write_text("".join(lines), "utf-8")
            self._projects[slots] = project
        return self._projects[slots]


def _records(out: Path) -> int:
    """How many conversations a contender has written: in `adf`'s words messages, in all others' conversations."""
    if not out.exists():
        return 0
    with out.open(encoding="utf-8") as lines:
        return sum(bool(record.get("conversations") or record.get("messages")) for record in map(json.loads, lines))
