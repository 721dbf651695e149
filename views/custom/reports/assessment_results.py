"""The session of a cycle (4.3): totals, ranks and grades side by side, how each head has assessed, and what a change of
one total would make of everybody. It is of many sheets at once, whose totals no list shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from flask import request
from flask_admin import BaseView, expose

from models.assessment import filling, results
from models.assessment.bonus_words import AWARDED, SHARING
from models.assessment.cycles import DONE, AssessmentCycle
from models.assessment.grading import GRADES, GradeOutcome, ripples
from models.assessment.results import CycleResults, DecisionEffect
from models.assessment.sheet_words import APPEALED, APPROVED, PUBLISHED, RUNNING
from models.assessment.sheets import Assessment
from models.kernel.base.arithmetic.ratio import NoData
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views import wording
from views.session import actor
from views.slots import CustomView, Link, on_record_page

RESULTS, EFFECT = L("Results and calibration", "結果與校準"), L("What a change would lead to", "調整影響預演")
SHOWN_MAX = 500
BONUSES = L("Bonuses", "績效獎金")
OFFICE = {Role.HR, Role.MANAGEMENT, Role.SUPERVISOR}
PAY = {Role.HR, Role.MANAGEMENT, Role.FINANCE}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "assessment_cycle" in catalogue
    return (
        [CycleResultsView(name="results", endpoint="assessment-results", url="/admin/assessment-results")]
        if known
        else []
    )


def is_of_office(me: Actor) -> bool:
    """Whether somebody sees all sheets of a cycle."""
    return not me.roles.isdisjoint(OFFICE)


@on_record_page("assessment_cycle")
def _offer(me: Actor, record: Record) -> Link | None:
    is_begun = record.state in (RUNNING, DONE, SHARING, AWARDED)
    return Link(RESULTS, f"/admin/assessment-results/?id={record.id}") if is_begun and is_of_office(me) else None


@on_record_page("assessment_cycle")
def _offer_bonuses(me: Actor, record: Record) -> Link | None:
    """The list that finance exports for the payroll."""
    is_there = record.state in (SHARING, AWARDED) and not me.roles.isdisjoint(PAY)
    return Link(BONUSES, f"/admin/bonus/?own=1&f.cycle={record.id}") if is_there else None


@on_record_page("assessment")
def _offer_effect(me: Actor, record: Record) -> Link | None:
    may = record.state in (APPROVED, APPEALED) and Role.HR in me.roles and record.ref("employee") != me.id
    return Link(EFFECT, f"/admin/assessment-results/effect?id={record.id}") if may else None


class CycleResultsView(CustomView):
    """What a cycle comes to, and what a decision would change of it; both for those who see all its sheets."""

    @expose("/")
    def index(self) -> str:
        """All sheets by total, the distribution, and how each head has assessed: a fixed number of queries."""
        me = actor()
        cycle = rights.find(me, AssessmentCycle, request.args.get("id", ""))
        if not is_of_office(me):
            raise Missing
        known = results.of_cycle(cycle.id)
        is_out = cycle.state in (DONE, SHARING, AWARDED)
        outcomes = results.published(known) if is_out else known.outcomes
        return self.render(
            "custom/assessment_results.html",
            cycle=cycle,
            rows=_rows(known, outcomes, me),
            is_cut=len(known.people) > SHOWN_MAX,
            grades=[(grade, count) for grade, count in _distribution(outcomes.values())],
            assessors=_assessors(known, me),
            has_amounts=known.pool is not None and not me.roles.isdisjoint(PAY),
        )

    @expose("/effect")
    def effect(self) -> str:
        """What so many points more or less would make of everybody."""
        me = actor()
        sheet = rights.find(me, Assessment, request.args.get("id", ""))
        if Role.HR not in me.roles or sheet.state not in (APPROVED, APPEALED) or sheet.ref("employee") == me.id:
            raise Missing
        points, fault, effect = _points(request.args.get("points", "")), "", None
        if points is not None:
            try:
                of = results.of_appeal if sheet.state == APPEALED else results.of_calibration
                effect = of(sheet, points)
            except Refused as refused:
                fault = str(refused.first)
        low, high = filling.bounds_of(sheet)
        return self.render(
            "custom/assessment_effect.html",
            sheet=sheet,
            points="" if points is None else str(points),
            fault=fault,
            bounds=(filling.shown(low), filling.shown(high)),
            changed=_changed(effect, me) if effect else None,
        )


def _points(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value.quantize(Decimal("0.01")) if value.is_finite() and abs(value) <= 100 else None


def _distribution(some: Iterable[GradeOutcome]) -> list[tuple[str, int]]:
    counts = Counter(outcome.grade for outcome in some)
    return [*((grade, counts[grade]) for grade in GRADES), ("—", counts[None])]


def _names(known: CycleResults | DecisionEffect) -> dict[Any, str]:
    needed = {
        "User": {row["employee"] for row in known.rows.values()},
        "Department": {row["department"] for row in known.rows.values() if row.get("department")},
    }
    return wording.titles(needed)


def _is_own(row: Mapping[str, Any], me: Actor) -> bool:
    """Whether a sheet is the reader's, and not published: they see it when every employee sees theirs."""
    return row["employee"] == me.id and row.get("state") not in (PUBLISHED, APPEALED)


