"""Copies with a reader's mark: made in a turn of their own, and offered only where they are given."""

from __future__ import annotations

import datetime as dt
import io
import threading
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.gate import changes
from models.services.files import confined, files
from models.services.files import viewing as file_viewing
from tests.fixtures.company import Company
from tests.fixtures.doing import work_off
from tests.fixtures.papers import document as docx
from tests.fixtures.papers import pdf

PAPERS = {"文.docx": docx("秘密內容一二三"), "文.pdf": pdf("秘密內容"), "文.bin": b"\x00\x01\x02"}


@pytest.fixture
def lent(company: Company) -> Any:
    """A confidential document with files of some kinds, read on loan by somebody of another department."""
    document = company.make("document", "clerk_sal", confidentiality="confidential")
    for name, content in PAPERS.items():
        upload = files.Upload(name, io.BytesIO(content))
        files.attach(type(document), document.id, "document", upload, actor=company.actor("clerk_sal"))
    document = company.walk(document, "approved")
    today = clock.today()
    said = {"kind": "electronic", "purpose": "x", "wanted_from": today, "wanted_until": today + dt.timedelta(days=3)}
    loan = changes.create(catalogue["loan"], {"document": document.id, **said}, actor=company.actor("clerk_mkt"))
    changes.move(type(loan), loan.id, "approve", actor=company.actor("records"), version=loan.version)
    work_off("files.read")
    return document


def test_a_download_is_offered_where_it_is_given(lent: Any, browser_as: Any) -> None:
    """To the borrower of the PDF alone; to the department of all. The page, the preview and the door say the same."""
    for login, given in (("clerk_mkt", {"文.pdf"}), ("clerk_sal", set(PAPERS))):
        browser = browser_as(login)
        listed = browser.page("/admin/document/details/", {"id": lent.id})
        for file in files.files_of(lent.id):
            address, may = f"/files/{file['_id']}", file["name"] in given
            assert (address in listed.links) == may, (login, file["name"])
            assert (address in browser.page(f"{address}/view").links) == may, (login, file["name"])
            assert browser.get(address).status_code == (200 if may else 403)
        assert "下載後打開" not in browser_as("clerk_mkt").page(f"{address}/view").text


def test_editions_side_by_side_offer_no_download_that_is_refused(company: Company, lent: Any, browser_as: Any) -> None:
    content = {"document": lent.id, "what_changed": "修訂"}
    revision = changes.create(catalogue["revision"], content, actor=company.actor("clerk_sal"))
    upload = files.Upload("文.docx", io.BytesIO(docx("新內容")))
    files.attach(type(revision), revision.id, "document", upload, actor=company.actor("clerk_sal"))
    company.walk(revision, "approved")
    for login in ("clerk_mkt", "clerk_sal"):
        browser = browser_as(login)
        links = [link for link in browser.page("/admin/editions/", {"id": lent.id}).links if link.startswith("/files/")]
        assert len(links) == 4
        assert {browser.get(link).status_code for link in links} == {200}


def test_copies_of_many_pages_do_not_hold_up_the_previews(
    company: Company, lent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two are asked for at once: one is made, the other is told to wait, and pages are drawn meanwhile."""
    file = next(file for file in files.files_of(lent.id) if file["name"] == "文.pdf")
    result = file_viewing.may_look(file["_id"], actor=company.actor("clerk_mkt"))
    run, begun, done = confined.run, threading.Semaphore(0), threading.Event()

    def slow(program: str, order: dict[str, Any], content: Any, **options: Any) -> Any:
        if order["verb"] == "stamped":
            begun.release()
            assert done.wait(20)
        return run(program, order, content, **options)

    monkeypatch.setattr(confined, "run", slow)
    monkeypatch.setattr(file_viewing, "WAIT_SECONDS", 0.2)
    made: list[Any] = []

    def copy() -> None:
        try:
            made.append(file_viewing.stamped_copy(result)[:4])
        except Refused as refused:
            made.append(refused.sentence)

    threads = [threading.Thread(target=copy) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.acquire(timeout=20)
    assert file_viewing.page(result, 1, file_viewing.WIDTHS[0]).image
    for thread in threads[1:]:
        thread.join(2)
    done.set()
    for thread in threads:
        thread.join(20)
    assert made.count(b"%PDF") == 1
    assert made.count(file_viewing.BUSY_COPY) == 2


def test_other_kinds_are_not_copied(company: Company, lent: Any) -> None:
    file = next(file for file in files.files_of(lent.id) if file["name"] == "文.docx")
    with pytest.raises(Forbidden):
        file_viewing.stamped_copy(file_viewing.may_look(file["_id"], actor=company.actor("clerk_mkt")))
