"""What one person does to many records at once: listed for thirty days, carried out row by row, taken back whole.

A short one is carried out while its page is waited for, a long one in the background. The rows, each in the version
that was seen, are written down first, those of a long act in parts and with the order; a part says what came of its
rows. An act that broke off goes on with the first part that says nothing yet, and knows by the history which rows it
had done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.kernel.base import clock
from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import L, Words
from models.kernel.gate import batches, changes, fresh, intents
from models.kernel.gate.acts import Context
from models.kernel.gate.batches import BACK, DAYS, UPDATE
from models.kernel.gate.caches import forget_read
from models.kernel.gate.history import HistoryEntry
from models.kernel.gate.rehearsal import CHANGED_SINCE, GONE, make
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import Undone, in_transaction
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse

from . import jobs

COLLECTION, PARTS = "bulk_act", "bulk_part"
JOB = "bulk.carry_out"
PART_ROWS = 200
ROWS_MAX = 50_000
LISTED_MAX = 100
REFUSED_SHOWN = 200
_SECONDS = DAYS * 24 * 3600
INDEXES = [
    IndexModel([("person", ASCENDING), ("at", DESCENDING)]),
    IndexModel([("at", ASCENDING)], expireAfterSeconds=_SECONDS),
]
PART_INDEXES = [
    IndexModel([("act", ASCENDING), ("n", ASCENDING)], unique=True),
    IndexModel([("at", ASCENDING)], expireAfterSeconds=_SECONDS),
]
SET = L("Changed.", "已修改。")
TAKEN_BACK = L("Taken back.", "已撤銷。")

Row = tuple[ObjectId, int | None]
"""A record, and the version in which it was seen."""


@dataclass(frozen=True, kw_only=True)
class BulkAct:
    """One act on many records of a type: `verb` is `update` (of a `field`, to a `value` as it was typed, or of several,
    whose names have blanks between them, each row with values of its own), a move (with its `reason`), or `undo_step`
    (of the act that `undoes` names). `run`: what carries it out, where it is long."""

    id: str
    person: ObjectId | None
    type: str
    verb: str
    field: str = ""
    value: str = ""
    reason: str = ""
    undoes: str = ""
    rows: int
    run: ObjectId | None = None
    at: dt.datetime

    @property
    def context(self) -> Context:
        """How its changes come in."""
        return Context(source=Source.BULK, batch=self.id, reason=self.reason)


@dataclass(frozen=True)
class RowResult:
    """What came of one row."""

    id: ObjectId
    ok: bool
    text: str


def begin(actor: Actor, cls: type[Record], verb: str, rows: Sequence[Row], **facts: Any) -> BulkAct:
    """Note an act that is carried out at once, with its rows, before the first of them is written. With an `id` it is
    noted once: raises DuplicateKeyError. Of an act in which each row has values of its own the gate asks at the row."""
    if verb == BACK:
        fresh.ask_for(cls)
    elif "value" in facts:
        fresh.ask_for(cls, facts["field"].split())
    return _note(actor, cls, verb, rows, facts, is_long=False)


def order(actor: Actor, cls: type[Record], verb: str, rows: Sequence[Row], **facts: Any) -> BulkAct:
    """Write down a long act with its rows and the order to carry it out: all of it, or nothing."""
    fresh.ask_for(cls)
    return _note(actor, cls, verb, rows, facts, is_long=True)


def _note(
    actor: Actor, cls: type[Record], verb: str, rows: Sequence[Row], facts: Mapping[str, Any], *, is_long: bool
) -> BulkAct:
    act = _act(actor, cls, verb, len(rows), facts)
    parts = [rows[at : at + PART_ROWS] for at in range(0, len(rows), PART_ROWS)] if is_long else [rows]
    documents = [
        {"act": act.id, "n": n, "at": act.at, "rows": [{"id": id, "seen": seen} for id, seen in part]}
        for n, part in enumerate(parts)
    ]

    def write() -> BulkAct:
        known = replace(act, run=_enqueue(act, actor)) if is_long else act
        in_unit(COLLECTION).insert_one(_stored(known))
        in_unit(PARTS).insert_many(documents)
        return known

    noted: BulkAct = changes.in_batch(write)
    return noted


def _enqueue(act: BulkAct, actor: Actor) -> ObjectId:
    return jobs.enqueue(jobs.Order(task=JOB, params={"act": act.id}, asked_by=actor, once=f"bulk:{act.id}"))


def go_on(act: BulkAct, actor: Actor) -> None:
    """Let an act that broke off in the middle be carried out to its end in the background."""
    if cls := registered().get(act.type):
        fresh.ask_for(cls)

    def write() -> None:
        in_unit(COLLECTION).update_one({"_id": act.id}, {"$set": {"run": _enqueue(act, actor)}})

    changes.in_batch(write)


def unfinished(acts: Iterable[BulkAct]) -> set[str]:
    """The names of those acts of which nothing is said yet for some of their rows: one query."""
    return set(in_unit(PARTS).distinct("act", {"act": {"$in": [act.id for act in acts]}, "results": None}))


def _act(actor: Actor, cls: type[Record], verb: str, rows: int, facts: Mapping[str, Any]) -> BulkAct:
    own = {"id": changes.new_batch(), **facts}
    return BulkAct(person=actor.id, type=cls.type_name(), verb=verb, rows=rows, at=clock.now(), **own)


def _stored(act: BulkAct) -> dict[str, Any]:
    return {("_id" if name == "id" else name): value for name, value in act.__dict__.items() if value not in ("", None)}


def of_person(actor: Actor) -> list[BulkAct]:
    """A person's acts of the last thirty days, the newest first; at most a hundred and one."""
    since = clock.now() - dt.timedelta(days=DAYS)
    query = {"person": actor.id, "at": {"$gt": since}}
    return [_loaded(row) for row in in_unit(COLLECTION).find(query).sort("at", DESCENDING).limit(LISTED_MAX + 1)]


