"""Every type that publishes: whom its scope reaches, who is told, and what its page says of who has read it."""

from __future__ import annotations

from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base import people
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.rights import rights
from tests.fixtures._types import types_with

PUBLISHING = types_with(lambda declared: declared.publish)


def sees(person: Any, record: Any) -> bool:
    try:
        return bool(rights.find(person, type(record), record.id))
    except Missing:
        return False


def scope_of(cls: Any, company: Any) -> dict[str, Any]:
    """A scope that reaches some and not others: of each kind one, but not everyone."""
    values: dict[str, Any] = {}
    for name in cls.declared.publish.scope:
        field = cls._fields[name]
        if field.is_flag:
            values[name] = False
        elif field.target == "Department":
            values[name] = [company.department("LOG")]
        elif field.target == "User":
            values[name] = [company.users["hr"]]
        else:
            values[name] = ["finance"]
    return values


@PUBLISHING
def test_exactly_those_in_the_scope_read_it_and_are_told(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    publish = cls.declared.publish
    before = company.walk(record, cls.declared.workflow.find(publish.on, _source(cls)).source[0])
    sighted = {login for login in company.logins if sees(company.actor(login), before)}
    with pytest.raises(Refused):
        changes.move(cls, before.id, publish.on, actor=SYSTEM, version=None)
    values = scope_of(cls, company)
    changes.update(cls, before.id, values, actor=SYSTEM, version=None)
    published = changes.move(cls, before.id, publish.on, actor=SYSTEM, version=None)
    assert published.state == publish.state(cls.declared.workflow)
    reached = set(people.people_at(publish.addresses(published)))
    assert reached
    now = {login for login in company.logins if sees(company.actor(login), published)}
    assert {company.users[login] for login in now - sighted} <= reached
    assert reached <= {company.users[login] for login in now}
    notices = get_db()[NOTICES].distinct("person", {"kind": "published", "record": published.id})
    assert set(notices) == reached - {None}
    if publish.receipts:
        _has_receipts(published, company, browser_as, sorted(reached))


def _source(cls: Any) -> str:
    return next(move.source[0] for move in cls.declared.workflow.moves if move.verb == cls.declared.publish.on)


def _has_receipts(record: Any, company: Any, browser_as: Any, reached: list[Any]) -> None:
    """Opening it is noted once, and those who may write it see who has not."""
    owner = next(login for login in company.logins if company.users[login] == record.ref("owner"))
    reader = next(login for login in company.logins if company.users[login] in reached and login != owner)
    address, query = f"/admin/{record.type_name()}/details/", {"id": record.id}
    name = company.user(reader).name
    page = browser_as(owner).get(address, query).text.partition('id="receipts"')[2].partition("</section>")[0]
    assert name in page
    for _ in range(2):
        browser_as(reader).get(address, query)
    page = browser_as(owner).get(address, query).text.partition('id="receipts"')[2].partition("</section>")[0]
    assert page
    assert name not in page
    assert get_db()["history"].count_documents({"record": record.id, "verb": "read"}) == 1
    assert 'id="receipts"' not in browser_as(reader).get(address, query).text
