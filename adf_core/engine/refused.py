"""The answers that were refused for a record's slot before the record itself was accepted."""

from __future__ import annotations

from adf_core.conversation import Record, Refused
from adf_core.journal import JournalReader
from adf_core.prompts import UnusableAnswer, read_answer


def refused_for(reader: JournalReader, record: Record) -> tuple[Refused, ...]:
    """What validators refused, as it was answered; what held no conversation is left out."""
    found = []
    for text, finish_reason, validator, reason, scores in reader.refusals(record.key):
        try:
            answer = read_answer(text, finish_reason, record.type)
        except UnusableAnswer:
            continue
        found.append(Refused(answer.turns, validator, reason, scores))
    return tuple(found)
