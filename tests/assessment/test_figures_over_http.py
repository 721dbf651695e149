"""Who learns whose figure, tried over HTTP: in lists, search, export, history, notices, pages of figures, errors.

y may · x not found · - answered without the value
"""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import publishing
from models.kernel.base import clock
from tests.fixtures.http import COMMANDS
from tests.fixtures.seeded_month import NOW
from tests.rights.asking import Asker, read_table
from views.custom.reports import indicator_figures

VALUE = catalogue["indicator_value"]
PEOPLE = {
    "themselves": "clerk_sal",
    "colleague": "clerk_sal2",
    "own head": "head_sal",
    "other clerk": "clerk_mkt",
    "other head": "head_mkt",
    "hr": "hr",
    "management": "management",
    "supervisor": "supervisor",
    "finance": "finance",
    "it": "it",
}
EXPECTED = {
    "person": """
                    list find open history export figures cases edit comment
        themselves  y    y    y    y       y      y       y     n    y
        colleague   -    -    x    x       -      -       x     x    x
        own head    y    y    y    y       y      y       y     n    y
        other clerk -    -    x    x       -      -       x     x    x
        other head  -    -    x    x       -      -       x     x    x
        hr          y    y    y    y       y      y       y     n    y
        management  y    y    y    y       y      y       y     n    y
        supervisor  y    y    y    y       y      y       y     n    n
        finance     -    -    x    x       -      -       x     x    x
        it          -    -    x    x       -      -       x     x    x
    """,
    "department": """
                    list find open history export figures cases edit comment
        themselves  -    -    x    x       -      -       x     x    x
        colleague   -    -    x    x       -      -       x     x    x
        own head    y    y    y    y       y      y       y     n    y
        other clerk -    -    x    x       -      -       x     x    x
        other head  -    -    x    x       -      -       x     x    x
        hr          y    y    y    y       y      y       y     n    y
        management  y    y    y    y       y      y       y     n    y
        supervisor  y    y    y    y       y      y       y     n    n
        finance     -    -    x    x       -      -       x     x    x
        it          -    -    x    x       -      -       x     x    x
    """,
}
ACTIONS = ("list", "find", "open", "history", "export", "figures", "cases", "edit", "comment")


class FigureAsker(Asker):
    """One person before one value."""

    def figures(self) -> str:
        return self._with_record(self.browser.get("/admin/indicator-figures/", {"id": self.record.ref("indicator")}))

    def cases(self) -> str:
        page = self.browser.get("/admin/indicator-figures/cases", {"value": str(self.record.id), "part": "hits"})
        return self._letter(page, 200)


@pytest.mark.parametrize("scope", list(EXPECTED))
def test_who_sees_a_value(month: Any, company: Any, browser_as: Any, scope: str) -> None:
    query = {"employee": company.users["clerk_sal"]} if scope == "person" else {"department": company.department("SAL")}
    record = VALUE.objects.get(indicator=month["一次通過率"], scope=scope, state="published", **query)
    lines = [" ".join(["", *ACTIONS])]
    for name, login in PEOPLE.items():
        asker = FigureAsker(browser_as(login, is_new=True), record, None)
        cells = [getattr(asker, action)().ljust(len(action)) for action in ACTIONS]
        lines.append(f"{name.ljust(11)} {' '.join(cells)}".rstrip())
    lines[0] = " " * 11 + lines[0]
    assert "\n".join(lines) == read_table(EXPECTED[scope])


def test_no_notice_tells_anybody_of_a_figure(month: Any) -> None:
    about = {str(row["_id"]) for row in get_db().indicator_value.find({}, {"_id": 1})}
    assert not [row for row in get_db().notice.find() if any(id in str(row) for id in about)]


def test_open_periods_are_shown_by_the_same_rights(month: Any, company: Any, browser_as: Any) -> None:
    """A value that is still counted has no record; the page shows it to those who will see the record."""
    running = get_db().indicator_running
    template = {"first_day": clock.stored_day(NOW.date().replace(day=1)), "last_day": clock.stored_day(NOW.date())}
    row = {
        "_id": "running-of-clerk_sal", "indicator": month["一次通過率"], "scope": "person", "numerator": 7, "n": 7171,
        "department": company.department("SAL"), "employee": company.users["clerk_sal"], "unit": "percent",
        "seen_by": [company.users["clerk_sal"]], "removed_at": None, "state": publishing.RUNNING, "known_at": NOW,
        **template,
    }  # fmt: skip
    running.insert_one(row)
    for login, is_shown in (("clerk_sal", True), ("clerk_sal2", False), ("head_sal", True), ("head_mkt", False),
                            ("hr", True), ("it", False)):  # fmt: skip
        browser = browser_as(login, is_new=True)
        page = browser.get("/admin/indicator-figures/", {"id": month["一次通過率"]})
        assert ("7171" in page.text.replace(",", "")) is is_shown, login
        cases = browser.get("/admin/indicator-figures/cases", {"running": row["_id"], "part": "cases"})
        assert cases.status_code == (200 if is_shown else 404), login


