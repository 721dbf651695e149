"""Supervision (4.1) by the traps of its field: independence, repeated findings, whose time it is, who sees what."""

from __future__ import annotations

import datetime as dt

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.rights import rights
from tests.fixtures.doing import do

INSPECTION, FINDING, NOTICE = (catalogue[name] for name in ("inspection", "finding", "rectification_notice"))
REASONED = Context(reason="so it is")
TODAY = dt.date(2025, 6, 10)


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(dt.datetime(2025, 6, 10, 2, tzinfo=dt.UTC)):
        yield


@pytest.fixture
def find(company):
    """Records a confirmed finding against the sales department."""

    def record_it(days_ago=0, **values):
        facts = {
            "inspected": company.department("SAL"),
            "about": "2.2",
            "subject": "未簽合同先發貨",
            "fact": "三份訂單。",
        }
        values = {**facts, "evidence_on": TODAY - dt.timedelta(days=days_ago), **values}
        finding = changes.create(FINDING, values, actor=company.actor("supervisor"))
        return step(company, finding, "confirm", "supervisor")

    return record_it


@pytest.fixture
def notice(company, find):
    """A notice of two findings that is not issued yet."""
    values = {
        "subject": "合同管理整改",
        "findings": [find().id, find(subject="報價無審批").id],
        "responsible": company.department("SAL"),
        "person": company.user("clerk_sal").id,
        "due": TODAY + dt.timedelta(days=10),
    }
    return changes.create(NOTICE, values, actor=company.actor("supervisor"))


def step(company, record, verb, login, **values):
    fresh = company.fresh(record)
    actor = company.actor(login)
    return changes.move(
        type(record), record.id, verb, actor=actor, version=fresh.version, values=values, context=REASONED
    )


def fill(company, notice, login, **columns):
    """Fill the same in each line."""
    fresh = company.fresh(notice)
    lines = list(fresh.items)
    for line in lines:
        for name, value in columns.items():
            line.put(name, value)
    return changes.update(NOTICE, notice.id, {"items": lines}, actor=company.actor(login), version=fresh.version)


def answered(company, notice):
    """The notice, issued, acknowledged, answered and submitted."""
    step(company, notice, "issue", "supervisor")
    step(company, notice, "acknowledge", "clerk_sal")
    fill(company, notice, "clerk_sal", correction="補簽", cause="無提醒", action="系統攔截", evidence="附件一")
    return step(company, notice, "submit", "clerk_sal")


@pytest.mark.parametrize("days_ago", [0, 100, 364])
def test_the_same_clause_in_the_same_department_within_a_year_is_graver(find, days_ago):
    first = find(days_ago)
    second = find()
    assert (first.grade, first.repeated) == ("minor", False)
    assert (second.grade, second.repeated, second.ref("earlier")) == ("major", True, first.id)


def test_another_clause_department_or_year_is_no_repetition(find, company):
    find(366)
    find(5, about="3.1")
    find(5, inspected=company.department("MKT"))
    assert find().repeated is False
    assert find(weight="major", about="3.4").grade == "major"
    find(5, about="2.3", clause_no="2.3.1")
    assert find(about="2.3", clause_no="2.3.2").repeated is False
    assert find(about="2.3", clause_no="2.3.1").repeated is True


def test_a_dismissed_finding_is_none(find, company):
    step(company, find(3), "dismiss", "supervisor")
    assert find().repeated is False


@pytest.mark.parametrize("login", ["clerk_sal", "head_sal", "management"])
def test_nobody_inspects_their_own_department_or_one_below_them(company, login):
    """ISO 19011: not the own people, not who heads it from above."""
    with pytest.raises(Refused) as refusal:
        company.make("inspection", "supervisor", inspected=company.department("SAL"), members=[company.user(login).id])
    assert "members" in refusal.value.problems


def test_a_deputy_of_the_inspected_is_not_independent(company):
    other = company.user("clerk_mkt")
    company.make("inspection", "supervisor", inspected=company.department("SAL"), members=[other.id])
    user = company.user("clerk_sal2")
    changes.update(catalogue["user"], user.id, {"deputy": other.id}, actor=SYSTEM, version=None)
    with pytest.raises(Refused):
        company.make("inspection", "supervisor", inspected=company.department("SAL"), members=[other.id])


def test_a_department_sees_a_notice_and_its_findings_once_they_are_issued(company, notice):
    people = [company.actor(login) for login in ("clerk_sal", "head_sal")]
    finding = FINDING.objects.get(id=notice.refs("findings")[0])

    def seen(record):
        scopes = [rights.visible(person, type(record)) for person in people]
        query = {"_id": record.id}
        return [s is not None and bool(type(record).collection().find_one({"$and": [query, s]})) for s in scopes]

    assert seen(notice) == seen(finding) == [False, False]
    step(company, notice, "issue", "supervisor")
    assert seen(notice) == seen(finding) == [True, True]
    assert company.fresh(finding).state == "noticed"
    other = rights.visible(company.actor("clerk_mkt"), NOTICE)
    assert other is None or not NOTICE.collection().find_one({"$and": [{"_id": notice.id}, other]})


