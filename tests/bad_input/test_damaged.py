"""A document that does not fit its type costs its own row and no page: odd kinds of values, every way in."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.language.sound import DAMAGED
from models.services.work import damage
from tests.fixtures.http import reader

ODD = {"text": "abc", "number": 7, "list": [1, "two", None], "document": {"a": {"b": 1}}}
TYPES = ("requirement", "research_report", "customer", "product", "quotation", "negotiation", "contract", "sales_order",
         "receivable", "document")  # fmt: skip
KEPT = {"_id", "removed_at", "department", "owner", "state", "version", "once", "chain", "schema", "flow_version"}
PARTS = {"s", "g"}
WAYS = ("", "export/csv/", "export/xlsx/", "?q=zz", "board/", "calendar/", "?own=1&sort=-updated_at")
ACROSS = ("/admin/", "/admin/search/?q=abc", "/admin/palette/?q=abc")


@pytest.fixture(autouse=True)
def fresh() -> None:
    damage._noted.clear()


def spoil(record: Any, odd: str) -> list[str]:
    """Set every field of a stored record to one odd kind of value."""
    cls = type(record)
    names = [name for name in cls._fields if name not in KEPT | PARTS and name != "id"]
    get_db()[cls.type_name()].update_one({"_id": record.id}, {"$set": dict.fromkeys(names, ODD[odd])})
    return names


@pytest.mark.parametrize("name", [name for name in TYPES if name in catalogue])
def test_the_pages_of_a_type_live_beside_a_damaged_record(name: str, company: Any, browser_as: Any) -> None:
    """One walk: each odd kind in turn in one record, a sound one beside it, through all pages of the type."""
    cls = catalogue[name]
    record, beside = company.make(name), company.make(name)
    who = browser_as(reader(company, cls), locale="en")
    kept = get_db()[name].find_one({"_id": record.id})
    failed: list[str] = []
    for odd in ODD:
        spoil(record, odd)
        for way in WAYS:
            code = who.get(f"/admin/{name}/{way}").status_code
            if code not in (200, 404):
                failed.append(f"{odd} {way} {code}")
        for page in ("details/", "history/", "print/"):
            code = who.get(f"/admin/{name}/{page}", {"id": record.id}).status_code
            if code not in (200, 404, 422):
                failed.append(f"{odd} {page} {code}")
        for page in ACROSS:
            code = who.get(page).status_code
            if code not in (200, 404):
                failed.append(f"{odd} {page} {code}")
        now = get_db()[name].find_one({"_id": record.id})
        get_db()[name].replace_one({"_id": record.id}, {**kept, "chain": now["chain"]})  # what was read is history
    assert failed == []
    assert str(beside.id) in who.get(f"/admin/{name}/").text


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
