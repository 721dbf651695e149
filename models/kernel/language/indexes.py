"""The indexes that a declaration asks for: each filter and sort of a grid, uniqueness, search and scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from .by_time import indexes_by_time
from .declare import dated_fields, kept_links_of, leading_choice, ordered_choices
from .event import indexes_of_events
from .merging import indexes_of_merging
from .prompts import indexes_of_prompts
from .record import Record
from .recurs import indexes_of_series
from .steps import indexes_of_steps
from .unique import PREFIX


def given_once(name: str) -> IndexModel:
    """A text that no two documents share, where it is given. The filter says so by an order, not by a type: an index
    over what is of a type serves no question for a value."""
    is_given: dict[str, Any] = {name: {"$gt": ""}}
    return IndexModel([(name, ASCENDING)], name=f"given_{name}", unique=True, partialFilterExpression=is_given)


def _tagged() -> IndexModel:
    """Records by tag: those without one, the most, are left out of it."""
    some: dict[str, Any] = {"tags": {"$gt": ""}}
    return IndexModel([("tags", ASCENDING), ("_id", ASCENDING)], name="tagged", partialFilterExpression=some)


def indexes_of(cls: type[Record]) -> Iterator[IndexModel]:
    """The indexes of one type; each ends in `_id` so that pages can follow each other by key."""
    yield given_once("number")
    yield given_once("once")
    yield IndexModel([("g", ASCENDING)])
    yield IndexModel([("removed_at", ASCENDING), ("_id", ASCENDING)])
    yield IndexModel([("department", ASCENDING), ("_id", DESCENDING)])
    yield from _of_uniqueness(cls)
    yield from indexes_by_time(cls.declared.workflow)
    yield from indexes_of_series(cls.declared.recurs)
    yield from indexes_of_steps(cls.declared)
    yield from indexes_of_prompts(cls.declared.prompts)
    yield from indexes_of_events(cls.declared.event)
    yield from indexes_of_merging(cls.declared)
    if cls.declared.access.named or cls.declared.inherits:  # what one person sees
        yield IndexModel([("seen_by", ASCENDING), ("_id", DESCENDING)])
    if cls.declared.inherits:
        yield IndexModel([("read_by", ASCENDING), ("_id", DESCENDING)])
    if not is_read_within_parent(cls):
        yield from _of_lists(cls)
    for name in sorted(indexed_fields(cls)):
        yield IndexModel([(name, ASCENDING), ("_id", ASCENDING)])
    if not is_read_within_parent(cls):
        yield from _by_rank(cls)


def _of_lists(cls: type[Record]) -> Iterator[IndexModel]:
    """What one department, or one person, sees by state; and records by tag."""
    yield _tagged()
    for name in ("department", *cls.declared.access.related):
        yield IndexModel([(name, ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)])
    if cls.declared.access.named or cls.declared.inherits:
        yield IndexModel([("seen_by", ASCENDING), ("state", ASCENDING), ("_id", DESCENDING)])


def is_read_within_parent(cls: type[Record]) -> bool:
    """Whether the records of a type are read on the page of the record that they belong to, and few by themselves."""
    return cls.declared.inherits and not cls.declared.in_menu


def _of_uniqueness(cls: type[Record]) -> Iterator[IndexModel]:
    for name, field in cls.declared.own_fields.items():
        if field.unique:
            kind: dict[str, Any] = {name: {"$gt": ""}}
            yield IndexModel([(name, ASCENDING)], name=f"{PREFIX}{name}", unique=True, partialFilterExpression=kind)
    yield from (rule.index(cls.fields_of()) for rule in cls.declared.unique)


def _by_rank(cls: type[Record]) -> Iterator[IndexModel]:
    """Records by the rank of an ordered choice; where a list begins with it, those of a state and a department, too."""
    for name, field in ordered_choices(cls).items():
        keys = [(field.order_key(name), ASCENDING), ("_id", ASCENDING)]
        yield IndexModel(keys)
        if name == leading_choice(cls):
            yield from (IndexModel([(first, ASCENDING), *keys]) for first in ("state", "department"))


def indexed_fields(cls: type[Record]) -> set[str]:
    """The fields that a grid sorts or filters by, that a calendar shows, or that another record's page looks up; the
    last two alone of what is read on the page of the record that it belongs to."""
    declared = cls.declared
    names = {"owner"}
    if not is_read_within_parent(cls):
        names |= {*declared.grid.columns, *declared.grid.filters, declared.grid.sort.lstrip("-"), "state"}
        names |= set(declared.access.related)
    names |= set(dated_fields(cls))
    names |= {remind.field for remind in declared.reminders}
    names |= {name for name, field in declared.own_fields.items() if field.is_picked} | {*kept_links_of(cls)}
    in_lines = {path for path in (*declared.upstream, *declared.downstream) if "." in path}
    in_lines |= {
        f"{name}.{column}" for name, field in declared.own_fields.items() if field.columns for column in field.indexed
    }
    names -= {"id", "number", "department"}
    return {name for name in names if getattr(cls.fields_of().get(name), "is_indexable", True)} | in_lines
