"""Every type through the gate: entered, numbered, found, moved through every state, removed and restored."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import SYSTEM, Role
from models.kernel.base.search import contains
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of, faults_in
from models.kernel.gate.waiting import COLLECTION, waiting_for
from models.kernel.rights import rights

REASONED = Context(reason="tried", signed=True)
TYPES = pytest.mark.parametrize("cls", catalogue.values(), ids=lambda cls: cls.__name__)
STATES = pytest.mark.parametrize(
    ("cls", "state"),
    [(cls, state) for cls in catalogue.values() if cls.declared.workflow for state in cls.declared.workflow.states],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)


def stored(record: Any) -> dict[str, Any]:
    return dict(type(record)._get_collection().find_one({"_id": record.id}) or {})


def is_refused(record: Any, verb: str, actor: Any, version: int) -> bool:
    """Whether a move is refused and leaves everything as it was."""
    before, told = stored(record), len(entries_of(record.id))
    try:
        changes.move(type(record), record.id, verb, actor=actor, version=version, context=REASONED)
    except (Refused, Changed, Missing):
        return stored(record) == before and len(entries_of(record.id)) == told
    return False


def is_sound(record: Any) -> bool:
    """Whether the history holds, counts the versions, and ends where the record stands."""
    entries = entries_of(record.id)
    versions = [entry["version"] for entry in entries if entry["verb"] not in ("attach", "detach", "comment", "read")]
    return not list(faults_in(entries, record.chain)) and versions == list(range(1, record.version + 1))


@TYPES
def test_a_record_has_number_title_and_history(cls: Any, company: Any) -> None:
    record = company.make(cls.declared.name)
    pattern = re.escape(cls.declared.number).replace(r"\{", "{").replace(r"\}", "}")
    for place, form in {"{department}": "[A-Z]{2,6}", "{yyyy}": r"\d{4}", "{mm}": r"\d{2}", "{dd}": r"\d{2}"}.items():
        pattern = pattern.replace(place, form)
    pattern = re.sub(r"\{seq:?(\d*)\}", lambda found: rf"\d{{{found[1] or 1},}}", pattern)
    assert re.fullmatch(pattern, record.number), record.number
    assert record.title.strip()
    assert record.version == 1
    assert is_sound(record)
    assert record.state == (cls.declared.workflow.start if cls.declared.workflow else None)


@TYPES
def test_a_record_is_found_by_its_number_and_not_by_strangers(cls: Any, company: Any) -> None:
    record = company.make(cls.declared.name)
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
def test_a_record_goes_to_the_bin_and_comes_back(cls: Any, company: Any) -> None:
    record = company.make(cls.declared.name)
    people = [company.actor(login) for login in company.logins]
    someone = next((one for one in people if rights.may_remove(one, record)), SYSTEM)
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
    assert not any(is_sound(one) for one in (record, removed)), "the head of the history moved on"


@TYPES
def test_two_records_have_different_numbers(cls: Any, company: Any) -> None:
    first, second = company.make(cls.declared.name), company.make(cls.declared.name)
    assert first.number != second.number


@STATES
def test_every_state_is_reached_and_left_only_by_legal_moves(cls: Any, state: str, company: Any) -> None:
    """Walked to a state by legal moves, a record refuses there all that its workflow does not allow."""
    record = company.walk(company.make(cls.declared.name), state)
    people = [company.actor(login) for login in company.logins]
    assert is_sound(record)
    the_case_is_open_for_this_state(record)
    moves_that_do_not_leave_it_are_refused(record, people)
    the_last_move_is_not_made_twice(record, people)
    nobody_decides_on_their_own(record, people)
    closed_fields_stay_closed(record, people)


def the_case_is_open_for_this_state(record: Any) -> None:
    case, expected = record._get_db()[COLLECTION].find_one({"_id": record.id}), waiting_for(record)
    if expected is None:
        assert case is None
    else:
        assert case is not None
        assert (case["state"], case["version"]) == (record.state, record.version)


def moves_that_do_not_leave_it_are_refused(record: Any, people: list[Any]) -> None:
    """Whoever asks; and those that leave it, to all whose move it is not."""
    for verb in record.flow().verbs():
        chosen = record.flow().find(verb, record.state)
        if chosen is None:
            assert is_refused(record, verb, SYSTEM, record.version), f"{verb} by the system"
        for person in people:
            if chosen is None or not rights.may_move(person, record, chosen):
                assert is_refused(record, verb, person, record.version), f"{verb} by {person.login}"


def the_last_move_is_not_made_twice(record: Any, people: list[Any]) -> None:
    """Sent again with the version that it was made on."""
    made = [entry for entry in entries_of(record.id) if entry["verb"] in record.flow().verbs() and entry["actor"]]
    for entry in made[-1:]:
        person = next(one for one in people if one.id == entry["actor"])
        assert is_refused(record, entry["verb"], person, entry["version"] - 1), f"{entry['verb']} twice"


def nobody_decides_on_their_own(record: Any, people: list[Any]) -> None:
    """Not with every role of the company, nor as the deputy of everybody in it."""
    for chosen in (one for one in record.flow().out_of(record.state) if one.is_decision):
        for own in {record.ref("owner"), record.ref("submitted_by")} - {None}:
            me = next(one for one in people if one.id == own)
            department = record.ref("department")
            mighty = replace(me, roles=frozenset(Role), department=department, principals=tuple(people))
            assert is_refused(record, chosen.verb, mighty, record.version), f"{chosen.verb} by {me.login} themselves"


def closed_fields_stay_closed(record: Any, people: list[Any]) -> None:
    """Where the fields may no longer be changed, nobody changes them, not even the head; but for those declared so."""
    if record.state in record.flow().edit:
        return
    before = stored(record)
    late = {
        name for name, field in record.declared.own_fields.items() if record.state in getattr(field, "editable_in", ())
    }
    for person in people:
        names = rights.writable_fields(person, type(record), record) & set(record.declared.own_fields)
        if late and names:
            assert names <= late
            changes.update(type(record), record.id, {"number": "?"}, actor=person, version=record.version)
            continue
        with pytest.raises((Refused, Missing)):
            changes.update(type(record), record.id, dict.fromkeys(names), actor=person, version=record.version)
    assert stored(record) == before
