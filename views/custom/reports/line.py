"""The line of a record: all that it comes from and all that comes of it, level by level, in the reader's rights.

It goes across types along the links that each declares, so it is nobody's list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from flask import abort, request
from flask_admin import BaseView, expose
from mongoengine.base import get_document

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.declare import at_path
from models.kernel.language.line import DOWN, UP, LineStep, link_at, stands_in_line, steps_from
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.lists.listing import TIME_LIMIT_MS
from views.session import actor, catalogue
from views.slots import ANY, CustomView, Link, on_record_page
from views.wording import state_label, tone

LEVELS_MAX = 12
EACH_MAX = 50  # records of a type on one level that are shown and gone on from
LINE = L("Up and down the line", "上下游追溯")
_SHOWN = {"number": 1, "title": 1, "state": 1}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(stands_in_line(catalogue, cls) for cls in catalogue.values())
    return [LineView(name="line", endpoint="line", url="/admin/line")] if known else []


@on_record_page(ANY)
def _offer(_me: Actor, record: Record) -> Link | None:
    if not stands_in_line(catalogue(), type(record)):
        return None
    return Link(LINE, f"/admin/line/?type={record.type_name()}&id={record.id}")


class LineView(CustomView):
    """Where a record comes from, up to the first cause, and what came of it, down to the last."""

    @expose("/")
    def index(self) -> str:
        """Levels above, the record, levels below: one query for each link and level."""
        cls = catalogue().get(request.args.get("type", ""))
        if cls is None:
            abort(404)
        me = actor()
        row = rights.find_row(me, cls, request.args.get("id", ""))
        above, below = levels_from(me, cls, row, UP), levels_from(me, cls, row, DOWN)
        record = cls.from_stored(row)
        return self.render(
            "custom/line.html",
            declared=cls.declared,
            record=record,
            base=f"/admin/{cls.declared.name}/",
            above=[list(_groups(level)) for level in reversed(above)],
            itself=_shown(cls, row),
            below=[list(_groups(level)) for level in below],
        )


@dataclass
class Level:
    """What stands one step further along the line: the rows of each type, and of which there are more."""

    rows: dict[str, dict[ObjectId, Mapping[str, Any]]] = field(default_factory=dict)
    more: set[str] = field(default_factory=set)


def levels_from(me: Actor, cls: type[Record], row: Mapping[str, Any], way: str) -> list[Level]:
    """All that is reached from a record one way, each record on the first level on which it is reached."""
    seen, levels = {row["_id"]}, []
    at: dict[str, dict[ObjectId, Mapping[str, Any]]] = {cls.type_name(): {row["_id"]: row}}
    for _ in range(LEVELS_MAX):
        level = Level()
        for name, rows in at.items():
            for step in steps_from(catalogue(), catalogue()[name], way):
                _go(me, step, rows, level, seen)
        if not level.rows:
            break
        levels.append(level)
        at = level.rows
    return levels


def _go(
    me: Actor, step: LineStep, rows: Mapping[ObjectId, Mapping[str, Any]], level: Level, seen: set[ObjectId]
) -> None:
    """Add what one step leads to from some records, as far as the reader sees it and the link."""
    name = step.path.partition(".")[0]
    if name not in rights.listed_fields(me, step.cls):
        return
    if step.held:
        target: Any = get_document(link_at(step.cls, step.path).target)
        query: dict[str, Any] = {"_id": {"$in": list(_held(step, rows.values()))}}
    else:
        target, query = step.cls, {step.path: {"$in": list(rows)}}
    scope = rights.visible(me, target)
    if scope is None:
        return
    kept = _SHOWN | {path: 1 for other in steps_from_of(target) for path in [other]}
    hits = target.collection().find({"$and": [query, scope, {"_id": {"$nin": list(seen)}}]}, kept)
    for at, row in enumerate(hits.sort("_id", -1).limit(EACH_MAX + 1).max_time_ms(TIME_LIMIT_MS)):
        if at == EACH_MAX:
            level.more.add(target.type_name())
            break
        seen.add(row["_id"])
        level.rows.setdefault(target.type_name(), {})[row["_id"]] = row


def steps_from_of(cls: type[Record]) -> Sequence[str]:
    """The links of a type that lead along the line."""
    return (*cls.declared.upstream, *cls.declared.downstream)


def _held(step: LineStep, rows: Any) -> Iterator[ObjectId]:
    link = link_at(step.cls, step.path)
    for row in rows:
        for value in at_path(row, step.path):
            yield from link.ids_in(value)


def _groups(level: Level) -> Iterator[dict[str, Any]]:
    for name, rows in level.rows.items():
        cls = catalogue()[name]
        shown = [_shown(cls, row) for row in rows.values()]
        yield {"label": cls.declared.plural, "rows": shown, "more": name in level.more}


def _shown(cls: type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    number, title = row.get("number", ""), row.get("title") or ""
    return {
        "number": number,
        "name": title if number in title else f"{number} {title}",
        "url": f"/admin/{cls.declared.name}/details/?id={row['_id']}",
        "line": f"/admin/line/?type={cls.declared.name}&id={row['_id']}",
        "state": state_label(cls, row.get("state")),
        "tone": tone(cls, row.get("state")),
    }
