"""The history of records: append-only entries, each carrying the hash of its record's entry before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import mongoengine as me
from bson import ObjectId, json_util
from pymongo.read_concern import ReadConcern

COLLECTION = "history"
GENESIS = ""


class HistoryEntry(me.Document):
    """One appended fact about one record: who, when, what, from, to, why, for whom, through which door, and under which
    circumstances (`entry_facts.py`)."""

    meta = {
        "collection": COLLECTION,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["type", "record", "seq"], "unique": True},
            {"fields": ["record", "-seq"]},
            {"fields": ["-at"]},
            {"fields": ["actor", "-at"]},
            {"fields": ["batch"], "sparse": True},
            {"fields": ["undoes"], "sparse": True},
            {"fields": ["type", "state_from", "-at"], "partialFilterExpression": {"state_from": {"$gt": ""}}},
        ],
    }

    type = me.StringField()
    record = me.ObjectIdField()
    seq = me.IntField()
    version = me.IntField()
    at = me.DateTimeField()
    actor = me.ObjectIdField()
    actor_name = me.StringField()
    acting_for = me.ObjectIdField()
    acting_for_name = me.StringField()
    source = me.StringField(db_field="door")
    verb = me.StringField()
    state_from = me.StringField()
    state_to = me.StringField()
    changes = me.ListField(me.DictField())
    reason = me.StringField()
    batch = me.StringField()
    undoes = me.StringField()
    waived = me.ObjectIdField()
    form = me.IntField(default=1)
    flow = me.IntField()
    department = me.ObjectIdField()
    owner = me.ObjectIdField()
    happened = me.DateTimeField()
    next_due = me.DateTimeField()
    lag = me.IntField()
    actor_department = me.ObjectIdField()
    actor_position = me.ObjectIdField()
    for_department = me.ObjectIdField()
    for_position = me.ObjectIdField()
    due = me.DateTimeField()
    spent = me.IntField()
    held = me.IntField()
    waits_for = me.ListField(me.DictField())
    waited = me.ListField(me.DictField())
    prev = me.StringField()
    hash = me.StringField()


def digest(entry: dict[str, Any]) -> str:
    """The SHA-256 of an entry's canonical JSON, its own hash left out and the previous one included.

    Whatever else stands in the entry is hashed, the number of its form among it, so that entries of all forms keep
    their hashes and follow each other in one chain.
    """
    values = {key: value for key, value in entry.items() if key not in ("hash", "_id") and value is not None}
    text = json_util.dumps(values, json_options=json_util.CANONICAL_JSON_OPTIONS, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def chained(entry: dict[str, Any], chain: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry with its sequence number and hash, and the record's new head of chain."""
    full = {**entry, "seq": chain.get("seq", 0) + 1, "prev": chain.get("hash", GENESIS)}
    full["hash"] = digest(full)
    return full, {"seq": full["seq"], "hash": full["hash"]}


def entries_of(
    record_id: ObjectId, *, newest_first: bool = False, limit: int = 0, latest: bool = False
) -> list[dict[str, Any]]:
    """The raw entries of a record in order.

    `latest` includes those that most servers do not have yet: a lost race has met the record of that moment already.
    """
    order = -1 if newest_first else 1
    entries = HistoryEntry._get_collection()
    if latest:
        entries = entries.with_options(read_concern=ReadConcern("local"))
    cursor = entries.find({"record": record_id}).sort("seq", order)
    return list(cursor.limit(limit) if limit else cursor)


def faults_in(entries: Iterable[dict[str, Any]], head: dict[str, Any] | None) -> Iterator[tuple[int, str]]:
    """What is wrong with a record's chain: pairs of sequence number and what was found."""
    previous: str | None = GENESIS
    expected = 1
    for entry in entries:
        if entry["seq"] != expected:
            yield expected, "missing"
            expected = entry["seq"]
        elif entry.get("prev") != previous:
            yield entry["seq"], "does not follow the entry before it"
        if digest(entry) != entry.get("hash"):
            yield entry["seq"], "changed"
        previous, expected = entry.get("hash"), expected + 1
    if head is not None and head.get("seq", 0) != expected - 1:
        yield expected, "missing at the end"
    elif head is not None and head.get("hash", GENESIS) != previous:
        yield expected - 1, "is not the entry that the record was written with"


def states_around(record: Any, entries: Iterable[dict[str, Any]]) -> dict[int, tuple[str | None, str | None]]:
    """The states in which a record stood before and after each of some entries that follow each other: one query."""
    rows = sorted(entries, key=lambda row: -row["seq"])
    if not rows:
        return {}
    later = {"record": record.id, "seq": {"$gt": rows[0]["seq"]}, "state_from": {"$ne": None}}
    onward = HistoryEntry._get_collection().find_one(later, {"state_from": 1}, sort=[("seq", 1)])
    state = onward["state_from"] if onward else record.state
    result: dict[int, tuple[str | None, str | None]] = {}
    for row in rows:
        before = row["state_from"] if row.get("state_from") else state
        result[row["seq"]] = (before, state)
        state = before
    return result


def as_of(current: dict[str, Any], entries: Iterable[dict[str, Any]], version: int) -> dict[str, Any]:
    """The stored fields of a record as they were at a version, from its present state and its entries."""
    past = dict(current)
    for entry in sorted(entries, key=lambda row: -row["seq"]):
        if entry.get("version", 0) <= version:
            break
        for change in entry.get("changes", ()):
            if change.get("old") is None:
                past.pop(change["field"], None)
            else:
                past[change["field"]] = change["old"]
    past["version"] = version
    return past
