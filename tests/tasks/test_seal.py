"""The seal over the history: whatever is changed, removed, added, reordered or cut off is found, and named."""

import datetime as dt

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock, collections
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, comments, history
from models.kernel.gate.unit import in_transaction
from models.services.keeping import audit, seals
from models.services.work import jobs
from tasks.engine import registry, run

LEAVES = [seals.leaf(ObjectId(), f"{n:064x}") for n in range(13)]


def make(name, /, **values):
    return changes.create(catalogue[name], values, actor=SYSTEM)


@pytest.fixture
def sealed(db):
    """A small company: a customer with five entries, all under two seals."""
    department = make("department", code="SAL", name="銷售部").id
    owner = make("user", login="clerk", name="業務員", department=department, roles=["clerk"]).id
    customer = make("customer", name="蘇州恒遠", department=department, owner=owner)
    change(customer, name="蘇州恒遠機械")
    assert audit.seal_all() == 4
    change(customer, name="蘇州恒遠重工")
    comments.comment(catalogue["customer"], customer.id, "已聯繫", actor=SYSTEM)
    assert audit.seal_all() == 2
    return customer


def change(record, **values):
    changes.update(type(record), record.id, values, actor=SYSTEM, version=None)


def faults(checkpoint=None):
    return [(str(fault.where), str(fault.what)) for fault in audit.check(checkpoint).faults]


def entries(db, record):
    return list(db.history.find({"record": record.id}).sort("seq", 1))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 13])
def test_every_leaf_has_a_proof(count):
    leaves = LEAVES[:count]
    root = seals.merkle_root(leaves)
    for at, leave in enumerate(leaves):
        steps = seals.proof(leaves, at)
        assert seals.verify(leave, steps, root)
        assert not seals.verify(LEAVES[-1 if at < 12 else 0], steps, root)
    assert len({seals.merkle_root(LEAVES[:n]) for n in range(14)}) == 14


def test_sound_and_nothing_left_to_seal(sealed, db):
    report = audit.check()
    assert (report.faults, report.seals, report.entries) == ([], 2, 6)
    assert db.unsealed.count_documents({}) == 0
    assert audit.seal_all() == 0


def test_what_waits_is_no_fault_and_is_sealed_later(sealed):
    change(sealed, name="別名")
    assert faults() == []
    assert audit.seal_all() == 1
    assert faults() == []


def test_an_entry_that_commits_late_is_sealed(sealed, db):
    """Its id is older than the newest seal: the queue holds it all the same."""
    late = {}

    def slow(unit):
        late["seen"] = len(late)
        comments.comment(catalogue["customer"], sealed.id, "遲到", actor=SYSTEM)

    in_transaction(slow)
    entry = db.history.find_one({"reason": "遲到"})
    db.history.delete_one({"_id": entry["_id"]})
    db.unsealed.delete_one({"_id": entry["_id"]})
    early = {**entry, "_id": ObjectId.from_datetime(dt.datetime(2001, 1, 1, tzinfo=dt.UTC))}
    db.history.insert_one(early)
    db.unsealed.insert_one({"_id": early["_id"]})
    assert audit.seal_all() == 1
    assert faults() == []


def test_a_transaction_that_fails_leaves_nothing_to_seal(sealed, db):
    def fails(unit):
        comments.comment(catalogue["customer"], sealed.id, "不算", actor=SYSTEM)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_transaction(fails)
    assert db.unsealed.count_documents({}) == 0


def test_older_history_is_adopted(sealed, db):
    db.history_seal.delete_many({})
    assert audit.seal_all() == 6
    assert faults() == []


def rehash(db, record, rows):
    """Do what a clever administrator would: make the chain of a record fit again."""
    chain = {}
    for row in rows:
        values = {key: value for key, value in row.items() if key not in ("_id", "hash", "prev", "seq")}
        full, chain = history.chained(values, chain)
        db.history.delete_one({"_id": row["_id"]})
        db.history.insert_one({**full, "_id": row["_id"]})
    db.customer.update_one({"_id": record.id}, {"$set": {"chain": chain}})


def other(byte: int) -> bytes:
    """A byte that is not this one."""
    return bytes([byte ^ 1])


