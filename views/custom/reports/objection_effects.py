"""What an objection changes, shown before it is decided, computed as the decision itself computes it; and what it has
changed, to those who do not see all figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import ObjectId

from models.assessment.counting import shown
from models.assessment.objected import ACCEPTED
from models.assessment.objections import effects_of
from models.assessment.values import IndicatorValue
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views import wording
from views.slots import Panel, on_record_top

OPEN = ("draft", "submitted")


@on_record_top("figure_objection")
def effects(me: Actor, record: Record) -> Panel | None:
    """Each published value that hangs on the entry, before and after; those that the reader may not see by number."""
    made = _made(me, record)
    if made is None:
        return None
    seen = {row["_id"]: row for row in rights.find_rows(me, IndicatorValue, [effect.value for effect in made])}
    names = wording.titles({"Indicator": {row["indicator"] for row in seen.values()}, **_whose(seen.values())})
    rows = [
        {
            "number": row["number"],
            "url": f"/admin/indicator_value/details/?id={effect.value}",
            "indicator": names.get(row["indicator"], ""),
            "whose": names.get(row.get("employee") or row["department"], ""),
            "first": wording.day(row["first_day"]),
            "before": _number(effect.before),
            "n_before": effect.n_before,
            "after": _number(effect.after),
            "n_after": effect.n_after,
        }
        for effect in made
        if (row := seen.get(effect.value))
    ]
    facts = {"rows": rows, "hidden": len(made) - len(rows), "is_done": record.state == ACCEPTED}
    return Panel("custom/objection_effects.html", facts)


@dataclass(frozen=True)
class _ShownEffect:
    """One value as an objection found it, and as it leaves it."""

    value: ObjectId
    before: Decimal | None
    n_before: int
    after: Decimal | None
    n_after: int


def _made(me: Actor, record: Record) -> list[_ShownEffect] | None:
    """What an objection makes, or has made; None where there is nothing to say, or the form says it already."""
    key = RecordKey.parse(record.raw("case"))
    if record.state in OPEN and key and record.raw("entry"):
        return [
            _ShownEffect(e.value, shown(e.before.value), e.before.n, shown(e.after.value), e.after.n)
            for e in effects_of(key, record.raw("entry"))
        ]
    if record.state != ACCEPTED or rights.sees(me, record.declared.own_fields["effects"], record):
        return None
    lines = record.raw("effects") or ()
    return [_ShownEffect(e.ref("value"), e.before, e.n_before, e.after, e.n_after) for e in lines]


def _whose(rows: Any) -> dict[str, set[Any]]:
    rows = list(rows)
    return {
        "User": {row["employee"] for row in rows if row.get("employee")},
        "Department": {row["department"] for row in rows},
    }


def _number(value: Decimal | None) -> str:
    return "—" if value is None else wording.number(value, 2)


def views(catalogue: Any) -> list[Any]:
    """No page of its own."""
    return []
