"""What may stand once only: said on the form, in the rehearsal of an import, after a race; and databases of before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.documents.loans import Loan
from models.documents.revisions import Revision
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, writing
from models.kernel.gate.changes import Context
from models.kernel.gate.history import COLLECTION as HISTORY
from models.kernel.gate.stored_form import stored
from models.kernel.language.fields import Choice, Day, Ref
from models.kernel.language.unique import Unique
from models.services.database import ensure_indexes
from models.services.imports import rows as import_rows
from models.services.keeping import audit
from models.services.keeping.bring_back import Past, bring_back
from tests.fixtures.company import Company
from tests.races.at_once import at_once, done, kinds


@pytest.fixture
def document(company: Company) -> Any:
    return company.walk(company.make("document", "clerk_sal", subject="檢驗規程"), "approved")


class TestRule:
    def test_dates_choices_and_links_take_part(self) -> None:
        rule = Unique("cycle day kind", while_in="open")
        fields = {"cycle": Ref("Cycle"), "day": Day(), "kind": Choice({})}
        model = rule.index(fields).document
        assert list(model["key"]) == ["cycle", "day", "kind"]
        assert model["unique"]
        assert model["name"] == "unique_cycle_day_kind_while_open"
        assert model["partialFilterExpression"] == {
            "cycle": {"$exists": True},
            "day": {"$exists": True},
            "kind": {"$gt": ""},
            "state": {"$in": ["open"]},
        }

    def test_what_is_empty_or_elsewhere_does_not_count(self) -> None:
        rule = Unique("cycle day", while_in="open")
        day = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
        values = {"cycle": ObjectId(), "day": day}
        assert rule.same_as({**values, "state": "open"}) == {**values, "state": {"$in": ["open"]}}
        assert rule.same_as({**values, "state": "closed"}) is None
        assert rule.same_as({"day": day, "state": "open"}) is None


class TestSaid:
    def test_on_the_form_with_all_that_was_typed(self, company: Company, document: Any, browser_as: Any) -> None:
        first = company.make("revision", "clerk_sal", document=document.id)
        clerk = browser_as("clerk_sal", locale="en")
        form = clerk.form("/admin/revision/new/") | {"document": str(document.id), "what_changed": "第三節"}
        answer = clerk.post("/admin/revision/new/", form | {"csrf_token": clerk.token})
        assert answer.status_code == 422
        assert f"{first.title} (Draft) has the same already: Document." in answer.text
        assert "第三節" in answer.text
        assert Revision.collection().count_documents({}) == 1

    def test_what_lies_in_the_bin_counts_and_is_named(self, company: Company, document: Any) -> None:
        first = company.make("revision", "clerk_sal", document=document.id)
        changes.remove(Revision, first.id, actor=SYSTEM, version=None)
        with pytest.raises(Refused, match=r"\(Draft, in the bin\) has the same already"):
            changes.create(Revision, {"document": document.id}, actor=company.actor("clerk_sal"))
        assert changes.restore(Revision, first.id, actor=SYSTEM).removed_at is None

    def test_an_edition_that_is_over_makes_room(self, company: Company, document: Any) -> None:
        company.walk(company.make("revision", "clerk_sal", document=document.id), "cancelled")
        assert company.make("revision", "clerk_sal", document=document.id).state == "draft"

    def test_in_the_rehearsal_of_an_import(self, company: Company, document: Any, sheets: Any) -> None:
        other = company.walk(company.make("document", "clerk_sal", subject="另一規程"), "approved")
        first = company.make("revision", "clerk_sal", document=document.id)
        rows = [["文件", "標題"], [document.number, "甲"], [other.number, "乙"], [other.number, "丙"]]
        sheet = sheets.checked(rows, "revision")
        assert sheet.counts == {"create": 1, "refused": 2}
        refused = import_rows.listed(sheet, ("refused",)).rows
        said = {line: [words["en"] for _, words in outcome.problems] for line, _, outcome in refused}
        assert said == {
            2: [f"{first.title} (Draft) has the same already: Document."],
            4: ["“Document” stands with the same value in row 3 already."],
        }

    def test_after_a_race_one_stands_and_the_others_are_told_which(self, company: Company, document: Any) -> None:
        clerk = company.actor("clerk_sal")
        values = {"document": document.id}
        results = at_once(*(lambda: changes.create(Revision, values, actor=clerk) for _ in range(8)))
        (winner,) = done(results)
        assert kinds(results) == ["Refused"] * 7
        assert all(winner.number in str(result) for result in results if isinstance(result, Refused))

    def test_by_the_index_alone_it_is_the_same_sentence(
        self, company: Company, document: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where another write came between the question and the own write."""
        first = company.make("revision", "clerk_sal", document=document.id)
        monkeypatch.setattr(writing, "refuse_taken", lambda *_: None)
        for login, is_told in {"clerk_sal": True, "records": True}.items():
            with pytest.raises(Refused) as refused:
                changes.create(Revision, {"document": document.id}, actor=company.actor(login))
            assert (first.number in str(refused.value)) == is_told
        clerk = company.actor("clerk_sal")
        with pytest.raises(Refused, match="Another record"):
            changes.in_batch(lambda: changes.create(Revision, {"document": document.id}, actor=clerk))


