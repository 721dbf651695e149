"""A list as its reader has arranged it: reads views, columns and widths, and answers the forms that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import jsonify, redirect, request
from werkzeug.datastructures import MultiDict

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.personal import layouts
from models.services.personal.layouts import Arrangement, View

from ..session import actor, say
from . import listing
from .listing import ListQuery, choosable

STATE_MAX = 8000
FIGURES = ("rows", "columns", "value")  # what makes a table of the page of analysis
WHOLE = "all"  # as the view of an address: no view, although one opens first
SAVED = L("The view “{name}” is saved.", "已保存視圖「{name}」。")
REMOVED = L("The view “{name}” is removed.", "已移除視圖「{name}」。")


@dataclass(frozen=True)
class Shown:
    """What a list shows: what is asked of it, its columns in order with their widths, and the views there are."""

    query: ListQuery
    columns: tuple[str, ...]
    widths: Mapping[str, int] = field(default_factory=dict)
    arrangement: Arrangement = field(default_factory=Arrangement)

    @property
    def view(self) -> View | None:
        return self.query.view


def read_list(cls: type[Record], me: Actor, args: MultiDict) -> Shown:
    """The list that an address asks for; one query beside those of its search.

    An address without any argument opens the view that its reader wants first.
    """
    known = layouts.arrangement_of(me, cls.declared.name)
    needed = args.get("view")
    view = known.view(needed if needed or args else known.start)
    if view and not needed:
        args = MultiDict([("view", str(view.id))])
    elif needed and view is None and needed != WHOLE:
        args = MultiDict([(key, value) for key, value in args.items(multi=True) if key != "view"])
    query = listing.read_request(cls, me, args, view=view)
    layout = known.layout(view)
    columns = _seen(cls, me, layout.columns) or _seen(cls, me, view.columns if view else ())
    return Shown(query, columns or _own_columns(cls, me, known), layout.widths, known)


def query_of(cls: type[Record], me: Actor, args: MultiDict) -> ListQuery:
    """What an address asks of a type's records, elsewhere than in the list: the view that it names counts there too."""
    needed = args.get("view")
    view = layouts.arrangement_of(me, cls.declared.name).view(needed) if needed else None
    return listing.read_request(cls, me, args, view=view)


def _own_columns(cls: type[Record], me: Actor, known: Arrangement) -> tuple[str, ...]:
    return _seen(cls, me, known.layout(None).columns) or _seen(cls, me, cls.declared.grid.columns)


