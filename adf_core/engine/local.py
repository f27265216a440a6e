"""The runner that is always there: this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from adf_core.components import Job, Runner

WORKERS_A_PERMIT = 2
"""Slots worked on for each request in flight: some wait for a retry, the journal or a validator and need no permit."""


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
                for _ in range(job.concurrency * WORKERS_A_PERMIT):
                    group.create_task(worker())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
