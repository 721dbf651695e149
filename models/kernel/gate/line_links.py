"""Links to lines: they must lead to lines that are there, and a line that something refers to is not removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base.people import Actor
from ..base.words import L, Words
from ..language.declare import kept_links_of, registered
from ..language.fields import NOT_THERE, label_of
from ..language.kinds.any_links import key_in
from ..language.kinds.line_links import any_line_of, place_of
from ..language.kinds.lines import keyed_lines
from ..language.merging import stands_for
from ..language.record import Record
from ..rights import kept_links

REFERRED_TO = L(
    "A line that was taken out is referred to by {count} records ({example}); it must stay.",
    "所移除的行被 {count} 條記錄引用（{example}），須保留。",
)
COUNT_MAX = 1000


def kept_link_problems(record: Record, actor: Actor, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
    """Links to lines, or to records of any type, that changed must lead where the actor may; one query for each
    field."""
    for path, link in kept_links_of(type(record)).items():
        name, _, column = path.partition(".")
        if column:
            yield from _column_problems(record, name, column, link, actor, before)
            continue
        value = record.raw(name)
        if value and value != before.get(name) and value not in kept_links.are_there(actor, link, [value]):
            if into := _stands_for(actor, link, value):
                record.put(name, into)
            else:
                yield name, NOT_THERE(label=label_of(link))


def _column_problems(
    record: Record, name: str, column: str, link: Any, actor: Actor, before: Mapping[str, Any]
) -> Iterator[tuple[str, Words]]:
    stood = {line.get(column) for line in before.get(name) or ()}
    new = {at: value for at, line in enumerate(record.raw(name) or ()) if (value := line.raw(column))}
    new = {at: value for at, value in new.items() if value not in stood}
    there = kept_links.are_there(actor, link, {*new.values()}) if new else set()
    for at, value in new.items():
        if value in there:
            continue
        if into := _stands_for(actor, link, value):
            record.raw(name)[at].put(column, into)
        else:
            yield f"{name}.{at}.{column}", NOT_THERE(label=label_of(link))


def _stands_for(actor: Actor, link: Any, value: str) -> str:
    """The link to the record that stands for one that was merged, where the actor may be led there; else nothing."""
    key = key_in(value) if link.is_any_link else None
    cls = registered().get(key.type) if key else None
    into = stands_for(cls, key.id) if key and cls else None
    moved = f"{key.type}:{into}" if key and into else ""
    return moved if moved and moved in kept_links.are_there(actor, link, [moved]) else ""


def removal_problems(record: Record, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
    """Lines that were taken out although something refers to them."""
    for name, field in record.declared.own_fields.items():
        if field.columns and before.get(name):
            kept = {line.key for line in record.raw(name) or ()}
            gone = [place_of(record.id, key) for key, _ in keyed_lines(before[name]) if key not in kept]
            count, example = _referring(type(record), name, {"$in": gone}) if gone else (0, "")
            if count:
                yield name, REFERRED_TO(count=count, example=example)


def links_to_lines_of(cls: type[Record], id: ObjectId) -> tuple[int, str]:
    """How many records refer to lines of a record, and the number of one of them."""
    results = [_referring(cls, name, any_line_of(id)) for name in _lists_of(cls)]
    return sum(count for count, _ in results), next((example for count, example in results if count), "")


def _lists_of(cls: type[Record]) -> list[str]:
    return [name for name, field in cls.declared.own_fields.items() if field.columns]


def _referring(cls: type[Record], name: str, places: dict[str, Any]) -> tuple[int, str]:
    total, example = 0, ""
    for other in registered().values():
        for path, link in kept_links_of(other).items():
            if (link.line_target, link.line_list) == (cls.__name__, name):
                query = {path: places, "removed_at": None}
                rows = list(get_db()[other.type_name()].find(query, {"number": 1}).limit(COUNT_MAX))
                total, example = total + len(rows), example or next((row["number"] for row in rows), "")
    return total, example
