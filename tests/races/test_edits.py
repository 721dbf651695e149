"""Two people change one record at the same moment: neither text is lost in silence."""

from __future__ import annotations

from typing import Any

import pytest

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, comments
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of, faults_in
from tests.fixtures.http import read_page
from tests.races.at_once import at_once, done, kinds

ROUNDS = range(4)


def now(record: Any) -> Any:
    return type(record).objects.get(id=record.id)


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_edits_of_one_version(round_: int, company: Any) -> None:
    customer = company.make("customer")
    people = [company.actor("clerk_sal"), company.actor("clerk_sal2")]
    results = at_once(
        *(
            lambda person=person: changes.update(
                type(customer), customer.id, {"region": person.login}, actor=person, version=customer.version
            )
            for person in people
        )
    )
    assert len(done(results)) == 1
    assert kinds(results) == ["Changed"]
    assert now(customer).region == done(results)[0].region
    loser = next(result for result in results if result not in done(results))
    assert loser.current.region == done(results)[0].region, "the loser is shown what stands now"


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_edits_of_two_lines_and_of_one(round_: int, company: Any) -> None:
    """On two lines both stand; on one line one stands, and the other is shown it."""
    offer = company.make("quotation", "clerk_sal")
    line = offer.lines[0]
    data = {name: value for name, value in line._data.items() if name != "key"}
    lines = [type(line)(**data) for _ in range(4)]
    offer = changes.update(type(offer), offer.id, {"lines": lines}, actor=SYSTEM, version=None)
    people = [company.actor("clerk_sal"), company.actor("clerk_sal2"), company.actor("head_sal")]

    copies = [list(now(offer).lines) for _ in people]

    def edit(person: Any, at: int) -> Any:
        mine = copies[at]
        mine[at].spec = person.login
        return changes.update(type(offer), offer.id, {"lines": mine}, actor=person, version=offer.version)

    results = at_once(*(lambda person=person, at=at: edit(person, at) for at, person in enumerate(people)))
    assert len(done(results)) == 3, kinds(results)
    assert [item.spec for item in now(offer).lines][:3] == [person.login for person in people]
    stands = now(offer)
    assert len({item.key for item in stands.lines}) == 4

    last = {person.login: list(stands.lines) for person in people} | {people[1].login: list(now(offer).lines)}

    def edit_last(person: Any) -> Any:
        mine = last[person.login]
        mine[3].spec = f"last {person.login}"
        return changes.update(type(offer), offer.id, {"lines": mine}, actor=person, version=stands.version)

    results = at_once(*(lambda person=person: edit_last(person) for person in people[:2]))
    assert len(done(results)) == 1
    assert kinds(results) == ["Changed"]
    assert not list(faults_in(entries_of(offer.id), now(offer).chain))


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_form_against_a_cell_of_the_grid(round_: int, company: Any) -> None:
    customer = company.make("customer")
    first, second = company.actor("clerk_sal"), company.actor("clerk_sal2")
    version, grid = customer.version, Context(source="grid")
    results = at_once(
        lambda: changes.update(
            type(customer), customer.id, {"level": "A", "region": "North"}, actor=first, version=version
        ),
        lambda: changes.update(
            type(customer), customer.id, {"level": "B"}, actor=second, version=version, context=grid
        ),
    )
    assert len(done(results)) == 1
    stands = now(customer)
    assert (stands.level, stands.region) == (done(results)[0].level, done(results)[0].region)


def test_many_edits_over_http_each_stand_or_are_shown_both_versions(company: Any, browser_as: Any) -> None:
    customer = company.make("customer")
    browsers = [browser_as(login, is_new=True) for login in ("clerk_sal", "clerk_sal2", "head_sal") * 2]
    forms = [browser.form("/admin/customer/edit/", id=customer.id) for browser in browsers]
    sends = [(b, {**f, "region": f"Region {n}"}) for n, (b, f) in enumerate(zip(browsers, forms, strict=True))]
    answers = at_once(*(lambda b=b, f=f: b.post("/admin/customer/edit/", f) for b, f in sends))
    assert sorted(answer.status_code for answer in answers) == [302, 409, 409, 409, 409, 409]
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 302)
    assert now(customer).region == f"Region {winner}"
    for at, answer in enumerate(answers):
        if at != winner:
            assert f"Region {winner}" in answer.text, "the other's text is shown"
            assert read_page(answer.text).form()["region"] == f"Region {at}", "one's own text is kept"


def test_comments_at_once_are_all_kept_in_one_chain(company: Any) -> None:
    customer, clerk = company.make("customer"), company.actor("clerk_sal")
    said = [f"Comment {n}" for n in range(12)]
    results = at_once(
        *(lambda text=text: comments.comment(type(customer), customer.id, text, actor=clerk) for text in said)
    )
    assert len(done(results)) == len(said)
    entries = entries_of(customer.id)
    assert sorted(entry["reason"] for entry in entries if entry["verb"] == "comment") == sorted(said)
    assert not list(faults_in(entries, now(customer).chain))


def test_comments_and_edits_at_once_do_not_hinder_each_other(company: Any) -> None:
    customer, clerk = company.make("customer"), company.actor("clerk_sal")
    results = at_once(
        *(lambda n=n: comments.comment(type(customer), customer.id, f"{n}", actor=clerk) for n in range(6)),
        lambda: changes.update(type(customer), customer.id, {"region": "South"}, actor=clerk, version=customer.version),
    )
    assert len(done(results)) == 7, kinds(results)
    assert not list(faults_in(entries_of(customer.id), now(customer).chain))
