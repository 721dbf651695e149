"""The frame of every page: what the menu says waits, for whom."""

from __future__ import annotations

import re

from mongoengine.connection import get_db

from models.kernel.gate.waiting import COLLECTION as WAITING
from tests.fixtures.http import COMMANDS
from views.frame import WAITING_MAX

ITEM = re.compile(
    r'<a href="(/admin/[^"]+)"[^>]*>(?:<svg.*?</svg>)?<span>[^<]*</span>(?: <span class="count[^"]*">([^<]*))?'
)


def counts(browser):
    """The number that the menu shows beside each of its links."""
    menu = browser.get("/admin/customer/").text.split('id="menu"')[1].split("</nav>")[0]
    return {url: shown for url, shown in ITEM.findall(menu) if shown}


def test_the_menu_counts_what_waits_for_its_reader(company, browser_as):
    draft = company.make("quotation", "clerk_sal")
    assert counts(browser_as("clerk_sal")).get("/admin/quotation/") == "1", "one's own draft"
    assert "/admin/quotation/" not in counts(browser_as("head_sal"))
    company.walk(draft, "submitted")
    assert counts(browser_as("head_sal")) | {"/admin/quotation/": "1", "/admin/inbox/": "1"} == counts(
        browser_as("head_sal")
    )
    assert "/admin/inbox/" not in counts(browser_as("clerk_sal")), "nobody decides on their own work"
    assert "/admin/quotation/" not in counts(browser_as("clerk_mkt"))


def test_the_count_costs_one_query_and_stops(company, browser_as):
    company.make("quotation", "clerk_sal")
    waiting = get_db()[WAITING]
    row = waiting.find_one({"type": "quotation"}, {"_id": 0})
    waiting.insert_many([dict(row) for _ in range(WAITING_MAX + 50)])
    browser = browser_as("clerk_sal")
    heard = []
    COMMANDS.listeners.append(heard.append)
    try:
        assert counts(browser)["/admin/quotation/"] == "99+"
    finally:
        COMMANDS.listeners.remove(heard.append)
    names = [item for item in heard if item.get("aggregate") == WAITING or item.get("count") == WAITING]
    assert len(names) == 1


class TestNoPage:
    """An address that is none says so; a record that is not there, or not the reader's, says the same as ever."""

    ADDRESSES = ("/admin/nonsense/", "/admin/customer/nonsense/", "/nonsense", "/admin/custom%20er/")

    def test_an_address_that_is_none(self, company, browser_as):
        browser = browser_as("clerk_sal", locale="zh-Hant")
        for address in self.ADDRESSES:
            answer = browser.get(address)
            assert answer.status_code == 404
            assert "此地址沒有頁面" in answer.text, address

    def test_a_record_that_is_not_there_tells_nothing(self, company, browser_as):
        hidden = company.make("customer", "clerk_sal")
        browser = browser_as("clerk_mkt", locale="zh-Hant")
        for id in (hidden.id, "65a100000000000000000000", "nonsense"):
            answer = browser.get("/admin/customer/details/", {"id": id})
            assert "此地址沒有頁面" not in answer.text
