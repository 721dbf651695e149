"""Timed moves of every kind of declaration, on a quotation that is given them: spans, dates, periods, what keeps one
back; killed at any access, two sweeps at once, clocks that jump; and what a sweep costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes, timed, unit, writing
from models.kernel.gate.history import entries_of
from models.kernel.language import by_time
from models.kernel.language.workflow import Attached, Move, Need, Workflow, completed, days, hours, workdays
from models.services.database import ensure_indexes
from models.services.keeping import audit
from tests.fixtures._sound import is_sound
from tests.fixtures.company import Company
from tests.fixtures.doing import Killed, do
from tests.fixtures.http import COMMANDS
from tests.races.at_once import at_once

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = dt.datetime(2026, 11, 20, 10, tzinfo=SHANGHAI)
A_DAY, A_SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


@pytest.fixture
def timing(company: Company, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`timing(move, ...)` gives requirements a workflow of these moves out of `collected`; it returns the type."""

    def give(*moves: Move, earlier: tuple[Workflow, ...] = (), version: int = 1) -> Any:
        cls = catalogue["requirement"]
        back = Move("reopen", "closed", "collected", label=L("Reopen", "重新打開"))
        flow = completed(Workflow("collected", (*moves, back), ends="closed", earlier=earlier, version=version))
        monkeypatch.setattr(cls, "declared", replace(cls.declared, workflow=flow))
        ensure_indexes({"requirement": cls})
        return cls

    return give


def closing(**options: Any) -> Move:
    return Move("close", "collected", "closed", **options)


@pytest.fixture
def entered(company: Company) -> Callable[..., Any]:
    """Makes a requirement that was entered at a moment."""

    def make(moment: dt.datetime = FRIDAY, **values: Any) -> Any:
        with clock.set_to(moment):
            return company.make("requirement", "clerk_mkt", **values)

    return make


def swept(moment: dt.datetime) -> dict[str, int]:
    with clock.set_to(moment):
        return do("moves.timed")


def is_closed_at(company: Company, record: Any, moment: dt.datetime) -> bool:
    """Whether a sweep a second before leaves it, and one at the moment moves it."""
    swept(moment - A_SECOND)
    was_open = company.fresh(record).state == "collected"
    swept(moment)
    return was_open and company.fresh(record).state == "closed"


class TestTimes:
    def test_days_of_the_calendar(self, timing: Any, entered: Any, company: Company) -> None:
        timing(closing(after=days(7)))
        assert is_closed_at(company, entered(), FRIDAY + 7 * A_DAY)

    def test_days_over_a_change_of_the_clock(self, timing: Any, entered: Any, company: Company) -> None:
        """Seven days later it is the same time on the wall, although the night had an hour more."""
        clock.set_zone("Europe/Berlin")
        try:
            timing(closing(after=days(7)))
            start = dt.datetime(2026, 10, 20, 10, tzinfo=ZoneInfo("Europe/Berlin"))
            record = entered(start)
            moment = dt.datetime(2026, 10, 27, 10, tzinfo=ZoneInfo("Europe/Berlin"))
            assert moment.astimezone(dt.UTC) - start.astimezone(dt.UTC) == 7 * A_DAY + dt.timedelta(hours=1)
            assert is_closed_at(company, record, moment)
        finally:
            clock.set_zone("Asia/Shanghai")

    def test_working_hours_over_a_weekend(self, timing: Any, entered: Any, company: Company) -> None:
        timing(closing(after=hours(8)))
        assert is_closed_at(company, entered(), dt.datetime(2026, 11, 23, 10, tzinfo=SHANGHAI))

    def test_working_days_over_a_weekend(self, timing: Any, entered: Any, company: Company) -> None:
        timing(closing(after=workdays(1)))
        assert is_closed_at(company, entered(), dt.datetime(2026, 11, 23, 18, tzinfo=SHANGHAI))

    @pytest.mark.parametrize(("of_day", "ahead"), [("start", 0), ("end", 1)])
    def test_a_day_at_its_start_or_its_end(
        self, timing: Any, entered: Any, company: Company, of_day: str, ahead: int
    ) -> None:
        timing(closing(at="collected_on", of_day=of_day))
        record = entered(collected_on=dt.date(2026, 12, 1))
        assert is_closed_at(company, record, dt.datetime(2026, 12, 1 + ahead, tzinfo=SHANGHAI))

    def test_without_a_date_it_stays_and_the_page_says_so(
        self, timing: Any, entered: Any, company: Company, browser_as: Any
    ) -> None:
        timing(closing(at="due_at"))
        record = entered()
        swept(FRIDAY + 4000 * A_DAY)
        assert company.fresh(record).state == "collected"
        page = browser_as("clerk_mkt", locale="en").get("/admin/requirement/details/", {"id": record.id})
        assert "“Close” follows by itself once “Next step due” is filled in." in page.text

    def test_another_date_is_another_time(self, timing: Any, entered: Any, company: Company) -> None:
        cls = timing(closing(at="collected_on", of_day="start"))
        record = entered(collected_on=dt.date(2026, 12, 1))
        changes.update(cls, record.id, {"collected_on": dt.date(2026, 12, 5)}, actor=SYSTEM, version=None)
        assert is_closed_at(company, record, dt.datetime(2026, 12, 5, tzinfo=SHANGHAI))

    def test_time_begins_anew_with_each_entry_into_the_state(self, timing: Any, entered: Any, company: Company) -> None:
        cls = timing(closing(after=days(7)))
        record = entered()
        swept(FRIDAY + 7 * A_DAY)
        with clock.set_to(FRIDAY + 10 * A_DAY):
            changes.move(cls, record.id, "reopen", actor=company.actor("clerk_mkt"), version=2)
        assert is_closed_at(company, record, FRIDAY + 17 * A_DAY)

    def test_a_period_neither_drifts_nor_is_made_up_for(self, timing: Any, entered: Any, company: Company) -> None:
        cls = timing(Move("submit", "collected", "collected", every=days(7)), closing(after=days(4000)))
        record = entered()
        late = dt.timedelta(hours=5)
        for weeks, versions in ((1, 1), (2, 2), (5, 3)):
            swept(FRIDAY + 7 * weeks * A_DAY + late)
            swept(FRIDAY + 7 * weeks * A_DAY + 2 * late)
            stands = company.fresh(record)
            assert stands.version == record.version + versions
            assert stands.state_since == FRIDAY + 7 * weeks * A_DAY
        assert by_time.moment_of(stands, cls.declared.workflow.moves[0]) == FRIDAY + 42 * A_DAY

    def test_a_case_of_a_former_version_goes_by_its_own_time(self, timing: Any, entered: Any, company: Company) -> None:
        former = Workflow("collected", (closing(after=days(30)),), version=1)
        timing(closing(after=days(30)))
        record = entered()
        timing(closing(after=days(7)), earlier=(former,), version=2)
        assert is_closed_at(company, record, FRIDAY + 30 * A_DAY)


