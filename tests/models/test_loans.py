"""The rules of the borrowing desk (3.1.4): who is next, when it is due, who may decide, what a copy may become."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.rights import rights
from models.services.files import files
from models.services.files import search as file_search
from tests.fixtures.company import PDF, Company
from tests.fixtures.doing import do, work_off

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
FRIDAY = dt.date(2026, 11, 27)


@pytest.fixture(autouse=True)
def monday() -> Any:
    with clock.set_to(MONDAY):
        yield


@pytest.fixture
def document(company: Company) -> Callable[..., Any]:
    """An approved document with so many copies in good condition."""

    def made(copies: int = 1, **values: Any) -> Any:
        document = company.walk(company.make("document", "clerk_sal", **values), "approved")
        line = type(document)._fields["copies"].field.document_type
        content = {"copies": [line(number=item, condition="good") for item in range(1, copies + 1)]}
        return changes.update(type(document), document.id, content, actor=SYSTEM, version=None)

    return made


@pytest.fixture
def ask(company: Company) -> Callable[..., Any]:
    def requested(login: str, document: Any, **values: Any) -> Any:
        content = {"document": document.id, "kind": "paper", "purpose": "核對", **values}
        return changes.create(catalogue["loan"], content, actor=company.actor(login))

    return requested


@pytest.fixture
def step(company: Company) -> Callable[..., Any]:
    """A move as the record stands now."""

    def moved(login: str, record: Any, verb: str, reason: str = "", **values: Any) -> Any:
        record, said = company.fresh(record), Context(reason=reason)
        return changes.move(
            type(record),
            record.id,
            verb,
            actor=company.actor(login),
            version=record.version,
            values=values,
            context=said,
        )

    return moved


@pytest.fixture
def on_loan(ask: Any, step: Any) -> Callable[..., Any]:
    def lent(login: str, document: Any, copy: int = 1, **values: Any) -> Any:
        loan = ask(login, document, **values)
        step("records", loan, "approve")
        return step("records", loan, "issue", copy=copy)

    return lent


def informed(company: Company, login: str) -> list[str]:
    return [row["text"]["zh-Hant"] for row in get_db()["notice"].find({"person": company.users[login]}).sort("_id", 1)]


class TestTheLine:
    def test_who_was_approved_first_has_the_copy_kept_and_the_next_waits(self, company, document, ask, step):
        item = document()
        first, second = ask("clerk_mkt", item), ask("clerk_prd", item)
        assert (step("records", first, "approve").state, step("records", second, "approve").state) == (
            "approved",
            "waiting",
        )
        assert company.fresh(first).kept_until == dt.datetime(2026, 11, 26, 10, tzinfo=dt.UTC)
        assert any("為您保留至" in text for text in informed(company, "clerk_mkt"))
        with pytest.raises(Refused) as refused:
            step("records", second, "issue", copy=1)
        assert "趙雨晴" in str(refused.value.problems["copy"][0])

    def test_who_asked_first_is_told_first(self, company, document, ask, step):
        item = document()
        loans = [ask(login, item) for login in ("clerk_mkt", "clerk_prd", "finance")]
        for loan in loans:
            step("records", loan, "approve")
        step("records", loans[0], "issue", copy=1)
        step("records", loans[0], "take_back", condition="good")
        assert [company.fresh(loan).state for loan in loans] == ["returned", "approved", "waiting"]

    def test_a_document_without_registered_copies_has_one(self, company, ask, step):
        item = company.walk(company.make("document", "clerk_sal"), "approved")
        first, second = ask("clerk_mkt", item), ask("clerk_prd", item)
        for loan in (first, second):
            step("records", loan, "approve")
        with pytest.raises(Refused):
            step("records", second, "issue", copy=2)
        step("records", first, "issue", copy=1)
        step("records", first, "take_back", condition="good")
        assert company.fresh(second).state == "approved"
        assert any("為您保留至" in text for text in informed(company, "clerk_prd"))

    def test_what_nobody_fetches_goes_on(self, company, document, ask, step):
        item = document()
        first, second = ask("clerk_mkt", item), ask("clerk_prd", item)
        for loan in (first, second):
            step("records", loan, "approve")
        with clock.set_to(MONDAY + dt.timedelta(days=4)):
            do("loans.sweep")
            assert (company.fresh(first).state, company.fresh(second).state) == ("lapsed", "approved")

    def test_a_copy_for_later_is_kept_until_days_after_that(self, company, document, ask, step):
        loan = ask("clerk_mkt", document(), wanted_from=dt.date(2026, 12, 1))
        step("records", loan, "approve")
        assert company.fresh(loan).kept_until == dt.datetime(2026, 12, 4, 10, tzinfo=dt.UTC)

    def test_when_all_copies_are_written_off_those_in_line_are_told(self, company, document, ask, step, on_loan):
        item = document()
        loan = on_loan("clerk_mkt", item)
        waiting = ask("clerk_prd", item)
        step("records", waiting, "approve")
        query = ask("finance", item)
        step("records", loan, "lose", reason="遺失")
        assert company.fresh(waiting).state == "waiting", "it may be found"
        step("records", loan, "write_off", reason="未找到")
        assert company.fresh(waiting).state == "cancelled"
        assert any("已全部註銷" in text for text in informed(company, "clerk_prd"))
        for attempt in (lambda: ask("hr", item), lambda: step("records", query, "approve")):
            with pytest.raises(Refused) as refused:
                attempt()
            assert set(refused.value.problems) == {"kind"}


class TestRenewing:
    def test_not_what_is_overdue(self, document, on_loan, step):
        loan = on_loan("clerk_mkt", document())
        with clock.set_to(MONDAY + dt.timedelta(days=40)), pytest.raises(Refused) as refused:
            step("clerk_mkt", loan, "renew")
        assert "overdue" in str(refused.value.problems["require"][0])

    def test_not_while_somebody_asks_for_the_only_copy(self, document, on_loan, ask, step):
        item = document()
        loan = on_loan("clerk_mkt", item)
        other = ask("clerk_prd", item)
        with pytest.raises(Refused):
            step("clerk_mkt", loan, "renew")
        step("clerk_prd", other, "cancel")
        assert step("clerk_mkt", loan, "renew").renewed == 1

    def test_what_was_asked_before_the_block_is_not_approved_under_it(self, document, on_loan, ask, step):
        on_loan("clerk_mkt", document())
        day = dt.date(2027, 1, 4)
        closed = document(confidentiality="confidential")
        reading = ask("clerk_mkt", closed, kind="electronic", wanted_from=day, wanted_until=day)
        paper = ask("clerk_mkt", document())
        with clock.set_to(MONDAY + dt.timedelta(days=40)):
            for loan in (reading, paper):
                with pytest.raises(Refused) as refused:
                    step("records", loan, "approve")
                assert set(refused.value.problems) == {"borrower"}


class TestDueDates:
    def test_on_paper_the_end_of_work_on_the_last_day(self, document, on_loan):
        assert on_loan("clerk_mkt", document(), wanted_until=FRIDAY).due == dt.datetime(2026, 11, 27, 10, tzinfo=dt.UTC)

    def test_on_the_workday_after_where_the_last_day_is_none_or_over(self, document, on_loan):
        saturday = FRIDAY + dt.timedelta(days=1)
        assert on_loan("clerk_mkt", document(), wanted_until=saturday).due == dt.datetime(
            2026, 11, 30, 10, tzinfo=dt.UTC
        )
        with clock.set_to(MONDAY + dt.timedelta(hours=9)):
            loan = on_loan("clerk_prd", document(), wanted_until=MONDAY.date())
        assert loan.due == dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)

    def test_on_the_screen_the_last_second_of_the_last_day(self, company, document, ask, step):
        closed = document(confidentiality="confidential")
        loan = ask("clerk_mkt", closed, kind="electronic", wanted_from=MONDAY.date(), wanted_until=FRIDAY)
        step("records", loan, "approve")
        due = company.fresh(loan).due.astimezone(clock.zone())
        assert (due.date(), due.time()) == (FRIDAY, dt.time(23, 59, 59))
        with clock.set_to(dt.datetime(2026, 11, 27, 1, tzinfo=dt.UTC)):
            do("reminders.sweep")
        assert any("2026-11-27" in text and "天後" not in text for text in informed(company, "clerk_mkt")[1:])


class TestWhoDecides:
    def test_a_loan_stays_its_borrowers(self, company, document, ask):
        changes.update(
            catalogue["user"],
            company.users["head_mkt"],
            {"roles": ["head", "records_manager"]},
            actor=SYSTEM,
            version=None,
        )
        loan = ask("head_mkt", document())
        with pytest.raises(Refused) as refused:
            changes.update(
                type(loan), loan.id, {"owner": company.users["clerk_mkt"]}, actor=company.actor("head_mkt"), version=1
            )
        assert set(refused.value.problems) == {"owner"}

    def test_one_person_never_gives_both_decisions_on_a_secret_document(self, company, document, ask, step):
        both = {"roles": ["management", "records_manager"]}
        changes.update(catalogue["user"], company.users["records"], both, actor=SYSTEM, version=None)
        day = MONDAY.date()
        secret = document(confidentiality="secret")
        loan = ask("clerk_sal2", secret, kind="electronic", wanted_from=day, wanted_until=day)
        assert step("records", loan, "approve").state == "requested"
        with pytest.raises(Forbidden):
            step("records", loan, "approve")
        assert step("management", loan, "approve").state == "on_loan"


class TestCopies:
    def test_a_copy_that_is_out_stays_in_the_list(self, company, document, on_loan):
        record = document(copies=2)
        on_loan("clerk_mkt", record, copy=2)
        record = company.fresh(record)
        with pytest.raises(Refused) as refused:
            changes.update(
                type(record),
                record.id,
                {"copies": record.copies[:1]},
                actor=company.actor("records"),
                version=record.version,
            )
        assert set(refused.value.problems) == {"copies"}
        changes.update(
            type(record),
            record.id,
            {"copies": record.copies[1:]},
            actor=company.actor("records"),
            version=record.version,
        )

    def test_a_lost_copy_is_not_taken_back(self, document, on_loan, step):
        loan = on_loan("clerk_mkt", document())
        with pytest.raises(Refused) as refused:
            step("records", loan, "take_back", condition="lost")
        assert set(refused.value.problems) == {"condition"}

    def test_the_head_above_is_told_of_a_head_who_is_overdue(self, company, document, on_loan):
        on_loan("head_mkt", document())
        with clock.set_to(MONDAY + dt.timedelta(days=24)):
            do("loans.remind")
        assert any("已逾期" in text for text in informed(company, "management"))


class TestSweeps:
    def test_one_damaged_loan_keeps_no_other_back(self, company, document, ask, step, on_loan):
        rows = get_db()["loan"]
        broken, sound = on_loan("clerk_mkt", document()), on_loan("clerk_prd", document())
        rows.update_one({"_id": broken.id}, {"$set": {"due": "soon"}})
        kept = [ask(login, document()) for login in ("finance", "legal")]
        for loan in kept:
            step("records", loan, "approve")
        rows.update_one({"_id": kept[0].id}, {"$set": {"version": "x", "purpose": 5}})
        with clock.set_to(MONDAY + dt.timedelta(days=30)):
            do("loans.sweep")
            do("loans.remind")
        assert company.fresh(kept[1]).state == "lapsed"
        assert any(sound.number in text for text in informed(company, "clerk_prd"))

    def test_who_has_left_is_not_asked_but_the_head_is(self, company, document, on_loan):
        loan = on_loan("clerk_mkt", document())
        changes.update(catalogue["user"], company.users["clerk_mkt"], {"active": False}, actor=SYSTEM, version=None)
        with clock.set_to(MONDAY + dt.timedelta(days=18)):
            do("loans.remind")
        assert any(loan.number in text and "趙雨晴" in text for text in informed(company, "head_mkt"))


class TestEditions:
    @pytest.fixture
    def edition(self, company: Company) -> Callable[..., Any]:
        def revised(document: Any, text: str = "修訂", **values: Any) -> Any:
            content = {"document": document.id, "what_changed": text, **values}
            draft = changes.create(catalogue["revision"], content, actor=company.actor("head_sal"))
            files.attach(type(draft), draft.id, "document", files.Upload("a.pdf", io.BytesIO(PDF)), actor=SYSTEM)
            return company.walk(draft, "approved")

        return revised

    def test_earlier_drafts_become_as_strict_as_the_document(self, company, edition):
        made = company.make("document", "head_sal", subject="併購方案", confidentiality="confidential")
        item = company.walk(made, "approved")
        first = edition(item)
        reader = company.actor("clerk_sal2")
        assert rights.may_open(reader, company.fresh(first))
        second = edition(company.fresh(item), confidentiality="secret")
        assert company.fresh(first).level == company.fresh(second).level == "secret"
        assert not rights.may_open(reader, company.fresh(first))
        with pytest.raises(Forbidden):
            files.open_for(files.files_of(first.id)[0]["_id"], actor=reader)
        work_off("files.read")
        assert not file_search.find(reader, catalogue.values(), "修訂").hits

    def test_a_new_edition_is_kept_as_long_as_the_first_was(self, company, edition):
        years = {"code": "QA", "name": "質量", "retention_years": 3}
        folder = changes.create(catalogue["category"], years, actor=company.actor("records"))
        record = company.walk(company.make("document", "head_sal", category=folder.id), "approved")
        assert company.fresh(record).retention_until == dt.date(2029, 11, 23)
        with clock.set_to(MONDAY + dt.timedelta(days=365)):
            edition(record)
        assert company.fresh(record).retention_until == dt.date(2030, 11, 23)
        content = {"retention_until": dt.date(2050, 1, 1)}
        changes.update(
            type(record), record.id, content, actor=company.actor("records"), version=company.fresh(record).version
        )
        edition(company.fresh(record))
        assert company.fresh(record).retention_until == dt.date(2050, 1, 1), "never shorter"

    def test_what_is_void_gets_no_new_edition_and_is_not_lent(self, company, ask, step):
        item = company.walk(company.make("document", "head_sal"), "approved")
        content = {"document": item.id, "what_changed": "修訂"}
        draft = changes.create(catalogue["revision"], content, actor=company.actor("head_sal"))
        files.attach(type(draft), draft.id, "document", files.Upload("a.pdf", io.BytesIO(PDF)), actor=SYSTEM)
        loan = ask("clerk_mkt", item)
        step("records", item, "void", reason="作廢")
        for login, record, verb in (("head_sal", draft, "submit"), ("records", loan, "approve")):
            with pytest.raises(Refused) as refused:
                step(login, record, verb)
            assert set(refused.value.problems) == {"document"}