def _rows(known: CycleResults, outcomes: Mapping[Any, GradeOutcome], me: Actor) -> list[dict[str, Any]]:
    """The sheets by their totals; the reader's own is the last one and says nothing before it is published."""
    names = _names(known)
    own = {id for id in outcomes if _is_own(known.rows[id], me)}
    ordered = sorted(outcomes, key=lambda id: (id in own, _place(outcomes[id])))
    return [
        {
            "url": f"/admin/assessment/details/?id={id}",
            "name": names.get(known.rows[id]["employee"], ""),
            "department": names.get(known.rows[id].get("department"), ""),
            "state": wording.state_label(Assessment, known.rows[id].get("state")),
            **_said(outcomes[id], is_hidden=id in own, of_own=known.rows[id]["employee"] == me.id),
        }
        for id in ordered[:SHOWN_MAX]
    ]


def _place(outcome: GradeOutcome) -> tuple[bool, Fraction]:
    return (True, Fraction()) if isinstance(outcome.total, NoData) else (False, -outcome.total)


def _said(outcome: GradeOutcome, *, is_hidden: bool = False, of_own: bool = False) -> dict[str, str]:
    """An outcome as it stands in a table; the reader's own amount stands on their bonus once it is given to them."""
    if is_hidden:
        return dict.fromkeys(("total", "rank", "group_rank", "grade", "amount"), "—")
    total = results.shown_total(outcome)
    return {
        "total": "—" if total is None else wording.number(total, 2),
        "rank": "—" if outcome.rank is None else f"{outcome.rank} / {outcome.of}",
        "group_rank": "—" if outcome.group_rank is None else f"{outcome.group_rank} / {outcome.group_of}",
        "grade": outcome.grade or "—",
        "amount": "—" if outcome.amount is None or of_own else wording.number(outcome.amount, 2),
    }


def _assessors(known: CycleResults, me: Actor) -> list[dict[str, str]]:
    """Mean and spread of the totals by who assessed the last part; nothing is evened out by them."""
    given: dict[Any, list[Fraction]] = {}
    columns = {"parts.assessor": 1, "cycle": 1}
    for row in Assessment.collection().find({"_id": {"$in": list(known.rows)}}, columns):
        if _is_own(known.rows[row["_id"]], me):
            continue
        total = known.outcomes[row["_id"]].total
        parts = row.get("parts") or ()
        if parts and parts[-1].get("assessor") and not isinstance(total, NoData):
            given.setdefault(parts[-1]["assessor"], []).append(total)
    names = wording.titles({"User": given.keys()})
    return [
        {
            "name": names.get(id, ""),
            "count": str(len(totals)),
            "mean": wording.number(filling.shown(sum(totals, Fraction()) / len(totals)), 2),
            "least": wording.number(filling.shown(min(totals)), 2),
            "most": wording.number(filling.shown(max(totals)), 2),
        }
        for id, totals in sorted(given.items(), key=lambda item: names.get(item[0], ""))
    ]


def _changed(effect: DecisionEffect, me: Actor) -> list[dict[str, Any]]:
    """What changes for others: the reader's own published result stays, and of their amount they learn when it is
    given."""
    names = _names(effect)
    return [
        {
            "name": names.get(effect.rows[item.key]["employee"], ""),
            "before": _said(item.before),
            "after": _said(item.after),
            "noted": item.noted,
        }
        for item in ripples(effect.before, effect.after, effect.noted)
        if effect.rows[item.key]["employee"] != me.id
    ]
