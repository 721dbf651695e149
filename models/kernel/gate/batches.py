"""Taking back what one person did together: each record gets the values that it had before, through the gate.

A record that somebody has changed since stays as it is. A step of the process is taken back where it did nothing beside
its own record and nothing has followed: by whoever made it, as long as they could make it again. A batch that takes
another back is a batch itself, so that it can be taken back in turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.errors import Forbidden, Refused
from ..base.people import Actor
from ..base.words import L, Listed, Words
from ..language.glossary import GATE_VERBS
from ..language.record import Record
from ..language.workflow import Move
from ..rights import rights
from . import changes, follow_ups, moving
from .acts import Act, Context
from .attempts import VerbAttempt
from .deciders import name_deciders
from .history import HistoryEntry
from .intents import Intent
from .sources import Source
from .stored_form import stored
from .unit import Unit

DAYS = 30
UPDATE, BACK = "update", "undo_step"
AT_ONCE_MAX = 500
NAMED_MOST = 5
TAKEN_BACK = L("Taken back", "撤銷批量修改")
TOO_LATE = L("What was done more than {days} days ago is not taken back.", "超過 {days} 天的操作不能撤銷。")
A_STEP = L(
    "This step has effects beyond its record, so it is not taken back; make the step that leads back.",
    "此步驟的影響超出本記錄，不能撤銷，請辦理退回步驟。",
    code="state",
)
LED_TO = L(
    "This step has led to {what}; that stays, so the step is not taken back.",
    "此步驟已產生{what}，該記錄保留，步驟不能撤銷。",
    code="state",
)
MADE = L("{kind} {number}", "{kind} {number}")
ONLY_CHANGES = L("Only changes and steps are taken back.", "只能撤銷修改和流程步驟。", code="state")


def entries_of(
    type_name: str, batch: str, actor: Actor, *, after: ObjectId | None = None, most: int = AT_ONCE_MAX
) -> list[dict[str, Any]]:
    """What a person did under this name to the records of a type, in order, after an entry; nobody takes back another's
    batch. What steps led to by themselves stands under no name."""
    known: dict[str, Any] = {"batch": batch, "actor": actor.id, "type": type_name}
    if after is not None:
        known["_id"] = {"$gt": after}
    return list(HistoryEntry._get_collection().find(known).sort("_id", 1).limit(most))


def count_of(batch: str, actor: Actor) -> int:
    """How many entries a person's batch has."""
    return HistoryEntry._get_collection().count_documents({"batch": batch, "actor": actor.id})


def undone_records(batch: str) -> set[ObjectId]:
    """The records on which a batch was taken back."""
    return set(HistoryEntry._get_collection().distinct("record", {"undoes": batch}))


def take_back(
    cls: type[Record], entry: dict[str, Any], actor: Actor, batch: str, *, source: Source = Source.BULK
) -> Record:
    """Give a record back the values from before a person's own entry. Raises Missing, Refused, Forbidden, Changed
    (somebody came since)."""
    if entry["actor"] != actor.id:
        raise Forbidden(rights.NOT_YOURS)
    if entry["at"] < clock.now() - dt.timedelta(days=DAYS):
        raise Refused(TOO_LATE(days=DAYS))
    context = Context(source=source, batch=batch, undoes=entry.get("batch") or "", reason=str(TAKEN_BACK))
    if entry["verb"] == UPDATE:
        return changes.update(
            cls, entry["record"], _values(cls, entry), actor=actor, version=entry["version"], context=context
        )
    return _undo_step(cls, entry, actor, context)


def _values(cls: type[Record], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The values from before an entry, as a record holds them."""
    before = {change["field"]: change.get("old") for change in entry["changes"]}
    held = cls._from_son({name: old for name, old in before.items() if old is not None})
    return {name: None if old is None else held._data.get(name) for name, old in before.items()}


def _undo_step(cls: type[Record], entry: dict[str, Any], actor: Actor, context: Context) -> Record:
    """Put a record back to where it stood before a step; what was put back so goes through the step once more."""
    verb, reason = _step_of(entry)
    if entry["verb"] == BACK:
        again = replace(context, reason=reason)
        return changes.move(cls, entry["record"], verb, actor=actor, version=entry["version"], context=again)

    def body(unit: Unit, intent: Intent[Record], is_drawn: bool) -> Record:
        moving.refuse_another_version(intent.record, entry["version"], {}, actor)
        before = stored(intent.record)
        record = _before(intent.record, entry)
        move = moving.move_for(record, verb, None)
        _refuse_effects(record, move)
        if not (stand := rights.standing(actor, record, move)):
            raise Forbidden(stand.verdict.why)
        if entry.get("state_to"):
            record.due_at = entry.get("due")  # of the state before, as the entry of a step keeps it
        name_deciders(record, refuses=False)
        return changes.write_and_settle(unit, record, before, BACK, Act(actor, context, stand.principal, is_drawn))

    return changes.on_record(cls, entry["record"], VerbAttempt(actor, cls, BACK, context), body)


def _step_of(entry: dict[str, Any]) -> tuple[str, str]:
    """The step that an entry made or took back, and its reason. Raises Refused where it is none."""
    while entry["verb"] == BACK:
        undone = {"batch": entry["undoes"], "record": entry["record"], "actor": entry["actor"]}
        first = HistoryEntry._get_collection().find_one(undone, sort=[("seq", 1)])
        if first is None:
            raise Refused(ONLY_CHANGES)
        entry = first
    if entry["verb"] in GATE_VERBS:
        raise Refused(ONLY_CHANGES)
    return entry["verb"], entry.get("reason") or ""


def _before(record: Record, entry: Mapping[str, Any]) -> Record:
    """The record with the values from before its last entry."""
    row = stored(record)
    for change in entry["changes"]:
        row[change["field"]] = change.get("old")
    return type(record)._from_son({name: value for name, value in row.items() if value is not None})


def _refuse_effects(record: Record, move: Move) -> None:
    """Raise Refused where a step does more than change its record, and name what it has led to."""
    if made := list(islice(_made_by(record, move.verb), NAMED_MOST)):
        raise Refused(LED_TO(what=Listed(tuple(made))))
    if _has_effects(record, move):
        raise Refused(A_STEP)


def _has_effects(record: Record, move: Move) -> bool:
    """Whether a step signs, asks, freezes, publishes, mails, prints, repeats or does what its type says of itself."""
    declared, verb = record.declared, move.verb
    says = [declared.publish, declared.recurs, *declared.papers, *declared.tells]
    return bool(
        move.sign or move.asked_fields or move.values or move.gate
        or any(verb in (item.on if isinstance(item.on, Collection) else (item.on,)) for item in says if item)
        or hasattr(record, f"on_{verb}")
    )  # fmt: skip


def _made_by(record: Record, verb: str) -> Iterator[Words]:
    """What a step of a record has made and is still there: its kind and number."""
    for leads in follow_ups.of_move(record, verb):
        target = follow_ups.target_of(leads)
        key = f"{record.type_name()}:{record.id}:{leads.verb}"
        query = {"once": {"$gte": key, "$lt": f"{key}\uffff"}, "removed_at": None}
        for row in target._get_collection().find(query, {"number": 1}).limit(NAMED_MOST):
            yield MADE(kind=target.declared.label, number=row.get("number", ""))
