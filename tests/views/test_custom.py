"""The screens that no declaration gives, at their addresses: who may open them, what they say, where they lead."""

import contextlib
import csv
import datetime as dt
import io
import re
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pypdfium2
import pytest
from bson import ObjectId
from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT
from models.kernel.gate import changes, history
from models.sales.ageing import BUCKETS
from models.services.papers import typesetting
from views.custom.reports import research_pdf

SCREENS = {"/admin/ageing/": {"clerk_sal", "clerk_sal2", "head_sal", "management", "legal", "finance", "supervisor"}}
SCREENS["/admin/needs/"] = {
    "clerk_sal", "clerk_sal2", "head_sal", "management", "supervisor", "clerk_mkt", "head_mkt", "clerk_prd",
    "clerk_log",
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
        page = browser.page("/admin/ageing/")
        total = next(row for row in page.rows if len(row) == 7 and row[1] == "100.00")
        assert total[1:] == ["100.00", "203.03", "207.07", "211.11", "215.15", "936.36"]
        links = [link for link in page.links if link.startswith("/admin/receivable/?")]
        by_bucket = [[known[0]], known[1:3], known[3:5], known[5:7], known[7:9], known]
        result = [numbers_behind(browser, link) for link in links]
        assert result[:6] == result[6:12] == [sorted(record.number for record in records) for records in by_bucket]
        assert result[12:] == [[other.number]] * 4

    def test_as_of_another_day(self, owing, browser_as):
        owing(0, "10")
        page = browser_as("finance").page("/admin/ageing/", {"on": (TODAY + dt.timedelta(days=91)).isoformat()})
        assert ["", "", "", "", "10.00", "10.00"] in [row[1:] for row in page.rows]

    @pytest.mark.parametrize("typed", ["31.31.2025", "0001-01-01", "9999-12-31", "<b>", "2025-06-31"])
    def test_a_day_that_is_none_is_said(self, company, browser_as, typed):
        assert browser_as("finance").page("/admin/ageing/", {"on": typed}).notices

    def test_only_what_the_reader_may_read(self, company, owing, browser_as):
        owing(10, "10")
        owing(10, "90", department=company.department("MKT"))
        assert "100.00" in browser_as("finance").page("/admin/ageing/").text
        text = browser_as("clerk_sal").page("/admin/ageing/").text
        assert "10.00" in text
        assert "100.00" not in text

    def test_files(self, company, owing, browser_as):
        name = "=cmd|' /C calc'!A1"
        customer = company.make("customer", "clerk_sal", name=name)
        owing(10, "1234567.89", customer=customer.id)
        browser = browser_as("finance")
        sheet = browser.get("/admin/ageing/export/csv/").data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(sheet)))
        assert rows[1][0] == f"'{name}"
        assert rows[1][2:] == ["0.00", "1234567.89", "0.00", "0.00", "0.00", "1234567.89"]
        book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get("/admin/ageing/export/xlsx/").data))
        cells = book.get_sheet_by_index(0).to_python()
        assert cells[1][0] == name
        assert cells[1][3] == cells[2][3] == 1234567.89
        assert len(cells[0]) == len(BUCKETS) + 3
        assert browser.get("/admin/ageing/export/pdf/").status_code == 404
        assert browser_as("clerk_mkt").get("/admin/ageing/export/csv/").status_code == 403


class TestNeeds:
    def test_every_bar_leads_to_exactly_its_records(self, needing, browser_as):
        days = [dt.date(2025, 6, 30), dt.date(2025, 6, 1), dt.date(2025, 2, 28), dt.date(2024, 7, 1)]
        for at, day in enumerate(days):
            needing(day, category=[None, "price", "price", "quality"][at], priority=[None, "high", "high", "low"][at])
        needing(dt.date(2024, 6, 30), category="price")
        browser = browser_as("clerk_mkt")
        html = browser.get("/admin/needs/").text
        bars = re.findall(r'<a href="(/admin/requirement/[^"]*)"><div class="bar">.*?<b>(\d+)</b>', html, re.DOTALL)
        assert sum(int(count) for _, count in bars) == 4 * 4
        for url, count in bars:
            assert len(numbers_behind(browser, url.replace("&amp;", "&"))) == int(count), url

    def test_open_period_counts_all(self, needing, browser_as):
        needing(dt.date(1999, 1, 1))
        needing(dt.date(2025, 1, 1))
        browser = browser_as("clerk_mkt")
        assert "<b>1</b>" in browser.get("/admin/needs/").text
        assert "<b>2</b>" in browser.get("/admin/needs/", {"from": "", "to": ""}).text

    def test_only_what_the_reader_may_read(self, needing, browser_as):
        needing(dt.date(2025, 6, 1))
        assert "/admin/requirement/?" in " ".join(browser_as("clerk_mkt").page("/admin/needs/").links)
        assert 'class="bar"' not in browser_as("clerk_prd").get("/admin/needs/").text

    @pytest.mark.parametrize("typed", ["x", "2025-13-01", "0001-01-01"])
    def test_a_day_that_is_none_is_said(self, company, browser_as, typed):
        assert browser_as("clerk_mkt").page("/admin/needs/", {"from": typed, "to": ""}).notices


