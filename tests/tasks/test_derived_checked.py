"""The check of the history derives titles, who changed a record last and open cases again; what waits for its seal has
a keyed digest."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from models.kernel.base import collections
from models.kernel.base.secrets import set_digest_key
from models.kernel.gate import history
from models.services.keeping import audit
from models.services.work import jobs
from tasks.backup.crypt import KeyRing
from tasks.backup.dump import dump
from tasks.backup.records import restore_record
from tasks.backup.targets import Target
from tasks.engine.worker import work

RING = KeyRing({1: b"1" * 32})


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


def rewrite(db: Any, entry: Any) -> None:
    """Change the last entry of a quotation with its hash and its chain, as who can write into the database."""
    forged = {**entry, "actor_name": "Somebody else"}
    forged["hash"] = history.digest(forged)
    db.history.replace_one({"_id": entry["_id"]}, forged)
    db.quotation.update_one({"_id": entry["record"]}, {"$set": {"chain.hash": forged["hash"]}})


def test_an_entry_that_waits_cannot_be_rewritten_with_its_chain(offer: Any, db: Any) -> None:
    """Also not by who makes hash and chain anew, which have no key; and it is never sealed as it is now."""
    last = db.history.find_one({"record": offer.id}, sort=[("seq", -1)])
    rewrite(db, last)
    assert faults() == [f"an entry was changed while it waited for its seal ({last['_id']})"]
    audit.seal_all()
    assert db[collections.UNSEALED].count_documents({}) == 1
    assert faults() == [f"an entry was changed while it waited for its seal ({last['_id']})"]


def test_entries_queued_before_there_were_digests_are_counted_and_sealed(offer: Any, db: Any, browser_as: Any) -> None:
    count = db[collections.UNSEALED].count_documents({})
    db[collections.UNSEALED].update_many({}, {"$unset": {"key": "", "digest": ""}})
    report = audit.check()
    assert (report.faults, report.unprotected) == ([], count)
    done = jobs.enqueue(jobs.Order(task="audit.check"))
    assert work(done)
    run = db[jobs.COLLECTION].find_one({"_id": done})
    assert run["counts"]["unprotected"] == count
    assert f"{count} entries that wait" in str(run["log"])
    page = browser_as("it").page("/admin/audit/")
    assert page.facts["其中尚未受保護"] == str(count)
    assert page.rows[1][-1] == str(count)
    assert audit.seal_all() == count
    assert audit.check().unprotected == audit.waiting_unprotected() == 0


def test_adopted_entries_are_protected_until_they_are_sealed(offer: Any, db: Any, monkeypatch: Any) -> None:
    db[collections.UNSEALED].delete_many({})
    monkeypatch.setattr(audit, "seal_next", lambda **_: (0, None))
    audit.seal_all()
    assert db[collections.UNSEALED].count_documents({}) == db.history.count_documents({})
    assert audit.waiting_unprotected() == 0
    last = db.history.find_one({"record": offer.id}, sort=[("seq", -1)])
    rewrite(db, last)
    assert faults() == [f"an entry was changed while it waited for its seal ({last['_id']})"]


def test_entries_that_a_backup_gave_back_are_protected(offer: Any, db: Any, tmp_path: Any) -> None:
    entry = dump(db, Target(str(tmp_path)), RING)
    db.quotation.delete_one({"_id": offer.id})
    db.history.delete_many({"record": offer.id})
    db[collections.UNSEALED].delete_many({})
    restore_record(entry, "quotation", str(offer.id))
    ids = {row["_id"] for row in db.history.find({"record": offer.id})}
    assert {row["_id"] for row in db[collections.UNSEALED].find()} == ids
    assert audit.waiting_unprotected() == 0


def test_entries_under_another_key_count_as_unprotected(offer: Any, db: Any, settings: Any) -> None:
    count = db[collections.UNSEALED].count_documents({})
    set_digest_key("another key of this installation, made later")
    assert audit.waiting_unprotected() == audit.check().unprotected == count
    set_digest_key(settings.secret_key)
    assert audit.waiting_unprotected() == 0
