"""The list of who gets what, before records are made for many others: each is tried and undone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import follow_ups
from models.kernel.gate.rehearsal import would_make
from models.kernel.language.record import Record
from models.kernel.language.spec import FollowUp
from models.kernel.rights import rights

from ..wording import title_of
from .record_page import heading

SHOWN_MAX, COUNT_MAX = 50, 2000
WILL_BE_MADE = L("Will be made", "將建立")
NOT_TOLD = L("(no permission)", "（無權查看）")


def context(record: Record, verb: str, me: Actor) -> dict[str, Any]:
    """What would be made now, the first of it tried. Raises Missing where nothing is offered."""
    leads = next((item for item in record.declared.follow_ups if item.verb == verb and item.over), None)
    if leads is None or record.state not in leads.states or not rights.may_create(me, follow_ups.target_of(leads)):
        raise Missing
    planned = follow_ups.missing(record, leads, COUNT_MAX)
    shown = list(islice(planned, SHOWN_MAX))
    over = follow_ups.over_of(leads)
    seen = {row["_id"]: title_of(over, row) for row in rights.find_rows(me, over, [item.part.id for item in shown])}  # type: ignore[union-attr]
    rows = [
        {
            "title": seen.get(item.part.id, str(NOT_TOLD)),  # type: ignore[union-attr]
            "verdict": str(hindrance or WILL_BE_MADE),
            "is_good": hindrance is None,
            "why": str(leads.why(record, item.part)) if leads.why else "",
        }
        for item, hindrance in zip(shown, would_make(record, leads, shown), strict=True)
    ]
    facts = {"label": leads.label, "verb": verb, "over": over.declared.label, "target": follow_ups.target_of(leads)}
    return {
        **heading(type(record), record),
        **facts,
        "rows_": rows,
        "says_why": leads.why is not None,
        "passed_over": list(_passed_over(record, leads, me)) if leads.why else [],
        "count": len(planned),
        "is_cut": len(planned) == COUNT_MAX,
    }


def _passed_over(record: Record, leads: FollowUp, me: Actor) -> Iterator[dict[str, str]]:
    """Those who get nothing, and why."""
    over = follow_ups.over_of(leads)
    every = islice(follow_ups.followers(record, leads), COUNT_MAX)
    rest: list[Any] = [item.part for item in every if follow_ups.values_for(record, leads, item) is None][:SHOWN_MAX]
    seen = {row["_id"]: title_of(over, row) for row in rights.find_rows(me, over, [part.id for part in rest])}
    for part in rest:
        yield {"title": seen.get(part.id, str(NOT_TOLD)), "why": str(leads.why(record, part)) if leads.why else ""}