def find(id: str, actor: Actor) -> BulkAct:
    """A person's own act. Raises Missing."""
    act = load(id)
    if act is None or act.person != actor.id:
        raise Missing
    return act


def load(id: str) -> BulkAct | None:
    """An act by its name."""
    return load_many([id]).get(id)


def load_many(ids: Iterable[str]) -> dict[str, BulkAct]:
    """Acts by their names: one query."""
    return {row["_id"]: _loaded(row) for row in in_unit(COLLECTION).find({"_id": {"$in": list(ids)}})}


def _loaded(row: dict[str, Any]) -> BulkAct:
    return BulkAct(**{("id" if name == "_id" else name): value for name, value in row.items()})


def open_parts(act: BulkAct) -> Iterator[tuple[int, list[Row]]]:
    """The parts of which nothing is said yet, in order, each read when its turn comes."""
    n = -1
    while row := in_unit(PARTS).find_one({"act": act.id, "n": {"$gt": n}, "results": None}, sort=[("n", ASCENDING)]):
        n = row["n"]
        yield n, [(each["id"], each.get("seen")) for each in row["rows"]]


def settle(act: BulkAct, n: int, results: Iterable[RowResult]) -> None:
    """Say what came of a part; of its rows only those that were refused are named."""
    kept = list(results)
    refused = [{"id": each.id, "text": each.text} for each in kept if not each.ok]
    content = {"results": {"good": len(kept) - len(refused), "refused": refused}}
    in_unit(PARTS).update_one({"act": act.id, "n": n, "results": None}, {"$set": content})


def refused_rows(act: BulkAct) -> list[RowResult]:
    """The rows of an act that were refused; at most two hundred and one."""
    stages: list[dict[str, Any]] = [
        {"$match": {"act": act.id, "results.refused": {"$ne": []}}},
        {"$sort": {"n": 1}},
        {"$unwind": "$results.refused"},
        {"$limit": REFUSED_SHOWN + 1},
        {"$replaceWith": "$results.refused"},
    ]
    return [RowResult(row["id"], False, row["text"]) for row in in_unit(PARTS).aggregate(stages)]


