"""What every page shows around its content: the menu by chapter, what waits, notices, languages, messages."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, get_flashed_messages, request, url_for
from mongoengine.connection import get_db

from models.kernel.base.people import Actor
from models.kernel.base.words import LOCALE_NAMES, current_locale
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.waiting import COLLECTION as WAITING
from models.kernel.language import typed
from models.kernel.language.record import Record
from models.kernel.language.spec import Declaration
from models.kernel.rights import rights

from . import wording
from .frame_parts import kept_part, menu_html
from .kinds import kind_of
from .line_rows import line_rows
from .session import actor, is_signed_in
from .shortcuts import SHORTCUTS
from .slots import MenuItem
from .view_switch import ways_to_look

COUNT_CAP = 100
WAITING_MAX = 300
NAMED, UNREAD = "named", "unread"
YEAR_SECONDS = 31_536_000
_STATIC = Path(__file__).with_name("static")


def init_templates(app: Flask, catalogue: Any) -> None:
    """Give the templates of an application their words and their frame."""
    app.jinja_env.globals.update(
        t=wording.t, asset=asset, moment=wording.moment, day=wording.day, ago=wording.ago, number=wording.number
    )
    app.jinja_env.globals["machine_time"] = wording.machine_time
    app.jinja_env.globals.update(kept_part=kept_part, menu_html=menu_html)
    app.jinja_env.globals.update(shortcuts=SHORTCUTS, ways_to_look=ways_to_look, line_rows=line_rows)
    app.jinja_env.globals.update(
        is_signed_by_hand=_is_signed_by_hand,
        builders_of=_builders_of,
        scripts_of_kinds=_scripts_of_kinds,
        asks_questions=_asks_questions,
        photos_of=_photos_of,
    )
    app.jinja_env.globals.update(yes_words=sorted(typed.YES), no_words=sorted(typed.NO))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.static_folder = str(_STATIC)
    app.after_request(_keep_what_never_changes)

    @app.context_processor
    def frame() -> dict[str, Any]:
        base = {
            "lang": current_locale(),
            "locales": list(LOCALE_NAMES.items()),
            "flashes": get_flashed_messages(with_categories=True),
            "me": None,
        }
        if g.get("is_bare") or not is_signed_in():
            return base
        me = actor()
        by_name = [cls for cls in catalogue.values() if rights.knows_by_name_alone(me, cls)]
        own = own_business(me, by_name)
        return base | {
            "me": me,
            "menu": menu_of(me, catalogue, own),
            "waiting_count": own.decisions,
            "unread_count": own.unread,
            "acting_for": [principal.name for principal in me.principals],
        }


def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it for ever."""
    return _address(name, _version(name), request.script_root)


@lru_cache(maxsize=400)
def _address(name: str, version: str, _root: str) -> str:
    return url_for("static", filename=name, v=version)


def _version(name: str) -> str:
    """The checksum of a file as it is now, or `none` where there is none."""
    try:
        return _digest(name, os.stat(f"{_STATIC}/{name}").st_mtime_ns)
    except (OSError, ValueError):  # not there, a folder, or no name of a file
        return "none"


@lru_cache(maxsize=200)
def _digest(name: str, stamp: int) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]


def _keep_what_never_changes(response: Response) -> Response:
    """Only the address with the hash of what is sent is kept: another server may still have the former content."""
    if request.endpoint == "static" and response.status_code == 200:
        name = (request.view_args or {})["filename"]
        if request.args.get("v") == _version(name):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@dataclass(frozen=True)
class OwnBusiness:
    """How many decisions wait for a person, how much of each type waits, the types that are in their menu only if a
    record names them, of which none does, and how many notices they have not read, to a bound."""

    decisions: int
    waits: Mapping[str, int]
    unnamed: Set[str]
    unread: int = 0


def menu_of(me: Actor, catalogue: Mapping[str, type[Record]], own: OwnBusiness) -> list[dict[str, Any]]:
    """The chapters and types that a person has to do with, with how much of each waits for them."""
    groups, screens = [], _custom_items(me)
    for chapter, types in catalogue.chapters().items():  # type: ignore[attr-defined]
        shown = [cls for cls in types if cls.declared.in_menu and cls.declared.name not in own.unnamed]
        items = [_item(cls, own.waits) for cls in shown if rights.can_open(me, cls)]
        items += [_screen_item(item) for item in screens if item.chapter == chapter]
        if items:
            count = sum(item["count"] for item in items)
            groups.append({"label": chapter.label, "clause": chapter.clause, "items": items, "count": count})
    return groups


