"""Two people decide at the same moment: one decision stands, the other is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from models.kernel.base.errors import Changed
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of, faults_in
from tests.races.at_once import at_once, done, kinds

ROUNDS = range(4)  # a race that is lost once in a while should be met


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with speaking("en"):
        yield


def verbs_of(record: Any) -> list[str]:
    return [entry["verb"] for entry in entries_of(record.id)]


def is_sound(record: Any) -> bool:
    """Whether the record as it stands and its history agree."""
    now = type(record).objects.get(id=record.id)
    entries = entries_of(record.id)
    return not list(faults_in(entries, now.chain)) and now.version == max(entry["version"] for entry in entries)


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_heads_approve_at_once(round_: int, company: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    both = [company.actor("head_sal"), company.actor("head_sal")]
    results = at_once(
        *(
            lambda head=head: changes.move(type(offer), offer.id, "approve", actor=head, version=offer.version)
            for head in both
        )
    )
    assert len(done(results)) == 1
    assert verbs_of(offer).count("approve") == 1
    assert is_sound(offer)
    assert "Approve" in str(next(result for result in results if result not in done(results))) or kinds(results) == [
        "Changed"
    ]


@pytest.mark.parametrize("round_", ROUNDS)
def test_one_approves_while_another_returns(round_: int, company: Any) -> None:
    offer, head = company.walk(company.make("quotation"), "submitted"), company.actor("head_sal")
    results = at_once(
        lambda: changes.move(type(offer), offer.id, "approve", actor=head, version=offer.version),
        lambda: changes.move(
            type(offer), offer.id, "return", actor=head, version=offer.version, context=Context(reason="too cheap")
        ),
    )
    assert len(done(results)) == 1
    assert len({"approve", "return"} & set(verbs_of(offer))) == 1
    assert done(results)[0].state == type(offer).objects.get(id=offer.id).state
    assert is_sound(offer)


@pytest.mark.parametrize("round_", ROUNDS)
def test_the_owner_withdraws_while_the_head_approves(round_: int, company: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    owner, head = company.actor("clerk_sal"), company.actor("head_sal")
    results = at_once(
        lambda: changes.move(type(offer), offer.id, "withdraw", actor=owner, version=offer.version),
        lambda: changes.move(type(offer), offer.id, "approve", actor=head, version=offer.version),
    )
    assert len(done(results)) == 1
    assert type(offer).objects.get(id=offer.id).state in ("draft", "approved")
    assert is_sound(offer)


@pytest.mark.parametrize("round_", ROUNDS)
def test_one_edits_while_another_submits(round_: int, company: Any) -> None:
    """What is submitted is what the one who submitted has seen."""
    offer = company.make("quotation")
    clerk, colleague = company.actor("clerk_sal"), company.actor("clerk_sal2")
    results = at_once(
        lambda: changes.move(type(offer), offer.id, "submit", actor=clerk, version=offer.version),
        lambda: changes.update(type(offer), offer.id, {"subject": "Other"}, actor=colleague, version=offer.version),
    )
    assert len(done(results)) == 1
    assert is_sound(offer)


@pytest.mark.parametrize("round_", ROUNDS)
def test_one_removes_while_another_edits(round_: int, company: Any) -> None:
    offer = company.make("quotation")
    clerk, colleague = company.actor("clerk_sal"), company.actor("clerk_sal2")
    results = at_once(
        lambda: changes.remove(type(offer), offer.id, actor=clerk, version=offer.version),
        lambda: changes.update(type(offer), offer.id, {"subject": "Other"}, actor=colleague, version=offer.version),
    )
    assert len(done(results)) == 1
    assert is_sound(offer)


def test_seats_that_several_must_fill_are_each_filled_once(company: Any) -> None:
    """Heads of three related departments agree at the same moment: each is noted, the last one decides."""
    heads = [company.actor(login) for login in ("head_sal", "head_mkt", "management")]
    report = company.make("research_report", "clerk_mkt", related_departments=[head.department for head in heads])
    report = company.walk(report, "cross_review")
    results = at_once(
        *(
            lambda head=head: _until_done(
                lambda v: changes.move(type(report), report.id, "agree", actor=head, version=v), report
            )
            for head in heads
        )
    )
    assert len(done(results)) == len(heads)
    now = type(report).objects.get(id=report.id)
    assert now.state == "approved"
    assert verbs_of(report).count("agree") == len(heads)
    assert is_sound(report)


def _until_done(body: Any, record: Any) -> Any:
    """As a person does who is told that somebody was first: look again, then decide."""
    for _ in range(10):
        seen = type(record).objects.get(id=record.id).version
        try:
            return body(seen)
        except Changed:
            continue
    return body(type(record).objects.get(id=record.id).version)


def test_twenty_decide_over_http_and_one_stands(company: Any, browser_as: Any) -> None:
    """Eight requests of two heads on their screens; one redirects, the others say who was first."""
    offer = company.walk(company.make("quotation"), "submitted")
    browsers = [browser_as("head_sal", is_new=True) for _ in range(8)]
    for browser in browsers:
        assert browser.token
    form = {"id": str(offer.id), "verb": "approve", "version": str(offer.version)}
    answers = at_once(*(lambda b=browser: b.post("/admin/quotation/move/", form) for browser in browsers))
    assert sorted(answer.status_code for answer in answers).count(302) == 1
    assert all(answer.status_code in (302, 403, 409, 422) for answer in answers)
    assert verbs_of(offer).count("approve") == 1
