"""Every type that links to lines: picked, shown, exported and read again; what is referred to stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bson import ObjectId

from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.kernel.language.fields import NOT_THERE, label_of
from models.kernel.language.kinds.line_links import parts_of, place_of
from models.kernel.language.typed import BadValue
from models.kernel.rights import line_picking, rights
from models.services.imports.names import NamesInCells
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with

LINKED = types_with(lambda declared: any(field.line_target for field in declared.own_fields.values()))


def links_of(cls: Any) -> dict[str, Any]:
    return {name: field for name, field in cls.declared.own_fields.items() if field.line_target}


def target_of(company: Any, link: Any, place: str) -> Any:
    """The record that a link leads into."""
    id, _ = parts_of(place)  # type: ignore[misc]
    return company.fresh(line_picking.target_of(link)[0].objects.get(id=id))


@pytest.fixture
def linked(cls: Any, company: Any) -> Any:
    """A record whose links lead to lines."""
    record = company.make(cls.declared.name)
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True)
    values = {name: next(iter(guesses.options(link, []))) for name, link in links_of(cls).items()}
    return changes.update(cls, record.id, values, actor=SYSTEM, version=None)


@LINKED
def test_a_line_is_picked_shown_and_read_again(cls: Any, linked: Any, company: Any, browser_as: Any) -> None:
    login = next(name for name in company.logins if writes(company.actor(name), linked))
    person, browser = company.actor(login), browser_as(login)
    for name, link in links_of(cls).items():
        place = linked.raw(name)
        target, title = target_of(company, link, place), line_picking.line_titles(person, link, [place])[place]
        assert title.startswith(f"{target.number} · ")
        page = browser.get(f"/admin/{cls.declared.name}/details/", {"id": linked.id}).text
        assert title in page
        assert f"/details/?id={target.id}" in page
        there = browser.get(f"/admin/{target.type_name()}/details/", {"id": target.id}).text
        assert f"/admin/{cls.declared.name}/details/?id={linked.id}" in there
        for value in (place, str(target.id)):
            listed = browser.get(f"/admin/{cls.declared.name}/", {f"f.{name}": value, "own": 1})
            assert listed.status_code == 200
            assert linked.number in listed.text
        for query in (title.partition(" · ")[2], target.number, ""):
            answer = browser.get(f"/admin/{cls.declared.name}/ajax/lookup/", {"field": name, "query": query})
            assert place in [row["id"] for row in json.loads(answer.text)["results"]], query
        names = NamesInCells(person)
        assert link.cell_reader(names)(f" {title} ") == place
        assert list(link.exported(place, names)) == [title]
        form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=linked.id)
        assert form[name] == place
        typed = {name: "", f"{name}.text": title, f"{name}.shown": ""}
        assert browser.send(form, **typed).status_code == 302
        assert company.fresh(linked).raw(name) == place


@LINKED
def test_what_is_no_line_is_refused(cls: Any, linked: Any, company: Any, browser_as: Any) -> None:
    """Over the form, the gate and a sheet: a foreign record, a foreign key, a script, a text that names nothing."""
    login = next(name for name in company.logins if writes(company.actor(name), linked))
    person, browser = company.actor(login), browser_as(login)
    for name, link in links_of(cls).items():
        id, key = parts_of(linked.raw(name))  # type: ignore[misc]
        foreign = (place_of(ObjectId(), key), place_of(id, "nosuchkey"))
        for wrong in (*foreign, "<script>alert(1)</script>", f"{id}", "x:y"):
            form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=linked.id)
            answer = browser.send(form, **{name: wrong})
            assert answer.status_code == 422, wrong
            assert "<script>alert" not in answer.text
            with pytest.raises(Refused) as refusal:
                changes.update(cls, linked.id, {name: wrong}, actor=person, version=linked.version)
            assert list(refusal.value.problems) == [name]
        with pytest.raises(Refused) as refusal:
            changes.update(cls, linked.id, {name: place_of(id, "nosuchkey")}, actor=person, version=linked.version)
        assert refusal.value.problems[name] == [NOT_THERE(label=label_of(link))]
        for text in ("nothing of this name", f"{id}:{key}", "SP-0000 · nothing", " · "):
            with pytest.raises(BadValue):
                link.cell_reader(NamesInCells(person))(text)
        form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=linked.id)
        typed = {name: "", f"{name}.text": "nothing of this name", f"{name}.shown": ""}
        assert browser.send(form, **typed).status_code == 422


@LINKED
def test_a_line_that_is_referred_to_stays(cls: Any, linked: Any, company: Any, browser_as: Any) -> None:
    """Nobody takes it out, nor its record; taken out by the system, it is shown as removed and hinders nothing."""
    for name, link in links_of(cls).items():
        place = linked.raw(name)
        target, (_, key) = target_of(company, link, place), parts_of(place)  # type: ignore[misc]
        kept = [line for line in target.raw(link.line_list) if line.key != key]
        person = next(p for n in company.logins if writes(p := company.actor(n), target))
        with pytest.raises(Refused) as refusal:
            changes.update(type(target), target.id, {link.line_list: kept}, actor=person, version=target.version)
        with speaking("en"):
            assert linked.number in str(refusal.value.problems[link.line_list][0])
        with pytest.raises(Refused):
            changes.remove(type(target), target.id, actor=SYSTEM, version=None)
        changes.update(type(target), target.id, {link.line_list: kept}, actor=SYSTEM, version=None)
        login = next(n for n in company.logins if writes(company.actor(n), linked))
        browser = browser_as(login, locale="en")
        assert "removed line" in browser.get(f"/admin/{cls.declared.name}/details/", {"id": linked.id}).text
        form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=linked.id)
        assert browser.send(form).status_code == 302


def writes(person: Any, record: Any) -> bool:
    scope = rights.visible(person, type(record))
    sees = scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None
    return sees and bool(rights.may_update(person, record))