def _custom_items(me: Actor) -> list[MenuItem]:
    """The custom screens and analyses that the reader may open, of all chapters."""
    views = [view for view in current_app.extensions["custom_views"] if view.menu_item and view.is_accessible()]
    return [*(view.menu_item for view in views), *current_app.extensions["analyses"](me)]


def _screen_item(item: MenuItem) -> dict[str, Any]:
    active = request.full_path.startswith(item.url)
    return {"label": item.label, "url": item.url, "active": active, "count": 0}


def _item(cls: type[Record], waits: Mapping[str, int]) -> dict[str, Any]:
    name = cls.declared.name
    url = f"/admin/{name}/"
    active = request.path.startswith(url)
    return {"label": cls.declared.plural, "url": url, "active": active, "count": waits.get(name, 0)}


def waiting_filter(me: Actor) -> dict[str, Any]:
    """The open cases that wait for a person's decision: at their addresses, and not their own work."""
    return {**rights.waits_at(me, "decide"), "barred": {"$ne": me.id}}


def own_business(me: Actor, by_name: Iterable[type[Record]] = ()) -> OwnBusiness:
    """How many decisions wait for a person, and how much of each type waits, be it a decision or work of their own;
    and which of the types that they know by name alone have no record that names them; and how many notices are unread.

    One query; what goes beyond a few hundred is not counted, since the menu says no more than 99+.
    """
    work = [{"$match": rights.waits_at(me, "act")}, {"$limit": WAITING_MAX}, _kept("act")]
    names = {cls.declared.name: _naming(me, cls) for cls in by_name}
    all_of_it = [
        {"$match": waiting_filter(me)},
        {"$limit": WAITING_MAX},
        _kept("decide"),
        {"$unionWith": {"coll": WAITING, "pipeline": work}},
        *({"$unionWith": {"coll": name, "pipeline": pipeline}} for name, pipeline in names.items()),
        {"$unionWith": {"coll": NOTICES, "pipeline": _unread(me)}},
        {"$group": {"_id": {"type": "$type", "how": "$how"}, "count": {"$sum": 1}}},
    ]
    waits: Counter[str] = Counter()
    by_how: Counter[str] = Counter()
    unnamed = set(names)
    for group in get_db()[WAITING].aggregate(all_of_it):
        type_name, how = group["_id"].get("type"), group["_id"]["how"]
        unnamed.discard(type_name)
        by_how[how] += group["count"]
        if how in ("decide", "act"):
            waits[type_name] += group["count"]
    return OwnBusiness(by_how["decide"], waits, unnamed, by_how[UNREAD])


def _naming(me: Actor, cls: type[Record]) -> list[dict[str, Any]]:
    """The first record of a type that names a person or who they stand in for, by its index."""
    ids = [principal.id for principal in rights.represented(me, cls)]
    kept = {"_id": 0, "type": {"$literal": cls.declared.name}, "how": {"$literal": NAMED}}
    return [{"$match": {"seen_by": {"$in": ids}, "removed_at": None}}, {"$limit": 1}, {"$project": kept}]


def _unread(me: Actor) -> list[dict[str, Any]]:
    """The notices that a person has not read, to a bound, by their index."""
    kept = {"_id": 0, "how": {"$literal": UNREAD}}
    return [{"$match": {"person": me.id, "read_at": None}}, {"$limit": COUNT_CAP}, {"$project": kept}]


def _kept(how: str) -> dict[str, Any]:
    return {"$project": {"_id": 0, "type": 1, "how": {"$literal": how}}}


def _is_signed_by_hand(declared: Declaration) -> bool:
    """Whether a type has a signature, for which its pages need a script."""
    return any(field.is_signature for field in declared.own_fields.values())


def _builders_of(declared: Declaration) -> list[str]:
    """The scripts by which lists of a type are built."""
    names = (kind_of(field).builder for field in declared.own_fields.values())
    return sorted({name for name in names if name})


def _asks_questions(declared: Declaration) -> bool:
    """Whether a form is a checklist that is answered where the net may be away."""
    return any(field.answers_to for field in declared.own_fields.values())


def _photos_of(declared: Declaration) -> str:
    """The file kind of the photographs that are taken beside a checklist; "" where none are."""
    return next((field.photos for field in declared.own_fields.values() if field.photos), "")


def _scripts_of_kinds(declared: Declaration) -> list[str]:
    """The scripts that its kinds of fields bring where they are entered."""
    return sorted({kind_of(field).script for field in declared.own_fields.values()} - {""})
