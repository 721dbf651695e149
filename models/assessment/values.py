"""The values of indicators (4.2): published once a period has closed, never changed; a correction is another one."""

from __future__ import annotations

from ..chapters import SUPERVISION
from ..kernel.language import (
    NOBODY,
    READ,
    Access,
    Choice,
    Day,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    Moment,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Workflow,
    record,
)
from ..kernel.language.measures.events import NOT_TOLD, OBJECTION, SOURCE, UNDONE, UNREVIEWED
from ..kernel.language.measures.library import HOURS, PERCENT
from .counting import COMPANY, DEPARTMENT, PERSON

SCOPES = {COMPANY: L("Company", "全公司"), DEPARTMENT: L("Department", "部門"), PERSON: L("Person", "人員")}
UNITS = {PERCENT: L("%", "%"), HOURS: L("hours", "小時")}
REASONS = {
    SOURCE: L("Imported, taken over or made for the demo", "導入、遷移或演示數據"),
    UNDONE: L("Taken back", "已撤銷"),
    UNREVIEWED: L("Not reviewed", "未審核"),
    NOT_TOLD: L("Entered by an earlier version that did not note it", "舊版條目未記載所需信息"),
    OBJECTION: L("Objection accepted", "異議成立"),
}
PUBLISHED, RESTATED = "published", "restated"
READERS = {
    Role.CLERK: Scope.NONE,
    Role.HEAD: Scope.DEPARTMENT,
    Role.MANAGEMENT: Scope.ALL,
    Role.SUPERVISOR: Scope.ALL,
    Role.HR: Scope.ALL,
}

LIFE = Workflow(
    PUBLISHED,
    (Move("restate", PUBLISHED, RESTATED, by=NOBODY, label=L("Restate", "更正")),),
    ends=RESTATED,
    edit=(),
    withdraw=False,
    facts=(
        State(PUBLISHED, L("Published", "已公佈"), tone="good"),
        State(RESTATED, L("Restated", "已更正"), tone="neutral"),
    ),
)


class LeftOut(Line):
    """How many cases were left out for one reason."""

    reason = Choice(REASONS, label=L("Reason", "原因"))
    count = Whole(label=L("Cases", "個案數"))


@record(
    label=L("Indicator value", "指標值"),
    plural=L("Indicator values", "指標值"),
    chapter=SUPERVISION,
    clause="4.2",
    number="IV-{yyyy}-{seq:6}",
    title="{number}",
    grid=Grid("number indicator first_day scope department employee value n state", sort="-first_day"),
    form=(
        Part(L("Value", "數值"), "indicator first_day last_day scope department employee value unit", clause="4.2"),
        Part(L("Of what", "依據"), "numerator n slow low high left_out flagged reasons"),
        Part(L("Proof", "證明"), "formula population seal seal_hash known_at restates why"),
    ),
    workflow=LIFE,
    access=Access(read=READERS, write={}, named={"employee": READ}),
)
class IndicatorValue(Record):
    """One published value, with what proves it (4.2): `guicheng figures verify` computes it again from the history."""

    indicator = Ref("Indicator", required=True, fixed=True, label=L("Indicator", "考核指標"))
    first_day = Day(required=True, fixed=True, label=L("From", "開始日期"))
    last_day = Day(required=True, fixed=True, label=L("Until", "結束日期"))
    scope = Choice(SCOPES, required=True, fixed=True, label=L("Of", "範圍"))
    department = Ref("Department", required=True, fixed=True, label=L("Department", "部門"))
    employee = Ref("User", fixed=True, label=L("Person", "人員"))
    value = Number(places=2, computed=True, label=L("Value", "數值"))
    unit = Choice(UNITS, computed=True, label=L("Unit", "單位"))
    numerator = Whole(computed=True, label=L("Numerator", "分子"))
    n = Whole(computed=True, label=L("Of how many (n)", "樣本數（n）"))
    slow = Number(places=2, computed=True, label=L("90th percentile", "第 90 百分位"))
    low = Number(places=2, computed=True, label=L("95 % interval from", "95% 區間下限"))
    high = Number(places=2, computed=True, label=L("95 % interval to", "95% 區間上限"))
    left_out = Whole(computed=True, label=L("Left out", "剔除數"))
    flagged = Flag(computed=True, label=L("More than a tenth left out", "剔除超過一成"))
    reasons = Lines(LeftOut, computed=True, label=L("Why left out", "剔除原因"))
    formula = Text(computed=True, label=L("Edition of the formula", "公式版次"))
    population = Text(computed=True, label=L("Hash of the population", "樣本哈希"))
    seal = Whole(computed=True, label=L("Computed under seal", "依據封存號"))
    seal_hash = Text(computed=True, label=L("Hash of the seal", "封存哈希"))
    known_at = Moment(computed=True, label=L("State of knowledge", "數據截止時間"))
    restates = Ref("IndicatorValue", computed=True, label=L("Restates", "更正自"))
    why = Text(computed=True, most=300, label=L("Why", "更正原因"))
