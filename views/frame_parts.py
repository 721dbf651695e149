"""The parts of the frame that do not change from one page to the next: rendered once for each language, kept by the
process, and filled with what is the reader's own.

Nothing here decides what anybody may see: the menu is worked out anew for each page, and only its text is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup, escape

from models.kernel.base.words import current_locale

MENUS_KEPT = 2000
_GROUP, _LINK = '<details class="nav-group"', '<a href="{}"'

Entry = tuple[str, str, int]  # label, address, how much waits


def kept_part(name: str, **own: str) -> Markup:
    """A part by the name of its template, with what is the reader's own: `token`, `login`, `person`."""
    text = _part(name, current_locale())
    for field, value in own.items():
        text = text.replace(_place(field), str(escape(value)))
    return Markup(text)  # noqa: S704 - what is put in is escaped


@lru_cache(maxsize=32)
def _part(name: str, locale: str) -> str:
    places = {"me": {"login": _place("login"), "id": _place("person")}, "csrf_token": lambda: _place("token")}
    return current_app.jinja_env.get_template(f"frame/{name}.html").render(**places)


def _place(field: str) -> str:
    """What stands in a kept part where the reader's own goes: no text of a template has it."""
    return f"\x00{field}\x00"


def menu_html(menu: Sequence[Mapping[str, Any]]) -> Markup:
    """The chapters of a menu, that of the page shown open and the page marked in it."""
    return Markup("").join(map(_shown, menu))


def _shown(group: Mapping[str, Any]) -> Markup:
    items = group["items"]
    entries = tuple((str(item["label"]), item["url"], item["count"]) for item in items)
    text = _group(current_locale(), str(group["label"]), group["clause"], group["count"], entries)
    if active := [item["url"] for item in items if item["active"]]:
        text = text.replace(_GROUP, f"{_GROUP} open", 1)
        for url in active:
            link = _LINK.format(escape(url))
            text = text.replace(link, f'{link} aria-current="page"', 1)
    return Markup(text)  # noqa: S704 - what is put in is escaped


@lru_cache(maxsize=MENUS_KEPT)
def _group(locale: str, label: str, clause: str, count: int, entries: tuple[Entry, ...]) -> str:
    links = [dict(zip(("label", "url", "count"), entry, strict=True)) for entry in entries]
    template = current_app.jinja_env.get_template("frame/group.html")
    return template.render(label=label, clause=clause, count=count, entries=links)
