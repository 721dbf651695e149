"""Every type that links to records of any type: picked, shown, exported and read again, by right; what is linked to
stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM, Role
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.kernel.language.fields import NOT_THERE, label_of
from models.kernel.language.kinds.any_links import kept_as, key_in
from models.kernel.language.typed import BadValue
from models.kernel.rights import any_picking, rights
from models.operations.retention import open_link_to
from models.services.imports.names import NamesInCells
from tests.fixtures._types import types_with


def set_by_people(declared: Any) -> dict[str, Any]:
    """The links to any record of a type that people set."""
    return {name: field for name, field in declared.own_fields.items() if field.is_any_link and not field.computed}


def entered_by_clerks(declared: Any) -> bool:
    """Whether those enter it from whom some records are hidden."""
    return declared.access.write is None or Role.CLERK in declared.access.write


LINKED = types_with(lambda declared: bool(set_by_people(declared)))
HIDING = types_with(lambda declared: bool(set_by_people(declared)) and entered_by_clerks(declared))


def links_of(cls: Any) -> dict[str, Any]:
    return set_by_people(cls.declared)


@pytest.fixture
def login(cls: Any, company: Any) -> str:
    """Who enters the records: clerk_sal, or where clerks enter none, the first who may."""
    return "clerk_sal" if entered_by_clerks(cls.declared) else company.maker_of(cls)


@pytest.fixture
def linked(cls: Any, company: Any, login: str) -> Any:
    """A record of somebody's whose links lead to a record that they see, and others of clerk_sal's department do."""
    values = {name: target_for(company, link, "clerk_sal") for name, link in links_of(cls).items()}
    record = company.make(cls.declared.name, login)
    return changes.update(cls, record.id, values, actor=SYSTEM, version=None)


def target_for(company: Any, link: Any, login: str) -> str:
    """A kept link to a new record of somebody, of the first type that fits."""
    person = company.actor(login)
    types = [cls for cls in any_picking.types_of(link) if cls.__name__ in ("Customer", "Quotation", *link.of)]
    cls = next(item for item in types if rights.may_create(person, item))
    return f"{cls.type_name()}:{company.make(cls.type_name(), login).id}"


@LINKED
def test_a_record_is_picked_shown_and_read_again(
    cls: Any, linked: Any, login: str, company: Any, browser_as: Any
) -> None:
    browser, person, base = (
        browser_as(login, locale="en"),
        company.actor(login),
        f"/admin/{cls.declared.name}/",
    )
    for name, link in links_of(cls).items():
        kept = linked.raw(name)
        key = key_in(kept)
        target = catalogue[key.type].objects.get(id=key.id)
        with speaking("en"):
            title = any_picking.titles(person, link, [kept])[kept]
            assert title.startswith(f"{target.declared.label} {target.number}")
        page = browser.get(f"{base}details/", {"id": linked.id}).text
        assert f'href="/admin/{key.type}/details/?id={key.id}"' in page
        there = browser.get(f"/admin/{key.type}/details/", {"id": key.id}).text
        assert f"{base}details/?id={linked.id}" in there
        for value in (kept, key.type):
            listed = browser.get(base, {f"f.{name}": value, "own": 1})
            assert listed.status_code == 200
            assert str(linked.id) in listed.text, value
        address = f"https://guicheng.example/admin/{key.type}/details/?id={key.id}&list=x"
        for query in (target.number, f"{target.declared.label.in_locale('zh-Hans')} {target.number}", address, kept):
            answer = browser.get(f"{base}ajax/lookup/", {"field": name, "query": query})
            assert [row["id"] for row in json.loads(answer.text)["results"]] == [kept], query
        assert kept in [
            row["id"] for row in json.loads(browser.get(f"{base}ajax/lookup/", {"field": name}).text)["results"]
        ]
        names = NamesInCells(person)
        for text in (target.number, f" {title} ", target.number.lower(), address):
            assert link.cell_reader(names)(text) == kept, text
        assert title in list(link.exported(kept, names))
        form = browser.form(f"{base}edit/", "/edit/", id=linked.id)
        assert form[name] == kept
        for text in (title, address):
            typed = {name: "", f"{name}.text": text, f"{name}.shown": ""}
            answer = browser.send(browser.form(f"{base}edit/", "/edit/", id=linked.id), **typed)
            assert answer.status_code == 302, answer.text
            assert company.fresh(linked).raw(name) == kept


@HIDING
def test_what_is_no_record_of_ones_own_is_refused_alike(cls: Any, linked: Any, company: Any, browser_as: Any) -> None:
    """Over the form, the gate and a sheet; one that is not there and one that is hidden read the same."""
    browser, person, base = browser_as("clerk_sal"), company.actor("clerk_sal"), f"/admin/{cls.declared.name}/"
    hidden = hidden_from(company, "clerk_sal")
    for name, link in links_of(cls).items():
        key = key_in(linked.raw(name))
        missing = f"{key.type}:{ObjectId()}"
        for wrong in (hidden, missing, f"nothing:{key.id}", "<script>alert(1)</script>", str(key.id), "x:y"):
            form = browser.form(f"{base}edit/", "/edit/", id=linked.id)
            answer = browser.send(form, **{name: wrong})
            assert answer.status_code == 422, wrong
            assert "<script>alert" not in answer.text
            with pytest.raises(Refused) as refusal:
                changes.update(cls, linked.id, {name: wrong}, actor=person, version=linked.version)
            assert list(refusal.value.problems) == [name]
        for wrong in (hidden, missing):
            with pytest.raises(Refused) as refusal:
                changes.update(cls, linked.id, {name: wrong}, actor=person, version=linked.version)
            assert refusal.value.problems[name] == [NOT_THERE(label=label_of(link))]
            page = browser.get(f"{base}new/", {name: wrong})
            assert page.status_code == 200
            assert "HIDDEN-TITLE" not in page.text
            listed = browser.get(base, {f"f.{name}": wrong, "own": 1})
            assert listed.status_code == 200
            assert "HIDDEN-TITLE" not in listed.text
            query = browser.get(f"{base}ajax/lookup/", {"field": name, "query": wrong})
            assert json.loads(query.text)["results"] == []
        for text in (
            "nothing of this name",
            "CU-0000-0000",
            hidden,
            missing,
            "/admin/",
            "https://x.example/admin/?id=1",
        ):
            with pytest.raises(BadValue):
                link.cell_reader(NamesInCells(person))(text)


@HIDING
def test_a_title_is_told_to_those_who_see_the_record(cls: Any, linked: Any, company: Any, browser_as: Any) -> None:
    """On the page, in the list, the history and the print; what is gone says so, and hinders nothing."""
    browser, base = browser_as("clerk_sal", locale="en"), f"/admin/{cls.declared.name}/"
    places = ("details/", "history/")
    for name in links_of(cls):
        hidden = hidden_from(company, "clerk_sal")
        changes.update(cls, linked.id, {name: hidden}, actor=SYSTEM, version=None)
        for place in places:
            page = browser.get(base + place, {"id": linked.id})
            assert "HIDDEN-TITLE" not in page.text
            assert "a record you may not see" in page.text
        for kind in ("csv",):
            sheet = browser.get(f"{base}export/{kind}/", {"own": 1})
            assert "HIDDEN-TITLE" not in sheet.text
        form = browser.form(f"{base}edit/", "/edit/", id=linked.id)
        assert form[name] == hidden
        assert browser.send(form).status_code == 302
        gone = f"customer:{ObjectId()}"
        cls._get_collection().update_one({"_id": linked.id}, {"$set": {name: gone}})
        assert "(deleted)" in browser.get(f"{base}details/", {"id": linked.id}).text
        assert browser.send(browser.form(f"{base}edit/", "/edit/", id=linked.id)).status_code == 302


@LINKED
def test_what_is_linked_to_stays_but_for_what_is_private(cls: Any, linked: Any, company: Any) -> None:
    for name in links_of(cls):
        key = key_in(linked.raw(name))
        target = catalogue[key.type]
        for kept in kept_as(key.type, key.id):  # as it is kept today, and as it was kept once
            cls._get_collection().update_one({"_id": linked.id}, {"$set": {name: kept}})
            if cls.declared.access.private:
                assert open_link_to(target, key.id) is None
                continue
            with pytest.raises(Refused) as refusal:
                changes.remove(target, key.id, actor=SYSTEM, version=None)
            with speaking("en"):
                assert linked.number in str(refusal.value.sentence)
            is_open = cls.declared.workflow and linked.state not in cls.declared.workflow.ends
            assert open_link_to(target, key.id) == (linked.number if is_open else None)
        if cls.declared.access.private:
            assert changes.remove(target, key.id, actor=SYSTEM, version=None).removed_at


def hidden_from(company: Any, login: str) -> str:
    """A kept link to a customer of another department that nobody of this one sees."""
    scope = rights.visible(company.actor(login), catalogue["research_report"])
    made = company.make("research_report", "clerk_mkt", title="HIDDEN-TITLE")
    row = made._get_collection().find_one({"$and": [{"_id": made.id}, scope or {"_id": None}]})
    assert row is None
    return f"research_report:{made.id}"
