"""Objections (4.2): against one entry by which a value is counted. All that hangs on it is shown before it is decided;
accepted, the entry is left out, and each published value that it moves stands beside the corrected one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId

from ..chapters import SUPERVISION
from ..kernel.base.collections import FIGURE_PROOFS
from ..kernel.base.record_key import RecordKey
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    OWNER,
    REASON,
    Access,
    AnyRef,
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
    Role,
    Scope,
    State,
    Whole,
    Words,
    Workflow,
    record,
    role,
    workdays,
)
from .counting import DEPARTMENT, FigureResult, PopulationLine, Subject, counted, shown
from .formulas import Formula, formula_kept
from .objected import ACCEPTED
from .populations import in_turn
from .publishing import FigurePlace, homes_of, lines_kept, put_out
from .values import PUBLISHED, READERS, IndicatorValue

OWN = dict.fromkeys((Role.CLERK, Role.LEGAL, Role.FINANCE, Role.RECORDS), Scope.OWN)
SEES_ALL = (Role.SUPERVISOR, Role.HR, Role.MANAGEMENT)
NOTHING_HANGS = L(
    "This value is not counted by entry {entry} of that record.", "此指標值的計算未用到該記錄的第 {entry} 條歷史。"
)
WHY = L("Objection {number}", "異議 {number}")


class ObjectionEffect(Line):
    """What became of one published value."""

    value = Ref("IndicatorValue", computed=True, label=L("Value", "指標值"))
    before = Number(places=2, computed=True, label=L("Before", "原值"))
    n_before = Whole(computed=True, label=L("n before", "原樣本數"))
    after = Number(places=2, computed=True, label=L("After", "新值"))
    n_after = Whole(computed=True, label=L("n after", "新樣本數"))


@record(
    label=L("Objection to a figure", "指標異議"),
    plural=L("Objections to figures", "指標異議"),
    chapter=SUPERVISION,
    clause="4.2",
    number="FO-{yyyy}-{seq:4}",
    title="{number}",
    grid=Grid("number value case entry owner state", sort="-number"),
    form=(
        Part(
            L("Objection", "異議"),
            "value case entry reason",
            clause="4.2",
            help=L(
                "One entry of the history by which the value is counted, and why it should not count, such as an "
                "approved leave, or that somebody else was waited for.",
                "填寫指標值所依據的一條歷史及不應計入的理由，例如當時正在休假，或在等待其他部門。",
            ),
        ),
        Part(L("What it changes", "影響"), "effects"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER),
            Move(
                "accept",
                "submitted",
                ACCEPTED,
                by=role(Role.SUPERVISOR),
                ask=REASON,
                within=workdays(5),
                label=L("Accept", "成立"),
            ),
            Move("refuse", "submitted", "refused", by=role(Role.SUPERVISOR), ask=REASON, label=L("Refuse", "不成立")),
        ),
        facts=(
            State(ACCEPTED, L("Accepted", "成立"), tone="good"),
            State("refused", L("Refused", "不成立"), tone="bad"),
        ),
    ),
    access=Access(
        read={**READERS, **OWN},
        write={**OWN, Role.HEAD: Scope.OWN, Role.HR: Scope.OWN, Role.MANAGEMENT: Scope.OWN},
    ),
)
class FigureObjection(Record):
    """That one entry should not count, decided by the supervision group (4.2)."""

    value = Ref("IndicatorValue", label=L("Value", "指標值"))
    case = AnyRef(required=True, label=L("Record", "記錄"))
    entry = Whole(required=True, least=1, label=L("Number of its history entry", "歷史條目序號"))
    reason = LongText(required=True, label=L("Why it should not count", "不應計入的理由"))
    effects = Lines(  # figures of others, too: the page shows each reader those that they may see
        ObjectionEffect, computed=True, see={*SEES_ALL}, label=L("What it changed", "更正的指標值")
    )

    def warnings(self) -> Iterator[tuple[str, Words]]:
        key = RecordKey.parse(self.case)
        value = self.ref("value")
        if key and value and value not in {effect.value for effect in effects_of(key, self.entry or 0)}:
            yield "entry", NOTHING_HANGS(entry=self.entry)

    def on_accept(self, actions: MoveActions) -> None:
        """Correct each published value that hangs on the entry, as it was shown before the decision."""
        in_turn()
        key = RecordKey.parse(self.case)
        lines = []
        for effect in effects_of(key, self.entry) if key else ():
            corrected = _restate(self, effect, actions)
            before, after = effect.before, effect.after
            lines.append(
                ObjectionEffect(
                    value=corrected.id,
                    before=shown(before.value),
                    n_before=before.n,
                    after=shown(after.value),
                    n_after=after.n,
                )
            )
        self.effects = lines


@dataclass(frozen=True)
class FigureEffect:
    """What an objection makes of one published value: before, after, and the population then; and the department to
    which the corrected one belongs where that of then is gone."""

    value: ObjectId
    header: dict[str, Any]
    formula: Formula
    before: FigureResult
    after: FigureResult
    lines: tuple[PopulationLine, ...]
    home: ObjectId | None = None

    @property
    def subject(self) -> Subject:
        scope, id = self.header["subject"]
        return scope, id


def effects_of(key: RecordKey, entry: int) -> list[FigureEffect]:
    """All published values that are counted by an entry of a record, with what they would be without it. Computed from
    the kept populations alone, so that what is shown is what happens. Those of people and departments that are gone
    stay as they are."""
    result = []
    for id in sorted(in_unit(FIGURE_PROOFS).distinct("value", {"lines.r": key.id})):
        if in_unit(IndicatorValue.type_name()).find_one({"_id": id, "state": PUBLISHED}, {"_id": 1}) is None:
            continue
        header, lines = lines_kept(id)
        formula = formula_kept(header["formula"])
        if formula is None or formula.cls.type_name() != key.type:
            continue
        after = tuple(_without(line, key.id, entry) for line in lines)
        if list(after) != lines:
            shape, least = formula.measure.shape, formula.least_n
            result.append(
                FigureEffect(id, header, formula, counted(shape, lines, least), counted(shape, after, least), after)
            )
    homes = homes_of(effect.subject for effect in result)
    return [replace(effect, home=homes[effect.subject]) for effect in result if effect.subject in homes]


def _without(line: PopulationLine, record: ObjectId, entry: int) -> PopulationLine:
    if line.record != record:
        return line
    return PopulationLine(line.record, line.head, line.case.without({entry}))


def _restate(objection: FigureObjection, effect: FigureEffect, actions: MoveActions) -> IndicatorValue:
    """Put the corrected value beside the published one, which stays."""
    old: Any = IndicatorValue.objects.get(id=effect.value)
    values = {
        name: old._data.get(name)
        for name in ("indicator", "first_day", "last_day", "scope", "department", "employee", "seal", "seal_hash")
    }
    values |= {"known_at": old.known_at, "restates": old.id, "why": str(WHY(number=objection.number))}
    if (DEPARTMENT, old.ref("department")) not in homes_of([(DEPARTMENT, old.ref("department"))]):
        values["department"] = effect.home
    place = FigurePlace(effect.formula, effect.formula.period(old.first_day), effect.subject)
    objections = [*effect.header["objections"], objection.id]
    made = put_out(place, effect.lines, values, f"{old.once}:{objection.id}", objections)
    actions.move(old, "restate")
    return made
