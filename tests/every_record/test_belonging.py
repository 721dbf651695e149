"""Every type whose records belong to another: department, rights, page, menu, and the way into the archive and back."""

from __future__ import annotations

from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import FOLLOWING, archive_of
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, dependents
from models.kernel.language.relations import WRITE
from models.kernel.rights import rights
from models.services.keeping import archive
from tests.fixtures._sound import is_sound
from tests.fixtures._types import types_with
from tests.fixtures.doing import do

BELONGING = types_with(lambda declared: declared.belongs_to)
INHERITING = types_with(lambda declared: declared.inherits)
RESTING = types_with(lambda declared: declared.rests_with_parent and declared.retention)


def parent_of(record: Any, company: Any) -> Any:
    return company.fresh(getattr(record, record.declared.belongs_to))


def sees(person: Any, record: Any) -> bool:
    try:
        return bool(rights.find(person, type(record), record.id))
    except Missing:
        return False


def nothing_is_left_to_follow() -> None:
    """Every order is carried out; those for what was entered meanwhile two minutes later, and what belongs to that two
    minutes after it."""
    orders = get_db()[FOLLOWING]
    assert orders.count_documents({"since": {"$lte": clock.now()}}) == 0
    for times in (1, 2, 3):
        with clock.set_to(clock.now() + times * dependents.ONCE_MORE_AFTER):
            do("records.follow")
    assert orders.count_documents({}) == 0


@BELONGING
def test_what_belongs_stands_on_the_page_of_its_record(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    parent, link = parent_of(record, company), f"/admin/{cls.declared.name}/new/?{cls.declared.belongs_to}="
    assert record.ref("department") == parent.ref("department")
    for login in company.logins:
        person = company.actor(login)
        if not sees(person, parent):
            continue
        page = browser_as(login).get(f"/admin/{parent.type_name()}/details/", {"id": parent.id}).text
        assert (record.number in page) == sees(person, record), login
        if not any(leads.opens and leads.to == cls.__name__ for leads in parent.declared.follow_ups):
            assert (f"{link}{parent.id}" in page) == bool(rights.may_add_to(person, cls, parent)), login
        menu = browser_as(login).get("/admin/").text.partition("<main")[0]
        is_known = rights.can_open(person, cls) and (
            not rights.knows_by_name_alone(person, cls) or sees(person, record)
        )
        assert (f'href="/admin/{cls.declared.name}/"' in menu) == (cls.declared.in_menu and is_known), login


@BELONGING
def test_its_record_is_not_removed_beneath_it(cls: Any, record: Any, company: Any) -> None:
    parent = parent_of(record, company)
    with pytest.raises(Refused):
        changes.remove(type(parent), parent.id, actor=SYSTEM, version=parent.version)


@BELONGING
@pytest.mark.parametrize("at_once", [100, 0])
def test_it_follows_its_record_into_another_department(
    cls: Any, record: Any, company: Any, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, or where there are many by an order that a job carries out; its history says so either way."""
    monkeypatch.setattr(dependents, "AT_ONCE_MAX", at_once)
    parent, other = parent_of(record, company), company.department("LOG")
    if parent.declared.parent is not None:
        return  # it follows its own
    changes.update(type(parent), parent.id, {"department": other}, actor=SYSTEM, version=None)
    do("records.follow")
    fresh = company.fresh(record)
    assert fresh.ref("department") == other
    assert is_sound(fresh)
    nothing_is_left_to_follow()


@BELONGING
def test_what_is_entered_while_its_record_changes_follows_it(cls: Any, record: Any, company: Any) -> None:
    """As a transaction leaves it that did not see the change, which did not see it either."""
    parent, other = parent_of(record, company), company.department("LOG")
    if parent.declared.parent is not None:
        return  # it follows its own
    entered = cls.collection().find_one_and_delete({"_id": record.id})
    changes.update(type(parent), parent.id, {"department": other}, actor=SYSTEM, version=None)
    cls.collection().insert_one(entered)
    do("records.follow")
    assert company.fresh(record).ref("department") != other
    nothing_is_left_to_follow()
    assert company.fresh(record).ref("department") == other
    assert is_sound(company.fresh(record))


@INHERITING
def test_whoever_is_named_in_the_record_sees_what_belongs_to_it(cls: Any, record: Any, company: Any) -> None:
    parent = parent_of(record, company)
    for path, may in parent.declared.access.named.items():
        if "." in path:
            continue
        stranger = next(p for login in company.logins if not sees(p := company.actor(login), record))
        assert not rights.may_add_to(stranger, cls, parent)
        former = parent.raw(path)
        parent = changes.update(type(parent), parent.id, {path: stranger.id}, actor=SYSTEM, version=None)
        assert sees(stranger, record)
        assert rights.is_writer(stranger, cls, company.fresh(record)) == (may is WRITE)
        assert bool(rights.may_add_to(stranger, cls, parent)) == (may is WRITE)
        parent = changes.update(type(parent), parent.id, {path: former}, actor=SYSTEM, version=None)
        assert not sees(stranger, record)


@INHERITING
def test_who_does_not_write_the_record_enters_nothing_that_belongs_to_it(cls: Any, record: Any, company: Any) -> None:
    parent = parent_of(record, company)
    values = {name: record.raw(name) for name in cls.declared.own_fields if record.raw(name) is not None}
    for login in company.logins:
        person = company.actor(login)
        if not rights.may_add_to(person, cls, parent):
            with pytest.raises(Refused):
                changes.create(cls, values, actor=person)


@RESTING
def test_it_goes_into_the_archive_and_back_with_its_record(cls: Any, record: Any, company: Any) -> None:
    parent = parent_of(record, company)
    assert archive.move_out(type(parent), parent.id, is_due=lambda document: True)
    do("records.follow")
    assert get_db()[archive_of(cls.type_name())].find_one({"_id": record.id})
    assert cls.collection().find_one({"_id": record.id}) is None
    archive.bring_back(type(parent), parent.id, actor=SYSTEM)
    do("records.follow")
    assert is_sound(company.fresh(record))
    nothing_is_left_to_follow()
