"""Who is asked to score a sheet (4.3): the employee, who assesses each part, and of colleagues and staff so many, in an
order that nobody chooses."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..kernel.base.roles import Role
from ..kernel.base.store import in_unit
from .indicators import SCORED
from .scoring import MANAGER, OWN, PEER, UPWARD

USERS = "user"


@dataclass(frozen=True)
class AskedRater:
    """Somebody who is asked to score some items of a sheet, as what, and of which part of the period."""

    kind: str
    rater: ObjectId
    part: int
    items: tuple[ObjectId, ...]


def raters_of(sheet: Any) -> Iterator[AskedRater]:
    """Everybody who is asked when a sheet is made; nobody where no item is scored by people."""
    scored = [item for item in sheet.items or () if item.how == SCORED]
    every = tuple(dict.fromkeys(item.ref("indicator") for item in scored))
    if not every:
        return
    yield AskedRater(OWN, sheet.ref("employee"), 1, every)
    for number, part in enumerate(sheet.parts or (), 1):
        items = tuple(item.ref("indicator") for item in scored if item.part == number)
        if items and part.ref("assessor"):
            yield AskedRater(MANAGER, part.ref("assessor"), number, items)
    cycle = in_unit("assessment_cycle").find_one({"_id": sheet.ref("cycle")}, {"peers_most": 1}) or {}
    most = cycle.get("peers_most") or 0
    staff = _in_order(sheet, UPWARD, set())[:most]
    for kind, some in ((UPWARD, staff), (PEER, _in_order(sheet, PEER, set(staff))[:most])):
        yield from (AskedRater(kind, person, 1, every) for person in some)


def next_rater(sheet: Any, kind: str, known: Container[Any]) -> ObjectId | None:
    """Who of the colleagues or staff comes next in that order and is not among those who were asked already."""
    return next((id for id in _in_order(sheet, kind, set()) if id not in known), None)


def _in_order(sheet: Any, kind: str, without: set[ObjectId]) -> list[ObjectId]:
    """All colleagues or staff who might score a sheet, by the hash of sheet and person."""
    barred = {sheet.ref("employee"), *(part.ref("assessor") for part in sheet.parts or ()), *without}
    query: dict[str, Any] = {"manager": sheet.ref("employee")}
    if kind == PEER:
        # whoever approves the sheet sees what its colleagues gave together, so none of these is a head
        query = {"department": sheet.ref("department"), "roles": {"$ne": Role.HEAD.value}}
        query["manager"] = {"$ne": sheet.ref("employee")}
    return _by_hash(sheet, {**query, "active": True, "removed_at": None, "_id": {"$nin": sorted(barred - {None})}})


def _by_hash(sheet: Any, query: Mapping[str, Any]) -> list[ObjectId]:
    ids = [row["_id"] for row in in_unit(USERS).find(query, {"_id": 1})]
    return sorted(ids, key=lambda id: hashlib.sha256(f"{sheet.id}:{id}".encode()).digest())
