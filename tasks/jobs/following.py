"""Carries out what follows from a record in others, where it was too much for one transaction (`gate.dependents`).

Each record is made anew, archived or brought back in a transaction of its own; an order goes when nothing is left of
it. Killed at any line and begun anew, it ends where it would have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.collections import archive_of
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.store import in_unit
from models.kernel.base.words import L, Words
from models.kernel.gate import changes, dependents
from models.kernel.gate.follow_ups import FOLLOW_UP
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.operations import retention
from models.services.keeping import archive

from ..engine.registry import job
from ..engine.run import Run

BATCH = 100
Step = Callable[[type[Record], Mapping[str, Any]], bool]


@job(
    "records.follow",
    L("Update what belongs to records", "更新從屬記錄"),
    L(
        "Rights, archiving and bringing back of what belongs to a record, after that record has changed.",
        "主記錄變更後，更新從屬記錄的權限，並隨其歸檔或調回。",
    ),
)
def follow(run: Run) -> None:
    """Go along the orders, the oldest first, and those that they lead to; one that cannot be carried out now waits for
    the next run."""
    tried: set[str] = set()
    while fresh := [order for order in dependents.orders() if order["stamp"] not in tried]:
        for order in fresh:
            tried.add(order["stamp"])
            cls = registered().get(order["type"])
            if cls is None or _carry_out(run, cls, order):
                dependents.done(order)


def _carry_out(run: Run, cls: type[Record], order: Mapping[str, Any]) -> bool:
    """Whether nothing of the order is left; what is held under law, and stays where it is, is left."""
    if order["what"] == FOLLOW_UP:
        return _make_rest(run, cls, order)
    left = 0
    for home, step in _steps(cls, order):
        for rows in _batches(home, {order["field"]: order["id"]}):
            followed = run.each(cls.type_name(), rows, partial(step, cls))
            left += followed.count(False)
            run.count(followed=followed.count(True))
            run.renew()
    return left == 0


def _make_rest(run: Run, cls: type[Record], order: Mapping[str, Any]) -> bool:
    """Make what a move of a record left to be made, some in each transaction. Of a record that is gone nothing is."""
    refused: dict[str, Words] = {}
    with suppress(Missing):
        while count := changes.follow_up_rest(cls, order["id"], order["field"], refused):
            run.count(followed=count)
            run.renew()
    run.count(refused=len(refused))
    return True


def _steps(cls: type[Record], order: Mapping[str, Any]) -> Iterator[tuple[str, Step]]:
    """The collections that an order is about, and what is done with each record there. One of the archive that its
    cause has overtaken meanwhile has nothing to do."""
    living, kept = cls.type_name(), archive_of(cls.type_name())
    if order["what"] == dependents.DERIVE:
        yield living, _derive
        yield kept, _derive_archived
        return
    is_living = cls.declared.parent.collection().find_one({"_id": order["id"]}, {"_id": 1}) is not None
    if order["what"] == dependents.ARCHIVE and not is_living:
        yield living, _archive
    if order["what"] == dependents.BRING_BACK and is_living:
        yield kept, _bring_back


def _batches(home: str, query: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    rows = list(get_db()[home].find(query).sort("_id", 1).limit(BATCH))
    while rows:
        yield rows
        further = {**query, "_id": {"$gt": rows[-1]["_id"]}}
        rows = list(get_db()[home].find(further).sort("_id", 1).limit(BATCH))


def _derive(cls: type[Record], row: Mapping[str, Any]) -> bool:
    def body(unit: Unit) -> bool:
        if fresh := in_unit(cls.type_name()).find_one({"_id": row["_id"]}):
            dependents.make_anew(unit, cls, fresh)
        return True

    return in_transaction(body)


def _derive_archived(cls: type[Record], row: Mapping[str, Any]) -> bool:
    dependents.make_archived_anew(cls, row)
    return True


def _archive(cls: type[Record], row: Mapping[str, Any]) -> bool:
    """Into the archive, where the record that it belongs to is; what is held stays, and goes once it is released."""
    is_held = False

    def is_due(document: Mapping[str, Any]) -> bool:
        nonlocal is_held
        retention.guard_holds()
        is_held = retention.is_held(cls, document)
        return not is_held

    archive.move_out(cls, row["_id"], is_due=is_due)
    return not is_held


def _bring_back(cls: type[Record], row: Mapping[str, Any]) -> bool:
    archive.bring_back(cls, row["_id"], actor=SYSTEM)
    return True
