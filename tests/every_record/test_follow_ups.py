"""Every type whose moves or lines lead to other records: one is made of each line, once, and both name the other."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pytest
from markupsafe import escape

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT, speaking
from models.kernel.gate import changes, follow_ups, unit, writing
from models.kernel.rights import rights
from tasks.engine.worker import work
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.doing import Killed, do, work_off

OF_LINES = types_with(lambda declared: any(leads.each for leads in declared.follow_ups))


OF_FIELDS = types_with(lambda declared: any(leads.filled for leads in declared.follow_ups))


@OF_FIELDS
def test_a_field_that_is_filled_in_makes_one_record_once(cls: Any, company: Any, browser_as: Any) -> None:
    for leads in (item for item in cls.declared.follow_ups if item.filled):
        field = cls._fields[leads.filled]
        value = next(iter(Guesses(company, cls, company.actor("clerk_sal"), reuse=True).options(field, [])))
        record = company.make(cls.declared.name, company.maker_of(cls))
        if not field.required:
            assert not made_of(record, leads)
            record = changes.update(cls, record.id, {leads.filled: value}, actor=SYSTEM, version=None)
        made = made_of(record, leads)
        assert len(made) == 1
        [row] = made.values()
        assert row["owner"] == record.ref("owner")
        assert row["department"] == record.ref("department")
        if not field.required and not field.fixed:
            for again in (None, value):
                record = changes.update(cls, record.id, {leads.filled: again}, actor=SYSTEM, version=None)
        assert made_of(record, leads) == made
        login = next(name for name in company.logins if company.actor(name).id == record.ref("owner"))
        page = browser_as(login).get(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
        assert f"/admin/{follow_ups.target_of(leads).type_name()}/details/?id={row['_id']}" in page


def of_lines(cls: Any) -> list[Any]:
    return [leads for leads in cls.declared.follow_ups if leads.each]


def made_of(record: Any, leads: Any) -> dict[str, Any]:
    """What was made of a record, by entry key."""
    keys = [item.key for item in follow_ups.followers(record, leads)]
    rows = follow_ups.target_of(leads)._get_collection().find({"once": {"$in": keys}})
    return {row["once"]: row for row in rows}


def before_move(company: Any, cls: Any, leads: Any) -> Any:
    """A record that stands before the move that makes the others, with something in its lines."""
    record = company.make(cls.declared.name)
    flow = cls.declared.workflow
    source = next((move.source[0] for move in flow.moves if move.verb == leads.on), flow.start)
    if not record.raw(leads.each):
        guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True, record=record)
        lines = next(iter(guesses.options(cls._fields[leads.each], [])))
        for line in lines:
            for column, field in cls._fields[leads.each].columns.items():
                if field.target == "User" and not field.computed:
                    line.put(column, company.users["clerk_sal"])
        record = changes.update(cls, record.id, {leads.each: lines}, actor=SYSTEM, version=None)
    return company.walk(record, source)


@OF_LINES
def test_a_move_makes_one_record_of_each_line_once(cls: Any, company: Any, browser_as: Any) -> None:
    for leads in (item for item in of_lines(cls) if item.on):
        record = before_move(company, cls, leads)
        assert not made_of(record, leads)
        target = next(move.target for move in record.flow().moves if move.verb == leads.on)
        record = company.walk(record, target)
        made = made_of(record, leads)
        planned = follow_ups.followers(record, leads)
        assert planned
        assert {item.key for item in planned} == set(made)
        for item in planned:
            assert made[item.key]["department"] == record.ref("department")
            if leads.back:
                assert item.part.ref(leads.back) == made[item.key]["_id"]
        assert not follow_ups.missing(record, leads)
        assert changes.follow_up_rest(cls, record.id, leads.verb) == 0
        page = browser_as("management").get(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
        assert all(row["title"] in page for row in made.values())
        with speaking("zh-Hant"):
            assert f"<p>{follow_ups.target_of(leads).declared.label}：<a href" in page


@OF_LINES
def test_where_it_is_more_the_rest_is_made_in_the_background(cls: Any, company: Any, monkeypatch: Any) -> None:
    """The order is carried out in small steps; broken off after any of them and begun anew, each stays single."""
    monkeypatch.setattr(follow_ups, "AT_ONCE_MAX", 1)
    for leads in (item for item in of_lines(cls) if item.on):
        record = before_move(company, cls, leads)
        record = with_four_lines(record, leads)
        follow_ups.make_of_move(record, leads.on, changes.creating_by_system(record))
        assert len(made_of(record, leads)) == 1
        assert changes.follow_up_rest(cls, record.id, leads.verb) == 1
        first = {key: row["_id"] for key, row in made_of(record, leads).items()}
        do("records.follow")
        do("records.follow")
        made = {key: row["_id"] for key, row in made_of(record, leads).items()}
        assert len(made) == 4
        assert first.items() <= made.items()
        assert not record._get_db()["following"].find_one({"what": follow_ups.FOLLOW_UP})


@OF_LINES
def test_killed_anywhere_and_begun_again(cls: Any, company: Any, monkeypatch: Any, kill_at: Any) -> None:
    """The process ends at one access to the store after another, further on each time: each is made once."""
    monkeypatch.setattr(follow_ups, "AT_ONCE_MAX", 1)
    for leads in (item for item in of_lines(cls) if item.on):
        record = with_four_lines(before_move(company, cls, leads), leads)
        follow_ups.make_of_move(record, leads.on, changes.creating_by_system(record))
        kills = 0
        for stop_at in range(1, 200, 4):
            disarm = kill_at(stop_at, unit, writing, follow_ups)
            with contextlib.suppress(Killed):
                do("records.follow")
            if not disarm():
                break
            kills += 1
        assert kills > 2
        do("records.follow")
        rows = follow_ups.target_of(leads)._get_collection().find({"once": {"$in": list(made_of(record, leads))}})
        assert len(list(rows)) == 4
        assert not record._get_db()["following"].find_one({"what": follow_ups.FOLLOW_UP})


def with_four_lines(record: Any, leads: Any) -> Any:
    cls, line = type(record), record.raw(leads.each)[0]
    lines = [type(line)(**{c: line.raw(c) for c in cls._fields[leads.each].columns}) for _ in range(4)]
    cls._get_collection().update_one({"_id": record.id}, {"$set": {leads.each: keyed(lines)}})
    return cls.objects.get(id=record.id)


def keyed(lines: list[Any]) -> list[Any]:
    return [{**line.to_mongo(), "key": f"line{n}"} for n, line in enumerate(lines)]


@OF_LINES
def test_a_button_makes_what_is_missing(cls: Any, company: Any) -> None:
    for leads in (item for item in of_lines(cls) if item.states):
        record = company.walk(before_move(company, cls, leads), sorted(leads.states)[0])
        person = next(
            (p for login in company.logins if (p := company.actor(login)) and may_make(p, record, leads)), None
        )
        if person is None:
            pytest.fail(f"nobody may {leads.verb}")
        assert changes.follow_up(cls, record.id, leads.verb, actor=person) == []
        line = record.raw(leads.each)[0]
        more = type(line)(
            **{c: line.raw(c) for c, f in cls._fields[leads.each].columns.items() if not f.computed and c != leads.back}
        )
        more.key = "another1"
        lines = [*record.raw(leads.each), more]
        record = changes.update(cls, record.id, {leads.each: lines}, actor=SYSTEM, version=None)
        if leads.back and leads.on:
            [made] = changes.follow_up(cls, record.id, leads.verb, actor=person)
            record = company.fresh(record)
            assert record.raw(leads.each)[-1].ref(leads.back) == made.id
            assert made.created_by.id == person.id
            assert changes.follow_up(cls, record.id, leads.verb, actor=person) == []


def may_make(person: Any, record: Any, leads: Any) -> bool:
    scope = rights.visible(person, type(record))
    sees = scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None
    return sees and bool(rights.may_create(person, follow_ups.target_of(leads)))


OVER = types_with(lambda declared: any(leads.over for leads in declared.follow_ups))
LEAST_OVER = 5


def over_some(company: Any, cls: Any, leads: Any, monkeypatch: Any) -> Any:
    """A record in whose state one is made of each other: beside those that `where` gives, so many as the tests need,
    in a state in which what is made may link to them."""
    record = company.walk(company.make(cls.declared.name), sorted(leads.states)[0])
    over, where = follow_ups.over_of(leads), leads.where
    known = over.collection().count_documents({**where(record), "removed_at": None}, limit=LEAST_OVER)
    more = [company.make(over.type_name()) for _ in range(LEAST_OVER - known)]
    links = [field for field in follow_ups.target_of(leads).declared.own_fields.values() if field.target == leads.over]
    if states := next((field.states for field in links if field.states), None):
        more = [company.walk(other, min(states)) for other in more]
    ids = [other.id for other in more]
    monkeypatch.setitem(leads.__dict__, "where", lambda source: {"$or": [where(source), {"_id": {"$in": ids}}]})
    return record


def all_of(record: Any, leads: Any) -> dict[str, Any]:
    rows = follow_ups.target_of(leads)._get_collection().find({"once": {"$gte": follow_ups.key_of(record, leads)}})
    return {row["once"]: row["_id"] for row in rows if row["once"].startswith(f"{follow_ups.key_of(record, leads)}:")}


@OVER
def test_who_gets_what_is_listed_then_made_once(cls: Any, company: Any, browser_as: Any, monkeypatch: Any) -> None:
    """The list makes nothing; pressed, some are made at once and the rest in the background; pressed again, none."""
    monkeypatch.setattr(follow_ups, "AT_ONCE_MAX", 2)
    for leads in (item for item in cls.declared.follow_ups if item.over):
        record = over_some(company, cls, leads, monkeypatch)
        login = next(name for name in company.logins if may_make(company.actor(name), record, leads))
        browser, base = browser_as(login), f"/admin/{cls.declared.name}/"
        count = len(list(follow_ups.followers(record, leads)))
        assert count > 4
        form = browser.form(f"{base}lead/", "/lead/", id=record.id, verb=leads.verb)
        assert not all_of(record, leads)
        if leads.why:
            page = browser.get(f"{base}lead/", {"id": record.id, "verb": leads.verb}).text
            with speaking(HANT):
                reasons = {str(leads.why(record, item.part)) for item in follow_ups.followers(record, leads)}
            assert all(str(escape(reason)) in page for reason in reasons)
        assert browser.send(form, verb=leads.verb).status_code == 302
        first = all_of(record, leads)
        assert len(first) == 2
        assert changes.follow_up_rest(cls, record.id, leads.verb) == 2
        assert work_off(follow_ups.GENERATE)["made"] == count - 4
        made = all_of(record, leads)
        assert len(made) == count
        assert first.items() <= made.items()
        assert browser.send(form, verb=leads.verb).status_code == 302
        assert work_off(follow_ups.GENERATE) == {}, "nothing was missing, so nothing was ordered"
        assert all_of(record, leads) == made
        assert browser.get(f"{base}details/", {"id": record.id}).status_code == 200


@OVER
def test_what_is_refused_keeps_no_other_back(cls: Any, company: Any, browser_as: Any, monkeypatch: Any) -> None:
    """Said in the list before; in the background it is left out."""
    for leads in (item for item in cls.declared.follow_ups if item.over):
        record = over_some(company, cls, leads, monkeypatch)
        every = list(follow_ups.followers(record, leads))
        refused_ids = {every[1].part.id, every[3].part.id}
        fill = leads.fill

        def spoilt(source: Any, part: Any, fill: Any = fill, ids: Any = refused_ids) -> dict[str, Any]:
            return {} if part.id in ids else fill(source, part)

        object.__setattr__(leads, "fill", spoilt)
        try:
            login = next(name for name in company.logins if may_make(company.actor(name), record, leads))
            page = browser_as(login).get(f"/admin/{cls.declared.name}/lead/", {"id": record.id, "verb": leads.verb})
            assert page.text.count('class="differs"') == 2
            refused: dict[str, Any] = {}
            while changes.follow_up_rest(cls, record.id, leads.verb, refused):
                pass
            assert set(refused) == {item.key for item in every if item.part.id in refused_ids}
            assert len(all_of(record, leads)) == len(every) - 2
        finally:
            object.__setattr__(leads, "fill", fill)


@OVER
def test_nobody_makes_what_they_may_not(cls: Any, company: Any, browser_as: Any) -> None:
    for leads in (item for item in cls.declared.follow_ups if item.over):
        record = company.walk(company.make(cls.declared.name), sorted(leads.states)[0])
        for login in company.logins:
            if not may_make(company.actor(login), record, leads):
                browser, query = browser_as(login, is_new=True), {"id": record.id, "verb": leads.verb}
                assert browser.get(f"/admin/{cls.declared.name}/lead/", query).status_code in (403, 404)
                assert browser.post(f"/admin/{cls.declared.name}/lead/", query).status_code in (400, 403, 404)
        assert not all_of(record, leads)


def gathered(declared: Any) -> list[Any]:
    """What is made of several records at once: its form names them in a field that links to many."""
    return [
        leads
        for leads in declared.follow_ups
        if leads.opens and not follow_ups.target_of(leads).fields_of()[leads.opens].is_single_link
    ]


@types_with(lambda declared: any(leads.opens for leads in declared.follow_ups) and gathered(declared))
def test_one_record_is_begun_with_the_selected_rows(cls: Any, company: Any, browser_as: Any) -> None:
    for leads in gathered(cls.declared):
        fitting = [company.walk(company.make(cls.declared.name), sorted(leads.states)[0]) for _ in range(2)]
        other = company.make(cls.declared.name)
        target, base = follow_ups.target_of(leads), f"/admin/{cls.declared.name}/"
        login = next(
            login
            for login in company.logins
            if rights.may_create(me := company.actor(login), target)
            if all(cls.collection().find_one({"$and": [rights.visible(me, cls), {"_id": each.id}]}) for each in fitting)
        )
        browser = browser_as(login)
        assert f'value="{leads.verb}" formaction="{base}gather/"' in browser.get(base).text
        sent = {"gather": leads.verb, "rowid": [f"{record.id}:{record.version}" for record in (*fitting, other)]}
        answer = browser.post(f"{base}gather/", sent)
        form = browser.get(answer.headers["Location"]).text
        assert all(f'value="{record.id}"' in form for record in fitting)
        assert f'value="{other.id}"' not in form
        assert browser.post(f"{base}gather/", sent | {"rowid": f"{other.id}:0"}).status_code == 422
        assert browser.post(f"{base}gather/", {"gather": leads.verb}).status_code == 422
        assert browser.post(f"{base}gather/", sent | {"gather": "nothing"}).status_code == 403
        assert browser.post(f"{base}gather/", sent | {"rowid": ["x"] * 3}).status_code == 422


def _refused_for(id: Any, fill: Any) -> Any:
    return lambda source, part: {} if part.id == id else fill(source, part)


def is_reader(person: Any, record: Any) -> bool:
    """Whether somebody reads the record, and no run of the machine."""
    scope = rights.visible(person, type(record))
    sees = scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None
    return sees and not rights.may_operate(person)


@OVER
def test_the_page_says_how_far_it_is_what_was_refused_and_when_it_ended(
    cls: Any, company: Any, browser_as: Any, monkeypatch: Any, kill_at: Any
) -> None:
    """Waiting, killed in the middle, ended: the same bar as for other long jobs; who asked sees the reasons."""
    monkeypatch.setattr(follow_ups, "AT_ONCE_MAX", 2)
    for leads in (item for item in cls.declared.follow_ups if item.over):
        record = over_some(company, cls, leads, monkeypatch)
        every = list(follow_ups.followers(record, leads))
        bad, fill = every[-1], leads.fill
        monkeypatch.setitem(leads.__dict__, "fill", _refused_for(bad.part.id, fill))
        login = next(name for name in company.logins if may_make(company.actor(name), record, leads))
        browser, base = browser_as(login, locale="en"), f"/admin/{cls.declared.name}/"
        form = browser.form(f"{base}lead/", "/lead/", id=record.id, verb=leads.verb)
        browser.send(form, verb=leads.verb)
        page = browser.get(f"{base}details/", {"id": record.id}).text
        assert "data-run-progress" in page
        assert "Waiting" in page
        run = record._get_db().task_run.find_one({"task": follow_ups.GENERATE})
        disarm = kill_at(8, unit, writing, follow_ups)
        with contextlib.suppress(Killed):
            work(run["_id"])
        assert disarm()
        record._get_db().task_run.update_one(
            {"_id": run["_id"]}, {"$set": {"lease": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)}}
        )
        page = browser.get(f"{base}details/", {"id": record.id}).text
        assert "Running" in page
        assert work(run["_id"])
        page = browser.get(f"{base}details/", {"id": record.id}).text
        assert f"{len(every) - 1} / {len(every)}" in page
        assert f"Not made: {bad.part.number}." in page
        assert "refused 1" in page
        assert "Ended" in page
        assert len(all_of(record, leads)) == len(every) - 1
        assert f"/admin/task_run/details/?id={run['_id']}" in page
        other = next(name for name in company.logins if name != login and is_reader(company.actor(name), record))
        page = browser_as(other, locale="en", is_new=True).get(f"{base}details/", {"id": record.id}).text
        assert f"{len(every) - 1} / {len(every)}" in page
        assert "Not made:" not in page
