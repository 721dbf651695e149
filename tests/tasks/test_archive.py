"""The archive: due records move whole and once, whatever is killed when; nothing is destroyed without approval."""

import contextvars
import datetime as dt
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from gridfs.errors import NoFile

from models import catalogue
from models.kernel.base import clock, collections
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, comments, history, unit
from models.kernel.gate.changes import Context
from models.kernel.rights import rights
from models.operations import retention
from models.operations.retention import DeletionList, LegalHold, RetentionRule
from models.services.files import files
from models.services.keeping import archive, audit
from models.services.keeping.archive import Approval
from models.services.keeping.bring_back import Past, bring_back
from models.services.work import jobs
from tasks.engine import registry, run, worker

TYPES = [name for name, cls in sorted(catalogue.items()) if cls.declared.retention]
LONG_AGO = dt.datetime(2020, 3, 2, 4, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
LATER = dt.datetime(2060, 1, 4, 4, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now():
    registry.load_jobs()
    with clock.set_to(NOW):
        yield


def work(task, **params):
    """Carry out a job as a worker does; returns its run."""
    order = jobs.enqueue(jobs.Order(task=task, params=params))
    done = run.Run(jobs.claim("w", order), "w")
    registry.jobs()[task].body(done, **params)
    return done


def ended(company, name, at=LONG_AGO, **values):
    """A record that came to its end long ago, and with it all that links to it."""
    cls = catalogue[name]
    with clock.set_to(at):
        record = _to_the_end(company, company.make(name, **values))
        after = cls.declared.retention.after
        if after != "updated_at":
            changes.update(cls, record.id, {after: at.date()}, actor=SYSTEM, version=None)
        for other, field in catalogue.pointing_to(cls):
            for follower in other.objects(__raw__={field: record.id}):
                _to_the_end(company, follower)
    return company.fresh(record)


def _to_the_end(company, record):
    flow = record.flow()
    told = record.declared.retention
    ends = (told.states if told and told.states else flow.ends) if flow else ()
    for state in sorted(ends):
        try:
            return company.walk(record, state)
        except (AssertionError, Refused):
            if company.fresh(record).state in ends:
                break
    return company.fresh(record)


@pytest.fixture
def old(company):
    """A requirement that was closed long ago, with a file."""
    with clock.set_to(LONG_AGO):
        record = company.make("requirement", "clerk_mkt")
        upload = files.Upload("a.txt", io.BytesIO(b"hello"))
        files.attach(type(record), record.id, "", upload, actor=company.actor("clerk_mkt"))
        flow = record.flow()
        return company.walk(record, sorted(flow.ends)[0])


def where(record):
    """In which collections a record and its entries stand."""
    db, name = record._get_db(), record.type_name()
    pairs = ((name, collections.HISTORY), (collections.archive_of(name), collections.HISTORY_ARCHIVE))
    found = []
    for live, entries in pairs:
        count = db[entries].count_documents({"type": name, "record": record.id})
        if db[live].count_documents({"_id": record.id}):
            found.append((live, count))
        else:
            assert count == 0
    return found


def is_sound():
    audit.seal_all()
    return [(str(one.where), str(one.what)) for one in audit.check().faults]


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
    assert [one["verb"] for one in history.entries_of(record.id)[-2:]] == ["archive", "unarchive"]
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
    assert [len(where(one)) for one in (going_on, fresh)] == [1, 1]
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
    assert [one["verb"] for one in archive.entries_of(old.id)[-2:]] == ["comment", "archive"]
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


class Killed(BaseException):
    """What a killed process feels, as far as a test can tell."""


@pytest.fixture
def killed_after(monkeypatch):
    """Does something that is killed after so many writes of the archive; False when there were fewer."""
    genuine = archive.in_unit

    def do(lines, body):
        left = [lines]

        def in_unit(name):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return genuine(name)

        monkeypatch.setattr(archive, "in_unit", in_unit)
        try:
            body()
        except Killed:
            return True
        finally:
            monkeypatch.setattr(archive, "in_unit", genuine)
        return False

    return do


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
    for one in customers:
        changes.remove(type(one), one.id, actor=SYSTEM, version=None)
    db.customer.update_one({"_id": customers[0].id}, {"$set": {"title": 5, "number": 5}})
    with clock.set_to(clock.now() + dt.timedelta(days=31)):
        db.customer.update_one({"_id": customers[2].id}, {"$set": {"created_at": DatetimeMS(10**16)}})
        assert work("bin.delete_list").counts == {"listed": 2, "lists": 1, "damaged": 1}
        made = DeletionList.objects.get()
        assert made.lines[0].number == "5"
        db.file.insert_one({"record_id": customers[1].id, "name": "a fact without content"})
        approve(company, made)
        assert work(retention.CARRY_OUT, list=str(made.id)).counts == {"destroyed": 1, "damaged": 1}
    done = company.fresh(made)
    assert (done.state, [one.outcome for one in done.lines]) == ("carried_out", ["destroyed", "damaged"])
    assert db.customer.distinct("_id") == [customers[1].id, customers[2].id]


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
        asked, genuine = [], retention.is_held

        def is_held(cls, document, holds=None):
            found = genuine(cls, document, holds)
            asked.append(found)
            if len(asked) == 1:
                aside(hold_all, company)
            return found

        monkeypatch.setattr(retention, "is_held", is_held)
        assert work("archive.run").counts == {"held": 1}
        assert asked == [False, True]
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


def old_values(record):
    names = set(record.declared.own_fields) | {"department", "owner"}
    return {name: record._data[name] for name in names if record._data.get(name) is not None}


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


@pytest.fixture
def listed(company, old):
    """An archived record whose time is over, on a list that waits for approval; from now on it is that day."""
    work("archive.run")
    with clock.set_to(LATER):
        assert work("archive.delete_list").counts == {"listed": 1, "lists": 1}
        yield DeletionList.objects.get()


def approve(company, listed, login="records"):
    actor = company.actor(login)
    context = Context(signed=True)
    return changes.move(DeletionList, listed.id, "approve", actor=actor, version=listed.version, context=context)


def hold_all(company):
    changes.create(LegalHold, {"reason": "訴訟", "record_type": "requirement"}, actor=company.actor("legal"))


def fresh_context():
    """The context of somebody else: outside the transaction that this one is in."""
    return contextvars.Context()


def aside(body, *arguments):
    """Do something as another process would, and wait for it."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(fresh_context().run, body, *arguments).result(20)


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


class TestDestruction:
    def test_what_is_not_due_any_more_stays(self, company, old, listed):
        """Somebody lengthens the period after the list was made, and then approves it."""
        retention.ensure_retention_rules()
        rule = RetentionRule.objects.get(record_type="requirement")
        records = company.actor("records")
        changes.update(RetentionRule, rule.id, {"delete_years": 100}, actor=records, version=1)
        approve(company, listed)
        assert work(retention.CARRY_OUT, list=str(listed.id)).counts == {"not_due": 1}
        assert where(old)[0][0] == "requirement_archive"
        assert company.fresh(listed).lines[0].outcome == "not_due"

    def test_a_rule_that_was_switched_off_destroys_nothing(self, company, old, listed):
        retention.ensure_retention_rules()
        rule = RetentionRule.objects.get(record_type="requirement")
        changes.update(RetentionRule, rule.id, {"active": False}, actor=company.actor("records"), version=1)
        approve(company, listed)
        assert work(retention.CARRY_OUT, list=str(listed.id)).counts == {"not_due": 1}
        assert len(where(old)) == 1

    def test_needs_approval_and_leaves_a_tombstone(self, company, old, listed, db):
        content = files.files_of(old.id)[0]["content"]
        last = archive.entries_of(old.id)[-1]["hash"]
        assert listed.state == "submitted"
        work(retention.CARRY_OUT, list=str(listed.id))
        assert len(where(old)) == 1
        approve(company, listed)
        order = db.task_run.find_one(
            {"task": retention.CARRY_OUT, "params.list": str(listed.id), "once": {"$ne": None}}
        )
        assert order["state"] == "queued"
        assert worker.work(order["_id"])
        assert db.task_run.find_one({"_id": order["_id"]})["counts"] == {"destroyed": 1}
        assert where(old) == []
        stone = db.tombstone.find_one({"_id": old.id})
        assert (stone["number"], stone["hash"]) == (old.number, last)
        assert (stone["approved_by"], stone["list_number"]) == (company.users["records"], listed.number)
        done = company.fresh(listed)
        assert (done.state, done.destroyed, done.lines[0].outcome) == ("carried_out", 1, "destroyed")
        assert db.file.count_documents({"record_id": old.id}) == 0
        with pytest.raises(NoFile):
            files.bucket().open_download_stream(content)
        assert db["content.chunks"].count_documents({"files_id": content}) == 0
        assert db.notice.count_documents({"record": old.id}) == 0
        assert is_sound() == []
        work(retention.CARRY_OUT, list=str(listed.id))
        assert db.tombstone.count_documents({}) == 1
        with pytest.raises(Refused, match=listed.number):
            bring_back(type(old), Past({"_id": old.id, **old_values(old)}), context=Context())

    def test_nobody_else_approves(self, company, listed):
        for login in set(company.logins) - {"records"}:
            with pytest.raises((Missing, Forbidden)):
                approve(company, listed, login)

    def test_listed_once_and_rests_when_rejected(self, company, listed):
        with clock.set_to(LATER):
            assert work("archive.delete_list").counts == {}
            actor = company.actor("records")
            context = Context(reason="仍需查考")
            changes.move(DeletionList, listed.id, "reject", actor=actor, version=listed.version, context=context)
            assert work("archive.delete_list").counts == {}
        with clock.set_to(LATER + dt.timedelta(days=400)):
            assert work("archive.delete_list").counts["listed"] == 1

    def test_a_hold_after_the_approval_stops_it(self, company, old, listed):
        approve(company, listed)
        changes.create(LegalHold, {"reason": "訴訟", "record_type": "requirement"}, actor=company.actor("legal"))
        work(retention.CARRY_OUT, list=str(listed.id))
        assert len(where(old)) == 1
        assert company.fresh(listed).lines[0].outcome == "held"

    def test_a_hold_made_meanwhile_is_seen(self, company, old, listed, db):
        """It is committed after the destruction began to read, and before it wrote: the destruction begins anew."""
        approval, asked = Approval(listed.id, listed.number, None, "", NOW), []

        def may(document):
            asked.append(document)
            if len(asked) == 1:
                aside(hold_all, company)
            retention.guard_holds()
            return not retention.is_held(type(old), document)

        assert archive.destroy(type(old), old.id, approval, lambda _: None, may=may) is None
        assert (len(asked), len(where(old)), db.tombstone.count_documents({})) == (2, 1, 0)

    def test_a_hold_waits_for_a_destruction_that_was_first(self, company, old, listed):
        approval, threads = Approval(listed.id, listed.number, None, "", NOW), []

        def may(document):
            retention.guard_holds()
            assert not retention.is_held(type(old), document)
            return True

        def attest(_proof):
            late = threading.Thread(target=fresh_context().run, args=(hold_all, company))
            late.start()
            late.join(0.5)
            assert late.is_alive()
            threads[:] = [late]

        assert archive.destroy(type(old), old.id, approval, attest, may=may)
        threads[0].join(20)
        assert LegalHold.objects.count() == 1

    def test_what_came_back_is_left(self, company, old, listed):
        approve(company, listed)
        archive.bring_back(type(old), old.id, actor=company.actor("records"))
        work(retention.CARRY_OUT, list=str(listed.id))
        assert where(old)[0][0] == "requirement"
        assert company.fresh(listed).lines[0].outcome == "back"

    def test_killed_at_every_write(self, company, old, listed, killed_after):
        approve(company, listed)
        line = 0
        while killed_after(line, lambda: work(retention.CARRY_OUT, list=str(listed.id))):
            assert [name for name, _ in where(old)] == ["requirement_archive"]
            line += 1
        assert line > 8
        assert where(old) == []
        assert company.fresh(listed).lines[0].outcome == "destroyed"
        assert is_sound() == []

    def test_destroyed_without_approval_is_found(self, company, old, listed, db):
        audit.seal_all()
        entries = archive.entries_of(old.id)
        stone = {"_id": old.id, "type": "requirement", "number": old.number, "hash": entries[-1]["hash"]}
        db.tombstone.insert_one({**stone, "entries": [one["_id"] for one in entries], "list": listed.id})
        db.requirement_archive.delete_one({"_id": old.id})
        db.history_archive.delete_many({"record": old.id})
        assert (f"requirement {old.number}", str(audit.UNPROVEN)) in is_sound()

    def test_a_restored_backup_loses_it_again(self, company, old, listed, db):
        audit.seal_all()
        names = ("requirement", "requirement_archive", "history_archive", "history", "file", "history_seal", "unsealed")
        names += ("deletion_list", "tombstone", "content.files", "content.chunks", "task_run")
        backup = {name: list(db[name].find()) for name in names}
        approve(company, listed)
        work(retention.CARRY_OUT, list=str(listed.id))
        stones = list(db.tombstone.find())
        for name, rows in backup.items():
            db[name].delete_many({})
            if rows:
                db[name].insert_many(rows)
        assert where(old)[0][0] == "requirement_archive"
        assert archive.apply_tombstones(stones) == 1
        assert archive.apply_tombstones(stones) == 0
        assert where(old) == []
        assert db["content.chunks"].count_documents({}) == 0
        assert is_sound() == []


class TestRules:
    def test_made_once_from_the_declarations(self, company):
        assert retention.ensure_retention_rules() == len(TYPES)
        assert retention.ensure_retention_rules() == 0

    def test_the_rule_decides(self, company, old):
        retention.ensure_retention_rules()
        rule = RetentionRule.objects.get(record_type="requirement")
        records = company.actor("records")
        changes.update(RetentionRule, rule.id, {"archive_days": 20_000, "delete_years": 100}, actor=records, version=1)
        work("archive.run")
        assert where(old)[0][0] == "requirement"
        changes.update(RetentionRule, rule.id, {"archive_days": 1, "active": False}, actor=records, version=2)
        work("archive.run")
        assert where(old)[0][0] == "requirement"
        changes.update(RetentionRule, rule.id, {"active": True}, actor=records, version=3)
        work("archive.run")
        assert where(old)[0][0] == "requirement_archive"

    @pytest.mark.parametrize("values", [{"after": "subject"}, {"after": "nothing"}, {"archive_days": 9999}])
    def test_only_what_makes_sense(self, company, values):
        retention.ensure_retention_rules()
        rule = RetentionRule.objects.get(record_type="requirement")
        with pytest.raises(Refused):
            changes.update(RetentionRule, rule.id, values, actor=company.actor("records"), version=1)

    def test_not_by_it(self, company):
        retention.ensure_retention_rules()
        rule = RetentionRule.objects.get(record_type="requirement")
        with pytest.raises(Missing):
            rights.find(company.actor("it"), RetentionRule, rule.id)


class TestSweep:
    def test_only_what_nobody_names_and_is_old(self, company, old, db):
        named = files.files_of(old.id)[0]["content"]
        aged, cut_off = (ObjectId.from_datetime(NOW - dt.timedelta(days=days)) for days in (2, 3))
        with files.bucket().open_upload_stream_with_id(aged, "alt") as grid:
            grid.write(b"x" * 700_000)
        db["content.chunks"].insert_one({"files_id": cut_off, "n": 0, "data": b"x"})
        fresh = ObjectId.from_datetime(NOW)
        with files.bucket().open_upload_stream_with_id(fresh, "neu") as grid:
            grid.write(b"y")
        assert work("files.sweep").counts == {"removed": 2}
        assert {one["_id"] for one in db["content.files"].find()} == {named, fresh}
        assert set(db["content.chunks"].distinct("files_id")) == {named, fresh}

    def test_missing_contents_are_said(self, company, old, db):
        db["content.files"].delete_many({})
        assert work("files.sweep").counts["missing"] == 1
        said = db.notice.find_one({"person": company.users["it"], "kind": "alarm"})["text"]["en"]
        assert str(db.file.find_one({"name": "a.txt"})["_id"]) in said
        assert "a.txt" not in said
