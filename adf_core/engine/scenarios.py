"""The scenarios of a run: chosen once, kept in the journal, and extended where the space has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from adf_core.journal import Journal, JournalReader
from adf_core.project import Project
from adf_core.scenarios import Scenario, choose


def scenarios_of(project: Project, journal: Journal) -> Sequence[Scenario]:
    """The stored scenarios while space and choice are unchanged; else new ones, below those that were begun.

    Raises UsageError where the space has too many for its strategy.
    """
    stored = stored_scenarios(project, journal.reader)
    if stored is not None:
        return stored
    scenarios = choose(project.space, project.setup.choice, journal.reader.scenarios_begun())
    journal.set_scenarios(scenarios)
    journal.set_meta(scenarios=_identity(project), space=json.dumps(project.space.to_dict()))
    return scenarios


def stored_scenarios(project: Project, reader: JournalReader) -> Sequence[Scenario] | None:
    """The stored scenarios; None where space or choice have changed since."""
    return reader.scenarios() if reader.meta("scenarios") == _identity(project) else None


def _identity(project: Project) -> str:
    choice = replace(project.setup.choice, per_cell=0)
    text = json.dumps([project.space.to_dict(), asdict(choice)], sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
