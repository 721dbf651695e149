"""A document that does not fit its type costs its own row alone; tests/every_record/test_damaged.py has every kind."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db
from werkzeug.datastructures import MultiDict

from models import catalogue
from models.kernel.language.sound import DAMAGED
from models.services.work import damage
from tests.fixtures._odd import ODD, stored
from tests.fixtures.http import reader
from views.lists import listing


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


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("name", "field"), [("quotation", "total"), ("quotation", "valid_until"),
                                             ("customer", "name"), ("quotation", "number")])  # fmt: skip
def test_a_list_goes_through_all_kinds_of_its_column_and_back(
    name: str, field: str, sign: str, company: Any, db: Any
) -> None:
    """Whatever a page ends with: each row is there once, in one order, however large the pages are."""
    cls = catalogue[name]
    sound = [company.make(name) for _ in range(5)]
    rows = cls._get_collection()
    first = rows.find_one({"_id": sound[0].id})
    kinds = [value for kind, value in ODD.items() if kind != "list of lists"]
    kinds += [[], ["abc", "x"], [dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC), dt.datetime(2026, 12, 1, tzinfo=dt.UTC)]]
    odd = (  # two of each, so that a page ends between equal ones
        {**first, "_id": ObjectId(), "number": f"{at}", "once": None, field: value}
        for at, value in enumerate(kinds * 2)
    )
    stored(rows, odd)
    actor = company.actor(reader(company, cls))
    count = rows.count_documents({})
    for side in ("after", "before"):  # a list of values stands by its least one way, by its greatest the other
        walked = [_walk(cls, actor, f"{sign}{field}", size, side) for size in (1, 3, 200)]
        assert len(walked[0]) == count == len({*walked[0]})
        assert walked[0] == walked[1] == walked[2]


def _walk(cls: Any, actor: Any, sort: str, size: int, side: str) -> list[ObjectId]:
    """The ids of a list, page by page from one of its ends to the other."""
    args, ids = {} if side == "after" else {"at": "end"}, []
    for _ in range(200):
        query = dataclasses.replace(listing.read_request(cls, actor, MultiDict({**args, "sort": sort})), size=size)
        assert query.sort == sort
        page = listing.fetch(query, ())
        here = [row["_id"] for row in page.rows]
        ids = [*ids, *here] if side == "after" else [*here, *ids]
        if (token := page.next if side == "after" else page.previous) is None:
            return ids
        args = {side: token}
    raise AssertionError("no end")
