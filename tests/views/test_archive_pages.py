"""The archive and the audit over HTTP: who sees which rows, where links lead, who may bring back, what is said."""

import datetime as dt
import io
import json

import pytest
from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history
from models.operations.retention import CARRY_OUT, DeletionLine, DeletionList, LegalHold
from models.services.files import files
from models.services.keeping import archive, audit, seals
from models.services.keeping.archive import Approval
from tests.fixtures.http import said

LONG_AGO = dt.datetime(2020, 3, 2, 4, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now():
    with clock.set_to(NOW):
        yield


@pytest.fixture
def quotation(company):
    """An archived quotation of the sales department, with a file."""
    with clock.set_to(LONG_AGO):
        made = company.make("quotation", "clerk_sal")
        upload = files.Upload("附件.txt", io.BytesIO(b"hello"))
        files.attach(type(made), made.id, "", upload, actor=company.actor("clerk_sal"))
    assert archive.move_out(type(made), made.id, is_due=lambda _: True)
    return made


def readers(company, quotation):
    """Those who could read it among the living, as its declaration says, and who keeps the archive."""
    from models.kernel.rights import rights

    cls = type(quotation)
    result = {login for login in company.logins if _matches(rights.visible(company.actor(login), cls), quotation)}
    return result | {"records"}


def _matches(scope, record):
    if scope is None:
        return False
    values = {name: record.ref(name) for name in ("department", "owner")}
    clauses = scope.get("$or", [{k: v for k, v in scope.items() if k != "removed_at"}])
    return any(all(values.get(name) == value for name, value in clause.items()) for clause in clauses)


def test_rows_and_pages_are_for_those_who_may_read_them(company, quotation, browser_as):
    may = readers(company, quotation)
    assert {"clerk_sal", "head_sal", "records"} <= may
    assert may.isdisjoint({"it", "hr", "clerk_prd", "clerk_mkt"})
    for login in company.logins:
        browser = browser_as(login)
        grid = browser.get("/admin/archive/quotation/")
        page = browser.get("/admin/archive/quotation/details/", {"id": quotation.id})
        search = browser.get("/admin/archive/", {"q": quotation.number})
        seen = (quotation.number in grid.text, page.status_code == 200, f"id={quotation.id}" in search.text)
        assert seen == ((True,) * 3 if login in may else (False,) * 3), login
        file = files.files_of(quotation.id)[0]["_id"]
        assert (browser.get(f"/files/{file}").status_code == 200) == (login in may), login


def test_it_has_no_business_in_the_archive(company, quotation, browser_as):
    """What IT finds there is its own learning, as everybody does."""
    browser = browser_as("it")
    links = browser.page("/admin/archive/").links
    assert not any(link.startswith("/admin/archive/quotation/") for link in links)
    assert browser.get("/admin/archive/quotation/").status_code in (403, 404)
    assert browser.get("/admin/archive/quotation/details/", {"id": quotation.id}).status_code in (403, 404)


def test_the_living_list_leads_to_the_archive_only_by_its_own_address(company, quotation, browser_as):
    browser = browser_as("clerk_sal")
    assert quotation.number not in browser.get("/admin/quotation/").text
    answer = browser.get("/admin/quotation/details/", {"id": quotation.id})
    assert answer.headers["Location"] == f"/admin/archive/quotation/details/?id={quotation.id}"
    assert browser_as("clerk_prd").get("/admin/quotation/details/", {"id": quotation.id}).status_code in (403, 404)
    for path in ("edit", "move", "history", "delete"):
        assert browser.get(f"/admin/quotation/{path}/", {"id": quotation.id}).status_code == 404


def test_the_list_filters_and_sorts_as_the_living_one(company, quotation, browser_as):
    browser = browser_as("records")
    assert quotation.number in browser.get("/admin/archive/quotation/", {"f.state": "draft", "sort": "number"}).text
    assert quotation.number not in browser.get("/admin/archive/quotation/", {"f.state": "sent"}).text
    assert quotation.number in browser.get("/admin/archive/quotation/", {"q": quotation.number[3:]}).text
    assert browser.get("/admin/archive/user/").status_code == 404
    assert browser.get("/admin/archive/nonsense/").status_code == 404


@pytest.mark.parametrize("path", ["export/csv/", "export/xlsx/", "", "details/?id={id}"])
def test_what_it_hands_out_is_kept_by_nobody(path, company, quotation, browser_as):
    answer = browser_as("records").get(f"/admin/archive/quotation/{path.format(id=quotation.id)}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] in ("no-store", "private, no-store")


def test_the_list_is_exported_with_its_filters_to_those_who_read_it(company, quotation, browser_as, capsys):
    may = readers(company, quotation)
    for login in ("clerk_sal", "records", "clerk_prd", "clerk_mkt", "it"):
        answer = browser_as(login).get("/admin/archive/quotation/export/csv/")
        assert (quotation.number in answer.text) == (login in may), login
    records = browser_as("records")
    links = records.page("/admin/archive/quotation/", {"f.state": "draft"}).links
    (csv_link,) = (link for link in links if "/export/csv/" in link)
    assert quotation.number in records.get(csv_link).text
    assert quotation.number not in records.get("/admin/archive/quotation/export/csv/", {"f.state": "sent"}).text
    assert "quotation_archive" in capsys.readouterr().out
    assert records.get("/admin/archive/quotation/export/xlsx/").data.startswith(b"PK")
    assert records.get("/admin/archive/quotation/export/exe/").status_code == 404
    assert quotation.number not in records.get("/admin/quotation/export/csv/").text


def test_the_record_page_only_shows(company, quotation, browser_as):
    page = browser_as("clerk_sal").page("/admin/archive/quotation/details/", {"id": quotation.id})
    assert not page.has_form("bring_back/")
    assert not page.has_form("comment/")
    assert quotation.number in page.text
    for id in (ObjectId(), "x", ""):
        answer = browser_as("clerk_sal").get("/admin/archive/quotation/details/", {"id": id})
        assert answer.status_code == 404


def test_back_by_the_records_manager_and_once(company, quotation, browser_as):
    path = "/admin/archive/quotation/bring_back/"
    for login in set(company.logins) - {"records"}:
        assert browser_as(login).post(path, {"id": str(quotation.id)}).status_code in (403, 404), login
    browser = browser_as("records")
    form = browser.form("/admin/archive/quotation/details/", "bring_back/", id=quotation.id)
    assert browser.send(form, reason="客戶查詢").status_code == 302
    again = browser.send(form, reason="客戶查詢")
    assert again.status_code == 422
    assert quotation.number in again.text
    entry = history.entries_of(quotation.id)[-1]
    assert (entry["verb"], entry["reason"], entry["actor"]) == ("unarchive", "客戶查詢", company.users["records"])
    assert browser_as("clerk_sal").get("/admin/quotation/details/", {"id": quotation.id}).status_code == 200


def test_a_link_to_an_archived_record_keeps_its_words(company, browser_as):
    with clock.set_to(LONG_AGO):
        customer = company.make("customer", "clerk_sal", name="蘇州恒遠")
        quotation = company.make("quotation", "clerk_sal", customer=customer.id)
    assert archive.move_out(type(customer), customer.id, is_due=lambda _: True)
    page = browser_as("clerk_sal").page("/admin/quotation/details/", {"id": quotation.id})
    assert "蘇州恒遠" in page.text
    assert f"/admin/customer/details/?id={customer.id}" in page.links


class TestAudit:
    def test_only_it_and_supervisors(self, company, browser_as):
        for login in company.logins:
            browser = browser_as(login)
            may = login in ("it", "supervisor")
            assert (browser.get("/admin/audit/").status_code == 200) == may, login
            assert (browser.post("/admin/audit/check/").status_code == 302) == may, login
            assert (browser.get("/admin/audit/checkpoint/").status_code in (200, 422)) == may, login
            assert ("/admin/audit/" in browser.page("/admin/").links) == may, login

    def test_what_it_shows(self, company, browser_as, db):
        browser = browser_as("it")
        assert "not been checked" in browser_as("it", locale="en").page("/admin/audit/").text
        audit.seal_all()
        audit.keep_result(audit.check())
        page = browser.page("/admin/audit/")
        assert audit.newest_seal()["hash"] in page.text
        assert "as it had been written" in page.text
        kept = json.loads(browser.get("/admin/audit/checkpoint/").text)
        assert seals.read_checkpoint(json.dumps(kept))["number"] == 1
        assert audit.check(kept).is_good
        db.user.update_one({"login": "hr"}, {"$set": {"name": "改過"}})
        audit.keep_result(audit.check(kept))
        page = browser.page("/admin/audit/")
        assert "changed without entry: name" in page.text
        assert any(link == "/admin/audit/" for link in browser.page("/admin/").links)

    def test_check_now_is_ordered_once(self, company, browser_as, db):
        browser = browser_as("supervisor")
        form = browser.form("/admin/audit/", "check/")
        assert browser.send(form).status_code == browser.send(form).status_code == 302
        run = db.task_run.find_one({"task": "audit.check"})
        assert db.task_run.count_documents({"task": "audit.check"}) == 1
        assert run["asked_by"] == company.users["supervisor"]


def test_lists_are_approved_on_their_page(company, quotation, browser_as):
    page = browser_as("records").page("/admin/retention_rule/")
    assert "/admin/legal_hold/" in page.links
    assert browser_as("it").get("/admin/retention_rule/").status_code == 403
    assert said(browser_as("it").get("/admin/deletion_list/"))


def test_a_living_record_leads_to_what_links_to_it_in_the_archive(company, quotation, browser_as):
    id = quotation.ref("customer")
    path = f"/admin/archive/linked/?type=customer&id={id}"
    browser = browser_as("clerk_sal")
    assert path in browser.page("/admin/customer/details/", {"id": id}).links
    assert any(str(quotation.id) in link for link in browser.page(path).links)
    assert browser_as("it").get(path).status_code in (403, 404)
    assert browser.get("/admin/archive/linked/?type=nonsense&id=x").status_code == 404


class TestDestruction:
    @pytest.fixture
    def listed(self, company, quotation):
        line = DeletionLine(record_type="quotation", number=quotation.number, record_id=str(quotation.id))
        home = {"department": company.department("MGT")}
        values = {"record_type": "quotation", "count": 1, "lines": [line], **home}
        made = changes.create(DeletionList, values, actor=SYSTEM)
        return changes.move(DeletionList, made.id, "submit", actor=SYSTEM, version=None)

    def test_the_records_manager_sees_and_approves_with_the_password(self, company, quotation, listed, browser_as, db):
        browser = browser_as("records")
        assert listed.number in browser.page("/admin/inbox/").text
        page = browser.page("/admin/deletion_list/details/", {"id": listed.id})
        assert quotation.number in page.text
        assert any(str(quotation.id) in link for link in browser.page(f"/admin/archive/listed/?id={listed.id}").links)
        form = browser.form("/admin/deletion_list/move/", "move/", id=listed.id, verb="approve")
        assert browser.send(form, password="wrong").status_code == 422
        assert browser.send(form, password="four good words here").status_code == 302
        assert db.task_run.count_documents({"task": CARRY_OUT, "state": "queued"}) == 1
        assert db.quotation_archive.count_documents({}) == 1

    def test_nobody_else(self, company, quotation, listed, browser_as, db):
        data = {"id": str(listed.id), "verb": "approve", "version": str(listed.version), "password": "x"}
        for login in set(company.logins) - {"records"}:
            assert browser_as(login).post("/admin/deletion_list/move/", data).status_code in (403, 404), login
        assert browser_as("clerk_sal").get(f"/admin/archive/listed/?id={listed.id}").status_code == 404

    def test_a_tombstone_is_found_by_its_number(self, company, quotation, listed, browser_as, db):
        approval = Approval(listed.id, listed.number, company.users["records"], "羅秀英", NOW)
        assert archive.destroy(type(quotation), quotation.id, approval, lambda _: None, may=lambda _: True)
        text = browser_as("records").page("/admin/archive/", {"q": quotation.number}).text
        assert listed.number in text
        assert "羅秀英" in text
        assert "羅秀英" not in browser_as("clerk_sal").page("/admin/archive/", {"q": quotation.number}).text


def test_a_hold_is_placed_and_seen_by_those_concerned(company, browser_as):
    customer = company.make("customer", "clerk_sal")
    legal = browser_as("legal")
    answer = legal.send(legal.form("/admin/legal_hold/new/", "new/"), customer=str(customer.id), reason="訴訟")
    assert answer.status_code == 302
    held = "/admin/legal_hold/?f.state=active"
    assert held in browser_as("legal").page("/admin/customer/details/", {"id": customer.id}).links
    assert held not in browser_as("clerk_sal").page("/admin/customer/details/", {"id": customer.id}).links
    assert browser_as("clerk_sal").get("/admin/legal_hold/new/").status_code == 403


def test_a_hold_is_placed_from_the_page_of_its_record(company, browser_as):
    quotation = company.make("quotation", "clerk_sal")
    legal = browser_as("legal")
    links = legal.page("/admin/quotation/details/", {"id": quotation.id}).links
    (way,) = (link for link in links if link.startswith("/admin/legal_hold/new/"))
    assert legal.send(legal.form(way, "new/"), reason="訴訟").status_code == 302
    hold = LegalHold.objects.get()
    assert (hold.record_type, hold.record_number) == ("quotation", quotation.number)
    assert "/admin/legal_hold/new/" not in browser_as("clerk_sal").get("/admin/quotation/details/").text
