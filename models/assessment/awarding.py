"""From the results of a cycle to its bonuses (4.4.1): what each is, what an appeal makes of them, and what is given.

Before management has approved, amounts follow every decision and add up to the pool. Afterwards nobody's amount
changes: who is owed more by an appeal gets a correction at the rate at which the pool was given out, beyond the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import ObjectId

from ..kernel.base.arithmetic.ratio import NoData, exact
from ..kernel.base.people import SYSTEM
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words
from ..kernel.gate import changes
from ..kernel.gate.changes import Context, MoveActions
from ..kernel.gate.sources import Source
from ..kernel.language.phase_gate import judge_of
from . import results
from .bonus_words import (
    AWARDED,
    COMPUTED,
    CORRECTION,
    NO_BASE,
    NO_GRADE,
    NO_WORTH,
    NOT_THERE,
    REGULAR,
    SHARING,
)
from .bonuses import Bonus
from .filling import shown
from .grading import Graded, GradeOutcome
from .results import CycleResults, DecisionEffect

BONUSES = "bonus"
_TASK = Context(source=Source.TASK)
IS_WORTH, IS_WHOLE = "bonus_is_worth", "bonus_is_whole"
WORTH = L("Somebody has a grade and a base that carry a bonus", "至少一人的等級與基數可計獎金")
WHOLE = L("The bonuses are computed and add up to the pool", "獎金已計算且合計等於總額")


def values_of(known: CycleResults, outcome: GradeOutcome, person: Graded) -> dict[str, Any]:
    """What stands on the bonus of somebody by what a cycle comes to."""
    coefficient, share = known.scheme.coefficient(outcome.grade), exact(person.share)
    return {
        "grade": outcome.grade,
        "base": shown(exact(person.base)),
        "coefficient": shown(coefficient),
        "share": shown(100 * share),
        "exact": str(share),
        "amount": outcome.amount,
        "why": _why(outcome, person, bool(coefficient)),
    }


def _why(outcome: GradeOutcome, person: Graded, is_worth: bool) -> str | None:
    """Why somebody gets nothing; None where they get something."""
    if outcome.amount:
        return None
    if isinstance(outcome.total, NoData):
        return NO_GRADE
    if not exact(person.base):
        return NO_BASE
    if not exact(person.share):
        return NOT_THERE
    return None if is_worth else NO_WORTH


def planned(known: CycleResults) -> Iterator[tuple[ObjectId, dict[str, Any], dict[str, Any]]]:
    """The bonuses that a cycle comes to by what was published: sheet, what they are made with, what stands on them."""
    said = results.published(known)
    numbers = {person.key: person.order for person in known.people}
    for person in known.people:
        row = known.rows[person.key]
        made = {
            "cycle": known.cycle,
            "sheet": person.key,
            "employee": row["employee"],
            "department": row.get("department"),
            "staff": numbers[person.key],
            "kind": REGULAR,
        }
        yield person.key, made, values_of(known, said[person.key], person)


def regular(cycle: ObjectId | None) -> dict[ObjectId, dict[str, Any]]:
    """The bonuses of a cycle as stored, by sheet; without corrections."""
    query = {"cycle": cycle, "kind": REGULAR, "removed_at": None}
    return {row["sheet"]: row for row in in_unit(BONUSES).find(query).sort("_id", 1)}


def differs(row: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether something else stands on a stored bonus."""
    return any(_plain(row.get(name)) != value for name, value in values.items())


def _plain(value: Any) -> Any:
    return value.to_decimal() if hasattr(value, "to_decimal") else value


@dataclass(frozen=True)
class BonusVerdict:
    """A condition on the bonuses of a cycle: it is met or not; no record is named."""

    label: Words
    is_met: bool
    rows: Sequence[Any] = ()
    count: int = 0
    url: str = ""
    is_told: bool = False


@judge_of(IS_WORTH)
def is_worth(cycle: Any) -> list[BonusVerdict]:
    """Whether anybody of a cycle gets something of its pool."""
    said = results.published(results.of_cycle(cycle.id))
    return [BonusVerdict(WORTH, any(outcome.amount for outcome in said.values()))]


