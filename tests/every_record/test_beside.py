"""Every type with lists beside its form: they stand there with and without a script, as far as one may see them."""

from __future__ import annotations

from typing import Any

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.rights import rights
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.http import writer

BESIDE = types_with(lambda declared: declared.beside)


def is_seen(person: Any, record: Any) -> bool:
    scope = rights.visible(person, type(record))
    return scope is not None and record.collection().find_one({"$and": [{"_id": record.id}, scope]}) is not None


@BESIDE
def test_each_list_shows_what_belongs_there_and_answers_to_anything(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    login = writer(company, cls)
    assert login
    browser, base = browser_as(login), f"/admin/{cls.declared.name}/"
    guesses = Guesses(company, cls, company.actor(login), reuse=True)
    for item in cls.declared.beside:
        target = catalogue.by_class(item.to)
        assert f'data-beside="{base}beside/"' in browser.get(f"{base}new/").text
        for bad in ("", "$ne", "x" * 5000, "0" * 24, "\x00"):
            answer = browser.post(f"{base}beside/", dict.fromkeys(item.fields, bad))
            assert answer.status_code == 200, (item, bad)
        if not item.by:
            continue
        (name,) = item.fields
        chosen = guesses.first(cls.fields_of()[name], name)
        other = between = company.make(target.declared.name if not item.through else item.way[0].lower())
        changes.update(type(between), between.id, {item.by: chosen}, actor=SYSTEM, version=None)
        if item.states:
            between = company.walk(company.fresh(between), sorted(item.states)[0])
        if item.through:
            (held,) = between.ids_at(item.way[1])
            other = target.objects.get(id=held)
        shown = browser.post(f"{base}beside/", {name: str(chosen)}).text
        assert (other.number in shown) is is_seen(company.actor(login), other)
        assert (other.number in browser.get(f"{base}new/", {name: chosen}).text) is (other.number in shown)
