"""What the clients of vendors have in common: requests that end in time, and a token that all processes share.

A token stands sealed in the database until it ends, so that no process asks for one that another has; one that the
vendor does not know any more is answer_of for anew once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests import RequestException

from ...kernel.base import clock
from ...kernel.base.collections import DIRECTORY_STATES
from ...kernel.base.secrets import seal, unseal
from ...kernel.base.store import in_unit
from .source import DirectoryAway

WAIT_SECONDS = (5, 10)  # for a connection, for an answer
EARLIER = dt.timedelta(minutes=5)
ANSWER_MAX = 20_000_000
_PLACE = "directory.token"


class VendorError(Exception):
    """The vendor says that something is wrong, by a code of theirs."""

    def __init__(self, code: str, message: str = ""):
        super().__init__(f"{code} {message[:100]}".strip())
        self.code = code


def answer_of(method: str, url: str, **options: Any) -> dict[str, Any]:
    """The answer as JSON, whatever its status. Raises DirectoryAway."""
    try:
        answer = requests.request(method, url, timeout=WAIT_SECONDS, allow_redirects=False, **options)
        if answer.status_code >= 500 or len(answer.content) > ANSWER_MAX:
            raise DirectoryAway(f"status {answer.status_code}")
        held = answer.json()
    except (RequestException, ValueError) as problem:
        raise DirectoryAway(type(problem).__name__) from problem
    if not isinstance(held, dict):
        raise DirectoryAway("no object")
    return held


def with_token(key: str, fetch: Callable[[], tuple[str, int]], use: Callable[[str], Any], stale: frozenset[str]) -> Any:
    """What comes of a call that needs a token: the one that is kept, or a new one where there is none or where the
    vendor answers with one of the codes that mean that it is over. Raises DirectoryAway, VendorError."""
    kept = _kept(key)
    if kept:
        try:
            return use(kept)
        except VendorError as problem:
            if problem.code not in stale:
                raise
    token, seconds = fetch()
    ends = clock.now() + max(dt.timedelta(seconds=seconds) - EARLIER, dt.timedelta(0))
    facts = {"token": seal(token, _PLACE), "ends": ends}
    in_unit(DIRECTORY_STATES).update_one({"_id": f"token:{key}"}, {"$set": facts}, upsert=True)
    return use(token)


def _kept(key: str) -> str:
    row: Mapping[str, Any] = (
        in_unit(DIRECTORY_STATES).find_one({"_id": f"token:{key}", "ends": {"$gt": clock.now()}}) or {}
    )
    return unseal(bytes(row["token"]), _PLACE) if row else ""


def text_of(held: Mapping[str, Any], name: str) -> str:
    """A text or number of an answer as text; nothing where it is neither."""
    value = held.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def rows_of(held: Any, name: str) -> list[dict[str, Any]]:
    """A list of objects, which has to be one. Raises DirectoryAway."""
    rows = held.get(name) if isinstance(held, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DirectoryAway(f"no {name}")
    return rows
