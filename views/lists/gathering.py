"""One record made of many: the selected rows of a list, linked in the blank form of what follows from all of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import redirect, request

from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.language.spec import FollowUp
from models.kernel.rights import rights

from ..session import actor, catalogue, say
from ..wording import state_label
from .bulk import NOTHING

ROWS_MAX = 100
TOO_MANY = L("At most {most} rows at once, please.", "一次最多選取 {most} 行。")
NONE_FITS = L("None of the selected rows is “{states}”.", "所選各行均非「{states}」狀態。")
LEFT_OUT = L(
    "{count} of the selected rows are not “{states}” or are gone; they are left out.",
    "所選行中有 {count} 行非「{states}」狀態或已不存在，未列入。",
)


def offered(cls: type[Record], me: Actor) -> list[tuple[str, str]]:
    """What a reader may make of several rows at once."""
    return [(leads.verb, str(leads.label)) for leads in _gathering(cls, me)]


def _gathering(cls: type[Record], me: Actor) -> list[FollowUp]:
    """What follows on a blank form in which several records can be named."""
    return [
        leads
        for leads in cls.declared.follow_ups
        if leads.opens
        for target in [catalogue().by_class(leads.to)]
        if not target.fields_of()[leads.opens].is_single_link and rights.may_create(me, target)
    ]


def answer(view: Any) -> Any:
    """Lead to the blank form that names those of the selected rows that are in the right state. Raises Refused."""
    cls, me = view.model, actor()
    leads = next((item for item in _gathering(cls, me) if item.verb == request.form.get("gather")), None)
    if leads is None:
        raise Forbidden(rights.NOT_YOURS)
    keys = [RecordKey.of_row(cls.declared.name, given) for given in dict.fromkeys(request.form.getlist("rowid"))]
    ids = [key.id for key in keys if key]
    if not ids or len(ids) > ROWS_MAX:
        raise Refused(TOO_MANY(most=ROWS_MAX) if ids else NOTHING)
    scope = rights.visible(me, cls) or {"_id": None}
    fitting = {"_id": {"$in": ids}, "state": {"$in": sorted(leads.states)}}
    known = {row["_id"] for row in cls.collection().find({"$and": [scope, fitting]}, {"_id": 1})}
    states = ", ".join(state_label(cls, state) for state in sorted(leads.states))
    if not known:
        raise Refused(NONE_FITS(states=states))
    if out := len(ids) - len(known):
        say("warn", LEFT_OUT(count=out, states=states))
    named = urlencode([(leads.opens, str(id)) for id in ids if id in known])
    return redirect(f"/admin/{catalogue().by_class(leads.to).declared.name}/new/?{named}")
