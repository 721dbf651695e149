"""What a project has come to (4.3), by hand-computed values, and how it counts in the evaluation of who worked on it.

Of five phases with a baseline three are due, two of them ended in time: 66.67. 105,000 of 100,000 spent: a quarter of
the way to a fifth too much, 75. Of two design documents one was given back first: 50. Goals 80 × 60 % + 60 × 40 %: 72.
By 25, 20, 15 and 40: 16.667 + 15 + 7.5 + 28.8 = 67.967.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from bson import Decimal128
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import project_points
from models.assessment.filling import exact_of
from models.assessment.forms import FormItem
from models.assessment.project_assessments import ProjectGoal, ProjectPerson
from models.assessment.project_points import NO_DATA, ProjectShare
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from tests.fixtures.rounds import CYCLE, FORM, INDICATOR, SHEET

PROJECT, RESULT, DESIGN = catalogue["project"], catalogue["project_assessment"], catalogue["design_document"]
NOW = dt.datetime(2026, 11, 12, 2, tzinfo=dt.UTC)
TOTAL = Fraction(25 * 200, 300) + Fraction(20 * 75, 100) + Fraction(15 * 50, 100) + Fraction(40 * 72, 100)


def day(month: int, number: int) -> dt.datetime:
    return clock.stored_day(dt.date(2026, month, number))


@pytest.fixture
def begun(company: Any) -> Any:
    """An assessment of a project of development, as its leader begins it."""
    with clock.set_to(NOW):
        team = [{"user": company.users["clerk_svc"], "part": "測試", "key": "b"}]
        project = company.make("project", "clerk_rnd", name="控制器")
        for subject in ("總體", "接口"):
            values = {"project": project.id, "subject": subject, "body": "正文", "lead": company.users["head_rnd"]}
            document = changes.create(DESIGN, values, actor=company.actor("clerk_rnd"))
            ways = ["submit", "approve"] if subject == "總體" else ["submit", "return", "submit", "approve"]
            for verb in ways:
                login = "clerk_rnd" if verb == "submit" else "head_rnd"
                context, document = Context(reason="補充"), DESIGN.objects.get(id=document.id)
                changes.move(
                    DESIGN, document.id, verb, actor=company.actor(login), version=document.version, context=context
                )
        plan = ((9, 1, 9, 1), (10, 1, 9, 30), (11, 1, None, None), (12, 1, None, None), (12, 31, None, None))
        phases = [
            {"phase": f"p{n}", "key": f"k{n}", "baseline": day(m, d), **({"ended": day(em, ed)} if em and ed else {})}
            for n, (m, d, em, ed) in enumerate(plan)
        ]
        facts = {"phases": phases, "granted": Decimal128("100000"), "spent": Decimal128("105000"), "team": team}
        facts |= {"leader": company.users["clerk_rnd"], "state": "maintenance"}
        get_db().project.update_one({"_id": project.id}, {"$set": facts})
        [made] = changes.follow_up(PROJECT, project.id, "assess_result", actor=company.actor("clerk_rnd"))
        goals = [ProjectGoal(goal="按期交付", weight=Decimal(60)), ProjectGoal(goal="客戶驗收", weight=Decimal(40))]
        yield changes.update(RESULT, made.id, {"goals": goals}, actor=company.actor("clerk_rnd"), version=made.version)


def act(company: Any, given: Any, verb: str, login: str, reason: str = "") -> Any:
    fresh = RESULT.objects.get(id=given.id)
    context = Context(reason=reason)
    return changes.move(RESULT, fresh.id, verb, actor=company.actor(login), version=fresh.version, context=context)


def published(company: Any, given: Any) -> Any:
    act(company, given, "submit", "clerk_rnd")
    given = RESULT.objects.get(id=given.id)
    for line, score in zip(given.goals, (80, 60), strict=True):
        line.score, line.claimed = Decimal(score), line.key
    changes.update(
        RESULT, given.id, {"goals": list(given.goals)}, actor=company.actor("head_rnd"), version=given.version
    )
    act(company, given, "score", "head_rnd")
    return act(company, given, "publish", "management")


def test_a_project_is_measured_and_scored_by_the_hand_computed_values(company: Any, begun: Any) -> None:
    assert [(line.ref("person"), line.share) for line in begun.people] == [
        (company.users["clerk_rnd"], 50), (company.users["clerk_svc"], 50),
    ]  # fmt: skip
    assert begun.ref("department") == company.department("RND")
    given = published(company, begun)
    assert Fraction(given.exact) == TOTAL
    assert (given.total, given.coverage) == (Decimal("67.97"), 100)
    assert [(line.part, line.met, line.of, line.points) for line in given.parts] == [
        ("milestones", 2, 3, Decimal("66.67")),
        ("budget", 105_000, 100_000, 75),
        ("reviews", 1, 2, 50),
        ("goals", None, None, 72),
    ]


def test_nobody_scores_what_they_worked_on_and_the_shares_are_whole(company: Any, begun: Any) -> None:
    people = [ProjectPerson(person=company.users[login], share=Decimal(50)) for login in ("clerk_rnd", "head_rnd")]
    leader = company.actor("clerk_rnd")
    given = changes.update(RESULT, begun.id, {"people": people}, actor=leader, version=begun.version)
    act(company, given, "submit", "clerk_rnd")
    for login in ("head_rnd", "clerk_rnd", "hr"):
        with pytest.raises((Forbidden, Missing)):
            act(company, given, "score", login)
    given = RESULT.objects.get(id=given.id)
    for line in given.goals:
        line.score, line.claimed = Decimal(70), line.key
    above = company.actor("management")
    for lines in (given.goals[:1], [ProjectGoal(goal="加分", weight=Decimal(50), score=Decimal(99)), *given.goals]):
        with pytest.raises((Refused, Forbidden)):
            changes.update(RESULT, given.id, {"goals": list(lines)}, actor=above, version=given.version)
    changes.update(RESULT, given.id, {"goals": list(given.goals)}, actor=above, version=given.version)
    assert act(company, given, "score", "management").state == "scored"


def test_who_worked_on_it_learns_it_when_it_is_published(
    company: Any, begun: Any, browser_as: Any, program: Any
) -> None:
    """Scored, the leader sees the record without a number, and the team nothing; published, both see it."""
    original = RESULT.objects.get(id=begun.id)
    act(company, original, "submit", "clerk_rnd")
    given = RESULT.objects.get(id=begun.id)
    for line, score in zip(given.goals, ("81.3", "61.3"), strict=True):
        line.score, line.claimed = Decimal(score), line.key
    changes.update(
        RESULT, given.id, {"goals": list(given.goals)}, actor=company.actor("head_rnd"), version=given.version
    )
    given = act(company, given, "score", "head_rnd")
    figures = (str(given.total), "81.3", "61.3", "73.3")

    def said(login: str) -> str:
        browser = browser_as(login, is_new=True)
        pages = [
            browser.get(f"/admin/project_assessment/{p}/", {"id": given.id}) for p in ("details", "history", "edit")
        ]
        pages += [
            browser.get("/admin/project_assessment/", {"size": "200"}),
            program(login).get(f"project_assessment/{given.id}"),
        ]
        pages += [
            browser.get("/admin/project_assessment/export/csv/"),
            program(login).get(f"project_assessment/{given.id}/history"),
        ]
        return " ".join(page.text for page in pages)

    for login in ("clerk_rnd", "clerk_svc", "head_svc", "finance"):
        assert not [figure for figure in figures if figure in said(login)], login
    assert figures[0] in said("hr")
    act(company, given, "publish", "management")
    for login in ("clerk_rnd", "clerk_svc"):
        assert figures[0] in said(login), login
    assert figures[0] not in said("head_svc")


def test_projects_count_in_the_evaluation_of_the_period_by_the_share_in_each(company: Any, begun: Any) -> None:
    """A form of projects alone: the sheet of who worked on it has the exact total; who did not is not assessable."""
    with clock.set_to(dt.datetime(2026, 12, 15, 2, tzinfo=dt.UTC)):
        published(company, begun)
    total = Fraction(RESULT.objects.get(id=begun.id).exact)
    with clock.set_to(dt.datetime(2027, 1, 8, 2, tzinfo=dt.UTC)):
        item = changes.create(INDICATOR, {"name": "項目成果", "group": "quality", "how": "projects"}, actor=SYSTEM)
        values = {"name": "年度綜合評價", "items": [FormItem(indicator=item.id, weight=Decimal(100))]}
        get_db().indicator.update_one({"_id": item.id}, {"$set": {"state": "in_force"}})
        form = changes.create(FORM, values, actor=SYSTEM)
        get_db().assessment_form.update_one({"_id": form.id}, {"$set": {"state": "in_force"}})
        values = {"name": "2026 年度", "kind": "year", "first_day": dt.date(2026, 1, 1), "forms": [form.id],
                  "departments": [company.department("RND"), company.department("SVC")],
                  "score_until": dt.date(2027, 1, 20)}  # fmt: skip
        cycle = changes.create(CYCLE, values, actor=company.actor("hr"))
        cycle = changes.move(CYCLE, cycle.id, "open", actor=company.actor("hr"), version=cycle.version)
        changes.follow_up(CYCLE, cycle.id, "make_sheets", actor=company.actor("hr"))
        totals = {}
        for login in ("clerk_rnd", "clerk_svc", "head_rnd"):
            sheet = SHEET.objects.get(employee=company.users[login])
            changes.move(SHEET, sheet.id, "score", actor=SYSTEM, version=None)
            totals[login] = exact_of(SHEET.objects.get(id=sheet.id))
    assert totals == {"clerk_rnd": total, "clerk_svc": total, "head_rnd": None}


def test_totals_of_projects_weigh_by_the_share() -> None:
    """80 by 30 %, 50 by 60 %, and one that could not be assessed: (2400 + 3000) / 90 = 60."""
    known = [ProjectShare(30, Fraction(80)), ProjectShare(60, Fraction(50)), ProjectShare(10, NO_DATA)]
    assert project_points.of_person(known) == 60
    assert project_points.of_person([]) is NO_DATA
    assert project_points.in_budget(None, 5).points is NO_DATA
    assert project_points.in_budget(100, 130).points == 0
    assert (
        project_points.in_time([(dt.date(2026, 5, 1), None), (dt.date(2026, 7, 1), None)], dt.date(2026, 6, 1)).points
        == 0
    )
    assert project_points.of_goals([(60, 80), (40, None)]) is NO_DATA
