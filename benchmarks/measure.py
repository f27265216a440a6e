"""What a whole process costs, from its start to its end: time, processor time and memory, its children included."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.05
"""Seconds between two looks at the memory of a process; reading it takes some 10 µs."""

_EVERY_OF_MANY = 0.25
"""The same where there are several: what they share is to be counted once, and finding that out takes milliseconds."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_KILO = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """``wall`` and ``cpu`` (user and system) are in seconds, memory in bytes.

    ``peak_memory`` is the most that all processes together had at a time, as far as was seen by looking every 50 ms
    (250 ms for several processes); ``peak_memory_of_one`` is the most that one of them had, which the kernel remembers.
    ``exit_status`` is None where the time was up and the processes were killed.
    """

    wall: float
    cpu: float
    peak_memory: int
    peak_memory_of_one: int
    most_processes: int
    exit_status: int | None
    output: str


def measure(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, timeout: float = 600.0
) -> Cost:
    """Run ``command`` to its end, at most ``timeout`` seconds; ``output`` is what it writes, errors among it.

    Linux only: it reads /proc.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    watch = _Watch(process.pid)
    output = _Output(process)
    late = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
    late.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    late.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.stop()
    with suppress(ProcessLookupError):  # children that outlive it
        os.killpg(process.pid, signal.SIGKILL)
    return Cost(
        wall=wall,
        cpu=max(usage.ru_utime + usage.ru_stime, watch.cpu),
        peak_memory=max(watch.peak_memory, watch.peak_memory_of_one),
        peak_memory_of_one=watch.peak_memory_of_one,
        most_processes=watch.most_processes,
        exit_status=None if wall >= timeout else process.returncode,
        output=output.text(),
    )


class _Output:
    """Reads what a process writes, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._stream = process.stdout
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join()
        return b"".join(self._parts).decode(errors="replace")

    def _read(self) -> None:
        with self._stream:
            self._parts.extend(self._stream)


class _Watch:
    """Looks at a process and its descendants, in a thread, until it is stopped."""

    def __init__(self, pid: int) -> None:
        self.peak_memory = 0
        self.peak_memory_of_one = 0
        self.most_processes = 0
        self._pid = pid
        self._cpu: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @property
    def cpu(self) -> float:
        """Seconds of processor time of all processes, as far as seen: also of those that nobody waited for."""
        return sum(self._cpu.values())

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        wait = _EVERY
        while not self._stopped.wait(wait):
            pids = list(_tree(self._pid))
            self.most_processes = max(self.most_processes, len(pids))
            memory_of = _resident if len(pids) == 1 else _proportional
            memory = 0
            for pid in pids:
                with suppress(OSError):  # it has ended in the meantime
                    memory += memory_of(pid)
                    self.peak_memory_of_one = max(self.peak_memory_of_one, _peak(pid))
                    self._cpu[pid] = _cpu(pid)
            self.peak_memory = max(self.peak_memory, memory)
            wait = _EVERY if len(pids) == 1 else _EVERY_OF_MANY


def _tree(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _proportional(pid: int) -> int:
    """Memory in which what several processes share is divided among them."""
    return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss")


def _peak(pid: int) -> int:
    """The most memory a process has had. ``ru_maxrss`` would count what its parent had when it was forked, too."""
    return _field(Path(f"/proc/{pid}/status"), "VmHWM")


def _field(path: Path, name: str) -> int:
    """Bytes in the line ``NAME: 123 kB``; 0 where it is missing: the process has ended."""
    for line in path.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * _KILO
    return 0


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
