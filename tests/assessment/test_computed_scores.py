"""Computed scores come from the proofs of published values: the same cases, each part its own; leave lowers none."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from mongoengine.connection import get_db

from models import catalogue
from models.assessment.computed import figures_of, score_of
from models.assessment.filling import shown
from models.assessment.stretches import Leave, Stretch, WorkedPeriod

VALUE = catalogue["indicator_value"]
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)


def part(first: dt.date, last: dt.date) -> Stretch:
    return Stretch(first, last, None, None, None)


def test_a_whole_period_is_the_published_value_and_its_parts_are_its_cases(company: Any, month: Any) -> None:
    id, person = month["一次通過率"], company.users["clerk_sal"]
    row = get_db().indicator.find_one({"_id": id})
    published = VALUE.objects.get(indicator=id, employee=person, state="published")
    figures = figures_of(person, FIRST, LAST, [id])
    whole = score_of(row, figures, part(FIRST, LAST), WorkedPeriod((), ()))
    assert (shown(whole.value), whole.n, whole.evidence) == (published.value, published.n, (published.id,))
    assert whole.points == whole.value  # a rate without a target is worth its percents
    middle = dt.date(2026, 10, 14)
    parts = [part(FIRST, middle), part(middle + dt.timedelta(days=1), LAST)]
    scores = [score_of(row, figures, each, WorkedPeriod((), ())) for each in parts]
    assert sum(score.n for score in scores) == whole.n
    hits = sum(Fraction(score.value) * score.n for score in scores)
    assert hits / whole.n == whole.value


def test_leave_is_left_out_where_that_is_better(company: Any, month: Any) -> None:
    id, person = month["一次通過率"], company.users["clerk_sal"]
    row = get_db().indicator.find_one({"_id": id})
    figures = figures_of(person, FIRST, LAST, [id])
    whole = score_of(row, figures, part(FIRST, LAST), WorkedPeriod((), ()))
    better = 0
    for day in range(8, 31):
        away = WorkedPeriod((), (Leave(dt.date(2026, 10, day), dt.date(2026, 10, day)),))
        score = score_of(row, figures, part(FIRST, LAST), away)
        assert score.points >= whole.points
        assert score.without_leave == (score.points > whole.points)
        better += score.without_leave
    assert better


def test_without_a_published_value_there_is_no_data(company: Any, month: Any) -> None:
    row = get_db().indicator.find_one({"_id": month["一次通過率"]})
    score = score_of(
        row, figures_of(company.users["hr"], FIRST, LAST, [row["_id"]]), part(FIRST, LAST), WorkedPeriod((), ())
    )
    assert (score.n, score.evidence) == (0, ())