@judge_of(IS_WHOLE)
def is_whole(cycle: Any) -> list[BonusVerdict]:
    """Whether the bonuses of a cycle are what it comes to."""
    return [BonusVerdict(WHOLE, is_up_to_date(cycle))]


def is_up_to_date(cycle: Any) -> bool:
    """Whether everybody of a cycle has exactly the bonus that it comes to, and all of them are the pool."""
    stored = regular(cycle.id)
    plan = list(planned(results.of_cycle(cycle.id)))
    return (
        bool(plan)
        and all(sheet in stored and not differs(stored[sheet], values) for sheet, _, values in plan)
        and sum((values["amount"] or Decimal() for _, _, values in plan), Decimal()) == cycle.pool
    )


def bring_in_step(cycle: ObjectId, tell: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Compute the bonuses of a cycle, or give them once they are approved; returns how many were written. Until
    nothing differs, since an appeal may be granted meanwhile."""
    header = in_unit("assessment_cycle").find_one({"_id": cycle}, {"state": 1}) or {}
    written = 0
    while header.get("state") == SHARING and (rest := _unlike(cycle)):
        for done, (row, made, values) in enumerate(rest, 1):
            if row is None:
                changes.create(Bonus, {**made, **values}, actor=SYSTEM, context=_TASK, once=f"bonus:{made['sheet']}")
            else:
                changes.update(Bonus, row["_id"], values, actor=SYSTEM, version=None, context=_TASK)
            tell(done, len(rest))
        written += len(rest)
    if header.get("state") == AWARDED:
        query = {"cycle": cycle, "state": COMPUTED, "removed_at": None}
        ids = [row["_id"] for row in in_unit(BONUSES).find(query, {"_id": 1}).sort("_id", 1)]
        for done, id in enumerate(ids, 1):
            changes.move(Bonus, id, "award", actor=SYSTEM, version=None, context=_TASK)
            tell(done, len(ids))
        written += len(ids)
    return written


def _unlike(cycle: ObjectId) -> list[tuple[dict[str, Any] | None, dict[str, Any], dict[str, Any]]]:
    """The bonuses that are not there yet, or say another thing than what the cycle comes to."""
    stored = regular(cycle)
    plan = [(stored.get(sheet), made, values) for sheet, made, values in planned(results.of_cycle(cycle))]
    return [(row, made, values) for row, made, values in plan if row is None or differs(row, values)]


def follow(sheet: Any, before: DecisionEffect, actions: MoveActions) -> None:
    """After a granted appeal: amounts that are not approved change as was shown; of approved ones a correction is
    made for the employee, and everybody else's stays."""
    header = in_unit("assessment_cycle").find_one({"_id": sheet.ref("cycle")}) or {}
    stored = regular(sheet.ref("cycle"))
    if header.get("state") == AWARDED:
        _correct(sheet, before, stored, actions)
    elif stored:
        _change(before, stored, actions, is_open=header.get("state") == SHARING)


def _change(
    effect: DecisionEffect, stored: Mapping[ObjectId, dict[str, Any]], actions: MoveActions, *, is_open: bool
) -> None:
    if is_open and not set(effect.rows) <= set(stored):
        raise results.in_between()
    for person in effect.known.people:
        if row := stored.get(person.key):
            values = values_of(effect.known, effect.after[person.key], person)
            if row["state"] == COMPUTED and differs(row, values):
                actions.update(Bonus.from_stored(row), values)


def _correct(
    sheet: Any, effect: DecisionEffect, stored: Mapping[ObjectId, dict[str, Any]], actions: MoveActions
) -> None:
    """A correction of what somebody was given, which management approves by itself."""
    row = stored.get(sheet.id)
    now, then = effect.after[sheet.id].amount, effect.before[sheet.id].amount
    if row is None or now is None or then is None or now == then:
        return
    person = next(person for person in effect.known.people if person.key == sheet.id)
    values = {
        **values_of(effect.known, effect.after[sheet.id], person),
        **{name: row.get(name) for name in ("cycle", "sheet", "employee", "department", "staff")},
        "kind": CORRECTION,
        "corrects": row["_id"],
        "amount": now - then,
        "why": None,
    }
    once = f"correction:{sheet.id}:{len(sheet.adjustments or ())}"
    actions.move(actions.create(Bonus, values, once=once), "propose")
