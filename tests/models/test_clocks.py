"""Declared deadlines: what stops them, what goes on, and what a later change makes of them (2.4.2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.gate.clocks import count_clocks
from models.kernel.language.deadline import Deadline, table
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Moment
from models.kernel.language.workflow import Move, State, Workflow, hours, workdays
from tests.models.test_declaring import NAME, declared, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here

MONDAY = dt.date(2026, 3, 2)
FLOW = Workflow(
    "draft",
    (
        Move("submit", "draft", "submitted"),
        Move("suspend", "submitted", "suspended", optional=True, label=NAME),
        Move("resume", "suspended", "submitted", label=NAME),
        Move("complete", "submitted", "closed", label=NAME),
        Move("reopen", "closed", "submitted", optional=True, label=NAME),
    ),
    ends="closed",
    facts=(State("suspended", NAME),),
)
ANSWER = Deadline("answer", NAME, start="at", met="answered", until="closed", within=hours(4))
SOLUTION = Deadline("solution", NAME, start="at", until="closed", pause="suspended", within=hours(16))
DAYS = Deadline("days", NAME, start="at", until="closed", pause="suspended", within=workdays(2))


@pytest.fixture(autouse=True)
def office(db: Any) -> None:
    """A company without calendars: Monday to Friday, 9 to 12 and 13 to 18."""


def at(day: int, time: str) -> dt.datetime:
    """A time of the company's wall, so many days after Monday."""
    hour, minute = map(int, time.split(":"))
    wall = dt.datetime.combine(MONDAY + dt.timedelta(days=day), dt.time(hour, minute), clock.zone())
    return wall.astimezone(clock.UTC)


def case(*deadlines: Deadline) -> Any:
    fields = {"at": Moment(label=NAME), "answered": Moment(label=NAME)}
    return declared(fields=fields, workflow=FLOW, deadlines=deadlines)(at=at(0, "10:00"), state="draft")


def walked(record: Any, *stops: tuple[str, int, str]) -> Any:
    """The record after it entered these states at these times."""
    record.state_since = record.at
    count_clocks(record)
    for state, day, time in stops:
        record.state, record.state_since = state, at(day, time)
        count_clocks(record)
    return record


def standing(record: Any, name: str) -> tuple[Any, ...]:
    row = next(row for row in record.clocks if row["name"] == name)
    return row["due"], row.get("ended"), row["held"] / 3600, bool(row.get("is_late")), bool(row.get("is_held"))


