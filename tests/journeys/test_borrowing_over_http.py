"""A document and its copies through the desk: asked for, approved, issued, overdue, returned, next in line."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

from mongoengine.connection import get_db
from pypdf import PdfWriter
from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base import clock
from models.kernel.gate import changes
from models.services.files import files
from tests.fixtures.company import Company
from tests.fixtures.doing import do
from tests.fixtures.http import Browser, id_in, read_page, said

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)


def step(browser: Browser, id: Any, verb: str, **values: Any) -> Any:
    form = browser.form("/admin/loan/move/", "/move/", id=str(id), verb=verb)
    return browser.send(form, **values)


def loan_of(id: Any) -> Any:
    return catalogue["loan"].objects.get(id=id)


def ask(browser: Browser, document: Any, **values: Any) -> Any:
    """Ask for a document by the form that the button on its page opens."""
    form = browser.form("/admin/loan/new/", document=str(document.id))
    assert form["document"] == str(document.id)
    answer = browser.send(form, **{"kind": "paper", "purpose": "投標準備", **values})
    assert answer.status_code == 302, said(answer)
    return id_in(answer)


def at_desk(browser: Browser, code: str, verb: str, number: str = "", **values: Any) -> Any:
    """Press a button of the desk's page: the form of this move (for the loan of this number)."""
    page = browser.page("/admin/desk/", {"code": code})
    forms = [form for form in page.forms if form.action == "/admin/desk/do/"]
    expected = str(catalogue["loan"].objects.get(number=number).id) if number else None
    chosen = [form for form in forms if expected in (None, form["id"]) and _fits(form, verb)]
    assert chosen, forms
    return browser.post("/admin/desk/do/", {**chosen[0], "verb": verb, **values})


def _fits(form: Any, verb: str) -> bool:
    extra = {"issue": "copy", "take_back": "condition", "lose": "reason"}.get(verb)
    return extra is None or extra in form.controls


def notices(company: Company, login: str) -> list[str]:
    rows = get_db()["notice"].find({"person": company.users[login]}).sort("_id", 1)
    return [row["text"]["zh-Hant"] for row in rows]


def real_pdf() -> io.BytesIO:
    writer, content = PdfWriter(), io.BytesIO()
    writer.add_blank_page(width=200, height=200)
    writer.write(content)
    content.seek(0)
    return content


def with_copies(company: Company, count: int = 1, **values: Any) -> Any:
    document = company.make("document", "clerk_sal", **values)
    upload = files.Upload("正文.pdf", real_pdf())
    files.attach(type(document), document.id, "document", upload, actor=company.actor("clerk_sal"))
    document = company.walk(document, "approved")
    lines = [
        {"number": item, "cabinet": "A-3", "shelf": str(item), "condition": "good"} for item in range(1, count + 1)
    ]
    cls = catalogue["document"]
    content = [cls._fields["copies"].field.document_type(**line) for line in lines]
    return changes.update(
        cls, document.id, {"copies": content}, actor=company.actor("records"), version=document.version
    )


