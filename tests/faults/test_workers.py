"""Workers that are really killed: each row is there once, poison is set aside, a stop loses nothing; both brokers."""

import subprocess
import sys
from pathlib import Path

import pytest
from pymongo import MongoClient

from admin_app.embedded import EmbeddedMongo
from models.services.work import jobs
from models.services.work.jobs import Order
from tests.fixtures.processes import ROOT, let_run, until

pytestmark = pytest.mark.slow
KILLS = 4
ROWS = 120


def order(task, **params):
    return jobs.enqueue(Order(task=task, params=params))


def state(db, run):
    return db.task_run.find_one({"_id": run})["state"]


@pytest.fixture(params=["embedded", "redis"])
def broker_url(request):
    """Without a broker of its own, and with Redis."""
    return request.getfixturevalue("redis").url if request.param == "redis" else None


def test_killed_at_random_points_every_row_is_there_once(db, installation, broker_url):
    home = installation(broker_url=broker_url)
    home.start("beat")
    home.start("worker")
    runs = [order("count_rows", mark=f"r{number}", total=ROWS) for number in range(3)]
    rows = db.position
    for kill in range(KILLS):
        before = rows.count_documents({})
        until(lambda least=before: rows.count_documents({}) > least or all_done(db, runs), 40, home.said)
        let_run(0.25)
        if kill % 2:
            home.kill_child("worker")
        else:
            home.kill("worker")
            home.start("worker")
    until(lambda: all_done(db, runs), 60, lambda: f"{list(db.task_run.find({}, {'log': 0}))}\n{home.said()}")
    names = sorted(row["name"] for row in rows.find())
    assert names == sorted(f"r{run}-{number}" for run in range(3) for number in range(ROWS))
    assert db.history.count_documents({"type": "position", "verb": "create"}) == len(names)
    assert [run["counts"]["made"] for run in db.task_run.find({"task": "count_rows"})] == [ROWS] * 3


def test_children_killed_as_soon_as_they_are_there(db, installation, broker_url):
    """While they wait for work, too: none takes with it what the others need to get any."""
    home = installation(broker_url=broker_url)
    home.start("beat")
    home.start("worker")
    first = order("count_rows", mark="a", total=10)
    until(lambda: state(db, first) == jobs.DONE, 40, home.said)
    home.kill_new_children("worker", 20)
    second = order("count_rows", mark="b", total=10)
    until(lambda: state(db, second) == jobs.DONE, 40, home.said)


def all_done(db, runs):
    return db.task_run.count_documents({"_id": {"$in": runs}, "state": jobs.DONE}) == len(runs)


def test_poison_greed_and_a_stop(db, installation):
    home = installation(worker_memory_mb=512)
    home.start("beat")
    home.start("worker")
    poison, greedy, good = order("die"), order("eat"), order("count_rows", mark="g", total=20)
    hanging = order("hang")
    until(lambda: state(db, good) == jobs.DONE, 40, home.said)
    until(lambda: state(db, greedy) == jobs.FAILED, 40, home.said)
    assert "memory" in db.task_run.find_one({"_id": greedy})["sentence"]["en"]
    until(lambda: state(db, poison) == jobs.SET_ASIDE, 60, home.said)
    until(lambda: state(db, hanging) == jobs.SET_ASIDE, 60, home.said)
    assert ["process was ended" in row["text"]["en"] for row in db.task_run.find_one({"_id": hanging})["log"]] == [
        True
    ] * 2
    slow = order("dawdle", steps=60)
    until(lambda: db.task_run.find_one({"_id": slow})["checkpoint"].get("step", 0) > 2, 20, home.said)
    assert home.stop("worker") == 0, home.said()
    stopped = db.task_run.find_one({"_id": slow})
    assert (stopped["state"], stopped["attempts"]) == (jobs.QUEUED, 0)
    home.start("worker")
    until(lambda: state(db, slow) == jobs.DONE, 40, home.said)
    assert home.stop("beat") == 0
    assert db.lease.count_documents({}) == 0


def test_a_broker_that_is_away_when_work_is_ordered(db, installation, redis):
    home = installation(broker_url=redis.url)
    home.start("beat")
    home.start("worker")
    first = order("count_rows", mark="a", total=10)
    until(lambda: state(db, first) == jobs.DONE, 40, home.said)
    redis.kill()
    second = order("count_rows", mark="b", total=10)
    for _ in range(2):  # the scheduler goes round and cannot hand it on
        before = db.lease.find_one({"_id": "beat"})
        until(lambda before=before: db.lease.find_one({"_id": "beat"}) != before, 40, home.said)
    assert state(db, second) == jobs.QUEUED
    redis.start()
    until(lambda: state(db, second) == jobs.DONE, 40, home.said)
    assert db.position.count_documents({}) == 20


def test_a_broker_that_is_away_when_all_work_ends(db, installation, redis):
    """Both children are busy until it is gone, so that the worker waits for no message that would show it."""
    home = installation(broker_url=redis.url)
    home.start("beat")
    home.start("worker")
    busy = [order("dawdle", steps=30) for _ in range(2)]
    until(lambda: all(db.task_run.find_one({"_id": run})["checkpoint"].get("step") for run in busy), 40, home.said)
    redis.kill()
    until(lambda: all_done(db, busy), 40, home.said)
    redis.start()
    last = order("count_rows", mark="c", total=10)
    until(lambda: state(db, last) == jobs.DONE, 60, home.said)


def test_the_database_killed_in_the_middle_of_a_task(settings, installation, tmp_path: Path):
    with EmbeddedMongo(tmp_path, cache_gb=0.25, oplog_mb=64) as mongo:
        home = installation(mongodb_uri=mongo.uri, database="killed")
        prepare = [sys.executable, "-m", "tests.faults.counting"]
        subprocess.run(prepare, env=home.environment, cwd=ROOT, check=True, timeout=300)
        home.start("beat")
        home.start("worker")
        client = MongoClient(mongo.uri, serverSelectionTimeoutMS=20000)
        client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=1)
        db = client["killed"]
        for least in (20, 90):
            until(lambda least=least: db.position.count_documents({}) > least, 60, home.said)
            mongo._process.kill()
            mongo._process.wait()
            assert mongo.revive()
        until(lambda: db.task_run.count_documents({"task": "count_rows", "state": jobs.DONE}) == 1, 60, home.said)
        assert sorted(row["name"] for row in db.position.find()) == sorted(f"m-{number}" for number in range(200))
        assert db.task_run.find_one({"task": "count_rows"})["counts"] == {"made": 200}
        client.close()
        for name in list(home.running):
            home.kill(name)