class TestDatabasesOfBefore:
    """A loan and an edition as they were written while `out` and `open_for` stood in them."""

    @pytest.fixture
    def old(self, company: Company, document: Any, db: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
        def written(record: Any) -> dict[str, Any]:
            row = stored(record)
            if isinstance(record, Loan) and row.get("copy") and row["state"] in ("on_loan", "lost"):
                row["out"] = f"{record.document.number}/{row['copy']}"
            if isinstance(record, Revision) and row["state"] in ("draft", "submitted"):
                row["open_for"] = str(record.ref("document"))
            return row

        with monkeypatch.context() as former:
            former.setattr(writing, "stored", written)
            values = {"document": document.id, "kind": "paper", "purpose": "核對"}
            loan = changes.create(Loan, values, actor=company.actor("clerk_sal"))
            loan = changes.move(Loan, loan.id, "approve", actor=SYSTEM, version=None)
            loan = changes.move(Loan, loan.id, "issue", actor=SYSTEM, version=None, values={"copy": 1})
            revision = company.make("revision", "clerk_sal", document=document.id)
        for name, field in (("loan", "out"), ("revision", "open_for")):
            former_index = {"name": f"unique_{field}", "unique": True}
            db[name].create_index(field, **former_index, partialFilterExpression={field: {"$gt": ""}})
            assert db[name].count_documents({field: {"$gt": ""}}) == 1
            for index in [key for key in db[name].index_information() if "_while_" in key]:
                db[name].drop_index(index)
        return loan, revision

    def test_former_indexes_go_and_the_declared_ones_stand(self, old: Any, db: Any) -> None:
        ensure_indexes(catalogue)
        ensure_indexes(catalogue)
        for name, field in (("loan", "out"), ("revision", "open_for")):
            names = {key for key in db[name].index_information() if key.startswith("unique_")}
            assert names == {rule.name for rule in catalogue[name].declared.unique}
            assert f"unique_{field}" not in names
        assert "unique_login" in db.user.index_information()

    def test_old_records_open_move_and_verify(self, old: Any, company: Company, browser_as: Any, db: Any) -> None:
        ensure_indexes(catalogue)
        loan, revision = old
        desk = browser_as("records")
        for record in old:
            page = desk.get(f"/admin/{record.type_name()}/details/", {"id": record.id})
            assert page.status_code == 200
            assert "open_for" not in page.text
        assert not audit.check().faults
        with pytest.raises(Refused, match="already"):
            changes.create(Revision, {"document": revision.ref("document")}, actor=company.actor("clerk_sal"))
        back = {"condition": "good"}
        changes.move(Loan, loan.id, "take_back", actor=SYSTEM, version=None, values=back)
        changes.move(Revision, revision.id, "cancel", actor=company.actor("clerk_sal"), version=revision.version)
        assert not audit.check().faults
        assert company.make("revision", "clerk_sal", document=revision.ref("document")).state == "draft"

    def test_old_records_come_back_from_a_backup(self, old: Any, db: Any) -> None:
        ensure_indexes(catalogue)
        for record in old:
            name = record.type_name()
            fields = db[name].find_one({"_id": record.id})
            entries = tuple(db[HISTORY].find({"record": record.id}).sort("seq", 1))
            db[name].delete_one({"_id": record.id})
            back = bring_back(catalogue[name], Past(fields, entries), context=Context())
            assert (back.number, back.state) == (record.number, record.state)
        assert not audit.check().faults

    def test_a_clash_with_a_backup_is_said(self, old: Any, company: Company, db: Any) -> None:
        ensure_indexes(catalogue)
        _, revision = old
        fields = db.revision.find_one({"_id": revision.id})
        db.revision.delete_one({"_id": revision.id})
        taken = company.make("revision", "clerk_sal", document=revision.ref("document"))
        with pytest.raises(Refused, match=taken.number):
            bring_back(Revision, Past(fields), context=Context())
