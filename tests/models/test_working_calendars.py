"""Named calendars: hours of each weekday, holidays, who works by which, and what is provisional meanwhile."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.work_calendar import shifts_of_text
from models.kernel.gate import changes, deadlines, unit, writing
from models.kernel.gate.history import entries_of, faults_in
from models.kernel.language import working_time
from models.kernel.language.workflow import hours, workdays
from models.services.personal import layouts
from tests.fixtures.doing import Killed, do
from tests.fixtures.http import read_page

ZONE = clock.zone()
WHOLE_DAYS = dict.fromkeys(working_time.WEEKDAYS, "00:00-24:00")
SHANGHAI_DAY = dt.timedelta(hours=8)


def at(day: str, time: str = "00:00") -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZONE)


def enter(code: str, **values: Any) -> Any:
    content = {"code": code, "name": code, **values}
    return changes.create(catalogue["working_calendar"], content, actor=SYSTEM)


def enter_day(day: str, kind: str, **values: Any) -> Any:
    content = {"day": dt.date.fromisoformat(day), "kind": kind, "name": "特別", **values}
    return changes.create(catalogue["calendar_day"], content, actor=SYSTEM)


def change(record: Any, **values: Any) -> Any:
    return changes.update(type(record), record.id, values, actor=SYSTEM, version=None)


class TestWhatIsWorked:
    def test_several_calendars_by_name(self, db: Any) -> None:
        enter("company", is_company=True)
        enter("around-the-clock", **WHOLE_DAYS)
        enter("service-desk", saturday="09:00-12:00", monday="08:00-12:00, 12:30-20:00")
        friday = at("2025-06-06", "17:00")
        assert working_time.calendar().add(friday, hours(2)) == at("2025-06-09", "10:00")
        assert working_time.calendar("around-the-clock").add(friday, hours(2)) == at("2025-06-06", "19:00")
        assert working_time.calendar("service-desk").add(friday, hours(2)) == at("2025-06-07", "10:00")
        assert working_time.calendar("service-desk").add(at("2025-06-09", "19:00"), hours(2)) == at(
            "2025-06-10", "10:00"
        )
        assert working_time.calendar("no-such") is working_time.calendar()

    def test_days_belong_to_their_calendar_and_without_one_to_the_company(self, db: Any) -> None:
        main = enter("company", is_company=True)
        desk = enter("service-desk")
        enter_day("2025-06-02", "off")
        enter_day("2025-06-03", "off", calendar=main.id)
        enter_day("2025-06-04", "off", calendar=desk.id)
        days = [dt.date(2025, 6, day) for day in (2, 3, 4)]
        assert [working_time.calendar().is_workday(day) for day in days] == [False, False, True]
        assert [working_time.calendar("service-desk").is_workday(day) for day in days] == [True, True, False]

    def test_a_day_may_have_hours_of_its_own(self, db: Any) -> None:
        enter("company", is_company=True)
        enter_day("2025-06-07", "on", hours="09:00-12:00")
        enter_day("2025-06-08", "on")
        assert working_time.calendar().add(at("2025-06-06", "18:00"), hours(4)) == at("2025-06-08", "10:00")

    def test_a_department_works_by_its_own_calendar_or_by_that_of_the_one_above(self, company: Any) -> None:
        main = enter("company", is_company=True)
        night = enter("around-the-clock", **WHOLE_DAYS)
        rooms = catalogue["department"]
        top, sales = (rooms.objects.get(id=company.department(code)) for code in ("MGT", "SAL"))
        start = at("2025-06-06", "17:00")

        def due(department: Any) -> dt.datetime:
            return working_time.calendar_of(department).add(start, hours(2))

        assert due(sales.id) == due(None) == at("2025-06-09", "10:00")
        change(top, calendar=night.id)
        assert due(sales.id) == at("2025-06-06", "19:00")
        change(sales, calendar=main.id)
        assert (due(top.id), due(sales.id), due(None)) == (
            at("2025-06-06", "19:00"),
            at("2025-06-09", "10:00"),
            at("2025-06-09", "10:00"),
        )

    def test_a_time_limit_goes_by_the_calendar_of_the_record_s_department(self, company: Any) -> None:
        night = enter("around-the-clock", **WHOLE_DAYS)
        change(catalogue["department"].objects.get(id=company.department("SAL")), calendar=night.id)
        with clock.set_to(at("2026-11-20", "17:00")):
            record = company.walk(company.make("quotation", "clerk_sal"), "submitted")
        limit = min(move.within for move in record.flow().out_of("submitted") if move.within)
        assert record.due_at == working_time.calendar("around-the-clock").add(record.state_since, limit)
        assert record.due_at != working_time.calendar().add(record.state_since, limit)

    def test_a_database_from_before_works_as_it_did(self, db: Any) -> None:
        """Days without a calendar, and no calendar at all: office hours, known up to the last make-up workday."""
        enter_day("2025-06-02", "off")
        enter_day("2025-05-31", "on")
        calendar = working_time.calendar()
        assert calendar.add(at("2025-05-30", "17:00"), hours(10)) == at("2025-06-03", "10:00")
        assert calendar.add(at("2025-05-30"), workdays(2)) == at("2025-06-03", "18:00")
        assert (calendar.known_until, calendar.day_length) == (2025, SHANGHAI_DAY)
        assert working_time.calendar_of(None) is calendar

    def test_a_damaged_stored_text_keeps_no_deadline_from_being_counted(self, db: Any) -> None:
        made = enter("company", is_company=True)
        db["working_calendar"].update_one({"_id": made.id}, {"$set": {"monday": "morning"}})
        working_time.forget_calendar()
        assert working_time.calendar().add(at("2025-06-06", "17:00"), hours(2)) == at("2025-06-10", "10:00")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({"monday": "9-18"}, "monday"),
            ({"tuesday": "18:00-09:00"}, "tuesday"),
            ({"friday": "09:00-12:00 11:00-13:00"}, "friday"),
            ({"sunday": "00:00-24:01"}, "sunday"),
            (dict.fromkeys(working_time.WEEKDAYS, ""), "monday"),
            ({"code": "Mit Leerzeichen"}, "code"),
            ({"code": "x"}, "code"),
            ({"region": "DE"}, "region"),
            ({"entered_until": 1999}, "entered_until"),
        ],
    )
    def test_calendars(self, db: Any, values: dict, name: str) -> None:
        with pytest.raises(Refused) as refused:
            enter(**{"code": "other", **values})
        assert set(refused.value.problems) == {name}

    def test_two_calendars_of_the_company(self, db: Any) -> None:
        enter("company", is_company=True)
        with pytest.raises(Refused) as refused:
            enter("other", is_company=True)
        assert "company" in str(refused.value.problems["is_company"][0])

    def test_a_holiday_with_hours_and_hours_that_are_none(self, db: Any) -> None:
        for values in ({"kind": "off", "hours": "09:00-12:00"}, {"kind": "on", "hours": "forenoon"}):
            with pytest.raises(Refused) as refused:
                enter_day("2025-06-07", **values)
            assert set(refused.value.problems) == {"hours"}

    def test_one_day_twice_in_one_calendar_and_once_in_each_of_two(self, db: Any) -> None:
        main, desk = enter("company", is_company=True), enter("service-desk")
        enter_day("2025-06-02", "off")
        enter_day("2025-06-02", "off", calendar=desk.id)
        for calendar in (None, main.id, desk.id):
            with pytest.raises(Refused) as refused:
                enter_day("2025-06-02", "on", calendar=calendar)
            assert set(refused.value.problems) == {"day"}

    def test_what_was_typed_stays_on_the_form(self, company: Any, browser_as: Any, db: Any) -> None:
        browser = browser_as("hr")
        form = browser.form("/admin/working_calendar/new/")
        answer = browser.send(form, code="desk", name="服務台", monday="九點到六點", tuesday="13:00-12:00")
        assert answer.status_code == 422
        page = read_page(answer.text)
        assert page.text.count("請填寫起止時間，如 09:00-12:00, 13:00-18:00。時段不得重疊") >= 2
        assert "九點到六點" in answer.text
        assert db["working_calendar"].count_documents({}) == 0
        fixed = browser.send(page.form(), monday="9:00-18:00", tuesday="12:00 – 13:00")
        assert fixed.status_code == 302
        assert working_time.calendar("desk").week[0] == shifts_of_text("09:00-18:00")

    def test_people_who_may_not(self, company: Any, browser_as: Any) -> None:
        made = enter("company", is_company=True)
        assert browser_as("clerk_sal").get("/admin/working_calendar/new/").status_code in (403, 404)
        assert browser_as("hr").get(f"/admin/working_calendar/edit/?id={made.id}").status_code == 200


class TestLoading:
    def test_the_company_s_calendar_becomes_a_record_once(self, company: Any, db: Any) -> None:
        enter_day("2025-01-26", "on")
        with clock.set_to(dt.datetime(2025, 12, 1, 4, tzinfo=dt.UTC)):
            do("calendar.load")
            do("calendar.load")
        row = db["working_calendar"].find_one()
        assert db["working_calendar"].count_documents({}) == 1
        assert (row["code"], row["is_company"], row["entered_until"]) == ("company", True, 2026)
        assert working_time.calendar().known_until == 2026
        assert db["calendar_day"].count_documents({"day": dt.datetime(2025, 1, 26, tzinfo=dt.UTC)}) == 1

    def test_each_calendar_has_the_holidays_of_its_region(self, company: Any, db: Any) -> None:
        enter("company", is_company=True, region="CN")
        enter("hong-kong", region="HK")
        enter("taipei", region="TW")
        enter("around-the-clock", **WHOLE_DAYS)
        with clock.set_to(dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)):
            do("calendar.load")
            assert do("calendar.load")["entered"] == 0
        national, unification = dt.date(2026, 10, 1), dt.date(2026, 10, 9)
        works = {code: working_time.calendar(code).is_workday for code in ("company", "hong-kong", "taipei")}
        assert [works[code](national) for code in works] == [False, False, True]
        assert [works[code](unification) for code in works] == [True, True, False]
        assert works["company"](dt.date(2026, 2, 14))
        assert working_time.calendar("around-the-clock").is_workday(national)
        assert [working_time.calendar(code).known_until for code in (*works, "around-the-clock")] == [2026] * 3 + [None]

    def test_what_people_removed_or_changed_stays(self, company: Any, db: Any) -> None:
        made = enter("hong-kong", region="HK")
        with clock.set_to(dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)):
            do("calendar.load")
            row = db["calendar_day"].find_one({"calendar": made.id, "day": dt.datetime(2026, 10, 1, tzinfo=dt.UTC)})
            changes.remove(catalogue["calendar_day"], row["_id"], actor=SYSTEM, version=None)
            assert do("calendar.load")["entered"] == 0
        assert working_time.calendar("hong-kong").is_workday(dt.date(2026, 10, 1))


class TestProvisional:
    """The limit of a quotation's approval, submitted on the last day of a year of which only this one is known."""

    @pytest.fixture
    def main(self, company: Any) -> Any:
        return enter("company", is_company=True, region="CN", entered_until=2026)

    @pytest.fixture
    def quotation(self, main: Any, company: Any) -> Any:
        with clock.set_to(at("2026-12-31", "17:30")):
            return company.walk(company.make("quotation", "clerk_sal"), "submitted")

    def test_a_deadline_in_a_known_year_is_not(self, main: Any, company: Any, db: Any) -> None:
        with clock.set_to(at("2026-12-21", "10:00")):
            record = company.walk(company.make("quotation", "clerk_sal"), "submitted")
        assert record.due_at
        assert not record.due_provisional
        assert "provisional" not in db["waiting"].find_one({"_id": record.id})

    def test_it_is_marked_on_page_list_and_inbox(self, quotation: Any, company: Any, db: Any, browser_as: Any) -> None:
        assert quotation.due_provisional
        assert db["waiting"].find_one({"_id": quotation.id})["provisional"]
        head, pages = browser_as("head_sal"), (f"details/?id={quotation.id}", "")
        layouts.keep_columns(company.actor("head_sal"), "quotation", None, ["number", "due_at"])
        for url in (*(f"/admin/quotation/{page}" for page in pages), "/admin/inbox/"):
            assert "（暫定）" in head.page(url).text, url

    def test_it_is_counted_anew_once_the_year_is_entered(self, main: Any, quotation: Any, db: Any) -> None:
        before = quotation.due_at
        with clock.set_to(at("2027-01-01", "06:00")):
            assert do("calendar.load").get("recounted", 0) == 0  # nobody knows the year yet
            for day in range(1, 6):
                enter_day(f"2027-01-{day:02}", "off")
            change(main, entered_until=2027)
            assert do("calendar.load")["recounted"] == 1
            assert do("calendar.load").get("recounted", 0) == 0
        record = type(quotation).objects.get(id=quotation.id)
        assert record.due_at > before
        assert record.due_at == working_time.calendar().add(
            record.state_since, min(move.within for move in record.flow().out_of("submitted") if move.within)
        )
        assert not record.due_provisional
        case = db["waiting"].find_one({"_id": record.id})
        assert case["due"] == record.due_at
        assert "provisional" not in case
        entry = entries_of(record.id, newest_first=True, limit=1)[0]
        assert entry["verb"] == "recount"
        fact = next(each for each in entry["changes"] if each["field"] == "due_at")
        assert (fact["old"], fact["new"]) == (before, record.due_at)

    @pytest.mark.parametrize("stop_at", range(1, 7))
    def test_killed_at_any_write_it_is_counted_anew_once(
        self, main: Any, quotation: Any, db: Any, kill_at: Any, stop_at: int
    ) -> None:
        change(main, entered_until=2027)
        with clock.set_to(at("2027-01-01", "06:00")):
            disarm = kill_at(stop_at, writing, unit)
            with contextlib.suppress(Killed):
                do("calendar.load")
            was_killed = disarm()
            do("calendar.load")
        assert was_killed or stop_at > 3
        record = type(quotation).objects.get(id=quotation.id)
        assert not record.due_provisional
        assert [entry["verb"] for entry in entries_of(record.id)].count("recount") == 1
        assert list(faults_in(list(entries_of(record.id)), record.chain)) == []

    def test_two_sweeps_at_once_count_it_once(self, main: Any, quotation: Any, db: Any, monkeypatch: Any) -> None:
        """The second comes between reading and writing of the first."""
        change(main, entered_until=2027)
        count, turns = deadlines.set_due, []

        def overtaken(record: Any, onward: Any) -> None:
            count(record, onward)
            turns.append(record.id)
            if len(turns) == 1:
                thread = threading.Thread(target=deadlines.recount, args=(type(quotation), quotation.id))
                thread.start()
                thread.join()

        monkeypatch.setattr(deadlines, "set_due", overtaken)
        assert deadlines.recount(type(quotation), quotation.id) is False
        record = type(quotation).objects.get(id=quotation.id)
        assert not record.due_provisional
        assert [entry["verb"] for entry in entries_of(record.id)].count("recount") == 1

    def test_what_has_ended_stays_as_it_was(self, main: Any, quotation: Any, company: Any, db: Any) -> None:
        ended = next(iter(quotation.flow().ends))
        db["quotation"].update_one({"_id": quotation.id}, {"$set": {"state": ended}})
        stored = db["quotation"].find_one({"_id": quotation.id})
        change(main, entered_until=2027)
        with clock.set_to(at("2027-01-01", "06:00")):
            do("calendar.load")
        assert db["quotation"].find_one({"_id": quotation.id}) == stored

    def test_a_calendar_that_is_edited_moves_no_other_deadline(self, main: Any, company: Any, db: Any) -> None:
        with clock.set_to(at("2026-12-21", "10:00")):
            record = company.walk(company.make("quotation", "clerk_sal"), "submitted")
            enter_day("2026-12-22", "off")
            do("calendar.load")
        assert type(record).objects.get(id=record.id).due_at == record.due_at
