"""What the history says of lists of lines: which line, which cell, what was added or removed; nothing cut unsaid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from tests.fixtures.company import Company
from tests.fixtures.http import read_page
from views.kinds import kind_of
from views.kinds import lines as lines_kind

OFFER_LINE = catalogue["quotation"]._fields["lines"].field.document_type


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with speaking("en"):
        yield


@pytest.fixture
def offer(company: Company) -> Any:
    """A quotation with thirty lines."""
    record = company.make("quotation", "clerk_sal")
    line = record.lines[0]
    return changed(record, lines=[copy_of(line, spec=f"S{n}", quantity=Decimal(n)) for n in range(1, 31)])


def copy_of(line: Any, **values: Any) -> Any:
    names = ("product", "unit_price", "spec", "quantity", "discount")
    return OFFER_LINE(**{name: line._data.get(name) for name in names if name in line._fields} | values)


def changed(record: Any, **values: Any) -> Any:
    return changes.update(type(record), record.id, values, actor=SYSTEM, version=None)


def changes_in(browser: Any, record: Any) -> list[str]:
    """The changes of the newest entry, as the page of the record says them."""
    html = browser.get("/admin/quotation/details/", {"id": record.id}).text
    newest = html.split('<ul class="changes">')[1].split("</ul>")[0]
    return [" ".join(read_page(f"<ul>{part}</li></ul>").text.split()) for part in newest.split("</li>")[:-1]]


class TestHistory:
    def test_a_cell_far_down(self, offer: Any, browser_as: Any) -> None:
        lines = list(offer.lines)
        lines[19] = copy_of(lines[19], quantity=Decimal(777))
        said = changes_in(browser_as("clerk_sal", locale="en"), changed(offer, lines=lines))
        assert any("line 20, Quantity" in item and "20" in item and "777" in item for item in said)
        assert not any("line 19" in item or "line 21" in item for item in said)

    def test_a_line_that_was_added_and_one_that_was_removed(self, offer: Any, browser_as: Any) -> None:
        browser = browser_as("clerk_sal", locale="en")
        lines = list(offer.lines)
        said = changes_in(browser, changed(offer, lines=[*lines[:4], *lines[5:]]))
        assert [item.split(":")[0] for item in said if "line" in item] == ["Lines, line 5 removed"]
        assert "S5" in said[0]
        said = changes_in(browser, changed(offer, lines=[*lines, copy_of(lines[0], spec="New")]))
        assert {item.split(":")[0] for item in said if "line" in item} == {
            "Lines, line 5 added",
            "Lines, line 31 added",
        }

    def test_a_product_is_named(self, company: Company, offer: Any, browser_as: Any) -> None:
        other = company.make("product", name="Valve 9000")
        other = company.walk(other, "active") if "active" in other.flow().states else other
        lines = list(offer.lines)
        lines[2] = copy_of(lines[2], product=other.id)
        said = changes_in(browser_as("clerk_sal", locale="en"), changed(offer, lines=lines))
        assert any("line 3, Product" in item and "Valve 9000" in item for item in said)

    def test_what_is_left_out_is_counted(self, offer: Any, browser_as: Any) -> None:
        lines = [copy_of(line, quantity=Decimal(500 + n), spec=f"T{n}") for n, line in enumerate(offer.lines)]
        said = changes_in(browser_as("clerk_sal", locale="en"), changed(offer, lines=lines))
        assert any("more changes: — → compare the versions to see all" in item for item in said)

    def test_a_long_text_says_how_much_is_missing(self, offer: Any, browser_as: Any) -> None:
        said = changes_in(browser_as("clerk_sal", locale="en"), changed(offer, remark="長" * 700))
        assert "(100 more characters; compare the versions to see all)" in said[0]


def test_the_history_of_decisions_is_read(company: Company, browser_as: Any) -> None:
    """What the gate itself keeps in a record has no columns, and is no list of lines."""
    heads = [company.actor(login) for login in ("head_sal", "head_mkt")]
    report = company.make("research_report", "clerk_mkt", related_departments=[head.department for head in heads])
    report = company.walk(report, "cross_review")
    changes.move(type(report), report.id, "agree", actor=heads[0], version=report.version)
    for page in ("details", "history"):
        assert browser_as("clerk_mkt").get(f"/admin/research_report/{page}/", {"id": report.id}).status_code == 200


def test_columns_that_the_reader_may_not_see_are_left_out(company: Company, offer: Any, monkeypatch: Any) -> None:
    lines = catalogue["quotation"]._fields["lines"]
    monkeypatch.setattr(lines_kind.rights, "sees", lambda actor, column: column.name != "quantity")
    rows = [{"quantity": 1, "spec": "A"}], [{"quantity": 2, "spec": "A"}]
    assert kind_of(lines).changes(*rows, {}, company.actor("clerk_sal")) == []


def test_two_edit_two_lines(offer: Any, browser_as: Any) -> None:
    """A list is taken as a whole; the page says what each of the two changed in it."""
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    lines = list(offer.lines)
    lines[4] = copy_of(lines[4], quantity=Decimal(777))
    changed(offer, lines=lines)
    answer = browser.send(form, **{"lines-1-quantity": "888"})
    assert answer.status_code == 409
    text = read_page(answer.text).text
    assert "A list of lines is taken as a whole" in text
    theirs = text.split("They changed: ")[1].split("You changed: ")[0]
    mine = text.split("You changed: ")[1]
    assert "line 5, Quantity: 5 → 777" in theirs
    assert "line 2" not in theirs
    assert "line 2, Quantity: 2 → 888" in mine
