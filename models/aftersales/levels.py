"""How soon tickets are answered and solved (2.4.2): a whole table of severity by urgency, one of which is in force."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any

from ..chapters import SERVICE
from ..kernel.base.store import row_of
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    WRITER,
    Access,
    Choice,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Number,
    Part,
    Record,
    Replayed,
    Role,
    Scope,
    State,
    Text,
    Words,
    Workflow,
    record,
)

SEVERITY = {
    "4": L("4 - cosmetic (least)", "4 - 輕微（最低）"),
    "3": L("3 - restricted", "3 - 部分功能受限"),
    "2": L("2 - serious", "2 - 主要功能受影響"),
    "1": L("1 - standstill (worst)", "1 - 停機（最嚴重）"),
}
URGENCY = {
    "4": L("4 - can wait (least)", "4 - 可排期（最低）"),
    "3": L("3 - this week", "3 - 本週內"),
    "2": L("2 - today", "2 - 當天"),
    "1": L("1 - at once (most)", "1 - 立即（最緊急）"),
}
PRIORITY = {
    "low": L("Low", "低"),
    "normal": L("Normal", "一般"),
    "high": L("High", "高"),
    "urgent": L("Urgent", "緊急"),
}
USUAL = {"urgent": (1, 8), "high": (2, 16), "normal": (4, 40), "low": (8, 80)}  # hours of a table that is begun
OF_SUM = dict(zip(range(2, 9), ("urgent", "urgent", "high", "normal", "normal", "low", "low"), strict=True))
SOLVED_FIRST = L("{cells}: the solution is due before the first response.", "{cells}：解決時限早於首次響應時限。")
TABLE = "service_level_table"
IN_FORCE = "in_force"


class ServiceLevel(Line):
    """One cell of the table; hours are working time of the team's calendar."""

    severity = Choice(SEVERITY, required=True, label=L("Severity", "嚴重程度"))
    urgency = Choice(URGENCY, required=True, label=L("Urgency", "緊急程度"))
    priority = Choice(PRIORITY, required=True, label=L("Priority", "優先級"))
    first_hours = Number(
        required=True, places=2, least=Decimal("0.25"), most=2000, label=L("First response, hours", "首次響應（小時）")
    )
    solution_hours = Number(
        required=True, places=2, least=Decimal("0.25"), most=2000, label=L("Solution, hours", "解決（小時）")
    )


def usual_levels() -> list[ServiceLevel]:
    """The whole table as it is begun with."""
    return [_usual(severity, urgency) for severity, urgency in product(sorted(SEVERITY), sorted(URGENCY))]


def _usual(severity: str, urgency: str) -> ServiceLevel:
    priority = OF_SUM[int(severity) + int(urgency)]
    first, solution = (Decimal(hours) for hours in USUAL[priority])
    return ServiceLevel(
        severity=severity, urgency=urgency, priority=priority, first_hours=first, solution_hours=solution
    )


def table_in_force() -> Any:
    """The id of the table that new tickets go by; None where none is in force."""
    row = row_of(TABLE, {"state": IN_FORCE, "removed_at": None}, {"_id": 1}, sort=[("_id", -1)])
    return row and row["_id"]


@record(
    label=L("Service level table", "服務時限表"),
    plural=L("Service level tables", "服務時限表"),
    chapter=SERVICE,
    clause="2.4.2",
    number="SL-{yyyy}-{seq:3}",
    title="{name}",
    grid=Grid("number name state_since owner state", search="name"),
    form=(
        Part(
            L("Table", "時限表"),
            "name reason levels",
            clause="2.4.2",
            help=L(
                "All 16 cells, 1 being the worst. What holds for a ticket stays when another table comes into force.",
                "須填滿 16 格，1 為最高。新表生效後，已受理工單的時限不變。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("put_in_force", "draft", IN_FORCE, by=WRITER, optional=True, label=L("Put in force", "生效")),
            Move("supersede", IN_FORCE, "superseded", by=NOBODY, label=L("Supersede", "取代")),
        ),
        edit="draft",
        withdraw=False,
        facts=(
            State(IN_FORCE, L("In force", "生效中"), tone="good"),
            State("superseded", L("Superseded", "已被取代"), tone="neutral"),
        ),
    ),
    replayed=Replayed("levels", on="put_in_force"),
    access=Access(open=True, write={Role.HEAD: Scope.ALL, Role.IT: Scope.ALL}),
)
class ServiceLevelTable(Record):
    """Limits of first response and solution by severity and urgency, with the priority that follows (2.4.2)."""

    name = Text(required=True, most=60, label=L("Name", "名稱"))
    reason = LongText(label=L("Why it is so", "制定說明"))
    levels = Lines(
        ServiceLevel, required=True, most=16, whole="severity urgency", default=usual_levels, label=L("Levels", "時限")
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        hasty = [line for line in self.levels or () if (line.solution_hours or 0) < (line.first_hours or 0)]
        if hasty:
            cells = ", ".join(f"{line.severity} × {line.urgency}" for line in hasty)
            yield "levels", SOLVED_FIRST(cells=cells)

    def on_put_in_force(self, actions: MoveActions) -> None:
        """Supersede the table that was in force."""
        for table in ServiceLevelTable.objects(state=IN_FORCE, removed_at=None, id__ne=self.id):
            actions.move(table, "supersede")
