"""Lists as people arrange them: columns, widths, saved views, neighbours, sums; always within their reader's rights."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.words import EN
from models.kernel.language.fields import Lines, Refs, label_of
from models.services.personal.layouts import COLLECTION, VIEWS_MAX
from tests.fixtures.http import Browser, read_page, reader, said

BASE = "/admin/quotation/"


def heads(browser: Browser, path: str, **query: str) -> list[str]:
    return [head for head in browser.page(path, query).heads if head]


def shown(browser: Browser, **query: str) -> list[str]:
    """The first cells of the rows."""
    page = browser.page(BASE, query)
    return [next(cell for cell in row if cell) for row in page.rows if any(row) and row[1:] != page.heads]


def choose(browser: Browser, *names: str, state: str = "", path: str = BASE) -> Any:
    return browser.post(f"{path}columns/", {"state": state, "order": list(names), "column": list(names)})


def save(browser: Browser, name: str, state: str = "", **more: str) -> str:
    """Save a view; its id."""
    answer = browser.post(f"{BASE}views/", {"verb": "save", "name": name, "state": state, **more})
    assert answer.status_code == 302, said(answer)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["view"][0]


def rows_of(page: Any) -> list[list[str]]:
    return [row for row in page.rows if any(row) and page.heads[0] not in row]


class TestColumns:
    def test_chosen_ones_are_kept_for_their_person_and_type(self, company, browser_as):
        company.make("quotation", "clerk_sal", subject="傳感器")
        mine, theirs = browser_as("clerk_sal", locale="en"), browser_as("clerk_sal2", locale="en")
        before = heads(theirs, BASE)
        assert choose(mine, "state", "subject", "created_at", "remark").status_code == 302
        assert heads(mine, BASE) == ["State", "Subject", "Created", "Remark"]
        assert heads(theirs, BASE) == before
        assert "Remark" not in heads(mine, "/admin/customer/")
        mine.post(f"{BASE}columns/", {"verb": "forget"})
        assert heads(mine, BASE) == before

    def test_what_is_unknown_inner_or_no_cell_is_dropped(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        browser = browser_as("clerk_sal", locale="en")
        choose(browser, "subject", "lines", "once", "chain", "s", "nonsense", "$where", "a.b", "subject")
        assert heads(browser, BASE) == ["Subject"]
        choose(browser, "lines", "once")
        assert len(heads(browser, BASE)) > 2, "nothing that can be shown: the list as declared"

    def test_a_hidden_field_is_neither_offered_nor_shown(self, company, browser_as):
        company.make("product", list_price=Decimal(9000), floor_price=Decimal("7654.32"))
        clerk, head = browser_as("clerk_sal", locale="en"), browser_as("head_sal", locale="en")
        for browser in (clerk, head):
            choose(browser, "code", "floor_price", path="/admin/product/")
        assert "7,654.32" in head.get("/admin/product/").text
        for path in ("/admin/product/", "/admin/product/columns/", "/admin/product/export/csv/"):
            text = clerk.get(path).get_data(as_text=True)
            assert "7,654.32" not in text
            assert "7654.32" not in text
            assert "loor price" not in text
        assert "floor" not in str(get_db()[COLLECTION].find_one({"person": company.users["clerk_sal"]}))

    def test_a_role_that_is_lost_takes_its_column_along(self, company, browser_as):
        company.make("product", floor_price=Decimal("7654.32"))
        head = browser_as("head_sal", locale="en")
        choose(head, "code", "floor_price", path="/admin/product/")
        get_db()["user"].update_one({"login": "head_sal"}, {"$set": {"roles": ["clerk"]}})
        text = head.get("/admin/product/").text
        assert "7,654.32" not in text
        assert "loor price" not in text

    def test_without_scripts_a_page_moves_a_column_up(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        browser = browser_as("clerk_sal", locale="en")
        choose(browser, "subject", "state")
        form = browser.form(f"{BASE}columns/", "columns/")
        assert browser.send(form, up="state").headers["Location"].startswith(f"{BASE}columns/")
        assert heads(browser, BASE) == ["State", "Subject"]

    def test_widths(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        browser = browser_as("clerk_sal")

        def widen(column: str, width: str) -> int:
            return browser.post(f"{BASE}columns/", {"column": column, "width": width}).status_code

        assert widen("subject", "12") == 200
        assert browser.get(BASE).text.count("sized w12") == 2, "the head and the cell"
        assert widen("subject", "9999999") == 200, "nonsense gives the column its own width back"
        assert "sized" not in browser.get(BASE).text
        assert widen("subject", "999") == 200
        assert "sized w40" in browser.get(BASE).text
        assert [widen(name, "9") for name in ("lines", "$set", "x.y", "", "no")] == [404] * 5

    def test_the_export_has_the_columns_of_the_list(self, company, browser_as):
        company.make("quotation", "clerk_sal", subject="傳感器")
        browser = browser_as("clerk_sal", locale="en")
        choose(browser, "state", "subject")
        text = browser.get(f"{BASE}export/csv/").get_data(as_text=True)
        assert text.lstrip("\ufeff").splitlines()[0] == "State,Subject"

    def test_a_long_text_is_read_in_part(self, company, browser_as):
        company.make("quotation", "clerk_sal", remark="甲" * 5000)
        browser = browser_as("clerk_sal")
        choose(browser, "number", "remark")
        assert browser.get(BASE).text.count("甲") == 400

    def test_dates_stand_with_how_far_they_are(self, company, browser_as):
        due = clock.today() + dt.timedelta(days=3)
        company.make("quotation", "clerk_sal", valid_until=due)
        text = browser_as("clerk_sal", locale="en").get(BASE).text
        assert f'<time datetime="{due}">{due}</time> <span class="ago">in 3 days</span>' in text


class TestViews:
    def test_what_is_not_finished_is_one_click_away(self, company, browser_as):
        kept = company.make("quotation", "clerk_sal", subject="甲")
        done = company.walk(company.make("quotation", "clerk_sal", subject="乙"), "declined")
        browser, flow = browser_as("clerk_sal", locale="en"), catalogue["quotation"].declared.workflow
        link = next(
            link for link in browser.page(BASE).links if link.count("f.state=") == len(set(flow.states) - flow.ends)
        )
        page = browser.get(link).text
        assert kept.number in page
        assert done.number not in page
        assert re.search(r'aria-current="page">Not finished<', page)
        assert re.search(r'aria-current="page">All<', browser.get(BASE).text)
        assert "Not finished" not in browser_as("clerk_sal", locale="en").get("/admin/calendar_day/").text

    def test_a_view_keeps_filters_order_and_columns(self, company, browser_as):
        first = company.make("quotation", "clerk_sal", subject="甲")
        company.walk(company.make("quotation", "clerk_sal", subject="乙"), "submitted")
        browser = browser_as("clerk_sal", locale="en")
        choose(browser, "number", "subject", "state")
        view = save(browser, "我的草稿", "f.state=draft&sort=subject&q=甲")
        choose(browser, "number", "total")
        page = browser.page(BASE, {"view": view})
        assert [head for head in page.heads if head] == ["Number", "Subject", "State"]
        assert [row for row in page.rows if first.number in row]
        assert len(shown(browser, view=view)) == 1
        assert len(shown(browser)) == 2
        assert all(f"view={view}" in link for link in page.links if "sort=" in link), "the address stays short"
        assert not any("f.state=draft" in link for link in page.links if "sort=" in link)

    def test_it_is_combined_with_more_filters_and_left_in_part(self, company, browser_as):
        for subject in ("甲一", "甲二", "乙"):
            company.make("quotation", "clerk_sal", subject=subject)
        browser = browser_as("clerk_sal")
        view = save(browser, "甲", "f.state=draft&q=甲")
        assert len(shown(browser, view=view)) == 2
        assert len(shown(browser, view=view, q="甲二")) == 1, "a key of the address counts instead"
        assert len(shown(browser, view=view, **{"f.state": "submitted"})) == 0
        without = next(link for link in browser.page(BASE, {"view": view}).links if "own=1" in link)
        assert "view=" in without
        assert len(shown(browser, view=view, own="1")) == 3
        assert len(rows_of(browser.page(without))) == 2, "only the filter by state is gone"

    def test_the_one_that_opens_first(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        browser = browser_as("clerk_sal")
        save(browser, "已提交", "f.state=submitted", first="1")
        assert shown(browser) == []
        assert len(shown(browser, view="all")) == 1
        assert len(shown(browser, **{"f.state": "draft"})) == 1, "a link from elsewhere shows what it says"
        assert len(shown(browser_as("clerk_sal2"))) == 1

    def test_rename_update_remove(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        browser = browser_as("clerk_sal")
        view = save(browser, "甲", "f.state=submitted")
        browser.post(f"{BASE}views/", {"verb": "rename", "name": " 乙  丙 ", "state": f"view={view}"})
        page = browser.page(BASE, {"view": view})
        assert "乙 丙" in page.text
        assert rows_of(page) == []
        browser.post(f"{BASE}views/", {"verb": "update", "name": "乙", "state": f"view={view}&own=1&f.state=draft"})
        assert len(shown(browser, view=view)) == 1
        assert browser.post(f"{BASE}views/", {"verb": "remove", "state": f"view={view}"}).status_code == 302
        browser.page(BASE)  # says that it is removed
        assert "乙" not in browser.page(BASE).text
        assert len(shown(browser, view=view)) == 1, "the address of a view that is gone shows the whole list"
        assert browser.post(f"{BASE}views/", {"verb": "remove", "state": f"view={view}"}).status_code == 404

    @pytest.mark.parametrize("name", ["", "  ", "長" * 41, "a\x00b", "a\u202eb"])
    def test_a_name_is_asked_for(self, name, company, browser_as):
        answer = browser_as("clerk_sal").post(f"{BASE}views/", {"verb": "save", "name": name})
        assert answer.status_code == 422
        assert get_db()[COLLECTION].count_documents({}) == 0

    def test_two_of_a_name_and_too_many_are_refused(self, company, browser_as):
        browser = browser_as("clerk_sal")
        for number in range(VIEWS_MAX):
            save(browser, f"視圖{number}")
        assert browser.post(f"{BASE}views/", {"verb": "save", "name": "視圖1"}).status_code == 422
        assert browser.post(f"{BASE}views/", {"verb": "save", "name": "再一個"}).status_code == 422

    def test_the_head_shares_with_the_department_and_nobody_else_does(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        head, clerk = browser_as("head_sal"), browser_as("clerk_sal")
        view = save(head, "部門草稿", "f.state=draft", shared="1")
        for login, sees in (("clerk_sal", True), ("clerk_sal2", True), ("management", False), ("legal", False)):
            assert ("部門草稿" in browser_as(login).get(BASE).text) is sees, login
        private = save(head, "私人")
        assert "私人" not in clerk.get(BASE).text
        assert clerk.post(f"{BASE}views/", {"verb": "save", "name": "x", "shared": "1"}).status_code == 403
        for verb in ("remove", "update", "rename"):
            sent = {"verb": verb, "name": "x", "shared": "1"}
            assert clerk.post(f"{BASE}views/", {**sent, "state": f"view={view}"}).status_code == 403
            assert clerk.post(f"{BASE}views/", {**sent, "state": f"view={private}"}).status_code == 404
        choose(clerk, "number", state=f"view={view}")
        assert len(heads(clerk, BASE, view=view)) == 1
        assert len(heads(head, BASE, view=view)) > 1, "another's columns in a shared view are their own"
        assert len(heads(clerk, BASE)) > 1

    def test_what_a_reader_may_not_see_is_left_out_and_said(self, company, browser_as):
        company.make("product", code="P1", floor_price=Decimal("7654.32"))
        company.make("product", code="P2", floor_price=Decimal("1"))
        head, clerk = browser_as("head_sal", locale="en"), browser_as("clerk_sal", locale="en")
        state = "f.floor_price.from=100&with=floor_price&sort=-floor_price"
        sent = {"verb": "save", "name": "Dear ones", "shared": "1", "state": state}
        view = head.post("/admin/product/views/", sent).headers["Location"]
        assert len(rows_of(head.page(view))) == 1
        page = clerk.page(view)
        assert len(rows_of(page)) == 2
        assert any("may not see" in notice for notice in page.notices)
        assert "loor" not in clerk.get(view).text
        assert not any("may not see" in notice for notice in head.page(view).notices)

    def test_calendar_and_board_show_the_view_too(self, company, browser_as):
        due = clock.today() + dt.timedelta(days=1)
        item, two = (company.make("quotation", "clerk_sal", subject=name, valid_until=due) for name in ("甲", "乙"))
        browser = browser_as("clerk_sal")
        view = save(browser, "甲", "q=甲")
        for page in ("board", "calendar"):
            text = browser.get(
                f"/admin/{page}/quotation/", {"view": view, "on": due, "by": "month", "date": "valid_until"}
            ).text
            assert item.number in text, page
            assert two.number not in text

    def test_nonsense_in_the_address(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        browser = browser_as("clerk_sal")
        for view in ("x", "0" * 24, "$ne", "'", "\x00", "9" * 5000):
            assert len(shown(browser, view=view)) == 1
        assert browser.post(f"{BASE}columns/", {"state": "&=&%zz&" * 2000}).status_code == 302
        assert browser.post(f"{BASE}views/", {"verb": "none", "name": "x"}).status_code == 404


class TestNeighbours:
    def walk(self, browser: Browser, record: Any, side: str, **came: str) -> str:
        query = {"id": record.id, "side": side, **came}
        return parse_qs(urlsplit(browser.get(f"{BASE}neighbour/", query).headers["Location"]).query)["id"][0]

    def test_the_list_decides_also_for_one_that_left_it(self, company, browser_as):
        made = [company.make("quotation", "clerk_sal", subject=subject) for subject in ("丙", "甲", "乙")]
        third, first, second = made
        browser = browser_as("clerk_sal")
        came = {"from": "sort=subject"}
        order = sorted(made, key=lambda item: item.subject)
        assert self.walk(browser, order[0], "after", **came) == str(order[1].id)
        assert self.walk(browser, order[1], "before", **came) == str(order[0].id)
        assert self.walk(browser, order[2], "after", **came) == str(order[2].id), "at the end one stays"
        assert self.walk(browser, third, "before", **{"from": "."}) == str(first.id), "newest first"
        company.walk(second, "submitted")
        assert self.walk(browser, second, "after", **{"from": "f.state=draft"}) == str(first.id)

    def test_no_way_leads_to_what_one_may_not_see(self, company, browser_as):
        mine = company.make("reminder", "clerk_sal")
        company.make("reminder", "clerk_sal2")
        answer = browser_as("clerk_sal").get("/admin/reminder/neighbour/", {"id": mine.id, "side": "before"})
        assert str(mine.id) in answer.headers["Location"]
        assert browser_as("clerk_sal2").get("/admin/reminder/neighbour/", {"id": mine.id}).status_code == 404


def test_the_content_of_records_is_no_column_and_no_filter(company, browser_as):
    """A list does not ask who may open a record, so what only they may read is not in it."""
    lines = [
        (cls, name)
        for cls in catalogue.values()
        for name, field in cls._fields.items()
        if getattr(field, "restricted", 0)
    ]
    for cls, name in lines:
        record, base = company.make(cls.declared.name), f"/admin/{cls.declared.name}/"
        if isinstance(cls._fields[name], Lines | Refs):
            continue
        cls._get_collection().update_one({"_id": record.id}, {"$set": {name: "密文"}})
        browser = browser_as(reader(company, cls, record))
        choose(browser, "number", name, path=base)
        answer = browser.get(base, {"with": name, f"f.{name}": "別的", "sort": name})
        assert "密文" not in answer.text
        assert record.number in answer.text, f"filtered by {name} of {cls.__name__}"
    assert lines


class TestSums:
    def test_of_all_hits_by_currency(self, company, browser_as):
        company.make("quotation", "clerk_sal")
        rows = get_db()["quotation"]
        row = rows.find_one({})
        url = f"{BASE}totals/"
        totals = browser_as("clerk_sal").get(url).get_json()["totals"]
        assert [total["name"] for total in totals] == ["total"]
        assert f"{row['total'].to_decimal():,.2f}" in totals[0]["texts"][0]
        assert browser_as("clerk_sal").get(url, {"f.state": "submitted"}).get_json()["totals"] == []

    def test_a_hidden_amount_has_no_sum(self, company, browser_as):
        company.make("product", floor_price=Decimal("7654.32"))
        choose(browser_as("clerk_sal"), "code", "floor_price", path="/admin/product/")
        assert browser_as("clerk_sal").get("/admin/product/totals/").get_json()["totals"] == []


class TestOneValueForManyRows:
    def chosen(self, *records: Any) -> list[str]:
        return [f"{record.id}:{record.version}" for record in records]

    def scores(self, *records: Any) -> list[Any]:
        return [get_db()["customer"].find_one({"_id": record.id}).get("score") for record in records]

    def test_asked_rehearsed_set_and_taken_back(self, company, browser_as):
        item, two, three = (company.make("customer", "clerk_sal", score=score) for score in (1, 2, 3))
        browser, url = browser_as("clerk_sal", locale="en"), "/admin/customer/set/"
        sent = {"field": "score", "rowid": self.chosen(item, two, three), "back": "/admin/customer/?sort=score"}
        page = read_page(browser.post(url, sent).text)
        assert self.scores(item, two, three) == [1, 2, 3], "nothing happens before it is confirmed"
        answer = browser.send(page.form("set/"), value="not a number")
        assert answer.status_code == 422
        assert read_page(answer.text).form("set/")["value"] == "not a number"
        company.walk(three, "dormant")
        done = read_page(browser.send(page.form("set/"), value="50").text)
        assert self.scores(item, two, three) == [50, 50, 3]
        assert "Changed: 2 / 3" in done.text
        assert "/admin/customer/?sort=score" in done.links
        batches = {entry["batch"] for entry in get_db()["history"].find({"door": "bulk"})}
        assert len(batches) == 1
        back = {"batch": batches.pop()}
        assert browser_as("clerk_sal2").post("/admin/customer/take_back/", back).status_code == 404
        browser.post("/admin/customer/ajax/update/", {"id": two.id, "version": "2", "name": "score", "value": "60"})
        taken = read_page(browser.post("/admin/customer/take_back/", back).text)
        assert self.scores(item, two, three) == [1, 60, 3], "what was changed since stays"
        assert "1 / 2" in taken.text

    @pytest.mark.parametrize(
        ("login", "field", "status"),
        [("clerk_sal", "name", 422), ("clerk_sal", "$x", 422), ("legal", "score", 422), ("clerk_mkt", "score", 403)],
    )
    def test_only_what_is_edited_in_place_and_by_whom_it_may(self, login, field, status, company, browser_as):
        item = company.make("customer", "clerk_sal", score=1)
        sent = {"field": field, "rowid": self.chosen(item), "sure": "1", "value": "9"}
        assert browser_as(login).post("/admin/customer/set/", sent).status_code == status
        assert self.scores(item) == [1]

    def test_nonsense(self, company, browser_as):
        browser = browser_as("clerk_sal")
        for rows in ([], ["x"], ["0" * 24], [":"], ["\x00:1"]):
            sent = {"field": "score", "rowid": rows, "sure": "1", "value": "9"}
            assert browser.post("/admin/customer/set/", sent).status_code in (200, 422)
        for batch in ("", "x", "$ne"):
            assert browser.post("/admin/customer/take_back/", {"batch": batch}).status_code == 404


def test_the_menu_of_a_row_offers_what_its_reader_may_do(company, browser_as):
    offer = company.make("quotation", "clerk_sal")
    mine = browser_as("clerk_sal").page(f"{BASE}row/", {"id": offer.id})
    assert any("verb=submit" in link for link in mine.links)
    assert not any("verb=approve" in link for link in mine.links)
    assert browser_as("clerk_mkt").get(f"{BASE}row/", {"id": offer.id}).status_code in (403, 404)


def test_a_search_without_hits_says_what_to_take_away(company, browser_as):
    company.make("quotation", "clerk_sal")
    browser = browser_as("clerk_sal", locale="en")
    page = browser.page(BASE, {"f.state": "submitted", "q": "nothing"})
    drops = [link for link in page.links if link.startswith(BASE) and ("q=nothing" in link) != ("f.state" in link)]
    assert len(drops) >= 2
    assert "Without Search" in page.text


@pytest.mark.parametrize(("name", "value"), [("score", "60"), ("level", "A"), ("region", "south"), ("score", "")])
def test_an_edited_cell_answers_with_what_the_list_shows(name: str, value: str, company: Any, browser_as: Any) -> None:
    browser, record = browser_as("clerk_sal", locale=EN), company.make("customer", "clerk_sal", score=1)
    sent = {"id": record.id, "version": record.version, "name": name, "value": value}
    answer = browser.post("/admin/customer/ajax/update/", sent).get_json()
    assert (answer["ok"], answer["value"], answer["version"]) == (True, value, record.version + 1)
    page = browser.page("/admin/customer/")
    cells = dict(zip(page.heads, [row for row in page.rows if any(row)][1][-len(page.heads) :], strict=True))
    assert answer["text"] == cells[str(label_of(type(record)._fields[name]))]
