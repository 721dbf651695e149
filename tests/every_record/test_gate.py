"""Every type through the gate: entered, numbered, found, removed and restored; its states are in test_states.py."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.search import contains
from models.kernel.gate import changes
from models.kernel.gate.waiting import COLLECTION
from models.kernel.rights import rights
from tests.fixtures._sound import is_sound
from tests.fixtures._types import TYPES


@TYPES
def test_a_record_has_number_title_and_history(cls: Any, record: Any, company: Any) -> None:
    pattern = re.escape(cls.declared.number).replace(r"\{", "{").replace(r"\}", "}")
    for place, form in {"{department}": "[A-Z]{2,6}", "{yyyy}": r"\d{4}", "{mm}": r"\d{2}", "{dd}": r"\d{2}"}.items():
        pattern = pattern.replace(place, form)
    pattern = re.sub(r"\{seq:?(\d*)\}", lambda result: rf"\d{{{result[1] or 1},}}", pattern)
    assert re.fullmatch(pattern, record.number), record.number
    assert record.title.strip()
    assert record.version == 1
    assert is_sound(record)
    assert record.state == (cls.declared.workflow.start if cls.declared.workflow else None)


@TYPES
def test_a_record_is_found_by_its_number_and_not_by_strangers(cls: Any, record: Any, company: Any) -> None:
    assert cls._get_collection().find_one({**contains(record.number), "_id": record.id})
    assert cls._get_collection().find_one({**contains(record.number[-4:]), "_id": record.id})
    for login in company.logins:
        person, scope = company.actor(login), rights.visible(company.actor(login), cls)
        is_seen = scope is not None and bool(cls._get_collection().find_one({**scope, "_id": record.id}))
        try:
            assert rights.find(person, cls, record.id).id == record.id
            assert is_seen
        except Missing:
            assert not is_seen


@TYPES
def test_a_record_goes_to_the_bin_and_comes_back(cls: Any, record: Any, company: Any) -> None:
    people = [company.actor(login) for login in company.logins]
    someone = next((person for person in people if rights.may_remove(person, record)), SYSTEM)
    for person in people:
        if not rights.may_remove(person, record):
            with pytest.raises((Refused, Missing)):
                changes.remove(cls, record.id, actor=person, version=record.version)
    removed = changes.remove(cls, record.id, actor=someone, version=record.version)
    with pytest.raises(Missing):
        rights.find(someone, cls, record.id)
    assert not record._get_db()[COLLECTION].find_one({"_id": record.id})
    restored = changes.restore(cls, record.id, actor=someone)
    assert (restored.state, restored.number) == (record.state, record.number)
    assert restored.version == removed.version + 1
    assert is_sound(restored)
    assert not any(is_sound(item) for item in (record, removed)), "the head of the history moved on"


@TYPES
def test_two_records_have_different_numbers(cls: Any, record: Any, company: Any) -> None:
    assert company.make(cls.declared.name).number != record.number
