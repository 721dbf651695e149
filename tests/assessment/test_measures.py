"""The traps of chapters.md 7c, each with its value counted by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from bson import ObjectId

from models.assessment.counting import PopulationLine, counted, population_hash
from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.arithmetic.spread import median_interval
from models.kernel.language import (
    HEAD,
    OWNER,
    REASON,
    ClockInTime,
    Completeness,
    CycleTime,
    DatesKept,
    EntryDelay,
    FirstPass,
    GoodRatings,
    Move,
    State,
    StepsInTime,
    Workflow,
    workdays,
)
from models.kernel.language.facts import DeclarationError
from models.kernel.language.measures.events import CountedCase, EventCourse, RefusedStep
from models.kernel.language.measures.library import MIDDLE, RATE
from models.kernel.language.workflow import completed
from models.services.process.courses import course_of
from tests.models.test_declaring import APPROVE, SUBMIT, flow, nothing_stays, started

__all__ = ["nothing_stays"]
HOUR = dt.timedelta(hours=1)
START = dt.datetime(2026, 10, 1, 1, tzinfo=dt.UTC)
CLERK, CHIEF, DEPUTY, SALES, LEGAL = (ObjectId() for _ in range(5))
FLOW = completed(
    Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require="name", within=workdays(2)),
            Move("approve", "submitted", "approved", by=HEAD, within=workdays(1)),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
            Move("reject", "submitted", "rejected", by=HEAD, ask=REASON),
            Move("reopen", "approved", "draft", by=OWNER, optional=True),
        ),
        ends="approved rejected",
        facts=(State("rejected", tone="bad"),),
    )
)
WAYS = {"create": ("", "draft"), "submit": ("draft", "submitted"), "approve": ("submitted", "approved"),
        "return": ("submitted", "draft"), "reject": ("submitted", "rejected"), "withdraw": ("submitted", "draft"),
        "reopen": ("approved", "draft"), "update": ("", "")}  # fmt: skip


def course(*steps: tuple[str, float, Mapping[str, Any]], fields: str = "", refused: Any = ()) -> EventCourse:
    """A course of steps: verb, hours after the first of October, facts of the entry."""
    rows = []
    for seq, (verb, hours, facts) in enumerate(steps, 1):
        source, target = WAYS[verb]
        who = CHIEF if verb in ("approve", "return", "reject") else CLERK
        row = {"_id": ObjectId(), "seq": seq, "at": START + hours * HOUR, "verb": verb, "state_from": source or None,
               "state_to": target or None, "actor": who, "owner": CLERK, "department": SALES, "form": 3,
               "actor_department": SALES, "hash": f"h{seq}"}  # fmt: skip
        changes = facts.get("set", {})
        row |= {name: value for name, value in facts.items() if name != "set"}
        row["changes"] = [{"field": name, "new": value} for name, value in changes.items()]
        rows.append(row)
    return course_of("sample", ObjectId(), rows, frozenset(fields.split()), refused)


def hits(measure: Any, *courses: EventCourse, of: Workflow = FLOW) -> list[tuple[bool | None, str]]:
    return [(case.hit, case.out) for item in courses for case in measure.cases(of, item)]


NO: Mapping[str, Any] = {}


class TestCompleteness:
    def test_a_first_attempt_that_lacked_something_is_incomplete(self) -> None:
        lacking = RefusedStep(ObjectId(), START + 1 * HOUR, "submit", lacked=True)
        other = RefusedStep(ObjectId(), START + 1 * HOUR, "submit", lacked=False)
        twice = course(("create", 0, NO), ("submit", 2, NO), ("return", 3, NO), ("submit", 4, NO), refused=[lacking])
        assert hits(Completeness(), twice) == [(False, ""), (True, ""), (True, "")]
        assert hits(Completeness(), course(("create", 0, NO), ("submit", 2, NO), refused=[other])) == [(True, "")]

    def test_a_draft_saved_incomplete_is_no_attempt(self) -> None:
        assert hits(Completeness(), course(("create", 0, NO), ("update", 1, NO))) == []


class TestAccuracy:
    def test_is_per_case_and_a_withdrawal_is_no_fault(self) -> None:
        returned = course(
            ("create", 0, NO), ("submit", 1, NO), ("return", 2, NO), ("submit", 3, NO), ("approve", 4, NO)
        )
        withdrawn = course(
            ("create", 0, NO), ("submit", 1, NO), ("withdraw", 2, NO), ("submit", 3, NO), ("approve", 4, NO)
        )
        rejected = course(("create", 0, NO), ("submit", 1, NO), ("reject", 2, NO))
        waiting = course(("create", 0, NO), ("submit", 1, NO))
        assert hits(FirstPass(), returned) == [(False, "")]
        assert hits(FirstPass(), withdrawn) == [(True, "")]
        assert hits(FirstPass(), rejected) == [(False, "")]
        assert hits(FirstPass(), waiting) == []

    def test_a_period_knows_nothing_of_what_came_after_its_end(self) -> None:
        before = (("create", 0, NO), ("submit", 1, NO), ("approve", 4, NO))
        item = course(*before, ("reopen", 800, NO), ("submit", 801, NO), ("return", 802, NO))
        assert hits(FirstPass(), item) == [(False, "")]
        assert hits(FirstPass(), item.until(START + 700 * HOUR)) == [(True, "")]


class TestTimeliness:
    def test_open_overdue_is_late_in_the_period_of_its_deadline(self) -> None:
        due = START + 20 * HOUR
        [case] = StepsInTime().cases(FLOW, course(("create", 0, NO), ("submit", 1, {"next_due": due})))
        assert (case.at, case.hit, case.person) == (due, False, None)

    def test_goes_by_the_deadline_that_was_in_force(self) -> None:
        done = course(
            ("create", 0, NO), ("submit", 3, {"due": START + 3 * HOUR}), ("approve", 9, {"due": START + 8 * HOUR})
        )
        assert hits(StepsInTime(), done) == [(True, ""), (False, "")]

    def test_who_is_charged_is_who_was_waited_for(self) -> None:
        """The owner for their own step, who decided for a decision; a deputy's time is the deputy's."""
        late = {"due": START + 1 * HOUR}
        deputy = {**late, "actor": DEPUTY, "acting_for": CHIEF, "for_department": LEGAL, "actor_department": SALES}
        own, decided = StepsInTime().cases(FLOW, course(("create", 0, NO), ("submit", 2, late), ("approve", 9, deputy)))
        assert (own.person, own.department) == (CLERK, SALES)
        assert (decided.person, decided.department) == (DEPUTY, LEGAL)

    def test_what_was_taken_back_by_its_submitter_was_not_done(self) -> None:
        assert hits(StepsInTime(), course(("submit", 1, NO), ("withdraw", 2, {"due": START + 9 * HOUR}))) == []


class TestCycleTime:
    SPENT = (("create", 0, NO), ("submit", 8, {"spent": 7200}), ("approve", 16, {"spent": 10800, "held": 3600}))

    def test_counts_working_time_without_holds_and_with_reopenings(self) -> None:
        [case] = CycleTime(end="approved").cases(FLOW, course(*self.SPENT))
        assert case.amount == 7200 + 10800 - 3600
        again = (
            *self.SPENT,
            ("reopen", 20, {"spent": 1800}),
            ("submit", 21, {"spent": 600}),
            ("approve", 22, {"spent": 60}),
        )
        [case] = CycleTime(end="approved").cases(FLOW, course(*again))
        assert (case.amount, case.at) == (14400 + 1800 + 600 + 60, START + 22 * HOUR)

    def test_from_what_to_what_is_part_of_it(self) -> None:
        [case] = CycleTime(start="submitted", end="approved").cases(FLOW, course(*self.SPENT))
        assert case.amount == 7200

    def test_an_entry_that_does_not_tell_leaves_the_case_out(self) -> None:
        assert hits(
            CycleTime(end="approved"), course(("create", 0, NO), ("submit", 1, {"form": 1}), ("approve", 2, NO))
        ) == [(None, "not_told")]


class TestDates:
    def test_a_day_is_over_with_it_in_the_zone_of_the_company(self) -> None:
        """23:30 in Shanghai is in time, half past midnight is not; open ones count once the day is over."""
        due = dt.datetime(2026, 10, 10, tzinfo=dt.UTC)
        measure = DatesKept(due="due", reached="approved")
        in_time = course(("create", 0, {"set": {"due": due}}), ("submit", 1, NO), ("approve", 230.5, NO), fields="due")
        late = course(("create", 0, {"set": {"due": due}}), ("submit", 1, NO), ("approve", 231.5, NO), fields="due")
        still = course(("create", 0, {"set": {"due": due}}), fields="due")
        assert hits(measure, in_time, late, still) == [(True, ""), (False, ""), (False, "")]
        [case] = measure.cases(FLOW, still)
        assert case.at.isoformat() == "2026-10-10T15:59:59.999000+00:00"

    def test_what_was_over_when_it_was_entered_counts_then(self) -> None:
        """An order of September that is entered in October is late or not in October, and not nowhere."""
        due = dt.datetime(2026, 9, 20, tzinfo=dt.UTC)
        entered = course(("create", 0, {"set": {"due": due, "done": due}}), ("submit", 1, NO), fields="due done")
        [case] = DatesKept(due="due", done="done").cases(FLOW, entered)
        assert (case.at, case.hit) == (START, True)

    def test_lines_are_cases_each(self) -> None:
        """One project with three milestones is three cases: flattening is said, never done by accident."""
        day = [dt.datetime(2026, 10, number, tzinfo=dt.UTC) for number in range(1, 9)]
        rows = [{"due": day[0], "done": day[0]}, {"due": day[1], "done": day[3]}, {"due": day[2]}, {"done": day[1]}]
        measure = DatesKept(due="due", done="done", lines="rows")
        assert [hit for hit, _ in hits(measure, course(("create", 0, {"set": {"rows": rows}}), fields="rows"))] == [
            True, False, False,
        ]  # fmt: skip

    def test_a_cancelled_one_is_no_case(self) -> None:
        due = {"set": {"due": dt.datetime(2026, 10, 2, tzinfo=dt.UTC)}}
        item = course(("create", 0, due), ("submit", 1, NO), ("reject", 2, NO), fields="due")
        assert hits(DatesKept(due="due", reached="approved", but="rejected"), item) == []


class TestOthers:
    def test_the_last_answer_of_each_record_counts_once(self) -> None:
        item = course(("create", 0, NO), ("update", 5, {"set": {"stars": 2}}), ("update", 9, {"set": {"stars": 5}}),
                      fields="stars")  # fmt: skip
        [case] = GoodRatings(rating="stars").cases(FLOW, item)
        assert (case.hit, case.at, case.events) == (True, START + 9 * HOUR, (3,))
        assert hits(GoodRatings(rating="stars"), item.until(START + 8 * HOUR)) == [(False, "")]

    def test_a_clock_that_stands_still_is_neither_kept_nor_late(self) -> None:
        due = START + 5 * HOUR
        held = {"set": {"clocks": [{"name": "solution", "due": due, "is_held": True}]}}
        ended = {"set": {"clocks": [{"name": "solution", "due": due, "ended": due, "is_late": None}]}}
        late = {"set": {"clocks": [{"name": "solution", "due": due, "ended": due + HOUR, "is_late": True}]}}
        measure = ClockInTime(clock="solution")
        assert [hits(measure, course(("create", 0, what), fields="clocks")) for what in (held, ended, late)] == [
            [], [(True, "")], [(False, "")],
        ]  # fmt: skip

    def test_late_entry_is_told_by_the_entry_itself_and_imports_are_out(self) -> None:
        own, imported = course(("create", 0, {"lag": 5400})), course(("create", 0, {"lag": 90, "door": "import"}))
        old = course(("create", 0, {"form": 2}))
        cases = [case for item in (own, imported, old) for case in EntryDelay().cases(None, item)]
        assert [(case.amount, case.out) for case in cases] == [(5400, ""), (90, "source"), (None, "not_told")]

    def test_an_undone_batch_excludes_both_its_entries(self) -> None:
        first, back = {"batch": "b1", "due": START + 9 * HOUR}, {"batch": "b2", "undoes": "b1", "due": START + 9 * HOUR}
        item = course(("create", 0, NO), ("submit", 1, first), ("approve", 2, back))
        assert hits(StepsInTime(), item) == [(True, "undone"), (True, "undone")]


def lines(*cases: CountedCase) -> list[PopulationLine]:
    return [PopulationLine(ObjectId(), (1, "h"), case) for case in cases]


class TestFigures:
    def test_no_case_is_no_data_and_below_the_least_n_there_is_none(self) -> None:
        assert counted(RATE, [], 5).value is NO_DATA
        four = lines(*(CountedCase(START, (1,), True) for _ in range(4)))
        assert (counted(RATE, four, 5).value, counted(RATE, four, 5).n) == (NO_DATA, 4)
        assert counted(RATE, four, 4).value == 100

    def test_what_is_left_out_is_counted_and_flagged_above_a_tenth(self) -> None:
        kept = [CountedCase(START, (1,), True)] * 9
        out = CountedCase(START, (1,), False, out="source")
        assert (counted(RATE, lines(*kept, out), 1).is_flagged, counted(RATE, lines(*kept, out), 1).n) == (False, 9)
        assert counted(RATE, lines(*kept, out, out), 1).is_flagged

    def test_a_value_in_the_middle(self) -> None:
        """1, 2, 3, 4, 5, 100 hours: 3.5, and 52.5 at nine tenths; between the first and the last of six."""
        hours = lines(*(CountedCase(START, (1,), None, hour * 3600) for hour in (1, 2, 3, 4, 5, 100)))
        result = counted(MIDDLE, hours, 5)
        assert (result.value, result.slow, result.low, result.high) == (Fraction(7, 2), Fraction(105, 2), 1, 100)

    def test_the_interval_of_a_median_by_the_tables(self) -> None:
        """Conover (1999), table of the sign test: ranks 2 and 9 of ten, 6 and 15 of twenty, none of five."""
        assert median_interval(range(1, 11)) == (2, 9)
        assert median_interval(range(1, 21)) == (6, 15)
        assert median_interval(range(1, 6)) is NO_DATA
        assert median_interval(range(1, 1002)) == (469, 533)

    def test_each_thing_that_counts_is_in_the_hash(self) -> None:
        id, case = ObjectId(), CountedCase(START, (1,), True)
        base = population_hash("f", "p", ("company", None), [PopulationLine(id, (1, "h"), case)])
        others = [
            population_hash("g", "p", ("company", None), [PopulationLine(id, (1, "h"), case)]),
            population_hash("f", "q", ("company", None), [PopulationLine(id, (1, "h"), case)]),
            population_hash("f", "p", ("person", id), [PopulationLine(id, (1, "h"), case)]),
            population_hash("f", "p", ("company", None), [PopulationLine(id, (1, "i"), case)]),
            population_hash(
                "f", "p", ("company", None), [PopulationLine(id, (1, "h"), CountedCase(START, (1,), False))]
            ),
            population_hash("f", "p", ("company", None), []),
        ]
        assert len({base, *others}) == 7


FAULTS = {
    "measure 'completeness' measures moves, and there is no workflow": {"measures": (Completeness(),)},
    "measure 'completeness' measures what is required, and no move of it requires anything": {
        "measures": (Completeness(),),
        "workflow": flow(SUBMIT, APPROVE),
    },
    "measure 'firstpass' names a state 'far' that does not exist": {
        "measures": (FirstPass(state="far"),),
        "workflow": flow(SUBMIT, APPROVE),
    },
    "measure 'firstpass' measures decisions, and nobody decides there": {
        "measures": (FirstPass(state="draft"),),
        "workflow": flow(SUBMIT, APPROVE),
    },
    "measure 'stepsintime' measures deadlines, and no move of it has one": {
        "measures": (StepsInTime(),),
        "workflow": flow(SUBMIT, APPROVE),
    },
    "measure 'farintime' measures a deadline 'far' that is not declared": {
        "measures": (ClockInTime(clock="far"),),
        "workflow": flow(SUBMIT, APPROVE),
    },
    "measure 'cycletime' measures until an end that it does not name": {
        "measures": (CycleTime(),),
        "workflow": flow(SUBMIT, APPROVE),
    },
    "measure 'dateskept' is done by a date or by a state, one of them": {"measures": (DatesKept(due="day"),)},
    "measure 'dateskept' reads 'name', which is no day": {"measures": (DatesKept(due="name", done="day"),)},
    "measure 'dateskept' reads 'day', which is no moment": {
        "measures": (DatesKept(due="day", done="day", moments=True),)
    },
    "measure 'dateskept' reads 'far', which is no field": {"measures": (DatesKept(due="day", done="far"),)},
    "measure 'goodratings' reads 'name', which is no number": {"measures": (GoodRatings(rating="name"),)},
    "measure 'entrydelay' measures from a business date that the type does not name (happened=)": {
        "measures": (EntryDelay(),)
    },
    "two measures are called 'dateskept': give name=": {
        "measures": (DatesKept(due="day", done="day"), DatesKept(due="day", done="day"))
    },
    "measures 'far', which is none of the library": {"measures": ("far",)},
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_measure_is_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        started(**FAULTS[sentence])


def test_a_right_one_is_taken() -> None:
    back = Move("return", "submitted", "draft", by=HEAD, ask=REASON)
    made = started(workflow=flow(SUBMIT, APPROVE, back), measures=(FirstPass(),))["sample"].declared
    assert [measure.key for measure in made.measures] == ["firstpass"]
