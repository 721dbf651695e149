"""A link to a record of any type, or of one of several, kept as the text `type:id`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Unpack
from urllib.parse import parse_qs, urlsplit

import mongoengine as me
from bson import ObjectId

from ...base.record_key import RecordKey
from ...base.words import Words
from ..facts import Facts
from .rule import WRONG_FORM, LinkNames, Rule, Sees, label_of

_PAGE = re.compile(r"/admin/([a-z][a-z_]{0,60})/[a-z]+/")


class AnyRef(Rule, me.StringField):
    """A link to one record of any type; `of="Quotation Contract"` names the types to which it may lead.

    It is picked by type, number or title, or given by the address of a record's page. Its title is told to those who
    may see the record, and a record to which one leads is not removed, unless the links are private to a person, or
    say that they hold nothing (`holds=False`), such as what merely tells what became of something.
    """

    is_exact = True
    is_sortable = False
    is_any_link = True

    def __init__(self, *, of: str | Iterable[str] = (), holds: bool = True, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.holds = holds
        self.of: tuple[str, ...] = tuple(of.split() if isinstance(of, str) else of)

    def takes(self, class_name: str) -> bool:
        """Whether it may lead to records of a type."""
        return not self.of or class_name in self.of

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or key_in(value) is None:
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        """A kept link, or the address of a record's page."""
        key = key_in(text) or key_in_address(text)
        if key is None:
            raise ValueError("no record")
        return str(key)

    def ids_in(self, value: Any) -> list[ObjectId]:
        key = key_in(value)
        return [key.id] if key else []

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "description": "type:id"}

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return lambda text: names.meant_kept(self, text.strip()) if text.strip() else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from names.kept_titles(self, value)


def key_in(value: Any) -> RecordKey | None:
    """The record of a kept link; None for what is none."""
    key = RecordKey.parse(value) if isinstance(value, str) else None
    return key if key and key.version is None else None


def key_in_address(text: str) -> RecordKey | None:
    """The record whose page an address leads to; None for other texts."""
    parts = urlsplit(text.strip()) if "/admin/" in text else None
    page = _PAGE.search(parts.path) if parts else None
    if parts is None or page is None:
        return None
    return RecordKey.parse(f"{page[1]}:{parse_qs(parts.query).get('id', [''])[0]}")


def kept_as(type_name: str, id: ObjectId) -> list[str]:
    """The texts by which a link to a record is kept: today's, and the one of before."""
    return [f"{type_name}:{id}", f"{type_name}/{id}"]


def any_of_type(type_name: str) -> dict[str, str]:
    """What the database compares a field with to find links to records of a type."""
    return {"$gt": f"{type_name}/", "$lt": f"{type_name};"}  # both signs that may stand between type and id