def test_findings_of_another_department_do_not_go_into_a_notice(company, find):
    with pytest.raises(Refused) as refusal:
        company.make("rectification_notice", "supervisor", findings=[find().id], responsible=company.department("MKT"))
    assert "findings" in refusal.value.problems


def test_measures_and_evidence_are_required_of_each_line(company, notice):
    step(company, notice, "issue", "supervisor")
    step(company, notice, "acknowledge", "clerk_sal")
    with pytest.raises(Refused):
        step(company, notice, "submit", "clerk_sal")
    with pytest.raises((Refused, Forbidden)):
        fill(company, notice, "supervisor", action="不應由監督方填寫")
    fill(company, notice, "clerk_sal", action="系統攔截", evidence="附件一")
    assert step(company, notice, "submit", "clerk_sal").state == "submitted"


def test_time_is_the_departments_until_it_submits(company, notice):
    """Its own date until then; after that the supervisors have five working days, and a rejection sets a new date."""
    step(company, notice, "issue", "supervisor")
    step(company, notice, "acknowledge", "clerk_sal")
    assert company.fresh(notice).answer_by == TODAY + dt.timedelta(days=10)
    fill(company, notice, "clerk_sal", action="系統攔截", evidence="附件一")
    submitted = step(company, notice, "submit", "clerk_sal")
    assert submitted.answer_by is None
    assert submitted.due_at.date() == dt.date(2025, 6, 17)
    back = step(company, notice, "reject", "supervisor", due=TODAY + dt.timedelta(days=20))
    assert (back.state, back.rejections, back.answer_by) == ("acknowledged", 1, TODAY + dt.timedelta(days=20))


def test_the_third_rejection_goes_to_management(company, notice):
    answered(company, notice)
    notices = notice._get_db()["notice"]
    mine = {"person": company.user("management").id, "kind": "escalation"}
    for count in (1, 2, 3):
        step(company, notice, "reject", "supervisor", due=TODAY + dt.timedelta(days=20))
        assert notices.count_documents(mine) == (count == 3)
        if count < 3:
            step(company, notice, "submit", "clerk_sal")


def test_an_extension_is_asked_for_and_granted_by_others(company, notice):
    step(company, notice, "issue", "supervisor")
    step(company, notice, "acknowledge", "clerk_sal")
    with pytest.raises(Refused):
        step(company, notice, "ask_extension", "clerk_sal", wished_due=TODAY)
    step(company, notice, "ask_extension", "clerk_sal", wished_due=TODAY + dt.timedelta(days=30))
    granted = step(company, notice, "grant", "supervisor")
    assert (granted.due, granted.wished_due) == (TODAY + dt.timedelta(days=30), None)


def test_each_line_is_accepted_before_it_is_closed(company, notice):
    answered(company, notice)
    with pytest.raises(Refused):
        step(company, notice, "verify", "supervisor")
    fill(company, notice, "supervisor", result="accepted")
    closed = step(company, notice, "verify", "supervisor")
    assert (closed.state, closed.closed_on) == ("closed", TODAY)
    assert {FINDING.objects.get(id=id).state for id in closed.refs("findings")} == {"closed"}


def test_whether_it_helped_is_looked_at_after_ninety_days_once(company, notice):
    answered(company, notice)
    fill(company, notice, "supervisor", result="accepted")
    step(company, notice, "verify", "supervisor")
    tasks = catalogue["task"].collection()
    about = {"about": f"rectification_notice:{notice.id}"}
    for day, count in ((89, 0), (91, 1), (120, 1)):
        with clock.set_to(dt.datetime(2025, 6, 10, 4, tzinfo=dt.UTC) + dt.timedelta(days=day)):
            do("moves.timed")
        assert tasks.count_documents(about) == count


def test_a_programme_becomes_inspections_and_says_what_it_leaves_out(company):
    checklist = company.walk(company.make("inspection_checklist", "supervisor"), "in_force")
    line = {"department": company.department("SAL"), "about": "2.2", "month": 3, "checklist": checklist.id}
    line["leader"] = company.user("supervisor").id
    column = catalogue["inspection_programme"].declared.own_fields["rounds"].field.document_type
    values = {"year": 2026, "rounds": [column(**line)]}
    programme = changes.create(catalogue["inspection_programme"], values, actor=company.actor("supervisor"))
    old = company.make("inspection", "supervisor", inspected=company.department("MKT"), about="2.1")
    INSPECTION.collection().update_one(
        {"_id": old.id}, {"$set": {"state": "closed", "planned_on": dt.datetime(2024, 1, 5, tzinfo=dt.UTC)}}
    )
    ((_, words),) = programme.warnings()
    assert "2.1" in str(words)
    approved = company.walk(programme, "approved")
    made = INSPECTION.objects.get(id=approved.rounds[0].ref("inspection"))
    assert (made.ref("inspected"), made.planned_on) == (company.department("SAL"), dt.date(2026, 3, 15))
