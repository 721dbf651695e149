"""How people arrange the lists of a type: their columns and widths, and the views that they have saved.

Nothing here grants anything: a stored column, filter or order counts only as far as its reader may see the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import L
from models.kernel.rights import rights

COLLECTION = "grid_view"
INDEXES = [
    IndexModel([("type", ASCENDING), ("person", ASCENDING)]),
    IndexModel([("type", ASCENDING), ("department", ASCENDING)]),
    IndexModel([("view", ASCENDING)], sparse=True),
    IndexModel([("start", ASCENDING)], sparse=True),
]
VIEWS_MAX = 30
SHARED_MAX = 60
COLUMNS_MAX = 40
NAME_MAX = 40
PAIRS_MAX = 60
TEXT_MAX = 200
WIDTH_MIN, WIDTH_MAX = 4, 40
NO_NAME = L("Please give the view a name of at most {most} characters.", "請填寫視圖名稱，最多 {most} 字。")
NAME_TAKEN = L("There is already a view “{name}”.", "已有名為「{name}」的視圖。")
TOO_MANY = L("There are {most} views already; remove one first.", "已有 {most} 個視圖，請先移除一個。")
_LAYOUT, _VIEW = "layout", "view"


@dataclass(frozen=True)
class View:
    """A list under a name: what it is narrowed by (as pairs of an address), its columns and its order.

    `department` is set when all of that department see it; `figures` where it is a table of the page of analysis: its
    lines, columns and value as pairs of an address.
    """

    id: ObjectId
    name: str
    person: ObjectId
    department: ObjectId | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    sort: str = ""
    figures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Layout:
    """How one person has a list: the columns in order (none: as declared) and widths in rem by column."""

    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Arrangement:
    """Everything that a person has arranged in the lists of a type; `start` is the view that opens first."""

    views: tuple[View, ...] = ()
    layouts: Mapping[ObjectId | None, Layout] = field(default_factory=dict)
    start: ObjectId | None = None

    def view(self, id: str | ObjectId | None) -> View | None:
        """The view of an id, if it is one of these."""
        return next((view for view in self.views if str(view.id) == str(id)), None)

    def layout(self, view: View | None) -> Layout:
        """The person's own columns and widths in a view (None: in the list without one)."""
        return self.layouts.get(view.id if view else None, Layout())


def arrangement_of(actor: Actor, type_name: str) -> Arrangement:
    """What a person has arranged, and the views shared with their department: one query."""
    mine: list[dict[str, Any]] = [{"person": actor.id}]
    if actor.department is not None:
        mine.append({"kind": _VIEW, "department": actor.department})
    rows = list(in_unit(COLLECTION).find({"type": type_name, "$or": mine}).limit(2 * VIEWS_MAX + 2 * SHARED_MAX))
    layouts = [row for row in rows if row["kind"] == _LAYOUT]
    views = sorted(
        (_view(row) for row in rows if row["kind"] == _VIEW), key=lambda view: (bool(view.department), view.id)
    )
    return Arrangement(
        tuple(views),
        {row.get("view"): Layout(tuple(row.get("columns", ())), row.get("widths", {})) for row in layouts},
        next((row["start"] for row in layouts if row.get("start")), None),
    )


def _view(row: Mapping[str, Any]) -> View:
    pairs = tuple((key, value) for key, value in row.get("pairs", ()))
    columns = tuple(row.get("columns", ()))
    figures = tuple((key, value) for key, value in row.get("figures", ()))
    whose = row["person"], row.get("department")
    return View(row["_id"], row["name"], *whose, pairs, columns, row.get("sort", ""), figures)


def keep_columns(actor: Actor, type_name: str, view: View | None, columns: Iterable[str]) -> None:
    """Keep which columns a person wants, in this order."""
    _keep(actor, type_name, view, {"columns": list(dict.fromkeys(columns))[:COLUMNS_MAX]})


def keep_width(actor: Actor, type_name: str, view: View | None, column: str, width: int | None) -> None:
    """Keep how wide a column is, in rem; None gives it back its own width. The caller knows that it is a column."""
    if width is None:
        known = {"_id": _layout_id(actor, type_name, view)}
        in_unit(COLLECTION).update_one(known, {"$unset": {f"widths.{column}": ""}})
        return
    _keep(actor, type_name, view, {f"widths.{column}": min(max(width, WIDTH_MIN), WIDTH_MAX)})


