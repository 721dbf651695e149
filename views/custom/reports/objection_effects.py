"""What an objection changes, shown before it is decided: computed as the decision itself computes it."""

from __future__ import annotations

from typing import Any

from models.assessment.counting import shown
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
    key = RecordKey.parse(record.raw("case"))
    if record.state not in OPEN or key is None or not record.raw("entry"):
        return None
    made = effects_of(key, record.raw("entry"))
    seen = {row["_id"]: row for row in rights.find_rows(me, IndicatorValue, [effect.value for effect in made])}
    names = wording.titles({"Indicator": {row["indicator"] for row in seen.values()}, **_whose(seen.values())})
    rows = [
        {
            "number": row["number"],
            "url": f"/admin/indicator_value/details/?id={effect.value}",
            "indicator": names.get(row["indicator"], ""),
            "whose": names.get(row.get("employee") or row["department"], ""),
            "first": wording.day(row["first_day"]),
            "before": _number(effect.before.value),
            "n_before": effect.before.n,
            "after": _number(effect.after.value),
            "n_after": effect.after.n,
        }
        for effect in made
        if (row := seen.get(effect.value))
    ]
    return Panel("custom/objection_effects.html", {"rows": rows, "hidden": len(made) - len(rows)})


def _whose(rows: Any) -> dict[str, set[Any]]:
    rows = list(rows)
    return {
        "User": {row["employee"] for row in rows if row.get("employee")},
        "Department": {row["department"] for row in rows},
    }


def _number(value: Any) -> str:
    exact = shown(value)
    return "—" if exact is None else wording.number(exact, 2)


def views(catalogue: Any) -> list[Any]:
    """No page of its own."""
    return []
