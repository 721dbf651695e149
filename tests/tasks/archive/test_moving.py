"""The archive: due records move whole and once, and come back; what is changed there is found."""

import datetime as dt

import pytest

from models import catalogue
from models.kernel.base import clock, collections
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, comments, history
from models.kernel.gate.changes import Context
from models.operations import retention
from models.operations.retention import LegalHold
from models.services.files import files
from models.services.keeping import archive, audit
from tests.tasks.archive.doing import LONG_AGO, NOW, TYPES, aside, ended, hold_all, is_sound, where, work


@pytest.mark.parametrize("name", TYPES)
def test_every_type_goes_and_comes_back(company, name):
    record = ended(company, name)
    before = record._get_collection().find_one({"_id": record.id})
    entries = history.entries_of(record.id)
    work("archive.run")
    assert where(record) == [(f"{name}_archive", len(entries) + 1)]
    kept = archive.find(SYSTEM, catalogue[name], record.id)
    assert list(history.faults_in(archive.entries_of(record.id), kept.chain)) == []
    assert archive.entries_of(record.id)[:-1] == entries
    archive.bring_back(catalogue[name], record.id, actor=company.actor("records"))
    after = record._get_collection().find_one({"_id": record.id})
    moved = {"chain", "version", collections.BROUGHT_BACK_AT}
    assert {k: v for k, v in after.items() if k not in moved} == {k: v for k, v in before.items() if k not in moved}
    assert [entry["verb"] for entry in history.entries_of(record.id)[-2:]] == ["archive", "unarchive"]
    assert is_sound() == []


def test_twice_is_once_and_what_came_back_stays(company, old):
    work("archive.run")
    first = where(old)
    assert work("archive.run").counts.get("archived", 0) == 0
    assert where(old) == first
    archive.bring_back(type(old), old.id, actor=company.actor("records"))
    assert work("archive.run").counts.get("archived", 0) == 0
    with clock.set_to(NOW + dt.timedelta(days=400)):
        assert work("archive.run").counts["archived"] == 1


def test_not_yet_and_not_in_the_midst(company):
    with clock.set_to(LONG_AGO):
        going_on = company.make("requirement", "clerk_mkt")
    fresh = company.make("requirement", "clerk_mkt")
    fresh = company.walk(fresh, sorted(fresh.flow().ends)[0])
    work("archive.run")
    assert [len(where(item)) for item in (going_on, fresh)] == [1, 1]
    assert where(fresh)[0][0] == where(going_on)[0][0] == "requirement"


def test_what_is_said_meanwhile_goes_along(company, old):
    """Somebody comments after the archive has read the record: it reads anew and nothing is lost."""
    versions = []

    def is_due(document):
        versions.append(document["chain"]["seq"])
        if len(versions) == 1:
            aside(lambda: comments.comment(type(old), old.id, "稍等", actor=SYSTEM))
        return True

    assert archive.move_out(type(old), old.id, is_due=is_due)
    assert len(versions) == 2
    assert [entry["verb"] for entry in archive.entries_of(old.id)[-2:]] == ["comment", "archive"]
    assert is_sound() == []


def test_a_changed_archive_is_found(company, old, db):
    work("archive.run")
    assert is_sound() == []
    last = archive.entries_of(old.id)[-1]
    db.history_archive.update_one({"_id": last["_id"]}, {"$set": {"actor_name": "別人"}})
    assert (f"requirement {old.number} #{last['seq']}", "an entry was changed") in is_sound()
    db.history_archive.replace_one({"_id": last["_id"]}, last)
    db.requirement_archive.update_one({"_id": old.id}, {"$set": {"subject": "改過"}})
    assert is_sound() == [(f"requirement {old.number}", "changed without entry: subject")]
    db.requirement_archive.delete_one({"_id": old.id})
    assert {what for _, what in is_sound()} == {str(audit.NO_RECORD)}


class TestHolds:
    def hold(self, company, **values):
        values = {"reason": "訴訟保全", **values}
        return changes.create(LegalHold, values, actor=company.actor("legal"))

    def test_record_type_and_customer(self, company, old):
        held = self.hold(company, record_type="requirement", record_number=old.number)
        assert work("archive.run").counts == {"held": 1}
        changes.move(
            LegalHold, held.id, "release", actor=company.actor("records"), version=1, context=Context(reason="結案")
        )
        self.hold(company, record_type="requirement")
        assert work("archive.run").counts == {"held": 1}

    def test_customer(self, company):
        customer = company.make("customer", "clerk_sal")
        quotation = ended(company, "quotation", customer=customer.id)
        self.hold(company, customer=customer.id)
        work("archive.run")
        assert where(quotation)[0][0] == "quotation"

    def test_one_made_while_a_record_is_archived_stops_it(self, company, old, monkeypatch):
        """The hold is committed after it was asked for holds and before the move: one of the two begins anew."""
        query, genuine = [], retention.is_held

        def is_held(cls, document, holds=None):
            result = genuine(cls, document, holds)
            query.append(result)
            if len(query) == 1:
                aside(hold_all, company)
            return result

        monkeypatch.setattr(retention, "is_held", is_held)
        assert work("archive.run").counts == {"held": 1}
        assert query == [False, True]
        assert [name for name, _ in where(old)] == ["requirement"]

    @pytest.mark.parametrize(
        "values", [{}, {"record_number": "X"}, {"record_type": "requirement", "record_number": "X"}]
    )
    def test_a_hold_on_nothing_is_refused(self, company, values):
        with pytest.raises(Refused):
            self.hold(company, **values)

    def test_by_legal_and_records_only(self, company):
        for login in set(company.logins) - {"legal", "records"}:
            with pytest.raises(Refused):
                changes.create(LegalHold, {"reason": "x", "record_type": "requirement"}, actor=company.actor(login))


def test_linked_by_an_open_record_stays(company, old):
    report = company.make("research_report", "clerk_mkt", requirements=[old.id])
    assert report.state not in report.flow().ends
    assert work("archive.run").counts == {"linked": 1}
    assert where(old)[0][0] == "requirement"


def test_a_link_to_the_archive_still_reads(company, old):
    with clock.set_to(LONG_AGO):
        customer = ended(company, "customer")
    quotation = ended(company, "quotation", NOW, customer=customer.id)
    work("archive.run")
    assert where(customer)[0][0] == "customer_archive"
    assert company.fresh(quotation).customer.name == customer.name


def test_files_of_archived_records(company, old):
    file = files.files_of(old.id)[0]
    work("archive.run")
    _, content = files.open_for(file["_id"], actor=company.actor("clerk_mkt"))
    assert content.read() == b"hello"
    assert archive.entries_of(old.id)[-1]["verb"] == "download"
    with pytest.raises(Missing):
        files.open_for(file["_id"], actor=company.actor("clerk_prd"))
    with pytest.raises(Missing):
        files.detach(file["_id"], actor=SYSTEM)
    assert is_sound() == []
