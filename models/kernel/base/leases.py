"""A lease: for a while one process alone may do something. It runs on the database's clock."""

from __future__ import annotations

import datetime as dt
from typing import Any

from mongoengine.connection import get_db
from pymongo import ReturnDocument

COLLECTION = "lease"


def take(name: str, owner: str, seconds: float) -> bool:
    """Take or renew a lease; False while another owner's has not run out."""
    is_free: dict[str, Any] = {
        "$or": [{"$eq": ["$owner", {"$literal": owner}]}, {"$lt": [{"$ifNull": ["$until", 0]}, "$$NOW"]}]
    }
    until = {"$add": ["$$NOW", int(seconds * 1000)]}
    goes_on = {"$and": [{"$eq": ["$owner", {"$literal": owner}]}, {"$gte": [{"$ifNull": ["$until", 0]}, "$$NOW"]}]}
    taken = {
        "since": {"$cond": [is_free, {"$cond": [goes_on, {"$ifNull": ["$since", "$$NOW"]}, "$$NOW"]}, "$since"]},
        "owner": {"$cond": [is_free, {"$literal": owner}, "$owner"]},
        "until": {"$cond": [is_free, until, "$until"]},
    }
    row = get_db()[COLLECTION].find_one_and_update(
        {"_id": name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
    )
    return row["owner"] == owner


def give_back(name: str, owner: str) -> None:
    """End a lease before its time, so that another owner need not wait."""
    get_db()[COLLECTION].delete_one({"_id": name, "owner": owner})


def held_since(name: str) -> dt.datetime | None:
    """Since when the present owner has held a lease without a gap, by the database's clock; None when nobody does."""
    held = {"_id": name, "$expr": {"$gte": ["$until", "$$NOW"]}}
    row = get_db()[COLLECTION].find_one(held, {"since": 1}) or {}
    return row.get("since")


def is_held(name: str) -> bool:
    """Whether anybody holds a lease now."""
    query = {"_id": name, "$expr": {"$gte": ["$until", "$$NOW"]}}
    return get_db()[COLLECTION].count_documents(query, limit=1) == 1
