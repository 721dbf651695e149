"""A file of a former edition says so wherever it is met, and stands behind what is in force."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.gate import changes
from models.services.files import files
from tests.fixtures.company import Company
from tests.fixtures.doing import work_off
from tests.fixtures.papers import pdf
from tests.views.test_document_screens import attach

FORMER = "superseded by edition 2"


@pytest.fixture
def document(company: Company) -> Any:
    """A document in its second edition."""
    me = company.actor("clerk_sal")
    document = company.make("document", "clerk_sal", subject="檢驗規程")
    attach(document, me, "規程.pdf", pdf("間隙量具 0.02 毫米"))
    document = company.walk(document, "approved")
    content = {"document": document.id, "what_changed": "放寬"}
    revision = changes.create(catalogue["revision"], content, actor=me)
    attach(revision, me, "規程.pdf", pdf("間隙量具 0.05 毫米"))
    company.walk(revision, "approved")
    work_off("files.read")
    return company.fresh(document)


def test_hits_say_which_edition_they_are_of_and_what_is_in_force_stands_first(document: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_mkt", locale="en")
    text = browser.page("/admin/search/", {"q": "間隙量具"}).text
    assert text.index("edition 2 ") < text.index("edition 1 superseded by edition 2")
    assert text.count(FORMER) == 1
    former = text[text.index("edition 1 ") :]
    assert "Approved" not in former[: former.index("0.02")], "its document is approved, it is not"


def test_its_preview_and_its_list_say_so(document: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_mkt", locale="en")
    former, present = sorted(files.files_of(document.id), key=lambda file: file["edition"])
    for file, is_former in ((former, True), (present, False)):
        text = browser.page(f"/files/{file['_id']}/view").text
        assert f"Edition {file['edition']}" in text
        assert (FORMER in text) == is_former
    assert browser.page("/admin/document/details/", {"id": document.id}).text.count(FORMER) == 1


def test_a_file_of_a_type_without_editions_says_nothing(company: Company, browser_as: Any) -> None:
    need = company.make("requirement", "clerk_mkt")
    file = company.attach(need, "", by=company.actor("clerk_mkt"))
    assert "Edition" not in browser_as("clerk_mkt", locale="en").page(f"/files/{file['_id']}/view").text
