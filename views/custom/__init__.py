"""Screens that cannot be derived from a declaration; each module says in its first sentence why, and offers `views`.

A view with a `menu_item` stands in the menu of those who may open it; `on_record_page` puts a link to a screen on the
pages of a record type, for those to whom the function returns one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from flask_admin import BaseView

from models.kernel.declare import Chapter
from models.kernel.people import Actor
from models.kernel.record import Record
from models.kernel.words import L


@dataclass(frozen=True)
class MenuItem:
    """Where in the menu a custom view stands: after the record types of a chapter."""

    chapter: Chapter
    label: L
    url: str


class CustomView(BaseView):
    """The base of custom views; it is accessible to everybody unless it says otherwise."""

    menu_item: ClassVar[MenuItem | None] = None


@dataclass(frozen=True)
class Link:
    """A link from the page of a record to a screen that says more about it."""

    label: L
    url: str


Offer = Callable[[Actor, Record], Link | None]
_offers: dict[str, list[Offer]] = {}


def on_record_page(type_name: str) -> Callable[[Offer], Offer]:
    """Let a function offer a link on the pages of a record type."""

    def register(offer: Offer) -> Offer:
        _offers.setdefault(type_name, []).append(offer)
        return offer

    return register


def links_for(me: Actor, record: Record) -> list[Link]:
    """The links that custom screens offer this reader on the page of a record."""
    return [link for offer in _offers.get(record.type_name(), ()) if (link := offer(me, record))]
