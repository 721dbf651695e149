"""The demo company as the real command loads it when an earlier load was killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from seed.demo import DEMO
from seed.script import DEALS
from seed.stage import META, mark_of
from tests.fixtures.processes import until

PERCENT = 3


@dataclass(frozen=True)
class Cut:
    """What a killed load left: its state and its quotations; and what the load after it said."""

    state: str
    quotations: frozenset[ObjectId]
    said: str


def load_after_a_kill(settings: Any, database: Database[dict[str, Any]]) -> Cut:
    """Load into an empty database, kill both lanes of the load in the middle, and load again to the end."""
    killed = _load(settings)
    until(lambda: _both_lanes_play(database), 900, "the year does not begin")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    state = database[META].find_one({"_id": DEMO})["state"]
    left = frozenset(row["_id"] for row in database["quotation"].find({}, {"_id": 1}))
    again = _load(settings)
    output, errors = again.communicate()
    assert again.returncode == 0, errors
    return Cut(state, left, output)


def _load(settings: Any) -> subprocess.Popen[str]:
    """The real command, with its second lane in the same group of processes."""
    return subprocess.Popen(
        [sys.executable, "-m", "admin_app.cli", "seed"],
        env=os.environ | settings.as_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _both_lanes_play(database: Database[dict[str, Any]]) -> bool:
    """Whether records of both lanes are written."""
    return database[META].find_one({"_id": mark_of(DEALS), "percent": {"$gte": PERCENT}}) is not None