class TestKeptBack:
    def test_by_its_condition_and_the_page_says_so(
        self, timing: Any, entered: Any, company: Company, browser_as: Any
    ) -> None:
        is_high = closing(at="collected_on", of_day="start", when=lambda record: record.feasibility == 5)
        cls = timing(is_high)
        record = entered(collected_on=dt.date(2199, 1, 5))
        text = browser_as("clerk_mkt", locale="en").get("/admin/requirement/details/", {"id": record.id}).text
        assert "“Close” follows by itself on 2199-01-05 00:00, if this is settled by then: This record does not" in text
        moment = dt.datetime(2199, 1, 6, tzinfo=SHANGHAI)
        assert swept(moment) == {"refused": 0, "done": 0}
        assert company.fresh(record).version == record.version
        changes.update(cls, record.id, {"feasibility": 5}, actor=SYSTEM, version=None)
        assert swept(moment)["done"] == 1

    def test_by_what_is_missing_until_it_is_there(
        self, timing: Any, entered: Any, company: Company, browser_as: Any
    ) -> None:
        cls = timing(closing(at="collected_on", of_day="start", require=("priority", Attached("scan"))))
        kinds = {"scan": L("Scan", "掃描件")}
        cls.declared = replace(cls.declared, file_kinds=kinds)
        record = entered(collected_on=dt.date(2026, 1, 5))
        assert swept(FRIDAY) == {"refused": 0, "done": 0}
        text = browser_as("clerk_mkt", locale="en").get("/admin/requirement/details/", {"id": record.id}).text
        assert "“Close” was to follow by itself on 2026-01-05 00:00. It does as soon as this is settled:" in text
        assert "Before this step is still needed: Priority." in text
        assert "Before this step is still needed: Scan." in text
        changes.update(cls, record.id, {"priority": "high"}, actor=SYSTEM, version=None)
        assert swept(FRIDAY)["done"] == 0
        company.attach(company.fresh(record), "scan", by=company.actor("clerk_mkt"))
        assert swept(FRIDAY)["done"] == 1
        assert company.fresh(record).state == "closed"

    def test_what_the_gate_refuses_keeps_no_other_back(
        self, timing: Any, entered: Any, company: Company, db: Any
    ) -> None:
        timing(closing(after=days(7)))
        bad, good = entered(), entered()
        db.requirement.update_one({"_id": bad.id}, {"$set": {"source": "nonsense"}})
        assert swept(FRIDAY + 8 * A_DAY) == {"refused": 1, "done": 1}
        assert company.fresh(good).state == "closed"

    def test_what_does_not_apply_is_neither_moved_nor_said(
        self, timing: Any, entered: Any, company: Company, browser_as: Any
    ) -> None:
        timing(closing(after=days(7), only={"source": "partner"}))
        record, other = entered(source="customer"), entered(source="partner")
        swept(FRIDAY + 8 * A_DAY)
        assert [company.fresh(item).state for item in (record, other)] == ["collected", "closed"]
        page = browser_as("clerk_mkt", locale="en").get("/admin/requirement/details/", {"id": record.id})
        assert "by itself" not in page.text

    def test_a_rule_asks_people_no_more(self, timing: Any, entered: Any, company: Company) -> None:
        """The move is the system's alone."""
        cls = timing(closing(after=days(7)))
        record = entered()
        with pytest.raises(changes.Forbidden):
            changes.move(cls, record.id, "close", actor=company.actor("clerk_mkt"), version=record.version)


