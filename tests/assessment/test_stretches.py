"""Where somebody worked in a period, by the history of their entry: changes of department, leave, days present."""

from __future__ import annotations

import datetime as dt
from typing import Any

from mongoengine.connection import get_db

from models import catalogue
from models.assessment.stretches import Leave, assessor_of, period_of
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes

USER = catalogue["user"]
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)


def on(day: dt.date, id: Any, **values: Any) -> None:
    with clock.set_to(dt.datetime.combine(day, dt.time(2), dt.UTC)):
        changes.update(USER, id, values, actor=SYSTEM, version=None)


def test_a_change_of_department_begins_another_part_and_leave_is_taken_off(company: Any) -> None:
    """October without holidays: 12 working days until the 18th, 10 from the 19th on; away from the 5th to the 7th."""
    sales, market = company.department("SAL"), company.department("MKT")
    with clock.set_to(dt.datetime(2026, 9, 1, 2, tzinfo=dt.UTC)):
        id = changes.create(USER, {"login": "mover", "name": "調動", "department": sales}, actor=SYSTEM).id
    on(dt.date(2026, 10, 4), id, absent_from=dt.date(2026, 10, 5), absent_until=dt.date(2026, 10, 7))
    on(dt.date(2026, 10, 19), id, department=market)
    on(dt.date(2026, 11, 2), id, absent_from=None, absent_until=None, department=sales)
    period = period_of(get_db().user.find_one({"_id": id}), FIRST, LAST)
    assert [(part.first.day, part.last.day, part.department, part.days) for part in period.parts] == [
        (1, 18, sales, 9),
        (19, 31, market, 10),
    ]
    assert set(period.leaves) == {Leave(dt.date(2026, 10, 5), dt.date(2026, 10, 7))}
    assert [assessor_of(id, part) for part in period.parts] == [company.users["head_sal"], company.users["head_mkt"]]


def test_who_came_within_the_period_was_there_from_then_on(company: Any) -> None:
    with clock.set_to(dt.datetime(2026, 10, 26, 2, tzinfo=dt.UTC)):
        values = {"login": "late", "name": "新人", "department": company.department("SAL")}
        id = changes.create(USER, values, actor=SYSTEM).id
    [part] = period_of(get_db().user.find_one({"_id": id}), FIRST, LAST).parts
    assert (part.first.day, part.days) == (26, 5)


def test_a_leave_that_was_taken_back_before_it_began_is_none(company: Any) -> None:
    id = company.users["clerk_sal"]
    on(dt.date(2026, 10, 4), id, absent_from=dt.date(2026, 10, 12), absent_until=dt.date(2026, 10, 16))
    on(dt.date(2026, 10, 8), id, absent_from=None, absent_until=None)
    assert period_of(get_db().user.find_one({"_id": id}), FIRST, LAST).leaves == ()


def test_nobody_assesses_themselves(company: Any) -> None:
    id = company.users["head_sal"]
    [part] = period_of(get_db().user.find_one({"_id": id}), FIRST, LAST).parts
    assert assessor_of(id, part) == company.users["management"]


def test_nobody_was_absent_by_their_own_later_word(company: Any) -> None:
    """Entered by themselves on the 21st for all of October: from the 21st on. Entered by somebody else: all of it."""
    id, whole = company.users["clerk_sal"], (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    with clock.set_to(dt.datetime(2026, 10, 21, 2, tzinfo=dt.UTC)):
        own, values = company.actor("clerk_sal"), {"absent_from": whole[0], "absent_until": whole[1]}
        changes.update(USER, id, values, actor=own, version=USER.objects.get(id=id).version)
    period = period_of(get_db().user.find_one({"_id": id}), FIRST, LAST)
    assert period.leaves == (Leave(dt.date(2026, 10, 21), whole[1]),)
    on(dt.date(2026, 11, 3), id, absent_from=whole[0] + dt.timedelta(days=1))
    period = period_of(get_db().user.find_one({"_id": id}), FIRST, LAST)
    assert Leave(dt.date(2026, 10, 2), whole[1]) in period.leaves
