"""The collections as the gate may write to them, inside a transaction and outside."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from mongoengine.connection import get_db
from pymongo import WriteConcern
from pymongo.collection import Collection

in_transaction_now: ContextVar[bool] = ContextVar("in_transaction_now", default=False)


def in_unit(name: str) -> Collection[dict[str, Any]]:
    """A collection for writes that may stand inside a bound transaction.

    There the connection's write concern (majority, journal) applies to the commit; sent with the single command, the
    server refuses it. Outside, the connection's write concern applies as ever.
    """
    if in_transaction_now.get():
        return get_db().get_collection(name, write_concern=WriteConcern())
    return get_db()[name]
