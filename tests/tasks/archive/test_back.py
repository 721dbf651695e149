"""What comes back from the archive and from the bin, and what a record of before is refused for."""

import datetime as dt
import io

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.operations import retention
from models.operations.retention import DeletionList, LegalHold
from models.services.files import files
from models.services.keeping import archive
from models.services.keeping.archive import Approval
from models.services.keeping.bring_back import Past, bring_back
from tests.tasks.archive.doing import LONG_AGO, NOW, approve, ended, is_sound, old_values, where, work


class TestBack:
    def test_twice(self, company, old):
        work("archive.run")
        archive.bring_back(type(old), old.id, actor=company.actor("records"))
        with pytest.raises(Refused, match="already back"):
            archive.bring_back(type(old), old.id, actor=company.actor("records"))
        assert len(where(old)) == 1

    def test_only_by_the_records_manager(self, company, old):
        work("archive.run")
        for login in set(company.logins) - {"records"}:
            with pytest.raises((Missing, Forbidden)):
                archive.bring_back(type(old), old.id, actor=company.actor(login))
        with pytest.raises(Missing):
            archive.bring_back(type(old), ObjectId(), actor=company.actor("records"))
        with pytest.raises(Missing):
            archive.bring_back(type(old), "nonsense", actor=company.actor("records"))

    def test_not_from_a_backup_while_it_rests_here(self, company, old):
        work("archive.run")
        with pytest.raises(Refused, match=old.number):
            bring_back(type(old), Past({"_id": old.id, **old_values(old)}), context=Context())
        assert [name for name, _ in where(old)] == ["requirement_archive"]

    def test_a_number_is_never_given_twice(self, company, old):
        work("archive.run")
        with clock.set_to(LONG_AGO):
            numbers = {company.make("requirement", "clerk_mkt").number for _ in range(3)}
        assert old.number not in numbers
        archive.bring_back(type(old), old.id, actor=company.actor("records"))

    def test_not_when_a_unique_value_was_taken(self, company, db):
        record = ended(company, "customer")
        work("archive.run")
        db.customer.insert_one({"number": record.number})
        with pytest.raises(Refused, match=record.number):
            archive.bring_back(type(record), record.id, actor=company.actor("records"))
        assert db.customer_archive.count_documents({"_id": record.id}) == 1

    def test_what_was_led_to_is_not_made_again(self, company, old):
        once = "quotation:x:order"
        with clock.set_to(LONG_AGO):
            made = changes.create(
                catalogue["requirement"], old_values(old), actor=SYSTEM, context=Context(confirmed=True), once=once
            )
            made = company.walk(made, sorted(made.flow().ends)[0])
        work("archive.run")
        with pytest.raises(Refused, match="archive"):
            changes.create(catalogue["requirement"], old_values(old), actor=SYSTEM, once=once)
        approval = Approval(ObjectId(), "DL-1", None, "", NOW)
        assert archive.destroy(type(old), made.id, approval, lambda _: None, may=lambda _: True)
        with pytest.raises(Refused, match="DL-1"):
            changes.create(catalogue["requirement"], old_values(old), actor=SYSTEM, once=once)


class TestBin:
    @pytest.fixture
    def binned(self, company):
        """A customer that was put into the bin, with a file and history."""
        customer = company.make("customer", "clerk_sal")
        kind = next(iter(customer.declared.file_kinds), "")
        files.attach(type(customer), customer.id, kind, files.Upload("甲.txt", io.BytesIO(b"hello")), actor=SYSTEM)
        changes.remove(type(customer), customer.id, actor=SYSTEM, version=None)
        return customer

    @pytest.fixture
    def on_list(self, company, binned):
        with clock.set_to(clock.now() + dt.timedelta(days=31)):
            assert work("bin.delete_list").counts == {"listed": 1, "lists": 1}
            yield DeletionList.objects.get()

    def test_listed_after_thirty_days_or_as_the_schedule_says(self, company, binned, db):
        assert work("bin.delete_list").counts == {}
        with clock.set_to(clock.now() + dt.timedelta(days=8)):
            assert work("bin.delete_list").counts == {}
            assert work("bin.delete_list", days=7).counts["listed"] == 1
            assert work("bin.delete_list", days=7).counts == {}
        made = DeletionList.objects.get()
        assert (made.state, made.source, made.lines[0].number) == ("submitted", "bin", binned.number)
        assert db.customer.count_documents({"_id": binned.id}) == 1

    def test_destroyed_by_an_approved_list_only(self, company, binned, on_list, db):
        work(retention.CARRY_OUT, list=str(on_list.id))
        assert db.customer.count_documents({"_id": binned.id}) == 1
        approve(company, on_list)
        assert work(retention.CARRY_OUT, list=str(on_list.id)).counts == {"destroyed": 1}
        for name, key in (("customer", "_id"), ("history", "record"), ("file", "record_id"), ("waiting", "_id")):
            assert db[name].count_documents({key: binned.id}) == 0, name
        assert db["content.files"].count_documents({}) == 0
        assert db.tombstone.find_one({"_id": binned.id})["list_number"] == on_list.number
        assert is_sound() == []

    def test_what_was_restored_or_is_held_stays(self, company, binned, on_list, db):
        other = company.make("customer", "clerk_sal", name="另一家有限公司")
        changes.remove(type(other), other.id, actor=SYSTEM, version=None)
        held = {"reason": "訴訟", "record_type": "customer", "record_number": other.number}
        changes.create(LegalHold, held, actor=company.actor("legal"))
        with clock.set_to(clock.now() + dt.timedelta(days=31)):
            assert work("bin.delete_list").counts == {"held": 1}
        changes.restore(type(binned), binned.id, actor=SYSTEM)
        approve(company, on_list)
        assert work(retention.CARRY_OUT, list=str(on_list.id)).counts == {"back": 1}
        assert db.customer.count_documents({}) == 2
        assert company.fresh(on_list).lines[0].outcome == "back"

    def test_what_was_restored_and_binned_again_has_its_days_anew(self, company, binned, on_list, db):
        """Listed on day 31, restored on day 32, binned on day 60: an approval one hour later is not for this stay."""
        with clock.set_to(clock.now() + dt.timedelta(days=1)):
            changes.restore(type(binned), binned.id, actor=SYSTEM)
        with clock.set_to(clock.now() + dt.timedelta(days=29)):
            changes.remove(type(binned), binned.id, actor=SYSTEM, version=None)
        with clock.set_to(clock.now() + dt.timedelta(days=29, hours=1)):
            approve(company, on_list)
            assert work(retention.CARRY_OUT, list=str(on_list.id)).counts == {"back": 1}
        assert db.customer.count_documents({"_id": binned.id}) == 1
        assert company.fresh(on_list).lines[0].outcome == "back"
