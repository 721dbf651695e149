"""Every type with lines: each line keeps its key and what stands in it, whoever works on which line and how."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from models.kernel.base.errors import Changed, Refused
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

LINED = types_with(lambda declared: any(field.columns for field in declared.own_fields.values()))


def lists_of(cls: Any) -> list[str]:
    return [name for name, field in cls.declared.own_fields.items() if field.columns]


def given(record: Any, name: str) -> list[Any]:
    """The lines of a list as somebody holds them who has read the record."""
    return list(type(record)._from_son(record._get_collection().find_one({"_id": record.id})).raw(name) or [])


def write(record: Any, name: str, lines: list[Any]) -> Any:
    return changes.update(type(record), record.id, {name: lines}, actor=SYSTEM, version=None)


@pytest.fixture
def filled(cls: Any, record: Any, company: Any) -> Any:
    """A record with three lines in each of its lists, or as many as the rules of its type take."""
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True)
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
        again = write(filled, name, list(reversed(lines)))
        assert [line.key for line in again.raw(name)] == keys[::-1]
        assert [line.key for line in write(filled, name, lines).raw(name)] == keys


@LINED
def test_a_copy_has_keys_of_its_own(cls: Any, filled: Any) -> None:
    for name in lists_of(cls):
        assert not any(line.key for line in kind_of(cls._fields[name]).copied(filled.raw(name)))


@LINED
def test_a_line_that_is_put_back_is_the_same_line(cls: Any, filled: Any) -> None:
    for name in lists_of(cls):
        lines = given(filled, name)
        shorter = write(filled, name, lines[1:])
        past = history.as_of(shorter.to_mongo().to_dict(), history.entries_of(filled.id), shorter.version - 1)
        back = write(filled, name, cls._from_son(past).raw(name))
        assert [line.key for line in back.raw(name)] == [line.key for line in lines]


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
    for name in lists_of(cls):
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


def text_column(cls: Any, name: str) -> str | None:
    """A column of a list in which anything may stand."""
    columns = cls.declared.own_fields[name].columns.items()
    return next((c for c, field in columns if type(field) is Text and not (field.computed or field.edit)), None)


def writer(company: Any, record: Any, name: str) -> Any:
    """Somebody who may set a list of a record."""
    people = (company.actor(login) for login in company.logins)
    return next((p for p in people if rights.may_update(p, record) and rights.may_set(p, record, name)), None)
