"""Every type with lines: each line keeps its key and what stands in it, whoever works on which line and how."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history
from models.kernel.gate.search_parts import refresh
from models.kernel.language.fields import Text
from models.kernel.language.kinds.lines import is_key
from models.kernel.rights import rights
from models.services.keeping.audit import record_faults
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from views.kinds import kind_of

LINED = types_with(lambda declared: any(f.columns and not f.derived for f in declared.own_fields.values()))


def lists_of(cls: Any) -> list[str]:
    return [name for name, field in cls.declared.own_fields.items() if field.columns and not field.derived]


def changeable(cls: Any) -> list[str]:
    """The lists whose lines may be changed and removed."""
    return [name for name in lists_of(cls) if not cls.declared.own_fields[name].append_only]


def given(record: Any, name: str) -> list[Any]:
    """The lines of a list as somebody holds them who has read the record."""
    return list(type(record)._from_son(record._get_collection().find_one({"_id": record.id})).raw(name) or [])


def write(record: Any, name: str, lines: list[Any]) -> Any:
    return changes.update(type(record), record.id, {name: lines}, actor=SYSTEM, version=None)


@pytest.fixture
def filled(cls: Any, record: Any, company: Any) -> Any:
    """A record with three lines in each of its lists, or as many as the rules of its type take."""
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True, record=record)
    for name in lists_of(cls):
        line = next(iter(guesses.options(cls._fields[name], [])))[0]
        data = {column: value for column, value in line._data.items() if column != "key"}
        for count in (3, 2, 1):
            with contextlib.suppress(Refused):
                record = write(record, name, [type(line)(**data) for _ in range(count)])
                break
        assert given(record, name), f"no line of {name} was taken"
    return record


@LINED
def test_each_line_has_a_key_that_stays(cls: Any, filled: Any) -> None:
    for name in lists_of(cls):
        lines = given(filled, name)
        keys = [line.key for line in lines]
        assert all(is_key(key) for key in keys)
        assert len(set(keys)) == len(keys)
        if name not in changeable(cls):
            continue
        again = write(filled, name, list(reversed(lines)))
        assert [line.key for line in again.raw(name)] == keys[::-1]
        assert [line.key for line in write(filled, name, lines).raw(name)] == keys


@LINED
def test_a_copy_has_keys_of_its_own(cls: Any, filled: Any) -> None:
    for name in lists_of(cls):
        assert not any(line.key for line in kind_of(cls._fields[name]).copied(filled.raw(name)))


@LINED
def test_a_line_that_is_put_back_is_the_same_line(cls: Any, filled: Any) -> None:
    for name in changeable(cls):
        lines = given(filled, name)
        if cls._fields[name].required and len(lines) == 1:
            continue  # the rules of the type take one line, and not none
        if cls._fields[name].whole:
            continue  # a table lacks no line
        shorter = write(filled, name, lines[1:])
        if len(shorter.raw(name)) == len(lines):
            continue  # the type itself keeps a line for each of what it names
        past = history.as_of(shorter.to_mongo().to_dict(), history.entries_of(filled.id), shorter.version - 1)
        back = write(filled, name, cls._from_son(past).raw(name))
        assert [line.key for line in back.raw(name)] == [line.key for line in lines]


@LINED
def test_a_form_and_a_draft_keep_the_keys(cls: Any, filled: Any, company: Any, browser_as: Any) -> None:
    """Sent as it was drawn, and gone on with from a draft, each line is the one that it was."""
    base = f"/admin/{cls.declared.name}/"
    for name in changeable(cls):
        login = next((n for n in company.logins if may_write(company.actor(n), filled, name)), None)
        if login is None:
            continue
        browser, keys = browser_as(login), [line.key for line in given(filled, name)]
        form = browser.form(f"{base}edit/", "/edit/", id=filled.id)
        assert [form[f"{name}-{at}-key"] for at in range(len(keys))] == keys
        assert browser.send(form).status_code == 302
        assert [line.key for line in given(filled, name)] == keys
        form = browser.form(f"{base}edit/", "/edit/", id=filled.id)
        browser.post(f"{base}draft/", {**form, "id": filled.id}, headers={"X-Requested-With": "XMLHttpRequest"})
        drafted = browser.form(f"{base}edit/", "/edit/", id=filled.id, draft=1)
        assert [drafted[f"{name}-{at}-key"] for at in range(len(keys))] == keys


@LINED
def test_lines_of_before_keys_are_known_by_what_they_say(cls: Any, filled: Any) -> None:
    """An old database: its lines are read with keys, which the sweep writes; its history holds before and after."""
    rows, entries = cls._get_collection(), filled._get_db()[history.COLLECTION]
    stored = rows.find_one({"_id": filled.id})
    bare = {name: [{k: v for k, v in line.items() if k != "key"} for line in stored[name]] for name in lists_of(cls)}
    rows.update_one({"_id": filled.id}, {"$set": {**bare, "sv": "old"}})
    old = without_keys(list(entries.find({"record": filled.id}).sort("seq", 1)))
    for name in lists_of(cls):
        first, second = ([line.key for line in given(filled, name)] for _ in range(2))
        assert first == second
        assert len(set(first)) == len(bare[name])
    row = rows.find_one({"_id": filled.id})
    assert not list(record_faults(row, rehashed(old, row)))
    assert refresh(cls, cls.type_name(), None)[0] == 1
    row = rows.find_one({"_id": filled.id})
    for name in lists_of(cls):
        assert [line["key"] for line in row[name]] == [line.key for line in given(filled, name)]
    assert not list(record_faults(row, rehashed(old, row)))


def without_keys(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries as they were written before lines had keys."""
    for change in (change for entry in entries for change in entry.get("changes", ())):
        for side in ("old", "new"):
            if isinstance(change.get(side), list) and change[side] and isinstance(change[side][0], dict):
                change[side] = [{k: v for k, v in line.items() if k != "key"} for line in change[side]]
    return entries


