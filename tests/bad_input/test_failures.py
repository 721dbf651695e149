"""When we fail: a page with a sentence and a number, nothing of the inside, and what was typed too long is not cut."""

from __future__ import annotations

import errno
import io
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError, WriteError

import views.frame
import views.record
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of
from models.services.files import files
from tests.fixtures.http import read_page

INSIDE = ("Traceback", "AutoReconnect", "secret detail", "pymongo", ".py")


def breaks(problem: Exception) -> Any:
    def raising(*_: Any, **__: Any) -> Any:
        raise problem

    return raising


@pytest.mark.parametrize("problem", [AutoReconnect("secret detail"), ServerSelectionTimeoutError("secret detail")])
@pytest.mark.parametrize("where", ["menu_of", "own_business"])
def test_the_page_of_a_failure_needs_no_database(
    where: str, problem: Exception, company: Any, browser_as: Any, monkeypatch: Any
) -> None:
    """Also when it is the frame around every page that cannot be made."""
    clerk = browser_as("clerk_sal", locale="en")
    monkeypatch.setattr(views.frame, where, breaks(problem))
    answer = clerk.get("/admin/customer/")
    assert answer.status_code == 503
    assert "Nothing was changed; please try again" in " ".join(read_page(answer.text).notices)
    assert "{ref}" not in answer.text
    assert not [word for word in INSIDE if word in answer.text]


def test_a_failure_of_ours_is_a_page_with_a_number(company: Any, browser_as: Any, monkeypatch: Any) -> None:
    clerk = browser_as("clerk_sal", locale="en")
    monkeypatch.setattr(views.record.listing, "fetch", breaks(RuntimeError("secret detail")))
    answer = clerk.get("/admin/customer/")
    assert answer.status_code == 500
    assert "IT can find the cause by this number" in read_page(answer.text).notices[0]
    assert not [word for word in INSIDE if word in answer.text]


@pytest.mark.parametrize("fault", [OperationFailure("no space", 14031), WriteError("no space", 14031),
                                   OperationFailure("quota", 28)])  # fmt: skip
def test_a_full_disk_of_the_database_is_said_and_what_was_typed_is_kept(
    fault: Exception, company: Any, browser_as: Any, monkeypatch: Any
) -> None:
    clerk = browser_as("clerk_sal", locale="en")
    form = clerk.form("/admin/interaction/new/")
    with monkeypatch.context() as patch:
        patch.setattr(changes, "create", breaks(fault))
        answer = clerk.send(form, subject="What I typed")
        assert answer.status_code == 503
        assert "The storage of the database is full; nothing was saved" in answer.text
        assert "What I typed" in answer.text
        assert not [word for word in INSIDE if word in answer.text]
    assert clerk.get("/admin/interaction/").status_code == 200


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_at_an_upload_is_said_and_leaves_nothing(
    number: int, company: Any, browser_as: Any, monkeypatch: Any, db: Any
) -> None:
    """Of the server itself, on which what is sent is kept until it is whole."""
    clerk, record = browser_as("clerk_sal", locale="en"), company.make("quotation", "clerk_sal")
    page = clerk.page("/admin/quotation/details/", {"id": record.id})
    action = next(form.action for form in page.forms if "attach" in form.action)
    sent = {"id": str(record.id), "kind": "", "file": (io.BytesIO(b"x" * 1000), "a.txt")}
    with monkeypatch.context() as patch:
        patch.setattr(files, "attach", breaks(OSError(number, "No space left: secret detail")))
        answer = clerk.post(action, sent, content_type="multipart/form-data")
    assert answer.status_code == 503
    assert "The disk of the server is full; nothing was saved" in answer.text
    assert not [word for word in INSIDE if word in answer.text]
    assert db.file.count_documents({}) == 0


def test_another_fault_of_a_file_is_ours(company: Any, browser_as: Any, monkeypatch: Any) -> None:
    clerk = browser_as("clerk_sal", locale="en")
    monkeypatch.setattr(views.record.listing, "fetch", breaks(OSError(errno.EIO, "secret detail")))
    answer = clerk.get("/admin/customer/")
    assert answer.status_code == 500
    assert "IT can find the cause by this number" in answer.text


def test_a_failure_answers_scripts_as_they_asked(company: Any, browser_as: Any, monkeypatch: Any) -> None:
    clerk = browser_as("clerk_sal")
    assert clerk.token
    monkeypatch.setattr(views.record.rights, "find_row", breaks(AutoReconnect("secret detail")))
    answer = clerk.post("/admin/customer/ajax/update/", {"id": "5" * 24, "name": "level", "value": "A"})
    assert (answer.status_code, answer.get_json()["ok"]) == (503, False)
    assert "secret" not in answer.text


@pytest.mark.parametrize("reason", ["長" * 5000, "too \x00 bad", "  \u3000 "])
def test_a_reason_that_cannot_be_kept_is_refused_and_given_back(reason: str, company: Any, browser_as: Any) -> None:
    offer, head = company.walk(company.make("quotation"), "submitted"), browser_as("head_sal")
    form = head.form("/admin/quotation/move/", "/move/", id=offer.id, verb="return")
    answer = head.send(form, reason=reason)
    assert answer.status_code == 422
    page = read_page(answer.text)
    assert page.errors["reason"]
    assert "\x00" in reason or page.form("/move/")["reason"] == reason
    assert company.fresh(offer).state == "submitted"
    assert not [entry for entry in entries_of(offer.id) if entry["verb"] == "return"]


def test_a_page_too_old_keeps_what_was_typed_under_the_labels_of_the_form(company: Any, browser_as: Any) -> None:
    typed = {"csrf_token": "stale", "subject": "Sensors", "lines-0-quantity": "3", "no_such": "kept", "id": "1"}
    answer = browser_as("clerk_sal", locale="en").post("/admin/quotation/new/", typed)
    assert answer.status_code == 400
    facts = read_page(answer.text.split("<main")[1].split("</main>")[0].partition(">")[2]).facts
    assert facts == {"Subject": "Sensors", "Lines 1 Quantity": "3", "no_such": "kept"}
