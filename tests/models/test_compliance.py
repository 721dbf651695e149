"""Steps in time, summed from the seals: each entry once, whatever is killed or taken back, by hand-computed values."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.services.keeping import audit, compliance
from tests.fixtures.doing import do
from tests.fixtures.histories import HOUR, Histories
from tests.fixtures.http import COMMANDS
from views.custom.reports import compliance as page_of_compliance

NOW = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
OCTOBER, NOVEMBER = dt.date(2026, 10, 1), dt.date(2026, 11, 1)
SECOND = dt.timedelta(seconds=1)
PAGE = "/admin/compliance/"


@pytest.fixture
def worked(company: Any) -> Any:
    """Three quotations decided on: in time and at once, half an hour before the deadline, and late in October; one that
    was imported; and one that is open and overdue."""
    histories = Histories()
    clerk, head = company.users["clerk_sal"], company.users["head_sal"]
    facts = {"owner": clerk, "actor": clerk, "department": company.department("SAL"), "flow": 1}
    whens = (
        (NOW - 30 * HOUR, 5 * SECOND, NOW, {"spent": 5}),
        (NOW - 30 * HOUR, 28 * HOUR, NOW - 1.5 * HOUR, {"spent": 9000, "held": 4500}),
        (NOW - 40 * 24 * HOUR, 50 * HOUR, NOW - 40 * 24 * HOUR + 49 * HOUR, {"spent": 90000}),
        (NOW - 30 * HOUR, 5 * SECOND, NOW, {"spent": 5, "door": "import"}),
    )
    for begin, after, due, more in whens:
        case = histories.case("quotation", **facts)
        case.add(begin - HOUR, "create", target="draft").add(begin, "submit", "draft", "submitted")
        case.add(begin + after, "approve", "submitted", "approved", due=due, actor=head, **more)
    histories.write()
    get_db().waiting.insert_one(
        {"type": "quotation", "department": company.department("SAL"), "state": "submitted", "due": NOW - HOUR}
    )
    return company


def counted() -> int:
    audit.seal_all()
    return compliance.count_all(lambda _done, _total: None)


def sums(company: Any) -> dict[dt.date, tuple[int, int]]:
    rows = compliance.by_month({}, OCTOBER)
    return {month: (each.timed, each.late) for (_, place, month), each in rows.items()}


def test_steps_with_a_deadline_are_counted_in_their_month_and_department(worked: Any) -> None:
    with clock.set_to(NOW):
        assert counted() == 7  # four submitted, three decided; what was imported is no work
        assert sums(worked) == {OCTOBER: (1, 1), NOVEMBER: (2, 0)}
        place = worked.department("SAL")
        assert compliance.overdue_now({}) == {("quotation", place): 1}
        assert compliance.causes({}, OCTOBER, 10) == [
            ("quotation", "submitted", "approve", compliance.TimedSteps(timed=3, late=1))
        ]
        assert compliance.by_month({"department": worked.department("LEG")}, OCTOBER) == {}
        people = {row["_id"]: row for row in compliance.people(OCTOBER)}
        head = people[worked.users["head_sal"]]
        assert [head[name] for name in ("decisions", "quick", "timed", "last_hour", "held")] == [3, 1, 3, 1, 4500]


def test_each_seal_counts_once_and_a_killed_run_goes_on(worked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.set_to(NOW):
        audit.seal_all()
        numbers = compliance.unread()
        with monkeypatch.context() as patch:
            patch.setattr(compliance, "_added", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                compliance.count_seal(numbers[-1])
        assert compliance.unread() == numbers
        do("compliance.count")
        first = sums(worked)
        assert compliance.count_seal(numbers[-1]) == 0
        do("compliance.count")
        assert sums(worked) == first == {OCTOBER: (1, 1), NOVEMBER: (3, 0)}  # of a demo company every source counts


def test_what_is_taken_back_counts_back_and_that_taken_back_counts_again(company: Any) -> None:
    histories = Histories()
    clerk, head = company.users["clerk_sal"], company.users["head_sal"]
    case = histories.case("quotation", owner=clerk, actor=clerk, department=company.department("SAL"), flow=1)
    case.add(NOW - 3 * HOUR, "submit", "draft", "submitted")
    case.add(NOW - 2 * HOUR, "approve", "submitted", "approved", due=NOW, actor=head, batch="a", spent=3600)
    totals = []
    for batch, undoes in (("", ""), ("b", "a"), ("c", "b")):
        if batch:
            case.add(NOW - HOUR, "undo_step", "approved", "submitted", actor=head, batch=batch, undoes=undoes)
        histories.write()
        with clock.set_to(NOW):
            counted()
            totals.append(sum(timed for timed, _ in sums(company).values()))
    assert totals == [1, 0, 1]


def test_who_looks_over_what(worked: Any, browser_as: Any) -> None:
    """Management and supervisors all, heads their department, people in the lines alone by supervisors."""
    with clock.set_to(NOW):
        for _ in range(4):  # enough decisions of one person to be named
            offer = worked.walk(worked.make("quotation", "clerk_sal"), "submitted")
            changes.move(type(offer), offer.id, "approve", actor=worked.actor("head_sal"), version=offer.version)
        counted()
        texts = {login: browser_as(login, locale="en").get(PAGE) for login in ("management", "supervisor", "head_sal")}
        assert {answer.status_code for answer in texts.values()} == {200}
        for login, answer in texts.items():
            assert "銷售部" in answer.text
            assert ("Decided within ten seconds" in answer.text) == (login == "supervisor"), login
        assert "王建國" in texts["supervisor"].text
        other = browser_as("head_mkt", locale="en")
        assert "銷售部" not in other.get(PAGE).text
        types = other.get(f"{PAGE}types/?chapter=sales&department=SAL")
        assert "Quotation" not in types.text.split("<main")[1]
        for login in ("clerk_sal", "legal"):
            assert browser_as(login).get(PAGE).status_code == 403
        assert PAGE not in browser_as("clerk_sal").get("/admin/").text
        page = browser_as("management", locale="en").get(f"{PAGE}types/?chapter=sales&department=SAL")
        assert "/admin/process/quotation/?from=2025-12-01" in page.text
        assert browser_as("management").get(f"{PAGE}types/?chapter=nothing").status_code == 404


def test_what_may_be_one_case_in_parts_is_shown_to_supervisors_with_its_cases(worked: Any, browser_as: Any) -> None:
    """Three quotations of one clerk to one customer in a day, each approved by the rule; of two there is nothing."""
    with clock.set_to(NOW):
        split, pair = (worked.make("customer", "clerk_sal") for _ in range(2))
        for customer, count in ((split, 3), (pair, 2)):
            for place in range(count):
                offer = worked.make("quotation", "clerk_sal", customer=customer.id)
                get_db().quotation.update_one({"_id": offer.id}, {"$set": {"state": "approved"}})
                with clock.set_to(NOW + place * HOUR):
                    changes.note(type(offer), offer.id, "approve_by_rule", actor=SYSTEM)
        audit.seal_all()
        do("expectations.check")
        [finding] = catalogue["finding"].objects(rule="quotation.split_into_several")
        numbers = [row["number"] for row in get_db().quotation.find({"customer": split.id})]
        others = [row["number"] for row in get_db().quotation.find({"customer": pair.id})]
        page = browser_as("supervisor", locale="en").get(PAGE).text
        assert all(number in page for number in (*numbers, finding.number, "林曉梅"))
        assert not [number for number in others if number in page]
        for login in ("management", "head_sal"):
            assert "Perhaps one case" not in browser_as(login, locale="en").get(PAGE).text
        counts = []
        for times in (1, 2):
            sent: list[str] = []
            COMMANDS.listeners.append(listen := lambda command, sent=sent: sent.append(next(iter(command))))
            browser_as("supervisor").get(PAGE)
            COMMANDS.listeners.remove(listen)
            counts.append(len(sent))
            copy = get_db().finding.find_one({"_id": finding.id}, {"_id": 0, "once": 0})
            get_db().finding.insert_one({**copy, "number": f"FD-2026-9{times}"})
        assert counts[0] == counts[1], "for two as for one"
        said = "Only the newest are shown: 1"
        assert said not in browser_as("supervisor", locale="en").get(PAGE).text
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(page_of_compliance, "SPLITS", 1)
            assert said in browser_as("supervisor", locale="en").get(PAGE).text
        changes.move(type(finding), finding.id, "dismiss", actor=worked.actor("supervisor"), version=finding.version,
                     context=Context(reason="補充報價"))  # fmt: skip
        assert finding.number not in browser_as("supervisor", locale="en").get(PAGE).text


def test_the_figures_are_those_of_the_page_of_the_process(worked: Any, browser_as: Any) -> None:
    """The same steps, counted from the records and from the seals."""
    with clock.set_to(NOW):
        offers = [worked.walk(worked.make("quotation", "clerk_sal"), "submitted") for _ in range(2)]
        for offer in offers:
            changes.move(type(offer), offer.id, "approve", actor=worked.actor("head_sal"), version=offer.version)
        before = sum(each.timed for each in compliance.by_month({}, OCTOBER).values())
        counted()
        after = sum(each.timed for each in compliance.by_month({}, OCTOBER).values())
        assert after - before >= 2
        page = browser_as("management", locale="en").get("/admin/process/quotation/?from=2026-10-01&to=2026-11-20")
        assert f"{after}" in page.text


def test_a_type_without_a_workflow_and_the_system_count_for_nothing(company: Any) -> None:
    with clock.set_to(NOW):
        changes.create(catalogue["customer"], {"name": "甲"}, actor=company.actor("clerk_sal"))
        offer = company.make("quotation", "clerk_sal")
        changes.update(type(offer), offer.id, {"subject": "乙"}, actor=SYSTEM, version=None)
        assert counted() == 0