def test_pages_open_what_is_behind_each_number(month: Any, company: Any, browser_as: Any) -> None:
    """The lists counted by hand give the value: 950 cases, 80 of them not good."""
    record = VALUE.objects.get(indicator=month["一次通過率"], scope="company", state="published")
    browser = browser_as("management", locale="en")
    overview = browser.get("/admin/indicator-figures/")
    assert "91.6" in overview.text
    page = browser.get("/admin/indicator-figures/", {"id": month["及時性"]})
    assert "96.2" in page.text
    assert "Beside each value its counterpart for quality" in page.text
    assert "一次通過率" in page.text
    rows = {}
    for part in ("misses", "out"):
        listed = browser.get("/admin/indicator-figures/cases", {"value": record.id, "part": part})
        rows[part] = listed.text.count('<tr><th scope="row">')
    assert rows == {"misses": 80, "out": 20}
    details = browser.get("/admin/indicator_value/details/", {"id": record.id})
    assert ">870</a>" in details.text
    listed = browser.get("/admin/indicator-figures/cases", {"value": record.id, "part": "misses"})
    link = re.search(r'href="(/admin/figure_objection/new/[^"]+)"', listed.text)
    assert link
    form = browser.form(html.unescape(link[1]), "/new/")
    assert (form["value"], form["entry"], form["case"][:10]) == (str(record.id), "5", "quotation:")


def test_what_a_page_leaves_out_is_said(month: Any, company: Any, browser_as: Any, monkeypatch: Any) -> None:
    """Of the speed there are values of the company, sales, two clerks and the head; and the trend goes forward."""
    browser = browser_as("management", locale="en")
    query = {"id": month["及時性"]}
    assert "Not shown" not in browser.get("/admin/indicator-figures/", query).text
    old = get_db().indicator_value.find_one({"indicator": month["及時性"], "scope": "company", "state": "published"})
    before = {"first_day": dt.datetime(2026, 9, 1, tzinfo=dt.UTC), "value": Decimal128("10.00"), "n": 4141}
    long_ago = {"first_day": dt.datetime(2020, 9, 1, tzinfo=dt.UTC), "value": Decimal128("99.00"), "n": 4242}
    for at, facts in enumerate((before, long_ago)):
        get_db().indicator_value.insert_one({**old, "_id": ObjectId(), "number": f"IV-{at}", "once": f"{at}", **facts})
    monkeypatch.setattr(indicator_figures, "ROWS", 2)
    page = browser.get("/admin/indicator-figures/", query).text
    text = page.replace(",", "")
    assert re.search(r"Not shown on this page:\s*3\b", text)
    assert f"/admin/indicator_value/?f.indicator={query['id']}" in text
    assert ("4141" in text, "4242" in text) == (True, False)
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", re.search(r'points="([^"]+)"', page)[1])]  # type: ignore[index]
    assert heights[0] > heights[-1], "ten percent a month ago lie below what is now"


def test_the_overview_costs_commands_whatever_the_number_of_indicators(
    month: Any, company: Any, browser_as: Any
) -> None:
    browser, counts = browser_as("head_sal"), []
    for turn in range(2):
        sent: list[str] = []
        browser.get("/admin/indicator-figures/")
        COMMANDS.listeners.append(lambda command, sent=sent: sent.append(next(iter(command))))
        try:
            browser.get("/admin/indicator-figures/")
        finally:
            COMMANDS.listeners.clear()
        counts.append(len(sent))
        rows = list(get_db().indicator_value.find({"indicator": month["及時性"], "scope": "department"}))
        for at in range(6):
            known = get_db().indicator.find_one({"_id": month["及時性"]})
            made = {**known, "_id": ObjectId(), "number": f"KPI-9{turn}{at}", "name": f"指標 {turn}{at}"}
            get_db().indicator.insert_one(made)
            copies = [{**row, "_id": ObjectId(), "indicator": made["_id"]} for row in rows]
            get_db().indicator_value.insert_many(
                {**row, "number": f"IV-{turn}{at}-{n}", "once": f"{turn}{at} {n}"} for n, row in enumerate(copies)
            )
    assert counts[0] == counts[1]
