"""Many desks at the same moment: a copy is out once, and those who come too late are told who has it."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.races.at_once import at_once, done, kinds


def approved_loans(company: Any, count: int, copies: int = 1) -> tuple[Any, list[Any]]:
    """A document with so many copies, and approved loans of as many people, made one by one."""
    document = company.walk(company.make("document", "clerk_sal"), "approved")
    line = type(document)._fields["copies"].field.document_type
    content = {"copies": [line(number=item, condition="good") for item in range(1, copies + 1)]}
    document = changes.update(type(document), document.id, content, actor=SYSTEM, version=None)
    cls, loans = catalogue["loan"], []
    for login in company.logins:
        if login in ("it", "supervisor", "records") or len(loans) == count:
            continue
        values = {"document": document.id, "kind": "paper", "purpose": "核對"}
        loan = changes.create(cls, values, actor=company.actor(login))
        loans.append(changes.move(cls, loan.id, "approve", actor=SYSTEM, version=None))
    return document, loans


def issue(loan: Any, desk: Any, copy: int = 1) -> Any:
    return changes.move(type(loan), loan.id, "issue", actor=desk, version=loan.version, values={"copy": copy})


def test_ten_desks_issue_one_copy_and_nine_are_told_who_has_it(company: Any) -> None:
    document, loans = approved_loans(company, 10)
    desk = company.actor("records")
    results = at_once(*(lambda loan=loan: issue(loan, desk) for loan in loans))
    (winner,) = done(results)
    assert kinds(results) == ["Refused"] * 9
    lines = [str(result) for result in results if isinstance(result, Refused)]
    assert all(winner.borrower.name in sentence for sentence in lines), lines
    out = list(catalogue["loan"]._get_collection().find({"document": document.id, "state": "on_loan"}))
    assert [row["_id"] for row in out] == [winner.id]


def test_ten_desks_issue_one_loan_once(company: Any) -> None:
    _document, (loan,) = approved_loans(company, 1)
    desk = company.actor("records")
    results = at_once(*(lambda: issue(loan, desk) for _ in range(10)))
    assert len(done(results)) == 1
    assert company.fresh(loan).version == loan.version + 1


def test_ten_desks_issue_four_copies_to_ten_people(company: Any) -> None:
    """Each asks for the copy that lies before it: four go out, each once."""
    document, loans = approved_loans(company, 10, copies=4)
    desk = company.actor("records")
    results = at_once(*(lambda loan=loan, at=at: issue(loan, desk, at % 4 + 1) for at, loan in enumerate(loans)))
    assert sorted(loan.copy for loan in done(results)) == [1, 2, 3, 4]
    assert kinds(results) == ["Refused"] * 6
    assert document.id


def test_the_unique_index_alone_keeps_a_copy_from_being_out_twice(company: Any) -> None:
    """Even if every question of the rules were answered wrongly."""
    _document, loans = approved_loans(company, 2)
    issue(loans[0], company.actor("records"))
    rows = catalogue["loan"]._get_collection()
    row = rows.find_one({"_id": loans[0].id})
    with pytest.raises(DuplicateKeyError):
        rows.insert_one({**row, "_id": ObjectId(), "number": "LN-2"})
    rows.insert_one({**row, "_id": ObjectId(), "number": "LN-3", "state": "returned"})
    rows.insert_one({**row, "_id": ObjectId(), "number": "LN-4", "kind": "electronic"})


def test_a_copy_that_comes_back_is_kept_for_one_of_those_who_wait(company: Any) -> None:
    _document, loans = approved_loans(company, 1)
    desk, cls = company.actor("records"), catalogue["loan"]
    out = issue(loans[0], desk)
    waiting = []
    for login in ("head_sal", "finance", "legal"):
        values = {"document": out.ref("document"), "kind": "paper", "purpose": "核對"}
        loan = changes.create(cls, values, actor=company.actor(login))
        waiting.append(changes.move(cls, loan.id, "approve", actor=SYSTEM, version=None))
    assert {loan.state for loan in waiting} == {"waiting"}
    content = {"condition": "good"}
    results = at_once(
        *(
            lambda: changes.move(cls, out.id, "take_back", actor=desk, version=out.version, values=content)
            for _ in range(5)
        )
    )
    assert len(done(results)) == 1
    assert [company.fresh(loan).state for loan in waiting] == ["approved", "waiting", "waiting"]
    assert isinstance(at_once(lambda: issue(company.fresh(waiting[1]), desk))[0], Refused), "kept for the first"
    assert len(done(at_once(lambda: issue(company.fresh(waiting[0]), desk)))) == 1


def test_one_free_copy_is_kept_for_one_of_those_approved_at_one_moment(company: Any) -> None:
    desk, cls = company.actor("records"), catalogue["loan"]
    document = company.walk(company.make("document", "clerk_sal"), "approved")
    for logins in (("finance", "legal"), ("hr", "clerk_mkt"), ("clerk_prd", "clerk_log")):
        values = {"document": document.id, "kind": "paper", "purpose": "核對"}
        loans = [changes.create(cls, values, actor=company.actor(login)) for login in logins]
        at_once(
            *(
                lambda loan=loan: changes.move(cls, loan.id, "approve", actor=desk, version=loan.version)
                for loan in loans
            )
        )
        assert sorted(company.fresh(loan).state for loan in loans) == ["approved", "waiting"]
        for loan in loans:
            changes.move(cls, loan.id, "cancel", actor=SYSTEM, version=None)
