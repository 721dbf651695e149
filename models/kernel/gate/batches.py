"""Taking back what one person changed together: each record gets the values that it had before, through the gate.

A record that somebody has changed since stays as it is; so does one that made a step of its process meanwhile.
"""

from __future__ import annotations

from typing import Any

from ..base.errors import Refused
from ..base.people import Actor
from ..base.words import L
from ..language.record import Record
from . import changes
from .changes import Context
from .history import HistoryEntry
from .sources import Source

ENTRIES_MAX = 500
TAKEN_BACK = L("Taken back", "撤銷批量修改")
A_STEP = L(
    "A step of the process is not taken back; make the step that leads back.",
    "流程步驟不能撤銷，請辦理退回步驟。",
    code="state",
)


def entries_of(type_name: str, batch: str, actor: Actor) -> list[dict[str, Any]]:
    """What a person changed under this name among the records of a type; nobody takes back another's batch."""
    known = {"batch": batch, "actor": actor.id, "type": type_name}
    return list(HistoryEntry._get_collection().find(known).sort("_id", 1).limit(ENTRIES_MAX))


def take_back(
    cls: type[Record], entry: dict[str, Any], actor: Actor, batch: str, *, source: Source = Source.BULK
) -> Record:
    """Give a record back the values from before an entry. Raises Missing, Refused, Changed (somebody came since)."""
    if entry["verb"] != "update":
        raise Refused(A_STEP)
    before = {change["field"]: change.get("old") for change in entry["changes"]}
    held = cls._from_son({name: old for name, old in before.items() if old is not None})
    values = {name: None if old is None else held._data.get(name) for name, old in before.items()}
    context = Context(source=source, batch=batch, undoes=entry.get("batch") or "", reason=str(TAKEN_BACK))
    return changes.update(cls, entry["record"], values, actor=actor, version=entry["version"], context=context)
