"""Makes one of two records that were entered twice, with their files; and two of them again.

The gate merges the fields (`kernel/gate/merging.py`); files are attached to the record that stands as well, in the same
transaction. A run leads on what links to the other one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from .kernel.base.errors import Missing, Refused
from .kernel.base.people import SYSTEM, Actor
from .kernel.base.words import L
from .kernel.gate import alike, changes, history, merging
from .kernel.gate.acts import Context
from .kernel.gate.merging import Pair
from .kernel.gate.unit import Unit, in_transaction
from .kernel.language.record import Record
from .kernel.rights import rights
from .services.files import files
from .services.work import jobs

STILL_RUNS = L(
    "What links to the merged record is still being led on; undo the merge when that is done.",
    "正在更新指向被合併記錄的鏈接，完成後方可撤銷。",
    code="state",
)
FROM = "from_merged"  # of the fact of a file: the file of a merged record that it is


def merge(cls: type[Record], pair: Pair, taken: Collection[str], *, actor: Actor) -> Record:
    """Make one of two records, with the files of both. Raises Missing, Refused, Changed."""
    return merging.merge(cls, pair, taken, actor=actor, also=_with_files)


def undo(cls: type[Record], id: Any, *, actor: Actor) -> Record:
    """Let a merged record stand by itself again. Raises Missing, Refused."""
    if ObjectId.is_valid(id or "") and being_led([ObjectId(id)]):
        raise Refused(STILL_RUNS)
    return merging.undo(cls, id, actor=actor, also=_without_files)


def being_led(ids: Iterable[ObjectId]) -> set[ObjectId]:
    """Of some records, those that were merged or parted last by what still leads links on, or back: two queries."""
    query = {"record": {"$in": list(ids)}, "verb": {"$in": [merging.GONE, merging.UNDONE]}}
    entries = get_db()[history.COLLECTION].find(query, {"record": 1, "batch": 1, "seq": 1}).sort("seq", 1)
    keys = {merging.once_for(entry["batch"]): entry["record"] for entry in entries}
    if not keys:
        return set()
    runs = get_db()[jobs.COLLECTION].find({"once": {"$in": list(keys)}}, {"once": 1, "state": 1})
    return {keys[run["once"]] for run in runs if run["state"] in jobs.OPEN}


def _with_files(kept: Record, gone: Record, context: Context) -> None:
    for file in files.files_of(gone.id):
        files.refer(file, kept, actor=SYSTEM, context=context, **{FROM: file["_id"]})


def _without_files(kept: Record, gone: Record, context: Context) -> None:
    """Take off what came with the record; what was attached since stays."""
    own = {file["_id"] for file in files.files_of(gone.id)}
    for file in files.files_of(kept.id):
        if file.get(FROM) in own:
            files.detach(file["_id"], actor=SYSTEM, context=context)


def merged_with(actor: Actor, cls: type[Record], id: ObjectId, most: int) -> list[dict[str, Any]]:
    """The records that went into one, the last first, as far as the actor may read them: as they are stored."""
    scope = rights.visible_removed(actor, cls)
    if not cls.declared.merges or scope is None:
        return []
    query = {"$and": [scope, {"went_into": id}]}
    return list(cls.collection().find(query).sort("removed_at", -1).limit(most))


def find_merged(actor: Actor, cls: type[Record], id: Any) -> Record:
    """A merged record that the actor may read. Raises Missing."""
    record = rights.find(actor, cls, id, removed=True)
    if not record.went_into:
        raise Missing
    return record


def note_same(cls: type[Record], ids: tuple[ObjectId, ObjectId], *, same: bool, actor: Actor) -> None:
    """Keep in the histories of two records that they are not the same, so that they are not proposed again; or that
    they may be, after all. Raises Missing, Forbidden to those who may not merge them."""

    def body(unit: Unit) -> None:
        records = [rights.find(actor, cls, id) for id in ids]
        for record in records:
            merging.refuse_stranger(actor, record)
        if alike.is_apart(records[0], records[1]) is not same:
            return
        for record, other in (records, records[::-1]):
            context = Context(reason=other.number)
            change = {"field": alike.NOT_SAME, "old": other.id if same else None, "new": None if same else other.id}
            verb = alike.PERHAPS if same else alike.NOT_SAME
            changes.note(cls, record.id, verb, actor=actor, context=context, changes=[change])

    in_transaction(body)
