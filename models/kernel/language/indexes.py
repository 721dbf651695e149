"""Builds every index that the declarations ask for: each filter and sort of a grid, uniqueness, search and scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mongoengine.connection import get_db
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.services.files import text as file_text
from models.services.imports import imports
from models.services.imports import rows as import_rows
from models.services.notify import deliveries, preferences
from models.services.personal import drafts, layouts
from models.services.work import jobs

from ..base import collections
from ..base.numbering import COUNTERS
from ..gate.history import HistoryEntry
from ..gate.notices import Notice
from ..gate.waiting import Waiting
from .declare import dated_fields
from .fields import Lines, LongText, Sealed
from .record import Record


def ensure_indexes(catalogue: Mapping[str, type[Record]]) -> None:
    """Build what is missing. Collections are made first, since a transaction should not have to."""
    db = get_db()
    there = set(db.list_collection_names())
    for cls in catalogue.values():
        if cls._get_collection_name() not in there:
            db.create_collection(cls._get_collection_name())
        cls._get_collection().create_indexes(list(indexes_of(cls)))
        if cls.declared.retention:
            _ensure_archive(cls, there)
    for document in (HistoryEntry, Notice, Waiting):
        document.ensure_indexes()
    beside = {
        one.COLLECTION: one.INDEXES for one in (jobs, deliveries, drafts, layouts, preferences, imports, import_rows)
    }
    beside |= {file_text.COLLECTION: file_text.INDEXES, file_text.PICTURES: file_text.PICTURE_INDEXES}
    for name, models in {**collections.COLLECTIONS, COUNTERS: [], **beside}.items():
        if name not in there:
            db.create_collection(name)
        if models:
            db[name].create_indexes(models)
    _ensure_log(catalogue)


def _ensure_log(catalogue: Mapping[str, type[Record]]) -> None:
    """The history of some types is read by itself, newest first; the entries of the others do not pay for it."""
    if names := sorted(name for name, cls in catalogue.items() if cls.history_is_a_log):
        chosen = {"type": {"$in": names}}
        keys = [("type", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]
        log = IndexModel(keys, name="log_at_" + "_".join(names), partialFilterExpression=chosen)
        for where in (collections.HISTORY, collections.HISTORY_ARCHIVE):
            get_db()[where].create_indexes([log])


def _ensure_archive(cls: type[Record], there: set[str]) -> None:
    """The archive has the same indexes, but for uniqueness of fields: a name may be given anew while it rests there."""
    db, name = get_db(), collections.archive_of(cls.type_name())
    if name not in there:
        db.create_collection(name)
    models = [one for one in indexes_of(cls) if not one.document["name"].startswith("unique_")]
    db[name].create_indexes([*models, IndexModel([(collections.ARCHIVED_AT, DESCENDING)])])


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
    yield _tagged()
    yield IndexModel([("department", ASCENDING), ("_id", DESCENDING)])
    for name in sorted(indexed_fields(cls)):
        yield IndexModel([(name, ASCENDING), ("_id", ASCENDING)])
    for name, field in cls.declared.own_fields.items():
        if field.unique:
            kind: dict[str, Any] = {name: {"$gt": ""}}
            yield IndexModel([(name, ASCENDING)], name=f"unique_{name}", unique=True, partialFilterExpression=kind)


def indexed_fields(cls: type[Record]) -> set[str]:
    """The fields that a grid sorts or filters by, that a calendar shows, or that another record's page looks up."""
    told = cls.declared
    names = {*told.grid.columns, *told.grid.filters, told.grid.sort.lstrip("-"), *told.access.related, "state", "owner"}
    names |= set(dated_fields(cls))
    names |= {remind.field for remind in told.reminders}
    names |= {name for name, field in told.own_fields.items() if hasattr(field, "target")}
    names -= {"id", "number", "department"}
    return {name for name in names if not isinstance(cls._fields.get(name), Lines | LongText | Sealed)}