def forget_layout(actor: Actor, type_name: str, view: View | None) -> None:
    """Let a list be as it is declared, or as its view says."""
    known = {"_id": _layout_id(actor, type_name, view)}
    in_unit(COLLECTION).update_one(known, {"$unset": {"columns": "", "widths": ""}})


def keep_start(actor: Actor, type_name: str, view: View | None) -> None:
    """Let this view open first; None: the whole list."""
    _keep(actor, type_name, None, {"start": view.id if view else None})


def _layout_id(actor: Actor, type_name: str, view: View | None) -> str:
    """One document for each person, type and view; found by its key, so that two windows cannot make two."""
    return f"{actor.id}:{type_name}:{view.id if view else ''}"


def _keep(actor: Actor, type_name: str, view: View | None, values: Mapping[str, Any]) -> None:
    fresh = {"kind": _LAYOUT, "person": actor.id, "type": type_name, **({"view": view.id} if view else {})}
    known = {"_id": _layout_id(actor, type_name, view)}
    in_unit(COLLECTION).update_one(known, {"$set": dict(values), "$setOnInsert": fresh}, upsert=True)


def save_view(actor: Actor, type_name: str, name: str, content: Mapping[str, Any], *, shared: bool = False) -> View:
    """Save a list under a name; `told` has pairs, columns and sort. Raises Refused."""
    known = arrangement_of(actor, type_name)
    row = {"_id": ObjectId(), "kind": _VIEW, "type": type_name, "person": actor.id, "changed_at": clock.now()}
    row |= {"name": _name(name, known.views, None), **_content(content), **_audience(actor, shared)}
    own = [view for view in known.views if view.person == actor.id]
    if len(own) >= VIEWS_MAX:
        raise Refused(TOO_MANY(most=VIEWS_MAX))
    if shared and len(known.views) - len(own) >= SHARED_MAX:
        raise Refused(TOO_MANY(most=SHARED_MAX))
    in_unit(COLLECTION).insert_one(row)
    return _view(row)


def change_view(
    actor: Actor, type_name: str, id: str, *, name: str, shared: bool, content: Mapping[str, Any] | None = None
) -> View:
    """Give a view another name or audience and, with `told`, another content. Raises Refused, Missing, Forbidden."""
    known = arrangement_of(actor, type_name)
    view = _changeable(actor, known, id)
    values = {
        "name": _name(name, known.views, view),
        "changed_at": clock.now(),
        **(_content(content) if content else {}),
    }
    if shared != bool(view.department):
        values |= _audience(actor, shared)
    in_unit(COLLECTION).update_one({"_id": view.id}, {"$set": values})
    if content:
        forget_layout(actor, type_name, view)
    return view


def remove_view(actor: Actor, type_name: str, id: str) -> View:
    """Remove a view, and what people arranged in it. Raises Missing, Forbidden."""
    view = _changeable(actor, arrangement_of(actor, type_name), id)
    rows = in_unit(COLLECTION)
    rows.delete_one({"_id": view.id})
    rows.delete_many({"view": view.id})
    rows.update_many({"start": view.id}, {"$unset": {"start": ""}})
    return view


def _changeable(actor: Actor, known: Arrangement, id: str) -> View:
    view = known.view(id)
    if view is None:
        raise Missing
    if not (verdict := rights.may_change_view(actor, view.person, view.department)):
        raise Forbidden(verdict.why)
    return view


def _name(text: str, others: Iterable[View], own: View | None) -> str:
    name = " ".join(text.split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise Refused(NO_NAME(most=NAME_MAX))
    if any(view.name == name and view is not own for view in others):
        raise Refused(NAME_TAKEN(name=name))
    return name


def _audience(actor: Actor, shared: bool) -> dict[str, Any]:
    if shared and not (verdict := rights.may_share_views(actor)):
        raise Forbidden(verdict.why)
    return {"department": actor.department if shared else None}


def _content(values: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [[key[:TEXT_MAX], value[:TEXT_MAX]] for key, value in values["pairs"]][:PAIRS_MAX]
    figures = [[key, value[:TEXT_MAX]] for key, value in values.get("figures", ())]
    kept = {"pairs": pairs, "columns": list(values["columns"])[:COLUMNS_MAX], "sort": values["sort"]}
    return {**kept, **({"figures": figures} if figures else {})}