class TestTampering:
    def test_one_changed_byte(self, sealed, db):
        entry = entries(db, sealed)[1]
        db.history.update_one({"_id": entry["_id"]}, {"$set": {"changes.0.new": "蘇州恒遠機戒"}})
        result = faults()
        assert ("Seal 1", f"an entry was changed after it was sealed (customer {sealed.number} #2)") in result
        assert (f"customer {sealed.number} #2", "an entry was changed") in result

    def test_one_changed_byte_and_all_hashes_made_to_fit(self, sealed, db):
        rows = entries(db, sealed)
        rows[1]["actor_name"] = "別人"
        rehash(db, sealed, rows)
        assert faults()[0] == ("Seal 1", f"an entry was changed after it was sealed (customer {sealed.number} #2)")

    def test_seals_made_anew_are_found_by_the_checkpoint(self, sealed, db):
        checkpoint = seals.read_checkpoint(seals.checkpoint_of(audit.newest_seal()))
        rows = entries(db, sealed)
        rows[1]["actor_name"] = "別人"
        rehash(db, sealed, rows)
        db.history_seal.delete_many({})
        audit.seal_all()
        assert faults() == []
        assert faults(checkpoint)[0][0] == "Seal 2"

    def test_removed(self, sealed, db):
        entry = entries(db, sealed)[1]
        db.history.delete_one({"_id": entry["_id"]})
        result = faults()
        assert ("Seal 1", f"a sealed entry is gone ({entry['_id']})") in result
        assert (f"customer {sealed.number} #2", "an entry is missing") in result

    def test_added(self, sealed, db):
        first = entries(db, sealed)[-1]
        values = {key: value for key, value in first.items() if key not in ("_id", "hash", "prev", "seq")}
        full, chain = history.chained({**values, "reason": "偽造"}, sealed_chain(db, sealed))
        db.history.insert_one(full)
        db.customer.update_one({"_id": sealed.id}, {"$set": {"chain": chain}})
        assert [where for where, _ in faults()] == [f"customer {sealed.number} #5"]

    def test_reordered(self, sealed, db):
        rows = entries(db, sealed)
        for row, other in ((rows[1], rows[2]), (rows[2], rows[1])):
            db.history.delete_one({"_id": row["_id"]})
            rows_new = {**row, "seq": other["seq"] + 100}
            db.history.insert_one(rows_new)
        for row, other in ((rows[1], rows[2]), (rows[2], rows[1])):
            db.history.update_one({"_id": row["_id"]}, {"$set": {"seq": other["seq"]}})
        assert (f"customer {sealed.number} #2", "does not follow the entry before it") in faults()

    def test_cut_tail(self, sealed, db):
        last = entries(db, sealed)[-1]
        db.history.delete_one({"_id": last["_id"]})
        result = faults()
        assert ("Seal 2", f"a sealed entry is gone ({last['_id']})") in result
        assert any(where == f"customer {sealed.number} #4" for where, _ in result)

    def test_cut_tail_with_its_seal(self, sealed, db):
        checkpoint = seals.read_checkpoint(seals.checkpoint_of(audit.newest_seal()))
        rows = entries(db, sealed)
        for row in rows[2:]:
            db.history.delete_one({"_id": row["_id"]})
        head = {"seq": rows[1]["seq"], "hash": rows[1]["hash"]}
        past = {"chain": head, "name": "蘇州恒遠機械", "title": "蘇州恒遠機械", "version": 2}
        db.customer.update_one({"_id": sealed.id}, {"$set": past})
        db.waiting.update_one({"_id": sealed.id}, {"$set": {"title": "蘇州恒遠機械", "version": 2}})
        db.history_seal.delete_one({"_id": 2})
        assert faults() == []  # nothing in the database can tell; that is what the checkpoint is for
        assert faults(checkpoint)[0] == ("Seal 2", str(audit.CUT_OFF))

    def test_only_the_seal_cut(self, sealed, db):
        db.history_seal.delete_one({"_id": 2})
        assert {what for _, what in faults()} == {
            str(audit.NEVER_SEALED(entry=entry["_id"])) for entry in entries(db, sealed)[2:]
        }

    def test_a_seal_missing_in_between(self, sealed, db):
        db.history_seal.delete_one({"_id": 1})
        assert faults()[0] == ("Seal 1", "missing")

    @pytest.mark.parametrize("field", ["root", "prev", "hash", "count", "at", "leaves"])
    def test_a_changed_seal(self, sealed, db, field):
        seal = db.history_seal.find_one({"_id": 1})
        leaves = bytes(seal["leaves"])
        value = {"count": 3, "at": clock.now(), "leaves": leaves[:-1] + other(leaves[-1])}.get(field, "0" * 64)
        db.history_seal.update_one({"_id": 1}, {"$set": {field: value}})
        assert faults()[0][0] == "Seal 1"

    def test_what_waits_is_removed(self, sealed, db):
        change(sealed, name="別名")
        last = entries(db, sealed)[-1]
        db.history.delete_one({"_id": last["_id"]})
        assert any("waits for its seal" in what for _, what in faults())

    def test_changed_without_entry(self, sealed, db):
        db.customer.update_one({"_id": sealed.id}, {"$set": {"name": "改過"}})
        assert faults() == [(f"customer {sealed.number}", "changed without entry: name")]

    def test_record_without_entry(self, sealed, db):
        db.customer.insert_one({"name": "憑空", "number": "CU-X"})
        assert faults() == [("customer CU-X", "stands there without any entry")]

    def test_record_removed_without_entry(self, sealed, db):
        db.customer.delete_one({"_id": sealed.id})
        result = faults()
        assert result
        assert {what for _, what in result} == {str(audit.NO_RECORD)}


def sealed_chain(db, record):
    return db.customer.find_one({"_id": record.id})["chain"]


def test_two_sealers_at_once_seal_each_entry_once(sealed, db):
    import threading

    for at in range(6):
        change(sealed, name=f"名 {at}")
    sealers = [threading.Thread(target=lambda: [audit.seal_next(2) for _ in range(4)]) for _ in range(3)]
    for sealer in sealers:
        sealer.start()
    for sealer in sealers:
        sealer.join()
    assert db.history_seal.distinct("count") == [2, 4]
    assert sum(row["count"] for row in db.history_seal.find()) == 12
    assert faults() == []


def test_the_weekly_check_tells_it_and_supervisors(company, db):
    audit.seal_all()
    db.user.update_one({"login": "hr"}, {"$set": {"name": "改過"}})
    order = jobs.enqueue(jobs.Order(task="audit.check"))
    registry.load_jobs()["audit.check"].body(run.Run(jobs.claim("w", order), "w"))
    said = db.notice.distinct("person", {"kind": "alarm"})
    assert set(said) == {company.users["it"], company.users["supervisor"]}
    last = db[collections.CHECKS].find_one()
    assert last["fault_count"] == 1
    assert "name" in last["faults"][0]["what"]["zh-Hant"]


def test_a_whole_company_is_sound(company, db):
    quotation = company.walk(company.make("quotation", "clerk_sal"), "approved")
    contract = company.walk(company.make("contract", "clerk_sal"), "signed")
    company.attach(company.fresh(contract), "")
    assert (audit.seal_all() > 20, faults()) == (True, [])
    assert company.fresh(quotation).state == "approved"
