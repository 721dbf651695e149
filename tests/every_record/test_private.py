"""Types that are private, reasons that some people read, and what somebody did not see while it was so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import Role
from models.kernel.gate import history
from models.kernel.gate.case_notices import reached_of
from models.kernel.gate.waiting import COLLECTION as WAITING
from models.kernel.language.relation_checks import shown_by_state
from models.kernel.language.relations import Relation
from models.kernel.language.spec import DEFAULT_READ, Scope
from models.kernel.rights import rights
from tests.fixtures._types import types_with
from tests.fixtures.company import Stuck
from views.api.records import at_version, entries_json
from views.home.cases import mine, overseen_late, to_decide
from views.page.timeline import timeline

PRIVATE = types_with(lambda declared: declared.access.private)
REASONED = types_with(lambda declared: declared.workflow and any(move.reason_see for move in declared.workflow.moves))
BY_STATE = pytest.mark.parametrize(
    "cls", [cls for cls in catalogue.values() if shown_by_state(cls)], ids=lambda cls: cls.__name__
)
SECRET = "只給部分人員看的原因"


def late_case(record: Any, place: str, *addresses: str) -> None:
    """An open case of a record that is long due."""
    case = {"decide": [], "act": [], place: list(addresses), "type": record.type_name(), "number": record.number}
    case |= {"title": record.title, "department": record.ref("department"), "state": record.state, "version": 1}
    case |= {"due": clock.now() - dt.timedelta(days=3), "since": clock.now(), "barred": []}
    get_db()[WAITING].replace_one({"_id": record.id}, case, upsert=True)


def waits_for(me: Any) -> set[Any]:
    work = [case for group in mine(me, catalogue)[0].values() for case in group]
    return {row["_id"] for row in (*to_decide(me, 50), *work)}


def relations_of(cls: Any) -> Iterator[Any]:
    yield from (field for field in cls.declared.own_fields.values() if isinstance(field.see, Relation))


@PRIVATE
def test_before_what_is_private_nobody_stands_in(cls: Any, record: Any, company: Any) -> None:
    """A deputy of everybody gets no rows, fields, moves, open cases or notices of those who are absent."""
    owner = next(login for login in company.logins if company.users[login] == record.ref("owner"))
    alone = company.actor("clerk_prd" if owner != "clerk_prd" else "clerk_mkt")
    absent = tuple(company.actor(login) for login in {owner, "supervisor", "hr", "management", "head_sal"})
    person = replace(alone, principals=absent)
    assert rights.visible(person, cls) == rights.visible(alone, cls)
    assert [f.name for f in relations_of(cls) if rights.sees(person, f, record) != rights.sees(alone, f, record)] == []
    flow = cls.declared.workflow
    for move in flow.out_of(record.state) if flow else ():
        assert bool(rights.may_move(person, record, move)) == bool(rights.may_move(alone, record, move)), move.verb
    address = f"user:{company.users[owner]}"
    for place in ("decide", "act"):
        late_case(record, place, address)
        at_owner, at_deputy = waits_for(company.actor(owner)), waits_for(person)
        assert record.id in at_owner
        assert record.id not in at_deputy
    values = {"absent_from": clock.stored_day(clock.today()), "absent_until": clock.stored_day(clock.today())}
    get_db().user.update_one({"_id": company.users[owner]}, {"$set": {**values, "deputy": alone.id}})
    assert reached_of(record, [address]) == [company.users[owner]]


@PRIVATE
def test_who_looks_over_work_is_not_shown_what_is_private(cls: Any, record: Any, company: Any) -> None:
    """Late cases of others stand on the home page of heads, management and supervision: not those of private types."""
    late_case(record, "act", f"user:{company.users['clerk_sal']}")
    for login in company.logins:
        late = overseen_late(company.actor(login), catalogue, 50) or []
        if record.id in {row["_id"] for row in late}:
            assert rights.visible(company.actor(login), cls) == {"removed_at": None}, login


@PRIVATE
def test_supervision_sees_what_is_private_as_a_reader_of_all_and_not_its_own(
    cls: Any, record: Any, company: Any
) -> None:
    """Somebody who is of human resources, too, and a supervisor before their own record, go by the fields alone."""
    hr, supervisor = company.actor("hr"), company.actor("supervisor")
    both = replace(hr, roles=hr.roles | {Role.SUPERVISOR})
    reads_all = {**DEFAULT_READ, **cls.declared.access.read}[Role.SUPERVISOR] is Scope.ALL
    reads_all &= hr.id not in {record.ref("owner"), *(record.raw("seen_by") or ())}
    for field in relations_of(cls):
        holds = field.see.holds(record, [both])
        assert rights.sees(both, field, record) == (not field.internal and (holds or reads_all)), field.name
    record._data["owner"] = supervisor.id
    for field in relations_of(cls):
        assert rights.sees(supervisor, field, record) == (not field.internal and field.see.holds(record, [supervisor]))


@REASONED
def test_a_reason_is_read_by_those_it_is_for(cls: Any, record: Any, company: Any) -> None:
    """In the history of the page and of the API, in every state; without a record, by nobody."""
    flow, entry = cls.declared.workflow, history.entries_of(record.id)[-1]
    for move in (move for move in flow.moves if move.reason_see):
        said = {**entry, "verb": move.verb, "reason": SECRET, "changes": []}
        for login in company.logins:
            me = company.actor(login)
            for state in flow.states:
                record.state = state
                viewer = rights.Viewer(me, record)
                may = rights.oversees(me, record) or move.reason_see.holds(record, [me])
                assert (SECRET in str(timeline(cls, [said], viewer))) == may, (login, state)
                assert (SECRET in str(entries_json(cls, [said], viewer))) == may, (login, state)
            assert SECRET not in str(timeline(cls, [said], rights.Viewer(me)))


@BY_STATE
def test_what_somebody_did_not_see_then_they_do_not_see_later(cls: Any, record: Any, company: Any) -> None:
    """After a walk, each earlier version shows a field to whom it is shown now and was shown in the state of then."""
    try:
        record = company.walk(record, sorted(cls.declared.workflow.ends)[0])
    except (Stuck, Refused):
        record = company.fresh(record)
    names = [name for name, field in cls.declared.own_fields.items() if isinstance(field.see, Relation)]
    entries = history.entries_of(record.id)
    around = history.states_around(record, entries)
    assert [around[entry["seq"]][1] for entry in entries][-1] == record.state
    assert [around[e["seq"]][1] for e in entries if e.get("state_to")] == [
        e["state_to"] for e in entries if e.get("state_to")
    ]
    for login in company.logins:
        me = company.actor(login)
        for entry in entries:
            then = around[entry["seq"]][1]
            content = at_version(record, me, entry["version"])
            for name in names:
                field = cls._fields[name]
                may = rights.sees(me, field, record) and rights.sees(me, field, record, then)
                assert (name in content) == may, (login, name, then)


KEPT = types_with(lambda declared: declared.access.kept_from)


@KEPT
def test_no_office_shows_somebody_what_is_about_them_before_it_names_them(
    cls: Any, record: Any, company: Any, browser_as: Any, program: Any
) -> None:
    """Record, history, print, list, export, search and API: what is about another is there, what is about oneself is
    not, until the record names them; nor in the archive for who keeps it."""
    rows, field, base = cls.collection(), cls.declared.access.kept_from, f"/admin/{cls.declared.name}/"

    def is_about(login: str) -> None:
        values = {field: company.users[login], "seen_by": [], "department": company.actor("head_sal").department}
        rows.update_one({"_id": record.id}, {"$set": values})

    def places(login: str) -> Iterator[bool]:
        browser = browser_as(login)
        yield from (
            browser.get(f"{base}{path}/", {"id": record.id}).status_code == 200
            for path in ("details", "history", "print")
        )
        yield record.number in browser.get(f"{base}export/csv/").text
        for path, query in ((base, {"size": "200"}), ("/admin/search/", {"q": record.number})):
            yield str(record.id) in browser.get(path, query).text
        yield program(login).get(f"{cls.declared.name}/{record.id}").status_code == 200

    is_about("clerk_sal")
    readers = [
        login for login in company.logins if rows.find_one(rights.visible(company.actor(login), cls) or {"_id": 0})
    ]
    assert readers
    for login in readers:
        assert set(places(login)) == {True}, login
        is_about(login)
        assert set(places(login)) == {False}, login
        is_about("clerk_sal")
    keeper = company.actor("records")
    assert rights.visible_archived(keeper, cls) == {field: {"$ne": keeper.id}}
