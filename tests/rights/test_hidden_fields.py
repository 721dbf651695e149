"""A field that a role may not see is nowhere: list, form, filter, order, search, export, history, page source."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.rights import rights
from tests.fixtures.http import Browser, read_page, said

FLOOR = "7654.32"
BOTTOM = "不得低於一百九十萬"
CONCERN = "擔心交期延誤"
MAY_SEE_FLOOR = {
    "clerk_sal": False, "clerk_sal2": False, "head_sal": True, "legal": False, "finance": True, "management": True,
    "supervisor": True,
}  # fmt: skip
MAY_SEE_BOTTOM = {
    "clerk_sal": True, "clerk_sal2": True, "head_sal": True, "legal": False, "finance": False, "management": True,
    "supervisor": True,
}  # fmt: skip


@pytest.fixture
def product(company: Any) -> Any:
    """A product with a floor price, changed once so that its history tells of it."""
    from models.kernel.gate import changes

    made = company.make("product", list_price=Decimal("9000"), floor_price=Decimal("7000"))
    head = company.actor("head_sal")
    return changes.update(
        catalogue["product"], made.id, {"floor_price": Decimal(FLOOR)}, actor=head, version=made.version
    )


@pytest.fixture
def negotiation(company: Any) -> Any:
    from models.kernel.gate import changes

    made = company.make("negotiation", bottom_line="先前", concerns=CONCERN)
    clerk = company.actor("clerk_sal")
    return changes.update(type(made), made.id, {"bottom_line": BOTTOM}, actor=clerk, version=made.version)


def pages_of(browser: Browser, record: Any) -> dict[str, str]:
    """The source of every page and file on which a value of the record could stand."""
    base, id = f"/admin/{record.type_name()}/", {"id": str(record.id)}
    result = {path: browser.get(base + path, id) for path in ("details/", "history/", "edit/", "delete/")}
    result |= {f"version {n}": browser.get(f"{base}history/", {**id, "version": n}) for n in (1, 2)}
    result |= {path: browser.get(base + path) for path in ("", "new/", "help/", "export/csv/")}
    result["search"] = browser.get("/admin/search/", {"q": record.number})
    result["compute"] = browser.post(f"{base}compute/", {"floor_price": "1", "bottom_line": "1"})
    return {path: answer.get_data(as_text=True) for path, answer in result.items()}


def holds(text: str, *values: str) -> bool:
    return any(value in text or f"{value[:1]},{value[1:]}" in text for value in values)


@pytest.mark.parametrize("login", MAY_SEE_FLOOR)
def test_the_floor_price(login: str, company: Any, product: Any, browser_as: Any) -> None:
    pages = pages_of(browser_as(login, locale="en"), product)
    shown = {path for path, text in pages.items() if holds(text, FLOOR)}
    labelled = {path for path, text in pages.items() if "Floor price" in text or "floor_price" in text}
    if MAY_SEE_FLOOR[login]:
        assert {"", "details/", "history/", "version 2", "export/csv/"} <= shown
    else:
        assert not shown
        assert not labelled


@pytest.mark.parametrize("login", MAY_SEE_BOTTOM)
def test_the_customers_bottom_line(login: str, company: Any, negotiation: Any, browser_as: Any) -> None:
    pages = pages_of(browser_as(login, locale="en"), negotiation)
    shown = {path for path, text in pages.items() if holds(text, BOTTOM, CONCERN)}
    labelled = {path for path, text in pages.items() if "bottom line" in text or "bottom_line" in text}
    if MAY_SEE_BOTTOM[login]:
        assert {"details/", "history/", "version 2"} <= shown
    else:
        assert not shown
        assert not labelled


def test_a_hidden_field_tells_nothing_by_order_or_filter(company: Any, product: Any, browser_as: Any) -> None:
    """Neither the rows that are left nor their order depend on what one may not see (CVE-2010-4534)."""
    company.make("product", list_price=Decimal("9000"), floor_price=Decimal("1"))
    clerk, head = browser_as("clerk_sal"), browser_as("head_sal")

    def codes(browser: Browser, **query: str) -> list[str]:
        page = browser.page("/admin/product/", query)
        return [row[1] for row in page.rows if len(row) > 1 and row[1] not in page.heads]

    plain = codes(clerk)
    assert len(plain) == 2
    for query in (
        {"sort": "floor_price"}, {"sort": "-floor_price"}, {"f.floor_price": FLOOR}, {"f.floor_price.from": "2"},
        {"f.floor_price.to": "2"}, {"f.floor_price": FLOOR, "with": "floor_price"}, {"after": "WzEsMV0"},
    ):  # fmt: skip
        assert codes(clerk, **query) == plain, query
    assert len(codes(head, **{"f.floor_price.from": "2"})) == 1, "who sees it may filter by it"
    assert codes(head, sort="floor_price") == codes(head, sort="-floor_price")[::-1]
    assert clerk.get("/admin/product/", {"q": FLOOR}).text.count("<tr>") == head.get(
        "/admin/product/", {"q": FLOOR}
    ).text.count("<tr>"), "the search box reads what everybody sees"


def test_a_hidden_field_that_is_posted_is_ignored(company: Any, negotiation: Any, browser_as: Any) -> None:
    """Nobody writes what they may not see, in a form or in a cell."""
    clerk, product = browser_as("clerk_sal"), company.make("product", floor_price=Decimal("70"))
    sent = {"id": str(product.id), "version": "1", "floor_price": "1", "name": "floor_price", "value": "1"}
    assert clerk.post("/admin/product/edit/", sent).status_code == 403
    assert clerk.post("/admin/product/ajax/update/", sent).status_code == 403
    assert company.fresh(product).floor_price == Decimal("70")


def test_an_old_version_shows_its_reader_only_what_they_may_see(company: Any, product: Any, browser_as: Any) -> None:
    for login, may in MAY_SEE_FLOOR.items():
        for version in (1, 2):
            text = browser_as(login).get("/admin/product/history/", {"id": product.id, "version": version}).text
            assert holds(text, FLOOR, "7000.00", "7,000.00") == may, f"{login}, version {version}"


def test_a_lost_race_shows_its_loser_only_what_they_may_see(company: Any, browser_as: Any) -> None:
    """Both versions side by side, without the columns and fields hidden from the one who reads them."""
    from models.kernel.gate import changes

    offer = company.make("quotation", subject="Before")
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/quotation/edit/", id=offer.id)
    changes.update(
        type(offer), offer.id, {"subject": "Theirs"}, actor=company.actor("clerk_sal2"), version=offer.version
    )
    answer = clerk.send(form, subject="Mine")
    assert answer.status_code == 409
    page = read_page(answer.text)
    assert "Theirs" in page.text
    assert page.form()["subject"] == "Mine"
    assert "Floor" not in answer.text


@pytest.mark.parametrize("name", sorted(catalogue))
def test_every_hidden_field_of_every_type_is_off_the_forms(name: str, company: Any, browser_as: Any) -> None:
    """Whatever types are declared later: a field with `see=` is on nobody's form or list who is not among its roles.
    One shown by relation is on no list, and on the blank form of whom the record they are about to enter shows it."""
    cls = catalogue[name]
    hidden = [field for field in cls.declared.own_fields if getattr(cls._fields[field], "see", None)]
    if not hidden:
        return
    for login in company.logins:
        person = company.actor(login)
        if not rights.can_open(person, cls):
            continue
        unseen = [field for field in hidden if not rights.sees(person, cls._fields[field])]
        listed = browser_as(login).get(f"/admin/{name}/")
        assert listed.status_code == 200, said(listed)
        blank = browser_as(login).get(f"/admin/{name}/new/")
        flow = cls.declared.workflow
        begun = cls(owner=person.id, worked_by=[person.id], state=flow.start if flow else None)
        for field in unseen:
            assert f'"f.{field}' not in listed.text
            assert f"sort={field}" not in listed.text
            if not rights.sees(person, cls._fields[field], begun):
                assert f'name="{field}"' not in blank.text
