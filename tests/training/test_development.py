"""A development plan: three values of a skill of which the third is proven, the gap to the next position, tasks that do
not say the goal, talks by rule, and who reads it; and the judgement that opens 90 days after a training."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.rights import rights
from models.organisation import RequiredSkill
from models.training import courses
from models.training.certificates import Certificate
from models.training.courses import Course, Lesson
from models.training.development import DevelopmentPlan, GoalLine, PathLine, SkillLine, superiors_of
from models.training.growth import growth_of, path_of
from models.training.judgements import TrainingFeedback
from models.training.sessions import Participant, TrainingSession
from tests.fixtures.doing import do

NINE = dt.datetime(2026, 1, 12, 1, tzinfo=dt.UTC)
SECRET = "轉做產品經理"


def update(cls: Any, id: Any, values: dict[str, Any], *, actor: Any) -> Any:
    """A change of the record as it stands."""
    known = cls.objects.get(id=id)
    return changes.update(cls, id, values, actor=actor, version=known.version)


class Planned:
    """A plan of clerk_sal from one position to another that asks for two skills and a course."""

    def __init__(self, company: Any) -> None:
        self.company, hr = company, company.actor("hr")
        lessons = [Lesson(title="一", text="甲")]
        values = {"name": "報價課程", "trainer": company.users["head_sal"], "lessons": lessons, "proves": "3"}
        self.course = changes.create(Course, values, actor=hr)
        skills = [RequiredSkill(skill="報價", level="3", course=self.course.id), RequiredSkill(skill="談判", level="2")]
        position = catalogue["position"]
        self.upper = changes.create(position, {"name": "高級銷售", "skills": skills}, actor=hr)
        self.other = changes.create(position, {"name": "市場策劃"}, actor=hr)
        leads = [self.upper.id, self.other.id]
        self.here = changes.create(position, {"name": "銷售", "leads_to": leads}, actor=hr)
        self.course = update(Course, self.course.id, {"positions": [self.upper.id]}, actor=hr)
        self.course = changes.move(Course, self.course.id, "publish", actor=hr, version=self.course.version)
        update(catalogue["user"], company.users["clerk_sal"], {"position": self.here.id}, actor=SYSTEM)
        me = company.actor("clerk_sal")
        values = {
            "employee": me.id,
            "direction": "銷售管理",
            "path": [PathLine(position=self.upper.id, by=dt.date(2027, 1, 1))],
            "goals": [GoalLine(goal=SECRET, due=dt.date(2026, 6, 30))],
            "mentor": company.users["clerk_mkt"],
        }
        self.plan = changes.create(DevelopmentPlan, values, actor=me)

    def move(self, verb: str, login: str, **values: Any) -> Any:
        now = self.company.fresh(self.plan)
        context = Context(confirmed=True)
        actor = self.company.actor(login)
        self.plan = changes.move(
            DevelopmentPlan, now.id, verb, actor=actor, values=values, version=now.version, context=context
        )
        return self.plan

    def skills(self, login: str, **levels: str) -> Any:
        lines = self.company.fresh(self.plan).skills or [SkillLine(skill="報價", course=self.course.id)]
        for name, level in levels.items():
            lines[0].put(name, level) if hasattr(lines[0], "put") else setattr(lines[0], name, level)
        actor, known = self.company.actor(login), self.company.fresh(self.plan)
        update(DevelopmentPlan, known.id, {"skills": lines}, actor=actor)
        self.plan = self.company.fresh(self.plan)
        return self.plan.skills[0]


@pytest.fixture
def planned(company: Any) -> Any:
    with clock.set_to(NINE):
        yield Planned(company)


def test_each_voice_sets_its_own_value_and_the_proof_is_never_typed(planned: Planned, company: Any) -> None:
    planned.skills("clerk_sal")
    assert planned.skills("clerk_sal", own="4", superior="4").superior is None
    line = planned.skills("head_sal", superior="2", own="1")
    assert (line.own, line.superior) == ("4", "2")
    gap, rest = growth_of(planned.plan).skills
    assert (gap.own, gap.superior, gap.proven, gap.needed, gap.is_met) == (4, 2, 0, 3, False)
    assert (rest.skill, rest.needed, rest.is_met) == ("談判", 2, False)
    facts = {"course": planned.course.id, "person": company.users["clerk_sal"], "course_edition": 1}
    facts |= {"issued_on": dt.date(2026, 1, 12), "expires_on": dt.date(2026, 12, 31)}
    facts |= {"owner": company.users["clerk_sal"], "department": company.department("SAL")}
    certificate = changes.create(Certificate, facts, actor=SYSTEM)
    growth = growth_of(planned.plan)
    assert (growth.skills[0].proven, growth.skills[0].is_met) == (3, True)
    assert [(course["name"], cell.standing) for course, cell in growth.training] == [("報價課程", "good")]
    get_db().certificate.update_one({"_id": certificate.id}, {"$set": {"state": "revoked"}})
    assert growth_of(planned.plan).skills[0].proven == 0


def test_the_way_of_positions(planned: Planned, browser_as: Any) -> None:
    first, second, third = planned.here.id, planned.upper.id, planned.other.id
    assert [step.place for step in path_of(first, [(second, None), (third, None)])] == ["here", "next", "later"]
    assert [step.place for step in path_of(second, [(first, None), (second, None), (third, None)])] == [
        "before", "here", "next",
    ]  # fmt: skip
    growth = growth_of(planned.plan)
    assert ([step.position for step in growth.steps], growth.others, growth.next) == ([first, second], (third,), second)
    page = browser_as("clerk_sal").get(f"/admin/development_plan/details/?id={planned.plan.id}").text
    drawing = page[page.index("晉升差距") - 3000 :]
    assert drawing.index("銷售") < drawing.index("高級銷售") < drawing.index("市場策劃")


def test_who_reads_it_and_who_does_not(planned: Planned, company: Any, browser_as: Any) -> None:
    """The employee, the manager and head, management above them, the mentor, human resources; nobody else by page,
    list, search, export, history or API, nor by the task that its goal became."""
    planned.move("submit", "clerk_sal")
    planned.move("agree", "head_sal")
    readers = {"clerk_sal", "head_sal", "management", "hr", "clerk_mkt"}
    for login in company.users:
        paths = ("details/?id={id}", "?q=DP", "history/?id={id}", "export/csv/")
        pages = [
            browser_as(login).get(f"/admin/development_plan/{path.format(id=planned.plan.id)}").text for path in paths
        ]
        pages.append(browser_as(login).get("/admin/task/").text)
        assert any("銷售管理" in page or SECRET in page for page in pages) == (login in readers), login
    task = get_db().task.find_one({"about": f"development_plan:{planned.plan.id}"})
    assert task["assignee"] == company.users["clerk_sal"]
    assert SECRET not in str(task)
    with pytest.raises((Missing, Forbidden)):
        update(DevelopmentPlan, planned.plan.id, {"direction": "別的"}, actor=company.actor("clerk_mkt"))


def test_everybody_begins_and_fills_in_their_own(company: Any, browser_as: Any) -> None:
    """Whatever somebody is; one that is begun for a colleague is the colleague's at once."""
    reads_others = {}
    for login, id in company.users.items():
        me = company.actor(login)
        made = changes.create(DevelopmentPlan, {"employee": id, "direction": "甲"}, actor=me)
        assert made.ref("owner") == id
        assert update(DevelopmentPlan, made.id, {"interests": "乙"}, actor=me).interests == "乙", login
        scope = rights.visible(me, DevelopmentPlan)
        others = DevelopmentPlan.objects(__raw__={"$and": [scope, {"employee": {"$ne": id}}]})
        reads_others[login] = bool(others)
    get_db().development_plan.delete_many({})
    made = changes.create(
        DevelopmentPlan, {"employee": company.users["clerk_rnd"], "direction": "甲"}, actor=company.actor("clerk_prd")
    )
    assert made.ref("owner") == company.users["clerk_rnd"]
    assert not DevelopmentPlan.objects(__raw__=rights.visible(company.actor("clerk_prd"), DevelopmentPlan))
    readers = {login for login, reads in reads_others.items() if reads}
    assert {login for login in readers if login not in ("hr", "management") and not login.startswith("head")} == set()
    for login in ("it", "finance", "supervisor"):
        assert browser_as(login).get("/admin/development_plan/new/").status_code == 200