CASES: dict[str, tuple[tuple[tuple[str, int, str], ...], tuple[Any, ...]]] = {
    "nothing happened": ((), (at(2, "10:00"), None, 0.0, False, False)),
    "work goes on": ((("submitted", 0, "11:00"),), (at(2, "10:00"), None, 0.0, False, False)),
    "held over lunch": (
        (("submitted", 0, "11:00"), ("suspended", 0, "11:30"), ("submitted", 0, "13:30")),
        (at(2, "11:00"), None, 1.0, False, False),
    ),
    "held from Friday evening to Monday morning": (
        (("submitted", 0, "11:00"), ("suspended", 4, "17:00"), ("submitted", 7, "10:00")),
        (at(2, "10:00"), None, 2.0, False, False),  # the limit was over before: what is late stays late
    ),
    "held in time, over the weekend": (
        (("submitted", 0, "11:00"), ("suspended", 1, "17:00"), ("submitted", 7, "10:00")),
        (at(7, "12:00"), None, 26.0, False, False),
    ),
    "held now": ((("submitted", 0, "11:00"), ("suspended", 0, "12:00")), (at(2, "10:00"), None, 0.0, False, True)),
    "done in time": (
        (("submitted", 0, "11:00"), ("closed", 1, "9:00")),
        (at(2, "10:00"), at(1, "9:00"), 0.0, False, False),
    ),
    "done too late": (
        (("submitted", 0, "11:00"), ("closed", 2, "10:01")),
        (at(2, "10:00"), at(2, "10:01"), 0.0, True, False),
    ),
    "opened again: goes on with the clock it had": (
        (("submitted", 0, "11:00"), ("closed", 0, "14:00"), ("submitted", 1, "9:00")),
        (at(2, "15:00"), None, 4.0, False, False),
    ),
    "opened and done again": (
        (("submitted", 0, "11:00"), ("closed", 0, "14:00"), ("submitted", 1, "9:00"), ("closed", 2, "12:30")),
        (at(2, "15:00"), at(2, "12:30"), 4.0, False, False),
    ),
    "two holds": (
        (("submitted", 0, "10:30"), ("suspended", 0, "11:00"), ("submitted", 0, "12:00"), ("suspended", 0, "14:00"),
         ("submitted", 0, "16:00")),
        (at(2, "14:00"), None, 3.0, False, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_clock_with_holds(name: str) -> None:
    stops, expected = CASES[name]
    assert standing(walked(case(SOLUTION), *stops), "solution") == expected


def test_a_hold_does_not_stop_the_clock_of_the_first_answer() -> None:
    record = walked(case(ANSWER, SOLUTION), ("submitted", 0, "10:00"), ("suspended", 0, "10:00"))
    assert standing(record, "answer")[0] == at(0, "15:00")
    assert record.due_at == at(0, "15:00"), "the nearest that runs"


def test_a_filled_moment_meets_a_deadline_and_a_solution_is_the_first_answer() -> None:
    record = case(ANSWER)
    record.answered = at(0, "14:00")
    assert standing(walked(record, ("submitted", 0, "14:00")), "answer") == (
        at(0, "15:00"),
        at(0, "14:00"),
        0,
        False,
        False,
    )
    assert standing(walked(case(ANSWER), ("submitted", 0, "11:00"), ("closed", 0, "16:00")), "answer")[3]


def test_days_end_with_the_days_work_and_holds_are_added_to_that() -> None:
    record = walked(case(DAYS), ("submitted", 0, "11:00"), ("suspended", 0, "16:00"), ("submitted", 1, "10:00"))
    assert standing(record, "days")[:3] == (at(3, "12:00"), None, 3.0)


def test_a_change_of_the_receipt_counts_from_there_with_all_holds_kept() -> None:
    record = walked(case(SOLUTION), ("submitted", 0, "10:30"), ("suspended", 0, "11:00"), ("submitted", 0, "12:00"))
    assert standing(record, "solution")[0] == at(2, "11:00")
    record.at = at(0, "9:00")
    count_clocks(record)
    assert standing(record, "solution")[0] == at(2, "10:00"), "an hour after the end of work on Tuesday"
    assert standing(record, "solution")[2] == 1.0


def test_what_was_received_and_done_on_a_sunday_took_no_time() -> None:
    record = case(SOLUTION)
    record.at = at(-1, "10:00")
    due, ended, held, is_late, _ = standing(
        walked(record, ("submitted", -1, "11:00"), ("closed", -1, "12:00")), "solution"
    )
    assert (due, ended, held, is_late) == (at(1, "18:00"), at(-1, "12:00"), 0, False)


def test_the_warning_comes_when_four_fifths_are_over() -> None:
    record = walked(case(SOLUTION), ("submitted", 0, "11:00"))
    assert record.clocks[0]["warn"] == at(1, "15:48")  # 12.8 of 16 hours
    assert "warn" not in walked(case(SOLUTION), ("submitted", 0, "11:00"), ("suspended", 0, "12:00")).clocks[0]


def test_without_its_beginning_there_is_no_deadline() -> None:
    record = case(SOLUTION)
    record.at = None
    count_clocks(record)
    assert (record.clocks, record.due_at) == (None, None)


FAULTS: dict[str, dict[str, Any]] = {
    "has deadlines, but no workflow in which they could be met": {"deadlines": (SOLUTION,)},
    "has two deadlines 'solution'": {"deadlines": (SOLUTION, SOLUTION)},
    "deadline 'x' names a state 'gone' that does not exist": {
        "deadlines": (Deadline("x", NAME, until="gone", within=hours(1)),)
    },
    "deadline 'x' names a field 'receved' that the type does not have": {
        "deadlines": (Deadline("x", NAME, start="receved", until="closed", within=hours(1)),)
    },
    "deadline 'x' goes by 'day', which is no moment": {
        "deadlines": (Deadline("x", NAME, start="day", until="closed", within=hours(1)),)
    },
    "deadline 'x' is never met: give until= or met=": {"deadlines": (Deadline("x", NAME, within=hours(1)),)},
    "deadline 'x' is met and stands still in 'closed'": {
        "deadlines": (Deadline("x", NAME, until="closed", pause="closed", within=hours(1)),)
    },
    "deadline 'x' has within=4, which is neither a limit nor a table": {
        "deadlines": (Deadline("x", NAME, until="closed", within=4),)  # type: ignore[arg-type]
    },
    "deadline 'x' goes by a field 'grade' that the type does not have": {
        "deadlines": (Deadline("x", NAME, until="closed", within=table("Product", "grade", hours="list_price")),)
    },
    "deadline 'x' goes by a table of Nowhere, which is not a record type": {
        "deadlines": (Deadline("x", NAME, until="closed", within=table("Nowhere", "name", hours="hours")),)
    },
    "deadline 'x' goes by Product.hours, which is not there": {
        "deadlines": (Deadline("x", NAME, until="closed", within=table("Product", "name", hours="hours")),)
    },
    "deadline 'x' takes its hours from Product.spec, which is no number": {
        "deadlines": (Deadline("x", NAME, until="closed", within=table("Product", "name", hours="spec")),)
    },
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_a_wrong_deadline_is_refused_in_one_sentence(sentence: str) -> None:
    options = {"fields": {"at": Moment(label=NAME)}, **FAULTS[sentence]}
    if "no workflow" not in sentence:
        options["workflow"] = FLOW
    with pytest.raises(DeclarationError) as refused:
        started(**options)
    assert str(refused.value) == f"Sample: {sentence}."
