"""Indicators (4.2): what is measured, of whom, in which period, and by which counterpart it is kept honest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from mongoengine.base import get_document

from ..chapters import SUPERVISION
from ..kernel.base import clock
from ..kernel.base.arithmetic.periods import PeriodKind, of_day
from ..kernel.base.collections import in_archive
from ..kernel.base.people import Actor
from ..kernel.base.store import in_unit
from ..kernel.language import (
    OWNER,
    REASON,
    Access,
    Choice,
    Choices,
    Day,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Need,
    Number,
    Part,
    Record,
    Ref,
    Refs,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    role,
    workdays,
)
from .counting import DEPARTMENT, PERSON
from .formulas import CaseFilter, Formula, MeasureName, filter_of, made_filters, measure_of

GROUPS = {
    "process": L("Process execution", "流程執行"),
    "quality": L("Business quality", "業務質量"),
    "efficiency": L("Efficiency", "工作效率"),
    "teamwork": L("Teamwork", "團隊協作"),
}
COMPUTED, SCORED, PROJECTS = "computed", "scored", "projects"
HOW = {
    COMPUTED: L("Computed from data", "系統計算"),
    SCORED: L("Scored by people", "人員評分"),
    PROJECTS: L("Results of projects", "項目考核結果"),
}
PERIODS = {"month": L("Month", "月"), "quarter": L("Quarter", "季度"), "year": L("Year", "年度")}
IN_FORCE = "in_force"
MEASURE_NEEDED = L("A computed indicator needs a measure.", "由系統計算的指標須選擇度量。", code="required")
NOT_MEASURED = L(
    "What people score, or projects have come to, has no measure.", "由人員評分或取自項目考核的指標不選擇度量。"
)
COUNTERPART_NEEDED = L(
    "A measure of speed needs a counterpart for quality, which is shown beside it.",
    "衡量速度的指標須指定一項質量對照指標，並列顯示。",
    code="required",
)
PERIOD_STAYS = L(
    "Values of this indicator are published: end it, and enter another one with the new period.",
    "此指標已公佈數值，週期不能更改。請停用此指標，按新週期另建指標。",
)
ALSO_SPEED = L("The counterpart measures speed as well.", "對照指標同樣衡量速度，不能作為質量對照。")


class IndicatorFilter(Line):
    """A condition on the cases that are counted, by a field of their record as it stood at the end of the period."""

    field = Text(required=True, most=60, label=L("Field (its name in the system)", "字段（系統名）"))
    rule = Choice(
        {
            "is": L("is", "等於"),
            "not": L("is not", "不等於"),
            "least": L("at least", "不小於"),
            "most": L("at most", "不大於"),
        },
        required=True,
        default="is",
        label=L("Condition", "條件"),
    )
    value = Text(required=True, most=200, label=L("Value", "值"))


def _filter_faults(indicator: Any) -> Iterator[tuple[str, Words]]:
    """What is wrong with the filters: such a draft may be kept, and is not handed in."""
    known = measure_of(indicator.measure)
    for place, line in enumerate(indicator.filters or ()):
        made = filter_of(known[0], line.field, line.rule, line.value or "") if known and line.field else None
        if made is not None and not isinstance(made, CaseFilter):
            yield f"filters.{place}.field", made


FILTERS_FIT = Need(
    L("Each filter names a field of the measured type and fits it", "各篩選條件的字段及值均適用於所度量的類型"),
    lambda indicator: not any(_filter_faults(indicator)),
)


def this_month() -> dt.date:
    """The first day of the present month."""
    return clock.today().replace(day=1)


@record(
    label=L("Indicator", "考核指標"),
    plural=L("Indicators", "考核指標"),
    chapter=SUPERVISION,
    clause="4.2",
    number="KPI-{seq:3}",
    title="{name}",
    grid=Grid("number name group how measure period since state", search="name", sort="number"),
    form=(
        Part(L("Indicator", "指標"), "name group how measure counterpart meaning", clause="4.2"),
        Part(
            L("What is counted", "統計範圍"),
            "period since per departments positions filters every_source least_n",
            help=L(
                "Everything is counted from the sealed history. Below the least number of cases no value is shown.",
                "一律依據已封存的歷史計算；個案數少於最小樣本數時不顯示數值。",
            ),
        ),
        Part(L("Target", "目標"), "weight floor target stretch courses edition"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require=(FILTERS_FIT,)),
            Move("approve", "submitted", IN_FORCE, by=role(Role.MANAGEMENT), within=workdays(3)),
            Move("return", "submitted", "draft", by=role(Role.MANAGEMENT), ask=REASON),
            Move(
                "revise",
                IN_FORCE,
                "draft",
                by=role(Role.HR, own=True),
                ask=REASON,
                optional=True,
                submits=False,
                label=L("Revise", "修訂"),
            ),
            Move(
                "end",
                IN_FORCE,
                "ended",
                by=role(Role.HR, own=True),
                ask=REASON,
                optional=True,
                submits=False,
                label=L("End", "停用"),
            ),
        ),
        ends="ended",
        edit="draft",
        facts=(
            State(IN_FORCE, L("In force", "生效"), tone="good"),
            State("ended", L("Ended", "已停用"), tone="neutral"),
        ),
    ),
    access=Access(open=True, write={Role.HR: Scope.ALL}),
)
class Indicator(Record):
    """A figure that people are measured by: computed from the history, or scored by people (4.2)."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    group = Choice(GROUPS, required=True, label=L("Group", "類別"))
    how = Choice(
        HOW,
        required=True,
        default=COMPUTED,
        label=L("How", "方式"),
    )
    measure = MeasureName(label=L("Measure", "度量"))
    counterpart = Ref("Indicator", label=L("Counterpart for quality", "質量對照指標"))
    meaning = LongText(label=L("Meaning", "說明"))
    period = Choice(PERIODS, required=True, default="month", label=L("Period", "週期"))
    since = Day(required=True, default=this_month, label=L("From", "起算日期"))
    per = Choices(
        {DEPARTMENT: L("Per department", "按部門"), PERSON: L("Per person", "按人員")},
        default=lambda: [DEPARTMENT],
        label=L("Values beside that of the company", "除公司外另計"),
    )
    departments = Refs("Department", label=L("Of these departments only", "僅限部門"))
    positions = Refs("Position", label=L("Of people in these positions only", "僅限崗位"))
    filters = Lines(IndicatorFilter, label=L("Filters", "篩選條件"))
    every_source = Flag(
        default=False,
        label=L("Also what was imported or made for the demo", "計入導入及演示數據"),
    )
    least_n = Whole(required=True, default=5, least=1, most=1000, label=L("Least number of cases", "最小樣本數"))
    weight = Number(places=2, least=0, most=100, label=L("Usual weight", "常用權重"))
    floor = Number(places=2, label=L("Worth 0 points", "0 分值"))
    target = Number(places=2, label=L("Target (100 points)", "目標值（100 分）"))
    stretch = Number(places=2, label=L("Stretch (120 points)", "挑戰值（120 分）"))
    courses = Refs("Course", states={"published"}, label=L("Courses for who is weak in it", "薄弱者培訓課程"))
    edition = Text(computed=True, label=L("Edition of the formula", "公式版次"))

    def clean(self) -> None:
        if self.since and self.period in PERIODS:
            self.since = of_day(PeriodKind(self.period), self.since).first
        formula = formula_of(self)
        self.edition = formula.edition if formula else None

    def check(self) -> Iterator[tuple[str, Words]]:
        known = measure_of(self.measure)
        if self.how == COMPUTED and known is None:
            yield "measure", MEASURE_NEEDED
        if self.how != COMPUTED and self.measure:
            yield "measure", NOT_MEASURED
        if known and known[1].is_speed:
            yield from self._counterpart_faults()

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """Published values follow each other without gap or overlap, so that their period stays."""
        if before and before.get("period") != self.period:
            query, values = {"indicator": self.id}, in_unit("indicator_value")
            if values.find_one(query, {"_id": 1}) or in_archive("indicator_value", query):
                yield "period", PERIOD_STAYS

    def warnings(self) -> Iterator[tuple[str, Words]]:
        yield from _filter_faults(self)

    def _counterpart_faults(self) -> Iterator[tuple[str, Words]]:
        if self.ref("counterpart") is None:
            yield "counterpart", COUNTERPART_NEEDED
            return
        other: Any = self.counterpart
        measured = measure_of(getattr(other, "measure", None))
        if other.id == self.id or (measured and measured[1].is_speed):
            yield "counterpart", ALSO_SPEED


def formula_of(indicator: Any) -> Formula | None:
    """What an indicator counts; None where people score it, or its measure is no longer declared."""
    known = measure_of(indicator.measure)
    if known is None or indicator.how != COMPUTED or not indicator.since or indicator.period not in PERIODS:
        return None
    texts = tuple((line.field or "", line.rule or "is", line.value or "") for line in indicator.filters or ())
    return Formula(
        indicator=indicator.id,
        cls=known[0],
        measure=known[1],
        kind=PeriodKind(indicator.period),
        since=indicator.since,
        filters=made_filters(known[0], texts),
        filter_texts=texts,
        departments=frozenset(indicator.refs("departments")),
        every_source=bool(indicator.every_source),
        least_n=indicator.least_n or 1,
        scopes=frozenset(indicator.per or ()),
        positions=frozenset(indicator.refs("positions")),
    )


def formulas_in_force() -> list[Formula]:
    """What all indicators in force count."""
    cls: Any = get_document("Indicator")
    rows = cls.collection().find({"state": IN_FORCE, "how": COMPUTED, "removed_at": None}).sort("_id", 1)
    return [formula for row in rows if (formula := formula_of(cls.from_stored(row)))]
