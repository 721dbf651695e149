"""Two schedulers, killed again and again: every due time is ordered exactly once, and the second takes over."""

import datetime as dt

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.fixtures.processes import let_run, until

pytestmark = pytest.mark.slow
SCHEDULES = 12
MISSED = 15


def test_each_due_time_once_with_two_beats_that_are_killed(db, installation, company):
    home = installation()
    made = [make(company, number) for number in range(SCHEDULES)]
    for name in ("beat-1", "beat-2"):
        home.start(name)
    clocks = db.schedule_clock
    until(lambda: clocks.count_documents({"_id": {"$in": made}}) == SCHEDULES, 40, home.said)
    first = clock.now().replace(second=0, microsecond=0) - dt.timedelta(minutes=MISSED)
    for at, id in enumerate(made):
        clocks.update_one({"_id": id}, {"$set": {"next": first}})
        if at % 4 == 3:
            let_run(1.2)
            name = leader_of(db, home) or "beat-1"
            home.kill(name)
            home.start(name)
    until(lambda: not clocks.count_documents({"next": {"$lte": clock.now() - dt.timedelta(seconds=5)}}), 40, home.said)
    for id in made:
        due = [run["due"] for run in db.task_run.find({"schedule": id}).sort("due", 1)]
        expected = [first + dt.timedelta(minutes=n) for n in range(len(due))]
        assert due == expected, "a due time is missing or there twice"
        assert len(due) >= MISSED


def test_a_killed_leader_is_followed(db, installation, company):
    home = installation()
    for name in ("beat-1", "beat-2"):
        home.start(name)
    until(lambda: leader_of(db, home), 40, home.said)
    leader = leader_of(db, home)
    other = next(name for name in home.running if name != leader)
    home.kill(leader)
    id = make(company, 1)
    until(lambda: leader_of(db, home) == other, 20, home.said)
    until(lambda: db.schedule_clock.count_documents({"_id": id}) == 1, 20, home.said)


def make(company, number):
    values = {"name": f"試驗 {number}", "task": "mark_overdue", "every": 1, "catch_up": "each", "overlap": "queue"}
    return changes.create(catalogue["schedule"], {**values, "department": company.department("ITD")}, actor=SYSTEM).id


def leader_of(db, home):
    """The name of the process that holds the lease now."""
    lease = db.lease.find_one({"_id": "beat"}) or {}
    pid = int(lease.get("owner", "::").split(":")[1] or 0)
    return next((name for name, process in home.running.items() if process.pid == pid), None)
