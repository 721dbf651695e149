"""Another table or calendar over the last year: what would have been late, before it comes into force (2.4.2)."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, replay, replays
from models.kernel.gate.sources import Source
from models.kernel.language import working_time
from tests.fixtures.doing import work_off
from tests.fixtures.http import read_page, said

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)


@pytest.fixture
def year(company: Any) -> Any:
    """Tickets that were answered and solved after one to sixty hours, some of which were held."""
    chance, ticket = random.Random(5), catalogue["ticket"]
    levels = company.walk(company.make("service_level_table", "head_svc"), "in_force")
    for place in range(12):
        with clock.set_to(MONDAY - dt.timedelta(days=3 * place + 7)):
            made = company.make("ticket", "clerk_svc", urgency=str(chance.randint(1, 4)), severity="2")
        moment = made.received_at + dt.timedelta(hours=chance.uniform(1, 60))
        with clock.set_to(moment):
            made = company.walk(made, "waiting" if place % 3 == 0 else "in_progress")
        with clock.set_to(moment + dt.timedelta(hours=chance.uniform(1, 40))):
            company.walk(made, "solved") if place % 4 else None
    assert ticket.objects.count() == 12
    return levels


def rows(levels: Any, **changed: Any) -> list[replay.ReplayOutcome]:
    result = []
    for cls, deadline in replay.by_table("ServiceLevelTable"):
        records = list(cls.objects)
        assert len(records) == 12
        result += list(replay.replay(deadline, records, now=MONDAY, **changed))
    return result


def lines_of(table: Any) -> list[dict[str, Any]]:
    return list(table.to_mongo().to_dict()["levels"])


def test_an_unchanged_table_changes_nothing_and_says_what_was_counted(year: Any) -> None:
    shown = rows(year, lines=lines_of(year))
    assert len(shown) == 24
    assert all(row.before == row.after for row in shown)
    assert {row.before.is_late for row in shown} == {True, False}
    for row in shown:
        kept = next(item for item in row.record.clocks if item["name"] == row.deadline.name)
        if kept.get("ended"):
            assert (kept["due"], bool(kept.get("is_late"))) == (row.before.due, row.before.is_late)
    same = rows(year, calendar_of=lambda record, deadline: working_time.calendar_of(record.ref("department")))
    assert all(row.before == row.after for row in same)


def company_calendar() -> Any:
    values = {"code": "office", "name": "辦公日曆", "is_company": True}
    return changes.create(catalogue["working_calendar"], values, actor=SYSTEM)


def carried_out(record: Any, values: Any = None) -> Any:
    """The replay of a record as it stands, or of other values of it."""
    return replays.carry_out(replays.ask(record, values or replays.values_of(record), SYSTEM))


def counted(row: Any) -> dict[str, int]:
    teams = [team for part in row["parts"] for team in part["teams"].values()]
    return {name: sum(team[name] for team in teams) for name in ("n", "before", "after", "newly", "no_longer")}


def test_a_table_comes_into_force_only_with_its_replay_in_sight(year: Any, company: Any, browser_as: Any) -> None:
    with clock.set_to(MONDAY):
        strict, head = _table(company, Decimal("0.25")), browser_as("head_svc")
        page = head.page("/admin/service_level_table/move/", {"id": strict.id, "verb": "put_in_force"})
        refused = head.send(page.form("/move/"))
        assert refused.status_code == 422
        assert "請先按過去一年重算" in refused.text
        sent = head.send(head.form("/admin/replay/", "/admin/replay/", type="service_level_table", id=str(strict.id)))
        assert sent.status_code == 302
        going = head.get(sent.headers["Location"])
        assert "正在重算" in going.text
        assert work_off("deadlines.replay") == {"replayed": 24}
        result = counted(replays.kept(replays.key_of(type(strict), replays.values_of(strict))))
        assert result["n"] == 24
        assert result["after"] > result["before"]
        assert result["newly"] - result["no_longer"] == result["after"] - result["before"]
        shown = head.get(sent.headers["Location"]).text
        assert f"重算後 {result['after']} 項" in shown
        assert "TK-" in shown
        figures = browser_as("it").get("/admin/replay/", {"type": "service_level_table", "id": strict.id})
        assert f"重算後 {result['after']} 項" in figures.text
        assert "TK-" not in figures.text  # IT sees no business records
        for who, status in (("clerk_svc", (403, 404)), ("head_svc", (404,))):
            assert browser_as(who).get("/admin/replay/", {"type": "user", "id": "x"}).status_code in status
        page = head.get("/admin/service_level_table/move/", {"id": strict.id, "verb": "put_in_force"}).text
        assert f"重算後 {result['after']} 項" in page
        assert head.send(read_page(page).form("/move/")).status_code == 302
    assert catalogue["service_level_table"].objects.get(id=strict.id).state == "in_force"


def test_a_replay_that_is_out_of_date_is_refused_with_a_sentence(year: Any, company: Any) -> None:
    head = company.actor("head_svc")
    calendar = company_calendar()

    def put_in_force(table: Any) -> Any:
        fresh = company.fresh(table)
        return changes.move(type(table), table.id, "put_in_force", actor=head, version=fresh.version)

    with clock.set_to(MONDAY):
        table = _table(company, Decimal(2))
        carried_out(table)
        other = [*table.levels]
        other[0].solution_hours += 1
        table = changes.update(type(table), table.id, {"levels": other}, actor=SYSTEM, version=None)
        with pytest.raises(Refused, match="out of date"):  # it is of other values
            put_in_force(table)
        carried_out(table)
        changes.update(type(calendar), calendar.id, {"saturday": "09:00-12:00"}, actor=SYSTEM, version=None)
        with pytest.raises(Refused, match="out of date"):  # a calendar is another
            put_in_force(table)
        carried_out(table)
    with clock.set_to(MONDAY + dt.timedelta(days=8)), pytest.raises(Refused, match="out of date"):  # it is old
        put_in_force(table)
    with clock.set_to(MONDAY):
        assert put_in_force(table).state == "in_force"


def test_a_calendar_in_use_is_changed_only_with_its_replay_in_sight(year: Any, company: Any, browser_as: Any) -> None:
    calendar = company_calendar()
    address, it = "/admin/working_calendar/edit/", browser_as("it")
    with clock.set_to(MONDAY):
        it = browser_as("it", is_new=True)
        form = it.form(address, "/edit/", id=str(calendar.id))
        longer = {"monday": "06:00-22:00", "saturday": "06:00-22:00"}
        refused = it.send(form, **longer)
        assert refused.status_code == 422
        assert "請先按過去一年重算" in said(refused)
        assert 'value="06:00-22:00"' in refused.text
        assert 'formaction="/admin/replay/"' in refused.text
        typed = read_page(refused.text).form("/edit/")
        sent = it.post("/admin/replay/", {**typed, "type": "working_calendar"})
        assert sent.status_code == 302, said(sent)
        work_off("deadlines.replay")
        assert "項" in it.get(sent.headers["Location"]).text
        asks = it.send(typed)
        assert asks.status_code == 422
        assert "項時限中原逾期" in said(asks)
        assert it.send(read_page(asks.text).form("/edit/"), confirm="1").status_code == 302
        wrong = it.post("/admin/replay/", {**typed, "type": "working_calendar", "monday": "from nine"})
        assert wrong.status_code == 422
        renamed = it.form(address, "/edit/", id=str(calendar.id))
        assert it.send(renamed, name="辦公時間").status_code == 302, "what moves no deadline asks for nothing"
    assert catalogue["working_calendar"].objects.get(id=calendar.id).monday == "06:00-22:00"


def test_a_day_of_the_past_year_is_replayed_and_one_ahead_is_not(year: Any, company: Any, browser_as: Any) -> None:
    hr = company.actor("hr")
    day = catalogue["calendar_day"]
    with clock.set_to(MONDAY):
        ahead = {"day": MONDAY.date() + dt.timedelta(days=40), "kind": "off", "name": "年假"}
        assert changes.create(day, ahead, actor=hr).number
        past = {**ahead, "day": (MONDAY - dt.timedelta(days=7)).date()}
        with pytest.raises(Refused, match="Replay it over the last year"):
            changes.create(day, past, actor=hr)
        by_sheet = changes.Context(source=Source.IMPORT)
        other_day = {**past, "day": (MONDAY - dt.timedelta(days=14)).date()}
        assert changes.create(day, other_day, actor=hr, context=by_sheet).number
        blank = day(**past)
        result = carried_out(blank, replays.values_of(blank))
        assert counted(result)["n"] == 24
        with pytest.raises(Refused, match="Replayed over the last year"):
            changes.create(day, past, actor=hr)
        made = changes.create(day, past, actor=hr, context=changes.Context(confirmed=True))
        personnel = browser_as("hr", is_new=True)
        page = personnel.page("/admin/calendar_day/delete/", {"id": made.id})
        refused = personnel.send(page.form("/delete/"))
        assert refused.status_code == 403
        assert "重算" in said(refused)
        assert personnel.send(page.form("/admin/replay/"), removed="1").status_code == 302
        work_off("deadlines.replay")
        page = personnel.page("/admin/calendar_day/delete/", {"id": made.id})
        assert personnel.send(page.form("/delete/")).status_code == 302
        assert day.objects.get(id=made.id).removed_at is not None


def test_a_replay_of_any_size_goes_in_steps_and_on_from_each(
    year: Any, company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.set_to(MONDAY):
        table = _table(company, Decimal("0.25"))
        whole = carried_out(table)["parts"]
        monkeypatch.setattr(replays, "STEP", 5)
        row, state, steps = replays.kept(replays.ask(table, replays.values_of(table), SYSTEM)), {}, 0
        while not state.get("is_done"):
            replays.advance(row, state)  # a process that dies here has changed nothing
            state, steps = replays.advance(row, state), steps + 1
        assert steps == 2 * 3 + 1
        assert replays.kept(row["_id"])["parts"] == whole
        assert replays.size(row) == 24


def test_all_that_would_have_been_late_is_paged_through(
    year: Any, company: Any, browser_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "PAGE", 1)
    with clock.set_to(MONDAY):
        table = _table(company, Decimal("0.25"))
        row = replays.kept(replays.ask(table, replays.values_of(table), SYSTEM))
        state = replays.advance(row, {})
        assert replays.advance(row, {}) == state, "a step that was done twice comes to the same"
        row = carried_out(table)
        head, address = browser_as("head_svc"), "/admin/replay/"
        args = {"type": "service_level_table", "id": table.id, "key": row["_id"]}
        for at, part in enumerate(row["parts"]):
            count = sum(team["newly"] for team in part["teams"].values())
            pages = [replays.page_of(row, at, "newly", number) for number in range(replays.pages_in(part, "newly"))]
            assert (len(pages), len({id for page in pages for id, *_ in page})) == (count, count)
            for number, page in enumerate(pages):
                text = head.get(address, {**args, "part": at, "of": "newly", "page": number}).text
                assert all(catalogue["ticket"].objects.get(id=id).number in text for id, *_ in page)
        assert len(row["parts"]) == 2
        assert sum(replays.pages_in(part, "newly") for part in row["parts"]) > 2
        for odd in ({"part": "x"}, {"part": "99", "of": "newly"}, {"of": "newly", "page": "99999"}, {"page": "-1"}):
            assert head.get(address, {**args, **odd}).status_code == 200


def _table(company: Any, times: Decimal) -> Any:
    table = company.make("service_level_table", "head_svc")
    lines = list(table.levels)
    for line in lines:
        line.first_hours, line.solution_hours = line.first_hours * times, line.solution_hours * times
    return changes.update(type(table), table.id, {"levels": lines}, actor=SYSTEM, version=None)
