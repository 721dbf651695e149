"""The archive killed at every write, and records in it that are damaged: nothing is lost or kept back."""

import datetime as dt

import pytest
from bson.datetime_ms import DatetimeMS

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, unit
from models.operations import retention
from models.operations.retention import DeletionList
from models.services.keeping import archive
from models.services.work import jobs
from tasks.engine import registry, run
from tests.tasks.archive.doing import LONG_AGO, TYPES, Killed, approve, ended, is_sound, where, work


def test_killed_at_every_write(company, old, killed_after):
    """Whatever write was the last one, the record is in one place; the next run ends as if nothing had been."""
    retention.ensure_retention_rules()
    line = 0
    while killed_after(line, lambda: work("archive.run")):
        assert [name for name, _ in where(old)] == ["requirement"]
        line += 1
    assert line > 8
    assert [name for name, _ in where(old)] == ["requirement_archive"]
    assert is_sound() == []
    line = 0
    while killed_after(line, lambda: archive.bring_back(type(old), old.id, actor=company.actor("records"))):
        assert [name for name, _ in where(old)] == ["requirement_archive"]
        line += 1
    assert line > 8
    assert [name for name, _ in where(old)] == ["requirement"]
    assert is_sound() == []


def test_killed_before_the_commit(company, old, monkeypatch):
    genuine = unit.Unit.flush

    def dies(self):
        if any(True for _ in self.entries):
            return genuine(self)
        raise Killed

    retention.ensure_retention_rules()
    monkeypatch.setattr(unit.Unit, "flush", dies)
    with pytest.raises(Killed):
        archive.move_out(type(old), old.id, is_due=lambda _: True)
    monkeypatch.setattr(unit.Unit, "flush", genuine)
    assert where(old)[0][0] == "requirement"


def test_goes_on_from_its_checkpoint(company, old):
    order = jobs.enqueue(jobs.Order(task="archive.run"))
    first = run.Run(jobs.claim("w", order), "w")
    first.save(swept=["requirement"])
    registry.jobs()["archive.run"].body(first)
    assert where(old)[0][0] == "requirement"  # it had been looked at; the next night finds it
    work("archive.run")
    assert where(old)[0][0] == "requirement_archive"


@pytest.mark.parametrize("damage", [{"chain": 3}, {"version": "1"}, {"owner": "x"}, {"nonsense": 1}], ids=str)
def test_a_damaged_record_keeps_no_other_back(company, old, db, damage):
    """Neither the others of its type nor the types that come after it."""
    with clock.set_to(LONG_AGO):
        second = company.make("requirement", "clerk_mkt")
        second = company.walk(second, sorted(second.flow().ends)[0])
    supplier = ended(company, TYPES[-1])
    db.requirement.update_one({"_id": old.id}, {"$set": damage})
    counts = work("archive.run").counts
    assert where(second)[0][0] == "requirement_archive"
    assert where(supplier)[0][0] == f"{TYPES[-1]}_archive"
    if where(old)[0][0] == "requirement":
        assert counts["damaged"] == 1


def test_damaged_ones_are_listed_and_destroyed_or_said(company, db):
    """A title that is no text stops no list; what cannot be destroyed is said in its line, and the list ends."""
    customers = [company.make("customer", "clerk_sal") for _ in range(3)]
    for customer in customers:
        changes.remove(type(customer), customer.id, actor=SYSTEM, version=None)
    db.customer.update_one({"_id": customers[0].id}, {"$set": {"title": 5, "number": 5}})
    with clock.set_to(clock.now() + dt.timedelta(days=31)):
        db.customer.update_one({"_id": customers[2].id}, {"$set": {"created_at": DatetimeMS(10**16)}})
        assert work("bin.delete_list").counts == {"listed": 3, "lists": 1}
        made = DeletionList.objects.get()
        assert made.lines[0].number == "5"
        db.file.insert_one({"record_id": customers[1].id, "name": "a fact without content"})
        approve(company, made)
        assert work(retention.CARRY_OUT, list=str(made.id)).counts == {"destroyed": 2, "damaged": 1}
    done = company.fresh(made)
    assert (done.state, [line.outcome for line in done.lines]) == ("carried_out", ["destroyed", "damaged", "destroyed"])
    assert db.customer.distinct("_id") == [customers[1].id]
