"""Bars that hang on each other, in workdays: the critical ones, and what moves with one; for made-up graphs as well."""

from __future__ import annotations

import datetime as dt
import time

from hypothesis import given
from hypothesis import strategies as st

from models.kernel.base.plan_bars import PlanBar, critical, pushed, scale_for
from models.kernel.base.work_calendar import WorkCalendar
from tests.models.arithmetic.properties import many

MONDAY = dt.date(2026, 11, 30)
HOLIDAY = MONDAY + dt.timedelta(days=2)
OFFICE = WorkCalendar(off=frozenset({HOLIDAY}), on=frozenset())


def day(ahead: int) -> dt.date:
    return MONDAY + dt.timedelta(days=ahead)


def bar(name: str, first: int, last: int, *after: str) -> PlanBar:
    return PlanBar(name, day(first), day(last), after)


def test_what_has_no_day_to_spare_is_critical() -> None:
    """A takes two days, then B three; C takes one and has three to spare; D hangs with nothing."""
    bars = [bar("A", 0, 1), bar("B", 3, 7, "A"), bar("C", 0, 0), bar("E", 8, 8, "B", "C"), bar("D", 0, 20)]
    assert critical(bars, OFFICE) == {"A", "B", "E"}


def test_a_gap_between_bars_is_room() -> None:
    assert critical([bar("A", 0, 0), bar("B", 8, 8, "A")], OFFICE) == {"B"}


def test_what_must_begin_later_moves_by_workdays_and_keeps_its_length() -> None:
    """Wednesday is a holiday: what ended on Tuesday and now ends on Thursday pushes by one workday."""
    bars = [bar("A", 0, 1), bar("B", 3, 4, "A"), bar("C", 7, 7, "B"), bar("D", 14, 15, "C")]
    moved = pushed(bars, bar("A", 1, 3), OFFICE)
    assert {id: (each.first, each.last) for id, each in moved.items()} == {
        "B": (day(4), day(7)),
        "C": (day(8), day(8)),
    }


def test_nothing_moves_earlier() -> None:
    assert pushed([bar("A", 7, 8), bar("B", 9, 9, "A")], bar("A", 0, 1), OFFICE) == {}


def test_a_circle_that_a_hand_made_in_the_database_ends() -> None:
    bars = [bar("A", 0, 1, "B"), bar("B", 3, 4, "A"), bar("C", 7, 7, "B")]
    assert critical(bars, OFFICE) == set()
    assert pushed(bars, bar("A", 8, 9, "B"), OFFICE) == {}


def test_two_thousand_bars_are_quick() -> None:
    names = [str(at) for at in range(2000)]
    bars = [bar(name, at % 300, at % 300 + 5, *names[max(0, at - 3) : at]) for at, name in enumerate(names)]
    began = time.process_time()
    critical(bars, OFFICE)
    pushed(bars, bar("0", 10, 30), OFFICE)
    assert time.process_time() - began < 2


@st.composite
def graphs(draw: st.DrawFn) -> list[PlanBar]:
    count = draw(st.integers(1, 14))
    bars = []
    for at in range(count):
        first = draw(st.integers(0, 40))
        after = draw(st.sets(st.integers(0, at - 1), max_size=3)) if at else set()
        bars.append(bar(str(at), first, first + draw(st.integers(0, 9)), *map(str, after)))
    return bars


@many
@given(graphs(), st.integers(0, 60), st.integers(0, 9), st.data())
def test_moving_one_never_breaks_the_graph(bars: list[PlanBar], first: int, span: int, data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(bars))
    to = PlanBar(chosen.id, day(first), day(first + span), chosen.after)
    moved = pushed(bars, to, OFFICE)
    after = {each.id: each for each in bars} | {to.id: to} | moved
    scale = scale_for([*bars, to], OFFICE)
    below = {to.id}
    for _ in bars:
        below |= {each.id for each in bars if below & set(each.after)}
    for each in bars:
        now = after[each.id]
        if each.id in moved:
            assert each.id in below
            assert now.first > each.first
            assert scale.start(now.first) == scale.end(now.first), "a workday"
            length = max(1, scale.end(each.last) - scale.start(each.first) + 1)
            assert scale.end(now.last) - scale.start(now.first) + 1 == length
        if each.id in below - {to.id} and each.id in moved:
            assert all(scale.start(now.first) > scale.end(after[name].last) for name in each.after)
    again = pushed(list(after.values()), to, OFFICE)
    assert again == {}, "what was moved along lies right"


@many
@given(graphs())
def test_of_what_hangs_together_something_is_critical(bars: list[PlanBar]) -> None:
    tight = critical(bars, OFFICE)
    assert bool(tight) == any(each.after for each in bars)
