"""What another table or calendar would have made of the last year is no record: it is counted before one is saved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from bson import ObjectId
from flask import request
from flask_admin import BaseView, expose

from models.kernel.base import clock, people
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.people import Actor, Role
from models.kernel.base.words import L
from models.kernel.base.work_calendar import BadShifts, WorkCalendar, shifts_of_text
from models.kernel.gate import replay
from models.kernel.gate.clocks import calendar_for
from models.kernel.language import working_time
from models.kernel.language.deadline import Deadline
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.working_time import WEEKDAYS
from models.kernel.rights import rights
from views import wording
from views.session import actor
from views.slots import CustomView, Link, on_record_page

TITLE = L("Replay over the last year", "按過去一年重算")
BAD_HOURS = L("Write times such as 09:00-12:00, 13:00-18:00.", "請填寫如 09:00-12:00, 13:00-18:00 的時段。")
HOURS = L("{count} h", "{count} 小時")
SHOWN_MAX = 100
TABLE, CALENDAR = "service_level_table", "working_calendar"
NONE = dt.timedelta()


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [ReplayView(name="replay", endpoint="replay", url="/admin/replay")] if TABLE in catalogue else []


def may_replay(me: Actor) -> bool:
    """Heads and IT; IT is shown figures, and no tickets."""
    return any(not principal.roles.isdisjoint({Role.HEAD, Role.IT}) for principal in me.represented())


@on_record_page(TABLE)
def _of_table(me: Actor, record: Record) -> Link | None:
    return Link(TITLE, f"/admin/replay/?table={record.id}") if may_replay(me) else None


@on_record_page(CALENDAR)
def _of_calendar(me: Actor, record: Record) -> Link | None:
    return Link(TITLE, f"/admin/replay/?calendar={record.id}") if may_replay(me) else None


@dataclass
class Team:
    """What becomes of the records of a department: how many were late and would have been, and how much more work it
    would have taken to be in time."""

    name: str
    n: int = 0
    before: int = 0
    after: int = 0
    over: dt.timedelta = NONE
    newly: list[replay.Replayed] = field(default_factory=list)
    no_longer: int = 0

    def add(self, row: replay.Replayed) -> None:
        self.n, self.before, self.after = self.n + 1, self.before + row.before.is_late, self.after + row.after.is_late
        self.over += row.after.over - row.before.over
        self.no_longer += row.before.is_late and not row.after.is_late
        if row.after.is_late and not row.before.is_late:
            self.newly.append(row)


class ReplayView(CustomView):
    """A table or a calendar over the records of the last year: which would have been late. Nothing is written."""

    def is_accessible(self) -> bool:
        return may_replay(actor())

    @expose("/")
    def index(self) -> Any:
        """The replay of a table that is prepared, or of a calendar with other hours."""
        me = actor()
        if not may_replay(me):
            raise Forbidden(rights.NOT_YOURS)
        record = _record(me)
        problem, hours, parts = "", {}, []
        if record.type_name() == TABLE:
            lines = _lines(record)
            parts = [_part(me, cls, deadline, lines=lines) for cls, deadline in replay.by_table(type(record).__name__)]
        else:
            hours = {name: request.args.get(name, record.raw(name) or "") for name in WEEKDAYS}
            try:
                parts = list(_with_calendar(me, record, hours))
            except BadShifts:
                problem = str(BAD_HOURS)
        return self.render(
            "custom/replay.html",
            record=record,
            url=f"/admin/{record.type_name()}/details/?id={record.id}",
            hours=[(name, record.fields_of()[name].label, text) for name, text in hours.items()],
            problem=problem,
            parts_=parts,
        ), 422 if problem else 200


def _record(me: Actor) -> Record:
    for name, key in ((TABLE, "table"), (CALENDAR, "calendar")):
        if id := request.args.get(key):
            return rights.find(me, registered()[name], id)
    raise Missing


def _lines(table: Record) -> list[Mapping[str, Any]]:
    return list(table.to_mongo().to_dict().get("levels") or ())


def _with_calendar(me: Actor, record: Record, hours: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """All deadlines whose records go by a calendar, with other hours of its weekdays. Raises BadShifts."""
    known = working_time.calendars()
    present = known.by_id.get(record.id, known.company)
    other = replace(present, week=tuple(shifts_of_text(hours[name]) for name in WEEKDAYS))
    if not any(other.week):
        raise BadShifts

    def calendar_of(item: Record, deadline: Deadline) -> WorkCalendar:
        own = calendar_for(item, deadline)
        return other if own is present else own

    for cls in registered().values():
        for deadline in cls.declared.deadlines:
            yield _part(me, cls, deadline, calendar_of=calendar_of)


def _part(me: Actor, cls: type[Record], deadline: Deadline, **changed: Any) -> dict[str, Any]:
    """One deadline of a type: each team with its figures, and the records that would have been late."""
    now = clock.now()
    records, count = replay.rows_of_year(cls, deadline, now)
    teams: dict[ObjectId | None, Team] = {}
    for row in replay.replay(deadline, records, now=now, **changed):
        place = row.record.ref("department")
        facts = people.department_facts(place) if place else None
        teams.setdefault(place, Team(facts.name if facts else "")).add(row)
    year = {place: working_time.calendar_of(place).between(now - replay.SPAN, now) for place in teams}
    return {
        "label": deadline.label,
        "plural": cls.declared.plural,
        "count": count,
        "read": len(records),
        "teams": [_team(team, year[place]) for place, team in teams.items()],
        "records": list(_newly(me, cls, teams)),
    }


def _team(team: Team, year: dt.timedelta) -> dict[str, Any]:
    second = dt.timedelta(seconds=1)
    share = Fraction(team.over // second, year // second) if year else None
    return {
        "name": team.name,
        "n": team.n,
        "before": team.before,
        "after": team.after,
        "newly": len(team.newly),
        "no_longer": team.no_longer,
        "over": HOURS(count=rounded(Fraction(team.over // second, 3600), 1)),
        "people": str(rounded(share, 1)) if share is not None else "",
    }


def _newly(me: Actor, cls: type[Record], teams: Mapping[Any, Team]) -> Iterator[dict[str, Any]]:
    """The records that would have been late, as far as the reader may see them."""
    rows = [row for team in teams.values() for row in team.newly][:SHOWN_MAX]
    scope = rights.visible(me, cls)
    ids = [row.record.id for row in rows]
    query = {"$and": [{"_id": {"$in": ids}}, scope]}
    seen = {row["_id"] for row in cls.collection().find(query, {"_id": 1})} if scope is not None else set()
    for row in rows:
        if row.record.id in seen:
            yield {
                "number": row.record.number,
                "title": row.record.title,
                "url": f"/admin/{cls.type_name()}/details/?id={row.record.id}",
                "before": wording.moment(row.before.due),
                "after": wording.moment(row.after.due),
            }
