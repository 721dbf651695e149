"""The log-in accounts as they are kept, for all that reads and changes them."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from models.kernel.base.collections import ACCOUNTS
from models.kernel.base.store import in_unit


def accounts() -> Any:
    """The collection of the accounts, within the unit of now."""
    return in_unit(ACCOUNTS)


def has_password(user_id: ObjectId) -> bool:
    """Whether somebody has a password here."""
    return accounts().find_one({"_id": user_id, "hash": {"$gt": ""}}, {"_id": 1}) is not None


def find_account(user_id: ObjectId) -> dict[str, Any] | None:
    """The account of a user, without the hash of its password."""
    account: dict[str, Any] | None = accounts().find_one({"_id": user_id}, {"hash": 0})
    return account
