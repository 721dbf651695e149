"""A replay over the last year as pages show it: on its own screen, and with the move or change that asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId

from models.kernel.base import people
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import replay, replays
from models.kernel.language import working_time
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.language.workflow import Move
from models.kernel.rights import rights

from .. import wording

TITLE = L("Replay over the last year", "按過去一年重算")
HOURS = L("{count} h", "{count} 小時")


@dataclass(frozen=True)
class ReplayedPage:
    """Which page of which records is shown: of a part, `newly` late or `no_longer`, counted from 0."""

    part: int = -1
    of: str = ""
    number: int = 0


FIRST_PAGES = ReplayedPage()


def before_move(me: Actor, record: Record, move: Move) -> dict[str, Any] | None:
    """The replay that a move asks for, with the way to it; None where it asks for none."""
    word = record.declared.replayed
    if word is None or word.on != move.verb or not replays.is_needed(record):
        return None
    now = replays.standing(record)
    shown = context_of(me, type(record), now.row)
    return {**shown, "why": str(now.why) if now.why else "", "url": address_of(record)}


def before_removal(me: Actor, record: Record) -> dict[str, Any] | None:
    """The same of the removal of what is replayed before each change."""
    word = record.declared.replayed
    if word is None or word.on or not replays.is_needed(record):
        return None
    now = replays.standing(record, replays.values_of(record) | {"removed_at": True})
    return {**context_of(me, type(record), now.row), "why": str(now.why) if now.why else "", "url": ""}


def address_of(record: Record) -> str:
    """The screen of the replay of a record."""
    return f"/admin/replay/?type={record.type_name()}&id={record.id}"


def context_of(
    me: Actor, cls: type[Record], row: Mapping[str, Any] | None, shown: ReplayedPage = FIRST_PAGES
) -> dict[str, Any]:
    """A replay as pages show it: whether it goes on, its sentence, and each deadline with teams and records."""
    if row is None:
        return {"is_asked": False, "is_done": False, "parts_": []}
    known = {(other.type_name(), deadline.name): (other, deadline) for other, deadline in replays.concerned(cls)}
    parts = [
        _part(me, *known[part["type"], part["deadline"]], _PartOf(row, at, part, shown))
        for at, part in enumerate(row.get("parts", ()))
        if (part["type"], part["deadline"]) in known
    ]
    return {
        "is_asked": True,
        "is_done": bool(row.get("done_at")),
        "summary": replays.summary(row),
        "at": wording.moment(row["at"]),
        "is_stale": row["base"] != replays.base(),
        "parts_": parts,
    }


@dataclass(frozen=True)
class _PartOf:
    """One deadline of a replay, its place among them, and which page is shown."""

    row: Mapping[str, Any]
    at: int
    part: Mapping[str, Any]
    shown: ReplayedPage


def _part(me: Actor, cls: type[Record], deadline: Any, of: _PartOf) -> dict[str, Any]:
    part = of.part
    places = {key: ObjectId(key) if key else None for key in part["teams"]}
    now = dt.datetime.now(dt.UTC)
    return {
        "label": deadline.label,
        "plural": cls.declared.plural,
        "teams": [
            _team(people.department_facts(places[key]), team, working_time.calendar_of(places[key]), now)
            for key, team in part["teams"].items()
        ],
        "newly": _listed(me, cls, "newly", of),
        "no_longer": _listed(me, cls, "no_longer", of),
    }


def _listed(me: Actor, cls: type[Record], name: str, of: _PartOf) -> dict[str, Any]:
    """The records of a part that change sides: how many, those of the page shown, and the ways to the others."""
    is_chosen = (of.shown.part, of.shown.of) == (of.at, name)
    number, pages = of.shown.number if is_chosen else 0, replays.pages_in(of.part, name)
    count = sum(team[name] for team in of.part["teams"].values())
    address = {"type": of.row["type"], "id": of.row["record"] or "", "key": of.row["_id"], "part": of.at, "of": name}
    return {
        "count": count,
        "is_open": is_chosen,
        "rows": list(_seen(me, cls, replays.page_of(of.row, of.at, name, number))),
        "pages": [
            {
                "label": f"{each * replays.PAGE + 1}-{min((each + 1) * replays.PAGE, count)}",
                "url": f"/admin/replay/?{urlencode({**address, 'page': each})}",
                "is_open": each == number,
            }
            for each in range(pages)
            if pages > 1
        ],
    }


def _team(facts: Any, team: Mapping[str, int], calendar: Any, now: dt.datetime) -> dict[str, Any]:
    year = calendar.between(now - replay.SPAN, now) // dt.timedelta(seconds=1)
    return {
        **team,
        "name": facts.name if facts else "",
        "over": HOURS(count=rounded(Fraction(team["over"], 3600), 1)),
        "people": str(rounded(Fraction(team["over"], year), 1)) if year else "",
    }


def _seen(me: Actor, cls: type[Record], kept: list[Any]) -> Iterator[dict[str, Any]]:
    """Records whose deadline would have ended otherwise, as far as the reader may see them."""
    scope = rights.visible(me, cls)
    query = {"$and": [{"_id": {"$in": [ObjectId(id) for id, *_ in kept]}}, scope or {}]}
    rows = rows_of(cls, cls.collection().find(query, {"number": 1, "title": 1})) if scope is not None and kept else []
    seen = {str(row["_id"]): row for row in rows}
    for id, before, after in kept:
        if id in seen:
            yield {
                "number": seen[id].get("number", ""),
                "title": seen[id].get("title", ""),
                "url": f"/admin/{cls.type_name()}/details/?id={id}",
                "before": wording.moment(before),
                "after": wording.moment(after),
            }
