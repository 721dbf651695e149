"""Every state of every type: walked to by legal moves, a record refuses at each stop all that its workflow forbids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import SYSTEM, Role
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of
from models.kernel.gate.waiting import COLLECTION, waiting_for
from models.kernel.language.relations import Relation
from models.kernel.rights import rights
from tests.fixtures._sound import is_sound
from tests.fixtures._types import FLOWS
from tests.fixtures.company import Stuck
from tests.fixtures.http import reader

COUNTED = re.compile(r'<td class="number"><a href="([^"]+)">([0-9,]+)<')
CASES_TRIED = 3
REASONED = Context(reason="tried", signed=True)


@FLOWS
def test_every_state_is_reached_and_left_only_by_legal_moves(
    cls: Any, company: Any, made_anew: Callable[[], Any], browser_as: Any
) -> None:
    """One walk as far as it goes, and from the start for what is not reached from there; all is tried at every stop."""
    stops, record = Stops(company, browser_as), made_anew()
    for state in cls.declared.workflow.states:
        if state not in stops.seen:
            try:
                record = company.walk(record, state, stop=stops.look)
            except (Stuck, Refused):
                record = company.walk(made_anew(), state, stop=stops.look)
    assert stops.seen == {*cls.declared.workflow.states}
    the_process_page_is_true(cls, browser_as(reader(company, cls, record), is_new=True), record)


def the_process_page_is_true(cls: Any, browser: Any, record: Any) -> None:
    """What the walk has done stands on the page of the process; each number is the count of the cases behind it."""
    page = browser.get(f"/admin/process/{cls.declared.name}/", {"all": "1"})
    assert page.status_code == 200
    counted = COUNTED.findall(page.text)
    moved = any(entry["state_from"] for entry in entries_of(record.id))
    assert bool(counted) >= moved
    for url, number in counted[:CASES_TRIED]:
        cases = browser.page(unescape(url))
        assert len([row for row in cases.rows if any(row)]) == 1 + int(number)


class Stops:
    """Looks at a record wherever its walk stops, once in each state."""

    def __init__(self, company: Any, browser_as: Any):
        self.company, self.browser_as = company, browser_as
        self.people = [company.actor(login) for login in company.logins]
        self.seen: set[str] = set()

    def look(self, record: Any) -> None:
        """Try everything that may not be done here; a failure says at which stop."""
        if record.state in self.seen:
            return
        self.seen.add(record.state)
        for check in (sound, opens_a_case, moves_only_along_its_flow, moves_once, is_decided_by_others, stays_closed):
            for fault in check(record, self.people):
                pytest.fail(f"{type(record).__name__} at {record.state!r}: {fault}")
        browser = self.browser_as(reader(self.company, type(record), record), is_new=True)
        page = browser.get(f"/admin/{record.declared.name}/details/", {"id": record.id})
        assert page.status_code == 200, f"{type(record).__name__} at {record.state!r}: {page.status}"


def sound(record: Any, people: list[Any]) -> Iterator[str]:
    if not is_sound(record):
        yield "its history does not hold"


def opens_a_case(record: Any, people: list[Any]) -> Iterator[str]:
    case, expected = record._get_db()[COLLECTION].find_one({"_id": record.id}), waiting_for(record)
    if (case is None) != (expected is None):
        yield f"waiting for {expected}, but the case is {case}"
    if case and (case["state"], case["version"]) != (record.state, record.version):
        yield f"its case is of {case['state']!r}, version {case['version']}"


def unlike(record: Any, people: list[Any]) -> list[Any]:
    """One of those who stand to a record alike: by their roles, whether it is of their department, what names them."""
    named, department = str(stored(record)), record.ref("department")
    standing = {(each.roles, each.department == department, str(each.id) in named and each.id): each for each in people}
    return list(standing.values())


def moves_only_along_its_flow(record: Any, people: list[Any]) -> Iterator[str]:
    """Moves that do not leave this state, for the system and those who have to do with the record; and those that leave
    it, for all whose move it is not."""
    before, people = footprint(record), unlike(record, people)
    near = [SYSTEM, *(person for person in people if str(person.id) in str(before) or len(person.roles) > 1)]
    for verb in record.flow().verbs():
        chosen = record.flow().find(verb, record.state)
        barred = [person for person in people if chosen and not rights.may_move(person, record, chosen)]
        for person in barred if chosen else near:
            if not is_refused(record, verb, person, record.version):
                yield f"{verb!r} by {person.login or 'the system'} is not refused"
        if footprint(record) != before:
            yield f"{verb!r} is refused and leaves a trace"


def moves_once(record: Any, people: list[Any]) -> Iterator[str]:
    """The last move, sent again with the version that it was made on."""
    made = [entry for entry in entries_of(record.id) if entry["verb"] in record.flow().verbs() and entry["actor"]]
    for entry in made[-1:]:
        person, before = next(person for person in people if person.id == entry["actor"]), footprint(record)
        if not is_refused(record, entry["verb"], person, entry["version"] - 1) or footprint(record) != before:
            yield f"{entry['verb']!r} is made twice"


def is_decided_by_others(record: Any, people: list[Any]) -> Iterator[str]:
    """Not with every role of the company, nor as the deputy of everybody in it, do they decide on their own."""
    for chosen in (move for move in record.flow().out_of(record.state) if move.is_decision):
        for own in {record.ref("owner"), record.ref("submitted_by")} - {None}:
            me = next(person for person in people if person.id == own)
            department = record.ref("department")
            mighty = replace(me, roles=frozenset(Role), department=department, principals=tuple(people))
            before = footprint(record)
            if not is_refused(record, chosen.verb, mighty, record.version) or footprint(record) != before:
                yield f"{chosen.verb!r} by {me.login} on their own"


def stays_closed(record: Any, people: list[Any]) -> Iterator[str]:
    """Where the fields may no longer be changed, nobody changes them, not even the head; but for those declared so."""
    if record.state in record.flow().edit:
        return
    before, own = stored(record), record.declared.own_fields
    late = {name for name, field in own.items() if record.state in field.editable_in or _is_by_relation(field, record)}
    for person in unlike(record, people):
        names = rights.writable_fields(person, type(record), record) & {*own}
        if late and names and rights.may_update(person, record):
            if not names <= late:
                yield f"{person.login} may change {names - late}"
            changes.update(type(record), record.id, {"number": "?"}, actor=person, version=record.version)
        elif not is_update_refused(record, person, names):
            yield f"{person.login} changes it"
    if stored(record) != before:
        yield "something was changed"


def _is_by_relation(field: Any, record: Any) -> bool:
    """Whether a field is set by relation in the state of a record, which may be closed otherwise."""
    return isinstance(field.edit, Relation) and record.state in field.edit.states


def is_update_refused(record: Any, person: Any, names: set[str]) -> bool:
    try:
        changes.update(type(record), record.id, dict.fromkeys(names), actor=person, version=record.version)
    except (Refused, Missing):
        return True
    return False


def is_refused(record: Any, verb: str, actor: Any, version: int) -> bool:
    try:
        changes.move(type(record), record.id, verb, actor=actor, version=version, context=REASONED)
    except (Refused, Changed, Missing):
        return True
    return False


def footprint(record: Any) -> tuple[dict[str, Any], int]:
    """What a refused move leaves as it was: the record as it is stored, and the length of its history."""
    return stored(record), len(entries_of(record.id))


def stored(record: Any) -> dict[str, Any]:
    return dict(type(record)._get_collection().find_one({"_id": record.id}) or {})
