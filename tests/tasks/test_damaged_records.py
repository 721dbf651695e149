"""The jobs of every day beside damaged records of every type and kind: each ends, and does what is sound."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.services.work import jobs
from models.services.work.jobs import Order
from tasks.engine import run as engine_run
from tasks.engine.defaults import DEFAULT_SCHEDULES
from tasks.engine.run import Run
from tests.fixtures._odd import mixed, mixed_lines, names_of, stored
from tests.fixtures.doing import do

KEPT = {"state", "removed_at"}  # by these a job finds a record at all
WITH_A_PLACE = {"backup.run", "backup.verify", "backup.drill", "backup.prune"}  # they copy documents as they are


@pytest.fixture
def damaged(company: Any) -> Any:
    """Records of all types, each with damaged ones beside it."""
    made = [(cls, company.make(name).id) for name, cls in catalogue.items()]
    for cls, id in made:
        rows = cls._get_collection()
        sound = rows.find_one({"_id": id})
        stored(rows, mixed(cls, sound, [field for field in names_of(cls) if field not in KEPT]))
        stored(rows, mixed_lines(cls, sound))
    return company


def test_every_job_ends_beside_damaged_records(damaged: Any) -> None:
    for task in sorted({default.task for default in DEFAULT_SCHEDULES} - WITH_A_PLACE):
        do(task)


def test_a_sweep_goes_through_ids_of_every_kind(db, monkeypatch):
    monkeypatch.setattr(engine_run, "BATCH", 2)
    ids = ["abc", "b", 7, 1.5, {"a": 1}, True, False, dt.datetime(2026, 11, 2, tzinfo=dt.UTC), b"\x00"]
    ids += [ObjectId() for _ in range(3)]
    db.position.insert_many({"_id": id} for id in ids)
    run_id = jobs.enqueue(Order(task="none"))
    sweep = Run(jobs.claim("w", run_id), "w").batches("position", {})
    seen = [row["_id"] for rows in sweep for row in rows]
    assert seen == [row["_id"] for row in db.position.find().sort("_id", 1)]
    assert len(seen) == len(ids)
