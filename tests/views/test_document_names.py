"""The naming rule reaches the files of every edition: drafts are offered its names, what files itself takes them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from models import catalogue
from models.documents.filing import entry_key
from models.kernel.gate import changes
from models.services.files import files
from tests.fixtures.company import PDF, Company
from tests.fixtures.http import Page

TAKE = "/admin/file_names/take/"


@pytest.fixture(autouse=True)
def rule(company: Company) -> None:
    content = {"pattern": "{category}-{department}-{yyyy}-{seq:4} {title}"}
    changes.create(catalogue["naming_rule"], content, actor=company.actor("records"))


def attach(company: Company, record: Any, login: str, name: str, kind: str = "document", ending: bytes = b"") -> None:
    upload = files.Upload(name, io.BytesIO(PDF + ending))
    files.attach(type(record), record.id, kind, upload, actor=company.actor(login))


def names_of(record: Any) -> list[str]:
    return [file["name"] for file in files.files_of(record.id)]


def page_of(browser: Any, record: Any) -> Page:
    return browser.page(f"/admin/{record.type_name()}/details/", {"id": record.id})


def test_a_new_edition_is_offered_names_by_the_rule(company: Company, browser_as: Any) -> None:
    document = company.walk(company.make("document", "clerk_sal", subject="檢驗規程"), "approved")
    content = {"document": document.id, "subject": "檢驗規程（修訂）", "what_changed": "修訂"}
    revision = changes.create(catalogue["revision"], content, actor=company.actor("clerk_sal"))
    attach(company, revision, "clerk_sal", "掃描0001.pdf")
    browser = browser_as("clerk_sal")
    better = f"{document.number} 檢驗規程（修訂）.pdf"
    assert better in page_of(browser, revision).text
    answer = browser.send(page_of(browser, revision).form(TAKE), file=str(files.files_of(revision.id)[0]["_id"]))
    assert answer.headers["Location"].endswith(f"/admin/revision/details/?id={revision.id}")
    assert names_of(revision) == [better]
    assert not page_of(browser, revision).has_form(TAKE)
    attach(company, revision, "clerk_sal", "附圖.pdf", "annex", b"%2")
    revision = company.walk(revision, "submitted")
    assert not page_of(browser, revision).has_form(TAKE), "locked"
    file = str(files.files_of(revision.id)[1]["_id"])
    sent = {"type": "revision", "id": str(revision.id), "file": file}
    assert browser.post(TAKE, sent).status_code == 403
    assert browser_as("clerk_mkt").post(TAKE, sent).status_code == 404
    company.walk(revision, "approved")
    assert better in names_of(document)


def test_what_files_itself_is_named_by_the_rule(company: Company, browser_as: Any) -> None:
    """The name of its uploader stays on display."""
    contract = company.make("contract", "clerk_sal")
    contract = company.walk(contract, "approved")
    attach(company, contract, "clerk_sal", "IMG_0001.pdf", "scan")
    attach(company, contract, "clerk_sal", "IMG_0002.pdf", "annex", b"%2")
    contract = company.walk(contract, "signed")
    (document,) = catalogue["document"].objects(once=entry_key(contract))
    stem = f"{document.number} {document.subject}"
    assert names_of(document) == [f"{stem}.pdf", f"{stem} (2).pdf"]
    assert f"{stem}.pdf" in document.editions[0].files
    assert "IMG_0001.pdf" in names_of(contract), "the contract keeps its own"
    assert "IMG_0001.pdf" in page_of(browser_as("clerk_sal"), document).text
