"""Nobody there to decide: the head of the superior department may, or who submits is refused with a sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.addresses import at_user
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM, Role
from models.kernel.base.roles import ROLE_LABELS
from models.kernel.base.words import EN, HANT
from models.kernel.gate import changes, deciders
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.language.who import ApproverSlot
from models.kernel.rights import rights
from tests.fixtures.http import said

TO_LEGAL = "legal_review"
LEGAL = ROLE_LABELS[Role.LEGAL]


def leaves(company: Any, login: str) -> None:
    changes.update(catalogue["user"], company.users[login], {"active": False}, actor=SYSTEM, version=None)


def submits(company: Any, record: Any, login: str = "clerk_sal", verb: str = "submit") -> Any:
    seen = company.fresh(record)
    return changes.move(type(record), record.id, verb, actor=company.actor(login), version=seen.version)


def decides(company: Any, record: Any, login: str) -> Any:
    return submits(company, record, login, "approve")


@pytest.fixture
def superior(company: Any) -> str:
    """A head above sales who is nothing but a head, so that no other role lets them read or decide."""
    changes.update(catalogue["user"], company.users["management"], {"roles": ["head"]}, actor=SYSTEM, version=None)
    return "management"


@pytest.fixture
def offer(company: Any) -> Any:
    """A quotation of the sales department that needs its head's approval."""
    return company.make("quotation", "clerk_sal")


def test_where_no_head_is_the_superior_departments_head_is_waited_for_and_decides(
    company: Any, db: Any, offer: Any, superior: str
) -> None:
    leaves(company, "head_sal")
    submits(company, offer)
    case = db[CASES].find_one({"_id": offer.id})
    assert f"role:head@{company.department('MGT')}" in case["decide"]
    assert db["notice"].count_documents({"person": company.users[superior], "kind": "decision"}) == 1
    assert rights.find(company.actor(superior), type(offer), offer.id)
    assert decides(company, offer, superior).state == "approved"


def test_a_head_who_is_there_is_not_passed_over(company: Any, offer: Any, superior: str) -> None:
    submits(company, offer)
    with pytest.raises(Missing):
        decides(company, offer, superior)
    assert company.fresh(offer).ref("superior") is None


def test_without_any_head_the_submission_is_refused_and_says_who_is_missing(
    company: Any, offer: Any, superior: str
) -> None:
    for login in ("head_sal", superior):
        leaves(company, login)
    with pytest.raises(Refused) as refused:
        submits(company, offer)
    assert "Nobody can decide this: Head of the department (銷售部)" in refused.value.first.in_locale(EN)
    assert "部門負責人（銷售部）沒有可審批的在職用戶" in refused.value.first.in_locale(HANT)
    assert company.fresh(offer).state == "draft"


def test_a_deputy_of_an_absent_head_is_somebody(company: Any, offer: Any) -> None:
    values = {"absent_from": clock.today(), "absent_until": clock.today(), "deputy": company.users["clerk_sal2"]}
    changes.update(catalogue["user"], company.users["head_sal"], values, actor=SYSTEM, version=None)
    submits(company, offer)
    assert company.fresh(offer).ref("superior") is None
    assert decides(company, offer, "clerk_sal2").state == "approved"


def test_a_role_that_nobody_has_and_that_nobody_stands_above_is_refused(company: Any) -> None:
    product = company.make("product", "head_sal", list_price=100, floor_price=80)
    leaves(company, "management")
    with pytest.raises(Refused) as refused:
        submits(company, product, "head_sal")
    assert "Nobody can decide this: Management has no active user" in refused.value.first.in_locale(EN)


def is_given_to(company: Any, login: str, **values: Any) -> None:
    changes.update(catalogue["user"], company.users[login], values, actor=SYSTEM, version=None)


