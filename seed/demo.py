"""Loads the demo company: its people, and a year of research and sales that ends today, all through the write gate.

It is founded first (`found_demo`), so that people can log in while its year is played (`play_demo`). A load that was
cut off is never taken for a whole company: the next one clears it away and begins again.
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
from models.kernel.rights import qualified
from models.policy import policy
from models.services.database import ensure_indexes
from models.services.files import reading
from models.services.work import jobs
from seed.archive_room import fill_archive_room
from seed.assessments import assess_company
from seed.desk import Desk
from seed.growth import grow_company
from seed.indicators import measure_company
from seed.organisation import FOUNDED_DAYS_AGO, enter_calendars, found_company, special_days
from seed.played import play_lessons
from seed.qualified import qualify_people
from seed.scan import prepare_files
from seed.script import DEALS, OFFERS
from seed.stage import META, LoadTarget, go_on, mark_of, play_year

DEMO = "demo"
BEGUN, FOUNDED, WHOLE = "begun", "founded", "whole"
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
YEAR_PERCENT, ROOM_PERCENT, FIGURES_PERCENT = 85, 90, 97  # of the load, by then; the assessments take the rest
SetPasswords = Callable[[Sequence[tuple[ObjectId, str]], str], object]


class NothingToPlay(Exception):
    """There is no demo company that was founded and waits for its year."""


def is_empty() -> bool:
    """Whether the database has no users yet, or only those of a demo load that was cut off."""
    return _is_unfinished() or catalogue["user"]._get_collection().find_one({}, {"_id": 1}) is None


def percent_loaded() -> int | None:
    """How much of a demo company that is being loaded is there; None when none is."""
    meta = get_db()[META]
    mark = meta.find_one({"_id": DEMO, "state": {"$in": [BEGUN, FOUNDED]}}, {"percent": 1})
    if mark is None:
        return None
    lanes = meta.find({"_id": {"$in": [mark_of(OFFERS), mark_of(DEALS)]}}, {"percent": 1})
    played = sum(lane.get("percent", 0) for lane in lanes) // 2
    return max(mark.get("percent", 0), played * YEAR_PERCENT // 100)


def has_failed() -> bool:
    """Whether the load that is not at its end goes on no more, because its process has failed."""
    return get_db()[META].find_one({"_id": DEMO, "failed": True}, {"_id": 1}) is not None


def note_failure(token: str) -> bool:
    """Write down that the process of this load has failed; returns False if it is whole, or another's by now."""
    unfinished = {"_id": DEMO, "token": token, "state": {"$in": [BEGUN, FOUNDED]}}
    return bool(get_db()[META].update_one(unfinished, {"$set": {"failed": True}}).matched_count)


def load_demo(settings: Any, echo: Callable[[str], None] = print, set_passwords: SetPasswords | None = None) -> None:
    """Load the whole demo company into an empty database, in demo mode only. Raises RuntimeError as `found_demo`."""
    found_demo(settings, echo, set_passwords)
    play_demo(settings, echo)


def found_demo(settings: Any, echo: Callable[[str], None] = print, set_passwords: SetPasswords | None = None) -> str:
    """Enter the organisation, its people and its calendar into an empty database, in demo mode only: some seconds.

    `set_passwords` is given all users as pairs of id and login, and the password of every demo login.
    Returns the token that names this load. Raises RuntimeError outside demo mode or when the database holds anybody's
    users.
    """
    if not settings.demo or not is_empty():
        raise RuntimeError("The demo company is loaded in demo mode only, into a database without users.")
    now = clock.now()
    token = _begin(echo)
    echo("  organisation and calendar")
    changes.in_batch(lambda: _enter_company(now, token), quiet=True)
    if set_passwords:
        users = catalogue["user"]._get_collection().find({}, {"login": 1})
        set_passwords([(row["_id"], row["login"]) for row in users], settings.demo_password)
    go_on(DEMO, token, state=FOUNDED, now=now)
    return token


def play_demo(settings: Any, echo: Callable[[str], None] = print) -> None:
    """Play the year of the company that was founded last. Raises NothingToPlay, Overtaken when it is loaded anew."""
    mark = get_db()[META].find_one({"_id": DEMO, "state": FOUNDED})
    if mark is None:
        raise NothingToPlay
    token, now, started = mark["token"], mark["now"], time.monotonic()
    prepare_files()
    echo("  a year of research, sales and service, a minute or two")
    play_year(_target(settings, token, now), echo)
    echo("  the archive room")
    room = ROOM_PERCENT - YEAR_PERCENT
    archive = fill_archive_room(now, lambda done, of: _note_percent(token, YEAR_PERCENT + room * done // of))
    qualify_people(archive)
    play_lessons(archive)
    grow_company(archive)
    echo("  twelve months of indicators")
    measure_company(now)
    _note_percent(token, FIGURES_PERCENT)
    echo("  a quarter of assessments")
    assess_company(now)
    jobs.enqueue(jobs.Order(task="files.reread", once=reading.form_key()))  # the scans were attached past the gate
    jobs.enqueue(jobs.Order(task="expectations.check", once=f"expectations:{token}"))  # the year has no nights
    jobs.enqueue(jobs.Order(task="compliance.count", once=f"compliance:{token}"))
    _queue_from_now()
    go_on(DEMO, token, state=WHOLE, percent=100)
    echo(f"The demo company is loaded: {_counts()}, in {time.monotonic() - started:.0f} s.")


def _note_percent(token: str, percent: int) -> None:
    go_on(DEMO, token, percent=percent)


def _queue_from_now() -> None:
    """What the year has ordered waits from now on: by the times of its story it would be late by months."""
    ordered = {"state": jobs.QUEUED, "queued": {"$lt": clock.now()}}
    times = dict.fromkeys(("queued", "not_before"), clock.now())
    get_db()[jobs.COLLECTION].update_many(ordered, {"$set": times, "$unset": {"due": ""}})


def _is_unfinished() -> bool:
    return get_db()[META].find_one({"_id": DEMO, "state": {"$in": [BEGUN, FOUNDED]}}) is not None


def _begin(echo: Callable[[str], None]) -> str:
    """Take the database over for this load: a former load can write no more, and what it left is cleared away."""
    token, is_second = secrets.token_hex(8), _is_unfinished()
    if is_second:
        echo("  an earlier load was cut off; clearing it away, which may take a minute")
    facts: dict[str, dict[str, Any]] = {mark_of(lane): {"upto": BEGINNING, "percent": 0} for lane in (OFFERS, DEALS)}
    facts[DEMO] = {"state": BEGUN, "percent": 0, "failed": False}

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
    qualified.forget()
    ensure_indexes(catalogue)


def _enter_company(now: dt.datetime, token: str) -> None:
    """The company as it was entered before its first story."""
    desk = Desk()
    go_on(DEMO, token, state=BEGUN)
    with clock.set_to(now - dt.timedelta(days=FOUNDED_DAYS_AGO)):
        found_company(desk)
        enter_calendars(desk, special_days(now))


def _target(settings: Any, token: str, now: dt.datetime) -> LoadTarget:
    return LoadTarget(
        uri=settings.mongodb_uri,
        database=get_db().name,
        token=token,
        now=now,
        zone=clock.zone().key,
        limit=policy().clerk_discount_limit,
        keys=dict(settings.field_keys),
        secret_key=settings.secret_key,
    )


def _counts() -> str:
    db = get_db()
    shown = "user customer quotation contract sales_order payment ticket document loan history".split()
    return ", ".join(f"{db[name].estimated_document_count():,} {name.replace('_', ' ')}" for name in shown)