def test_a_reached_or_dropped_goal_ends_its_task(planned: Planned, company: Any) -> None:
    planned.move("submit", "clerk_sal")
    planned.move("agree", "head_sal")
    plan = planned.plan
    goals = [*plan.goals, GoalLine(goal="第二", due=dt.date(2026, 9, 30))]
    plan = update(DevelopmentPlan, plan.id, {"goals": goals}, actor=company.actor("clerk_sal"))
    tasks = {"about": f"development_plan:{plan.id}"}
    assert get_db().task.count_documents({**tasks, "state": "todo"}) == 2
    update(DevelopmentPlan, plan.id, {"goals": plan.goals[:1]}, actor=company.actor("clerk_sal"))
    assert [row["state"] for row in get_db().task.find(tasks).sort("_id", 1)] == ["todo", "cancelled"]


def test_the_talk_comes_by_itself_each_half_year(planned: Planned, company: Any) -> None:
    planned.move("submit", "clerk_sal")
    assert planned.move("agree", "head_sal").next_talk == dt.date(2026, 7, 12)
    for day, state in ((10, "active"), (13, "talk_due")):
        with clock.set_to(dt.datetime(2026, 7, day, 2, tzinfo=dt.UTC)):
            do("moves.timed")
        assert company.fresh(planned.plan).state == state
    with clock.set_to(dt.datetime(2026, 7, 20, 2, tzinfo=dt.UTC)):
        plan = planned.move("hold_talk", "head_sal", talk_notes="多帶新人")
    assert (plan.state, plan.next_talk, plan.talk_notes) == ("active", dt.date(2027, 1, 20), None)
    assert [(line.held_on, line.notes) for line in plan.talks] == [(dt.date(2026, 7, 20), "多帶新人")]


