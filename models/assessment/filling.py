"""How a sheet comes about and is filled (4.3): its parts and items, who is asked for scores, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bson import Decimal128, ObjectId

from ..kernel.base.arithmetic.ratio import NO_DATA, Figure, NoData
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.arithmetic.scores import WeightedMean
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Listed, Words
from ..kernel.gate.changes import MoveActions
from .computed import NOTHING, figures_of, score_of
from .indicators import COMPUTED, PROJECTS, SCORED
from .project_points import of_person, projects_of
from .raters import raters_of
from .score_sheets import ask_of
from .scoring import MANAGER, OWN, PEER, UPWARD, ScoredItem, bounds, of_items, of_parts, of_voices, voice
from .sheet_words import ItemScale, SheetItem, SheetPart
from .stretches import Stretch, WorkedPeriod, assessor_of, days_present, period_of

PLACES = 2
ENDS = ("floor", "target", "stretch")
UNAPPROVED = ("draft", "submitted")  # states of an indicator
SHARES = {OWN: "own_share", MANAGER: "manager_share", PEER: "peer_share", UPWARD: "upward_share"}
BY_POSITION = L("{form}, for the position {position}", "{form}（適用崗位 {position}）")
FOR_ALL_OTHERS = L("{form}, for all positions without one of their own", "{form}（適用其他崗位）")
IN_PARTS = L("{forms}; in {count} parts", "{forms}；分 {count} 段")
NO_FORM = L("none: no form of the cycle is for the position {position}", "無：本週期沒有適用崗位 {position} 的方案")
NOT_THERE = L("none: was not there in the period", "無：期內不在崗")
WITHOUT = L("without a position", "未設崗位")


def shown(value: Figure | Decimal | None) -> Decimal | None:
    """A number rounded once, half up; None where there is none."""
    return None if value is None or isinstance(value, NoData) else rounded(value, PLACES)


def form_for(cycle: Any, position: ObjectId | None) -> Mapping[str, Any] | None:
    """The form of a cycle for a position: the one that names it, else the one that names none."""
    rows = forms_of(cycle)
    own = [row for row in rows if position is not None and position in (row.get("positions") or ())]
    return next(iter(own or [row for row in rows if not row.get("positions")]), None)


def forms_of(cycle: Any) -> list[dict[str, Any]]:
    """The forms of a cycle, as stored."""
    return list(in_unit("assessment_form").find({"_id": {"$in": cycle.refs("forms")}}).sort("_id", 1))


def values_of(cycle: Any, user: Any) -> dict[str, Any] | None:
    """The sheet of somebody in a cycle; None where there is none for them."""
    period = period_of(user.to_mongo(), cycle.first_day, cycle.last_day)
    parts = [(part, form_for(cycle, part.position)) for part in period.parts]
    if not parts or all(form is None for _, form in parts):
        return None
    lines = [_part_line(user.id, part, form) for part, form in parts]
    own = [line for line in lines if line.ref("form")]
    last = own[-1]
    whole = sum(days_present(part) for part in period.parts)  # leave is not taken off
    all_days = _whole_days(cycle, last)
    return {
        "cycle": cycle.id,
        "employee": user.id,
        "owner": user.id,
        "department": user.ref("department"),
        "position": last.ref("position"),
        "form": last.ref("form"),
        "score_until": cycle.score_until,
        "parts": lines,
        "items": (items := list(_items(lines))),
        "scales": scales_of(items),
        "share": str(Fraction(whole, all_days) if all_days else Fraction(0)),
    }


def _whole_days(cycle: Any, line: Any) -> int:
    """The working days of the whole period."""
    return days_present(Stretch(cycle.first_day, cycle.last_day, line.ref("department"), None, None))


def why_of(cycle: Any, user: Any) -> Words:
    """Which sheet somebody gets, and why; or why none."""
    period = period_of(user.to_mongo(), cycle.first_day, cycle.last_day)
    if not period.parts:
        return NOT_THERE()
    reasons = [_why_form(cycle, part.position) for part in period.parts]
    if len(reasons) == 1:
        return reasons[0]
    return IN_PARTS(forms=Listed(tuple(reasons)), count=len(reasons))


def _why_form(cycle: Any, position: ObjectId | None) -> Words:
    row = in_unit("position").find_one({"_id": position}, {"name": 1}) if position else None
    name = row["name"] if row else WITHOUT
    form = form_for(cycle, position)
    if form is None:
        return NO_FORM(position=name)
    if form.get("positions"):
        return BY_POSITION(form=form["name"], position=name)
    return FOR_ALL_OTHERS(form=form["name"])


def _part_line(person: ObjectId, part: Stretch, form: Mapping[str, Any] | None) -> SheetPart:
    return SheetPart(
        first_day=part.first,
        last_day=part.last,
        department=part.department,
        position=part.position,
        form=form["_id"] if form else None,
        assessor=assessor_of(person, part) if form else None,
        days=part.days,
    )


def _items(parts: Iterable[SheetPart]) -> Iterator[SheetItem]:
    known = {
        row["_id"]: row for row in in_unit("assessment_form").find({"_id": {"$in": [p.ref("form") for p in parts]}})
    }
    ids = [item["indicator"] for row in known.values() for item in row.get("items") or ()]
    indicators = _rows("indicator", ids)
    for number, part in enumerate(parts, 1):
        for item in known.get(part.ref("form"), {}).get("items") or ():
            yield SheetItem(
                part=number,
                indicator=item["indicator"],
                how=indicators.get(item["indicator"], {}).get("how", SCORED),
                weight=item["weight"].to_decimal(),
            )


def scales_of(items: Iterable[SheetItem]) -> list[ItemScale]:
    """What is worth 0, 100 and 120 points by the indicators as they stand: by that a sheet is counted, however they are
    revised before its scores are closed."""
    rows = _rows("indicator", {item.ref("indicator") for item in items if item.how == COMPUTED})
    return [ItemScale(indicator=id, **{name: _number(row.get(name)) for name in ENDS}) for id, row in rows.items()]


def _number(value: Any) -> Decimal | None:
    return None if value is None else value.to_decimal()


def _with_scale(indicator: Mapping[str, Any], kept: ItemScale | None) -> Mapping[str, Any]:
    """An indicator with the scale that a sheet has kept; sheets of before have none and go by the present one."""
    if kept is None:
        return indicator
    ends = {name: getattr(kept, name) for name in ENDS}
    return {**indicator, **{name: None if end is None else Decimal128(end) for name, end in ends.items()}}


def are_under_revision(ids: Iterable[ObjectId]) -> bool:
    """Whether one of some indicators is being revised, so that nobody has approved what it says now."""
    query = {"_id": {"$in": list(ids)}, "state": {"$in": list(UNAPPROVED)}}
    return in_unit("indicator").find_one(query, {"_id": 1}) is not None


# who is asked


def ask_for_scores(sheet: Any, actions: MoveActions) -> None:
    """Make the score sheets: of the employee, of who assesses each part, of colleagues and of staff."""
    everybody = list(raters_of(sheet))
    for rater in everybody:
        ask_of(sheet, rater, actions)
    if everybody:
        actions.update(sheet, {"outstanding": len(everybody)})


# what it comes to


@dataclass(frozen=True)
class _Sources:
    """What the items of a sheet are computed from."""

    sheet: Any
    forms: Mapping[Any, Mapping[str, Any]]
    indicators: Mapping[Any, Mapping[str, Any]]
    figures: Mapping[ObjectId, Any]
    period: WorkedPeriod
    scales: Mapping[Any, ItemScale]

    def fill(self, item: SheetItem, part: SheetPart) -> ScoredItem:
        """Fill one item, and give its exact points."""
        if item.how == PROJECTS:
            return self._of_projects(item, part)
        return self._computed(item, part) if item.how == COMPUTED else self._scored(item, part)

    def _of_projects(self, item: SheetItem, part: SheetPart) -> ScoredItem:
        """What was published within the part of projects that the employee worked on, by the share in each."""
        known = projects_of(self.sheet.ref("employee"), part.first_day, part.last_day)
        points = of_person(known)
        item.value, item.n, item.points = shown(points), len(known), shown(points)
        return ScoredItem(item.weight, points)

    def _computed(self, item: SheetItem, part: SheetPart) -> ScoredItem:
        row = self.indicators.get(item.ref("indicator"))
        stretch = Stretch(part.first_day, part.last_day, part.ref("department"), part.ref("position"), None)
        row = _with_scale(row, self.scales.get(item.ref("indicator"))) if row else None
        score = score_of(row, self.figures, stretch, self.period) if row else NOTHING
        item.value, item.n, item.apart = shown(score.value), score.n, score.without_leave
        item.evidence = score.evidence[-1] if score.evidence else None
        item.points = shown(score.points)
        return ScoredItem(item.weight, score.points)

    def _scored(self, item: SheetItem, part: SheetPart) -> ScoredItem:
        given: dict[str, list[Decimal]] = {}
        for line in self.sheet.voices or ():
            if line.ref("indicator") == item.ref("indicator") and line.part in (0, item.part):
                given.setdefault(line.kind, []).append(line.score)
        voices = {kind: voice(kind, scores) for kind, scores in given.items()}
        for kind in SHARES:
            setattr(item, kind, shown(voices.get(kind, NO_DATA)))
        form = self.forms.get(part.ref("form"), {})
        shares = {kind: form[name].to_decimal() for kind, name in SHARES.items() if form.get(name) is not None}
        points, carried = of_voices(shares, voices)
        item.points = shown(points)
        return ScoredItem(item.weight, points, carried)


def fill(sheet: Any) -> None:
    """Compute items, parts and total of a sheet from what is there now."""
    user, cycle = (
        _row(name, sheet.ref(field)) for name, field in (("user", "employee"), ("assessment_cycle", "cycle"))
    )
    parts, items = list(sheet.parts or ()), list(sheet.items or ())
    if user is None or cycle is None or not parts:
        return
    indicators = _rows("indicator", (item.ref("indicator") for item in items))
    first, last = cycle["first_day"].date(), cycle["last_day"].date()
    sources = _Sources(
        sheet=sheet,
        forms=_rows("assessment_form", (part.ref("form") for part in parts)),
        indicators=indicators,
        figures=figures_of(user["_id"], first, last, indicators),
        period=period_of(user, first, last),
        scales={line.ref("indicator"): line for line in sheet.scales or ()},
    )
    totals: list[tuple[int, WeightedMean]] = []
    for number, part in enumerate(parts, 1):
        total = of_items([sources.fill(item, part) for item in items if item.part == number])
        part.total = shown(total.value)
        totals.append((part.days or 0, total))
    result = of_parts(totals, cycle.get("least_days") or 0)
    sheet.parts, sheet.items = parts, items
    sheet.total, sheet.coverage = shown(result.value), shown(100 * result.coverage)
    sheet.exact = None if isinstance(result.value, NoData) else str(result.value)


def _row(name: str, id: ObjectId | None) -> dict[str, Any] | None:
    return in_unit(name).find_one({"_id": id})


def _rows(name: str, ids: Iterable[ObjectId | None]) -> dict[Any, dict[str, Any]]:
    return {row["_id"]: row for row in in_unit(name).find({"_id": {"$in": list(ids)}})}


def empty(sheet: Any) -> None:
    """Take back what was computed: it is computed anew when the scores are closed again."""
    for item in sheet.items or ():
        for name in ("value", "n", "evidence", "manager", "peer", "upward", "points", "apart"):
            item.put(name, None)
    for part in sheet.parts or ():
        part.total = None
    sheet.total = sheet.coverage = sheet.exact = None


def exact_of(sheet: Any) -> Fraction | None:
    """The exact total of a sheet, adjustments included; None where it is not assessable."""
    return Fraction(sheet.exact) if sheet.exact else None


def bounds_of(sheet: Any) -> tuple[Fraction, Fraction]:
    """Between which totals people could have brought a sheet."""
    low = high = Fraction()
    counted = [(n, part) for n, part in enumerate(sheet.parts or (), 1) if part.total is not None]
    whole = sum(part.days or 0 for _, part in counted)
    for number, part in counted:
        own = [item for item in sheet.items or () if item.part == number]
        scored = [ScoredItem(i.weight, NO_DATA if i.points is None else Fraction(i.points)) for i in own]
        least, most = bounds(scored, [item.how != SCORED for item in own])
        low, high = low + Fraction(part.days, whole) * least, high + Fraction(part.days, whole) * most
    return low, high