def _seen(cls: type[Record], me: Actor, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of these columns that there are and that the reader may see."""
    there = set(choosable(cls, me))
    return tuple(name for name in names if name in there)


def columns_context(cls: type[Record], me: Actor, shown: Shown) -> list[dict[str, Any]]:
    """All columns to choose from, the shown ones first and in their order."""
    names = dict.fromkeys((*shown.columns, *choosable(cls, me)))
    chosen = set(shown.columns)
    return [{"name": name, "label": label_of(cls._fields[name]), "is_shown": name in chosen} for name in names]


def views_context(me: Actor, shown: Shown, base: str) -> dict[str, Any]:
    """The tabs above a list, and what may be done with the one that is open."""
    view = shown.view
    start = shown.arrangement.start
    tabs = [
        {
            "name": record.name,
            "url": f"{base}?{urlencode({'view': str(record.id)})}",
            "is_open": record is view,
            "is_shared": record.department is not None,
            "is_first": record.id == start,
        }
        for record in shown.arrangement.views
        if not record.figures
    ]
    return {
        "tabs": tabs,
        "all_url": f"{base}?view={WHOLE}" if shown.arrangement.view(start) else base,
        "open_tab": _open_tab(shown, base),
        "view": view,
        "is_changed": shown.query.is_changed or bool(view and shown.arrangement.layout(view).columns),
        "may_change_view": bool(view and rights.may_change_view(me, view.person, view.department)),
        "may_share": bool(rights.may_share_views(me)),
        "opens_first": bool(view and view.id == start),
        "state": urlencode(list(shown.query.args.items(multi=True))),
    }


def _open_tab(shown: Shown, base: str) -> dict[str, Any] | None:
    """The way to the records that are in none of the states in which their course ends; None where no state is one."""
    flow = shown.query.cls.declared.workflow
    if flow is None or not flow.ends:
        return None
    pairs = [("f.state", state) for state in flow.states if state not in flow.ends]
    is_open = shown.view is None and sorted(shown.query.pairs) == sorted(pairs)
    return {"url": f"{base}?{urlencode(pairs)}", "is_open": is_open}


def columns_answer(screen: Any) -> Any:
    """The page of the columns; POST keeps them, moves one up or down, keeps a width, or forgets all of it."""
    cls, me = screen.model, actor()
    shown = read_list(cls, me, _state(request.values))
    if request.method == "GET":
        return _columns_page(screen, shown)
    if "width" in request.form:
        return _keep_width(cls, me, shown)
    if request.form.get("verb") == "forget":
        layouts.forget_layout(me, cls.declared.name, shown.view)
        return redirect(_back(screen.base, shown))
    order = [name for name in request.form.getlist("order") if name in choosable(cls, me)]
    chosen = set(request.form.getlist("column"))
    for step, sign in (("up", -1), ("down", 1)):
        if (name := request.form.get(step)) in order:
            _move(order, str(name), sign)
    layouts.keep_columns(me, cls.declared.name, shown.view, [name for name in order if name in chosen])
    if request.form.get("up") or request.form.get("down"):
        return redirect(f"{screen.base}columns/?{urlencode({'state': request.form.get('state', '')[:STATE_MAX]})}")
    return redirect(_back(screen.base, shown))


def _columns_page(screen: Any, shown: Shown) -> str:
    return screen.render(
        "record/columns.html",
        declared=screen.model.declared,
        base=screen.base,
        back=_back(screen.base, shown),
        choices=columns_context(screen.model, actor(), shown),
        state=urlencode(list(shown.query.args.items(multi=True))),
    )


def _move(order: list[str], name: str, sign: int) -> None:
    at = order.index(name)
    order.insert(max(at + sign, 0), order.pop(at))


def _keep_width(cls: type[Record], me: Actor, shown: Shown) -> Any:
    """One column's width, as a script sends it; without a number the column gets its own width back."""
    column, text = request.form.get("column", ""), request.form["width"]
    if column not in shown.columns:
        return jsonify(ok=False), 404
    width = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None
    layouts.keep_width(me, cls.declared.name, shown.view, column, width)
    return jsonify(ok=True)


def views_answer(screen: Any) -> Any:
    """Save what is shown as a view; change or remove the view that is open. Leads to the list."""
    cls, me, form = screen.model, actor(), request.form
    shown = read_list(cls, me, _state(form))
    verb, name, shared = form.get("verb"), form.get("name", ""), bool(form.get("shared"))
    type_name, id = cls.declared.name, str(shown.view.id if shown.view else "")
    if verb == "remove":
        removed = layouts.remove_view(me, type_name, id)
        say("good", REMOVED(name=removed.name))
        return redirect(f"/admin/analysis/{type_name}/" if removed.figures else f"{screen.base}?view={WHOLE}")
    figures = [(key, value) for key, value in _state(form).items(multi=True) if key in FIGURES]
    facts = {"pairs": shown.query.pairs, "columns": shown.columns, "sort": shown.query.sort, "figures": figures}
    if verb == "save":
        view = layouts.save_view(me, type_name, name, facts, shared=shared)
    else:
        content = facts if verb == "update" else None
        view = layouts.change_view(me, type_name, id, name=name, shared=shared, content=content)
    if bool(form.get("first")) != (view.id == shown.arrangement.start):
        layouts.keep_start(me, type_name, view if form.get("first") else None)
    say("good", SAVED(name=" ".join(name.split())))
    if figures:
        return redirect(f"/admin/analysis/{type_name}/?view={view.id}")
    return redirect(f"{screen.base}?view={view.id}")


def _state(values: Any) -> MultiDict:
    """The arguments of the list that a form belongs to."""
    return MultiDict(parse_qsl(values.get("state", "")[:STATE_MAX], keep_blank_values=True))


def _back(base: str, shown: Shown) -> str:
    return shown.query.url(base) if shown.query.args else base
