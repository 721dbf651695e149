"""Documents: numbers and names by rule, editions that stay as they were approved, records that file themselves."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest

from models import catalogue
from models.documents.categories import file_stem, naming_rule
from models.documents.filing import entry_key
from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.files import files
from models.services.keeping import archive

from ..fixtures.company import PDF, Company


def category(company: Company, **values: Any) -> Any:
    content = {"code": "QM", "name": "質量管理", "confidentiality": "internal", **values}
    return changes.create(catalogue["category"], content, actor=company.actor("records"))


def approved(company: Company, **values: Any) -> Any:
    return company.walk(company.make("document", "clerk_sal", **values), "approved")


def revised(company: Company, document: Any, content: bytes, **values: Any) -> Any:
    """The document after a further edition with this content was approved."""
    revision = company.make("revision", "clerk_sal", document=document.id, what_changed="改正第二章", **values)
    upload = files.Upload("第二版.pdf", io.BytesIO(content))
    files.attach(type(revision), revision.id, "document", upload, actor=company.actor("clerk_sal"))
    company.walk(revision, "approved")
    return company.fresh(document)


def test_the_number_and_the_file_name_follow_the_rule_of_the_category(company: Company) -> None:
    desk = company.actor("records")
    quality = category(company)
    manuals = category(company, code="QM2", name="作業手冊", parent=quality.id)
    rule = {"category": quality.id, "pattern": "{category}-{department}-{yyyy}-{seq:3} {title}"}
    changes.create(catalogue["naming_rule"], rule, actor=desk)
    first = company.make("document", "clerk_sal", subject="檢驗 規程", category=manuals.id)
    second = company.make("document", "clerk_sal", subject="包裝規程", category=manuals.id)
    year = clock.today().year
    assert [first.number, second.number] == [f"QM2-SAL-{year}-001", f"QM2-SAL-{year}-002"]
    pattern = naming_rule(manuals.id)
    assert pattern is not None
    assert file_stem(pattern, first.number, first.subject) == f"QM2-SAL-{year}-001 檢驗 規程"


@pytest.mark.parametrize("pattern", ["{title}", "{seq}-{titel}", "{seq} {title} x", "{seq}/{title}", "{seq {title}"])
def test_a_pattern_that_names_nothing_is_refused(company: Company, pattern: str) -> None:
    with pytest.raises(Refused) as refused:
        changes.create(catalogue["naming_rule"], {"pattern": pattern}, actor=company.actor("records"))
    assert set(refused.value.problems) == {"pattern"}


def test_a_category_never_stands_below_itself(company: Company) -> None:
    desk = company.actor("records")
    top = category(company)
    below = category(company, code="QM3", name="下級", parent=top.id)
    with pytest.raises(Refused) as refused:
        changes.update(catalogue["category"], top.id, {"parent": below.id}, actor=desk, version=top.version)
    assert set(refused.value.problems) == {"parent"}


def test_the_confidentiality_is_that_of_the_category_and_less_is_asked_about(company: Company) -> None:
    strict = category(company, confidentiality="confidential")
    assert company.make("document", "clerk_sal", category=strict.id).confidentiality == "confidential"
    content = {"subject": "公開通知", "category": strict.id, "confidentiality": "public"}
    with pytest.raises(Refused) as refused:
        changes.create(catalogue["document"], content, actor=company.actor("clerk_sal"))
    assert "confidentiality" in refused.value.problems


def test_a_new_edition_leaves_the_former_one_as_it_was(company: Company) -> None:
    document = approved(company, subject="檢驗規程")
    before = files.files_of(document.id)
    after = revised(company, document, PDF + b"%2", subject="檢驗規程（修訂）")
    assert (after.edition, after.subject) == (2, "檢驗規程（修訂）")
    assert [line.number for line in after.editions] == [1, 2]
    attached = files.files_of(document.id)
    assert [(file["edition"], file["sha256"]) for file in attached[: len(before)]] == [(1, before[0]["sha256"])]
    assert [file["edition"] for file in attached] == [1, 2]
    assert after.editions[1].note == "改正第二章"
    assert after.state == "approved"


def test_while_an_edition_is_drafted_the_document_is_what_it_was_and_no_second_draft_begins(company: Company) -> None:
    document = approved(company, subject="檢驗規程")
    company.make("revision", "clerk_sal", document=document.id, subject="草稿標題")
    assert company.fresh(document).subject == "檢驗規程"
    with pytest.raises(Refused) as refused:
        changes.create(catalogue["revision"], {"document": document.id}, actor=company.actor("head_sal"))
    assert "already: Document." in str(refused.value)


def test_only_the_department_of_a_document_drafts_its_next_edition(company: Company) -> None:
    document = approved(company)
    with pytest.raises(Refused) as refused:
        changes.create(catalogue["revision"], {"document": document.id}, actor=company.actor("clerk_mkt"))
    assert "document" in refused.value.problems
    changes.create(catalogue["revision"], {"document": document.id}, actor=company.actor("records"))


def test_files_of_an_approved_edition_are_locked(company: Company) -> None:
    document = approved(company)
    (file,) = files.files_of(document.id)
    for login in ("clerk_sal", "head_sal", "records", "management"):
        person = company.actor(login)
        with pytest.raises(Forbidden):
            files.detach(file["_id"], actor=person)
        with pytest.raises(Forbidden):
            files.rename(file["_id"], "other.pdf", actor=person)
        with pytest.raises(Forbidden):
            files.attach(type(document), document.id, "", files.Upload("x.pdf", io.BytesIO(PDF)), actor=person)
    assert files.files_of(document.id) == [file]


def test_a_file_of_a_draft_is_renamed_and_keeps_the_name_it_was_given(company: Company) -> None:
    document = company.make("document", "clerk_sal")
    me = company.actor("clerk_sal")
    file = files.attach(type(document), document.id, "document", files.Upload("掃描1.pdf", io.BytesIO(PDF)), actor=me)
    files.rename(file["_id"], "DOC-1 規程.pdf", actor=me)
    (after,) = files.files_of(document.id)
    assert (after["name"], after["given_name"]) == ("DOC-1 規程.pdf", "掃描1.pdf")
    with pytest.raises(Exception, match=r"does not exist|沒有"):
        files.rename(file["_id"], "x.pdf", actor=company.actor("clerk_mkt"))


def test_the_date_until_which_a_document_is_kept_is_counted_from_its_newest_edition(company: Company) -> None:
    kept = category(company, retention_years=10)
    with clock.set_to(dt.datetime(2024, 2, 29, 3, tzinfo=dt.UTC)):
        document = approved(company, category=kept.id)
    assert document.retention_until == dt.date(2034, 2, 28)
    with clock.set_to(dt.datetime(2025, 3, 1, 3, tzinfo=dt.UTC)):
        assert revised(company, document, PDF + b"%2").retention_until == dt.date(2035, 3, 1)


def test_a_signed_contract_is_filed_once_and_its_scan_is_stored_once(company: Company) -> None:
    contract = company.walk(company.make("contract", "clerk_sal"), "signed")
    (document,) = catalogue["document"].objects(once=entry_key(contract))
    (scan,) = [file for file in files.files_of(contract.id) if file["kind"] == "scan"]
    (filed,) = files.files_of(document.id)
    assert document.state == "approved"
    assert (filed["content"], filed["kind"], filed["edition"]) == (scan["content"], "document", 1)
    assert [line.number for line in document.editions] == [1]
    assert document.editions[0].approved_by.id == company.users["head_sal"]


def test_content_stays_as_long_as_one_file_refers_to_it(company: Company, db: Any) -> None:
    contract = company.walk(company.make("contract", "clerk_sal"), "signed")
    (scan,) = [file for file in files.files_of(contract.id) if file["kind"] == "scan"]
    archive.drop_content(scan["content"])
    assert db["content.files"].find_one({"_id": scan["content"]})
    db[FILES].delete_many({"content": scan["content"]})
    archive.drop_content(scan["content"])
    assert not db["content.files"].find_one({"_id": scan["content"]})
    assert not db["content.chunks"].find_one({"files_id": scan["content"]})


def test_a_published_report_is_filed_for_those_whom_it_was_published_for(company: Company) -> None:
    report = company.walk(company.make("research_report", "clerk_mkt"), "published", to_everyone=True)
    (document,) = catalogue["document"].objects(once=entry_key(report))
    assert document.confidentiality == ("internal" if report.to_everyone else "confidential")
    assert changes.update(type(document), document.id, {}, actor=SYSTEM, version=None).state == "approved"


def test_what_is_filed_in_a_secret_category_is_secret(company: Company) -> None:
    category(company, code="CT", confidentiality="secret")
    contract = company.walk(company.make("contract", "clerk_sal"), "signed")
    (document,) = catalogue["document"].objects(once=entry_key(contract))
    assert document.confidentiality == "secret"
