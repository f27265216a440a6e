"""The scenarios of a run: chosen once, kept in the journal, and extended where the space has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from adf_core.journal import Journal
from adf_core.project import Project
from adf_core.scenarios import Scenario, choose


def scenarios_of(project: Project, journal: Journal) -> Sequence[Scenario]:
    """The stored scenarios while space and choice are unchanged; else new ones, below those that were begun.

    Raises UsageError where the space has too many for its strategy.
    """
    space, choice = project.space, project.setup.choice
    text = json.dumps([space.to_dict(), asdict(replace(choice, per_cell=0))], sort_keys=True)
    identity = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    if journal.reader.meta("scenarios") != identity:
        scenarios = choose(space, choice, journal.reader.scenarios_begun())
        journal.set_scenarios(scenarios)
        journal.set_meta(scenarios=identity, space=json.dumps(space.to_dict()))
        return scenarios
    return journal.reader.scenarios()
