"""Every type whose records ask people outside once more: in working hours, once for each time, at most so often."""

from __future__ import annotations

import datetime as dt
from typing import Any

from mongoengine.base import get_document
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.language import working_time
from tests.fixtures._types import types_with
from tests.fixtures.doing import do

PROMPTING = types_with(lambda declared: bool(declared.prompts))
DAY = dt.timedelta(days=1)


def working_moment(keeper: dict[str, Any], *, is_open: bool) -> dt.datetime:
    """The next hour in which the department of a record works, or does not."""
    calendar, moment = working_time.calendar_of(keeper.get("department")), clock.now() + DAY
    while calendar.is_open(moment) is not is_open:
        moment += dt.timedelta(hours=1)
    return moment


@PROMPTING
def test_who_is_waited_for_is_asked_again(cls: Any, record: Any, company: Any) -> None:
    for prompt in cls.declared.prompts:
        moves = [move for move in cls.declared.workflow.moves if move.verb == prompt.move]
        waiting = company.walk(company.make(cls.declared.name), sorted(moves[0].source)[0])
        keepers = get_db()[get_document(cls._fields[prompt.of].target).type_name()]
        says = {prompt.after: 2, prompt.before: None, prompt.most: 1, prompt.until: None}
        keepers.update_many({}, {"$set": {**says, "state": sorted(prompt.states)[0]}})
        rows, keeper = get_db()[cls.type_name()], keepers.find_one({"_id": waiting.ref(prompt.of)})
        rows.delete_many({"_id": {"$ne": waiting.id}})
        rows.update_one({"_id": waiting.id}, {"$set": {prompt.since: clock.now() - 3 * DAY, prompt.count: 0}})
        for is_open, done in ((False, 0), (True, 1), (True, 0)):
            with clock.set_to(working_moment(keeper, is_open=is_open)):
                assert do("prompts.sweep").get("done", 0) == done, (prompt.move, is_open)
        stored = rows.find_one({"_id": waiting.id})
        assert stored[prompt.count] == 1
        keepers.update_many({}, {"$set": {prompt.after: None, prompt.most: 5}})
        with clock.set_to(working_moment(keeper, is_open=True) + 30 * DAY):
            assert do("prompts.sweep").get("done", 0) == 0, "nobody says when"
