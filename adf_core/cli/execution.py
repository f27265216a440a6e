"""Executing a run from the command line: its event loop, display, signals and log."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from adf_core.cli.display import Display
from adf_core.cli.log import log_to
from adf_core.engine import Run, Summary
from adf_core.project import Project

logger = logging.getLogger(__name__)

OBJECTS_A_COLLECTION = 20_000
"""New objects before the garbage collector looks for cycles among them: some hundred requests leave so many."""


def execute(run: Run, project: Project, log_json: Path | None = None) -> Summary:
    """Run to the end, with a live display; Ctrl-C and SIGTERM stop it gently."""
    with log_to(log_json, project.setup.provider.options), asyncio.Runner(loop_factory=_loop_factory()) as loop:
        summary = loop.run(_execute(run))
        logger.info("run ended", extra={"data": summary.to_dict()})
    return summary


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return new_loop


async def _execute(run: Run) -> Summary:
    with closing(Display(run.progress)) as display, _interruptible(run, display):

        def opened() -> None:
            # What is loaded stays: that the garbage collector need not look at it again saves a tenth of the time.
            gc.freeze()
            gc.set_threshold(OBJECTS_A_COLLECTION)
            display.start()

        return await run.execute(opened)


@contextmanager
def _interruptible(run: Run, display: Display) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the asking; a second one leaves at once."""
    times = 0

    def stop() -> None:
        nonlocal times
        times += 1
        if times == 1:
            run.interrupt()
            display.say("Stopping: what is in flight may finish. Ctrl-C again leaves at once.")
        else:
            display.close()
            click.echo("Left at once; the same command goes on.", err=True)
            os._exit(130)

    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
