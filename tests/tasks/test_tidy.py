"""Old runs of schedules are forgotten; what failed, what is new, and what people ordered stays."""

import datetime as dt

from bson import ObjectId

from models.kernel import clock, jobs
from models.kernel.jobs import Order
from tests.fixtures.doing import do


def test_only_old_ones_that_ended_well(db):
    now, schedule = clock.now(), ObjectId()
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
    assert do("runs.tidy") == {"removed": 2}
    assert set(db[jobs.COLLECTION].distinct("task")) == {"new", "failed", "aside", "ordered", "waits", "runs.tidy"}
    assert do("runs.tidy") == {}
