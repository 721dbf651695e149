"""The columns that a list has by default stand side by side on a clerk's usual screen, 1366 × 768, for every type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bson import Decimal128
from playwright.sync_api import Page

from models import catalogue
from models.kernel.language.fields import Money, Text
from tests.fixtures.company import Company
from tests.fixtures.http import reader

MEASURE = """async () => { const wrap = document.querySelector("[data-list-rows]");
    if (!wrap) return null;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const cells = [...wrap.querySelectorAll("thead th")].map((one) => [one.textContent.trim(), one.offsetWidth]);
    return [wrap.scrollWidth - wrap.clientWidth, cells]; }"""


CUT = "() => [...document.querySelectorAll('.grid td.pick + td, .grid td:first-child:not(.pick)')].some((cell) => "
CUT += "cell.scrollWidth > cell.clientWidth)"
LONG = "蘇州工業園區恒遠精密機械製造股份有限公司昆山分公司"


def fill_out(db: Any) -> None:
    """Give every record texts as long as names of companies are, and amounts of millions."""
    for name, cls in catalogue.items():
        own = cls.declared.own_fields
        names = [n for n, item in own.items() if type(item) is Text and n not in ("code", "login") and not item.unique]
        amounts = {n: Decimal128("12345678.90") for n, field in own.items() if isinstance(field, Money)}
        texts = {n: LONG[: own[n].most] for n in names}
        db[name].update_many({}, {"$set": {**texts, **amounts, "title": LONG}})


def test_no_default_column_is_hidden(company: Company, sit_down: Callable[..., Page], db: Any) -> None:
    pages: dict[str, Page] = {}
    over: dict[str, Any] = {}
    made = {name: company.make(name) for name in catalogue}
    fill_out(db)
    for name, cls in catalogue.items():
        record = made[name]
        login = reader(company, cls, record)
        if login not in pages:
            pages[login] = sit_down(login)
            pages[login].set_viewport_size({"width": 1366, "height": 768})
        pages[login].goto(f"/admin/{name}/")
        pages[login].wait_for_load_state("networkidle")
        measured = pages[login].evaluate(MEASURE)
        if measured and measured[0] > 0:
            over[name] = measured
        if "number" in cls.declared.grid.columns[:1] and pages[login].evaluate(CUT):
            over[name] = "its number is cut"
    assert over == {}
