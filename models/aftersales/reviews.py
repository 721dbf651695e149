"""The service review (2.4.5): what the tickets of a period come to, frozen once approved, and what is done then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..chapters import SERVICE
from ..departments import Code
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    OWNER,
    READ,
    REASON,
    Access,
    Choice,
    Day,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Retention,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    workdays,
    working_time,
)
from .figures import SPECS, UNITS, figures
from .review_cases import Cases, keep_cases

BACKWARDS = L("The period ends before it begins.", "期間結束早於開始。")
TOO_LONG = L("A review is of one year at most.", "總結期間最長一年。")
YEAR_DAYS = 366


class ReviewFigure(Line):
    """A figure of the period, with how many cases it is of."""

    code = Choice({code: spec.label for code, spec in SPECS.items()}, computed=True, label=L("Figure", "指標"))
    value = Number(places=2, computed=True, label=L("Value", "數值"))
    unit = Choice(UNITS, computed=True, label=L("Unit", "單位"))
    n = Whole(computed=True, label=L("Of how many (n)", "樣本數（n）"))


class ImprovementMeasure(Line):
    """What is to become better, by whom, until when."""

    what = Text(required=True, most=300, label=L("ImprovementMeasure", "改進措施"))
    owner = Ref("User", required=True, label=L("Owner", "責任人"))
    due = Day(label=L("Due", "期限"))
    done = Day(label=L("Done", "完成日期"))


def task_of(review: ServiceReview, measure: ImprovementMeasure) -> Mapping[str, Any] | None:
    """The task that a measure becomes for its owner; a day is due when its work ends. What is done already is none."""
    if measure.done:
        return None
    owner = measure.ref("owner")
    due = working_time.calendar_of(review.ref("department")).end_of(measure.due) if measure.due else None
    about = f"service_review:{review.id}"
    return {"subject": measure.what[:200], "about": about, "due": due, "assignee": owner, "owner": owner}


@record(
    label=L("Service review", "服務總結"),
    plural=L("Service reviews", "服務總結"),
    chapter=SERVICE,
    clause="2.4.5",
    number="SVR-{yyyy}-{seq:3}",
    title="{subject}",
    grid=Grid("number subject first_day last_day owner state", search="subject", sort="-last_day"),
    form=(
        Part(
            L("Period", "期間"),
            "subject first_day last_day figures",
            clause="2.4.5",
            help=L(
                "The figures are counted when the period is set, when the review is submitted, and a last time when it "
                "is approved. From then on they and their tickets stand as they are.",
                "設定期間及提交時按工單自動計算，批准時最後計算一次，之後數據及其所依據的工單不再改變。",
            ),
        ),
        Part(L("What was learned", "總結"), "problems conclusion", clause="2.4.5"),
        Part(L("Measures", "改進措施"), "measures", clause="2.4.5"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require="problems measures"),
            Move("approve", "submitted", "approved", by=HEAD, within=workdays(3)),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
        ),
    ),
    access=Access(departments={Code.SERVICE}, named={"measures.owner": READ}),
    retention=Retention(archive=1095, delete=10),
    follow_ups=(FollowUp("make_tasks", "Task", L("Tasks", "任務"), each="measures", on="approve", fill=task_of),),
)
class ServiceReview(Record):
    """What the tickets of a period come to, and what is done about it (2.4.5)."""

    subject = Text(required=True, most=120, label=L("Title", "標題"))
    first_day = Day(required=True, label=L("From", "開始日期"))
    last_day = Day(required=True, label=L("Until", "結束日期"))
    figures = Lines(ReviewFigure, computed=True, label=L("Figures", "數據"))
    counted_for = Text(internal=True, label=L("Counted for the period", "已計算期間"))
    problems = LongText(label=L("Common problems", "常見問題"))
    conclusion = LongText(label=L("Conclusion", "結論"))
    measures = Lines(
        ImprovementMeasure, owner="owner", due="due", done="done", due_in="approved", label=L("Measures", "改進措施")
    )

    def clean(self) -> None:
        if (period := f"{self.first_day} {self.last_day}") != self.counted_for:
            self._count()
            self.counted_for = period

    def _count(self) -> Cases:
        """Count the figures of the period; the records that each is of."""
        if not (self.first_day and self.last_day and self.first_day <= self.last_day):
            return {}
        counted = list(figures(self.ref("department"), self.first_day, self.last_day))
        self.figures = [
            ReviewFigure(code=item.code, value=item.value, unit=SPECS[item.code].unit, n=item.n) for item in counted
        ]
        return {item.code: item.cases for item in counted}

    def on_submit(self, actions: MoveActions) -> None:
        """Count what the head decides on."""
        self._count()

    def on_approve(self, actions: MoveActions) -> None:
        """Count a last time; from now on the figures and the records that they are of stand as they are."""
        keep_cases(self.id, self._count())

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            yield "last_day", BACKWARDS
        elif self.first_day and self.last_day and (self.last_day - self.first_day).days > YEAR_DAYS:
            yield "last_day", TOO_LONG
