"""The rules of retention, and the sweep that follows them."""

import datetime as dt

import pytest
from bson import ObjectId

from models.kernel.base.errors import Missing, Refused
from models.kernel.gate import changes
from models.kernel.rights import rights
from models.operations import retention
from models.operations.retention import RetentionRule
from models.services.files import files
from tests.tasks.archive.doing import (
    NOW,
    TYPES,
    where,
    work,
)


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
        assert {row["_id"] for row in db["content.files"].find()} == {named, fresh}
        assert set(db["content.chunks"].distinct("files_id")) == {named, fresh}

    def test_missing_contents_are_said(self, company, old, db):
        db["content.files"].delete_many({})
        assert work("files.sweep").counts["missing"] == 1
        said = db.notice.find_one({"person": company.users["it"], "kind": "alarm"})["text"]["en"]
        assert str(db.file.find_one({"name": "a.txt"})["_id"]) in said
        assert "a.txt" not in said
