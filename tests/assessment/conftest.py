"""The seeded month, which several tests look at: built once for each process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import publishing
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.fixtures._scenes import Stage
from tests.fixtures.histories import HOUR, Histories

INDICATOR = catalogue["indicator"]
START = dt.datetime(2026, 10, 8, 1, tzinfo=dt.UTC)
GROUPS = {"clean": 700, "refused": 100, "returned": 80, "late": 50, "open": 30, "imported": 20, "withdrawn": 10,
          "not_theirs": 10}  # fmt: skip
NOW = dt.datetime(2026, 11, 5, 2, tzinfo=dt.UTC)
MEASURES = {
    "完整性": "quotation.completeness",
    "一次通過率": "quotation.firstpass",
    "及時性": "quotation.stepsintime",
}


def _write(company: Any) -> None:
    histories, place = Histories(), 0
    head = company.users["head_sal"]
    for group, count in GROUPS.items():
        for _ in range(count):
            owner = company.users[("clerk_sal", "clerk_sal2")[place % 2]]
            at = START + place * dt.timedelta(minutes=20)
            facts = {"owner": owner, "department": company.department("SAL"), "flow": 1}
            facts |= {"actor": owner, "actor_department": company.department("SAL")}
            imported = {"door": "import"} if group == "imported" else {}
            case = histories.case("quotation", **facts)
            case.add(at, "create", target="draft", next_due=at + 16 * HOUR, **imported)
            if group == "refused":
                case.refused(at + HOUR, "submit", "required", "form")
            if group == "not_theirs":
                case.refused(at + HOUR, "submit", "version")
            decided = {"actor": head, **imported}
            at += 2 * HOUR
            case.add(at, "submit", "draft", "submitted", due=at + HOUR, next_due=at + 8 * HOUR, **imported)
            if group in ("returned", "withdrawn"):
                verb, who = ("return", decided) if group == "returned" else ("withdraw", {})
                case.add(at + HOUR, verb, "submitted", "draft", due=at + 8 * HOUR, next_due=at + 16 * HOUR, **who)
                at += 2 * HOUR
                case.add(at, "submit", "draft", "submitted", due=at + HOUR, next_due=at + 8 * HOUR)
            if group != "open":
                late = 8 if group == "late" else 0
                case.add(at + (1 + late) * HOUR, "approve", "submitted", "approved", due=at + 8 * HOUR, **decided)
            place += 1
    histories.write()


@pytest.fixture
def month(company: Any, stage: Stage) -> Iterator[dict[str, Any]]:
    """The month, with three indicators in force, computed after it had closed."""

    def build() -> dict[str, Any]:
        with clock.set_to(NOW):
            _write(company)
            made = {}
            for name, measure in MEASURES.items():
                values = {
                    "name": name,
                    "group": "process",
                    "measure": measure,
                    "since": dt.date(2026, 10, 1),
                    "per": ["department", "person"],
                    "counterpart": made.get("一次通過率"),
                }
                made[name] = changes.create(INDICATOR, values, actor=SYSTEM).id
                get_db().indicator.update_one({"_id": made[name]}, {"$set": {"state": "in_force"}})
            assert publishing.compute() == {"read": 1000, "published": 14}
        return made

    with clock.set_to(NOW):
        yield stage.once("seeded month", build)
