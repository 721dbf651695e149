"""When and by whom the effect of a training is judged (5.2): by the superior of whoever took part, 90 days after it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import ObjectId

from ..kernel.base import people
from ..kernel.base.store import in_unit

JUDGED_AFTER = dt.timedelta(days=90)


def superior_of(person: ObjectId | None) -> ObjectId | None:
    """The active manager of somebody; else the head of their department, or of the nearest above it."""
    users = in_unit("user")
    row = users.find_one({"_id": person}, {"manager": 1, "department": 1}) if person else None
    if row is None:
        return None
    home = row.get("department")
    places = [id for id in (home, *people.departments_above(home)) if id]
    heads = {
        place["_id"]: place.get("head") for place in in_unit("department").find({"_id": {"$in": places}}, {"head": 1})
    }
    chain = [id for id in (row.get("manager"), *(heads.get(id) for id in places)) if id and id != person]
    active = set(users.distinct("_id", {"_id": {"$in": chain}, "active": True, "removed_at": None}))
    return next((id for id in chain if id in active), None)


def judgement_of(person: ObjectId | None, day: dt.date, **about: Any) -> dict[str, Any] | None:
    """The values of the judgement that is opened 90 days after a day; None where nobody is above the person."""
    superior = superior_of(person)
    if person is None or superior is None:
        return None
    row = in_unit("user").find_one({"_id": person}, {"department": 1}) or {}
    home = {"owner": person, "department": row.get("department")}
    return {"person": person, "assessor": superior, "judge_on": day + JUDGED_AFTER, **home, **about}
