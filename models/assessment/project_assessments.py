"""Assessments of projects (4.3): what a project has reached, measured by its own milestones, budget and reviews and
scored by people, and who worked on it in which share. `project_points.py` has the arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..chapters import SUPERVISION
from ..kernel.base import clock
from ..kernel.base.addresses import at_role_in, at_user
from ..kernel.base.arithmetic.shares import apportioned
from ..kernel.base.case import Case
from ..kernel.base.people import department_facts
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    OWNER,
    READ,
    REASON,
    WRITER,
    Access,
    ApproverSlot,
    Choice,
    Day,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Need,
    Number,
    Part,
    Quorum,
    Record,
    Ref,
    Refs,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Unique,
    Who,
    Whole,
    Words,
    Workflow,
    but_not,
    during,
    in_state,
    record,
    role,
    workdays,
)
from ..kernel.language.relations import related
from . import project_points
from .filling import shown
from .project_points import BUDGET, GOALS, MILESTONES, PUBLISHED, REVIEWS

SUBMITTED, SCORED = "submitted", "scored"
WHOLE = Decimal(100)
PARTS = {
    MILESTONES: L("Milestones reached in time", "里程碑按期達成"),
    BUDGET: L("Budget (spent of granted)", "預算執行（已支出／批准）"),
    REVIEWS: L("Reviews passed at the first try", "評審一次通過"),
    GOALS: L("Goals reached, as scored", "目標達成（評分）"),
}
USUAL = ((MILESTONES, 25), (BUDGET, 20), (REVIEWS, 15), (GOALS, 40))
TWICE = L("This person stands there twice.", "此人員重複。", code="twice")
NOT_THEIRS = L("Goals are neither added nor taken out while they are scored.", "評分期間不得增減目標。")
NOT_WHOLE = L("The weights of the parts add up to 100.", "各部分權重合計應為 100。")
DELIVERED = L(
    "The result of “{title}” is published; you are named among those who worked on it.",
    "「{title}」的項目考核已公佈，您列於參與人員。",
)


def _head_apart(record: Case) -> Quorum:
    """The head of the department; where that head worked on the project, or submitted this, the one above."""
    department = record.ref("department")
    heads = {"_id": {"$in": list(record.ids_at("people.person"))}, "roles": Role.HEAD, "department": department}
    is_involved = record.submitted_by_head or in_unit("user").find_one(heads, {"_id": 1}) is not None
    facts = department_facts(department)
    place = facts.parent if is_involved and facts else department
    return Quorum((ApproverSlot("head", (at_role_in(Role.HEAD, place),) if place else ()),), 1)


HEAD_APART = Who(L("Head of the department, or the one above", "部門負責人或上一級負責人"), _head_apart)
SCORER = but_not("people.person", HEAD_APART)  # nobody scores what they worked on
APPROVER = but_not("people.person", role(Role.MANAGEMENT))
OVERSIGHT = (
    related(but_not("people.person", role(Role.HR, own=True)))
    | but_not("people.person", role(Role.MANAGEMENT, own=True))
    | SCORER
)
SEEN = OVERSIGHT.limited_to((SUBMITTED, SCORED)) | in_state(PUBLISHED)  # whoever worked on it learns it when it is out


def _add_up(lines: Iterable[Any] | None, column: str) -> bool:
    return sum((line.raw(column) or Decimal() for line in lines or ()), Decimal()) == WHOLE


GOALS_ADD_UP = Need(
    L("Each goal is named, and their weights add up to 100", "各目標均已填寫且權重合計為 100"),
    lambda given: _add_up(given.goals, "weight") and all(line.goal for line in given.goals or ()),
)
SHARES_ADD_UP = Need(
    L("The shares of those who worked on it add up to 100", "參與人員占比合計為 100"),
    lambda given: _add_up(given.people, "share"),
)
ALL_SCORED = Need(
    L("Each goal has its score", "各目標均已評分"),
    lambda given: all(line.score is not None for line in given.goals or ()),
)


class ResultPart(Line):
    """A part of the result: its weight, how much of it was met, its points."""

    part = Choice(PARTS, required=True, label=L("Part", "部分"))
    weight = Number(places=2, required=True, least=0, most=100, label=L("Weight", "權重"))
    met = Number(places=2, computed=True, see=SEEN, label=L("Met", "達成"))
    of = Number(places=2, computed=True, see=SEEN, label=L("Of", "總計"))
    points = Number(places=2, computed=True, see=SEEN, label=L("Points", "得分"))


class ProjectGoal(Line):
    """A goal of the project: its weight and how far it was reached, as the head of the department scores it."""

    goal = Text(most=200, edit=during("draft", WRITER), label=L("Goal", "目標"))
    weight = Number(
        places=2,
        least=Decimal("0.01"),
        most=100,
        edit=during("draft", WRITER),
        label=L("Weight", "權重"),
    )
    score = Number(
        places=1,
        least=0,
        most=100,
        see=SEEN,
        edit=during(SUBMITTED, SCORER),
        label=L("Score (0 to 100)", "評分（0—100）"),
    )
    remark = Text(most=500, see=SEEN, edit=during(SUBMITTED, SCORER), label=L("Remark", "評語"))


class ProjectPerson(Line):
    """Somebody who worked on the project, and their share in it."""

    person = Ref("User", required=True, label=L("Person", "人員"))
    part = Text(most=60, label=L("Role in the project", "項目角色"))
    share = Number(places=2, required=True, least=Decimal("0.01"), most=100, unit="%", label=L("Share", "占比"))


def usual_parts() -> list[ResultPart]:
    return [ResultPart(part=part, weight=Decimal(weight)) for part, weight in USUAL]


@record(
    label=L("Project assessment", "項目考核"),
    plural=L("Project assessments", "項目考核"),
    chapter=SUPERVISION,
    clause="4.3",
    number="PA-{yyyy}-{seq:3}",
    title="{project}",
    grid=Grid("number project published_on state", sort="-number"),
    form=(
        Part(L("Project", "項目"), "project summary", clause="4.3"),
        Part(
            L("Goals", "目標"),
            "goals",
            help=L(
                "The weights add up to 100. The head of the department scores them; nobody scores what they worked on.",
                "權重合計 100，由部門負責人評分；參與項目者不得評分。",
            ),
        ),
        Part(
            L("People", "參與人員"),
            "people",
            help=L(
                "The shares add up to 100; by them the result counts in the evaluation of each person. Left empty, the "
                "leader and the team are entered in equal shares.",
                "占比合計 100；項目結果按占比計入個人綜合評價。留空時按項目負責人及團隊均分。",
            ),
        ),
        Part(
            L("Result", "結果"),
            "parts total coverage measured_on published_on recipients",
            help=L(
                "Milestones, budget and design reviews are measured when the goals are scored. A budget that is kept "
                "is worth 100 points, one exceeded by a fifth none. Parts without data leave their weight to the "
                "others; below 60 % of the weight there is no total.",
                "里程碑、預算及設計評審於評分時由系統計算；預算內為 100 分，超支兩成為 0 分。"
                "無數據的部分權重分配至其他部分；有效權重不足 60% 不予評定。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", SUBMITTED, by=OWNER, require=("goals", "people", GOALS_ADD_UP, SHARES_ADD_UP)),
            Move(
                "score",
                SUBMITTED,
                SCORED,
                by=SCORER,
                require=(ALL_SCORED,),
                within=workdays(5),
                label=L("Close the scores", "完成評分"),
            ),
            Move("return", SUBMITTED, "draft", by=SCORER, ask=REASON),
            Move("publish", SCORED, PUBLISHED, by=APPROVER, within=workdays(5)),
            Move("return", SCORED, "draft", by=APPROVER, ask=REASON),
        ),
        ends=PUBLISHED,
        edit="draft",
        facts=(State(SCORED, L("Scored", "已評分"), tone="wait"),),
    ),
    access=Access(
        read={Role.CLERK: Scope.OWN, Role.HEAD: Scope.DEPARTMENT, Role.HR: Scope.ALL},
        write={Role.CLERK: Scope.OWN, Role.HEAD: Scope.DEPARTMENT, Role.HR: Scope.ALL},
        named={"recipients": READ},
    ),
    unique=(Unique("project"),),
    retention=Retention(archive=1095, delete=5),
)
class ProjectAssessment(Record):
    """What a project has come to, and whose it is (4.3)."""

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    summary = LongText(label=L("Summary", "總結"))
    parts = Lines(ResultPart, whole="part", default=usual_parts, most=4, label=L("Parts of the result", "結果構成"))
    goals = Lines(
        ProjectGoal,
        most=20,
        edit=during("draft", WRITER) | during(SUBMITTED, SCORER),
        label=L("Goals", "目標"),
    )
    people = Lines(ProjectPerson, most=100, label=L("People", "參與人員"))
    total = Number(places=2, computed=True, see=SEEN, label=L("Total", "總分"))
    coverage = Number(places=2, computed=True, see=SEEN, unit="%", label=L("Of the weight", "有效權重"))
    measured_on = Day(computed=True, label=L("Measured on", "計算日期"))
    published_on = Day(computed=True, label=L("Published on", "公佈日期"))
    recipients = Refs("User", computed=True, label=L("Published to", "公佈對象"))
    exact = Text(internal=True, most=200, label=L("Exact total", "精確總分"))
    count = Whole(internal=True, label=L("Number of goals", "目標數"))

    def clean(self) -> None:
        if not self.parts:
            self.parts = usual_parts()
        row = in_unit("project").find_one({"_id": self.ref("project")}) if not self.number else None
        if row is None:
            return
        self.put("department", row.get("department"))
        if not self.people:
            self.people = list(_team_of(row))

    def check(self) -> Iterator[tuple[str, Words]]:
        seen = set()
        for place, line in enumerate(self.people or ()):
            if line.ref("person") in seen:
                yield f"people.{place}.person", TWICE
            seen.add(line.ref("person"))
        if not _add_up(self.parts, "weight"):
            yield "parts", NOT_WHOLE
        if self.state == SUBMITTED and self.count and len(self.goals or ()) != self.count:
            yield "goals", NOT_THEIRS

    def on_submit(self, _actions: MoveActions) -> None:
        """Whoever scores neither adds nor takes out goals."""
        self.count = len(self.goals or ())

    def on_score(self, _actions: MoveActions) -> None:
        """Measure the project as it stands now, and put both together."""
        row = in_unit("project").find_one({"_id": self.ref("project")})
        known = project_points.measured(row, clock.today()) if row else {}
        points = {part: figure.points for part, figure in known.items()}
        points[GOALS] = project_points.of_goals([(line.weight, line.score) for line in self.goals or ()])
        parts = list(self.parts or ())
        for line in parts:
            figure = known.get(line.part)
            line.met, line.of = (shown(Fraction(figure.met)), shown(Fraction(figure.of))) if figure else (None, None)
            line.points = shown(points[line.part])
        total = project_points.total_of({line.part: line.weight for line in parts}, points)
        self.parts, self.measured_on = parts, clock.today()
        self.total, self.coverage = shown(total.value), shown(100 * total.coverage)
        self.exact = str(total.value) if total.is_assessable else None

    def on_return(self, _actions: MoveActions) -> None:
        """What was measured is measured anew when it is scored again."""
        self.total = self.coverage = self.exact = self.measured_on = None
        for line in self.parts or ():
            line.met = line.of = line.points = None

    def on_publish(self, actions: MoveActions) -> None:
        """Those who worked on it see it from now on, and it counts in their evaluation."""
        self.published_on, people = clock.today(), [line.ref("person") for line in self.people or ()]
        self.put("recipients", people)
        actions.notify(self, [at_user(id) for id in people], NoticeKind.PUBLISHED, DELIVERED(title=self.title))


def _team_of(project: Any) -> Iterator[ProjectPerson]:
    """The leader and the team of a project, in equal shares until somebody says others."""
    team = {line["user"]: line.get("part") for line in project.get("team") or ()}
    ids = list(dict.fromkeys([*([project["leader"]] if project.get("leader") else []), *team]))
    for id, part in zip(ids, apportioned(10_000, [1] * len(ids)) if ids else [], strict=True):
        yield ProjectPerson(person=id, part=team.get(id), share=Decimal(part).scaleb(-2))
