"""Calendars: which records stand on which day, for whom; and dates that are moved through the gate, or not."""

import datetime as dt
import re

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import LOCALES
from models.kernel.gate import changes, history
from models.kernel.language.declare import dated_fields
from tests.fixtures.http import COMMANDS, read_page, said
from views.lists import calendar
from views.lists.calendar_span import Span, read_span

NOVEMBER = "/admin/calendar/quotation/?date=valid_until&on=2026-11-23"
XHR = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)):
        yield


@pytest.fixture
def offer(company):
    """Makes a quotation that is valid until a day."""

    def make(day, login="clerk_sal", **values):
        return company.make("quotation", login, valid_until=day, **values)

    return make


def days_of(html):
    """The numbers of records by the day on which they stand."""
    parts = re.split(r'data-day="([0-9-]{10})"', html)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {day: result for day, part in pairs if (result := re.findall(r'event-number">([^<]+)<', part))}


def move(browser, record, to, *, version=None, script=True, **more):
    data = {"id": record.id, "version": record.version if version is None else version, "date": "valid_until", "to": to}
    options = {"headers": XHR} if script else {}
    return browser.post(f"/admin/calendar/{record.type_name()}/move/", data | more, **options)


def test_every_type_with_dates(company, browser_as):
    for name in (name for name, cls in catalogue.items() if dated_fields(cls)):
        record = company.make(name)
        login = next(login for login in company.logins if _sees(company, login, record))
        for kind in ("month", "week", "day"):
            page = browser_as(login).get(f"/admin/calendar/{name}/", {"by": kind})
            assert page.status_code == 200, f"{name}: {said(page)}"
            read_page(page.text)


def _sees(company, login, record):
    scope = calendar.rights.visible(company.actor(login), type(record))
    return scope is not None and type(record)._get_collection().find_one({**scope, "_id": record.id})


def test_records_stand_on_their_days(offer, browser_as):
    item, two, other = offer(dt.date(2026, 11, 2)), offer(dt.date(2026, 11, 30)), offer(dt.date(2027, 1, 15))
    days = days_of(browser_as("clerk_sal").get(NOVEMBER).text)
    assert days == {"2026-11-02": [item.number], "2026-11-30": [two.number]}
    assert days_of(browser_as("clerk_sal").get(NOVEMBER + "&by=week").text) == {}
    assert days_of(browser_as("clerk_sal").get(NOVEMBER.replace("11-23", "11-30") + "&by=day").text) == {
        "2026-11-30": [two.number]
    }
    assert other.number not in str(days)


def test_a_moment_stands_on_the_companys_day(company, browser_as):
    late = dt.datetime(2026, 11, 9, 16, 30, tzinfo=dt.UTC)  # half past midnight of the 10th in Shanghai
    talk = company.make("interaction", "clerk_sal", at=late)
    page = browser_as("clerk_sal").get("/admin/calendar/interaction/", {"date": "at", "on": "2026-11-10", "by": "day"})
    assert days_of(page.text) == {"2026-11-10": [talk.number]}
    assert "00:30" in page.text


def test_only_what_one_may_see(offer, company, browser_as):
    quotation = offer(dt.date(2026, 11, 2))
    for login in company.logins:
        page = browser_as(login).get(NOVEMBER)
        expected = bool(_sees(company, login, quotation))
        assert (quotation.number in page.text) is expected, login
        assert page.status_code == (200 if calendar.rights.can_open(company.actor(login), type(quotation)) else 403)


def test_filters_of_the_list_hold(offer, company, browser_as):
    mine, other = offer(dt.date(2026, 11, 2)), offer(dt.date(2026, 11, 2), "clerk_sal2")
    browser = browser_as("clerk_sal")
    days = days_of(browser.get(NOVEMBER + f"&f.owner={company.users['clerk_sal']}").text)
    assert days == {"2026-11-02": [mine.number]}
    assert set(days_of(browser.get(NOVEMBER).text)["2026-11-02"]) == {mine.number, other.number}
    ways = browser.page(NOVEMBER + "&f.state=draft").links
    assert "/admin/quotation/?f.state=draft" in ways
    assert "/admin/board/quotation/?f.state=draft" in ways


def test_the_list_of_the_same_days(offer, browser_as):
    for day in (2, 16, 30):
        offer(dt.date(2026, 11, day))
    offer(dt.date(2027, 1, 15))
    browser = browser_as("clerk_sal")
    link = next(link for link in browser.page(NOVEMBER).links if "f.valid_until.from" in link)
    assert len(re.findall(r"data-select-row", browser.get(link).text)) == 3


