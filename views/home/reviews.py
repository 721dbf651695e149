"""How many entries wait for their review (3.2.2), on the home page of those who may review them: one query for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.language.reviewing import REVIEW, UNREVIEWED
from models.kernel.rights import rights

from .. import wording
from ..session import catalogue
from ..slots import Tile

COUNTED_MAX = 100
TO_REVIEW = L("To review: {label}", "待審核：{label}")


def entries_to_review(me: Actor) -> Iterator[Tile]:
    """One figure for each type, leading to exactly these entries."""
    reviewed = {name: cls for name, cls in catalogue().items() if cls.declared.is_reviewed and _reviews(me, cls)}
    if not reviewed:
        return
    (first, stages), *others = [_counted(me, cls) for cls in reviewed.values()]
    unions = [{"$unionWith": {"coll": coll, "pipeline": more}} for coll, more in others]
    for row in get_db()[first].aggregate([*stages, *unions], maxTimeMS=1500):
        cls, count = reviewed[row["type"]], row["count"]
        value = wording.number(count) if count <= COUNTED_MAX else f"{wording.number(COUNTED_MAX)}+"
        url = f"/admin/{row['type']}/?f.state={UNREVIEWED}"
        yield Tile(TO_REVIEW(label=cls.declared.plural), value, url)


def _reviews(me: Actor, cls: type[Record]) -> bool:
    """Whether somebody may review what others of their own department enter."""
    flow = cls.declared.workflow
    chosen = flow.find(REVIEW, UNREVIEWED) if flow else None
    entry = cls(department=me.department, state=UNREVIEWED)
    return chosen is not None and bool(rights.may_move(me, entry, chosen))


def _counted(me: Actor, cls: type[Record]) -> tuple[str, list[dict[str, Any]]]:
    query = {"$and": [rights.visible(me, cls) or {"_id": None}, {"state": UNREVIEWED, "owner": {"$ne": me.id}}]}
    return cls.type_name(), [
        {"$match": query},
        {"$limit": COUNTED_MAX + 1},
        {"$count": "count"},
        {"$set": {"type": cls.type_name()}},
    ]
