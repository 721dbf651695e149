"""Tasks of the demo year (3.4.1): what talks leave to be done, what is given, and the routines of departments."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.kernel.base import clock
from models.tasks import CheckItem
from seed.desk import Desk
from seed.script import Act, Script, chance
from seed.vocabulary.organisation import DEPARTMENTS, users_of
from seed.vocabulary.tasks import CHECKS, GIVEN, ROUTINES

OWN_TASKS = 150
LEFT_OPEN = 0.14  # of what might be done by now
CANCELLED = 25  # one in so many
WITH_PEOPLE = tuple(each for each in DEPARTMENTS if each.code not in ("MGT", "ITD"))
PRIORITIES = ("normal", "normal", "normal", "normal", "high", "high", "low", "urgent")


def finish_talk(script: Script, place: int, clerk: str, moment: float, days: int) -> None:
    """What a talk has left to be done is done some days later, mostly in time."""
    rng = chance("talk task", place)
    done = moment + rng.uniform(2, 8 * days * 1.15)
    if done < script.tape.end - 1 and rng.random() > LEFT_OPEN:
        script.add(done, clerk, _finish_next(place))


def _finish_next(place: int) -> Act:
    def act(desk: Desk) -> None:
        key, talk = f"task:talk:{place:04}", desk.id(f"interaction:{place:04}")
        row = desk.row("task", {"once": f"interaction:{talk}:task"})
        if row is not None:
            desk.keep(key, row)
            desk.move(key, "finish")

    return act


def plan_tasks(script: Script, start: float) -> None:
    """What heads give their people and people enter for themselves, and the routines of each department."""
    for place in range(OWN_TASKS):
        rng = chance("task", place)
        home = WITH_PEOPLE[place % len(WITH_PEOPLE)]
        workers = [each.login for each in users_of(home.code, "clerk")] or [home.head_login]
        worker = workers[place // len(WITH_PEOPLE) % len(workers)]
        giver = home.head_login if rng.random() < 0.6 else worker
        is_now = place < 40
        moment = script.tape.end - rng.uniform(1, 60) if is_now else rng.uniform(start, script.tape.end - 60)
        key, before = f"task:own:{place:04}", f"task:own:{place - len(WITH_PEOPLE):04}"
        blocked = before if place % 6 == 3 and is_now and place >= len(WITH_PEOPLE) else ""
        days = rng.randint(1, 15)
        script.add(moment, giver, _enter(key, worker, place, days, PRIORITIES[place % len(PRIORITIES)], blocked))
        _go_on(script, key, worker, moment, days, place)
    for place, home in enumerate(WITH_PEOPLE[: len(ROUTINES)]):
        _plan_routine(script, home.head_login, place, start)


def _go_on(script: Script, key: str, worker: str, moment: float, days: int, place: int) -> None:
    rng = chance("task goes on", place)
    begun, done = moment + rng.uniform(0.5, 12), moment + rng.uniform(4, 8 * days * 1.1)
    if begun < script.tape.end - 0.5 and place % 3:
        script.add(begun, worker, _start(key, 10 * rng.randint(1, 6)))
    if place % CANCELLED == 11 and done < script.tape.end - 1:
        script.add(max(done, begun + 0.2), worker, lambda desk: desk.move(key, "cancel", "需求已變更，無需辦理。"))
    elif done < script.tape.end - 1 and rng.random() > LEFT_OPEN:
        script.add(max(done, begun + 0.2), worker, _finish(key))


def _enter(key: str, worker: str, place: int, days: int, priority: str, blocked: str) -> Act:
    rng = chance("task text", place)
    subject = rng.choice(GIVEN)
    checks = rng.sample(CHECKS, 3) if place % 4 == 1 else []

    def act(desk: Desk) -> None:
        due = dt.datetime.combine(
            clock.today() + dt.timedelta(days=days), dt.time(rng.choice((11, 15, 17))), clock.zone()
        )
        values = {
            "subject": subject,
            "assignee": desk.id(f"user:{worker}"),
            "priority": priority,
            "start": clock.today(),
            "due": due.astimezone(clock.UTC),
            "estimate": 30 * rng.randint(1, 16),
            "checklist": [CheckItem(text=text) for text in checks],
            "blocked_by": [desk.id(blocked)] if blocked in desk.known else [],
        }
        desk.create(key, values)

    return act


def _start(key: str, percent: int) -> Act:
    def act(desk: Desk) -> None:
        if desk.find(key).state == "todo" and not _waits(desk, key):
            desk.move(key, "start")
            desk.update(key, {"progress": percent, **_ticked(desk, key, 1)})

    return act


def _finish(key: str) -> Act:
    def act(desk: Desk) -> None:
        if not _waits(desk, key):
            if ticked := _ticked(desk, key):
                desk.update(key, ticked)
            desk.move(key, "finish")

    return act


def _ticked(desk: Desk, key: str, most: int | None = None) -> dict[str, Any]:
    """The checklist of a task with its first points done, or all of them; nothing where it has none."""
    lines = desk.find(key).raw("checklist") or []
    for line in lines[:most]:
        line.done = True
    return {"checklist": lines} if lines else {}


def _waits(desk: Desk, key: str) -> bool:
    """Whether what blocks a task is still open."""
    ids = desk.find(key).refs("blocked_by")
    return bool(ids) and desk.row("task", {"_id": {"$in": ids}, "state": {"$in": ["todo", "doing"]}}) is not None


def _plan_routine(script: Script, login: str, place: int, start: float) -> None:
    """What a department does again and again: entered once, and done each time, which makes the next one."""
    subject, rule, hours = ROUTINES[place]
    moment, key = start + 2 + place, f"task:routine:{place:02}"
    script.add(moment, login, _enter_routine(key, subject, rule))
    for _ in range(int((script.tape.end - moment - 2) // hours)):
        moment += hours
        script.add(moment, login, _do_routine(key))


def _enter_routine(key: str, subject: str, rule: str) -> Act:
    def act(desk: Desk) -> None:
        due = dt.datetime.combine(clock.today(), dt.time(17), clock.zone()).astimezone(clock.UTC)
        desk.create(key, {"subject": subject, "due": due, "repeat": rule})

    return act


def _do_routine(key: str) -> Act:
    def act(desk: Desk) -> None:
        done = desk.move(key, "finish")
        following = desk.row("task", {"once": {"$regex": f"^task:{done.id}:next:"}})
        if following is not None:
            desk.keep(key, following)

    return act
