"""Every type with measures: each is walked over the real course of a record, at whatever moment it is looked at."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import ObjectId

from models.assessment.formulas import Formula
from models.kernel.base import clock
from models.kernel.base.arithmetic.periods import PeriodKind
from models.kernel.language.measures.library import RATE
from models.services.process.courses import courses_of
from tests.fixtures._types import types_with


@types_with(lambda declared: declared.measures)
def test_each_measure_counts_a_course_from_its_first_entry_to_its_end(cls: Any, record: Any, company: Any) -> None:
    """The same whatever came later, each case in exactly one period, and by entries that are there."""
    flow = cls.declared.workflow
    if flow:
        end = sorted(flow.ends)[0] if flow.ends else flow.states[-1]
        record = company.walk(record, end)
    formulas = [
        Formula(ObjectId(), cls, measure, PeriodKind.MONTH, dt.date(2020, 1, 1), every_source=True)
        for measure in cls.declared.measures
    ]
    fields = frozenset[str]().union(*(formula.fields for formula in formulas))
    [course] = courses_of(cls.type_name(), [record.id], fields, refused=True)
    assert len(course.events) == record.chain["seq"]
    last = clock.now() + dt.timedelta(days=800)
    for formula in formulas:
        assert formula.measure.called.hant != formula.measure.called.en
        assert str(formula.measure.meaning)
        for event in course.events:
            cut = course.until(event.at)
            assert all(step.at < event.at for step in cut.events)
            list(formula.measure.cases(flow, cut))
        days = formula.periods(course, dt.date(2020, 1, 1))
        counted = [case for day in days for case in formula.cases(course, formula.period(day))]
        every = list(formula.measure.cases(flow, course.until(last)))
        assert len(counted) >= len(every)  # what was reopened later stands in the period of its first end, too
        for case in counted:
            assert set(case.events) <= {event.seq for event in course.events}
            assert (case.hit is None) is (formula.measure.shape != RATE)
