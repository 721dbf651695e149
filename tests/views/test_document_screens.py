"""Screens around documents: suggested names, editions side by side, labels, what is missing, the desk by hand."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pypdfium2
import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations.backups import GOOD
from models.services.files import files
from models.services.files import viewing as file_viewing
from models.services.papers import typesetting
from tests.fixtures.doing import work_off
from tests.fixtures.http import said
from tests.fixtures.papers import pdf
from views.custom.documents import borrowing_log, desk
from views.moves import is_danger

NOW = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)


def attach(record: Any, actor: Any, name: str, content: bytes) -> Any:
    return files.attach(type(record), record.id, "document", files.Upload(name, io.BytesIO(content)), actor=actor)


def with_copies(company: Any, *numbers: int, **values: Any) -> Any:
    document = company.walk(company.make("document", "clerk_sal", **values), "approved")
    line = type(document)._fields["copies"].field.document_type
    content = {"copies": [line(number=number, cabinet="B-2", shelf="3 層", condition="good") for number in numbers]}
    return changes.update(type(document), document.id, content, actor=SYSTEM, version=None)


def test_a_name_that_breaks_the_rule_gets_a_better_one_with_one_click(company: Any, browser_as: Any) -> None:
    rule = {"pattern": "{category}-{department}-{yyyy}-{seq:4} {title}"}
    changes.create(catalogue["naming_rule"], rule, actor=company.actor("records"))
    document, me = company.make("document", "clerk_sal", subject="檢驗規程"), company.actor("clerk_sal")
    for name in ("掃描件.pdf", "附圖.pdf"):
        attach(document, me, name, pdf("一"))
    browser = browser_as("clerk_sal")
    page = browser.page("/admin/document/details/", {"id": document.id})
    taking = [form for form in page.forms if form.action == "/admin/file_names/take/"]
    assert len(taking) == 2
    ids = [str(file["_id"]) for file in files.files_of(document.id)]
    for file in ids:
        assert browser.post("/admin/file_names/take/", {"id": document.id, "file": file}).status_code == 302
    names = [file["name"] for file in files.files_of(document.id)]
    assert names == [f"{document.number} 檢驗規程.pdf", f"{document.number} 檢驗規程 (2).pdf"]
    again = browser.post("/admin/file_names/take/", {"id": document.id, "file": ids[0]})
    assert again.status_code == 422
    assert (
        browser_as("clerk_mkt").post("/admin/file_names/take/", {"id": document.id, "file": ids[0]}).status_code == 404
    )


def test_two_editions_side_by_side(company: Any, browser_as: Any) -> None:
    me = company.actor("clerk_sal")
    document = company.make("document", "clerk_sal", subject="檢驗規程")
    attach(document, me, "規程.txt", "第一行\n間隙 0.02 毫米\n第三行".encode())
    document = company.walk(document, "approved")
    content = {"document": document.id, "subject": "檢驗規程（修訂）", "what_changed": "放寬間隙"}
    revision = changes.create(catalogue["revision"], content, actor=me)
    attach(revision, me, "規程.txt", "第一行\n間隙 0.05 毫米\n第三行".encode())
    company.walk(revision, "approved")
    unread = browser_as("clerk_mkt").get("/admin/editions/", {"id": document.id})
    assert "尚未讀取" in unread.text, "a text that waits to be read is not a text that was taken out"
    assert "<del>-" not in unread.text
    work_off("files.read")
    page = browser_as("clerk_mkt").get("/admin/editions/", {"id": document.id})
    assert page.status_code == 200
    assert "<del>檢驗規程</del>" in page.text
    assert "<ins>檢驗規程（修訂）</ins>" in page.text
    assert "間隙 0.02 毫米" in page.text
    assert "間隙 0.05 毫米" in page.text
    assert (
        browser_as("clerk_mkt").get("/admin/editions/", {"id": document.id, "old": "9", "new": "x"}).status_code == 200
    )


def test_one_edition_has_nothing_to_be_compared_with(company: Any, browser_as: Any) -> None:
    document = company.walk(company.make("document", "clerk_sal"), "approved")
    assert browser_as("clerk_sal").get("/admin/editions/", {"id": document.id}).status_code == 404


@pytest.mark.skipif(not typesetting.has_font("Noto Sans CJK TC"), reason="no Chinese font (fonts-noto-cjk)")
def test_labels_are_a_sheet_for_the_copies_chosen(company: Any, browser_as: Any) -> None:
    document = with_copies(company, 1, 2, 3, subject="質量手冊")
    desk = browser_as("records")
    page = desk.page("/admin/labels/", {"document": document.id})
    codes = [f"{document.number}/{item}" for item in (1, 2, 3)]
    assert [row[1] for row in page.rows if len(row) == 4 and "/" in row[1]] == codes
    answer = desk.get("/admin/labels/pdf/", [("document", str(document.id)), ("copy", codes[0]), ("copy", codes[2])])
    assert answer.content_type == "application/pdf"
    with pypdfium2.PdfDocument(answer.data) as sheet:
        text = sheet[0].get_textpage().get_text_bounded()
        assert len(sheet) == 1
    assert codes[0] in text
    assert codes[2] in text
    assert codes[1] not in text
    assert "質量手冊" in text
    assert desk.get("/admin/labels/", {"category": str(document.ref("category"))}).text.count('name="copy"') == 3


def test_important_documents_that_lack_something_are_listed(company: Any, browser_as: Any) -> None:
    with clock.set_to(NOW):
        safe, bare = (
            with_copies(company, 1, subject="齊全"),
            company.walk(company.make("document", "clerk_sal"), "approved"),
        )
        for record in (safe, bare):
            changes.update(type(record), record.id, {"important": True}, actor=SYSTEM, version=None)
        page = browser_as("records").page("/admin/safekeeping/")
        assert {row[0] for row in page.rows if row} >= {safe.number, bare.number}, "there is no backup yet"
    later = NOW + dt.timedelta(hours=1)
    get_db()["backup"].insert_one({"outcome": GOOD, "begun": later, "removed_at": None})
    with clock.set_to(later):
        page = browser_as("records", is_new=True).page("/admin/safekeeping/")
        rows = {row[0]: row[2] for row in page.rows if len(row) == 3}
        assert safe.number not in rows
        assert rows[bare.number] == "無紙質副本"
        top = browser_as("clerk_mkt", is_new=True).page("/admin/document/details/", {"id": safe.id})
        assert "電子備份與紙質副本齊全" in top.text


@pytest.mark.parametrize(
    "code", ["", "x", "DOC-1/1", "DOC-SAL-2026-0001/9999", "a" * 500, "/1", "?code=", "%00", "𠮷/1"]
)
def test_any_code_has_an_answer(company: Any, browser_as: Any, code: str) -> None:
    answer = browser_as("records").get("/admin/desk/", {"code": code})
    assert answer.status_code in (200, 404)
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "camera=()" in browser_as("records").get("/admin/loan/").headers["Permissions-Policy"]


def test_documents_are_found_at_the_desk_by_title_within_ones_rights(company: Any, browser_as: Any) -> None:
    first = with_copies(company, 1, subject="不合格品控制程序")
    secret = with_copies(company, 1, subject="不合格品處置紀要", confidentiality="secret")
    page = browser_as("records").page("/admin/desk/", {"code": "不合格品"})
    assert first.number in page.text
    assert "不合格品控制程序" in page.text
    assert desk.documents_named(company.actor("clerk_prd"), "不") == []
    lines = [
        documents_name["number"] for documents_name in desk.documents_named(company.actor("clerk_prd"), "不合格品")
    ]
    assert secret.number not in lines
    assert browser_as("records").get("/admin/desk/", {"code": "沒有此文件"}).status_code == 404


def test_the_address_of_a_label_leads_to_the_copy(company: Any, browser_as: Any) -> None:
    document = with_copies(company, 1)
    code = f"{document.number}/1"
    keeper = browser_as("records").get("/admin/copy/", {"code": code})
    assert keeper.location == f"/admin/desk/?code={document.number}%2F1"
    page = browser_as("records").get(
        "/admin/desk/", {"code": f"https://example.com/admin/copy/?code={document.number}%2F1"}
    )
    assert f"{document.number}/1" in page.text
    assert "B-2 / 3 層" in page.text
    other = browser_as("clerk_mkt").get("/admin/copy/", {"code": code})
    assert other.location == f"/admin/document/details/?id={document.id}"


def test_a_move_at_the_desk_that_was_overtaken_says_so(company: Any, browser_as: Any) -> None:
    document = with_copies(company, 1)
    content = {"document": document.id, "kind": "paper", "purpose": "核對"}
    loan = changes.create(catalogue["loan"], content, actor=company.actor("clerk_mkt"))
    loan = changes.move(type(loan), loan.id, "approve", actor=SYSTEM, version=None)
    desk, form = browser_as("records"), {"code": document.number, "id": loan.id, "copy": "1", "verb": "issue"}
    assert desk.post("/admin/desk/do/", {**form, "version": "1"}).status_code == 409
    assert desk.post("/admin/desk/do/", {**form, "version": loan.version, "copy": "7"}).status_code == 422
    assert desk.post("/admin/desk/do/", {**form, "version": loan.version, "verb": "approve"}).status_code == 422
    assert desk.post("/admin/desk/do/", {**form, "version": loan.version}).status_code == 302
    assert browser_as("clerk_mkt").post("/admin/desk/do/", {**form, "version": loan.version}).status_code == 403
    again = desk.post("/admin/desk/do/", {**form, "version": loan.version})
    assert again.status_code in (409, 422)
    assert said(again)


def test_a_copy_that_was_never_registered_is_registered_when_it_is_handed_out(company: Any, browser_as: Any) -> None:
    document = company.walk(company.make("document", "clerk_sal"), "approved")
    content = {"document": document.id, "kind": "paper", "purpose": "核對"}
    loan = changes.create(catalogue["loan"], content, actor=company.actor("clerk_mkt"))
    loan = changes.move(type(loan), loan.id, "approve", actor=SYSTEM, version=None)
    form = {"code": document.number, "id": loan.id, "copy": "4", "verb": "issue", "version": loan.version}
    assert browser_as("records").post("/admin/desk/do/", form).status_code == 302
    assert [line.number for line in company.fresh(document).copies] == [4]


def test_a_file_can_be_taken_off_until_its_edition_is_approved(company: Any, browser_as: Any) -> None:
    document, me = company.make("document", "head_sal"), company.actor("head_sal")
    attach(document, me, "一.pdf", pdf("一"))
    browser, detach = browser_as("head_sal"), "/admin/document/detach/"
    page = {"id": document.id}
    assert [form for form in browser.page("/admin/document/details/", page).forms if form.action == detach]
    company.walk(company.fresh(document), "approved")
    assert not [form for form in browser.page("/admin/document/details/", page).forms if form.action == detach]


def test_a_borrowers_mark_says_name_and_time_once(company: Any) -> None:
    document = company.walk(company.make("document", "head_sal", confidentiality="confidential"), "approved")
    borrower = company.actor("clerk_mkt")
    with clock.set_to(NOW):
        mark = file_viewing.mark_for(document, borrower)
    assert mark in (f"{borrower.name} 2026-11-23 10:00 on loan", f"{borrower.login} 2026-11-23 10:00")
    assert file_viewing.mark_for(document, company.actor("clerk_sal")) == ""


@pytest.mark.parametrize(
    ("name", "verb", "is_bad"),
    [("loan", "cancel", True), ("loan", "refuse", True), ("loan", "approve", False), ("document", "return", True)],
)
def test_moves_that_turn_down_are_told_from_the_declaration(name: str, verb: str, is_bad: bool) -> None:
    cls = catalogue[name]
    move = next(move for move in cls.declared.workflow.moves if move.verb == verb)
    assert is_danger(cls, move) == is_bad


def test_the_log_goes_by_time_and_its_pages_follow_each_other(
    company: Any, browser_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    for days in (3, 9, 1, 5):  # as after a restore or a clock that was wrong: written in another order than they were
        with clock.set_to(now - dt.timedelta(days=days)):
            company.make("loan", "clerk_mkt", document=with_copies(company, 1).id)
    whole = browser_as("records").page("/admin/borrowing_log/").rows
    content = [row[0] for row in whole if len(row) == 9][1:]
    assert len(content) == 4
    assert content == sorted(content, reverse=True)
    monkeypatch.setattr(borrowing_log, "PAGE", 1)
    seen, address = [], "/admin/borrowing_log/"
    while address:
        page = browser_as("records").page(address)
        seen += [row[0] for row in page.rows if len(row) == 9][1:]
        address = next((link for link in page.links if "after=" in link), "")
    assert seen == content
    assert len(browser_as("records").page("/admin/borrowing_log/?after=9.x").rows) > 1
