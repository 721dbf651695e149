"""The collections as a transaction may write to them."""

from __future__ import annotations

from typing import Any

from mongoengine.connection import get_db
from pymongo import WriteConcern
from pymongo.collection import Collection


def in_unit(name: str) -> Collection[dict[str, Any]]:
    """A collection for writes inside a bound transaction.

    The connection's write concern (majority, journal) applies to the commit; sent with the single command, the server
    refuses it.
    """
    return get_db().get_collection(name, write_concern=WriteConcern())
