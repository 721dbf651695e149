"""Which types show a page of their own behind their public link, instead of the declared fields of the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.kernel.language.record import Record

PublicPage = Callable[[type[Record], str], Any]
_pages: dict[str, PublicPage] = {}


def behind_link(type_name: str) -> Callable[[PublicPage], PublicPage]:
    """Let a function answer the public links of a record type; it gets the type and the secret part of the link."""

    def register(page: PublicPage) -> PublicPage:
        _pages[type_name] = page
        return page

    return register


def page_of(cls: type[Record]) -> PublicPage | None:
    """The page of its own that a type shows behind its links."""
    return _pages.get(cls.type_name())
