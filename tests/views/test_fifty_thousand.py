"""What pages read does not grow with the collection: at 50,000 orders the profiler of the database counts documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.search import search_fields
from models.kernel.language import finding
from tests.fixtures.doing import do
from views.home import charts, figures
from views.lists.export import streamed

ORDERS, CUSTOMERS, CASES = 50_000, 5_000, 12_000
STATES = ("open", "in_production", "ready", "shipped", "delivered", "closed")
PLACES = "臺北 高雄 上海 蘇州 深圳 廈門 重慶 成都 武漢 長沙".split()
TRADES = "機電 紡織 化工 食品 儀器 雲帆 精密 光學".split()
CAP = 1001  # what is counted goes no further


@contextmanager
def examined(db: Any) -> Iterator[Callable[[], int]]:
    """Within the block every command is profiled; the answer is the most documents that one of them read."""
    db.command("profile", 0)
    db["system.profile"].drop()
    db.command("profile", 2)

    def most() -> int:
        db.command("profile", 0)
        rows = db["system.profile"].find({"ns": {"$ne": f"{db.name}.system.profile"}}, {"docsExamined": 1})
        return max((row.get("docsExamined", 0) for row in rows), default=0)

    try:
        yield most
    finally:
        db.command("profile", 0)
        db["system.profile"].drop()


def copies(first: dict[str, Any], count: int, change: Callable[[int], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for n in range(count):
        yield {**first, "_id": ObjectId(), "once": None, **change(n)}


@pytest.fixture
def many(company: Any, db: Any, browser_as: Any) -> Any:
    """50,000 orders of one department, 5,000 customers, and 12,000 open cases of one clerk."""
    clerk = company.actor("clerk_sal")
    order = company.make("sales_order", "clerk_sal")
    customer = db.customer.find_one({"_id": order.ref("customer")})
    names = [f"{PLACES[n % 10]}{TRADES[n % 8]}第{n}有限公司" for n in range(CUSTOMERS)]
    customers = list(copies(customer, CUSTOMERS, lambda n: named(f"CU-2025-{n:05}", names[n], name=names[n])))
    db.customer.insert_many(customers, ordered=False)
    stored = db.sales_order.find_one({"_id": order.id})

    def order_of(n: int) -> dict[str, Any]:
        subject = f"{TRADES[n % 8]}設備訂單" + ("窯" if n == 777 else "")
        facts = {"state": STATES[n % 6], "customer": customers[n % CUSTOMERS]["_id"], "subject": subject}
        return {**named(f"SO-SAL-2025-{n:06}", subject), **facts, "owner": clerk.id}

    db.sales_order.insert_many(copies(stored, ORDERS, order_of), ordered=False)
    due = clock.now() + dt.timedelta(days=3)
    case = {
        "type": "sales_order",
        "state": "open",
        "act": [f"user:{clerk.id}"],
        "decide": [],
        "barred": [],
        "version": 1,
    }
    rows = copies(
        case, CASES, lambda n: {"number": f"C{n}", "title": f"C{n}", "since": due, "due": due if n % 2 else None}
    )
    db.waiting.insert_many(rows, ordered=False)
    return browser_as


def named(number: str, title: str, **facts: Any) -> dict[str, Any]:
    return {"number": number, "title": f"{number} {title}", **search_fields([number, title]), **facts}


PAGES = {
    "first page": "/admin/sales_order/",
    "number in the column filter": f"/admin/sales_order/?{urlencode({'f.number': 'SO-SAL-2025-04999'})}",
    "number in the search box": f"/admin/sales_order/?{urlencode({'q': 'SO-SAL-2025-049999'})}",
    "no such number": f"/admin/sales_order/?{urlencode({'q': 'SO-SAL-2027-000001'})}",
    "last digits": f"/admin/sales_order/?{urlencode({'q': '049999'})}",
    "one rare character": f"/admin/sales_order/?{urlencode({'q': '窯'})}",
    "one common character": f"/admin/sales_order/?{urlencode({'q': '訂'})}",
    "a state": f"/admin/sales_order/?{urlencode({'f.state': 'ready'})}",
    "everywhere by number": f"/admin/search/?{urlencode({'q': 'SO-SAL-2025-049999'})}",
    "everywhere by one character": f"/admin/search/?{urlencode({'q': '窯'})}",
    "palette by number": f"/admin/palette/?{urlencode({'q': 'SO-SAL-2025-049999'})}",
    "inbox": "/admin/inbox/",
    "home": "/admin/",
}
OWN = "/admin/analysis/sales_order/?show=own&rows=customer&columns=state"
ANALYSES = {OWN: ORDERS + 2, f"{OWN}&f.state=ready": ORDERS // len(STATES) + 2}  # what a table counts is what it reads
HOME = len(STATES) * CAP + 500  # the chart of open work counts each state up to the cap


def test_pages_of_a_large_company(many: Any, db: Any, monkeypatch: Any) -> None:
    """One company for all of it, since making it takes longest: what pages read, what is found, what counts say."""
    finding.forget_common_grams()
    assert do("search.measure")["measured"] > 20
    read = documents_read(many("clerk_sal"), db)
    assert read.pop("home") <= HOME
    assert {name: count for name, count in read.items() if count > 2 * CAP} == {}, read
    tables_read_what_they_count(many("clerk_sal"), db)
    what_is_found(many("clerk_sal"))
    the_export_is_whole(many("clerk_sal"), monkeypatch)
    figures_come_after_the_page(many("management"), monkeypatch)
    monkeypatch.setattr("views.lists.listing.COUNT_LIMIT_MS", 1)
    assert "超過" in many("clerk_sal").page(f"/admin/sales_order/?{urlencode({'q': '設備'})}").text


def documents_read(browser: Any, db: Any) -> dict[str, int]:
    """The most documents that one command of each page read."""
    read = {}
    for name, path in PAGES.items():
        with examined(db) as most:
            assert browser.get(path).status_code == 200, name
            read[name] = most()
    return read


def tables_read_what_they_count(browser: Any, db: Any) -> None:
    """A table reads the records of its list and no others, twice; of thousands of groups it shows a few."""
    for path, most_read in ANALYSES.items():
        with examined(db) as most:
            page = browser.page(path)
            assert most() <= most_read, path
        assert len(page.rows) < 30
        assert any(row[0] == "其他" for row in page.rows), "it took too long"


def what_is_found(browser: Any) -> None:
    assert "SO-SAL-2025-049999" in browser.page("/admin/sales_order/?q=so-sal-2025-049999").text
    assert "SO-SAL-2025-049999" in browser.page("/admin/sales_order/?q=049999").text
    assert "SO-SAL-2025-000777" in browser.page(f"/admin/sales_order/?{urlencode({'q': '窯'})}").text
    assert "SO-SAL-2025-049999" in browser.page("/admin/search/?q=SO-SAL-2025-049999").text
    wide = browser.page(f"/admin/sales_order/?{urlencode({'q': '雲帆'})}").text  # 625 customers, 6,250 orders
    assert "超過 1000 條" in wide
    assert "1,000+" in browser.page("/admin/").text


def the_export_is_whole(browser: Any, monkeypatch: Any) -> None:
    """Streamed to the last row; a sheet of XLSX that has no room says so before it begins."""
    answer = browser.get("/admin/sales_order/export/csv/")
    assert answer.get_data(as_text=True).count("SO-SAL-2025-") >= ORDERS
    monkeypatch.setattr("views.lists.export.XLSX_ROWS_MAX", 1000)
    full = browser.get("/admin/sales_order/export/xlsx/")
    assert full.status_code == 422
    assert "CSV" in full.get_data(as_text=True)
    assert browser.get(f"/admin/sales_order/export/xlsx/?{urlencode({'q': '窯'})}").status_code == 200


def test_an_export_goes_out_while_it_is_read(app: Any) -> None:
    """The heads are sent before a row is read, and a batch before the next one."""
    read: list[int] = []

    def batches() -> Iterator[list[list[str]]]:
        for n in range(3):
            read.append(n)
            yield [[f"row {n}"]]

    with app.test_request_context("/"):
        pieces = iter(streamed("rows.csv", ["Head"], batches()).response)
        assert (next(pieces), read) == ("\ufeffHead\r\n".encode(), [])
        assert (next(pieces), read) == (b"row 0\r\n", [0])
        assert [*pieces] == [b"row 1\r\n", b"row 2\r\n"]


def figures_come_after_the_page(browser: Any, monkeypatch: Any) -> None:
    """Home does not wait for a figure that takes long; it can be had by itself, and then stands on home for a while."""
    figures.forget_figures()
    at_once = charts._together

    def together(pipelines: Any, chart: Any) -> Any:
        """As if the database took longer than the page may."""
        if chart.limit_ms >= charts.PATIENT_LIMIT_MS:
            return at_once(pipelines, chart)
        chart.stop()
        return []

    monkeypatch.setattr(charts, "_together", together)
    page = browser.page("/admin/")
    assert "統計" in page.text
    link = next(link for link in page.links if link.startswith("/admin/chart/") and "key=open" in link)
    assert "1,000+" in browser.page(link).text
    assert "1,000+" in browser.page("/admin/").text


def test_a_figure_of_others_is_not_there(company: Any, browser_as: Any) -> None:
    assert browser_as("clerk_sal").get("/admin/chart/?key=funnel").status_code == 404
    assert browser_as("clerk_sal").get("/admin/chart/?key=nothing").status_code == 404
