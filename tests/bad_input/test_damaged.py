"""A document that does not fit its type costs its own row alone; tests/every_record/test_damaged.py has every kind."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.language.sound import DAMAGED
from models.services.work import damage
from tests.fixtures.http import reader


@pytest.fixture(autouse=True)
def fresh() -> None:
    damage._noted.clear()


@pytest.mark.parametrize(
    ("name", "field", "value"), [("quotation", "total", "abc"), ("requirement", "collected_on", "x")]
)
def test_it_is_told_once_and_the_row_says_so(name: str, field: str, value: Any, company: Any, browser_as: Any) -> None:
    record, sound = company.make(name), company.make(name)
    get_db()[name].update_one({"_id": record.id}, {"$set": {field: value}})
    who = browser_as(reader(company, catalogue[name]), locale="en")
    for _ in range(2):
        text = who.get(f"/admin/{name}/", {"cols": field}).text
        assert str(sound.id) in text
    assert str(record.id) in text
    assert str(DAMAGED) in who.get(f"/admin/{name}/details/", {"id": record.id}).text or str(DAMAGED) in text
    rows = list(get_db()["notice"].find({"cause": f"damaged:{name}:{record.id}"}))
    assert [row["person"] for row in rows] == [company.users["it"]]


def test_an_edit_of_the_rest_leaves_what_cannot_be_read(company: Any, browser_as: Any) -> None:
    customer = company.make("customer")
    get_db()["customer"].update_one({"_id": customer.id}, {"$set": {"website": {"a": 1}, "no_such_field": 5}})
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/customer/edit/", id=customer.id)
    assert clerk.send(form, name="另一名稱").status_code == 302
    stored = get_db()["customer"].find_one({"_id": customer.id})
    assert stored
    assert (stored["name"], stored["no_such_field"]) == ("另一名稱", 5)


def test_a_reference_that_is_none(company: Any, browser_as: Any) -> None:
    offer = company.make("quotation")
    get_db()["quotation"].update_one({"_id": offer.id}, {"$set": {"customer": [ObjectId(), "x"]}})
    assert browser_as("clerk_sal").get("/admin/quotation/").status_code == 200


def test_no_step_is_made_on_what_cannot_be_read(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    get_db()["quotation"].update_one({"_id": offer.id}, {"$set": {"total": "abc"}})
    sent = {"id": str(offer.id), "verb": "approve", "version": str(offer.version)}
    assert browser_as("head_sal").post("/admin/quotation/move/", sent).status_code in (403, 422)
    assert get_db()["quotation"].find_one({"_id": offer.id}, {"state": 1})["state"] == "submitted"  # type: ignore[index]
