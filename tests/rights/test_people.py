"""Whole roles: the supervision group reads and changes nothing, IT manages people and sees no business, roles end."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.rights import rights
from models.organisation import User
from tests.fixtures.http import id_in, read_page

BUSINESS = [name for name, cls in catalogue.items() if cls.declared.chapter.id in ("research", "sales")]
STALE = "0"


def roles(company: Any, login: str, *text: str) -> None:
    changes.update(User, company.users[login], {"roles": list(text)}, actor=SYSTEM, version=None)


@pytest.mark.parametrize("name", BUSINESS)
def test_the_supervision_group_reads_everything_and_changes_nothing(name: str, company: Any, browser_as: Any) -> None:
    record, supervisor = company.make(name), browser_as("supervisor")
    before = dict(record.to_mongo())
    base, id = f"/admin/{name}/", str(record.id)
    for path in ("details/", "history/"):
        assert supervisor.get(base + path, {"id": id}).status_code == 200
    assert id in supervisor.get(base, {"size": "200"}).text
    page = read_page(supervisor.get(f"{base}details/", {"id": id}).text)
    assert not [form.action for form in page.forms if form.action.startswith(base)], "no form of the record is offered"
    assert not [link for link in page.links if "/edit/" in link or "/delete/" in link or "/move/" in link]
    sent = {"id": id, "version": "1", "sure": "1", "comment": "x", "name": "subject", "value": "x", "reason": "x"}
    for path in ("new/", "edit/", "delete/", "comment/", "ajax/update/"):
        assert supervisor.post(base + path, sent).status_code == 403, path
    flow = type(record).declared.workflow
    for verb in flow.verbs() if flow else ():
        assert supervisor.post(f"{base}move/", {**sent, "verb": verb}).status_code == 403, verb
    assert dict(company.fresh(record).to_mongo()) == before


@pytest.mark.parametrize("name", BUSINESS)
def test_it_sees_no_business_record(name: str, company: Any, browser_as: Any) -> None:
    record, it = company.make(name), browser_as("it")
    file = company.attach(record, next(iter(type(record).declared.file_kinds), ""), by=SYSTEM)
    base, id = f"/admin/{name}/", {"id": str(record.id)}
    for path in ("", "new/", "help/", "export/csv/", "export/xlsx/"):
        assert it.get(base + path).status_code == 403, path
    for path in ("details/", "history/", "edit/", "move/", "delete/"):
        assert it.get(base + path, id).status_code == 403, path
    assert it.get(f"/files/{file['_id']}").status_code == 404
    for page in ("/admin/", "/admin/inbox/", "/admin/notices/", "/admin/bin/"):
        text = it.get(page).text
        assert record.number not in text
        assert base not in text, f"{page} leads to {base}"
    assert str(record.id) not in it.get("/admin/search/", {"q": record.number}).text


def test_it_manages_people(company: Any, browser_as: Any) -> None:
    it = browser_as("it")
    form = it.form("/admin/user/new/")
    department = str(company.department("SAL"))
    answer = it.send(form, login="newcomer", name="新人", department=department, active="1")
    person = User.objects.get(id=id_in(answer))
    assert (person.login, person.roles, person.ref("department")) == ("newcomer", [], company.department("SAL"))
    form = it.form("/admin/user/edit/", id=person.id)
    assert it.send(form, name="新同事").status_code == 302
    assert User.objects.get(id=person.id).name == "新同事"


@pytest.mark.parametrize("login", ["clerk_sal", "head_sal", "management", "supervisor", "legal", "hr"])
def test_nobody_else_gives_roles(login: str, company: Any, browser_as: Any) -> None:
    """Not to others, and least of all to themselves, by whatever way in."""
    someone, own = browser_as(login), str(company.users[login])
    for target in (own, str(company.users["clerk_mkt"])):
        before = User._get_collection().find_one({"_id": ObjectId(target)}, {"roles": 1, "active": 1, "department": 1})
        page = someone.get("/admin/user/edit/", {"id": target})
        form = dict(read_page(page.text).form()) if page.status_code == 200 else {"id": target, "version": "1"}
        assert "roles" not in form
        someone.post(
            "/admin/user/edit/", {**form, "roles": ["it", "head"], "department": str(company.department("MGT"))}
        )
        someone.post("/admin/user/ajax/update/", {"id": target, "name": "roles", "value": "it", "version": "1"})
        someone.post("/admin/account/preferences", {"version": "1", "roles": ["it"], "locale": "en"})
        after = User._get_collection().find_one({"_id": ObjectId(target)}, {"roles": 1, "active": 1, "department": 1})
        assert after == before


def test_a_role_taken_away_counts_at_the_next_request(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    head = browser_as("head_sal")
    form = head.form("/admin/quotation/move/", "/move/", id=offer.id, verb="approve")
    roles(company, "head_sal", "clerk")
    assert head.send(form).status_code == 403, "the form was open already"
    assert company.fresh(offer).state == "submitted"
    roles(company, "head_sal")
    assert head.get("/admin/quotation/details/", {"id": offer.id}).status_code == 403
    roles(company, "head_sal", "head")
    assert head.send(form).status_code == 302


def test_a_move_to_another_department_counts_at_the_next_request(company: Any, browser_as: Any) -> None:
    customer, clerk = company.make("customer"), browser_as("clerk_sal2")
    assert clerk.get("/admin/customer/details/", {"id": customer.id}).status_code == 200
    changes.update(
        User, company.users["clerk_sal2"], {"department": company.department("MKT")}, actor=SYSTEM, version=None
    )
    assert clerk.get("/admin/customer/details/", {"id": customer.id}).status_code == 403
    assert str(customer.id) not in clerk.get("/admin/search/", {"q": customer.number}).text


def test_a_disabled_user_is_out_at_the_next_request(company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    assert clerk.get("/admin/").status_code == 200
    changes.update(User, company.users["clerk_sal"], {"active": False}, actor=SYSTEM, version=None)
    assert clerk.get("/admin/").status_code == 303


def test_the_attachment_of_anothers_record_is_not_found(company: Any, browser_as: Any) -> None:
    """The same answer as for one that does not exist, and for one whose record is in the bin."""
    contract = company.make("contract")
    file = company.attach(contract, "annex", by=company.actor("clerk_sal"))
    path = f"/files/{file['_id']}"
    assert browser_as("clerk_sal").get(path).status_code == 200
    answers = [browser_as(login).get(path) for login in ("clerk_mkt", "head_mkt", "it", "hr")]
    unknown = browser_as("clerk_mkt").get(f"/files/{'5' * 24}")
    assert {answer.status_code for answer in [*answers, unknown]} == {404}
    sent = {"id": str(company.make("requirement", "clerk_mkt").id), "file": str(file["_id"])}
    assert browser_as("clerk_mkt").post("/admin/requirement/detach/", sent).status_code == 404
    assert browser_as("").get(path).status_code == 303
    fresh = company.fresh(contract)
    changes.remove(type(contract), contract.id, actor=company.actor("clerk_sal"), version=fresh.version)
    assert browser_as("clerk_sal").get(path).status_code == 404


def test_a_file_of_a_readable_record_is_not_taken_off_by_its_readers(company: Any, browser_as: Any) -> None:
    contract = company.make("contract")
    file = company.attach(contract, "annex", by=company.actor("clerk_sal"))
    for login in ("legal", "finance", "supervisor", "management"):
        sent = {"id": str(contract.id), "file": str(file["_id"])}
        assert browser_as(login).post("/admin/contract/detach/", sent).status_code == 403, login
    assert browser_as("clerk_sal").get(f"/files/{file['_id']}").status_code == 200


def test_a_file_is_not_taken_off_through_another_record(company: Any, browser_as: Any) -> None:
    """`id` names one's own record, `file` that of somebody else: nothing happens."""
    contract, own = company.make("contract"), company.make("requirement", "clerk_mkt")
    file = company.attach(contract, "annex", by=company.actor("clerk_sal"))
    sent = {"id": str(own.id), "file": str(file["_id"])}
    assert browser_as("clerk_mkt").post("/admin/requirement/detach/", sent).status_code == 404
    assert browser_as("clerk_sal").get(f"/files/{file['_id']}").status_code == 200


