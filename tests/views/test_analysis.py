"""The page of analysis: what it counts, where each number leads, and what of it stands on whose page."""

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from pymongo.errors import ExecutionTimeout
from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.rights import rights
from tests.every_record.test_lists import commands

BASE, AGEING, NEEDS = "/admin/analysis/receivable/", "customer-due.outstanding", "/admin/analysis/requirement/"
SHOW = f"show={AGEING}"
COUNTED = re.compile(r'<td class="number"><a href="([^"]+)">([0-9,]+)<')
SCREENS = {f"{BASE}?{SHOW}": {"clerk_sal", "clerk_sal2", "head_sal", "management", "legal", "finance", "supervisor"}}
SCREENS[NEEDS] = {
    "clerk_sal", "clerk_sal2", "head_sal", "management", "supervisor", "clerk_mkt", "head_mkt", "clerk_prd",
    "clerk_log", "clerk_svc", "head_svc", "clerk_rnd", "head_rnd",
}  # fmt: skip
TODAY = dt.date(2025, 6, 30)


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(dt.datetime(2025, 6, 30, 4, tzinfo=dt.UTC)):
        yield


@pytest.fixture
def owing(company):
    """Makes receivables of the sales department, due so many days ago."""
    facts = {"department": company.department("SAL"), "owner": company.user("clerk_sal").id}
    contract = company.make("contract", "clerk_sal")

    def owed(days, amount, currency="CNY", customer=None, **also):
        due = TODAY - dt.timedelta(days=days)
        whose = customer or contract.ref("customer")
        values = {"contract": contract.id, "customer": whose, "instalment": 1, "due": due, "currency": currency}
        return changes.create(
            catalogue["receivable"], {**facts, **values, "amount": Decimal(amount), **also}, actor=SYSTEM
        )

    return owed


@pytest.fixture
def needing(company):
    """Makes requirements of the marketing department."""

    def need(collected_on, **values):
        facts = {"source": "customer", "channel": "meeting", "collected_on": collected_on}
        return company.make("requirement", "clerk_mkt", **facts, **values)

    return need


def numbers_behind(browser, url):
    """The numbers of the records in the list that a link leads to."""
    parts = urlsplit(url)
    rows = browser.page(parts.path, parse_qsl(parts.query)).rows
    return sorted(cell for row in rows for cell in row if re.fullmatch(r"[A-Z]{2}-[A-Z0-9-]+", cell))


def total(html):
    """How many records the first chart of a page counts."""
    first = html[html.index("data-chart") :].split("</figure>")[0]
    return sum(int(count) for _, count in COUNTED.findall(first))


@pytest.mark.parametrize("path", SCREENS)
def test_who_may_open(path, company, browser_as):
    for login in company.logins:
        expected = 200 if login in SCREENS[path] else 403
        assert browser_as(login).get(path).status_code == expected, login
        assert (path in browser_as(login).page("/admin/").links) is (expected == 200), login
    assert browser_as("").get(path).status_code == 303


class TestAgeing:
    def test_sums_and_where_they_lead(self, owing, browser_as):
        known = [owing(days, f"{100 + at}.{at:02}") for at, days in enumerate([-5, 0, 30, 31, 60, 61, 90, 91, 400])]
        owing(45, "50", received=Decimal(50))
        other = owing(45, "7", "USD")
        browser = browser_as("finance")
        page = browser.page(f"{BASE}?{SHOW}")
        total = next(row for row in page.rows if len(row) == 7 and row[1] == "100.00")
        assert total[1:] == ["100.00", "203.03", "207.07", "211.11", "215.15", "936.36"]
        links = [link for link in page.links if link.startswith("/admin/receivable/?")]
        by_bucket = [[known[0]], known[1:3], known[3:5], known[5:7], known[7:9], known]
        result = [numbers_behind(browser, link) for link in links]
        assert result[:6] == result[6:12] == [sorted(record.number for record in records) for records in by_bucket]
        assert result[12:] == [[other.number]] * 4

    def test_as_of_another_day(self, owing, browser_as):
        owing(0, "10")
        page = browser_as("finance").page(BASE, {"show": AGEING, "on": (TODAY + dt.timedelta(days=91)).isoformat()})
        assert ["", "", "", "", "10.00", "10.00"] in [row[1:] for row in page.rows]

    @pytest.mark.parametrize("typed", ["31.31.2025", "0001-01-01", "9999-12-31", "<b>", "2025-06-31"])
    def test_a_day_that_is_none_is_said(self, company, browser_as, typed):
        assert browser_as("finance").page(BASE, {"show": AGEING, "on": typed}).notices

    def test_only_what_the_reader_may_read(self, company, owing, browser_as):
        owing(10, "10")
        owing(10, "90", department=company.department("MKT"))
        assert "100.00" in browser_as("finance").page(f"{BASE}?{SHOW}").text
        text = browser_as("clerk_sal").page(f"{BASE}?{SHOW}").text
        assert "10.00" in text
        assert "100.00" not in text

    def test_files(self, company, owing, browser_as):
        name = "=cmd|' /C calc'!A1"
        customer = company.make("customer", "clerk_sal", name=name)
        owing(10, "1234567.89", customer=customer.id)
        browser = browser_as("finance")
        sheet = browser.get(f"{BASE}export/csv/?{SHOW}").data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(sheet)))
        assert rows[1][0] == f"'{name}"
        assert rows[1][2:] == ["0.00", "1234567.89", "0.00", "0.00", "0.00", "1234567.89"]
        book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{BASE}export/xlsx/?{SHOW}").data))
        cells = book.get_sheet_by_index(0).to_python()
        assert cells[1][0] == name
        assert cells[1][3] == cells[2][3] == 1234567.89
        assert len(cells[0]) == 5 + 3
        assert browser.get(f"{BASE}export/pdf/?{SHOW}").status_code == 404
        assert browser_as("clerk_mkt").get(f"{BASE}export/csv/?{SHOW}").status_code == 403


