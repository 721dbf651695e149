"""Every type that holds what follows from other records: counted at each write, with the way to its evidence."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, rollups
from models.kernel.gate.rollups import counted
from models.kernel.language.rollup import NIGHTLY
from models.kernel.rights import rights
from tests.fixtures._sound import is_sound
from tests.fixtures._types import types_with
from tests.fixtures.doing import Killed, do


def is_nightly(rollup: Any) -> bool:
    return rollup is not None and rollup.fresh == NIGHTLY


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
        _at_night(rollup)
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
        _at_night(rollup)
        assert (company.fresh(record).raw(name) or 0) == (before or 0)
        changes.restore(source, made.id, actor=SYSTEM)
        _at_night(rollup)
        assert company.fresh(record).raw(name) == now.raw(name)


AT_NIGHT = types_with(lambda declared: [field for field in declared.own_fields.values() if is_nightly(field.rollup)])


class CutOff:
    """Writes as the gate does, but for the second time."""

    def __init__(self) -> None:
        self.write, self.times = changes.update, 0

    def __call__(self, *given: Any, **facts: Any) -> Any:
        self.times += 1
        if self.times == 2:
            raise Killed
        return self.write(*given, **facts)


@AT_NIGHT
def test_a_count_of_the_night_may_be_cut_off(cls: Any, record: Any, company: Any, monkeypatch: Any) -> None:
    """Killed at a write and done again, each record holds its count; nothing is written twice."""
    for name, rollup in rollups.nightly_of(cls).items():
        source = catalogue.by_class(rollup.type_name)
        counting = [record, *(company.make(cls.declared.name) for _ in range(2))]
        for each in counting:
            made = company.make(source.declared.name, **{rollup.link: each.id})
            if rollup.states and made.state not in rollup.states:
                company.walk(made, min(rollup.states))
        writes = CutOff()
        monkeypatch.setattr(changes, "update", writes)
        with pytest.raises(Killed):
            do("rollups.count")
        do("rollups.count")
        assert writes.times == len(counting) + 1
        assert all(company.fresh(each).raw(name) == counted(source, rollup, each.id) for each in counting)
        assert do("rollups.count")["refreshed"] == 0
        monkeypatch.undo()


def _at_night(rollup: Any) -> None:
    """Do what is done at night, for what is counted then."""
    if is_nightly(rollup):
        do("rollups.count")


def _may_open(person: Any, record: Any, source: Any) -> bool:
    scope = rights.visible(person, type(record))
    is_seen = scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None
    return is_seen and rights.can_open(person, source)