def test_a_superior_is_mentor_with_a_reason_alone(planned: Planned, company: Any) -> None:
    me = company.actor("clerk_sal")
    assert {company.users["head_sal"]} <= superiors_of(me.id)
    for mentor in (me.id, company.users["head_sal"]):
        with pytest.raises(Refused):
            update(DevelopmentPlan, planned.plan.id, {"mentor": mentor}, actor=me)
    values = {"mentor": company.users["head_sal"], "mentor_reason": "唯一熟悉該產品的人"}
    assert update(DevelopmentPlan, planned.plan.id, values, actor=me).mentor_reason


def test_the_judgement_opens_90_days_later_for_the_superior_of_then(company: Any) -> None:
    hr, held = company.actor("hr"), NINE
    there = {"signed_in": held, "signed_out": held + dt.timedelta(hours=2)}
    lines = [Participant(person=company.users["clerk_sal"], **there), Participant(person=company.users["clerk_rnd"])]
    values = {"subject": "溝通技巧", "starts": held, "ends": held + dt.timedelta(hours=2), "cost": Decimal(0)}
    with clock.set_to(held):
        session = changes.create(TrainingSession, {**values, "participants": lines}, actor=hr)
        for verb in ("open", "hold"):
            session = changes.move(TrainingSession, session.id, verb, actor=hr, version=session.version)
    made = TrainingFeedback.objects.get()  # nobody judges whoever was not there
    assert (made.ref("assessor"), made.state) == (company.users["head_sal"], "waiting")
    update(catalogue["user"], made.ref("person"), {"manager": company.users["management"]}, actor=SYSTEM)
    with clock.set_to(held + dt.timedelta(days=89)):
        do("moves.timed")
        assert company.fresh(made).state == "waiting"
    with clock.set_to(held + dt.timedelta(days=91)):
        do("moves.timed")
        made = company.fresh(made)
        assert (made.state, made.ref("assessor")) == ("open", company.users["management"])
        values = {"applied": "mostly", "change": "better"}
        boss = company.actor("management")
        update(TrainingFeedback, made.id, values, actor=boss)
        made = company.fresh(made)
        for login in ("clerk_sal", "head_sal"):
            with pytest.raises((Forbidden, Missing, Refused)):
                changes.move(TrainingFeedback, made.id, "judge", actor=company.actor(login), version=made.version)
        made = changes.move(TrainingFeedback, made.id, "judge", actor=boss, version=made.version)
    assert made.state == "judged"


def test_a_course_that_says_so_is_judged_as_well(planned: Planned, company: Any) -> None:
    hr, me = company.actor("hr"), company.actor("clerk_sal")
    for is_judged in (False, True):
        lessons = [Lesson(title="一", text="甲")]
        values = {"name": f"課程 {is_judged}", "trainer": hr.id, "lessons": lessons, "judged": is_judged}
        course = changes.create(Course, values, actor=hr)
        course = changes.move(Course, course.id, "publish", actor=hr, version=course.version)
        courses.done_with(me, courses.join(me, course), course.lessons[0].key)
    made = TrainingFeedback.objects.get()
    assert (made.course.name, made.judge_on) == ("課程 True", NINE.date() + dt.timedelta(days=90))
