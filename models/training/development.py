"""Development plans (5.3): where somebody wants to go, what they can do by three voices, and half-yearly talks.

What is proven is never typed: it follows from certificates and courses passed (`growth.py`). Tasks that goals become
do not say what the goal is, since a department reads its tasks and no plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..chapters import TRAINING
from ..kernel.base import clock, people
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    READ,
    REASON,
    WRITE,
    Access,
    Choice,
    Day,
    Flag,
    FollowUp,
    Grid,
    Kept,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Unique,
    Words,
    Workflow,
    any_of,
    head_in,
    record,
    role,
    user_in,
    workdays,
)
from ..kernel.language.working_time import calendar_of
from ..organisation import User
from ..skill_levels import LEVELS
from .certificates import last_day

HALF_YEAR = 6  # months
RUNNING = "active talk_due"
CHAIN_MAX = 20
EMPLOYEE = user_in("employee", L("Employee", "員工本人"), own=True)
SUPERIOR = any_of(user_in("employee.manager", L("Manager", "直屬上級")), head_in("department"))
SUPERIOR_OR_HR = any_of(
    user_in("employee.manager", L("Manager", "直屬上級"), own=True), head_in("department"), role(Role.HR, own=True)
)
GOAL_DUE = L("Goal {place} of development plan {number}", "職業發展規劃 {number} 第 {place} 項目標")
OWN_MENTOR = L("Nobody is their own mentor.", "導師不能為本人。")
MENTOR_ABOVE = L(
    "The mentor is a superior of the employee: say why, or choose somebody else.",
    "導師為該員工的上級，請說明原因或另選他人。",
    code="required",
)


class SkillLine(Line):
    """A skill by what the employee and the superior say; what proves it is the course."""

    skill = Text(required=True, most=80, label=L("Skill", "技能"))
    course = Ref("Course", label=L("Proven by the course", "佐證課程"))
    own = Choice(LEVELS, edit=EMPLOYEE, label=L("By the employee", "自評"))
    superior = Choice(LEVELS, edit=SUPERIOR, label=L("By the superior", "上級評"))


class PathLine(Line):
    """A position on the way, and by when."""

    position = Ref("Position", required=True, label=L("Position", "崗位"))
    by = Day(label=L("By", "目標日期"))


class GoalLine(Line):
    """A goal, by what it is known to be reached, and by when."""

    goal = Text(required=True, most=200, label=L("Goal", "發展目標"))
    measure = Text(most=200, label=L("Reached when", "達成標準"))
    due = Day(required=True, label=L("Due", "期限"))
    done = Flag(default=False, label=L("Reached", "已達成"))


class TalkLine(Line):
    """A talk of a half-year, and what was agreed."""

    held_on = Day(label=L("Held on", "日期"))
    notes = LongText(label=L("Agreed", "面談結論"))


def task_of(plan: DevelopmentPlan, line: GoalLine) -> Mapping[str, Any] | None:
    """The task of a goal that is not reached, which says nothing of it."""
    if line.done:
        return None
    person = plan.ref("employee")
    place = 1 + [each.key for each in plan.goals].index(line.key)
    words = GOAL_DUE(place=place, number=plan.number).in_locale(people.locale_of(person))
    due = calendar_of(plan.ref("department")).end_of(line.due)
    return {"subject": words, "about": f"development_plan:{plan.id}", "assignee": person, "owner": person, "due": due}


@record(
    label=L("Development plan", "職業發展規劃"),
    plural=L("Development plans", "職業發展規劃"),
    chapter=TRAINING,
    clause="5.3",
    number="DP-{yyyy}-{seq:4}",
    title="{employee}",
    grid=Grid("number employee direction mentor next_talk state", sort="-next_talk"),
    form=(
        Part(L("Person", "員工"), "employee interests strengths direction mentor mentor_reason", clause="5.3"),
        Part(L("Promotion path", "晉升路徑"), "path"),
        Part(L("Skills", "技能"), "skills"),
        Part(L("Goals", "發展目標"), "goals"),
        Part(L("Half-yearly talk", "半年面談"), "next_talk talk_notes talks"),
    ),
    belongs_to="employee",
    in_menu=True,
    access=Access(
        read={Role.CLERK: Scope.OWN, Role.SUPERVISOR: Scope.NONE, Role.HR: Scope.ALL},
        write={**dict.fromkeys(Role, Scope.OWN), Role.HEAD: Scope.DEPARTMENT, Role.HR: Scope.ALL},
        named={"employee": WRITE, "employee.manager": WRITE, "mentor": READ},
        private=True,
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=EMPLOYEE, require="direction goals"),
            Move("agree", "submitted", "active", by=SUPERIOR, within=workdays(10), label=L("Agree", "同意")),
            Move("return", "submitted", "draft", by=SUPERIOR, ask=REASON),
            Move("open_talk", "active", "talk_due", at="next_talk", of_day="start", label=L("Talk due", "到期面談")),
            Move(
                "hold_talk",
                "talk_due",
                "active",
                by=SUPERIOR_OR_HR,
                ask="talk_notes",
                require="talk_notes",
                within=workdays(10),
                label=L("Note the talk", "記錄面談"),
            ),
            Move("close", RUNNING, "closed", by=SUPERIOR_OR_HR, ask=REASON, optional=True),
        ),
        edit=f"draft {RUNNING}",
        facts=(
            State("active", L("In force", "執行中"), tone="progress"),
            State("talk_due", L("Talk due", "待面談"), tone="wait"),
        ),
    ),
    unique=(Unique("employee", while_in=f"draft submitted {RUNNING}"),),
    reminders=(
        Remind("next_talk", before=7, to=any_of(EMPLOYEE, SUPERIOR), states="active"),
        Remind("next_talk", overdue=14, to=role(Role.HR), states="talk_due"),
        Remind("goals.due", before=7, to=EMPLOYEE, states=RUNNING, unless="goals.done"),
    ),
    follow_ups=(
        FollowUp(
            "make_tasks",
            "Task",
            L("Make the tasks", "生成任務"),
            each="goals",
            fill=task_of,
            kept=Kept("due", drop="cancel", drop_in="todo doing", while_in=RUNNING, none_in="closed"),
        ),
    ),
    retention=Retention(archive=1095, delete=5),
)
class DevelopmentPlan(Record):
    """Where somebody wants to go, what they can do, and what is done for it (5.3)."""

    employee = Ref("User", required=True, fixed=True, label=L("Employee", "員工"))
    interests = LongText(label=L("Interests", "興趣"))
    strengths = LongText(label=L("Strengths", "特長"))
    direction = Text(most=200, label=L("Direction", "發展方向"))
    mentor = Ref("User", informs=True, label=L("Mentor", "導師"))
    mentor_reason = Text(most=200, label=L("Why a superior is mentor", "由上級任導師的原因"))
    path = Lines(PathLine, most=10, label=L("Promotion path", "晉升路徑"))
    skills = Lines(SkillLine, most=60, label=L("Skills", "技能"))
    goals = Lines(GoalLine, most=40, label=L("Goals", "發展目標"))
    next_talk = Day(computed=True, label=L("Next talk", "下次面談"))
    talk_notes = LongText(edit=SUPERIOR_OR_HR, label=L("Agreed in the talk", "面談結論"))
    talks = Lines(TalkLine, computed=True, label=L("Talks held", "歷次面談"))

    def clean(self) -> None:
        """It is the employee's."""
        if not self.version and self.ref("employee"):
            self.put("owner", self.ref("employee"))

    def check(self) -> Iterator[tuple[str, Words]]:
        mentor = self.ref("mentor")
        if mentor and mentor == self.ref("employee"):
            yield "mentor", OWN_MENTOR
        elif mentor and not self.mentor_reason and mentor in superiors_of(self.ref("employee")):
            yield "mentor_reason", MENTOR_ABOVE

    def on_agree(self, actions: MoveActions) -> None:
        """From then on there is a talk in each half-year."""
        self.next_talk = last_day(clock.today(), HALF_YEAR)

    def on_hold_talk(self, actions: MoveActions) -> None:
        """The talk is noted, and the next one stands half a year later."""
        self.talks = [*(self.talks or ()), TalkLine(held_on=clock.today(), notes=self.talk_notes)]
        self.talk_notes = None
        self.next_talk = last_day(clock.today(), HALF_YEAR)


def superiors_of(person: ObjectId | None) -> set[ObjectId]:
    """The managers of somebody, one above the other, and the heads of their department and of those above it."""
    row = in_unit(User.type_name()).find_one({"_id": person}, {"manager": 1, "department": 1}) if person else None
    if row is None:
        return set()
    home = row.get("department")
    places = [id for id in (home, *people.departments_above(home)) if id]
    heads = {
        row["head"] for row in in_unit("department").find({"_id": {"$in": places}}, {"head": 1}) if row.get("head")
    }
    chain: list[ObjectId] = []
    while (above := row and row.get("manager")) and above not in chain and len(chain) < CHAIN_MAX:
        chain.append(above)
        row = in_unit(User.type_name()).find_one({"_id": above}, {"manager": 1})
    return (heads | set(chain)) - {person}
