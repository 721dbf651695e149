"""What the history says of lists of lines: which line, which cell, what was added or removed; nothing cut unsaid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import speaking
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of
from models.kernel.rights.rights import Viewer
from tests.fixtures.company import Company
from tests.fixtures.http import read_page
from views.kinds import kind_of

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
    names = ("key", "product", "unit_price", "spec", "quantity", "discount")
    return OFFER_LINE(**{name: line._data.get(name) for name in names if name in line._fields} | values)


def changed(record: Any, **values: Any) -> Any:
    return changes.update(type(record), record.id, values, actor=SYSTEM, version=None)


def changes_in(browser: Any, record: Any) -> list[str]:
    """The changes of the newest entry, as the page of the record says them."""
    html = browser.get("/admin/quotation/details/", {"id": record.id}).text
    newest = html.split('<ol class="timeline">')[1].split('<p class="by">')[1]
    lists = [part.split("</ul>")[0] for part in newest.split('<ul class="changes">')[1:]]  # the second one is folded
    items = [item for part in lists for item in part.split("</li>")[:-1]]
    return [" ".join(read_page(f"<ul>{item}</li></ul>").text.split()) for item in items]


class TestHistory:
    def test_a_cell_far_down(self, offer: Any, browser_as: Any) -> None:
        lines = list(offer.lines)
        lines[19] = copy_of(lines[19], quantity=Decimal(777))
        said = changes_in(browser_as("clerk_sal", locale="en"), changed(offer, lines=lines))
        assert any("line 20 (S20), Quantity" in item and "20" in item and "777" in item for item in said)
        assert not any("line 19" in item or "line 21" in item for item in said)

    def test_a_line_that_was_added_and_one_that_was_removed(self, offer: Any, browser_as: Any) -> None:
        browser = browser_as("clerk_sal", locale="en")
        lines = list(offer.lines)
        said = changes_in(browser, changed(offer, lines=[*lines[:4], *lines[5:]]))
        assert [item.split(":")[0] for item in said if "line" in item] == ["Lines, line 5 removed"]
        assert "S5" in said[0]
        said = changes_in(browser, changed(offer, lines=[*lines, copy_of(lines[0], key=None, spec="New")]))
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
        assert any("line 3 (S3), Product" in item and "Valve 9000" in item for item in said)

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
    monkeypatch.setattr(Viewer, "sees", lambda viewer, column: column.name != "quantity")
    rows = [{"quantity": 1, "spec": "A"}], [{"quantity": 2, "spec": "A"}]
    assert kind_of(lines).changes(*rows, {}, Viewer(company.actor("clerk_sal"))) == []


def test_changes_that_the_reader_sees_nothing_of_stand_in_the_whole_history_alone(
    offer: Any, browser_as: Any, monkeypatch: Any
) -> None:
    """There it says so, since each entry has its number; on the page of the record it would be an empty line."""
    changed(offer, remark="改")
    monkeypatch.setattr(Viewer, "sees", lambda viewer, column: column.name != "remark")
    browser = browser_as("clerk_sal", locale="en")
    for page, is_there in (("details", False), ("history", True)):
        html = browser.get(f"/admin/quotation/{page}/", {"id": offer.id}).text
        assert ("in fields that you do not see" in html) == is_there, page


def test_two_edit_two_lines(offer: Any, browser_as: Any) -> None:
    """Each line is a thing of its own: both changes stand, and nobody is asked."""
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    lines = list(offer.lines)
    lines[4] = copy_of(lines[4], quantity=Decimal(777))
    now = changed(offer, lines=lines)
    assert browser.send(form, **{"lines-1-quantity": "888"}).status_code == 302
    kept = stands(offer)
    assert (kept[1].quantity, kept[4].quantity) == (888, 777)
    assert [line.key for line in kept] == [line.key for line in now.lines]
    said = changes_in(browser, offer)
    assert "line 2 (S2), Quantity: 2 → 888" in " ".join(said)
    assert not any("line 5" in item for item in said)
    last = entries_of(offer.id)[-2:]
    assert all(any(row["field"] == "lines" for row in entry["changes"]) for entry in last)


def test_two_edit_one_line(offer: Any, browser_as: Any) -> None:
    """The screen is of that line alone; either version can be taken, and the other lines of both stand."""
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    lines = list(offer.lines)
    lines[4], lines[6] = copy_of(lines[4], quantity=Decimal(777)), copy_of(lines[6], quantity=Decimal(555))
    changed(offer, lines=lines)
    answer = browser.send(form, **{"lines-1-quantity": "888", "lines-4-quantity": "999"})
    assert answer.status_code == 409
    rows = answer.text.split('<table class="merge">')[1].split("</table>")[0]
    assert [part.split("</th>")[0] for part in rows.split('<th scope="row">')[1:]] == ["Lines, line 5 (S5)"]
    again = read_page(answer.text).form("/edit/")
    assert browser.send(again, **{f"take.lines.{lines[4].key}": "theirs"}).status_code == 302
    kept = stands(offer)
    assert (kept[1].quantity, kept[4].quantity, kept[6].quantity) == (888, 777, 555)


def test_a_line_that_was_removed_while_somebody_edits_it(offer: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    lines = list(offer.lines)
    changed(offer, lines=[*lines[:4], *lines[5:]])
    answer = browser.send(form, **{"lines-4-quantity": "999"})
    assert answer.status_code == 409
    assert "The other person removed this line." in answer.text
    assert browser.send(read_page(answer.text).form("/edit/")).status_code == 302
    assert [line.quantity for line in stands(offer) if line.spec == "S5"] == [999]


def test_order_and_new_lines_of_one_stand_beside_a_cell_of_another(offer: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    lines = list(offer.lines)
    changed(offer, lines=[*reversed(lines[1:]), copy_of(lines[0], key=None, spec="New")])
    assert browser.send(form, **{"lines-4-quantity": "999"}).status_code == 302
    kept = stands(offer)
    assert [line.spec for line in kept] == [*(f"S{n}" for n in range(30, 1, -1)), "New"]
    assert [line.quantity for line in kept if line.spec == "S5"] == [999]


def test_a_key_that_is_not_the_records_is_not_believed(offer: Any, browser_as: Any) -> None:
    """Keys that a form claims: of another record, one twice, and what is no key at all."""
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    keys = [line.key for line in offer.lines]
    claims = {"lines-0-key": "foreign9", "lines-1-key": keys[2], "lines-3-key": "<script>alert(1)</script>"}
    cells = {f"lines-{at}-spec": f"changed {at}" for at in range(4)}
    assert browser.send(form, **claims, **cells).status_code == 302
    now = [line.key for line in stands(offer)]
    assert now[4:] == keys[4:]
    assert len(set(now)) == 30
    assert now[1] == keys[2]
    assert not {now[0], now[2], now[3]} & {*keys, "foreign9"}


def test_more_lines_than_fit_and_what_is_no_text_are_said(offer: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    form = browser.form("/admin/quotation/edit/", "/edit/", id=offer.id)
    many = {f"lines-{at}-spec": "<script>alert(1)</script>" for at in range(30, 501)}
    answer = browser.send(form, **many)
    assert answer.status_code == 422
    assert "may have 500 lines at most" in answer.text
    assert "<script>alert(1)" not in answer.text
    assert len(stands(offer)) == 30


def test_versions_of_before_lines_had_keys_are_compared_by_what_stands_in_them(company: Company) -> None:
    """On one side alone, as at the first change after an upgrade, or on both."""
    lines = catalogue["quotation"]._fields["lines"]
    old = [{"spec": f"S{n}", "quantity": n} for n in range(1, 5)]
    new = [{**row, "key": f"k{n}"} for n, row in enumerate(old)]
    new = [new[0], {**new[1], "quantity": 20}, new[3]]
    viewer = Viewer(company.actor("clerk_sal"))
    said = kind_of(lines).changes(old, new, {}, viewer)
    assert said == kind_of(lines).changes(old, [{**row, "key": None} for row in new], {}, viewer)
    assert ("Lines, line 2, Quantity", "2", "20") in said
    assert any(what == "Lines, line 3 removed" for what, _, _ in said)
    assert len(said) == 2


def stands(record: Any) -> list[Any]:
    return list(type(record).objects.get(id=record.id).lines)
