"""Every type on its screens: entered by hand, listed, opened, explained, exported, looked up; nothing is left out."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base import clock
from models.kernel.language.fields import Lines, Ref, Refs
from models.kernel.language.relations import Relation
from models.kernel.rights import rights
from tests.fixtures._types import TYPES
from tests.fixtures._typing import typed, valid_values
from tests.fixtures.http import id_in, read_page, reader, said, writer
from views.view_switch import calendars


@TYPES
def test_a_record_is_entered_by_hand(cls: Any, company: Any, browser_as: Any) -> None:
    """What a person may enter, they enter on a form; a type that nobody enters by hand has no form."""
    login, base = writer(company, cls), f"/admin/{cls.declared.name}/"
    if login is None:
        assert all(browser_as(login).get(f"{base}new/").status_code == 403 for login in company.logins)
        return
    browser, values = browser_as(login), valid_values(company, cls, login)
    form = browser.form(f"{base}new/")
    for name, field in cls.declared.own_fields.items():
        begins_with = field.default() if field.columns and callable(field.default) else []
        if begins_with and name in form.controls:
            column = next(iter(field.columns))
            stands = [form.get(f"{name}-{place}-{column}") for place in range(len(begins_with))]
            assert stands == [line.raw(column) for line in begins_with], f"{name} does not begin as declared"
    answer = browser.send(form, **typed(cls, values, form), confirm="1")
    assert answer.status_code == 302, said(answer)
    record = cls.objects.get(id=id_in(answer))
    page = browser.page(answer.headers["Location"])
    assert record.number in page.text
    again = browser.send(form, **typed(cls, values, form), confirm="1")
    assert id_in(again) == record.id, "sent twice, it is still one record"


@TYPES
def test_every_field_stands_once_on_the_form(cls: Any, company: Any, browser_as: Any) -> None:
    login = writer(company, cls)
    if login is None:
        return
    form = browser_as(login).form(f"/admin/{cls.declared.name}/new/")
    person = company.actor(login)
    writable = rights.writable_fields(person, cls)
    only_computed = [part.fields for part in cls.declared.form if writable.isdisjoint(part.fields)]
    for name, field in cls.declared.own_fields.items():
        times = len({name} & {*form.controls}) + form.computed.count(name)
        if isinstance(field.edit, Relation) or isinstance(field.see, Relation):
            assert times == (name in writable), f"{name} stands {times} times on the form"
            continue
        is_theirs = field.edit is None or bool(person.roles & set(field.edit))
        is_asked = not any(name in fields for fields in only_computed)
        expected = rights.sees(person, field) and is_theirs and is_asked
        assert times == expected, f"{name} stands {times} times on the form"
    shown = [name for name in form.controls if name in cls.declared.own_fields]
    assert sorted(set(shown)) == sorted(writable & set(cls.declared.own_fields))


@TYPES
def test_every_page_of_a_type_answers(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    base = f"/admin/{cls.declared.name}/"
    browser = browser_as(reader(company, cls, record))
    assert [row for row in browser.page(base, {"size": "200", "sort": "-number"}).rows if any(row)]
    for path in ("details/", "history/"):
        page = browser.page(base + path, {"id": record.id})
        assert record.number in page.text
    for version in ("1", "99", "x"):
        assert browser.get(f"{base}history/", {"id": record.id, "version": version}).status_code == 200
    assert browser.page(f"{base}help/").text
    assert browser.get(f"{base}api/file/", {"id": record.id}).status_code == 404
    editable = rights.may_update(company.actor(browser.login), record)
    assert browser.get(f"{base}edit/", {"id": record.id}).status_code == (200 if editable else 403)
    assert record.number in browser.page("/admin/search/", {"q": record.number}).text
    if cls.declared.workflow:
        assert record.number in browser.page(f"/admin/board/{cls.declared.name}/").text
    for name in calendars(company.actor(browser.login), cls):
        if value := record.raw(name):
            day = value.astimezone(clock.zone()).date() if isinstance(value, dt.datetime) else value
            asked_for = {"date": name, "on": day.isoformat(), "by": "day"}
            assert record.number in browser.page(f"/admin/calendar/{cls.declared.name}/", asked_for).text, name
    if rights.may_open(company.actor(browser.login), record):
        assert browser.get(f"{base}print/", {"id": record.id}).get_data().startswith(b"%PDF-")


@TYPES
def test_an_unchanged_form_changes_nothing(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    """Opened and saved as it stands, a record keeps every value to the last second and cent."""
    base = f"/admin/{cls.declared.name}/"
    before = cls._get_collection().find_one({"_id": record.id})
    for login in company.logins:
        person = company.actor(login)
        if rights.can_open(person, cls) and rights.may_update(person, record):
            answer = browser_as(login).get(f"{base}edit/", {"id": record.id})
            if answer.status_code == 404:
                continue
            sent = browser_as(login).send(read_page(answer.text).form())
            assert sent.status_code == 302, f"{login}: {said(sent)}"
    assert cls._get_collection().find_one({"_id": record.id}) == before


@TYPES
def test_the_exports_hold_what_the_list_shows(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    base = f"/admin/{cls.declared.name}/"
    browser = browser_as(reader(company, cls, record))
    page = browser.page(base, {"size": "200"})
    lines = list(csv.reader(io.StringIO(browser.get(f"{base}export/csv/").get_data().decode("utf-8-sig"))))
    assert lines[0] == page.heads
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{base}export/xlsx/").get_data()))
    rows = sheet.get_sheet_by_index(0).to_python()
    assert [str(row) for row in rows[0]] == page.heads
    assert len(rows) == len(lines) == len([row for row in page.rows if any(row)])
    if "number" in cls.declared.grid.columns:
        assert record.number in {line[cls.declared.grid.columns.index("number")] for line in lines}


@TYPES
def test_every_link_is_looked_up_in_the_scope_of_the_one_who_asks(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    login = writer(company, cls) or reader(company, cls)
    person, browser = company.actor(login), browser_as(login)
    links = {name: field for name, field in cls.declared.own_fields.items() if isinstance(field, Ref | Refs)}
    for name, field in cls.declared.own_fields.items():
        if isinstance(field, Lines):
            links |= {f"{name}.{c}": item for c, item in field.columns.items() if isinstance(item, Ref | Refs)}
    for name, field in links.items():
        target = catalogue.by_class(field.target)
        answer = browser.get(f"/admin/{cls.declared.name}/ajax/lookup/", {"field": name})
        if not rights.may_look_up(person, field):
            assert answer.status_code == 404
            continue
        scope = rights.visible(person, target)
        seen = {str(row["_id"]) for row in target._get_collection().find(scope or {"_id": None}, {"_id": 1})}
        assert {result["id"] for result in answer.get_json()["results"]} <= seen
        assert bool(answer.get_json()["results"]) == bool(seen)


@TYPES
def test_the_pages_speak_the_language_of_their_reader(cls: Any, company: Any, browser_as: Any) -> None:
    login, content = reader(company, cls), cls.declared
    for locale in ("en", "zh-Hant", "zh-Hans"):
        page = browser_as(login, locale=locale).page(f"/admin/{cls.declared.name}/help/")
        assert content.plural.in_locale(locale) in page.text or content.label.in_locale(locale) in page.text
