"""Plays a script: small batches of steps, each one transaction, in two processes that keep their order."""

from __future__ import annotations

import datetime as dt
import multiprocessing as mp
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import mongoengine
from mongoengine.connection import get_db

from models.kernel.base import clock, secrets
from models.kernel.base.store import in_unit
from models.kernel.gate import changes
from models.policy import Policy, set_policy
from seed.desk import Desk
from seed.organisation import special_days, working_calendar
from seed.script import DEALS, OFFERS, Script, Step
from seed.year import write_year

META = "meta"
END_OF_TIME = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
BATCH_STEPS = 36
LOUD_DAYS = 5  # people find notices of the last days only
WAIT_SECONDS = 0.02
ECHO_PERCENT = 10
LEARNED = (("user", "login"), ("department", "code"))


class Overtaken(Exception):
    """Another load has taken the database over; this one must not write any more."""


@dataclass(frozen=True)
class LoadTarget:
    """Where and as of when a load plays; `token` names the load, so that one that was given up cannot go on."""

    uri: str
    database: str
    token: str
    now: dt.datetime
    zone: str
    limit: Decimal
    keys: dict[int, bytes]
    secret_key: str


@dataclass(frozen=True)
class Mark:
    """How far a lane of a load has come when its batch is written."""

    lane: int
    token: str
    percent: int


def script_for(now: dt.datetime, limit: Decimal) -> Script:
    """The demo year that ends at this moment."""
    return write_year(working_calendar(special_days(now)), now, limit)


def mark_of(lane: int) -> str:
    """The marker of a lane: written in each of its transactions, it says how far the lane has come."""
    return f"demo lane {lane}"


def go_on(mark: str, token: str, **facts: Any) -> None:
    """Write into a marker of this load, in the transaction of what it is about. Raises Overtaken if it is another's."""
    if not in_unit(META).update_one({"_id": mark, "token": token}, {"$set": facts}).matched_count:
        raise Overtaken


def play_year(place: LoadTarget, echo: Callable[[str], None]) -> None:
    """Play both lanes to their end. Raises RuntimeError when the second one has failed."""
    other = mp.get_context("spawn").Process(target=_play_apart, args=(place, os.getpid()), daemon=True)
    other.start()
    try:
        steps = script_for(place.now, place.limit).lane(OFFERS)
        _play(steps, OFFERS, place, is_wanted=lambda: other.exitcode in (None, 0), echo=echo)
        other.join()
    except Overtaken:
        if not _is_standing(place.token):
            raise
    finally:
        other.kill()
        other.join()
    if other.exitcode:
        raise RuntimeError("The second half of the demo company could not be loaded; its error is printed above.")


def _is_standing(token: str) -> bool:
    """Whether no other load has taken the database over."""
    return get_db()[META].find_one({"_id": mark_of(OFFERS), "token": token}, {"_id": 1}) is not None


def _play_apart(place: LoadTarget, parent: int) -> None:
    """The second lane, in a process and with a connection of its own."""
    secrets.set_keys(place.keys)
    secrets.set_digest_key(place.secret_key)
    clock.set_zone(place.zone)
    set_policy(Policy(clerk_discount_limit=place.limit))
    sound = {"w": "majority", "journal": True, "readConcernLevel": "majority"}
    mongoengine.connect(place.database, host=place.uri, tz_aware=True, uuidRepresentation="standard", **sound)
    steps = script_for(place.now, place.limit).lane(DEALS)
    _play(steps, DEALS, place, is_wanted=lambda: os.getppid() == parent)
    mongoengine.disconnect()


def _play(
    steps: Sequence[Step],
    lane: int,
    place: LoadTarget,
    *,
    is_wanted: Callable[[], bool],
    echo: Callable[[str], None] | None = None,
) -> None:
    """Play a lane batch by batch; the second lane stays behind the first."""
    desk = Desk()
    for name, field in LEARNED:
        desk.learn(name, field)
    loud_from = place.now - dt.timedelta(days=LOUD_DAYS)
    shown = 0
    for percent, batch in _batches(steps):
        if not is_wanted():
            raise Overtaken
        if lane == DEALS:
            _wait_for(OFFERS, batch[-1].at, place.token, is_wanted)
        _play_batch(desk, batch, Mark(lane, place.token, percent), quiet=batch[-1].at < loud_from)
        if echo and percent >= shown + ECHO_PERCENT:
            shown = percent // ECHO_PERCENT * ECHO_PERCENT
            echo(f"  {shown} %")
    go_on(mark_of(lane), place.token, upto=END_OF_TIME)


def _batches(steps: Sequence[Step]) -> Iterator[tuple[int, Sequence[Step]]]:
    """Slices of the steps, each with how many per cent of the way are gone when it is played."""
    for start in range(0, len(steps), BATCH_STEPS):
        batch = steps[start : start + BATCH_STEPS]
        yield 100 * (start + len(batch)) // len(steps), batch


def _play_batch(desk: Desk, batch: Sequence[Step], mark: Mark, *, quiet: bool) -> None:
    """One transaction. It may run twice, so each run starts from what was known before it."""
    before = dict(desk.known)

    def body() -> None:
        desk.known = dict(before)
        go_on(mark_of(mark.lane), mark.token, upto=batch[-1].at, percent=mark.percent)
        for step in batch:
            desk.login = step.login
            with clock.set_to(step.at):
                step.act(desk)

    changes.in_batch(body, quiet=quiet)


def _wait_for(lane: int, moment: dt.datetime, token: str, is_wanted: Callable[[], bool]) -> None:
    """Wait until another lane has written everything before a moment."""
    while True:
        mark = get_db()[META].find_one({"_id": mark_of(lane), "token": token})
        if mark is None or not is_wanted():
            raise Overtaken
        if mark["upto"] >= moment:
            return
        time.sleep(WAIT_SECONDS)
