"""The journal: the run's SQLite file with every answer as it came from the provider, and every verdict."""

from adf_core.journal.journal import COMMIT_ANSWERS, FILE_NAME, Journal, JournalError, is_owned, set_aside
from adf_core.journal.reading import JournalReader, RunState
from adf_core.journal.rescue import Rescued, rescue
from adf_core.journal.rows import Charge, SettledSlot, StoredAnswer, StoredVerdict

__all__ = [
    "COMMIT_ANSWERS",
    "FILE_NAME",
    "Charge",
    "Journal",
    "JournalError",
    "JournalReader",
    "Rescued",
    "RunState",
    "SettledSlot",
    "StoredAnswer",
    "StoredVerdict",
    "is_owned",
    "rescue",
    "set_aside",
]
