"""What is done beside a record and what its history says of it are one write: killed between them, neither stands."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import collections
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of, faults_in
from models.services.work import jobs, ordering
from models.services.work.jobs import Order
from tests.fixtures.company import Company
from views.custom.documents import desk


class Killed(BaseException):
    """The process ends here."""


def verbs_of(id: ObjectId) -> list[str]:
    return [entry["verb"] for entry in entries_of(id)]


@pytest.mark.parametrize(
    ("path", "killed", "verb"),
    [
        ("/admin/user/reset/second-step/", "log_out_everywhere", "second_step_off"),
        ("/admin/user/reset/sessions/", "end_all", "log_out"),
        ("/admin/user/reset/", "end_all", "first_password"),
    ],
)
def test_an_account(company: Company, browser_as: Any, path: str, killed: str, verb: str) -> None:
    user, it = company.user("clerk_mkt"), browser_as("it")
    other = browser_as("clerk_mkt")
    assert it.token
    assert other.get("/admin/").status_code == 200
    before = get_db()[collections.ACCOUNTS].find_one({"_id": user.id})

    def kill(*_: Any) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"admin_app.security.accounts.{killed}", kill)
        with pytest.raises(Killed):
            it.post(path, {"id": str(user.id)})
    assert verb not in verbs_of(user.id)
    assert get_db()[collections.ACCOUNTS].find_one({"_id": user.id}) == before
    assert other.get("/admin/").status_code == 200
    assert it.post(path, {"id": str(user.id)}).status_code == 302
    assert verbs_of(user.id).count(verb) == 1
    assert other.get("/admin/").status_code == 303
    assert not list(faults_in(entries_of(user.id), company.user("clerk_mkt").chain))


def test_a_run_that_is_ordered_now(company: Company, monkeypatch: Any) -> None:
    schedule = company.make("schedule")
    order = Order(task=schedule.task, once=f"now:{schedule.id}:x", schedule=schedule.id)

    def kill(_order: Order) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "enqueue", kill)
        with pytest.raises(Killed):
            ordering.order_now(schedule, order, actor=company.actor("it"))
    assert ordering.RUN_NOW not in verbs_of(schedule.id)
    first = ordering.order_now(schedule, order, actor=company.actor("it"))
    assert ordering.order_now(schedule, order, actor=company.actor("it")) == first
    assert verbs_of(schedule.id).count(ordering.RUN_NOW) == 1  # sent twice, it is one run and one entry


def test_the_lists_of_the_desk_are_those_of_its_reader(company: Company) -> None:
    loan = company.make("loan", "clerk_sal")
    numbers = [row["number"] for part in desk._lists(company.actor("records")) for row in part["rows"]]
    assert numbers == [loan.number]
    assert desk._lists(company.actor("clerk_mkt")) == []


def test_the_desk_reads_numbers_as_forms_do(company: Company, browser_as: Any) -> None:
    document = company.walk(company.make("document", "clerk_sal"), "approved")
    line = type(document)._fields["copies"].field.document_type
    changes.update(
        type(document), document.id, {"copies": [line(number=2, condition="good")]}, actor=SYSTEM, version=None
    )
    query = {"document": document.id, "kind": "paper", "purpose": "核對"}
    loan = changes.create(catalogue["loan"], query, actor=company.actor("clerk_sal"))
    loan = changes.move(type(loan), loan.id, "approve", actor=company.actor("records"), version=loan.version)
    form = {"id": str(loan.id), "verb": "issue", "version": str(loan.version), "code": loan.number}
    browser = browser_as("records")
    assert browser.post("/admin/desk/do/", {**form, "copy": "two"}).status_code == 422
    assert browser.post("/admin/desk/do/", {**form, "copy": "２"}).status_code == 302
    assert company.fresh(loan).copy == 2
