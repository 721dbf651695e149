"""The rows that an act on many records is asked for: those that were ticked, or all that the list finds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import request
from pymongo.errors import ExecutionTimeout
from werkzeug.datastructures import MultiDict

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.services.work.bulk import ROWS_MAX, Row

from ..session import own_path
from . import layouts
from .listing import SLOW

TIME_LIMIT_MS = 10_000
TOO_MANY = L(
    "The list finds more than {most} rows. Narrow it down with a filter, and do it in several turns.",
    "列表查得超過 {most} 行，請先篩選，分幾次辦理。",
)


@dataclass(frozen=True)
class Hits:
    """All rows that a list finds, each in the version that it has now; `seen`: the digest of those that there were when
    the page was drawn that asks for it (empty: none was)."""

    rows: list[Row]
    seen: str

    @cached_property
    def digest(self) -> str:
        """What these rows in these versions are known by."""
        text = "\n".join(f"{id}:{version}" for id, version in self.rows)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_as_seen(self) -> bool:
        """Whether the list still finds the same rows, in the versions that the person was shown."""
        return self.seen == self.digest

    def row_ids(self, most: int) -> list[str]:
        """The first of them as the rows of a list name themselves."""
        return [f"{id}:{version}" for id, version in self.rows[:most]]


def all_hits(cls: type[Record], me: Actor) -> Hits | None:
    """All that the list finds from which the form was sent, or None where rows were ticked. Raises Refused."""
    if not request.form.get("all"):
        return None
    args = MultiDict(parse_qsl(urlsplit(own_path(request.form.get("back")) or "").query, keep_blank_values=True))
    query = layouts.query_of(cls, me, args)
    cursor = query.collection.find(query.filter, {"version": 1}).sort("_id", 1).limit(ROWS_MAX + 1)
    try:
        rows: list[Row] = [(row["_id"], row.get("version")) for row in cursor.max_time_ms(TIME_LIMIT_MS)]
    except ExecutionTimeout as late:
        raise Refused(SLOW) from late
    if len(rows) > ROWS_MAX:
        raise Refused(TOO_MANY(most=f"{ROWS_MAX:,}"))
    return Hits(rows, request.form.get("hits", ""))


def context_of(hits: Hits | None) -> dict[str, Any]:
    """What a page of rehearsal says of all that is found."""
    if hits is None:
        return {"hits": 0, "hits_digest": "", "is_hits_changed": False}
    return {"hits": len(hits.rows), "hits_digest": hits.digest, "is_hits_changed": not hits.is_as_seen}
