"""Series of records, on a reminder that is declared to recur: by the clock and on a move; missed, killed, at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, unit, writing
from models.kernel.gate.history import entries_of
from models.kernel.language import L, Move, Recurs, Workflow
from models.kernel.language.workflow import completed
from models.reminders import Reminder
from models.services.database import ensure_indexes
from tests.fixtures.company import Company
from tests.fixtures.doing import Killed, do
from tests.fixtures.http import COMMANDS
from tests.races.at_once import at_once

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEKLY = "FREQ=WEEKLY"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}T09:00").replace(tzinfo=SHANGHAI)


@pytest.fixture
def series(company: Company, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`series(rule, first, **options)` makes the first record of one; it is entered on the day before."""

    def begin(rule: str, first: str = "2026-11-02", *, flow: Workflow | None = None, **options: Any) -> Any:
        recurs = Recurs("recurring", date="at", **options)
        monkeypatch.setattr(Reminder._fields["recurring"], "from_done", True)
        spec = replace(Reminder.declared, recurs=recurs, workflow=completed(flow) if flow else None)
        monkeypatch.setattr(Reminder, "declared", spec)
        ensure_indexes({"reminder": Reminder})
        with clock.set_to(at(first) - dt.timedelta(days=1)):
            return company.make("reminder", "clerk_sal", text="盤點", at=at(first), recurring=rule, note="每次都要")

    return begin


def swept(day: str) -> dict[str, int]:
    with clock.set_to(at(day)):
        return do("moves.timed")


def days() -> list[str]:
    """The dates of all records there are."""
    rows = Reminder.collection().find({}, {"at": 1}).sort("at", 1)
    return [f"{row['at'].astimezone(SHANGHAI):%m-%d}" for row in rows]


def holders() -> list[Any]:
    return list(Reminder.objects(recurring__gt=""))


def test_the_next_one_comes_on_its_date_and_holds_the_rule(series: Any, company: Company) -> None:
    first = series(WEEKLY, but="note")
    assert swept("2026-11-08")["done"] == 0
    for _ in range(2):
        swept("2026-11-09")
    assert days() == ["11-02", "11-09"]
    [holder] = holders()
    assert holder.at == at("2026-11-09")
    assert (holder.text, holder.note, holder.ref("owner")) == ("盤點", None, company.users["clerk_sal"])
    assert holder.ref("department") == first.ref("department")
    assert company.fresh(first).recurring is None
    assert entries_of(first.id)[-1]["door"] == "rule"


def test_of_what_was_missed_the_last_or_each_is_made(series: Any) -> None:
    series(WEEKLY)
    swept("2026-11-29")
    assert days() == ["11-02", "11-23"]
    swept("2026-11-30")
    assert days() == ["11-02", "11-23", "11-30"]


def test_each_of_what_was_missed_where_it_is_declared(series: Any) -> None:
    series(WEEKLY, missed="each")
    for _ in range(5):
        swept("2026-11-29")
    assert days() == ["11-02", "11-09", "11-16", "11-23"]


def test_ahead_of_its_date_and_until_the_end(series: Any) -> None:
    series("FREQ=WEEKLY;COUNT=2", ahead=3)
    swept("2026-11-05")
    assert days() == ["11-02"]
    swept("2026-11-06")
    assert days() == ["11-02", "11-09"]
    swept("2026-12-29")
    assert days() == ["11-02", "11-09"]
    assert not holders()


def test_the_bin_ends_a_series_until_it_is_taken_out(series: Any) -> None:
    first = series(WEEKLY)
    changes.remove(Reminder, first.id, actor=SYSTEM, version=None)
    assert swept("2026-11-09")["done"] == 0
    changes.restore(Reminder, first.id, actor=SYSTEM)
    assert swept("2026-11-09")["done"] == 1


def test_a_clock_that_jumps_back_makes_nothing_again(series: Any) -> None:
    series(WEEKLY)
    swept("2026-11-16")
    swept("2026-11-03")
    swept("2026-11-16")
    assert days() == ["11-02", "11-16"]


def test_killed_anywhere_each_is_made_once(series: Any, kill_at: Any) -> None:
    series("FREQ=DAILY", first="2026-11-01")
    was_killed, stop_at, day = True, 1, dt.date(2026, 11, 1)
    while was_killed:
        day += dt.timedelta(days=1)
        disarm = kill_at(stop_at, writing, unit)
        with suppress(Killed):
            swept(day.isoformat())
        was_killed = disarm()
        assert len(holders()) == 1
        swept(day.isoformat())
        assert len(days()) == len(set(days())) == stop_at + 1
        assert len(holders()) == 1
        stop_at += 1
    assert stop_at > 4


def test_many_sweeps_at_once_make_one(series: Any) -> None:
    series(WEEKLY)
    results = at_once(*(lambda: swept("2026-11-09") for _ in range(4)))
    assert all(counts["refused"] == 0 for counts in results)
    assert days() == ["11-02", "11-09"]
    assert len(holders()) == 1


FLOW = Workflow(
    "open", (Move("finish", "open", "done"), Move("reopen", "done", "open", label=L("Reopen", "重新打開"))), ends="done"
)


def finish(record: Any, day: str) -> None:
    with clock.set_to(at(day)):
        changes.move(Reminder, record.id, "finish", actor=SYSTEM, version=None)


def test_on_a_move_the_next_one_is_made_with_it(series: Any, company: Company) -> None:
    first = series("monthly", "2026-01-31", flow=FLOW, on="finish")
    swept("2026-03-15")
    assert days() == ["01-31"]
    finish(first, "2026-02-10")
    assert days() == ["01-31", "02-28"]
    [second] = holders()
    assert second.state == "open"
    changes.move(Reminder, first.id, "reopen", actor=SYSTEM, version=None)
    finish(first, "2026-02-11")
    assert days() == ["01-31", "02-28"]
    finish(second, "2026-06-02")  # what was missed is passed over, and the day of the month is kept
    assert days() == ["01-31", "02-28", "06-30"]


def test_counted_from_when_it_is_done(series: Any) -> None:
    first = series("FREQ=DAILY;INTERVAL=10;X-FROM=DONE", "2026-11-02", flow=FLOW, on="finish")
    finish(first, "2026-11-20")
    assert days() == ["11-02", "11-30"]


def test_finished_by_many_at_once_one_follows(series: Any, company: Company) -> None:
    first = series(WEEKLY, flow=FLOW, on="finish")
    at_once(*(lambda: finish(first, "2026-11-03") for _ in range(4)))
    assert days() == ["11-02", "11-09"]


def test_the_sweep_asks_by_an_index(series: Any) -> None:
    series(WEEKLY)
    hints: list[Any] = []
    COMMANDS.listeners.append(lambda command: hints.append(command.get("hint")))
    try:
        swept("2026-11-09")
    finally:
        COMMANDS.listeners.clear()
    assert "recurs_at" in hints
