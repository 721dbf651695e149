"""What surveys do by themselves: the last anonymous answers leave the holding place when nothing more comes in."""

from __future__ import annotations

from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import SURVEY_BOXES
from models.kernel.base.words import L
from models.surveys import anonymous
from models.surveys.surveys import GRACE, Survey, end_of

from ..engine.registry import job
from ..engine.run import Run


@job(
    "surveys.release",
    L("Release the last anonymous answers", "釋出最後的匿名回答"),
    L(
        "What waits of anonymous answers is counted once a survey is over and nothing more comes in.",
        "問卷結束且不再收回答後，將其餘匿名回答計入結果。",
    ),
)
def release(run: Run) -> None:
    """Release what waits of surveys that are over; done twice, the second finds nothing."""
    ids = [row["_id"] for row in get_db()[SURVEY_BOXES].find({}, {"_id": 1})]
    rows = Survey._get_collection().find({"_id": {"$in": ids}, "state": "closed"})
    done = 0
    for row in rows:
        survey = Survey.from_stored(row)
        end = end_of(survey)
        if end and clock.now() >= end + GRACE:
            done += anonymous.release_rest(survey)
            run.renew()
    run.count(done=done)
