"""Every type over the API: entered, read, listed and changed by a program, each by the rights of its person."""

from __future__ import annotations

from typing import Any

from models.kernel.gate.fresh import fresh_fields
from models.kernel.language.fields import Secret
from models.kernel.rights import rights
from tests.fixtures._types import TYPES
from tests.fixtures._typing import valid_values
from tests.fixtures.http import writer
from views.api.records import names_of
from views.api.writing import SIGNED_BY_PEOPLE


def sent(cls: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Values of a record as a program sends them."""
    kept = cls(**values).to_mongo()
    fields = {name: field for name, field in cls._fields.items() if name in values and not field.is_signature}
    content = {name: fields[name].in_json(kept[name], lambda column: True) for name in fields if name in kept}
    return content | {name: values[name] for name, field in fields.items() if isinstance(field, Secret)}


def settable(content: dict[str, Any], cls: Any, names: Any) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name in names and name in cls._fields}


@TYPES
def test_a_program_enters_and_changes_a_record(cls: Any, company: Any, program: Any) -> None:
    """What a person may enter, their program may; read back and sent again it is the same, and nothing was lost."""
    login, name = writer(company, cls), cls.declared.name
    if login is None:
        assert {program(login).ask("POST", name, {}).status_code for login in company.logins} <= {403, 404}
        return
    person, client = company.actor(login), program(login)
    values = valid_values(company, cls, login)
    body = settable(sent(cls, values), cls, rights.writable_fields(person, cls))
    trial = client.ask("POST", f"{name}?rehearse=1&confirm=1", body)
    if any(body.get(field) for field in fresh_fields(cls) if not cls.fields_of()[field].is_flag):
        assert (trial.status_code, client.ask("POST", name, body).status_code) == (403, 403)
        return
    signed = any(field.is_signature and field.required for field in cls.declared.own_fields.values())
    assert trial.status_code == (422 if signed else 200), trial.text
    if signed:
        return
    answer = client.ask("POST", f"{name}?confirm=1", body, Idempotency_Key="first")
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert {field: made.get(field) for field in body if field not in _lines(cls)} == {
        field: value for field, value in body.items() if field not in _lines(cls)
    }
    again = client.ask("POST", f"{name}?confirm=1", body, Idempotency_Key="first")
    assert (again.status_code, again.json) == (201, made)
    record = cls.objects.get(id=made["id"])
    assert set(made) >= {"id", "version"}
    read = client.get(f"{name}/{record.id}")
    assert read.json == made
    mine = settable(made, cls, rights.writable_fields(person, cls, record))
    if not rights.may_update(person, record):
        return
    mine = {field: value for field, value in mine.items() if value is not None}
    changed = client.ask("PATCH", f"{name}/{record.id}?confirm=1", mine, If_Match=read.headers["ETag"])
    assert changed.status_code in (200, 422), changed.text  # a rule may ask for more once it is there
    if changed.status_code == 200:
        volatile = {"version", "updated_at", "state", "state_since", "due_at", "submitted_by"}
        assert {k: v for k, v in changed.json.items() if k not in volatile} == {
            k: v for k, v in made.items() if k not in volatile
        }


def _lines(cls: Any) -> set[str]:
    """What is not read back as it was sent: lines are given keys, questions are answered by their codes, and secrets
    are shown to nobody."""
    own = cls.declared.own_fields.items()
    return {name for name, field in own if field.columns or field.answers_to or isinstance(field, Secret)}


@TYPES
def test_a_program_reaches_what_its_person_reaches(cls: Any, record: Any, company: Any, program: Any) -> None:
    """The same table as on the pages, asked of `rights`: what is not theirs is not there, in every verb."""
    name, place = cls.declared.name, f"{cls.declared.name}/{record.id}"
    scopes = {login: rights.visible(company.actor(login), cls) for login in company.logins}
    for login in _alike(cls, record, company, scopes):
        person, client, scope = company.actor(login), program(login), scopes[login]
        is_seen = scope is not None and cls.collection().find_one({"$and": [{"_id": record.id}, scope]}) is not None
        may_change = is_seen and bool(rights.may_update(person, record))
        listed, read = client.get(f"{name}?limit=200"), client.get(place)
        if not (rights.can_open(person, cls) or rights.may_create(person, cls)):
            assert (listed.status_code, read.status_code) == (404, 404)
            continue
        assert (str(record.id) in [row["id"] for row in listed.json["items"]]) == is_seen, login
        assert read.status_code == (200 if is_seen else 404), login
        stale = client.ask("PATCH", place, {}, If_Match='"v9999"')
        assert stale.status_code == (412 if may_change else 403 if is_seen else 404), (login, stale.text)
        may_remove = is_seen and bool(rights.may_remove(person, record))
        gone = client.ask("DELETE", place, If_Match='"v9999"')
        assert gone.status_code == (412 if may_remove else 403 if is_seen else 404), (login, gone.text)
        entries = client.get(f"{place}/history")
        may_open = is_seen and bool(rights.may_open(person, record))
        assert entries.status_code == (200 if may_open else 403 if is_seen else 404), login
        if is_seen:
            seen = rights.readable_fields(person, cls, record)
            shown = set(read.json) - {"id", "version"}
            assert shown <= seen & set(names_of(cls)), (login, shown - seen)
            if may_open:
                assert shown == seen & set(names_of(cls))
            _moves(cls, record, client, person, place)


def _alike(cls: Any, record: Any, company: Any, scopes: dict[str, Any]) -> list[str]:
    """Somebody of each group of people who may do the same with the record."""
    chosen: dict[Any, str] = {}
    flow = record.flow()
    for login, scope in scopes.items():
        person = company.actor(login)
        is_seen = scope is not None and cls.collection().find_one({"$and": [{"_id": record.id}, scope]}) is not None
        steps = flow.out_of(record.state) if flow and is_seen else ()
        may = [rights.may_update(person, record), rights.may_remove(person, record), rights.may_open(person, record)]
        key = (
            is_seen, scope is None, bool(rights.may_create(person, cls)), *map(bool, may),
            *(bool(rights.standing(person, record, move)) for move in steps),
            rights.readable_fields(person, cls, record) if is_seen else None,
        )  # fmt: skip
        chosen.setdefault(key, login)
    return list(chosen.values())


def _moves(cls: Any, record: Any, client: Any, person: Any, place: str) -> None:
    """Each move by the standing of the person; a signed one is nobody's by a key."""
    flow = record.flow()
    for move in flow.out_of(record.state) if flow else ():
        answer = client.ask("POST", f"{place}/moves/{move.verb}", {"reason": "tried"}, If_Match='"v9999"')
        may = bool(rights.standing(person, record, move))
        assert answer.status_code == (412 if may and not move.sign else 403), (move.verb, answer.text)
        if move.sign:
            assert str(SIGNED_BY_PEOPLE) in answer.json["detail"]
