"""The runner that is always there: this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from adf_core.components import Job, Runner
from adf_core.journal import COMMIT_ANSWERS

WORKERS_A_PERMIT = 2
"""Slots worked on for each request in flight: some wait for a retry or a validator and need no permit."""

WORKERS_AT_THE_DISK = COMMIT_ANSWERS
"""Slots worked on besides: as many as there may be answers that wait to be committed together."""


@dataclass(kw_only=True, eq=False)
class LocalRunner(Runner):
    """Settles slots in this process, as many at once as the concurrency needs."""

    name: ClassVar[str] = "local"

    async def run(self, job: Job) -> None:
        async def worker() -> None:
            while await job.work():
                continue

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(job.concurrency * WORKERS_A_PERMIT + WORKERS_AT_THE_DISK):
                    group.create_task(worker())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
