"""Work plans of the demo company (3.4.1): some people plan their weeks; what is not done is carried over."""

from __future__ import annotations

import datetime as dt
import itertools

from models.kernel.base import clock
from models.work_plans import PlanItem
from seed.desk import SYSTEM_LOGIN, Desk
from seed.script import Act, Script, chance
from seed.vocabulary.organisation import DEPARTMENTS, users_of
from seed.vocabulary.tasks import GIVEN

CODES = ("MKT", "SAL", "RND", "PRD", "SVC")
WEEKS = 3  # this one, and those before it
NEXT_WEEK = {"SAL": (), "MKT": ("submit",), "RND": ("submit", "approve")}  # how far the plans of next week have come
ITEMS = 3
DONE = 0.85  # of what is planned
_A_WEEK = dt.timedelta(days=7)


def plan_weeks(script: Script) -> None:
    """The weeks of one person in each of some departments, approved by the head; the last one is this week."""
    monday = script.tape.today - dt.timedelta(days=script.tape.today.weekday())
    for home in (each for each in DEPARTMENTS if each.code in CODES):
        clerks = users_of(home.code, "clerk")
        for back in range(WEEKS - 1, -1, -1):
            if clerks:
                _plan_week(script, (home.code, clerks[0].login, home.head_login), monday - back * _A_WEEK)
        if clerks and home.code in NEXT_WEEK:
            _plan_next(script, (home.code, clerks[0].login, home.head_login), monday + _A_WEEK)


def _plan_week(script: Script, who: tuple[str, str, str], monday: dt.date) -> None:
    code, worker, head = who
    key, begin, rng = f"work_plan:{code}:{monday}", script.tape.before(monday), chance("work plan", code, monday)
    if begin + 3 > script.tape.end:
        return
    subjects = rng.sample(GIVEN, ITEMS)
    script.add(begin + 0.4, worker, _enter(key, worker, monday, subjects))
    script.add(begin + 0.5, worker, lambda desk: desk.move(key, "submit"))
    script.add(begin + 2, head, lambda desk: desk.move(key, "approve"))
    script.add(begin + 2.2, worker, _depend(key))
    for at in range(ITEMS):
        done = begin + 6 + 9 * at + rng.uniform(0, 4)
        if rng.random() < DONE and done < script.tape.end and script.tape.day(done) < monday + _A_WEEK:
            script.add(done, worker, _finish(key, at))
    if monday + _A_WEEK <= script.tape.today:
        script.add(script.tape.night(monday + _A_WEEK), SYSTEM_LOGIN, lambda desk: desk.move(key, "close"))


def _plan_next(script: Script, who: tuple[str, str, str], monday: dt.date) -> None:
    """A plan of next week, whatever day it is today: a draft, submitted, or approved."""
    code, worker, head = who
    key, end = f"work_plan:{code}:{monday}", script.tape.end
    subjects = chance("work plan", code, "next").sample(GIVEN, ITEMS)
    script.add(end - 3, worker, _enter(key, worker, monday, subjects))
    for place, verb in enumerate(NEXT_WEEK[code]):
        login = head if verb == "approve" else worker
        script.add(end - 2 + place, login, lambda desk, verb=verb: desk.move(key, verb))


def _enter(key: str, worker: str, monday: dt.date, subjects: list[str]) -> Act:
    """The plan with what is new; what was carried over stands in it already."""

    def act(desk: Desk) -> None:
        items = [
            PlanItem(subject=subject, due=monday + dt.timedelta(days=1 + at), estimate=120 * (at + 2))
            for at, subject in enumerate(subjects)
        ]
        person = desk.id(f"user:{worker}")
        there = desk.row("work_plan", {"person": person, "starts": clock.stored_day(monday)})
        if there is None:
            desk.create(key, {"period": "week", "starts": monday, "person": person, "items": items})
            return
        desk.keep(key, there)
        desk.update(key, {"items": [*items, *desk.find(key).items]})

    return act


def _depend(key: str) -> Act:
    """The second item waits for the first, and the third for the second."""

    def act(desk: Desk) -> None:
        tasks = [item.ref("task") for item in desk.find(key).items][:ITEMS]
        for at, (before, after) in enumerate(itertools.pairwise(tasks)):
            name = f"task:{key}:{at}"
            desk.keep(name, desk.row("task", {"_id": after}) or {})
            desk.update(name, {"blocked_by": [before], "start": clock.today() + dt.timedelta(days=at + 1)})

    return act


def _finish(key: str, at: int) -> Act:
    """An item is done, unless what it waits for is not."""

    def act(desk: Desk) -> None:
        item = desk.find(key).items[at]
        row = desk.row("task", {"_id": item.ref("task"), "state": {"$in": ["todo", "doing"]}})
        if row is None:
            return
        name = f"task:{key}:done:{at}"
        desk.keep(name, row)
        waits = desk.find(name).refs("blocked_by")
        if not waits or desk.row("task", {"_id": {"$in": waits}, "state": {"$in": ["todo", "doing"]}}) is None:
            desk.move(name, "finish")

    return act
