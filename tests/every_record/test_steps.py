"""Every type that leads to others in steps by time: nothing before its time, then each once; the page says when; the
sweep reads an index, and what it has looked at no more until something is due."""

from __future__ import annotations

import datetime as dt
import html
from typing import Any

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN, speaking
from models.kernel.gate import changes, follow_ups, intents, steps
from models.kernel.gate.history import entries_of
from models.kernel.language.fields import Day
from models.kernel.language.steps import in_steps, key_of_look, step_moments
from tests.fixtures._sound import is_sound
from tests.fixtures._types import types_with
from tests.fixtures.doing import do
from tests.fixtures.http import COMMANDS, reader
from views.moves import timed_lines

IN_STEPS = types_with(lambda declared: any(in_steps(declared)))
A_SECOND = dt.timedelta(seconds=1)


def waiting(company: Any, cls: Any, leads: Any) -> Any:
    """A record in a state in which steps are made, with a date to come."""
    of = leads.steps
    record = company.walk(company.make(cls.declared.name), sorted(of.states)[0])
    day = clock.today() + dt.timedelta(days=40)
    value = day if isinstance(cls.fields_of()[of.after], Day) else clock.start_of(day)
    return changes.update(cls, record.id, {of.after: value}, actor=SYSTEM, version=None)


def made_of(record: Any, leads: Any) -> list[dict[str, Any]]:
    keys = [item.key for item in follow_ups.followers(record, leads)]
    return list(follow_ups.target_of(leads).collection().find({"once": {"$in": keys}}).sort("_id", 1))


def said(company: Any, cls: Any, record: Any) -> str:
    """What a reader is told of what follows by itself."""
    with speaking(EN):
        return " ".join(timed_lines(intents.of(company.actor(reader(company, cls, record)), cls, record.id)))


@IN_STEPS
def test_each_step_is_made_once_at_its_time_and_the_page_says_so(cls: Any, company: Any, browser_as: Any) -> None:
    for leads in in_steps(cls.declared):
        record, target = waiting(company, cls, leads), follow_ups.target_of(leads)
        moments = sorted(step_moments(record, leads.steps).values())
        browser = browser_as(reader(company, cls, record), locale="en")
        page = browser.get(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
        assert said(company, cls, record) in html.unescape(page)
        for count, moment in enumerate(moments):
            wall = f"{moment.astimezone(clock.zone()):%Y-%m-%d %H:%M}"
            assert f"follows by itself on {wall}." in said(company, cls, record)
            with clock.set_to(moment - A_SECOND):
                do("moves.timed")
                assert len(made_of(record, leads)) == count
                record = company.fresh(record)
            with clock.set_to(moment):
                assert "is made within minutes" in said(company, cls, record)
                do("moves.timed")
                do("moves.timed")
                assert len(made_of(record, leads)) == count + 1
        made = [target.from_stored(row) for row in made_of(record, leads)]
        assert all(is_sound(item) and item.ref("owner") == record.ref("owner") for item in made)
        assert {item.ref("department") for item in made} == {record.ref("department")}
        assert {entries_of(item.id)[0]["door"] for item in made} == {"rule"}
        if leads.steps.field:
            assert [getattr(item, leads.steps.field) for item in made] == list(leads.steps.at)
        assert f"“{leads.label.en}" not in said(company, cls, record)


@IN_STEPS
def test_the_bin_and_other_states_hold_steps_back_and_none_is_made_again(cls: Any, company: Any) -> None:
    for leads in in_steps(cls.declared):
        record = waiting(company, cls, leads)
        last = max(step_moments(record, leads.steps).values())
        other = next(state for state in record.flow().states if state not in leads.steps.states | record.flow().ends)
        raw = cls.collection()
        for hindered in ({"state": other}, {"removed_at": clock.now()}):
            raw.update_one({"_id": record.id}, {"$set": hindered})
            with clock.set_to(last):
                if "state" in hindered:
                    assert "It does as soon as this is settled" in said(company, cls, record)
                steps_of_type = [row for rows in steps.batches(cls, leads) for row in rows]
                assert record.id not in [row["_id"] for row in steps_of_type]
            raw.update_one({"_id": record.id}, {"$set": {"state": record.state, "removed_at": None}})
        with clock.set_to(last):
            do("moves.timed")
            made = made_of(record, leads)
            assert len(made) == len(leads.steps.at)
            target = follow_ups.target_of(leads)
            changes.remove(target, made[0]["_id"], actor=SYSTEM, version=made[0]["version"])
            raw.update_one({"_id": record.id}, {"$unset": {"steps_at": ""}})
            do("moves.timed")
            assert len(made_of(record, leads)) == len(made)


@IN_STEPS
def test_what_was_looked_at_is_read_again_only_when_something_is_due_or_it_was_written(cls: Any, company: Any) -> None:
    for leads in in_steps(cls.declared):
        record, look = waiting(company, cls, leads), key_of_look(leads)

        def rows(cls: Any = cls, leads: Any = leads) -> list[Any]:
            return [row["_id"] for batch in steps.batches(cls, leads) for row in batch]

        assert record.id in rows()
        do("moves.timed")
        assert record.id not in rows()
        with clock.set_to(min(step_moments(record, leads.steps).values())):
            assert record.id in rows()
        record = changes.update(cls, record.id, {"tags": ["anew"]}, actor=SYSTEM, version=None)
        assert record.id in rows()
        commands: list[Any] = []
        COMMANDS.listeners.append(commands.append)
        try:
            rows()
        finally:
            COMMANDS.listeners.remove(commands.append)
        asked_for = [item["filter"] for item in commands if item.get("find") == cls.declared.name]
        names = [f"timed_steps_{leads.verb}"]
        for query in asked_for:
            plan = cls.collection().find(query).sort([(look, 1), ("_id", 1)]).hint(names[0]).explain()
            assert plan["executionStats"]["totalDocsExamined"] <= plan["executionStats"]["nReturned"] + 1
            assert "SORT" not in str(plan["queryPlanner"]["winningPlan"]).replace("sortPattern", "")
