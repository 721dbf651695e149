"""Nothing is destroyed without approval, and what is approved is destroyed whole."""

import datetime as dt
import threading

import pytest
from gridfs.errors import NoFile

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.operations import retention
from models.operations.retention import DeletionList, LegalHold, RetentionRule
from models.services.files import files
from models.services.keeping import archive, audit
from models.services.keeping.archive import Approval
from models.services.keeping.bring_back import Past, bring_back
from tasks.engine import worker
from tests.tasks.archive.doing import (
    LATER,
    NOW,
    approve,
    aside,
    fresh_context,
    hold_all,
    is_sound,
    old_values,
    where,
    work,
)


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

    def test_its_pages_name_what_was_destroyed(self, company, old, listed, browser_as):
        approve(company, listed)
        work(retention.CARRY_OUT, list=str(listed.id))
        who = browser_as("records")
        for page in ("details", "history"):
            answer = who.get(f"/admin/deletion_list/{page}/", {"id": listed.id})
            assert (answer.status_code, old.number in answer.text) == (200, True), page

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
        approval, query = Approval(listed.id, listed.number, None, "", NOW), []

        def may(document):
            query.append(document)
            if len(query) == 1:
                aside(hold_all, company)
            retention.guard_holds()
            return not retention.is_held(type(old), document)

        assert archive.destroy(type(old), old.id, approval, lambda _: None, may=may) is None
        assert (len(query), len(where(old)), db.tombstone.count_documents({})) == (2, 1, 0)

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
        db.tombstone.insert_one({**stone, "entries": [entry["_id"] for entry in entries], "list": listed.id})
        db.requirement_archive.delete_one({"_id": old.id})
        db.history_archive.delete_many({"record": old.id})
        assert (f"requirement {old.number}", str(audit.UNPROVEN)) in is_sound()

    def test_a_restored_backup_loses_it_again(self, company, old, listed, db):
        audit.seal_all()
        names = ("requirement", "requirement_archive", "history_archive", "history", "file", "history_seal", "unsealed")
        names += ("deletion_list", "tombstone", "content.files", "content.chunks", "task_run", "waiting")
        backup = {name: list(db[name].find()) for name in names}
        approve(company, listed)
        work(retention.CARRY_OUT, list=str(listed.id))
        tombstones = list(db.tombstone.find())
        for name, rows in backup.items():
            db[name].delete_many({})
            if rows:
                db[name].insert_many(rows)
        assert where(old)[0][0] == "requirement_archive"
        assert archive.apply_tombstones(tombstones) == 1
        assert archive.apply_tombstones(tombstones) == 0
        assert where(old) == []
        assert db["content.chunks"].count_documents({}) == 0
        assert is_sound() == []