@pytest.fixture
def agreement(company: Any) -> Any:
    """A contract that its owner may hand to legal, of whom there is one, in a department without a head."""
    contract = company.make("contract")
    handed = next(move for move in contract.flow().moves if move.target == TO_LEGAL and not move.is_decision)
    contract = company.walk(contract, handed.source[0])
    return company._prepare(contract, handed, imminent=True)


def hands_to_legal(company: Any, contract: Any) -> None:
    submits(company, contract, "clerk_sal")


def test_a_role_that_nobody_has_is_decided_by_the_head_of_its_department(company: Any, agreement: Any) -> None:
    is_given_to(company, "head_mkt", department=company.department("LEG"))
    leaves(company, "legal")
    hands_to_legal(company, agreement)
    kept = company.fresh(agreement)
    assert (kept.ref("superior"), kept.passed_up) == (company.department("LEG"), "role:legal")
    assert rights.find(company.actor("head_mkt"), type(agreement), agreement.id)


def test_without_that_head_by_the_head_above_who_finds_it_and_is_named_with_whom_they_stand_for(
    company: Any, agreement: Any, browser_as: Any, db: Any, superior: str
) -> None:
    leaves(company, "legal")
    hands_to_legal(company, agreement)
    kept = company.fresh(agreement)
    assert kept.ref("superior") == company.department("MGT")
    who = browser_as(superior, locale="en")
    assert agreement.number in who.page("/admin/").text
    assert agreement.number in who.page("/admin/inbox/").text
    move = next(move for move in kept.flow().out_of(kept.state) if move.by.label == LEGAL)
    values = {"id": str(agreement.id), "verb": move.verb, "version": str(kept.version), "reason": "請補充條款"}
    answer = who.post("/admin/contract/move/", values)
    assert answer.status_code == 302, said(answer)
    entry = db["history"].find_one({"record": agreement.id, "verb": move.verb})
    assert entry
    assert (entry["actor"], entry["acting_for_name"]) == (company.users[superior], str(LEGAL.in_locale(HANT)))


def test_last_of_all_by_management_though_it_heads_nothing(company: Any, agreement: Any) -> None:
    leaves(company, "legal")
    is_given_to(company, "management", roles=["management"])
    hands_to_legal(company, agreement)
    assert company.fresh(agreement).ref("superior") == company.department("MGT")


def test_never_by_it(company: Any, agreement: Any) -> None:
    """A head who is of IT, too, is passed over."""
    leaves(company, "legal")
    leaves(company, "management")
    is_given_to(company, "it", roles=["it", "head"], department=company.department("LEG"))
    with pytest.raises(Refused):
        hands_to_legal(company, agreement)


def test_a_named_person_who_has_left_is_stood_for_by_their_own_head(company: Any) -> None:
    """The rule by a field: the department of the person counts, not that of the record."""
    offer = company.make("quotation", "clerk_sal")
    leaves(company, "clerk_mkt")
    slot = ApproverSlot("field:x", (at_user(company.users["clerk_mkt"]),))
    assert deciders._superiors(offer, [slot])[0] == company.department("MKT")


def test_what_is_overdue_is_decided_by_the_superior_departments_head(company: Any, offer: Any, superior: str) -> None:
    submits(company, offer)
    due = company.fresh(offer).due_at
    with clock.set_to(due - dt.timedelta(minutes=1)), pytest.raises((Missing, Forbidden)):
        decides(company, offer, superior)
    with clock.set_to(due + dt.timedelta(days=3)):
        assert rights.find(company.actor(superior), type(offer), offer.id)
        assert decides(company, offer, superior).state == "approved"


def test_the_superiors_department_stays_out_otherwise(company: Any, offer: Any, superior: str) -> None:
    """No clerk of the superior department, no head beside it, and no longer than until it is decided."""
    leaves(company, "head_sal")
    submits(company, offer)
    for login in ("head_mkt", "clerk_mkt"):
        with pytest.raises(Missing):
            decides(company, offer, login)
    decides(company, offer, superior)
    with pytest.raises(Missing):
        rights.find(company.actor(superior), type(offer), offer.id)
