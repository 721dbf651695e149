"""Assessment forms (4.3): by what people in some positions are assessed, what each item weighs, who scores it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ..chapters import SUPERVISION
from ..kernel.base.store import in_unit
from ..kernel.language import (
    OWNER,
    REASON,
    Access,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Money,
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
    Words,
    Workflow,
    record,
    role,
    workdays,
)
from .formulas import measure_of
from .indicators import COMPUTED, IN_FORCE
from .scoring import scale_of

WHOLE = Decimal(100)
SHARES = ("own_share", "manager_share", "peer_share", "upward_share")
TWICE = L("This indicator stands there twice.", "此指標重複。", code="twice")
ADDS_UP = Need(
    L("The weights of the items add up to 100", "各項權重合計為 100"),
    lambda form: sum((line.weight or Decimal() for line in form.items or ()), Decimal()) == WHOLE,
)
SHARES_ADD_UP = Need(
    L("The shares of those who score add up to 100", "各類評價人占比合計為 100"),
    lambda form: sum((form.raw(name) or Decimal() for name in SHARES), Decimal()) == WHOLE,
)


def _has_scale(form: Any) -> bool:
    """Whether a value of each computed indicator is worth points."""
    rows = in_unit("indicator").find({"_id": {"$in": [line.ref("indicator") for line in form.items or ()]}})
    return all(row.get("how") != COMPUTED or scale_of_row(row) for row in rows)


def scale_of_row(row: Any) -> Any:
    """The scale of a stored indicator; None where it has none."""
    from_row = [
        row[name].to_decimal() if row.get(name) is not None else None for name in ("floor", "target", "stretch")
    ]
    known = measure_of(row.get("measure"))
    return scale_of(known[1].unit, *from_row) if known else None


MEASURED = Need(
    L("Each computed indicator says what is worth 0 and 100 points", "各計算指標均已設定 0 分值與目標值"), _has_scale
)


class FormItem(Line):
    """One item: an indicator and its weight."""

    indicator = Ref("Indicator", required=True, states={IN_FORCE}, label=L("Indicator", "考核指標"))
    weight = Number(places=2, required=True, least=Decimal("0.01"), most=100, label=L("Weight", "權重"))


@record(
    label=L("Assessment form", "考核方案"),
    plural=L("Assessment forms", "考核方案"),
    chapter=SUPERVISION,
    clause="4.3",
    number="AF-{seq:3}",
    title="{name}",
    grid=Grid("number name positions state", search="name", sort="number"),
    form=(
        Part(
            L("Form", "考核方案"),
            "name positions meaning",
            clause="4.3",
            help=L(
                "Without positions it is for all that no other form of the cycle names.",
                "未填崗位的方案適用於週期內其他方案未列的崗位。",
            ),
        ),
        Part(
            L("Items", "考核項目"),
            "items",
            help=L(
                "The weights add up to 100. Computed items are filled by the system.",
                "權重合計 100；計算項由系統填入。",
            ),
        ),
        Part(
            L("Who scores", "評價人占比"),
            "own_share manager_share peer_share upward_share",
            help=L(
                "Of the items that people score; in percent, 100 together. Colleagues and staff are shown as one "
                "number of three or more.",
                "適用於人員評分項目，百分比合計 100；同事及下屬評分滿三人方合併顯示。",
            ),
        ),
        Part(L("Bonus", "獎金"), "bonus_base"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require=("items", ADDS_UP, SHARES_ADD_UP, MEASURED)),
            Move("approve", "submitted", IN_FORCE, by=role(Role.MANAGEMENT), within=workdays(3)),
            Move("return", "submitted", "draft", by=role(Role.MANAGEMENT), ask=REASON),
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
class AssessmentForm(Record):
    """By what people in some positions are assessed (4.3). Once in force it does not change: another one is made."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    positions = Refs("Position", label=L("For positions", "適用崗位"))
    meaning = LongText(label=L("Meaning", "說明"))
    items = Lines(FormItem, most=40, label=L("Items", "考核項目"))
    own_share = Number(places=2, least=0, most=100, default=Decimal(10), required=True, label=L("The employee", "自評"))
    manager_share = Number(places=2, least=0, most=100, default=Decimal(60), required=True, label=L("Manager", "上級"))
    peer_share = Number(places=2, least=0, most=100, default=Decimal(20), required=True, label=L("Colleagues", "同事"))
    upward_share = Number(places=2, least=0, most=100, default=Decimal(10), required=True, label=L("Staff", "下屬"))
    bonus_base = Money(
        least=0, see={Role.HR, Role.MANAGEMENT, Role.FINANCE}, overseen=False, label=L("Base of the bonus", "獎金基數")
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        seen = set()
        for place, line in enumerate(self.items or ()):
            if line.ref("indicator") in seen:
                yield f"items.{place}.indicator", TWICE
            seen.add(line.ref("indicator"))
