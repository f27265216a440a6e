"""After the plan has drained: the accepted records as a whole, and the datasets made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from adf_core.components import RunInfo, Sink, SinkResult, Validator
from adf_core.engine.budget import BudgetSpent
from adf_core.engine.caller import Fatal
from adf_core.engine.judging import CallerOf, ValidatorFailed, ValidatorUndecided, cheap_first, judge
from adf_core.engine.parts import records_for
from adf_core.engine.selection import Condition, all_hold
from adf_core.errors import AdfError, ProviderError
from adf_core.journal import Journal, JournalReader
from adf_core.project import Project

JUDGED_AT_ONCE = 256
"""So many records are judged before signals and the display have their turn."""


async def judge_dataset(
    journal: Journal,
    validators: Sequence[Validator],
    project: Project,
    caller_of: CallerOf,
    threads: Executor,
) -> None:
    """Bring the accepted records, in plan order, before validators that look at the whole; keep what they refuse.

    AdfError where one of them cannot judge, Stopped where it asks and the run has ended; the records stay safe in the
    journal, and what was kept out before is kept out.
    """
    looking_at_all = cheap_first(validators, "dataset")
    for validator in looking_at_all:
        validator.begin()
    exclusions = []
    if looking_at_all:
        with JournalReader(journal.path) as reader:
            for number, record in enumerate(reader.records(project.setup.category, excluded=True), 1):
                if number % JUDGED_AT_ONCE == 0:
                    await asyncio.sleep(0)
                try:
                    judgement = await judge(record, looking_at_all, project, caller_of, threads)
                except ValidatorFailed as error:
                    why = str(error).strip().splitlines()[-1]
                    raise AdfError(f"The validator `{error.validator}` failed on the whole dataset: {why}") from error
                except ValidatorUndecided as error:
                    raise AdfError(f"The validator `{error.validator}` cannot judge the dataset: {error}") from error
                except ProviderError as error:
                    raise AdfError(f"The dataset could not be judged as a whole: {error}") from error
                except (Fatal, BudgetSpent) as error:
                    raise AdfError(f"The dataset could not be judged as a whole: {error}.") from error
                if judgement.accepted is None:
                    exclusions.append((record.key, judgement.refusal.validator, judgement.refusal.reason))
    journal.set_exclusions(exclusions)
    await journal.commit(at_once=True)


async def write_sinks(journal: Path, sinks: Sequence[Sink], info: RunInfo) -> dict[str, SinkResult]:
    """Write every sink from the journal. AdfError where one cannot write; the records stay safe in the journal."""
    return {sink.name: await asyncio.to_thread(write, journal, sink, info) for sink in sinks}


def write(journal: Path, sink: Sink, info: RunInfo, where: Sequence[Condition] = ()) -> SinkResult:
    """Let a sink write the records for which all of ``where`` holds. AdfError where it cannot."""
    with JournalReader(journal) as reader:
        records = records_for(sink, reader, info)
        if where:
            records = (record for record in records if all_hold(where, record))
        try:
            return sink.write(records, info)
        except OSError as error:
            place = f" {error.filename}" if error.filename else ""
            raise AdfError(
                f"The sink `{sink.name}` cannot write{place}: {error.strerror or error}. The records are safe in "
                f"{journal}; run again to write them."
            ) from error