def test_a_copy_goes_from_hand_to_hand(  # noqa: PLR0915 - one story
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    with clock.set_to(MONDAY):
        document = with_copies(company, subject="投標檔案")
        clerk, other, desk = browser_as("clerk_mkt"), browser_as("clerk_prd"), browser_as("records")
        page = clerk.get("/admin/document/details/", {"id": str(document.id)}).text
        assert f"/admin/loan/new/?document={document.id}" in page
        assert "在架" in page

        # 1 asked for, approved, handed out by the code of the label
        first, second = ask(clerk, document), ask(other, document)
        for loan in (first, second):
            assert step(desk, loan, "approve").status_code == 302
        code = f"{document.number}/1"
        assert at_desk(desk, code, "issue", loan_of(first).number).status_code == 302
        assert loan_of(first).state == "on_loan"
        assert loan_of(first).due == dt.datetime(2026, 12, 7, 10, tzinfo=dt.UTC)

        # 2 the second is told who has it, and waits
        refused = desk.post(
            "/admin/desk/do/",
            {"verb": "issue", "code": code, "id": second, "version": loan_of(second).version, "copy": "1"},
        )
        assert refused.status_code == 422
        assert "趙雨晴" in said(refused)
        top = read_page(other.get("/admin/document/details/", {"id": str(document.id)}).text)
        assert any("趙雨晴" in cell for row in top.rows for cell in row)
        assert "下一位" in top.text
        third = ask(browser_as("finance"), document)
        step(desk, third, "approve")
        assert loan_of(third).state == "waiting"

    # 3 overdue: reminded every three days, the head from the seventh on, and blocked after fourteen
    with clock.set_to(MONDAY + dt.timedelta(days=17)):
        assert do("loans.remind")["sent"] == 1
        assert do("loans.remind").get("sent", 0) == 0
    with clock.set_to(MONDAY + dt.timedelta(days=22)):
        do("loans.remind")
    assert sum("已逾期" in notice for notice in notices(company, "clerk_mkt")) == 2
    assert [notice for notice in notices(company, "head_mkt") if "已逾期 8 天" in notice]
    with clock.set_to(MONDAY + dt.timedelta(days=30)):
        clerk, desk = browser_as("clerk_mkt", is_new=True), browser_as("records", is_new=True)
        another = with_copies(company, subject="另一檔案")
        blocked = clerk.send(clerk.form("/admin/loan/new/", document=str(another.id)), kind="paper", purpose="再借一份")
        assert blocked.status_code == 422
        assert loan_of(first).number in blocked.text

        # 4 taken back with its condition; the one who asked first gets it kept
        assert at_desk(desk, code, "take_back", condition="worn", remark="封面破損").status_code == 302
        assert (loan_of(first).state, loan_of(first).condition) == ("returned", "worn")
        assert company.fresh(document).copies[0].condition == "worn"
        assert (loan_of(second).state, loan_of(third).state) == ("approved", "waiting")
        assert [notice for notice in notices(company, "clerk_prd") if "為您保留" in notice]

    # 5 not fetched within three working days: it goes on
    with clock.set_to(MONDAY + dt.timedelta(days=40)):
        clerk, desk = browser_as("clerk_mkt", is_new=True), browser_as("records", is_new=True)
        assert do("loans.sweep")["lapsed"] == 1
        assert (loan_of(second).state, loan_of(third).state) == ("lapsed", "approved")
        assert at_desk(desk, code, "issue", loan_of(third).number).status_code == 302

        # 6 lost: the copy cannot be issued, the case stays open until it is found, replaced or written off
        assert at_desk(desk, code, "lose", reason="搬遷時遺失").status_code == 302
        assert company.fresh(document).copies[0].condition == "lost"
        fourth = ask(clerk, document)
        step(desk, fourth, "approve")
        assert loan_of(fourth).state == "waiting"
        assert step(desk, third, "replace", reason="已重新打印並簽章").status_code == 302
        assert company.fresh(document).copies[0].condition == "good"
        assert loan_of(fourth).state == "approved"

    # 7 the log tells all of it, on the page and as a file that opens again
    clerk, desk = browser_as("clerk_mkt", is_new=True), browser_as("records", is_new=True)
    log = desk.page("/admin/borrowing_log/", {"document": document.number})
    lines = [row for row in log.rows if len(row) == 9]
    assert [row[1] for row in reversed(lines)][:5] == ["申請借閱", "申請借閱", "批准", "批准", "排隊等候"]
    book = desk.get("/admin/borrowing_log/export/xlsx/", {"document": document.number}).data
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows == lines
    text = desk.get("/admin/borrowing_log/export/csv/", {"person": "趙雨晴"}).data.decode("utf-8-sig")
    assert {row[5] for row in csv.reader(io.StringIO(text))} >= {"借閱人", "趙雨晴"}
    assert clerk.get("/admin/borrowing_log/").status_code == 403
    assert clerk.get("/admin/desk/").status_code == 403


def test_a_reading_loan_opens_the_file_for_its_time_and_not_longer(
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    with clock.set_to(MONDAY):
        document = with_copies(company, confidentiality="confidential", subject="工藝參數")
        file = get_db()["file"].find_one({"record_id": document.id})
        clerk, desk = browser_as("clerk_mkt"), browser_as("records")
        assert clerk.get(f"/files/{file['_id']}").status_code == 403
        loan = ask(clerk, document, kind="electronic", wanted_from="2026-11-24", wanted_until="2026-11-25")
        step(desk, loan, "approve")
        assert loan_of(loan).state == "on_loan"
        assert clerk.get(f"/files/{file['_id']}").status_code == 403, "it has not begun"
    with clock.set_to(MONDAY + dt.timedelta(days=2, hours=13)):
        clerk = browser_as("clerk_mkt", is_new=True)
        assert clerk.get(f"/files/{file['_id']}").status_code == 200
        assert browser_as("clerk_prd").get(f"/files/{file['_id']}").status_code == 403
    with clock.set_to(MONDAY + dt.timedelta(days=3)):
        clerk = browser_as("clerk_mkt", is_new=True)
        assert clerk.get(f"/files/{file['_id']}").status_code == 403, "it is over, though no sweep has run"
        assert do("loans.sweep")["expired"] == 1
    assert loan_of(loan).state == "expired"
    log = browser_as("records", is_new=True).page("/admin/borrowing_log/", {"person": "趙雨晴"})
    assert any("下載附件" in row for row in log.rows)


def test_a_loan_is_renewed_once_and_only_if_nobody_waits(company: Company, browser_as: Callable[..., Browser]) -> None:
    with clock.set_to(MONDAY):
        document = with_copies(company)
        clerk, desk = browser_as("clerk_mkt"), browser_as("records")
        loan = ask(clerk, document)
        step(desk, loan, "approve")
        at_desk(desk, f"{document.number}/1", "issue")
        waits = ask(browser_as("clerk_prd"), document)
        step(desk, waits, "approve")
        assert step(clerk, loan, "renew").status_code == 422
        step(browser_as("clerk_prd"), waits, "cancel")
        before = loan_of(loan).due
        assert step(clerk, loan, "renew").status_code == 302
        assert loan_of(loan).due > before
        assert step(clerk, loan, "renew").status_code == 422


def test_secret_documents_need_management_as_well(company: Company, browser_as: Callable[..., Browser]) -> None:
    document = with_copies(company, confidentiality="secret", subject="併購計劃")
    colleague, desk = browser_as("clerk_sal2"), browser_as("records")
    loan = ask(colleague, document)
    lines = [notice for login in company.logins for notice in notices(company, login) if loan_of(loan).number in notice]
    assert "併購計劃" not in str([loan_of(loan).to_mongo(), lines])
    step(desk, loan, "approve")
    assert loan_of(loan).state == "requested"
    step(browser_as("management"), loan, "approve")
    assert loan_of(loan).state == "approved"
    assert not [
        notice
        for person in company.logins
        for notice in notices(company, person)
        if "併購" in notice and person == "records"
    ]
