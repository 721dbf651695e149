"""Every type that links to lines: picked, shown, exported and read again; what is referred to stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.kernel.language.declare import kept_links_of
from models.kernel.language.fields import NOT_THERE, label_of
from models.kernel.language.kinds.any_links import key_in
from models.kernel.language.kinds.line_links import parts_of, place_of
from models.kernel.language.typed import BadValue
from models.kernel.rights import kept_links, line_picking, rights
from models.services.imports.names import NamesInCells
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.http import COMMANDS

LINKED = types_with(lambda declared: any(field.line_target for field in declared.own_fields.values()))


def links_of(cls: Any) -> dict[str, Any]:
    return {name: field for name, field in cls.declared.own_fields.items() if field.line_target}


def target_of(company: Any, link: Any, place: str) -> Any:
    """The record that a link leads into."""
    id, _ = parts_of(place)  # type: ignore[misc]
    return company.fresh(line_picking.target_of(link)[0].objects.get(id=id))


def columns_of(cls: Any) -> dict[str, Any]:
    """The links in lines that are kept as texts, by `list.column`."""
    typed = {name for name, field in cls.declared.own_fields.items() if not field.computed}
    links = {path: link for path, link in kept_links_of(cls).items() if "." in path and not link.computed}
    return {path: link for path, link in links.items() if path.split(".")[0] in typed}


IN_LINES = types_with(
    lambda declared: any(
        c.is_kept_link and not c.computed
        for f in declared.own_fields.values()
        if not f.computed
        for c in f.columns.values()
    )
)


def led_to(company: Any, link: Any, kept: str) -> Any:
    """The record that a kept link leads to, or into."""
    if link.line_target:
        return target_of(company, link, kept)
    key = key_in(kept)
    return rights.find(SYSTEM, catalogue[key.type], key.id)  # type: ignore[union-attr]


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


@IN_LINES
def test_links_in_lines_are_shown_looked_up_together_and_kept(cls: Any, company: Any, browser_as: Any) -> None:
    """A column of them costs as many commands with one line as with twenty; each is shown where it leads."""
    record = company.make(cls.declared.name)
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True)
    for path, link in columns_of(cls).items():
        name, _, column = path.partition(".")
        kept = next(iter(guesses.options(link, [])))
        login = next(login for login in company.logins if writes(company.actor(login), record))
        person, browser = company.actor(login), browser_as(login)
        with speaking("zh-Hant"):
            title = kept_links.titles(person, link, [kept])[kept]
        counts = []
        for many in (1, 20):
            rows = [copied(guesses, cls, name, **{column: kept}) for _ in range(many)]
            record = changes.update(cls, record.id, {name: rows}, actor=person, version=record.version)
            browser.get(f"/admin/{cls.declared.name}/edit/", {"id": record.id})
            commands: list[str] = []
            COMMANDS.listeners.append(lambda command, sent=commands: sent.append(next(iter(command))))
            try:
                text = browser.get(f"/admin/{cls.declared.name}/edit/", {"id": record.id}).text
            finally:
                COMMANDS.listeners.clear()
            counts.append(commands)
            assert text.count(f'value="{kept}"') == many
            assert title in browser.get(f"/admin/{cls.declared.name}/details/", {"id": record.id}).text
        assert counts[0] == counts[1]
        assert title in browser.get(f"/admin/{cls.declared.name}/history/", {"id": record.id, "version": "2"}).text
        answer = browser.get(f"/admin/{cls.declared.name}/ajax/lookup/", {"field": path, "query": ""})
        assert kept in [row["id"] for row in json.loads(answer.text)["results"]]
        form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=record.id)
        place = f"{name}-0-{column}"
        assert browser.send(form, **{place: "", f"{place}.text": title, f"{place}.shown": ""}).status_code == 302
        assert company.fresh(record).raw(name)[0].raw(column) == kept
        for wrong in ("<script>alert(1)</script>", f"{kept}0", f"{ObjectId()}:nosuchkey"):
            form = browser.form(f"/admin/{cls.declared.name}/edit/", "/edit/", id=record.id)
            refused = browser.send(form, **{place: wrong})
            assert refused.status_code == 422
            assert "<script>alert" not in refused.text


@IN_LINES
def test_what_a_line_links_to_is_not_taken_away(cls: Any, company: Any, browser_as: Any) -> None:
    record = company.make(cls.declared.name)
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True)
    for path, link in columns_of(cls).items():
        name, _, column = path.partition(".")
        kept = next(iter(guesses.options(link, [])))
        rows = [copied(guesses, cls, name, **{column: kept})]
        record = changes.update(cls, record.id, {name: rows}, actor=SYSTEM, version=None)
        target = led_to(company, link, kept)
        with pytest.raises(Refused):
            changes.remove(type(target), target.id, actor=SYSTEM, version=None)
        if link.line_target:
            others = [line for line in target.raw(link.line_list) if line.key != parts_of(kept)[1]]  # type: ignore[index]
            person = next(p for n in company.logins if writes(p := company.actor(n), target))
            with pytest.raises(Refused) as refusal:
                changes.update(type(target), target.id, {link.line_list: others}, actor=person, version=target.version)
            assert list(refusal.value.problems) == [link.line_list]
        login = next(n for n in company.logins if writes(company.actor(n), record))
        if writes(company.actor(login), target):
            there = browser_as(login).get(f"/admin/{target.type_name()}/details/", {"id": target.id}).text
            assert f"/admin/{cls.declared.name}/details/?id={record.id}" in there


def copied(guesses: Guesses, cls: Any, name: str, **values: Any) -> Any:
    """A new valid line of a list."""
    line = next(iter(guesses.options(cls._fields[name], [])))[0]
    for column, value in values.items():
        line.put(column, value)
    return line


def writes(person: Any, record: Any) -> bool:
    scope = rights.visible(person, type(record))
    sees = scope is not None and record._get_collection().find_one({"$and": [scope, {"_id": record.id}]}) is not None
    return sees and bool(rights.may_update(person, record))
