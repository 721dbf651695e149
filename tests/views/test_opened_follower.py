"""A follower that is entered by hand: the way to its blank form stands on the page of what it follows."""

from __future__ import annotations

from typing import Any

from tests.fixtures.http import id_in, said


def test_finance_books_a_payment_from_the_page_of_the_receivable(company: Any, browser_as: Any, db: Any) -> None:
    owed = company.make("receivable", amount=1000, received=0)
    finance = browser_as("finance")
    page = finance.page("/admin/receivable/details/", {"id": owed.id})
    way = f"/admin/payment/new/?receivable={owed.id}"
    assert way in page.links
    assert "登記收款" in page.text
    for amount in ("400", "600"):  # as often as money comes in
        form = finance.form(way, "/new/")
        assert form["receivable"] == str(owed.id)
        answer = finance.send(form, amount=amount, paid_on="2026-01-05", method="transfer")
        assert answer.status_code == 302, said(answer)
        assert db["payment"].find_one({"_id": id_in(answer)})["receivable"] == owed.id
    assert company.fresh(owed).state == "paid"
    assert way not in finance.page("/admin/receivable/details/", {"id": owed.id}).links


def test_who_may_not_book_is_offered_nothing(company: Any, browser_as: Any) -> None:
    owed = company.make("receivable", amount=1000, received=0)
    clerk = browser_as("clerk_sal")
    assert not [
        link for link in clerk.page("/admin/receivable/details/", {"id": owed.id}).links if "payment/new" in link
    ]
    assert clerk.post("/admin/receivable/lead/", {"id": str(owed.id), "verb": "book_payment"}).status_code in (403, 422)
