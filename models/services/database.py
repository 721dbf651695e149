"""Builds the collections and indexes of a database: those of the declared types, and those beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongoengine.connection import get_db
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from models.kernel.base import collections
from models.kernel.base.numbering import COUNTERS
from models.kernel.gate.history import HistoryEntry
from models.kernel.gate.notices import Notice
from models.kernel.gate.waiting import Waiting
from models.kernel.language import by_time, recurs
from models.kernel.language.indexes import indexes_of
from models.kernel.language.record import Record
from models.kernel.language.unique import PREFIX

from .files import text as file_text
from .imports import imports, rows
from .notify import deliveries, preferences
from .personal import drafts, layouts, presence
from .work import bulk, exports, jobs

_NOT_IN_ARCHIVE = (PREFIX, by_time.PREFIX, recurs.PREFIX)
NAMESPACE_EXISTS, INDEX_NOT_FOUND, DUPLICATE_KEY = 48, 27, 11000


def ensure_indexes(catalogue: Mapping[str, type[Record]]) -> None:
    """Build what is missing. Collections are made first, since a transaction should not have to."""
    db = get_db()
    there = set(db.list_collection_names())
    for cls in catalogue.values():
        _ensure_collection(cls._get_collection_name(), there)
        _ensure_of_type(cls)
        _drop_former_rules(cls)
        if cls.declared.retention:
            _ensure_archive(cls, there)
    for document in (HistoryEntry, Notice, Waiting):
        document.ensure_indexes()
    beside = {
        item.COLLECTION: item.INDEXES
        for item in (jobs, deliveries, drafts, layouts, presence, preferences, imports, rows)
    }
    beside |= {bulk.COLLECTION: bulk.INDEXES, bulk.PARTS: bulk.PART_INDEXES}
    beside |= {exports.COLLECTION: exports.INDEXES, exports.PARTS: exports.PART_INDEXES}
    beside |= {file_text.COLLECTION: file_text.INDEXES, file_text.PICTURES: file_text.PICTURE_INDEXES}
    for name, models in {**collections.COLLECTIONS, COUNTERS: [], **beside}.items():
        _ensure_collection(name, there)
        if models:
            db[name].create_indexes(models)
    _ensure_log(catalogue)


class NotUnique(Exception):
    """Stored records have in common what the declaration of their type allows once only; the text names two of them."""


def _ensure_of_type(cls: type[Record]) -> None:
    try:
        cls.collection().create_indexes(list(indexes_of(cls)))
    except OperationFailure as fault:
        details = fault.details or {}
        if fault.code != DUPLICATE_KEY or "keyValue" not in details:
            raise
        raise NotUnique(_two_alike(cls, details)) from fault


def _two_alike(cls: type[Record], details: Mapping[str, Any]) -> str:
    values = details["keyValue"]
    rule = next((rule for rule in cls.declared.unique if f"{rule.name} dup key" in details.get("errmsg", "")), None)
    rows = cls.collection().find({**(rule.counted() if rule else {}), **values}, {"number": 1}).limit(2)
    numbers = " and ".join(str(row.get("number")) for row in rows)
    return (
        f"{numbers} ({cls.type_name()}) have the same {', '.join(values)}, which their type allows once only. "
        "Change one of them with the version that ran before, then start again."
    )


def _drop_former_rules(cls: type[Record]) -> None:
    """Take away the indexes of uniqueness that no declaration asks for any more; those that took their place stand."""
    declared = {index.document["name"] for index in indexes_of(cls)}
    for name in cls.collection().index_information():
        if name.startswith(PREFIX) and name not in declared:
            _drop(cls.type_name(), name)


def _drop(collection: str, index: str) -> None:
    """Drop an index unless another process that starts at this moment was first."""
    try:
        get_db()[collection].drop_index(index)
    except OperationFailure as fault:
        if fault.code != INDEX_NOT_FOUND:
            raise


def _ensure_collection(name: str, there: set[str]) -> None:
    """Make a collection unless it is there; another process that starts at this moment may be first."""
    if name in there:
        return
    try:
        get_db().create_collection(name)
    except CollectionInvalid:
        return
    except OperationFailure as fault:
        if fault.code != NAMESPACE_EXISTS:
            raise


def _ensure_log(catalogue: Mapping[str, type[Record]]) -> None:
    """The history of some types is read by itself, newest first; the entries of the others do not pay for it."""
    if names := sorted(name for name, cls in catalogue.items() if cls.history_is_a_log):
        chosen = {"type": {"$in": names}}
        keys = [("type", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]
        log = IndexModel(keys, name="log_at_" + "_".join(names), partialFilterExpression=chosen)
        for where in (collections.HISTORY, collections.HISTORY_ARCHIVE):
            get_db()[where].create_indexes([log])


def _ensure_archive(cls: type[Record], there: set[str]) -> None:
    """The archive has the same indexes, but for uniqueness, since a name may be given anew while it rests there, and
    for what moves by time, since nothing moves there."""
    db, name = get_db(), collections.archive_of(cls.type_name())
    _ensure_collection(name, there)
    models = [index for index in indexes_of(cls) if not index.document["name"].startswith(_NOT_IN_ARCHIVE)]
    db[name].create_indexes([*models, IndexModel([(collections.ARCHIVED_AT, DESCENDING)])])