class TestLogins:
    def test_a_reset_closes_the_account_and_stands_in_the_history(self, company, browser_as):
        """The link itself: tests/rights/test_second_person.py."""
        user, it = company.user("clerk_mkt"), browser_as("it")
        old = browser_as("clerk_mkt")
        assert f"/admin/user/reset/?id={user.id}" in it.page("/admin/user/details/", {"id": user.id}).links
        answer = it.send(it.form("/admin/user/reset/", "reset/", id=user.id), id=str(user.id))
        assert answer.headers["Cache-Control"] == "no-store"
        assert old.get("/admin/").status_code == 303
        entry = history.entries_of(user.id)[-1]
        assert (entry["verb"], entry["actor"]) == ("first_password", company.user("it").id)

    def test_log_out_everywhere(self, company, browser_as):
        user, other = company.user("clerk_mkt"), browser_as("clerk_mkt")
        assert other.get("/admin/").status_code == 200
        assert browser_as("it").post("/admin/user/reset/sessions/", {"id": str(user.id)}).status_code == 302
        assert other.get("/admin/").status_code == 303

    @pytest.mark.parametrize("path", ["/admin/user/reset/", "/admin/user/reset/sessions/"])
    def test_nobody_but_it(self, company, browser_as, path):
        user = company.user("clerk_mkt")
        before = history.entries_of(user.id)
        for login in set(company.logins) - {"it"}:
            browser = browser_as(login)
            assert browser.post(path, {"id": str(user.id)}).status_code == 403, login
            assert "/reset/" not in " ".join(browser.page("/admin/user/details/", {"id": user.id}).links)
        assert history.entries_of(user.id) == before

    def test_not_for_oneself_nor_the_inactive_nor_nobody(self, company, browser_as):
        it, user = browser_as("it"), company.user("clerk_mkt")
        changes.update(catalogue["user"], user.id, {"active": False}, actor=SYSTEM, version=None)
        for id, status in ((company.user("it").id, 403), (user.id, 403), (ObjectId(), 404), ("x", 404)):
            assert it.post("/admin/user/reset/", {"id": str(id)}).status_code == status

    def test_a_deputy_of_it_is_not_it(self, company, browser_as):
        absent = {"absent_from": TODAY, "deputy": company.user("clerk_prd").id}
        changes.update(catalogue["user"], company.user("it").id, absent, actor=SYSTEM, version=None)
        user = company.user("clerk_mkt")
        assert browser_as("clerk_prd").post("/admin/user/reset/", {"id": str(user.id)}).status_code == 403


def _sign_in(app, login, password):
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)[1]
    return client.post("/login", data={"login": login, "password": password, "csrf_token": token})


needs_font = pytest.mark.skipif(
    not typesetting.has_font(typesetting.FAMILIES[HANT]), reason="no Chinese font (fonts-noto-cjk)"
)


def _text_of_pdf(data):
    with contextlib.closing(pypdfium2.PdfDocument(data)) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)


