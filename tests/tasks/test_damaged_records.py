"""The jobs of every day beside damaged records of every type and kind: each ends, and does what is sound."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from tasks.engine.defaults import DEFAULT_SCHEDULES
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