class TestFaults:
    def test_killed_at_any_access_each_is_moved_once(
        self, timing: Any, entered: Any, company: Company, kill_at: Any
    ) -> None:
        timing(closing(after=days(7)))
        records = [entered() for _ in range(3)]
        stop_at, was_killed = 1, True
        while was_killed:
            disarm = kill_at(stop_at, timed, writing, unit)
            with suppress(Killed):
                swept(FRIDAY + 8 * A_DAY)
            was_killed = disarm()
            for record in records:
                stands = company.fresh(record)
                moved = [entry for entry in entries_of(record.id) if entry["verb"] == "close"]
                assert (stands.state == "closed", stands.version) in ((bool(moved), 1 + len(moved)),)
                assert len(moved) <= 1
                assert is_sound(stands)
            stop_at += 1
        assert stop_at > 8
        assert all(company.fresh(record).state == "closed" for record in records)
        audit.seal_all()
        assert not audit.check().faults

    def test_many_sweeps_at_once_move_each_once(self, timing: Any, entered: Any, company: Company) -> None:
        timing(closing(after=days(7)))
        records = [entered() for _ in range(12)]
        results = at_once(*(lambda: swept(FRIDAY + 8 * A_DAY) for _ in range(4)))
        assert sum(counts["done"] for counts in results) == 12
        assert all(counts["refused"] == 0 for counts in results)
        for record in records:
            stands = company.fresh(record)
            assert (stands.state, stands.version) == ("closed", 2)
            assert is_sound(stands)

    def test_somebody_who_changes_the_date_meanwhile_is_heeded(
        self, timing: Any, entered: Any, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cls = timing(closing(at="collected_on", of_day="start"))
        record = entered(collected_on=dt.date(2026, 1, 5))
        genuine = timed.in_transaction

        def later(body: Any) -> Any:
            changes.update(cls, record.id, {"collected_on": dt.date(2027, 1, 5)}, actor=SYSTEM, version=None)
            return genuine(body)

        monkeypatch.setattr(timed, "in_transaction", later)
        assert swept(FRIDAY)["done"] == 0
        assert company.fresh(record).state == "collected"

    @pytest.mark.parametrize("jump", [-400 * A_DAY, -A_DAY, A_DAY, 3 * A_DAY])
    def test_a_clock_that_jumps_moves_each_once(
        self, timing: Any, entered: Any, company: Company, jump: dt.timedelta
    ) -> None:
        """It goes wrong for a while and comes right again: what was moved stays moved, what was not is not lost."""
        timing(closing(after=days(7)))
        early, late = entered(FRIDAY), entered(FRIDAY + 5 * A_DAY)
        during = entered(FRIDAY + 6 * A_DAY + jump)
        for moment in (FRIDAY + 7 * A_DAY + jump, FRIDAY + 7 * A_DAY, FRIDAY + 6 * A_DAY, FRIDAY + 12 * A_DAY):
            swept(moment)
        assert [company.fresh(record).state for record in (early, late)] == ["closed", "closed"]
        swept(FRIDAY + 6 * A_DAY + jump + 7 * A_DAY)
        assert company.fresh(during).state == "closed"
        for record in (early, late, during):
            assert [entry["verb"] for entry in entries_of(record.id)].count("close") == 1

    def test_after_an_outage_all_of_it_is_made_in_batches(
        self, timing: Any, entered: Any, company: Company, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timing(closing(after=days(7)))
        for _ in range(7):
            entered()
        monkeypatch.setattr(timed, "BATCH", 2)
        assert swept(FRIDAY + 300 * A_DAY)["done"] == 7


def test_what_waits_costs_one_command_for_each_batch(timing: Any, entered: Any, db: Any) -> None:
    """Whatever keeps it back is known from what was read; nothing is asked for each record."""
    need = Need(L("It is high", "為高"), lambda record: record.priority == "high")
    cls = timing(closing(after=days(7), require=(need, Attached("scan"))))
    cls.declared = replace(cls.declared, file_kinds={"scan": L("Scan", "掃描件")})
    row = db.requirement.find_one({"_id": entered().id})
    copies = [{**row, "_id": ObjectId(), "number": f"RQ-X-{at}"} for at in range(40)]
    db.requirement.insert_many([{name: value for name, value in copy.items() if name != "once"} for copy in copies])
    commands: list[Any] = []
    COMMANDS.listeners.append(commands.append)
    try:
        swept(FRIDAY + 8 * A_DAY)
    finally:
        COMMANDS.listeners.remove(commands.append)
    assert len([item for item in commands if item.get("find") == "requirement"]) == 2, "a batch, and its end"
    assert len([item for item in commands if item.get("find") == "file"]) == 1
