"""Ways around the confidentiality of documents that are closed: each was open once."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import forget_departments
from models.kernel.gate import changes, comments
from models.kernel.rights import rights
from models.services.files import files

from ..fixtures.company import PDF, Company


@pytest.fixture
def secret(company: Company) -> Any:
    made = company.make("document", "head_sal", subject="裁員名單", confidentiality="secret", summary="內容")
    return company.walk(made, "approved")


def borrowed(company: Company, login: str, document: Any, **values: Any) -> Any:
    today = clock.today()
    content = {
        "kind": "electronic",
        "purpose": "審計",
        "wanted_from": today,
        "wanted_until": today + dt.timedelta(days=3),
    }
    return changes.create(catalogue["loan"], {"document": document.id, **content, **values}, actor=company.actor(login))


def decide(company: Company, login: str, loan: Any) -> Any:
    loan = company.fresh(loan)
    return changes.move(type(loan), loan.id, "approve", actor=company.actor(login), version=loan.version)


def revise(company: Company, login: str, document: Any, **values: Any) -> Any:
    content = {"document": document.id, "what_changed": "修訂", **values}
    return changes.create(catalogue["revision"], content, actor=company.actor(login))


def test_who_may_not_open_a_document_does_not_revise_it(company: Company, secret: Any) -> None:
    assert not rights.may_open(company.actor("clerk_sal"), secret)
    with pytest.raises(Refused):
        revise(company, "clerk_sal", secret)
    assert revise(company, "head_sal", secret).summary == "內容"


def test_a_new_edition_never_opens_the_former_ones(company: Company, secret: Any) -> None:
    with pytest.raises(Refused) as refused:
        revise(company, "head_sal", secret, confidentiality="internal")
    assert set(refused.value.problems) == {"confidentiality"}


def test_a_changed_request_is_decided_anew(company: Company, secret: Any) -> None:
    loan = borrowed(company, "clerk_sal", secret)
    loan = decide(company, "records", loan)
    assert (loan.state, len(loan.decisions)) == ("requested", 1)
    longer = {"wanted_until": clock.today() + dt.timedelta(days=900)}
    loan = changes.update(type(loan), loan.id, longer, actor=company.actor("clerk_sal"), version=loan.version)
    assert loan.decisions == []
    assert decide(company, "management", loan).state == "requested"
    assert decide(company, "records", loan).state == "on_loan"


def test_management_decides_when_the_document_became_secret_meanwhile(company: Company) -> None:
    made = company.make("document", "head_sal", subject="併購方案", confidentiality="confidential")
    document = company.walk(made, "approved")
    query, running = borrowed(company, "clerk_mkt", document), borrowed(company, "clerk_prd", document)
    assert decide(company, "records", running).state == "on_loan"
    assert rights.may_open(company.actor("clerk_prd"), document)

    revision = revise(company, "head_sal", document, confidentiality="secret")
    upload = files.Upload("二.pdf", io.BytesIO(PDF))
    files.attach(type(revision), revision.id, "document", upload, actor=company.actor("head_sal"))
    company.walk(revision, "approved")
    document = company.fresh(document)
    assert document.confidentiality == "secret"
    assert not rights.may_open(company.actor("clerk_prd"), document), "what was lent was not this"
    assert decide(company, "records", query).state == "requested"
    query = decide(company, "management", query)
    assert (query.state, query.subject) == ("on_loan", document.number)


def test_nothing_is_added_to_an_edition_that_was_submitted(company: Company) -> None:
    document = company.walk(company.make("document", "clerk_sal"), "approved")
    revision = revise(company, "clerk_sal", document)
    actor = company.actor("clerk_sal")
    files.attach(type(revision), revision.id, "document", files.Upload("二.pdf", io.BytesIO(PDF)), actor=actor)
    revision = company.fresh(revision)
    revision = changes.move(type(revision), revision.id, "submit", actor=actor, version=revision.version)
    with pytest.raises(Forbidden):
        files.attach(type(revision), revision.id, "document", files.Upload("遲.pdf", io.BytesIO(PDF)), actor=actor)


def test_what_is_submitted_while_a_file_is_on_its_way_takes_it_no_more(company: Company) -> None:
    document = company.make("document", "clerk_sal")
    actor = company.actor("clerk_sal")
    files.attach(type(document), document.id, "document", files.Upload("一.pdf", io.BytesIO(PDF)), actor=actor)
    version = company.fresh(document).version

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if company.fresh(document).state == "draft":
                changes.move(type(document), document.id, "submit", actor=actor, version=version)
            return super().read(size)

    with pytest.raises(Forbidden):
        files.attach(type(document), document.id, "document", files.Upload("遲.pdf", Slow(PDF)), actor=actor)
    assert [file["name"] for file in files.files_of(document.id)] == ["一.pdf"]


def test_a_comment_reaches_only_those_who_may_open_the_record(company: Company, db: Any) -> None:
    made = company.make("document", "head_sal", confidentiality="confidential")
    document = company.walk(made, "approved")
    assert rights.find(company.actor("clerk_mkt"), type(document), document.id)
    text = "@clerk_mkt @clerk_sal 第三頁的數字"
    comments.comment(type(document), document.id, text, actor=company.actor("head_sal"))
    names = {row["person"] for row in db["notice"].find({"record": document.id, "text.en": {"$regex": "第三頁"}})}
    assert names == {company.users["clerk_sal"]}


def test_the_head_above_sees_what_a_head_submitted_and_nothing_else(company: Company) -> None:
    below = company.department("MKT")
    catalogue["department"]._get_collection().update_one(
        {"_id": below}, {"$set": {"parent": company.department("SAL")}}
    )
    forget_departments()
    clerk, above = company.actor("head_mkt"), company.actor("head_sal")
    draft = company.make("document", "head_mkt", confidentiality="secret")
    files.attach(type(draft), draft.id, "document", files.Upload("一.pdf", io.BytesIO(PDF)), actor=clerk)
    draft = company.fresh(draft)
    scope = rights.visible(above, type(draft)) or {}
    assert not type(draft)._get_collection().find_one({"_id": draft.id, **scope})
    changes.move(type(draft), draft.id, "submit", actor=clerk, version=draft.version)
    seen = rights.find(above, type(draft), draft.id)
    assert rights.may_open(above, seen)
    done = changes.move(type(draft), seen.id, "approve", actor=above, version=seen.version)
    assert done.state == "approved"