class TestNeeds:
    def test_every_bar_leads_to_exactly_its_records(self, needing, browser_as):
        days = [dt.date(2025, 6, 30), dt.date(2025, 6, 1), dt.date(2025, 2, 28), dt.date(2024, 7, 1)]
        for at, day in enumerate(days):
            needing(day, category=[None, "price", "price", "quality"][at], priority=[None, "high", "high", "low"][at])
        needing(dt.date(2024, 6, 30), category="price")
        browser = browser_as("clerk_mkt")
        html = browser.get(NEEDS).text
        bars = COUNTED.findall(html)
        assert sum(int(count) for _, count in bars) == 4 * 4
        for url, count in bars:
            assert len(numbers_behind(browser, url.replace("&amp;", "&"))) == int(count), url

    def test_open_period_counts_all(self, needing, browser_as):
        needing(dt.date(1999, 1, 1))
        needing(dt.date(2025, 1, 1))
        browser = browser_as("clerk_mkt")
        assert {total(browser.get(NEEDS).text)} == {1}
        assert total(browser.get(NEEDS, {"f.collected_on.from": "", "f.collected_on.to": ""}).text) == 2

    def test_only_what_the_reader_may_read(self, needing, browser_as):
        needing(dt.date(2025, 6, 1))
        assert "/admin/requirement/?" in " ".join(browser_as("clerk_mkt").page(NEEDS).links)
        assert "data-chart" not in browser_as("clerk_prd").get(NEEDS).text

    @pytest.mark.parametrize("typed", ["x", "2025-13-01", "0001-01-01"])
    def test_a_day_that_is_none_is_said(self, company, browser_as, typed):
        assert browser_as("clerk_mkt").page(NEEDS, {"f.collected_on.from": typed, "f.collected_on.to": ""}).notices


class TestFromNeedsToReport:
    def test_accepted_needs_of_a_cell_make_one_report(self, company, needing, browser_as):
        """A cell opens its list; what is selected there stands in the form of the report, linked both ways (2.1.2)."""
        category = {"category": "price", "priority": "high", "feasibility": 4}
        known = [company.walk(needing(dt.date(2025, 6, day), **category), "accepted") for day in (1, 2)]
        waiting = needing(dt.date(2025, 6, 3), **category)
        browser = browser_as("clerk_mkt")
        cell = next(url for url, count in COUNTED.findall(browser.get(NEEDS).text) if "f.category=price" in url)
        opened = browser.get(cell.replace("&amp;", "&")).text
        rows = re.findall(r'name="rowid" value="([^"]+)"', opened)
        assert len(rows) == 3
        answer = browser.post("/admin/requirement/gather/", {"gather": "report", "rowid": rows})
        form = browser.form(answer.headers["Location"])
        made = browser.send(form, subject="Prices", period="2025 Q2")
        assert made.status_code == 302, made.text[:500]
        report = catalogue["research_report"].collection().find_one({"subject": "Prices"})
        assert set(report["requirements"]) == {record.id for record in known}
        page = browser.page("/admin/requirement/details/", {"id": known[0].id})
        assert f"/admin/research_report/details/?id={report['_id']}" in page.links
        assert waiting.id not in report["requirements"]