def rehashed(entries: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """The same entries, each following the one before it, and the record with their last."""
    head: dict[str, Any] = {}
    result = []
    for entry in entries:
        content = {k: v for k, v in entry.items() if k not in ("seq", "prev", "hash", "_id")}
        full, head = history.chained(content, head)
        result.append(full)
    row["chain"] = head
    return result


@LINED
def test_two_people_on_two_lines_and_on_one(cls: Any, filled: Any, company: Any) -> None:
    """Both are kept without a question; on one line the second is shown what the first did."""
    for name in changeable(cls):
        record = company.fresh(filled)
        column, person = text_column(cls, name), writer(company, record, name)
        if column is None or person is None or len(given(record, name)) < 3:
            continue
        seen, mine, theirs = record.version, given(record, name), given(record, name)
        mine[0].put(column, "甲")
        theirs[2].put(column, "乙")
        write(record, name, theirs)
        kept = changes.update(cls, record.id, {name: mine}, actor=person, version=seen)
        assert [kept.raw(name)[at].raw(column) for at in (0, 2)] == ["甲", "乙"]
        again = given(record, name)
        again[2].put(column, "丙")
        with pytest.raises(Changed):
            changes.update(cls, record.id, {name: again}, actor=person, version=seen)


ADDED_TO = types_with(
    lambda declared: any(field.columns and field.append_only for field in declared.own_fields.values())
)
BY_RIGHT = types_with(
    lambda declared: any(c.see or c.edit for field in declared.own_fields.values() for c in field.columns.values())
)
STEPWISE = types_with(
    lambda declared: any(c.is_line_state for field in declared.own_fields.values() for c in field.columns.values())
)


@ADDED_TO
def test_to_some_lists_is_only_added(cls: Any, filled: Any, company: Any, browser_as: Any) -> None:
    """Whatever is given for lines that stand: they stay as they are, signed; two who add at once both do, or the second
    is shown what the first has added, where that is declared."""
    for name in set(lists_of(cls)) - set(changeable(cls)):
        person = writer(company, filled, name)
        if person is None:
            continue  # in this state nobody adds to it
        before = filled.raw(name)
        bare = type(before[0])(**{c: before[0].raw(c) for c in cls._fields[name].columns if c not in ("by", "at")})
        seen = company.fresh(filled).version
        first = changes.update(cls, filled.id, {name: [bare]}, actor=person, version=seen)
        if cls._fields[name].in_turn:
            with pytest.raises(Changed):
                changes.update(cls, filled.id, {name: [copy(bare)]}, actor=person, version=seen)
            seen = company.fresh(filled).version
        other = changes.update(cls, filled.id, {name: [copy(bare)]}, actor=person, version=seen)
        assert [line.key for line in other.raw(name)][:-1] == [line.key for line in first.raw(name)]
        assert [line.ref("by") for line in other.raw(name)][-2:] == [person.id] * 2
        assert all(line.at for line in other.raw(name))
        spoilt = given(filled, name)
        for line in spoilt:
            line.put("by", None)
        for lines in ([], spoilt, spoilt[1:]):
            kept = changes.update(cls, filled.id, {name: lines}, actor=SYSTEM, version=None)
            assert [line.to_mongo() for line in kept.raw(name)] == [line.to_mongo() for line in other.raw(name)]


def copy(line: Any) -> Any:
    return type(line)(**{c: line.raw(c) for c in line._fields if c not in ("key", "by", "at")})


@BY_RIGHT
def test_columns_that_are_not_theirs_stay_as_they_are(cls: Any, filled: Any, company: Any, browser_as: Any) -> None:
    """In the gate and through the form: neither a blank nor a posted value reaches them, in old lines and new ones."""
    for name in changeable(cls):
        columns = cls._fields[name].columns
        closed = [c for c, f in columns.items() if (f.see or f.edit) and f.is_text]
        if not closed:
            continue
        lines = given(filled, name)
        for column in closed:
            lines[0].put(column, "原值")
        record = write(filled, name, lines)
        for login in company.logins:
            person = company.actor(login)
            if not may_write(person, record, name):
                continue
            mine = rights.settable_columns(person, cls, name, record)
            forged = given(record, name)
            for line in (*forged, new := copy(forged[0])):
                for column in closed:
                    line.put(column, "偽造")
            record = changes.update(cls, record.id, {name: [*forged, new]}, actor=person, version=record.version)
            for column in closed:
                held = [line.raw(column) for line in (record.raw(name)[0], record.raw(name)[-1])]
                assert held == (["偽造"] * 2 if column in mine else ["原值", columns[column].default]), (login, column)
            record = write(record, name, lines)
            browser = browser_as(login, is_new=True)
            form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=record.id)
            posted = {f"{name}-0-{column}": "偽造" for column in closed}
            assert not any(key in form for key in posted if key.rsplit("-", 1)[1] not in mine)
            text = browser.get(f"/admin/{cls.declared.name}/edit/", {"id": record.id}).text
            assert ("原值" in text) == any(rights.sees(person, columns[c], record) for c in closed)
            assert browser.send(form, **posted).status_code == 302
            record = company.fresh(record)
            for column in closed:
                assert record.raw(name)[0].raw(column) == ("偽造" if column in mine else "原值"), (login, column)
            record = write(record, name, lines)


