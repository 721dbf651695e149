"""Every type that names people or shows fields by relation: who sees the row, and where the value stands."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pypdf
from bson import ObjectId

from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.waiting import COLLECTION
from models.kernel.language.relations import WRITE, Relation
from models.kernel.rights import rights
from tests.fixtures._types import types_with
from tests.fixtures.company import Stuck

NAMED = types_with(lambda declared: declared.access.named)
BY_RELATION = types_with(
    lambda declared: [name for name, field in declared.own_fields.items() if isinstance(field.see, Relation)]
)
MARK = "只給相關人員"
ONE_RECORD = ("details/", "history/", "edit/", "delete/")
MAY_STAND = {*ONE_RECORD, "copy", "print/"}


def named_in(cls: Any, record: Any, path: str, users: Any) -> dict[str, Any]:
    """The value that names somebody at a path of a record, where it is a field or a column of lines."""
    name, _, column = path.partition(".")
    field = cls._fields[name]
    if not column:
        return {name: users if isinstance(record.raw(name), list) or field.target == "" else users[0]}
    if not field.columns:
        return {}
    line = field.field.document_type
    needed = {c: "樣品" for c, content in field.columns.items() if content.required and content.is_text}
    rows = record.raw(name) or [line(**needed)]
    rows[0]._data[column] = users[0]
    return {name: rows}


def sees(person: Any, record: Any) -> bool:
    scope = rights.visible(person, type(record))
    return scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None


AT_HOME = types_with(lambda declared: declared.access.home and not declared.inherits)


@AT_HOME
def test_what_others_enter_belongs_to_its_home(cls: Any, company: Any) -> None:
    home = cls.declared.access.home
    makers = [p for login in company.logins if rights.may_create(p := company.actor(login), cls)]
    stranger = next(person for person in makers if person.department_code != home)
    login = next(login for login in company.logins if company.users[login] == stranger.id)
    made = company.make(cls.declared.name, login)
    assert made.ref("department") == company.department(home)
    assert sees(stranger, made), "who enters it goes on seeing it"


@NAMED
def test_people_named_in_a_record_see_it_while_they_are(cls: Any, record: Any, company: Any) -> None:
    for path, may in cls.declared.access.named.items():
        record = company.fresh(record)
        strangers = [p for login in company.logins if not sees(p := company.actor(login), record)]
        assert strangers, "everybody sees it already, so nobody need be named"
        stranger = strangers[0]
        as_it_was = company.fresh(record)
        before = {name: as_it_was.raw(name) for name in named_in(cls, record, path, [stranger.id])}
        if not before:
            continue  # named in a linked record: held by its own test
        record = changes.update(cls, record.id, named_in(cls, record, path, [stranger.id]), actor=SYSTEM, version=None)
        assert sees(stranger, record)
        assert rights.is_writer(stranger, cls, record) == (may is WRITE)
        assert not sees(strangers[-1], record) or strangers[-1].id == stranger.id
        record = changes.update(cls, record.id, before, actor=SYSTEM, version=None)
        assert not sees(stranger, record)


@NAMED
def test_whoever_is_only_named_has_the_type_in_the_menu_while_a_record_names_them(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    """It costs no query of its own, and the list opens for them either way."""
    known = {login: company.actor(login) for login in company.logins}
    by_name = [login for login, person in known.items() if rights.knows_by_name_alone(person, cls)]
    assert not [login for login in by_name if rights.may_create(known[login], cls)]
    if not cls.declared.in_menu or not by_name:
        return
    login = by_name[-1]
    path = next((path for path in cls.declared.access.named if named_in(cls, record, path, [0])), None)
    if path is None:  # people of linked records alone
        return
    browser, address = browser_as(login), f"/admin/{cls.declared.name}/"
    assert not sees(known[login], record)
    assert f'href="{address}"' not in menu_of(browser)
    assert browser.get(address).status_code == 200
    before = {name: record.raw(name) for name in named_in(cls, record, path, [0])}
    named = named_in(cls, company.fresh(record), path, [known[login].id])
    record = changes.update(cls, record.id, named, actor=SYSTEM, version=None)
    assert f'href="{address}"' in menu_of(browser)
    changes.update(cls, record.id, before, actor=SYSTEM, version=None)
    assert f'href="{address}"' not in menu_of(browser)


def menu_of(browser: Any) -> str:
    return str(browser.get("/admin/notices/").text.split('id="menu"')[1].split("</nav>")[0])


@NAMED
def test_who_is_waited_for_sees_the_record(cls: Any, record: Any, company: Any, made_anew: Callable[[], Any]) -> None:
    """At every stop of a walk, whoever the open case names finds the record itself; where one walk does not come to the
    end, the rest is walked from the start."""

    def look(stop: Any) -> None:
        case = stop._get_db()[COLLECTION].find_one({"_id": stop.id}) or {}
        addresses = {*case.get("decide", ()), *case.get("act", ())}
        for login in company.logins:
            person = company.actor(login)
            if addresses & set(person.addresses()):
                assert sees(person, stop), f"{login} is waited for at {stop.state!r}"

    if not cls.declared.workflow:
        return
    try:
        company.walk(record, sorted(cls.declared.workflow.ends)[0], stop=look)
    except (Stuck, Refused):
        record = made_anew()
        for state in cls.declared.workflow.states:
            try:
                record = company.walk(record, state, stop=look)
            except (Stuck, Refused):
                record = company.walk(made_anew(), state, stop=look)


def pages_of(browser: Any, cls: Any, id: ObjectId) -> Iterator[tuple[str, str]]:
    """Every page and file on which a value of a record could stand."""
    base, record = f"/admin/{cls.declared.name}/", {"id": id}
    visits: list[tuple[str, str, dict[str, Any]]] = [(path, base + path, record) for path in ONE_RECORD]
    visits += [(f"version {number}", f"{base}history/", {**record, "version": number}) for number in range(1, 9)]
    visits += [(path, base + path, {}) for path in ("", "new/", "export/csv/", "help/")]
    visits += [("copy", f"{base}new/", {"copy": id}), ("board", "/admin/board/", {"type": cls.declared.name})]
    visits += [(path, f"/admin/{path}/", {}) for path in ("inbox", "calendar", "notices")]
    visits += [("home", "/admin/", {})]
    visits += [(path, f"/admin/{path}/", {"q": MARK}) for path in ("search", "palette")]
    for name, path, query in visits:
        yield name, browser.get(path, query).get_data(as_text=True)
    printed = browser.get(f"{base}print/", record)
    if printed.mimetype == "application/pdf":
        pages = pypdf.PdfReader(io.BytesIO(printed.get_data())).pages
        yield "print/", "".join(page.extract_text() for page in pages)


def one_of_each(company: Any, stop: Any, shown: dict[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """One login for each way in which people meet the fields of a record, with the fields that it sees."""
    ways: dict[tuple[bool, frozenset[str]], str] = {}
    for login in company.logins:
        person = company.actor(login)
        is_reader = sees(person, stop)
        seen = frozenset(name for name, field in shown.items() if is_reader and rights.sees(person, field, stop))
        ways.setdefault((is_reader, seen), login)
    yield from ((login, seen) for (_, seen), login in ways.items())


@BY_RELATION
def test_a_field_by_relation_stands_where_its_reader_is(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    """At the stops of a walk: on the pages of the one record for who sees it there, and on no page for all others."""
    shown = {
        name: field
        for name, field in cls.declared.own_fields.items()
        if isinstance(field.see, Relation) and field.is_text and not field.computed
    }
    marks = {name: f"{MARK}{name}" for name in shown}
    record = changes.update(cls, record.id, marks, actor=SYSTEM, version=None)
    for name in shown:  # once more, so that the history tells of a change
        changes.update(cls, record.id, {name: f"先前{marks[name]}"}, actor=SYSTEM, version=None)
        record = changes.update(cls, record.id, {name: marks[name]}, actor=SYSTEM, version=None)
    seen_at: set[str] = set()

    def look(stop: Any) -> None:
        if (stop.state or "") in seen_at:
            return
        seen_at.add(stop.state or "")
        for login, seen in one_of_each(company, stop, shown):
            pages = dict(pages_of(browser_as(login, is_new=True), cls, stop.id))
            for name in shown:
                places = {path for path, text in pages.items() if marks[name] in text}
                where = f"{name} for {login} at {stop.state!r}: {sorted(places)}"
                assert ("details/" in places) == (name in seen), where
                assert name in seen or not places, where
                assert not {path for path in places if path not in MAY_STAND and not path.startswith("version")}, where

    if cls.declared.workflow:
        company.walk(record, sorted(cls.declared.workflow.ends)[0], stop=look)
    else:
        look(record)
