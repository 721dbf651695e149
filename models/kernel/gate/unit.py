"""One unit of work: a MongoDB transaction that gathers history, notices and open cases and writes them at its end."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, TypeVar

from bson import ObjectId
from mongoengine.connection import get_connection
from pymongo import DeleteOne, InsertOne, ReadPreference, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import PyMongoError

from ..base import clock, numbering
from ..base.collections import UNSEALED
from ..base.store import in_unit, one_attempt
from . import history, notices, waiting
from .notices import NoticeKind
from .unsealed import queued

T = TypeVar("T")


class Undone(Exception):
    """Ends a rehearsal, so that nothing of it stays."""


class Unit:
    """What one transaction still has to write when its body has run.

    `quiet` leaves notices out. `is_dry` leaves the writes of the records themselves out, where nothing looks at them.
    """

    def __init__(self, *, quiet: bool = False, is_dry: bool = False):
        self.quiet, self.is_dry = quiet, is_dry
        self.entries: list[dict[str, Any]] = []
        self.notices: dict[tuple[str, ObjectId], dict[str, Any]] = {}
        self.settled: dict[str, dict[str, Any]] = {}
        self.cases: dict[ObjectId, dict[str, Any] | None] = {}
        self.made: set[ObjectId] = set()  # records that were not there before

    def notify(self, notice: dict[str, Any]) -> None:
        if not self.quiet:
            self.notices.setdefault((notice["cause"], notice["person"]), notice)

    def settle(self, causes: str, kind: NoticeKind) -> None:
        """What people were told under causes that begin so needs them no more: what this unit was about to tell is left
        out, what they have not read yet counts as read."""
        if not self.quiet:
            for key in [
                key for key, notice in self.notices.items() if notice["kind"] == kind and key[0].startswith(causes)
            ]:
                del self.notices[key]
            self.settled[causes] = {
                "cause": {"$gte": causes, "$lt": causes + "\uffff"},
                "kind": kind.value,
                "read_at": None,
            }

    def flush(self) -> None:
        """Write everything gathered: six commands at most, whatever the number of records.

        New entries queue for the seal in the same transaction, so that none is missed however late it commits.
        """
        numbering.settle()
        if self.entries:
            in_unit(history.COLLECTION).insert_many(self.entries)
            in_unit(UNSEALED).insert_many([queued(entry, entry["hash"]) for entry in self.entries])
        if cases := [write for key, case in self.cases.items() if (write := self._case_write(key, case))]:
            in_unit(waiting.COLLECTION).bulk_write(cases, ordered=False)
        read = {"$set": {"read_at": clock.now()}}
        about: list[UpdateMany | UpdateOne] = [UpdateMany(held, read) for held in self.settled.values()]
        about += [_notice_write(notice) for notice in self.notices.values()]
        if about:
            in_unit(notices.COLLECTION).bulk_write(about)  # in order: what is told now is not settled with the rest

    def _case_write(
        self, key: ObjectId, case: dict[str, Any] | None
    ) -> InsertOne[dict[str, Any]] | DeleteOne | ReplaceOne | None:
        """The open case of a record as it is now; of one that is new there was none before."""
        if key in self.made:
            return InsertOne(case) if case is not None else None
        return DeleteOne({"_id": key}) if case is None else ReplaceOne({"_id": key}, case, upsert=True)


def _notice_write(notice: dict[str, Any]) -> UpdateOne:
    """There once per cause and person: writing it again leaves the first as it is."""
    key = {name: notice[name] for name in ("cause", "person", "channel")}
    return UpdateOne(key, {"$setOnInsert": {k: v for k, v in notice.items() if k not in key}}, upsert=True)


_current: ContextVar[Unit | None] = ContextVar("unit", default=None)


class Outcome(StrEnum):
    """What became of the transactions of a request that broke off."""

    NONE = "none"
    SAVED = "saved"
    UNDONE = "undone"
    UNSURE = "unsure"


_outcome: ContextVar[Outcome] = ContextVar("outcome", default=Outcome.NONE)


def outcome() -> Outcome:
    """Whether anything was saved since `forget_outcome`, was undone, or may have been saved."""
    return _outcome.get()


def forget_outcome() -> None:
    """Begin to note anew what becomes of transactions."""
    _outcome.set(Outcome.NONE)


def is_inside() -> bool:
    """Whether a transaction is under way, which whatever is done now joins."""
    return _current.get() is not None


def in_transaction(body: Callable[[Unit], T], *, quiet: bool = False) -> T:
    """Run the body in one transaction, again if the database asks for it; inside another unit it joins that one.

    The body loads what it changes itself, so that running it twice is running it once. `quiet` leaves notices out.
    """
    joined = _current.get()
    if joined is not None:
        return body(joined)

    def attempt(session: Any) -> T:
        unit = Unit(quiet=quiet)
        token = _current.set(unit)
        try:
            with one_attempt(), session.bind(end_session=False):
                result = body(unit)
                unit.flush()
                return result
        finally:
            _current.reset(token)

    try:
        with get_connection().start_session() as session:
            result = session.with_transaction(attempt, read_preference=ReadPreference.PRIMARY)
    except PyMongoError as fault:
        is_unsure = fault.has_error_label("UnknownTransactionCommitResult") or outcome() is Outcome.SAVED
        _outcome.set(Outcome.UNSURE if is_unsure else Outcome.UNDONE)
        raise
    _outcome.set(Outcome.SAVED)
    return result
