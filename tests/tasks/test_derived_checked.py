"""The check of the history derives titles, who changed a record last and open cases again; what waits for its seal has
a keyed digest."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from models.kernel.base import collections
from models.kernel.gate import history
from models.services.keeping import audit


def faults() -> list[str]:
    return [str(fault.what.in_locale("en")) for fault in audit.check().faults]


@pytest.fixture
def offer(company: Any) -> Any:
    """A quotation that waits for its head's approval, with all that led to it."""
    return company.walk(company.make("quotation", "clerk_sal"), "submitted")


def test_a_company_at_work_has_no_fault(company: Any, offer: Any) -> None:
    audit.seal_all()
    report = audit.check()
    assert (report.faults, report.unprotected) == ([], 0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": "Another"}, "title does not follow"),
        ({"updated_by": ObjectId()}, "who changed it last"),
    ],
)
def test_what_records_show_is_derived_again(offer: Any, db: Any, change: Any, sentence: str) -> None:
    db.quotation.update_one({"_id": offer.id}, {"$set": change})
    assert any(sentence in fault for fault in faults())


@pytest.mark.parametrize("name", ["decide", "barred", "title", "number", "due", "state", "owner", "version"])
def test_an_open_case_is_derived_again(offer: Any, db: Any, name: str) -> None:
    db.waiting.update_one({"_id": offer.id}, {"$unset": {name: ""}})
    assert faults() == [f"its open case does not follow from it: {name}"]


def test_an_open_case_that_is_gone_and_those_too_many(company: Any, offer: Any, db: Any) -> None:
    case = db.waiting.find_one_and_delete({"_id": offer.id})
    assert faults() == ["nobody is waited for, although its state asks for a step"]
    db.waiting.insert_one(case)
    db.waiting.insert_one({**case, "_id": ObjectId()})
    assert faults() == ["an open case of a record that is not there"]


def test_an_entry_that_waits_cannot_be_rewritten_with_its_chain(offer: Any, db: Any) -> None:
    """Also not by who makes hash and chain anew, which have no key; and it is never sealed as it is now."""
    last = db.history.find_one({"record": offer.id}, sort=[("seq", -1)])
    forged = {**last, "actor_name": "Somebody else"}
    forged["hash"] = history.digest(forged)
    db.history.replace_one({"_id": last["_id"]}, forged)
    db.quotation.update_one({"_id": offer.id}, {"$set": {"chain.hash": forged["hash"]}})
    assert faults() == [f"an entry was changed while it waited for its seal ({last['_id']})"]
    audit.seal_all()
    assert db[collections.UNSEALED].count_documents({}) == 1
    assert faults() == [f"an entry was changed while it waited for its seal ({last['_id']})"]


def test_entries_queued_before_there_were_digests_are_counted_and_sealed(offer: Any, db: Any) -> None:
    count = db[collections.UNSEALED].count_documents({})
    db[collections.UNSEALED].update_many({}, {"$unset": {"key": "", "digest": ""}})
    report = audit.check()
    assert (report.faults, report.unprotected) == ([], count)
    assert audit.seal_all() == count
    assert audit.check().unprotected == 0
