"""Every type that holds what follows from other records: counted at each write, with the way to its evidence."""

from __future__ import annotations

from typing import Any

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.rollups import counted
from models.kernel.rights import rights
from tests.fixtures._sound import is_sound
from tests.fixtures._types import types_with

COUNTING = types_with(lambda declared: [name for name, field in declared.own_fields.items() if field.rollup])


@COUNTING
def test_a_value_follows_the_records_that_it_is_counted_from(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    for name, field in cls.declared.own_fields.items():
        if not (rollup := field.rollup):
            continue
        source, before = catalogue.by_class(rollup.type_name), company.fresh(record).raw(name)
        made = company.make(source.declared.name, **{rollup.link: record.id})
        if rollup.states and made.state not in rollup.states:
            made = company.walk(made, sorted(rollup.states)[0])
        now = company.fresh(record)
        assert now.raw(name) == counted(source, rollup, record.id) != before
        assert is_sound(now)
        reader = next(p for login in company.logins if _may_open(p := company.actor(login), now, source))
        browser = browser_as(reader.login)
        page = browser.get(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
        assert rollup.address(source, record.id).replace("&", "&amp;") in page
        assert made.number in browser.get(rollup.address(source, record.id)).text
        assert name not in rights.writable_fields(reader, cls, now)
        changes.remove(source, made.id, actor=SYSTEM, version=made.version)
        assert (company.fresh(record).raw(name) or 0) == (before or 0)
        changes.restore(source, made.id, actor=SYSTEM)
        assert company.fresh(record).raw(name) == now.raw(name)


def _may_open(person: Any, record: Any, source: Any) -> bool:
    scope = rights.visible(person, type(record))
    is_seen = scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None
    return is_seen and rights.can_open(person, source)
