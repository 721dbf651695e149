"""A load that is killed in the middle: the next start ends with one whole demo company, and nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from models import catalogue
from seed.demo import DEMO, FOUNDED, WHOLE
from seed.script import DEALS
from seed.stage import META, mark_of
from tests.fixtures.processes import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]
PERCENT = 3


def load(settings: Any) -> subprocess.Popen[str]:
    """The real command, with its second lane in the same group of processes."""
    return subprocess.Popen(
        [sys.executable, "-m", "admin_app.cli", "seed"],
        env=os.environ | settings.as_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def both_lanes_play(database: Database[dict[str, Any]]) -> bool:
    """Whether records of both lanes are written."""
    return database[META].find_one({"_id": mark_of(DEALS), "percent": {"$gte": PERCENT}}) is not None


def test_after_a_kill_in_the_middle_one_whole_company_is_loaded(settings):
    own = settings.model_copy(update={"database": f"{settings.database}_killed"})
    with MongoClient(settings.mongodb_uri, tz_aware=True, uuidRepresentation="standard") as client:
        database = client[own.database]
        killed = load(own)
        try:
            until(lambda: both_lanes_play(database), 240, "the year does not begin")
            os.killpg(killed.pid, signal.SIGKILL)
            killed.communicate()
            assert database[META].find_one({"_id": DEMO})["state"] == FOUNDED
            left = {row["_id"] for row in database["quotation"].find({}, {"_id": 1})}
            assert left
            again = load(own)
            output, errors = again.communicate()
            assert again.returncode == 0, errors
            assert "an earlier load was cut off" in output
            assert_whole_and_single(database, left)
        finally:
            client.drop_database(own.database)


def assert_whole_and_single(database: Database[dict[str, Any]], left: set[Any]) -> None:
    """The company is marked as whole; nothing of the killed load is there, and no step of the story twice."""
    assert database[META].find_one({"_id": DEMO})["state"] == WHOLE
    assert not database["quotation"].find_one({"_id": {"$in": list(left)}})
    logins = [row["login"] for row in database["user"].find({}, {"login": 1})]
    assert len(logins) == len(set(logins)) == 45
    created = 0
    for name in catalogue:
        steps = [row["once"] for row in database[name].find({"once": {"$gt": ""}}, {"once": 1})]
        assert len(steps) == len(set(steps)), name
        created += database[name].count_documents({})
    assert created == database["history"].count_documents({"verb": "create"})