def test_holidays_and_make_up_days(company, browser_as, db):
    for day, kind, name in (("2026-11-24", "off", "廠慶"), ("2026-11-28", "on", "調休")):
        values = {"day": dt.date.fromisoformat(day), "kind": kind, "name": name}
        changes.create(catalogue["calendar_day"], values, actor=SYSTEM)
    html = browser_as("clerk_sal").get(NOVEMBER).text
    days = {day: classes for classes, day in re.findall(r'<li class="day([^"]*)" data-day="([^"]+)"', html)}
    assert "off" in days["2026-11-24"].split()
    assert "off" not in days["2026-11-28"].split()
    assert "off" in days["2026-11-29"].split()
    assert "today" in days["2026-11-23"].split()
    assert "節假日：廠慶" in html
    assert "調休上班：調休" in html


@pytest.mark.parametrize("script", [True, False])
def test_a_date_is_moved_through_the_gate(script, offer, browser_as):
    quotation = offer(dt.date(2026, 11, 2))
    answer = move(browser_as("clerk_sal"), quotation, "2026-11-25", script=script)
    assert answer.status_code == (200 if script else 302)
    stored = type(quotation).objects.get(id=quotation.id)
    assert stored.valid_until == dt.date(2026, 11, 25)
    last = history.entries_of(quotation.id, newest_first=True, limit=1)[0]
    assert (last["verb"], last["door"]) == ("update", "calendar")
    if script:
        row = answer.get_json()
        assert (row["was"], row["version"]) == ("2026-11-02", quotation.version + 1)
        assert move(browser_as("clerk_sal"), quotation, row["was"], version=row["version"]).status_code == 200
        assert type(quotation).objects.get(id=quotation.id).valid_until == dt.date(2026, 11, 2)


def test_a_moment_keeps_its_time(company, browser_as):
    talk = company.make("interaction", "clerk_sal", at=dt.datetime(2026, 11, 9, 6, 15, tzinfo=dt.UTC))
    assert move(browser_as("clerk_sal"), talk, "2026-11-12", date="at").status_code == 200
    assert type(talk).objects.get(id=talk.id).at == dt.datetime(2026, 11, 12, 6, 15, tzinfo=dt.UTC)


def test_somebody_was_first(offer, browser_as):
    quotation = offer(dt.date(2026, 11, 2))
    changes.update(type(quotation), quotation.id, {"remark": "價格待定"}, actor=SYSTEM, version=None)
    for script in (True, False):
        answer = move(browser_as("clerk_sal"), quotation, "2026-11-25", script=script)
        assert answer.status_code == 409
        assert answer.get_json()["message"] if script else "2026-11-25" in answer.text
    assert type(quotation).objects.get(id=quotation.id).valid_until == dt.date(2026, 11, 2)


def test_a_date_that_is_none(offer, browser_as):
    quotation = offer(dt.date(2026, 11, 2))
    for to in ("", "nonsense", "2026-02-30", "0001-01-01", "9999-12-31", "\x00"):
        answer = move(browser_as("clerk_sal"), quotation, to)
        assert answer.status_code == 422, to
        assert "有效期" in answer.get_json()["message"]
        page = move(browser_as("clerk_sal"), quotation, to, script=False)
        assert page.status_code == 422
        assert "有效期" in said(page)


def test_not_ones_own_not_movable_not_open(offer, company, browser_as):
    quotation = offer(dt.date(2026, 11, 2))
    assert move(browser_as("clerk_prd"), quotation, "2026-11-25").status_code in (403, 404)
    assert move(browser_as("legal"), quotation, "2026-11-25").status_code == 403
    assert move(browser_as("clerk_sal"), quotation, "2026-11-25", date="due_at").status_code == 403
    sent = company.walk(quotation, "sent")
    answer = move(browser_as("clerk_sal"), sent, "2026-11-25")
    assert answer.status_code == 403
    assert "draggable" not in browser_as("clerk_sal").get(NOVEMBER).text
    assert company.fresh(sent).valid_until == dt.date(2026, 11, 2)


def test_what_has_no_calendar(company, browser_as):
    browser = browser_as("clerk_sal")
    assert browser.get("/admin/calendar/nothing/").status_code == 404
    assert browser.get("/admin/calendar/department/").status_code == 404
    assert browser_as("").get("/admin/calendar/").status_code == 303


def test_nonsense_shows_this_month(company, browser_as):
    for on in ("", "nonsense", "1899-01-01", "9999-12-31", "2026-13-01", "2026-1-1", "\x00"):
        for by in ("month", "year"):
            html = (
                browser_as("clerk_sal").get("/admin/calendar/quotation/", {"on": on, "by": by, "date": "password"}).text
            )
            assert 'aria-current="date"' in html, on


def test_bounded(offer, company, browser_as, monkeypatch):
    made = [offer(dt.date(2026, 11, 2)) for _ in range(4)]
    monkeypatch.setattr(calendar, "EVENTS_MAX", 3)
    html = browser_as("clerk_sal").get(NOVEMBER).text
    assert days_of(html) == {"2026-11-02": [record.number for record in made[:3]]}
    assert "僅顯示最早的部分" in html
    monkeypatch.setitem(calendar.DAY_MAX, "month", 2)
    assert "另有 1 條" in " ".join(browser_as("clerk_sal").page(NOVEMBER).text.split())