class TestPdf:
    @pytest.fixture
    def report(self, company, needing):
        need = needing(dt.date(2025, 6, 1), subject="希望縮短交期 #need")
        texts = {"market_status": "平穩增長 #panic() $x$\n第二段", "competitors": "三家主要對手 *A*"}
        report = company.make(
            "research_report", "clerk_mkt", subject="華東市場 [2025]", period="2025 Q2", requirements=[need.id], **texts
        )
        return company.walk(report, "cross_review")

    @needs_font
    def test_what_stands_in_it(self, report, browser_as):
        browser = browser_as("clerk_mkt")
        assert (
            f"/admin/research_report/pdf/?id={report.id}"
            in browser.page("/admin/research_report/details/", {"id": report.id}).links
        )
        answer = browser.get("/admin/research_report/pdf/", {"id": report.id})
        assert answer.content_type == "application/pdf"
        result = _text_of_pdf(answer.data)
        for expected in (
            "華東市場 [2025]", report.number, "2025 Q2", "趙雨晴", "平穩增長 #panic() $x$", "第二段",
            "三家主要對手 *A*", "潛在機會與威脅", "希望縮短交期 #need", "孫立群", "試驗所需", "批准",
        ):  # fmt: skip
            assert expected in result, expected

    @needs_font
    def test_only_for_those_who_may_read_it(self, report, browser_as):
        assert browser_as("clerk_prd").get("/admin/research_report/pdf/", {"id": report.id}).status_code == 404
        assert browser_as("it").get("/admin/research_report/pdf/", {"id": report.id}).status_code == 404
        assert browser_as("head_mkt").get("/admin/research_report/pdf/", {"id": "x"}).status_code == 404

    @needs_font
    def test_needs_of_others_keep_their_analysis(self, company, report, browser_as):
        """A reader from elsewhere sees of a linked need what the record page shows: its number, not its title."""
        requirements = research_pdf.contents(report, company.actor("clerk_mkt"))["requirements"]
        assert all(requirements[0][:3])
        requirements = research_pdf.contents(report, company.actor("clerk_prd"))["requirements"]
        assert requirements[0][1:] == ["", "", "", ""]

    def test_a_published_report_shows_elsewhere_the_numbers_of_needs_alone(self, company, report, browser_as, db):
        db.research_report.update_one({"_id": report.id}, {"$set": {"state": "published", "to_everyone": True}})
        number = db.requirement.find_one({"_id": report.refs("requirements")[0]})["number"]
        for login, is_reader in (("clerk_prd", False), ("clerk_mkt", True)):
            page = browser_as(login).get("/admin/research_report/details/", {"id": report.id}).text
            assert ("希望縮短交期" in page, number in page or is_reader) == (is_reader, True)

    @pytest.mark.parametrize("place", [
        "research_report/print/?id={id}", "research_report/history/?id={id}", "research_report/?cols=requirements",
        "research_report/export/csv/?cols=requirements", "research_report/row/?id={id}", "board/research_report/",
        "research_report/?q=縮短交期", "search/?q=縮短交期", "palette/?q=縮短交期",
    ])  # fmt: skip
    def test_nor_does_anything_else_of_it(self, report, browser_as, db, place):
        """Prints, lists, exports and searches; who may read the need meets it where it is looked for (L1)."""
        db.research_report.update_one({"_id": report.id}, {"$set": {"state": "published", "to_everyone": True}})
        answer = browser_as("clerk_prd").get(f"/admin/{place.format(id=report.id)}")
        assert answer.status_code in (200, 404)
        assert "希望縮短交期" not in (
            _text_of_pdf(answer.data) if answer.mimetype == "application/pdf" else answer.text
        )
        if place.startswith("search"):
            assert "希望縮短交期" in browser_as("clerk_mkt").get(f"/admin/{place}").text

    def test_without_a_font_the_package_is_named(self, report, browser_as, monkeypatch):
        monkeypatch.setattr(typesetting, "FAMILIES", {HANT: "No Such Font"})
        answer = browser_as("clerk_mkt").get("/admin/research_report/pdf/", {"id": report.id})
        assert answer.status_code == 422
        assert "fonts-noto-cjk" in answer.text


class TestPutBack:
    @pytest.fixture
    def need(self, company, needing):
        need = needing(dt.date(2025, 6, 1), subject="原標題", contact="張三")
        actor = company.actor("clerk_mkt")
        values = {"subject": "新標題", "contact": None, "category": "price"}
        return changes.update(catalogue["requirement"], need.id, values, actor=actor, version=1)

    def test_old_values_come_back_as_one_more_change(self, company, need, browser_as):
        browser = browser_as("clerk_mkt")
        form = browser.form("/admin/requirement/history/", "put_back/", id=need.id, version=1)
        assert browser.send(form, version_to="1").status_code == 302
        now = company.fresh(need)
        assert (now.subject, now.contact, now.category, now.version) == ("原標題", "張三", None, 3)
        entry = history.entries_of(need.id)[-1]
        assert (entry["verb"], "1" in entry["reason"]) == ("update", True)
        assert list(history.faults_in(history.entries_of(need.id), now.chain)) == []

    def test_not_over_a_newer_version(self, company, need, browser_as):
        browser = browser_as("clerk_mkt")
        form = browser.form("/admin/requirement/history/", "put_back/", id=need.id, version=1)
        changes.update(catalogue["requirement"], need.id, {"subject": "別人"}, actor=SYSTEM, version=2)
        assert browser.send(form, version_to="1").status_code in (403, 409)
        assert company.fresh(need).subject == "別人"

    @pytest.mark.parametrize("version", ["0", "2", "99", "x", "", "-1"])
    def test_no_such_version(self, need, browser_as, version):
        data = {"id": str(need.id), "version": "2", "version_to": version}
        assert browser_as("clerk_mkt").post("/admin/requirement/put_back/", data).status_code == 404

    @pytest.mark.parametrize(("login", "status"), [("supervisor", 403), ("management", 403), ("clerk_prd", 404)])
    def test_only_by_those_who_may_change_it(self, need, browser_as, login, status):
        browser = browser_as(login)
        data = {"id": str(need.id), "version": "2", "version_to": "1"}
        assert browser.post("/admin/requirement/put_back/", data).status_code == status
        if status == 403:
            page = browser.page("/admin/requirement/history/", {"id": need.id, "version": 1})
            assert not page.has_form("put_back/")
