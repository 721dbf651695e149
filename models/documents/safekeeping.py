"""Whether important documents are safe (3.1.3): an electronic backup that holds their files, and a copy on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..kernel.base.collections import FILES
from ..kernel.base.words import L
from ..operations.backups import GOOD, Backup
from .documents import NOT_TO_BE_LENT

NO_PAPER = L("No copy on paper", "無紙質副本")
NO_FILE = L("No electronic file", "無電子文件")
NO_BACKUP = L("Not in a good backup yet", "尚未備份")


def missing_of(rows: Iterable[dict[str, Any]]) -> dict[ObjectId, list[L]]:
    """What stored documents lack, by their ids; two queries, whatever their number."""
    documents = list(rows)
    newest, backup = _newest_files([row["_id"] for row in documents]), _last_backup()
    return {row["_id"]: list(_missing(row, newest.get(row["_id"]), backup)) for row in documents}


def _missing(row: dict[str, Any], newest: dt.datetime | None, backup: dt.datetime | None) -> Iterable[L]:
    if all(line.get("condition") in NOT_TO_BE_LENT for line in row.get("copies") or []):
        yield NO_PAPER
    if newest is None:
        yield NO_FILE
    elif backup is None or backup < newest:
        yield NO_BACKUP


def _newest_files(ids: list[ObjectId]) -> dict[ObjectId, dt.datetime]:
    """When the newest file of each document came."""
    stages = [
        {"$match": {"record_id": {"$in": ids}, "removed_at": None}},
        {"$group": {"_id": "$record_id", "at": {"$max": "$at"}}},
    ]
    return {row["_id"]: row["at"] for row in get_db()[FILES].aggregate(stages)}


def _last_backup() -> dt.datetime | None:
    """When the newest good backup was begun."""
    query = {"outcome": GOOD, "removed_at": None}
    row = Backup.collection().find_one(query, {"begun": 1}, sort=[("begun", -1)])
    return row["begun"] if row else None
