"""A server in a process of its own, for the time of a ``with`` block."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).parent.parent.parent


class RunningServer:
    """``RunningServer("--latency", "0.2")``; the options are those of ``python -m benchmarks.server``."""

    def __init__(self, *options: str) -> None:
        self._command = [sys.executable, "-m", "benchmarks.server", *options]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        """The address; clients that speak OpenAI's format want ``/v1`` behind it."""
        if not self.url:
            raise RuntimeError(f"`{' '.join(self._command)}` did not start.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stats(self) -> dict[str, Any]:
        """What ``GET /stats`` tells."""
        return self._ask(urllib.request.Request(f"{self.url}/stats"))

    def reset(self) -> None:
        """Forget all requests so far."""
        self._ask(urllib.request.Request(f"{self.url}/reset", method="POST"))

    def _ask(self, request: urllib.request.Request) -> dict[str, Any]:
        with urllib.request.urlopen(request) as answer:
            content: dict[str, Any] = json.load(answer)
        return content
