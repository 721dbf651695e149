"""One fact reads the same wherever it is asked, and whoever is named can act today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from icalendar import Calendar
from mongoengine.connection import get_db

from models.documents import lending
from models.kernel.base import clock
from models.kernel.base.addresses import at_user
from models.kernel.base.errors import Refused
from models.kernel.base.people import named_at, people_at
from models.kernel.gate import changes
from models.kernel.gate.unit import in_transaction
from models.sales.receivables import NOT_OWED
from tests.fixtures.company import Company
from tests.views.test_preferences import feed_of


def problems_of(refused: Any) -> Iterator[str]:
    return (str(words) for problem in refused.value.problems.values() for words in problem)


class TestCancelledMoney:
    @pytest.fixture
    def cancelled(self, company: Company) -> Any:
        return company.walk(company.make("receivable", amount=Decimal(1000)), "cancelled")

    def test_it_owes_nothing_in_the_list_and_in_the_report(self, cancelled: Any, db: Any, browser_as: Any) -> None:
        row = db["receivable"].find_one({"_id": cancelled.id})
        assert row["outstanding"].to_decimal() == 0
        ageing = browser_as("finance").page("/admin/analysis/receivable/?show=customer-due.outstanding")
        assert (ageing.rows, "1,000" in ageing.text) == ([], False)

    def test_nothing_is_paid_on_it(self, company: Company, cancelled: Any) -> None:
        with pytest.raises(Refused) as refused:
            company.make("payment", "finance", receivable=cancelled.id, amount=Decimal(10))
        assert str(NOT_OWED) in list(problems_of(refused))


class TestCalendarDays:
    def test_a_day_is_no_holiday_and_workday_at_once(self, company: Company) -> None:
        day = dt.date(2027, 2, 6)
        made = company.make("calendar_day", "it", day=day, kind="off", name="春節")
        for kind in ("on", "off"):
            with pytest.raises(Refused) as refused:
                company.make("calendar_day", "it", day=day, kind=kind, name="補班")
            assert any("春節" in words for words in problems_of(refused))
        changes.update(type(made), made.id, {"name": "除夕"}, actor=company.actor("it"), version=made.version)
        company.make("calendar_day", "it", day=day + dt.timedelta(days=1), kind="on", name="補班")


class TestFeed:
    def events(self, browser: Any) -> list[Any]:
        answer = browser.get(feed_of(browser))
        assert answer.status_code == 200
        return list(Calendar.from_ical(answer.data).walk("VEVENT"))

    @pytest.mark.parametrize("recurring", ["daily", "weekly", "monthly", "none"])
    def test_a_reminder_is_one_entry(self, company: Company, browser_as: Any, recurring: str) -> None:
        at = clock.now() + dt.timedelta(days=2)
        company.make("reminder", "clerk_sal", text="盤點", at=at, recurring=recurring)
        result = [event for event in self.events(browser_as("clerk_sal")) if event["summary"] == "盤點"]
        assert len(result) == 1
        assert ("RRULE" in result[0]) == (recurring != "none")

    def test_no_two_entries_have_one_uid(self, company: Company, browser_as: Any) -> None:
        company.walk(company.make("loan", "clerk_sal"), "on_loan")
        for login in ("clerk_sal", "head_sal"):
            uids = [str(event["uid"]) for event in self.events(browser_as(login))]
            assert len(uids) == len(set(uids))


class TestWhoCanAct:
    def absent(self, company: Company, login: str, deputy: str) -> Any:
        user = company.user(login)
        today = clock.stored_day(clock.today())
        values = {"absent_from": today, "absent_until": today, "deputy": company.user(deputy).id}
        get_db()["user"].update_one({"_id": user.id}, {"$set": values})
        return user

    def test_an_absence_has_a_first_day(self, company: Company) -> None:
        user, actor = company.user("clerk_sal"), company.actor("clerk_sal")
        values = {"absent_until": clock.today(), "deputy": company.user("head_sal").id}
        with pytest.raises(Refused) as refused:
            changes.update(type(user), user.id, values, actor=actor, version=user.version)
        assert "absent_from" in refused.value.problems

    def test_who_left_is_nobodys_deputy(self, company: Company) -> None:
        user = self.absent(company, "head_sal", "clerk_sal")
        deputy = company.user("clerk_sal")
        assert named_at([at_user(user.id)])[0].deputy == deputy.name
        get_db()["user"].update_one({"_id": deputy.id}, {"$set": {"active": False}})
        assert named_at([at_user(user.id)])[0].deputy == ""
        assert people_at([at_user(user.id)]) == [user.id]
        actor = company.actor("head_sal")
        fresh = company.user("head_sal")
        with pytest.raises(Refused) as refused:
            changes.update(type(user), user.id, {"locale": "en"}, actor=actor, version=fresh.version)
        assert "deputy" in refused.value.problems

    def test_it_learns_what_rests_on_who_is_switched_off(self, company: Company) -> None:
        self.absent(company, "head_sal", "clerk_sal")
        user, it = company.user("clerk_sal"), company.actor("it")
        changes.update(type(user), user.id, {"active": False}, actor=it, version=user.version)
        rows = get_db()["notice"].find({"person": it.id})
        assert any(company.user("head_sal").name in str(row) and user.name in str(row) for row in rows)

    def test_no_copy_is_kept_for_who_left(self, company: Company) -> None:
        loan = company.make("loan", "clerk_sal", kind="paper")
        until = clock.now() + dt.timedelta(days=3)
        get_db()["loan"].update_one({"_id": loan.id}, {"$set": {"state": "approved", "kept_until": until}})
        document = loan.document
        assert [row["_id"] for row in lending.line_of(document.id)] == [loan.id]
        get_db()["user"].update_one({"_id": loan.ref("borrower")}, {"$set": {"active": False}})
        assert lending.line_of(document.id) == []
        assert in_transaction(lambda unit: lending.kept_for_others(document, 1, None)) is None
