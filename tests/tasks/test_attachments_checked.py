"""Attached files are under the tamper evidence: facts by the entries of the history, contents by their digests."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Binary
from mongoengine.connection import get_db

from models.services.files import reading
from models.services.files.confined import Unreadable
from models.services.keeping import audit
from tests.fixtures.doing import do


@pytest.fixture
def file(company: Any) -> Any:
    """A file of a contract, its entry under a seal."""
    contract = company.make("contract")
    company.attach(contract, "annex", by=company.actor("clerk_sal"))
    result = company.attach(contract, "annex", by=company.actor("clerk_sal"))
    audit.seal_all()
    return result


def flip(file: Any) -> None:
    """One bit of the content."""
    chunk = get_db()["content.chunks"].find_one({"files_id": file["content"]})
    assert chunk
    data = bytearray(chunk["data"])
    data[7] ^= 1
    get_db()["content.chunks"].update_one({"_id": chunk["_id"]}, {"$set": {"data": Binary(bytes(data))}})


def faults(**options: Any) -> list[str]:
    return [f"{fault.where}: {fault.what}" for fault in audit.check(**options).faults]


FACTS = {
    "another digest": {"sha256": "0" * 64},
    "another size": {"size": 5},
    "another name": {"name": "another.pdf"},
    "another kind": {"kind": "scan"},
    "another record": {"record_id": None},
    "taken off": {"removed_at": 1},
}


@pytest.mark.parametrize("name", FACTS)
def test_changed_facts_are_found_and_named(name: str, file: Any) -> None:
    assert faults() == []
    get_db()["file"].update_one({"_id": file["_id"]}, {"$set": FACTS[name]})
    assert any("changed without entry" in fault or "past the application" in fault for fault in faults())


def test_facts_and_content_of_another_file(file: Any, company: Any, browser_as: Any) -> None:
    """Another signed contract stands where this one was."""
    other = company.attach(company.make("contract"), "annex", by=company.actor("clerk_sal"))
    swapped = {name: other[name] for name in ("content",)} | {"sha256": "1" * 64, "size": 9}
    get_db()["file"].update_one({"_id": file["_id"]}, {"$set": swapped})
    assert any("sha256" in fault for fault in faults())
    answer = browser_as("clerk_sal", locale="en").get(f"/files/{file['_id']}")
    assert answer.status_code == 403
    assert "not the one that was attached" in answer.text


def test_a_file_that_is_gone(file: Any) -> None:
    get_db()["file"].delete_one({"_id": file["_id"]})
    assert any("gone without an entry" in fault for fault in faults())


def test_a_file_that_nobody_attached(file: Any) -> None:
    get_db()["file"].insert_one({**file, "_id": file["content"]})
    assert any("past the application" in fault for fault in faults())


def test_what_people_do_is_no_fault(file: Any, company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    sent = {"id": str(file["record_id"]), "file": str(file["_id"])}
    assert clerk.get(f"/files/{file['_id']}").status_code == 200
    assert clerk.post("/admin/contract/detach/", sent).status_code == 302
    assert faults(contents=True) == []


def test_one_bit_of_a_content(file: Any, company: Any, browser_as: Any) -> None:
    """By the switch and weekly; and nobody gets it, as a download or as a picture."""
    flip(file)
    assert faults() == [], "the facts alone do not tell"
    assert any("not the one that was attached" in fault for fault in faults(contents=True))
    assert do("audit.check")["faults"] == 1
    clerk = browser_as("clerk_sal", locale="en")
    for _ in range(2):
        assert clerk.get(f"/files/{file['_id']}").status_code == 403
    assert clerk.get(f"/files/{file['_id']}/page/1").status_code != 200
    with pytest.raises(Unreadable, match="changed"), reading.content_of(file):
        pass
    for login in ("it", "supervisor"):
        rows = get_db()["notice"].find({"person": company.users[login], "cause": {"$regex": "^file_changed:"}})
        assert len(list(rows)) == 1, login


def test_a_content_that_is_gone(file: Any) -> None:
    get_db()["content.chunks"].delete_many({"files_id": file["content"]})
    assert any("content is missing" in fault for fault in faults(contents=True))
