"""Every type with a rule of recurrence: entered by its controls, said, filtered, exported and read again; and every
type whose records recur: the next one is made once, and holds the rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.repeat import parse
from models.kernel.gate import changes
from models.kernel.language.kinds.recurrence import Recurrence
from models.kernel.language.typed import BadValue
from models.services.imports.names import NamesInCells
from tests.fixtures._types import types_with
from tests.fixtures.doing import do

RHYTHMS = types_with(lambda declared: any(field.is_rhythm for field in declared.own_fields.values()))
RECURRING = types_with(lambda declared: declared.recurs)
ENTERED: dict[str, dict[str, Any]] = {
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20271231": {
        "unit": "week",
        "every": "2",
        "weekday": ["FR", "MO"],
        "until": "2027-12-31",
        "on": "nth",  # what does not go with weeks counts for nothing
    },
    "FREQ=MONTHLY;BYMONTHDAY=-1;X-DAYOFF=BEFORE": {"unit": "month", "on": "working", "short": "last"},
    "FREQ=MONTHLY;BYDAY=2TU;COUNT=5": {"unit": "month", "on": "nth", "nth": "2", "day": "TU", "times": "5"},
    "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD;X-DAYOFF=AFTER": {"unit": "year", "short": "last", "day_off": "after"},
}
BAD: tuple[dict[str, Any], ...] = (
    {"unit": "hour"},
    {"unit": "day", "every": "0"},
    {"unit": "day", "every": "many"},
    {"unit": "day", "until": "2027-02-30"},
    {"unit": "day", "until": "2027-02-01", "times": "3"},
    {"unit": "month", "on": "nth"},
    {"unit": "month", "on": "nth", "nth": "6", "day": "MO"},
    {"unit": "week", "weekday": ["<script>"]},
)


def rhythms_of(cls: Any) -> dict[str, Recurrence]:
    return {name: field for name, field in cls.declared.own_fields.items() if field.is_rhythm}


def posted(name: str, parts: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.{part}": value for part, value in parts.items()}


@RHYTHMS
def test_a_rule_is_entered_said_and_read_again(cls: Any, company: Any, browser_as: Any) -> None:
    login, base = company.maker_of(cls), f"/admin/{cls.declared.name}/"
    record = company.make(cls.declared.name, login)
    browser, names = browser_as(login, locale="en"), NamesInCells(company.actor(login))
    for name, field in rhythms_of(cls).items():
        for rule, parts in ENTERED.items():
            form = browser.form(f"{base}edit/", "/edit/", id=record.id)
            cleared = dict.fromkeys((key for key in form if key.startswith(f"{name}.")), "")
            answer = browser.send(form, **{**cleared, **posted(name, {"every": "1", **parts})})
            assert answer.status_code == 302, answer.text
            assert company.fresh(record).raw(name) == rule
            version = company.fresh(record).version
            browser.send(browser.form(f"{base}edit/", "/edit/", id=record.id))
            assert company.fresh(record).version == version  # a form that says the same changes nothing
            page = browser.get(f"{base}details/", {"id": record.id}).text
            [sentence, *others] = field.exported(rule, names)
            assert sentence in page
            assert sentence in browser.get(f"{base}history/", {"id": record.id}).text
            for text in (sentence, *others, rule):
                assert field.cell_reader(names)(text) == rule
            unit = parse(rule).unit
            values = ((unit, True), ("day", unit == "day"), ("-", False)) if name in cls.declared.grid.filters else ()
            for value, is_there in values:
                listed = browser.get(base, {f"f.{name}": value, "own": 1})
                assert listed.status_code == 200
                assert (str(record.id) in listed.text) is is_there, value
        for parts in BAD:
            form = browser.form(f"{base}edit/", "/edit/", id=record.id)
            cleared = dict.fromkeys((key for key in form if key.startswith(f"{name}.")), "")
            answer = browser.send(form, **{**cleared, **posted(name, parts)})
            assert answer.status_code == 422, parts
            assert "<script>" not in answer.text.replace("<script>", "", answer.text.count("<script src"))
            assert company.fresh(record).raw(name) == rule
        for text in ("sometimes", "FREQ=HOURLY", "=" * 300):
            with pytest.raises(BadValue):
                field.cell_reader(names)(text)
        form = browser.form(f"{base}edit/", "/edit/", id=record.id)
        assert browser.send(form, **{f"{name}.unit": ""}).status_code == 302
        assert company.fresh(record).raw(name) is None


@RECURRING
def test_the_next_one_is_made_once_and_holds_the_rule(cls: Any, company: Any) -> None:
    recurs, today = cls.declared.recurs, clock.today()
    record = company.make(cls.declared.name)
    begin = cls._fields[recurs.date].moved_to(today - dt.timedelta(days=14), record.raw(recurs.date))
    values = {recurs.rule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", recurs.date: begin}
    record = changes.update(cls, record.id, values, actor=SYSTEM, version=None)
    if recurs.on:
        flow = cls.declared.workflow
        verb = min(recurs.on)
        state = next(move.source[0] for move in flow.moves if move.verb == verb)
        record = company.walk(record, state)
        changes.move(cls, record.id, verb, actor=SYSTEM, version=None)
    for _ in range(2):
        do("moves.timed")
    made = list(cls.objects(once__startswith=f"{cls.type_name()}:{record.id}:next"))
    assert len(made) == 1
    assert company.fresh(record).raw(recurs.rule) is None
    [following] = made
    assert parse(following.raw(recurs.rule)).unit == "week"
    expected = today + dt.timedelta(days=1 if recurs.on else recurs.ahead)
    assert cls._fields[recurs.date].day_in(following.raw(recurs.date)) == expected
    assert following.ref("owner") == record.ref("owner")
    assert all(following.raw(name) in (None, [], 0, False) for name in recurs.but if "." not in name)
