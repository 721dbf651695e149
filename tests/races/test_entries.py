"""Many enter records at the same moment: no number twice, no number left out, no record twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.gate import changes
from tests.races.at_once import at_once, done, kinds


def numbers(cls: Any) -> list[int]:
    return sorted(int(row["number"].rsplit("-", 1)[1]) for row in cls._get_collection().find({}, {"number": 1}))


def test_fifty_records_at_once_are_numbered_one_to_fifty(company: Any) -> None:
    customer = catalogue["customer"]
    people = [company.actor(login) for login in ("clerk_sal", "clerk_sal2", "head_sal")]
    results = at_once(
        *(lambda n=n: changes.create(customer, {"name": f"Customer {n}"}, actor=people[n % 3]) for n in range(50))
    )
    assert len(done(results)) == 50, kinds(results)
    assert numbers(customer) == list(range(1, 51))


def test_refused_forms_leave_no_hole(company: Any) -> None:
    """Every second of forty entries is refused; those that stand are numbered without a gap."""
    customer, clerk = catalogue["customer"], company.actor("clerk_sal")
    names = [f"Customer {n}" if n % 2 else "" for n in range(40)]
    results = at_once(*(lambda name=name: changes.create(customer, {"name": name}, actor=clerk) for name in names))
    assert (len(done(results)), kinds(results)) == (20, ["Refused"] * 20)
    assert numbers(customer) == list(range(1, 21))


def test_a_clash_of_unique_values_leaves_no_hole(company: Any) -> None:
    """Eight enter a product of one code: one stands, the others are told; the next number follows."""
    product, head = catalogue["product"], company.actor("head_sal")
    values = {"code": "A-1", "name": "Pump", "unit": "pc", "currency": "CNY"}
    results = at_once(*(lambda: changes.create(product, values, actor=head) for _ in range(8)))
    assert (len(done(results)), kinds(results)) == (1, ["Refused"] * 7)
    assert all("code" in result.problems for result in results if isinstance(result, Refused))
    changes.create(product, values | {"code": "A-2"}, actor=head)
    assert numbers(product) == [1, 2]


@pytest.mark.parametrize("threads", [2, 8])
def test_one_entry_sent_many_times_is_one_record(threads: int, company: Any) -> None:
    customer, clerk = catalogue["customer"], company.actor("clerk_sal")
    results = at_once(
        *(lambda: changes.create(customer, {"name": "Once"}, actor=clerk, once="form:x:1") for _ in range(threads))
    )
    assert len({record.id for record in done(results)}) == 1
    assert len(done(results)) == threads, kinds(results)
    assert numbers(customer) == [1]


def test_a_double_click_opens_the_one_record(company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/customer/new/") | {"name": "Once"}
    browsers = [clerk, *(browser_as("clerk_sal", is_new=True) for _ in range(5))]
    forms = [form | {"csrf_token": browser.token} for browser in browsers]
    answers = at_once(
        *(lambda b=b, f=f: b.post("/admin/customer/new/", f) for b, f in zip(browsers, forms, strict=True))
    )
    assert [answer.status_code for answer in answers] == [302] * 6
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert numbers(catalogue["customer"]) == [1]


def test_payments_at_once_never_exceed_what_is_owed(company: Any) -> None:
    """Six of 40 on 100: two are booked, four are told that it is more than is still owed."""
    owed, finance = company.make("receivable", amount=Decimal(100)), company.actor("finance")
    payment = catalogue["payment"]
    values = {"receivable": owed.id, "amount": Decimal(40), "paid_on": clock.today(), "method": "transfer"}
    results = at_once(*(lambda: changes.create(payment, values, actor=finance) for _ in range(6)))
    assert (len(done(results)), kinds(results)) == (2, ["Refused"] * 4)
    stands = type(owed).objects.get(id=owed.id)
    assert (str(stands.received), str(stands.outstanding), stands.state) == ("80.00", "20.00", "partly_paid")
    assert numbers(payment) == [1, 2]


def test_a_payment_and_its_reversal_at_once_with_another(company: Any) -> None:
    owed, finance = company.make("receivable", amount=Decimal(100)), company.actor("finance")
    payment = catalogue["payment"]
    values = {"receivable": owed.id, "amount": Decimal(60), "paid_on": clock.today(), "method": "transfer"}
    first = changes.create(payment, values, actor=finance)
    reverse = changes.Context(reason="wrong account")
    at_once(
        lambda: changes.move(payment, first.id, "reverse", actor=finance, version=first.version, context=reverse),
        lambda: changes.create(payment, values, actor=finance),
    )
    booked = payment._get_collection().find({"state": "booked"})
    stands = type(owed).objects.get(id=owed.id)
    assert stands.received == sum(row["amount"].to_decimal() for row in booked)
    assert stands.received <= stands.amount


def test_two_make_the_contract_of_one_quotation(company: Any) -> None:
    offer = company.walk(company.make("quotation"), "accepted")
    people = [company.actor(login) for login in ("clerk_sal", "clerk_sal2")] * 3
    results = at_once(
        *(
            lambda item=person: changes.follow_up(type(offer), offer.id, "create_contract", actor=item)
            for person in people
        )
    )
    assert len(done(results)) == 6, kinds(results)
    assert len({contract.id for [contract] in done(results)}) == 1