def test_work_that_waits_for_somebody_opens_the_record_to_them_alone(company: Any, browser_as: Any) -> None:
    """Legal adds files while the contract lies before them, and not before or after."""
    contract = company.make("contract")
    legal = company.actor("legal")
    assert not rights.may_attach(legal, contract)
    contract = company.walk(contract, "legal_review")
    assert rights.may_attach(legal, contract)
    assert not rights.may_attach(company.actor("finance"), contract)
    contract = company.walk(contract, "approved")
    assert not rights.may_attach(legal, contract)


def test_the_inbox_holds_what_one_may_decide_and_nothing_else(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    product = company.walk(company.make("product"), "submitted")
    contract = company.walk(company.make("contract"), "legal_review")
    expected = {
        "head_sal": {offer.id}, "management": {product.id}, "legal": {contract.id}, "clerk_sal": set(),
        "clerk_sal2": set(), "head_mkt": set(), "finance": set(), "supervisor": set(), "it": set(),
    }  # fmt: skip
    for login, query in expected.items():
        text = browser_as(login).get("/admin/inbox/").text
        assert {record.id for record in (offer, product, contract) if str(record.id) in text} == query, login


def test_the_bin_shows_what_one_may_restore(company: Any, browser_as: Any) -> None:
    customer = company.make("customer")
    changes.remove(type(customer), customer.id, actor=company.actor("clerk_sal"), version=customer.version)
    sent = {"id": str(customer.id)}
    for login in ("clerk_mkt", "supervisor", "legal", "management", "it"):
        assert customer.number not in browser_as(login).get("/admin/bin/").text, login
        assert browser_as(login).post("/admin/customer/restore/", sent).status_code in (403, 404), login
    assert customer.number in browser_as("head_sal").get("/admin/bin/").text
    assert browser_as("head_sal").post("/admin/customer/restore/", sent).status_code == 302


def test_notices_are_read_by_their_person_alone(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation", subject="泵站改造"), "submitted")
    assert offer.number in browser_as("head_sal").get("/admin/notices/").text
    for login in ("clerk_sal2", "head_mkt", "management", "it"):
        assert offer.number not in browser_as(login).get("/admin/notices/").text, login


def test_nobody_learns_of_another_ones_record_by_pointing_to_it(company: Any, browser_as: Any) -> None:
    """A link to a record that one may not see is refused like one that leads nowhere, and shows no title."""
    customer = company.make("customer", name="機密客戶")
    clerk = browser_as("clerk_mkt", locale="en")
    assert "機密客戶" not in clerk.get("/admin/requirement/new/", {"customer": str(customer.id)}).text
    sales = browser_as("clerk_sal")
    assert "機密客戶" in sales.get("/admin/quotation/new/", {"customer": str(customer.id)}).text
