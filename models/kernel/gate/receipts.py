"""Receipts of reading: who has read a record in a state for which its type wishes to know it (2.1.4)."""

from __future__ import annotations

from ..base.people import Actor
from ..language.record import Record
from . import changes
from .history import HistoryEntry

READ = "read"


def note_reading(record: Record, actor: Actor) -> None:
    """Write into the history that somebody other than the owner has read a record, once for each reader."""
    if record.state not in record.declared.receipts or record.ref("owner") == actor.id:
        return
    known = {"record": record.id, "actor": actor.id, "verb": READ}
    if HistoryEntry._get_collection().find_one(known, {"_id": 1}) is None:
        changes.note(type(record), record.id, READ, actor=actor)