class BulkRows:
    """Some rows of an act, with what is known of them by three queries, whatever their number."""

    def __init__(self, act: BulkAct, cls: type[Record], actor: Actor, rows: Sequence[Row]):
        ids = [id for id, _ in rows]
        self.act = act
        self._known = intents.of_many(actor, cls, ids)
        self._done = _entries(act.id, actor, ids)
        self._undone = _entries(act.undoes, actor, ids) if act.verb == BACK else {}

    def carry_out(self, row: Row) -> RowResult:
        """Do it to one row; one that the act has changed already is done."""
        id, seen = row
        if id in self._done:
            return RowResult(id, True, "")
        if id not in self._known:
            return RowResult(id, False, str(GONE))
        return RowResult(id, *_outcome(self.act, self._known[id], seen, self._undone.get(id)))


def carry_out_now(act: BulkAct, cls: type[Record], actor: Actor, rows: Sequence[Row]) -> list[RowResult]:
    """Do a short act to its rows, and say what came of them."""
    part = BulkRows(act, cls, actor, rows)
    results = [part.carry_out(row) for row in rows]
    settle(act, 0, results)
    return results


def _entries(batch: str, actor: Actor, ids: Sequence[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    """The last entry of a batch for each of some records."""
    query = {"batch": batch, "actor": actor.id, "record": {"$in": list(ids)}}
    return {row["record"]: row for row in HistoryEntry._get_collection().find(query).sort("_id", 1)}


def _outcome(act: BulkAct, intent: intents.Intent[Any], seen: int | None, entry: Any) -> tuple[bool, str]:
    """Whether one row was done, and what is to be said of it."""
    if act.verb not in (UPDATE, BACK):
        outcome = make(intent, act.verb, version=-1 if seen is None else seen, context=act.context)
        return outcome.ok, str(outcome.words)
    try:
        if act.verb == BACK:
            take_one_back(intent, entry, act.id)
        else:
            _set(act, intent, seen)
    except Changed:
        return False, str(CHANGED_SINCE)
    except Missing:
        return False, str(GONE)
    except BadValue as bad:
        return False, str(bad.sentence)
    except Refused as refused:
        return False, str(refused.first)
    return True, str(TAKEN_BACK if act.verb == BACK else SET)


def _set(act: BulkAct, intent: intents.Intent[Any], seen: int | None) -> None:
    if not (verdict := intent.may_set(act.field)):
        raise Refused(verdict.why)
    value = {act.field: parse(intent.cls._fields[act.field], act.value)}
    version = -1 if seen is None else seen
    changes.update(intent.cls, intent, value, actor=intent.actor, version=version, context=act.context)


def take_one_back(intent: intents.Intent[Any], entry: dict[str, Any] | None, batch: str) -> None:
    """Take one row of an act back. Raises Missing, Refused, Forbidden, Changed."""
    if entry is None:
        raise Missing
    batches.take_back(intent.cls, entry, intent.actor, batch)


def rehearsed_back(intent: intents.Intent[Any], entry: dict[str, Any]) -> Words | None:
    """What stands against taking one row back, or None: it is taken back and undone."""

    def body(_unit: Any) -> None:
        take_one_back(intents.of(intent.actor, intent.cls, intent.id), entry, changes.new_batch())
        raise Undone

    try:
        in_transaction(body, quiet=True)
    except Undone:
        return None
    except Changed:
        return CHANGED_SINCE
    except Missing:
        return GONE
    except Refused as refused:
        return refused.first
    finally:
        forget_read(intent.cls.type_name())
    raise AssertionError("A rehearsal always ends by being undone.")


def rows_to_undo(act: BulkAct) -> list[Row]:
    """The records that an act changed, in order: those of one that was ended in the middle as well."""
    shown = {"record": 1, "version": 1, "_id": 0}
    query = {"batch": act.id, "actor": act.person}
    rows = HistoryEntry._get_collection().find(query, shown).sort("_id", 1).limit(ROWS_MAX)
    return list({row["record"]: (row["record"], None) for row in rows}.values())


def undone_by(act: BulkAct) -> BulkAct | None:
    """The newest act that takes this one back."""
    row = in_unit(COLLECTION).find_one({"person": act.person, "undoes": act.id}, sort=[("at", DESCENDING)])
    return _loaded(row) if row else None