class TestChoice:
    def test_the_others_are_a_list_too(self, company, owing, browser_as):
        """Of many customers the largest are shown; the line of the others opens exactly theirs."""
        made = {
            amount: owing(10, amount, customer=company.make("customer", "clerk_sal", name=f"Customer {amount}").id)
            for amount in range(1, 25)
        }
        browser = browser_as("finance")
        page = browser.page("/admin/analysis/receivable/?show=own&rows=customer&columns=due.ages&value=sum.outstanding")
        others = next(row for row in page.rows if row[0] == "其他")
        assert others[-1] == "10.00"  # 1 + 2 + 3 + 4
        link = next(link for link in reversed(page.links) if "f.customer.not=" in link and "f.due" not in link)
        assert numbers_behind(browser, link) == sorted(made[amount].number for amount in range(1, 5))

    def test_what_somebody_may_not_see_is_not_offered(self, company, browser_as):
        company.make("product")
        page = browser_as("clerk_sal").page("/admin/analysis/product/?show=own")
        assert "floor_price" not in page.text + str(page.forms)
        refused = browser_as("clerk_sal").page("/admin/analysis/product/?show=own&value=sum.floor_price")
        assert any("floor_price" in notice for notice in refused.notices)

    @pytest.mark.parametrize("query", [
        "rows=nothing", "columns=%00", "value=sum.subject", "rows=state&columns=state", "on=x", "f.state=%27", "f.no=1",
        "rows=created_at.day", "f.customer.not=x&f.customer.is=-",
    ])  # fmt: skip
    def test_what_cannot_be_is_said(self, company, browser_as, query):
        company.make("quotation", "clerk_sal")
        answer = browser_as("clerk_sal").get(f"/admin/analysis/quotation/?show=own&{query}")
        assert answer.status_code == 200

    def test_what_is_not_there(self, company, browser_as):
        browser = browser_as("clerk_sal")
        assert browser.get("/admin/analysis/nothing/").status_code == 404
        assert browser.get("/admin/analysis/quotation/?show=nothing").status_code == 404
        assert browser.get("/admin/analysis/quotation/export/pdf/?show=own").status_code == 404
        assert browser.get("/admin/analysis/").status_code == 302
        for former, new in (("ageing/?on=2025-06-01", "receivable/?"), ("needs/", "requirement/?")):
            assert browser.get(f"/admin/{former}").headers["Location"].startswith(f"/admin/analysis/{new}")

    def test_what_takes_too_long_is_said(self, owing, browser_as, monkeypatch):
        owing(1, "5")

        def late(*given):
            raise ExecutionTimeout("late")

        monkeypatch.setattr("views.analysis.counting._run", late)
        browser = browser_as("finance")
        for show in (SHOW, "show=own", "show=charts"):
            assert any("時間過長" in notice for notice in browser.page(f"{BASE}?{show}").notices), show
            assert browser.get(f"{BASE}export/csv/?{show}").status_code == 422, show

    def test_it_takes_two_commands_and_one_for_the_names(self, company, owing, browser_as):
        """However many groups and records there are."""
        browser, counts = browser_as("finance"), []
        owing(1, "5")
        browser.page(f"{BASE}?{SHOW}")
        for more in (1, 12):
            for amount in range(more):
                customer = company.make("customer", "clerk_sal", name=f"Another {more} {amount}")
                owing(amount * 9, "5", customer=customer.id)
            with commands() as heard:
                browser.page(f"{BASE}?{SHOW}")
            counts.append([next(iter(item)) for item in heard if item.get("aggregate") == "receivable"])
        assert counts == [["aggregate"] * 2] * 2


class TestReview:
    def test_entries_that_nobody_has_reviewed_are_left_out_and_it_is_said(self, company, browser_as):
        cls = next(cls for cls in catalogue.values() if cls.declared.is_reviewed)
        for _ in range(2):
            company.make(cls.declared.name)
        login = next(login for login in company.logins if rights.can_open(company.actor(login), cls))
        page = browser_as(login).page(f"/admin/analysis/{cls.declared.name}/?show=own&rows=owner")
        assert any("未審核" in notice for notice in page.notices)
        assert "f.state=unreviewed" in " ".join(page.links)
        seen = browser_as(login).page(f"/admin/analysis/{cls.declared.name}/?show=own&rows=state")
        assert not any("未審核，未計入" in notice for notice in seen.notices)


class TestKept:
    def test_a_table_is_kept_under_a_name_and_found_again(self, company, owing, browser_as):
        """Beside the declared ones, for oneself or one's department; not among the views of the list."""
        owing(40, "12")
        clerk, head = browser_as("clerk_sal"), browser_as("head_sal")
        path = f"{BASE}?show=own&rows=currency&columns=due.ages&value=sum.outstanding&f.state=open"
        kept = head.form(path, "/admin/receivable/views/")
        answer = head.send(kept, name="By currency", shared="1", verb="save")
        where = answer.headers["Location"]
        assert where.startswith(f"{BASE}?view=")
        for browser in (head, clerk):
            page = browser.page(where)
            assert ["人民幣", "", "", "12.00", "", "", "12.00"] in page.rows
            assert "f.state=open" in " ".join(page.links)
            assert where in browser.page(BASE).links
            assert "By currency" not in browser.page("/admin/receivable/").text
        assert "更新為目前內容" not in clerk.page(where).text
        changed = head.form(f"{where}&show=own&rows=customer&columns=-&value=count", "/admin/receivable/views/")
        assert head.send(changed, verb="update").status_code == 302
        assert "按" not in [row[0] for row in clerk.page(where).rows]
        assert head.send(head.form(where, "/admin/receivable/views/"), verb="remove").status_code == 302
        assert where not in clerk.page(BASE).links
