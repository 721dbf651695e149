"""Loads the demo company: its people, and a year of research and sales that ends today, all through the write gate.

A load that was cut off is never taken for a whole company: the next one clears it away and begins again.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock, people
from models.kernel.base.store import in_unit
from models.kernel.gate import changes
from models.kernel.language import working_time
from models.policy import policy
from models.services.database import ensure_indexes
from models.services.work import jobs
from seed.archive_room import fill_archive_room
from seed.desk import Desk
from seed.organisation import FOUNDED_DAYS_AGO, enter_calendar, found_company, special_days
from seed.scan import prepare_files
from seed.script import DEALS, OFFERS
from seed.stage import META, LoadTarget, go_on, mark_of, play_year

DEMO = "demo"
BEGUN, WHOLE = "begun", "whole"
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SetPasswords = Callable[[Sequence[tuple[ObjectId, str]], str], object]


def is_empty() -> bool:
    """Whether the database has no users yet, or only those of a demo load that was cut off."""
    return _is_unfinished() or catalogue["user"]._get_collection().find_one({}, {"_id": 1}) is None


def load_demo(settings: Any, echo: Callable[[str], None] = print, set_passwords: SetPasswords | None = None) -> None:
    """Load the demo company into an empty database, in demo mode only.

    `set_passwords` is given all users as pairs of id and login, and the password of every demo login.
    Raises RuntimeError outside demo mode or when the database holds anybody's users.
    """
    if not settings.demo or not is_empty():
        raise RuntimeError("The demo company is loaded in demo mode only, into a database without users.")
    started, now = time.monotonic(), clock.now()
    token = _begin(echo)
    echo("  organisation and calendar")
    changes.in_batch(lambda: _found(now, token), quiet=True)
    prepare_files()
    echo("  a year of research and sales, about half a minute")
    play_year(_place(settings, token, now), echo)
    echo("  the archive room")
    fill_archive_room(now)
    if set_passwords:
        users = catalogue["user"]._get_collection().find({}, {"login": 1})
        set_passwords([(row["_id"], row["login"]) for row in users], settings.demo_password)
    jobs.enqueue(jobs.Order(task="files.reread", once="demo:files.reread"))  # the scans were attached past the gate
    go_on(DEMO, token, state=WHOLE)
    echo(f"The demo company is loaded: {_counts()}, in {time.monotonic() - started:.0f} s.")


def _is_unfinished() -> bool:
    return get_db()[META].find_one({"_id": DEMO, "state": BEGUN}) is not None


def _begin(echo: Callable[[str], None]) -> str:
    """Take the database over for this load: a former load can write no more, and what it left is cleared away."""
    token, is_second = secrets.token_hex(8), _is_unfinished()
    if is_second:
        echo("  an earlier load was cut off; clearing it away, which may take a minute")
    facts: dict[str, dict[str, Any]] = {mark_of(lane): {"upto": BEGINNING} for lane in (OFFERS, DEALS)}
    facts[DEMO] = {"state": BEGUN}

    def body() -> None:
        for mark, first in facts.items():
            in_unit(META).update_one({"_id": mark}, {"$set": {**first, "token": token}}, upsert=True)

    changes.in_batch(body)
    if is_second:
        _clear()
    return token


def _clear() -> None:
    """Drop everything but the markers, and forget what this process remembers of it."""
    db = get_db()
    for name in db.list_collection_names(filter={"type": "collection"}):
        if name != META and not name.startswith("system."):
            db.drop_collection(name)
    people.forget_departments()
    working_time.forget_calendar()
    ensure_indexes(catalogue)


def _found(now: dt.datetime, token: str) -> None:
    """The company as it was entered before its first story."""
    desk = Desk()
    go_on(DEMO, token, state=BEGUN)
    with clock.set_to(now - dt.timedelta(days=FOUNDED_DAYS_AGO)):
        found_company(desk)
        enter_calendar(desk, special_days(now))


def _place(settings: Any, token: str, now: dt.datetime) -> LoadTarget:
    return LoadTarget(
        uri=settings.mongodb_uri,
        database=get_db().name,
        token=token,
        now=now,
        zone=clock.zone().key,
        limit=policy().clerk_discount_limit,
        keys=dict(settings.field_keys),
    )


def _counts() -> str:
    db = get_db()
    shown = ("user", "customer", "quotation", "contract", "sales_order", "payment", "document", "loan", "history")
    return ", ".join(f"{db[name].estimated_document_count():,} {name.replace('_', ' ')}" for name in shown)