def test_my_dates(company, browser_as):
    quotation = company.walk(company.make("quotation", "clerk_sal"), "submitted")
    due = company.fresh(quotation).due_at.astimezone(clock.zone()).date().isoformat()
    for login, sees in (("head_sal", True), ("clerk_sal2", False), ("clerk_prd", False), ("finance", False)):
        html = browser_as(login).get("/admin/calendar/", {"on": due, "by": "day"}).text
        assert (quotation.number in html) is sees, login
    assert "待審批" in browser_as("head_sal").get("/admin/calendar/", {"on": due, "by": "day"}).text


def test_a_reminder_that_recurs_stands_on_each_of_its_days(company, browser_as):
    def remind(recurring, day, **more):
        at = dt.datetime.fromisoformat(f"{day}T16:30").replace(tzinfo=dt.UTC)  # half past midnight of the next day
        return company.make("reminder", "clerk_sal", text="週報", recurring=recurring, at=at, **more)

    weekly, single, monthly = (
        remind("weekly", "2026-11-24"), remind("none", "2026-11-25"), remind("monthly", "2026-11-29")
    )  # fmt: skip
    stopped = remind("daily", "2026-11-24", active=False)
    expected = {
        "2026-11-25": [weekly.number],
        "2026-11-26": [single.number],
        "2026-11-30": [monthly.number],
        "2026-12-02": [weekly.number],
    }
    mine = browser_as("clerk_sal").get("/admin/calendar/?on=2026-11-23").text
    assert days_of(mine) == expected
    assert "每週 提醒" in mine
    assert "00:30" in mine
    assert days_of(browser_as("clerk_sal").get("/admin/calendar/?by=day&on=2027-01-30").text) == {
        "2027-01-30": [monthly.number]
    }
    of_type = browser_as("clerk_sal").get("/admin/calendar/reminder/?date=at&on=2026-11-23").text
    assert days_of(of_type) == {**expected, "2026-11-25": [weekly.number, stopped.number]}
    assert of_type.count('draggable="true"') == 4
    for login in ("clerk_sal2", "head_sal", "supervisor", "it"):
        assert weekly.number not in browser_as(login).get("/admin/calendar/?on=2026-11-23").text


def test_questions_do_not_grow_with_rows(offer, browser_as):
    browser, counts = browser_as("clerk_sal"), []
    for _ in range(2):
        for _ in range(3):
            offer(dt.date(2026, 11, 2))
        browser.get(NOVEMBER)
        names: list = []
        COMMANDS.listeners.append(lambda command, kept=names: kept.append(next(iter(command))))
        try:
            browser.get(NOVEMBER)
        finally:
            COMMANDS.listeners.clear()
        counts.append(len(names))
    assert counts[0] == counts[1]
    assert counts[0] <= 9, counts


def test_in_three_languages(offer, browser_as):
    offer(dt.date(2026, 11, 2))
    titles = [
        re.search(r'calendar-title">([^<]+)<', browser_as("clerk_sal", locale=locale).get(NOVEMBER).text)[1]
        for locale in LOCALES
    ]
    assert titles == ["November 2026", "2026年11月", "2026年11月"]


@pytest.mark.parametrize(
    ("kind", "on", "first", "last", "before", "after"),
    [
        ("month", "2026-11-23", "2026-10-26", "2026-12-06", "2026-10-31", "2026-12-01"),
        ("month", "2027-02-01", "2027-02-01", "2027-02-28", "2027-01-31", "2027-03-01"),
        ("month", "2028-02-29", "2028-01-31", "2028-03-05", "2028-01-31", "2028-03-01"),
        ("week", "2026-11-29", "2026-11-23", "2026-11-29", "2026-11-22", "2026-12-06"),
        ("day", "2026-12-31", "2026-12-31", "2026-12-31", "2026-12-30", "2027-01-01"),
    ],
)
def test_spans(kind, on, first, last, before, after):
    span = Span(kind, dt.date.fromisoformat(on))
    result = (span.first, span.last, span.beside(-1), span.beside(1))
    assert tuple(day.isoformat() for day in result) == (first, last, before, after)
    assert next(iter(span.days())) == span.first
    assert [*span.days()][-1] == span.last


def test_edges_of_time_do_not_overflow():
    for on in ("1901-01-01", "2199-12-31"):
        for kind in ("month", "week", "day"):
            span = read_span(kind, on)
            assert span.on.isoformat() == on
            assert len([*span.days()]) >= 1
            assert span.beside(-1) < span.on < span.beside(1)
