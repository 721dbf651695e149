"""Guessed ids in forms: of every type, a link to what is hidden answers word for word as one to what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.words import HANT
from models.kernel.language.fields import Lines, Ref, Refs
from models.kernel.rights import rights
from tests.fixtures._typing import typed, valid_values
from tests.fixtures.company import Company
from tests.fixtures.http import said, writer
from views.page.form_page import FILLED_IN

READABLE = re.compile(r"\d{4}-\d{2}-\d{2}|\d+(\.\d+)?")
PICKED = re.compile(r'class="picker-text"[^>]*value="([^"]*)"|class="chip">([^<]*)')


def links_of(cls: Any) -> Iterator[tuple[str, Any]]:
    """The names under which a form posts links, with their fields."""
    for name, field in cls.declared.own_fields.items():
        if isinstance(field, Ref | Refs):
            yield name, field
        elif isinstance(field, Lines):
            yield from ((f"{name}-0-{c}", item) for c, item in field.columns.items() if _is_typed(item))


def _is_typed(column: Any) -> bool:
    return isinstance(column, Ref | Refs) and not column.computed


LINKED = [cls for cls in catalogue.values() if any(links_of(cls))]


def hidden(company: Company, target: Any, login: str) -> ObjectId:
    """A record of a type that this person does not see: another department's, or where all are seen, one in the bin."""
    record = company.make(target.declared.name)
    states = target.declared.workflow.states if target.declared.workflow else ()
    if "approved" in states:
        record = company.walk(record, "approved")
    away = {"department": company.department("LOG"), "owner": ObjectId(), "confidentiality": "secret", "parent": None}
    rows = target._get_collection()
    values = {name: value for name, value in away.items() if name in target._fields}
    rows.update_one({"_id": record.id}, {"$set": values})
    scope = rights.visible(company.actor(login), target)
    if scope is not None and rows.find_one({"_id": record.id, **scope}):
        rows.update_one({"_id": record.id}, {"$set": {"removed_at": clock.now()}})
    return record.id


@pytest.mark.parametrize("cls", LINKED, ids=lambda cls: cls.__name__)
def test_a_hidden_link_answers_as_a_missing_one(cls: Any, company: Company, browser_as: Any) -> None:
    """Saved, beside what cannot be read, computed while typing, and handed over in the address."""
    login, base = writer(company, cls), f"/admin/{cls.declared.name}/"
    if login is None:
        return
    browser, values = browser_as(login), valid_values(company, cls, login)
    form = browser.form(f"{base}new/")
    valid = {**form, **typed(cls, values, form)}
    for path, field in links_of(cls):
        if path.split("-")[0] not in form.controls and path not in valid:
            continue
        answers = []
        for id in (hidden(company, catalogue.by_class(field.target), login), ObjectId()):
            answers.append(list(answers_to(browser, base, {**valid, path: str(id)}, path)))
            answers[-1] = [(status, text.replace(str(id), "ID")) for status, text in answers[-1]]
        assert answers[0] == answers[1], path
        assert [status for status, _ in answers[0]] == [422, 422, 200, 200], (path, answers[0])


def answers_to(browser: Any, base: str, sent: dict[str, Any], path: str) -> Iterator[tuple[int, str]]:
    """What the doors of a form say of a link, without what differs from one page to the next."""
    for content in (sent, {**sent, **unreadable(sent)}):
        answer = browser.post(f"{base}new/", {**content, "confirm": "1", "once": ""})
        yield answer.status_code, f"{said(answer)} {titles(answer.text, sent[path])}"
    answer = browser.post(f"{base}compute/", sent)
    yield answer.status_code, answer.get_data(as_text=True)
    answer = browser.get(f"{base}new/", {path: sent[path]})
    yield answer.status_code, titles(answer.text, sent[path])


def unreadable(sent: dict[str, Any]) -> dict[str, str]:
    """A date or an amount among the inputs as nobody can read it; nothing where the form has none."""
    named = [name for name, value in sent.items() if isinstance(value, str) and READABLE.fullmatch(value)]
    return {named[0]: "?"} if named else {}


def titles(html: str, id: str = "ID") -> str:
    """What stands in the pickers of a page."""
    return " ".join("".join(text) for text in PICKED.findall(html)).replace(id, "ID")


def test_a_guessed_id_tells_nothing_of_a_secret_document(company: Company, browser_as: Any) -> None:
    """Not its level, not its edition, not whether it is a draft, and never as a fault of ours."""
    secret = company.walk(company.make("document", "head_sal", confidentiality="secret"), "approved").id
    draft = company.make("document", "head_sal", confidentiality="internal").id
    browser, far = browser_as("clerk_mkt"), {"wanted_from": "2099-01-01", "wanted_until": "2099-01-02"}
    forms = {
        "revision": [{"confidentiality": "internal"}, {}],
        "loan": [
            {"kind": "electronic", "purpose": "x", **far},
            {"kind": "paper", "purpose": "x", **far},
            {"kind": "?"},
        ],
    }
    for name, sent in forms.items():
        for message in sent:
            result = []
            for id in (secret, draft, ObjectId()):
                data = {**message, "document": str(id)}
                saved, computed = (browser.post(f"/admin/{name}/{way}/", data) for way in ("new", "compute"))
                result.append((saved.status_code, said(saved), computed.status_code, computed.get_json()))
            assert result[0] == result[1] == result[2]
            assert (result[0][0], result[0][2]) == (422, 200)
            assert {*result[0][3]["values"].values()} <= {"—", FILLED_IN.in_locale(HANT)}


def test_a_filter_names_only_what_its_reader_sees(company: Company, browser_as: Any) -> None:
    customer = company.make("customer", "clerk_sal", name="華新水泥")
    assert "華新水泥" in browser_as("clerk_sal").page("/admin/sales_order/", {"f.customer": customer.id}).text
    pages = [
        browser_as("clerk_prd").get("/admin/sales_order/", {"f.customer": id}).text.replace(str(id), "ID")
        for id in (customer.id, ObjectId())
    ]
    assert "華新水泥" not in pages[0]
    assert titles(pages[0]) == titles(pages[1])


def test_what_a_record_links_to_already_stays_named(company: Company, browser_as: Any) -> None:
    """Its page names it, so its form does, and goes on computing."""
    offer = company.make("quotation", "clerk_sal")
    customer = offer.customer
    type(customer)._get_collection().update_one({"_id": customer.id}, {"$set": {"department": ObjectId()}})
    browser = browser_as("clerk_sal")
    page = browser.get("/admin/quotation/edit/", {"id": offer.id})
    assert customer.title in titles(page.text)
    form = browser.form("/admin/quotation/edit/", id=offer.id)
    assert browser.post("/admin/quotation/compute/", dict(form)).get_json()["values"]["total"]
    assert browser.send(form).status_code == 302