def may_write(person: Any, record: Any, name: str) -> bool:
    try:
        record = rights.find(person, type(record), record.id)
    except Missing:
        return False
    return bool(rights.may_update(person, record) and rights.may_set(person, record, name))


@STEPWISE
def test_a_line_goes_from_state_to_state_as_declared(cls: Any, filled: Any, company: Any) -> None:
    for name in changeable(cls):
        for column, state in cls._fields[name].columns.items():
            if not state.is_line_state or state.steps is None:
                continue
            person, record = writer(company, filled, name), company.fresh(filled)
            for was in state.options:
                for to in state.options:
                    lines = given(record, name)
                    lines[0].put(column, was)
                    record = write(record, name, lines)
                    lines = given(record, name)
                    lines[0].put(column, to)
                    if state.leads(was, to):
                        record = changes.update(cls, record.id, {name: lines}, actor=person, version=record.version)
                        assert record.raw(name)[0].raw(column) == to
                        continue
                    with pytest.raises(Refused) as refusal:
                        changes.update(cls, record.id, {name: lines}, actor=person, version=record.version)
                    assert list(refusal.value.problems) == [f"{name}.0.{column}"]


def text_column(cls: Any, name: str) -> str | None:
    """A column of a list in which anything may stand."""
    columns = cls.declared.own_fields[name].columns.items()
    return next((c for c, field in columns if type(field) is Text and not (field.computed or field.edit)), None)


def writer(company: Any, record: Any, name: str) -> Any:
    """Somebody who may set a list of a record."""
    return next((p for login in company.logins if may_write(p := company.actor(login), record, name)), None)
