"""Gives the courses of procedures to whom they are due, and says which cases nobody able is there for."""

from __future__ import annotations

from functools import partial
from typing import Any

from bson import ObjectId

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.rights import rights
from models.training import assigning, qualifications
from models.training.qualifications import Qualification

from ..engine.registry import job
from ..engine.run import Run


@job(
    qualifications.JOB,
    L("Follow qualifications by procedure", "跟進規程上崗資格"),
    L(
        "Courses are given to the holders of positions whose procedure has a new edition, and to who comes into one.",
        "規程有新版本時，將課程分配給相關崗位人員；新到崗人員亦同。",
    ),
)
def follow(run: Run) -> None:
    """Each person in a transaction of their own; who has it already is passed over, so that a killed run goes on."""
    name = Qualification.type_name()
    for rows in run.batches(Qualification, assigning.rules_in_force()):
        for id in run.try_each(name, rows, _up_to_date):
            rule: Any = rights.find(SYSTEM, Qualification, id)
            given = run.try_each("user", assigning.lacking_of(rule), partial(assigning.assign, rule))
            run.count(assigned=given.count(True))
            run.renew()
            run.count(alone=sum(run.try_each(name, [rule], assigning.tell_of_alone, id_of=_id_of)))


def _up_to_date(row: dict[str, Any]) -> ObjectId:
    return assigning.follow_edition(rights.find(SYSTEM, Qualification, row["_id"])).id


def _id_of(rule: Any) -> Any:
    return rule.id
