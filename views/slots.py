"""Where custom screens attach themselves to the derived ones, and the base of their views.

A view with a `menu_item` stands in the menu of those who may open it; `on_record_page` puts a link to a screen on the
pages of a record type, for those to whom the function returns one, and `on_record_top` a panel; `on_home` puts alarms
on the home page; `on_export` lets a list go out in a format of its trade; `on_form` adds a script to the form of a
type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_admin import BaseView

from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.record import Record
from models.kernel.language.spec import Chapter


@dataclass(frozen=True)
class MenuItem:
    """Where in the menu a custom view stands: after the record types of a chapter."""

    chapter: Chapter
    label: L
    url: str


class PlainRun(BaseView):
    """Runs a view as it is. Flask-Admin's own way calls it a second time after a TypeError of its code, so that the log
    shows the wrong place, and what was done is done twice."""

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)


class CustomView(PlainRun):
    """The base of custom views; it is accessible to everybody unless it says otherwise."""

    menu_item: ClassVar[MenuItem | None] = None


@dataclass(frozen=True)
class Link:
    """A link from the page of a record to a screen that says more about it."""

    label: L
    url: str


@dataclass(frozen=True)
class Panel:
    """A panel at the top of the page of a record: a template, and what it is given as `panel`."""

    template: str
    facts: Mapping[str, Any]


Show = Callable[[Actor, Record], Panel | None]
_shows: dict[str, list[Show]] = {}
ANY = "*"


def on_record_top(type_name: str) -> Callable[[Show], Show]:
    """Let a function put a panel at the top of the pages of a record type, or of ANY."""

    def register(show: Show) -> Show:
        _shows.setdefault(type_name, []).append(show)
        return show

    return register


def panels_for(me: Actor, record: Record) -> list[Panel]:
    """The panels that custom screens show this reader on the page of a record."""
    return [panel for name in (ANY, record.type_name()) for show in _shows.get(name, ()) if (panel := show(me, record))]


Offer = Callable[[Actor, Record], Link | None]
_offers: dict[str, list[Offer]] = {}


def on_record_page(type_name: str) -> Callable[[Offer], Offer]:
    """Let a function offer a link on the pages of a record type, or of ANY."""

    def register(offer: Offer) -> Offer:
        _offers.setdefault(type_name, []).append(offer)
        return offer

    return register


def links_for(me: Actor, record: Record) -> list[Link]:
    """The links that custom screens offer this reader on the page of a record."""
    return [
        link for name in (ANY, record.type_name()) for offer in _offers.get(name, ()) if (link := offer(me, record))
    ]


@dataclass(frozen=True)
class Alarm:
    """A sentence at the top of the home page of those who look after something. Tone: warn or bad."""

    tone: str
    text: Words
    url: str


@dataclass(frozen=True)
class Tile:
    """One figure on the home page of those who look after something, leading to where it is told in full."""

    label: Words
    value: str
    url: str
    note: str = ""
    tone: str = ""


Gauge = Callable[[Actor], Iterable[Tile]]
_gauges: list[Gauge] = []


def on_home_tiles(gauge: Gauge) -> Gauge:
    """Let a function put tiles on the home page; it asks itself whom they concern."""
    _gauges.append(gauge)
    return gauge


def tiles_for(me: Actor) -> list[Tile]:
    """The state of what somebody looks after."""
    return [tile for gauge in _gauges for tile in gauge(me)]


Watch = Callable[[Actor], Iterable[Alarm]]
_watches: list[Watch] = []
_scripts: dict[str, list[str]] = {}


def on_home(watch: Watch) -> Watch:
    """Let a function put alarms on the home page; it asks itself whom they concern."""
    _watches.append(watch)
    return watch


def alarms_for(me: Actor) -> list[Alarm]:
    """What somebody should look at now."""
    return [alarm for watch in _watches for alarm in watch(me)]


@dataclass(frozen=True)
class ExportFormat:
    """A format of its trade in which a list goes out, beside sheets: its label, what a file is called and said to be,
    the fields of a row that it needs, and what writes stored rows piece by piece; `refusal` says before that why it
    would lose something."""

    name: str
    label: L
    mimetype: str
    fields: tuple[str, ...]
    write: Callable[[Iterable[Mapping[str, Any]]], Iterable[str | bytes]]
    refusal: Callable[[Iterable[Mapping[str, Any]]], Words | None] = lambda _rows: None


_formats: dict[str, dict[str, ExportFormat]] = {}


def on_export(type_name: str, *formats: ExportFormat) -> None:
    """Let the list of a record type go out in more formats; the rows are those that the list shows its reader."""
    _formats.setdefault(type_name, {}).update({form.name: form for form in formats})


def formats_for(type_name: str) -> Mapping[str, ExportFormat]:
    """The formats of its trade in which a list goes out, by name."""
    return _formats.get(type_name, {})


def on_form(type_name: str, script: str) -> None:
    """Add a static script to the form of a record type; the form must work without it."""
    _scripts.setdefault(type_name, []).append(script)


def scripts_for(type_name: str) -> tuple[str, ...]:
    """The scripts that custom screens add to the form of a type."""
    return tuple(_scripts.get(type_name, ()))
