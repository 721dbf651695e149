"""Posts that no page of ours would send: without a token, with fields of the system, with a version nobody saw."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.rights import rights
from tests.bad_input.test_queries import routes
from tests.fixtures.http import id_in, read_page, writer

STRANGER = "5" * 24
EXTRA: dict[str, Any] = {
    "_id": STRANGER,
    "number": "ZZ-1",
    "title": "ZZ",
    "state": "approved",
    "owner": STRANGER,
    "department": STRANGER,
    "created_by": STRANGER,
    "created_at": "2001-01-01T00:00",
    "submitted_by": STRANGER,
    "submitted_by_head": "1",
    "removed_at": "2001-01-01T00:00",
    "removed_by": STRANGER,
    "flow_version": "9",
    "schema": "9",
    "decisions": "x",
    "decisions-0-verb": "approve",
    "chain": "x",
    "extra": "x",
    "roles": "it",
    "is_system": "1",
    "total": "1",
    "amount": "1",
    "received": "1",
    "outstanding": "1",
    "lines-0-amount": "1",
}
VERSIONS = {
    "missing": None, "empty": "", "old": "0", "future": "99", "negative": "-1", "text": "one", "decimal": "1.0",
    "long": "9" * 5000, "superscript": "¹", "operator": '{"$gt": 0}',
}  # fmt: skip


def stored(record: Any) -> dict[str, Any]:
    row = type(record)._get_collection().find_one({"_id": record.id})
    assert row is not None
    return dict(row)


def test_no_post_is_taken_without_a_token(app: Any, company: Any, browser_as: Any) -> None:
    for login in ("", "management", "it"):
        client = browser_as(login).client
        for path in routes(app, "POST"):
            answer = client.post(path, data={"name": "typed by hand"}, buffered=True)
            expected = 303 if path == "/logout" and not login else 400
            if path.startswith("/p/"):
                expected = 404  # public forms have keys of their own: what leads nowhere is all that is said
            if path == "/login/company/logout":
                expected = 404  # there is no company login; with one it goes by a signed token
            if path.startswith("/api/"):
                expected = 401  # programs go by keys alone; a session is none
            assert answer.status_code == expected, f"{login or 'a stranger'} {path}: {answer.status}"


def test_a_form_that_is_too_old_gives_back_what_was_typed(company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/customer/new/") | {"name": "華新水泥", "csrf_token": "old"}
    answer = clerk.client.post("/admin/customer/new/", data=form, buffered=True)
    assert answer.status_code == 400
    assert "華新水泥" in read_page(answer.text).text
    assert not catalogue["customer"]._get_collection().count_documents({})


def test_another_ones_token_is_no_token(company: Any, browser_as: Any) -> None:
    token = browser_as("head_sal").token
    answer = browser_as("clerk_sal").client.post("/admin/customer/new/", data={"name": "x", "csrf_token": token})
    assert answer.status_code == 400


def test_the_system_fields_of_a_new_record_are_not_for_forms(company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    answer = clerk.send(clerk.form("/admin/customer/new/"), **EXTRA, name="Acme", id=STRANGER, version="7")
    record = catalogue["customer"].objects.get(id=id_in(answer))
    assert (record.state, record.version, record.number[:3]) == ("lead", 1, "CU-")
    assert {record.ref("owner"), record.ref("created_by")} == {company.users["clerk_sal"]}
    assert record.ref("department") == company.department("SAL")
    assert (record.removed_at, record.submitted_by, record.decisions, record.extra) == (None, None, [], {})
    assert record.title == "Acme"


@pytest.mark.parametrize("name", sorted(catalogue))
def test_the_system_fields_of_a_record_are_not_for_forms(name: str, company: Any, browser_as: Any) -> None:
    """Sent with the form as it stands, extra fields change nothing at all; nor do fields that nobody may change now.
    People with the same rights to the record send the same."""
    record = company.make(name)
    before = stored(record)
    for login in unlike(company, record):
        browser, person = browser_as(login), company.actor(login)
        answer = browser.get(f"/admin/{name}/edit/", {"id": record.id})
        if answer.status_code != 200:
            answer = browser.post(f"/admin/{name}/edit/", {**EXTRA, "id": str(record.id), "version": "1"})
            assert answer.status_code in (403, 404), f"{login}: {answer.status}"
            continue
        form = read_page(answer.text).form()
        allowed = rights.writable_fields(person, type(record), record)
        extra = {key: value for key, value in EXTRA.items() if key not in allowed and key not in form}
        fixed = [key for key in type(record).declared.own_fields if key not in allowed]
        answer = browser.send(form, **{**extra, **{key: "changed" for key in fixed if key not in form}})
        assert answer.status_code == 302, f"{login}: {answer.status}"
    assert stored(record) == before


def unlike(company: Any, record: Any) -> list[str]:
    """Those who may open the type, one for each different right to the record."""
    cls, chosen = type(record), dict[Any, str]()
    for login in company.logins:
        person = company.actor(login)
        if rights.can_open(person, cls):
            sees = cls._get_collection().count_documents({**(rights.visible(person, cls) or {}), "_id": record.id})
            of_fields = rights.readable_fields(person, cls, record), rights.writable_fields(person, cls, record)
            chosen.setdefault((sees, rights.may_update(person, record), *of_fields), login)
    return list(chosen.values())


@pytest.mark.parametrize("kind", VERSIONS)
def test_nothing_is_changed_on_a_version_that_nobody_saw(kind: str, company: Any, browser_as: Any) -> None:
    offer = company.make("quotation")
    before, version, clerk = stored(offer), VERSIONS[kind], browser_as("clerk_sal")
    form = {key: value for key, value in clerk.form("/admin/quotation/edit/", id=offer.id).items() if key != "version"}
    sent = {"version": version} if version is not None else {}
    base, id = "/admin/quotation/", str(offer.id)
    answers = [
        clerk.post(f"{base}edit/", {**form, "subject": "changed", **sent}),
        clerk.post(f"{base}move/", {"id": id, "verb": "submit", **sent}),
        clerk.post(f"{base}delete/", {"id": id, "sure": "1", **sent}),
        clerk.post(f"{base}ajax/update/", {"id": id, "name": "subject", "value": "changed", **sent}),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409, 409]
    rowid = id if version is None else f"{id}:{version}"
    bulk = clerk.post(f"{base}action/", {"verb": "submit", "rowid": rowid, "sure": "1"})
    assert bulk.status_code == 200
    assert stored(offer) == before
    assert read_page(answers[0].text).form()["subject"] == "changed", "what was typed is kept"


def test_a_stale_approval_shows_what_changed(company: Any, browser_as: Any) -> None:
    """The head decides on what they saw (security 40): the difference is shown, and nothing is approved."""
    offer = company.make("quotation", subject="Seen by the head")
    offer = company.walk(offer, "submitted")
    head, clerk = browser_as("head_sal"), browser_as("clerk_sal")
    form = head.form("/admin/quotation/move/", "/move/", id=offer.id, verb="approve")
    clerk.send(clerk.form("/admin/quotation/move/", "/move/", id=offer.id, verb="withdraw"))
    clerk.send(clerk.form("/admin/quotation/edit/", "/edit/", id=offer.id), subject="Changed since")
    clerk.send(clerk.form("/admin/quotation/move/", "/move/", id=offer.id, verb="submit"))
    answer = head.send(form)
    assert answer.status_code == 409
    assert "Seen by the head" in answer.text
    assert "Changed since" in answer.text
    assert company.fresh(offer).state == "submitted"


def test_verbs_that_nobody_declared_do_nothing(company: Any, browser_as: Any) -> None:
    offer, head = company.walk(company.make("quotation"), "submitted"), browser_as("head_sal")
    before = stored(offer)
    sent = {"id": str(offer.id), "version": str(offer.version), "reason": "x"}
    for verb in (
        "",
        "approve_by_rule",
        "expire",
        "accept",
        "on_approve",
        "create",
        "update",
        "__init__",
        "$set",
        "APPROVE",
    ):
        answer = head.post("/admin/quotation/move/", {**sent, "verb": verb})
        assert answer.status_code in (403, 422), f"{verb}: {answer.status}"
        answer = head.post("/admin/quotation/lead/", {**sent, "verb": verb})
        assert answer.status_code in (403, 404, 422), f"{verb}: {answer.status}"
        head.post("/admin/quotation/action/", {"verb": verb, "rowid": f"{offer.id}:{offer.version}", "sure": "1"})
    assert stored(offer) == before


def test_cells_that_the_list_does_not_offer_are_not_edited(company: Any, browser_as: Any) -> None:
    offer, clerk = company.make("quotation"), browser_as("clerk_sal")
    before = stored(offer)
    for name in ("total", "state", "owner", "version", "lines", "customer", "chain", "_id", "", "no_such", "s.0"):
        sent = {"id": str(offer.id), "name": name, "value": "1", "version": str(offer.version)}
        assert clerk.post("/admin/quotation/ajax/update/", sent).status_code == 403, name
    assert stored(offer) == before


def test_a_signature_is_not_taken_from_the_form_alone(company: Any, browser_as: Any) -> None:
    """Fields named like what the gate is told (`signed`, `confirmed`, `door`, `actor`) mean nothing."""
    clerk, offer = browser_as("clerk_sal"), company.make("quotation")
    sent = {"signed": "1", "confirmed": "1", "door": "system", "actor": str(company.users["head_sal"]), "batch": "x"}
    form = clerk.form("/admin/quotation/edit/", id=offer.id)
    assert clerk.send(form, subject="New subject", **sent).status_code == 302
    entry = catalogue["quotation"]._get_db()["history"].find_one({"record": offer.id, "verb": "update"})
    assert (entry["door"], entry["actor"], entry.get("batch")) == ("form", company.users["clerk_sal"], None)


def test_ids_of_other_types_are_not_found(company: Any, browser_as: Any) -> None:
    """The id of a customer opens nothing among the quotations."""
    customer, management = company.make("customer"), browser_as("management")
    for path in ("details/", "edit/", "history/", "move/", "delete/"):
        assert management.get(f"/admin/quotation/{path}", {"id": customer.id}).status_code == 404
    assert not catalogue["quotation"]._get_collection().find_one({"_id": ObjectId(str(customer.id))})


def test_forms_of_types_that_one_may_not_enter_are_refused(company: Any, browser_as: Any) -> None:
    for cls in catalogue.values():
        for login in ("supervisor", "legal", "it", "clerk_mkt"):
            if not rights.may_create(company.actor(login), cls):
                before = cls._get_collection().count_documents({})
                answer = browser_as(login).post(f"/admin/{cls.declared.name}/new/", {"name": "x", "subject": "x"})
                assert answer.status_code == 403, f"{login} {cls.__name__}: {answer.status}"
                assert cls._get_collection().count_documents({}) == before
        assert writer(company, cls) is None or rights.may_create(company.actor(writer(company, cls)), cls)
