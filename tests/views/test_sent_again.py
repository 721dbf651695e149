"""A comment or a file sent again after a lost answer stands there once; what is entered anew stands there too."""

from __future__ import annotations

import io
from typing import Any

import pytest

from models.kernel.gate.history import entries_of

URL = "/admin/quotation/details/"


@pytest.fixture
def offer(company: Any) -> Any:
    return company.make("quotation", "clerk_sal")


def verbs(record: Any, verb: str) -> list[str]:
    return [entry["reason"] or "" for entry in entries_of(record.id) if entry["verb"] == verb]


def test_a_comment_sent_twice_stands_there_once(company: Any, browser_as: Any, offer: Any, db: Any) -> None:
    head = browser_as("head_sal")
    form = head.form(URL, "/comment/", id=offer.id)
    for _ in range(2):
        assert head.send(form, comment="Please check the price").status_code == 302
    assert verbs(offer, "comment") == ["Please check the price"]
    assert db["notice"].count_documents({"kind": "comment", "person": company.users["clerk_sal"]}) == 1
    assert head.send(form, comment="And the date").status_code == 302
    assert head.send(head.form(URL, "/comment/", id=offer.id), comment="And the date").status_code == 302
    assert verbs(offer, "comment") == ["Please check the price", "And the date", "And the date"]


def test_a_file_sent_twice_is_attached_once(browser_as: Any, offer: Any, db: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = clerk.form(URL, "/attach/", id=offer.id)
    for content, name in ((b"one", "a.txt"), (b"one", "a.txt"), (b"two", "a.txt"), (b"one", "b.txt")):
        answer = clerk.post("/admin/quotation/attach/", {**form, "file": (io.BytesIO(content), name)})
        assert answer.status_code == 302
    assert sorted(file["name"] for file in db["file"].find({"record_id": offer.id})) == ["a.txt", "a.txt", "b.txt"]
    assert len(verbs(offer, "attach")) == 3
    assert db["content.files"].count_documents({}) == 3
    again = clerk.form(URL, "/attach/", id=offer.id)
    clerk.post("/admin/quotation/attach/", {**again, "file": (io.BytesIO(b"one"), "a.txt")})
    assert db["file"].count_documents({"record_id": offer.id}) == 4


def test_the_key_of_another_is_no_key_of_ones_own(browser_as: Any, offer: Any) -> None:
    for login in ("clerk_sal", "head_sal"):
        person = browser_as(login)
        form = person.form(URL, "/comment/", id=offer.id)
        assert person.send(form, once="the same", comment="Agreed").status_code == 302
    assert len(verbs(offer, "comment")) == 2
