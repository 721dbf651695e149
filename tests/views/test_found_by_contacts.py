"""Customers are found everywhere by the people there, within the rights of who looks, and after a change of keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from models.kernel.base import secrets
from models.kernel.base.search import sealed_gram
from models.kernel.gate import search_parts
from models.kernel.rights import rights
from models.sales.customers import Contact
from tasks.engine.defaults import order_after_upgrade
from tests.fixtures.doing import do

PHONE = "13800138000"


@pytest.fixture
def customer(company: Any) -> Any:
    contact = Contact(name="劉乾坤", phone="+86 138 0013 8000", mail="liu@example.com")
    return company.make("customer", "clerk_sal", name="有聯繫人公司", contacts=[contact])


@pytest.fixture
def keys(settings: Any) -> Iterator[dict[int, bytes]]:
    """The keys of encrypted fields, which a test may change."""
    yield dict(settings.field_keys)
    secrets.set_keys(settings.field_keys)


@pytest.mark.parametrize(("login", "times"), [("clerk_sal", 1), ("clerk_prd", 0), ("it", 0)])
def test_search_and_palette_within_the_rights_of_their_reader(
    login: str, times: int, company: Any, browser_as: Any, customer: Any
) -> None:
    assert (rights.visible(company.actor(login), type(customer)) is not None) == bool(times)
    who = browser_as(login)
    for text in ("劉乾", "138-0013-8000", "（138）00138000", "LIU@example.com"):
        assert who.page("/admin/search/", {"q": text}).text.count(customer.number) == times, text
        assert str(who.get("/admin/palette/", {"q": text}).get_json()).count(customer.number) == times, text


def test_what_is_sealed_is_found_as_a_whole_alone(browser_as: Any, customer: Any) -> None:
    assert customer.number not in browser_as("clerk_sal").page("/admin/search/", {"q": "0013"}).text


def test_a_quotation_is_found_by_the_telephone_number_of_its_customer(
    company: Any, browser_as: Any, customer: Any
) -> None:
    offer = company.make("quotation", "clerk_sal", customer=customer.id)
    assert offer.number in browser_as("clerk_sal").page("/admin/quotation/", {"q": PHONE}).text


def test_digests_of_an_earlier_key_are_found_and_made_anew(
    browser_as: Any, customer: Any, db: Any, keys: dict[int, bytes]
) -> None:
    who, rows = browser_as("clerk_sal"), db["customer"]
    before, form = rows.find_one({"_id": customer.id}), search_parts.forms_of_all()
    order_after_upgrade()
    secrets.set_keys(keys | {max(keys) + 1: os.urandom(64)})
    assert customer.number in who.page("/admin/search/", {"q": PHONE}).text  # not made anew yet
    assert search_parts.forms_of_all() != form
    assert order_after_upgrade() == 1
    assert do("search.refresh") == {"refreshed": 1}
    after = rows.find_one({"_id": customer.id})
    assert after["g"] != before["g"]
    assert sealed_gram(PHONE) in after["g"]
    assert (after["version"], after["contacts"]) == (before["version"], before["contacts"])
    assert customer.number in who.page("/admin/search/", {"q": PHONE}).text
    assert do("search.refresh") == {}
