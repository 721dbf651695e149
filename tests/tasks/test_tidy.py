"""Old runs of schedules are forgotten; what failed, what is new, and what people ordered stays."""

import datetime as dt

from bson import ObjectId

from models.kernel.base import clock
from models.services.work import jobs
from models.services.work.jobs import Order
from tests.fixtures.doing import do


def test_only_old_ones_that_ended_well(db):
    now, schedule = clock.now(), ObjectId()
    passing = jobs.enqueue(Order(task="passing", is_ephemeral=True, not_before=now + dt.timedelta(days=1)))
    long_ago = {"state": jobs.DONE, "ended": now - dt.timedelta(days=61)}
    db[jobs.COLLECTION].update_one({"_id": passing}, {"$set": long_ago})
    for name, days, state, of in (
        ("old", 61, jobs.DONE, schedule),
        ("skipped", 61, jobs.SKIPPED, schedule),
        ("new", 59, jobs.DONE, schedule),
        ("failed", 400, jobs.FAILED, schedule),
        ("aside", 400, jobs.SET_ASIDE, schedule),
        ("ordered", 400, jobs.DONE, None),
        ("waits", 400, jobs.QUEUED, schedule),
    ):
        run = jobs.enqueue(Order(task=name, schedule=of, not_before=now + dt.timedelta(days=1)))
        ended = {} if state == jobs.QUEUED else {"ended": now - dt.timedelta(days=days)}
        db[jobs.COLLECTION].update_one({"_id": run}, {"$set": {"state": state, **ended}})
    assert do("runs.tidy") == {"removed": 3}
    assert set(db[jobs.COLLECTION].distinct("task")) == {"new", "failed", "aside", "ordered", "waits", "runs.tidy"}
    assert do("runs.tidy") == {}
