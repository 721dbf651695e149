"""Every move whose approvers fill fields of their own: kept with each decision, seen as declared, corrected while it is
open, combined once it is complete, and no longer counted when the record goes another way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.decided import AfterOwn, given_columns
from models.kernel.language.relations import Relation
from models.kernel.rights import rights
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.company import given_with


def valued(declared: Any) -> list[Any]:
    return [move for move in (declared.workflow.moves if declared.workflow else ()) if move.values]


DECIDED = types_with(valued)


def at_its_source(cls: Any, company: Any) -> tuple[Any, Any]:
    """A record before its move with values, and the move."""
    move = valued(cls.declared)[0]
    record = company.make(cls.declared.name)
    for path, target in move.by.links:
        if target == "User" and "." not in path and not cls._fields[path].is_single_link:
            others = [id for id in company.users.values() if id != record.ref("owner")]
            record = changes.update(cls, record.id, {path: others[:2]}, actor=SYSTEM, version=None)
    return company.walk(record, move.source[0]), move


def values(record: Any, move: Any, company: Any) -> dict[str, Any]:
    return given_with(record, move, Guesses(company, type(record), SYSTEM, reuse=True))


def lines(record: Any, move: Any) -> list[Any]:
    return list(record.raw(move.values.list) or ())


def login_of(company: Any, actor: Any) -> str:
    return next(login for login in company.logins if company.users[login] == actor.id)


@DECIDED
def test_each_decision_keeps_what_was_given_and_is_combined_at_the_end(cls: Any, company: Any) -> None:
    record, move = at_its_source(cls, company)
    given = 0
    while record.state in move.source and (someone := company.who_may(record, move)):
        assert all(record.raw(name) is None for name in move.values.combine), "nothing is combined before the end"
        with pytest.raises(Refused):
            changes.move(cls, record.id, move.verb, actor=someone, version=record.version)
        record = changes.move(
            cls, record.id, move.verb, actor=someone, version=record.version, values=values(record, move, company)
        )
        given += 1
        newest = lines(record, move)[-1]
        assert (newest.ref("by"), newest.withdrawn_at, newest.verb) == (someone.id, None, move.verb)
        assert newest.of_version == record.version - 1
    assert len(lines(record, move)) == given > 0
    assert record.state == move.target
    for name, combine in move.values.combine.items():
        numbers = [Decimal(line.raw(combine.column)) for line in lines(record, move)]
        expected = {"mean": sum(numbers) / len(numbers), "least": min(numbers), "most": max(numbers)}
        if combine.way in expected:
            assert record.raw(name) == rounded(expected[combine.way], getattr(cls._fields[name], "places", 0))


@DECIDED
def test_nobody_writes_it_by_another_way(cls: Any, company: Any) -> None:
    record, move = at_its_source(cls, company)
    name, line = move.values.list, cls._fields[move.values.list].field.document_type
    for login in company.logins:
        assert name not in rights.writable_fields(company.actor(login), cls, record)
    forged = {"by": company.users["head_sal"], "at": None, "of_version": 99, "withdrawn_at": None}
    someone = company.who_may(record, move)
    given = values(record, move, company)
    made = changes.move(
        cls,
        record.id,
        move.verb,
        actor=someone,
        version=record.version,
        values={**given, name: {**given[name], **forged}},
    )
    newest = lines(made, move)[-1]
    assert (newest.ref("by"), newest.of_version) == (someone.id, record.version)
    with pytest.raises(Refused):
        changes.move(
            cls, record.id, move.verb, actor=company.who_may(made, move) or SYSTEM, version=made.version,
            values={name: [line()]},
        )  # fmt: skip


@DECIDED
def test_who_gave_it_corrects_it_while_the_move_is_open(cls: Any, company: Any, browser_as: Any) -> None:
    record, move = at_its_source(cls, company)
    someone = company.who_may(record, move)
    given = values(record, move, company)
    made = changes.move(cls, record.id, move.verb, actor=someone, version=record.version, values=given)
    if made.state not in move.source:
        return
    other = company.who_may(made, move)
    with pytest.raises(Forbidden):
        changes.correct(cls, record.id, move.verb, given, actor=other, version=made.version)
    login, address = login_of(company, someone), f"/admin/{cls.declared.name}/move/"
    form = browser_as(login).form(address, address, id=made.id, verb=move.verb, version=made.version)
    columns = given_columns(move.values, cls._fields)
    number = next((n for n, c in columns.items() if c.is_number or getattr(c, "options", None)), None)
    assert number
    before, changed = lines(made, move)[-1].raw(number), columns[number]
    options = (changed.least, changed.most) if changed.is_number else tuple(changed.options)
    other_value = next(option for option in options if option != before)
    answer = browser_as(login).post(address, {**form, f"value-{number}": str(other_value)})
    assert answer.status_code in (200, 302), answer.text
    fresh = company.fresh(record)
    assert [line.raw(number) for line in lines(fresh, move)] == [other_value]
    assert fresh.decisions == made.decisions
    entry = get_db()["history"].find_one({"record": record.id, "verb": "correct"})
    assert entry
    assert entry["actor"] == someone.id


@DECIDED
def test_another_way_lets_it_count_no_longer_and_nothing_is_lost(cls: Any, company: Any) -> None:
    record, move = at_its_source(cls, company)
    someone = company.who_may(record, move)
    record = changes.move(
        cls, record.id, move.verb, actor=someone, version=record.version, values=values(record, move, company)
    )
    if record.state not in move.source:
        return
    back = next(
        (
            way
            for way in record.flow().out_of(record.state)
            if way.verb != move.verb and not way.is_by_itself and way.target != move.target
        ),
        None,
    )
    if back is None:
        return
    returned = changes.move(cls, record.id, back.verb, actor=SYSTEM, version=None)
    assert [line.withdrawn_at is not None for line in lines(returned, move)] == [True]
    assert all(returned.raw(name) is None for name in move.values.combine)
    again = company.walk(returned, move.source[0])
    complete = company.walk(again, move.target)
    counting = [line for line in lines(complete, move) if line.withdrawn_at is None]
    assert len(lines(complete, move)) == len(counting) + 1
    for name, combine in move.values.combine.items():
        if combine.way == "least":
            assert complete.raw(name) == min(line.raw(combine.column) for line in counting)


@DECIDED
def test_what_others_gave_is_hidden_until_ones_own_is_given(cls: Any, company: Any, browser_as: Any) -> None:
    record, move = at_its_source(cls, company)
    field = cls._fields[move.values.list]
    is_blind = isinstance(field.see, Relation) and any(isinstance(way, AfterOwn) for way in field.see.ways)
    text = next((n for n, c in given_columns(move.values, cls._fields).items() if c.is_text), None)
    if not is_blind or text is None:
        return
    someone = company.who_may(record, move)
    given = values(record, move, company)
    given[move.values.list][text] = "只有我知道"
    made = changes.move(cls, record.id, move.verb, actor=someone, version=record.version, values=given)
    if made.state not in move.source:
        return
    other = company.who_may(made, move)
    base, query = f"/admin/{cls.declared.name}", {"id": made.id}
    places = [f"{base}/details/", f"{base}/history/", f"{base}/move/", f"{base}/row/"]
    for login, sees in ((login_of(company, other), False), (login_of(company, someone), True)):
        pages = [browser_as(login).get(place, {**query, "verb": move.verb}).text for place in places]
        assert ("只有我知道" in pages[0]) == sees, login
        assert any("只有我知道" in page for page in pages) == sees
        for listed in (f"{base}/export/csv/", "/admin/inbox/"):
            assert "只有我知道" not in browser_as(login).get(listed).text
        for search in (f"{base}/?q=只有我知道", "/admin/search/?q=只有我知道"):
            assert made.number not in browser_as(login).get(search).text
    complete = company.walk(company.fresh(made), move.target)
    assert rights.sees(company.actor(login_of(company, other)), field, complete)


@DECIDED
def test_the_inbox_leads_to_the_fields_and_gives_none_by_one_key(cls: Any, company: Any, browser_as: Any) -> None:
    record, move = at_its_source(cls, company)
    someone = company.who_may(record, move)
    login, address = login_of(company, someone), f"/admin/{cls.declared.name}/move/"
    assert f"{address}?id={record.id}&amp;verb={move.verb}" in browser_as(login).get("/admin/inbox/").text
    form = browser_as(login).form(address, address, id=record.id, verb=move.verb, version=record.version)
    columns = given_columns(move.values, cls._fields)
    assert {f"value-{name}" for name in columns} <= set(form)
    empty = browser_as(login).post(address, {**form, **{f"value-{name}": "" for name in columns}})
    assert empty.status_code == 422
    nonsense = {f"value-{name}": "x" for name, column in columns.items() if column.is_number}
    assert browser_as(login).post(address, {**form, **nonsense}).status_code == 422
    assert company.fresh(record).version == record.version
    filled = values(record, move, company)[move.values.list]
    right = {f"value-{name}": str(value) for name, value in filled.items()}
    assert browser_as(login).post(address, {**form, **right}).status_code in (200, 302)
    assert len(lines(company.fresh(record), move)) == 1
