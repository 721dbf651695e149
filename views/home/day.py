"""My day: one list of what somebody owes, with one column for what is due, and a line in which a task is entered."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from flask import redirect, request
from mongoengine.base import get_document

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.language import working_time
from models.kernel.language.declare import leading_choice, ordered_choices
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import picking, rights
from models.services.personal import quick_entry
from models.tasks import Task

from .. import wording
from ..forms.drafts import once_key
from ..kinds import kind_of
from ..session import actor, say
from . import cases
from .held import held_back

DECIDE_MAX = 50
ROWS_MAX = 100
SEEN = Context(confirmed=True)  # what there is to consider stands beside what was understood
PEOPLE_MAX = 50  # whose names or logins hold what was typed
DAY = "/admin/day/"
LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)
AFTER_HOURS = dt.time(18)
NOBODY = L(
    "“{name}” names nobody whom you can choose, or several people; write more of the name.",
    "「{name}」找不到可選的人員，或對應多人，請寫得更完整。",
)
NOTHING = L("Write what is to be done.", "請填寫要做的事。")
MADE = L("{number} {title} is entered.", "已建立 {number} {title}。")


@dataclass
class Understood:
    """What a line says of a task: the values, the texts that are shown before it is saved, and what is not clear."""

    values: dict[str, Any] = field(default_factory=dict)
    shown: list[tuple[Words, str]] = field(default_factory=list)
    problems: list[Words] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)


def page(view: Any) -> Any:
    """The list; a line that is sent is shown as it was understood, and saved when that was seen."""
    me, text = actor(), request.form.get("text", "").replace("\x00", "")[: quick_entry.LINE_MAX].strip()
    known = understood(me, text) if request.method == "POST" else None
    once = request.form.get("once", "")[:64] or secrets.token_urlsafe(16)
    if known and not known.problems and request.form.get("shown") == text:
        try:
            task = changes.create(Task, known.values, actor=me, context=SEEN, once=once_key(me, once))
        except Refused as refused:
            known.problems += [words for some in refused.problems.values() for words in some] or [refused.sentence]
        else:
            say("good", MADE(number=task.number, title=task.title))
            return redirect(DAY)
    content = view.render(
        "day.html", **_lists(view, me), text=text, known=known, once=once, enters=rights.may_create(me, Task)
    )
    return (content, 422) if known and known.problems else content


def _lists(view: Any, me: Actor) -> dict[str, Any]:
    """What is due by tonight, late, or urgent, and all else that waits for somebody; urgent first, then by its date."""
    decide = cases.to_decide(me, DECIDE_MAX)
    own, reasons = cases.mine(me, view.catalogue)
    mine = [case for some in own.values() for case in some]
    owners, ids = cases.owners_of([*decide, *mine]), {case["_id"] for case in decide}
    tonight = clock.start_of(clock.today() + dt.timedelta(days=1))
    known = {case["_id"]: case for case in (*decide, *mine)}
    every = sorted(known.values(), key=lambda case: _order(case, is_leading=is_urgent(case, view.catalogue)))
    result: dict[str, list[dict[str, Any]]] = {"now": [], "later": []}
    held = held_back(me, every[:ROWS_MAX], view.catalogue)
    for case in every[:ROWS_MAX]:
        row = cases.case_row(case, view.catalogue, owners, reasons, held.get(case["_id"], {}))
        is_now = is_urgent(case, view.catalogue) or (case.get("due") or LATEST) < tonight
        result["now" if is_now else "later"].append(row | {"is_decision": case["_id"] in ids})
    return result | {"has_more": len(every) > ROWS_MAX}


def is_urgent(case: Mapping[str, Any], catalogue: Mapping[str, type[Record]]) -> bool:
    """Whether a case has the most of the ordered choice that leads the list of its type: urgent, not only high."""
    cls = catalogue.get(case["type"])
    name = leading_choice(cls) if cls and case.get("rank") else None
    if cls is None or name is None:
        return False
    field = ordered_choices(cls)[name]
    return case.get("rank") == max(field.ranks.values()) - field.middle


def _order(case: Mapping[str, Any], *, is_leading: bool) -> tuple[bool, dt.datetime, int, dt.datetime, ObjectId]:
    """Urgent work leads; then by what is due first, of that the higher, and the longer waited for."""
    rank = -(case.get("rank") or 0)
    return not is_leading, case.get("due") or LATEST, rank, case.get("since") or LATEST, case["_id"]


def understood(me: Actor, text: str) -> Understood:
    """What a line says to this person today, and how it is said back."""
    entry = quick_entry.read(text, clock.now().astimezone(clock.zone()).replace(tzinfo=None))
    result = Understood({"subject": entry.subject})
    if not entry.subject:
        result.problems.append(NOTHING)
    if entry.day:
        result.values["due"] = _due(me, entry.day, entry.time)
    if entry.priority:
        result.values["priority"] = entry.priority
    if entry.repeat:
        result.values["repeat"] = entry.repeat
    people = [(name, _person(me, name)) for name in dict.fromkeys(entry.people)]
    result.problems += [NOBODY(name=name) for name, id in people if id is None]
    ids = list(dict.fromkeys(id for _, id in people if id is not None))
    result.values["assignee"] = ids[0] if ids else me.id
    result.notes = [words for _, words in Task(**{k: v for k, v in result.values.items() if k != "due"}).warnings()]
    if ids[1:]:
        result.values["helpers"] = ids[1:]
    labels = wording.titles({"User": [*ids, *([me.id] if me.id else [])]})
    kinds = {name: kind_of(Task._fields[name]) for name in result.values}
    result.shown = [(label_of(kind.field), kind.plain(result.values[name], labels)) for name, kind in kinds.items()]
    return result


def _due(me: Actor, day: dt.date, time: dt.time | None) -> dt.datetime:
    """The moment of a day and a time; without a time when work ends, on a day off in the evening."""
    work = working_time.calendar_of(me.department)
    if time is None and work.is_workday(day):
        return work.end_of(day)
    return dt.datetime.combine(day, time or AFTER_HOURS, clock.zone()).astimezone(clock.UTC)


def _person(me: Actor, name: str) -> ObjectId | None:
    """The one colleague whom a name, a login or the initials of a name mean among those whom somebody may choose."""
    link: Any = Task._fields["assignee"]
    rows = picking.offered(me, link, name, PEOPLE_MAX)
    ids = [row["_id"] for row in rows]
    login = {"_id": {"$in": ids}, "login": name.lower()}
    if row := get_document("User")._get_collection().find_one(login, {"_id": 1}):
        return row["_id"]
    return ids[0] if len(ids) == 1 else picking.meant(me, link, name)
