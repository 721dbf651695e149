"""Senders whose mail makes nothing, since a person called a message of theirs spam: by a keyed digest of the address.

A message of theirs is kept and listed all the same.
"""

from __future__ import annotations

from bson import ObjectId

from .kernel.base import clock
from .kernel.base.collections import REFUSED_SENDERS
from .kernel.base.secrets import keyed_digest
from .kernel.base.store import in_unit


def refuse(sender: str, mail: ObjectId | None) -> None:
    """Take no more mail of a sender in, by that message."""
    row = {"at": clock.now(), "mail": mail}
    in_unit(REFUSED_SENDERS).update_one({"_id": _key(sender)}, {"$setOnInsert": row}, upsert=True)


def accept(sender: str) -> None:
    """Take mail of a sender in again."""
    in_unit(REFUSED_SENDERS).delete_one({"_id": _key(sender)})


def is_refused(sender: str) -> bool:
    """Whether mail of a sender makes nothing."""
    return bool(sender) and in_unit(REFUSED_SENDERS).find_one({"_id": _key(sender)}, {"_id": 1}) is not None


def _key(sender: str) -> str:
    return keyed_digest(f"refused sender {sender.strip().casefold()}")[:40]
