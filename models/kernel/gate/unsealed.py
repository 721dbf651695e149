"""Entries that wait for their seal, each with a keyed digest: who only writes to the database cannot rewrite them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from ..base import secrets
from . import history


def queued(entry: Mapping[str, Any], digest: str = "") -> dict[str, Any]:
    """An entry as it stands in the queue. `digest`: that of the entry, where it was made in this very act; what changes
    in the entry afterwards does not fit it when it is sealed."""
    name = secrets.digest_key_name()
    if not name:
        return {"_id": entry["_id"]}
    return {"_id": entry["_id"], "key": name, "digest": _under_key(entry["_id"], digest or history.digest(dict(entry)))}


def is_protected(row: Mapping[str, Any]) -> bool:
    """Whether a row of the queue has a digest under the present key: old ones, and those of another key, have none."""
    return bool(row.get("digest")) and row.get("key") == secrets.digest_key_name()


def unprotected() -> dict[str, Any]:
    """The query for the rows of the queue that have no digest under the present key."""
    return {"$or": [{"digest": None}, {"key": {"$ne": secrets.digest_key_name()}}]}


def is_as_queued(row: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether an entry is still the one that was queued, as far as its row can tell."""
    return has_digest(row, history.digest(dict(entry)))


def has_digest(row: Mapping[str, Any], digest: str) -> bool:
    """The same of an entry of which only the digest is known."""
    return not is_protected(row) or hmac.compare_digest(str(row["digest"]), _under_key(row["_id"], digest))


def _under_key(id: ObjectId, digest: str) -> str:
    return secrets.keyed_digest(f"{id}:{digest}")
