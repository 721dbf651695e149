"""The screens that no declaration gives, at their addresses: who may open them, what they say, where they lead."""

import datetime as dt
import re

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT
from models.kernel.gate import changes, history
from models.research_paper import report as said_of_report
from models.services.papers import typesetting
from tests.fixtures.papers import text_in

TODAY = dt.date(2025, 6, 30)


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(dt.datetime(2025, 6, 30, 4, tzinfo=dt.UTC)):
        yield


@pytest.fixture
def needing(company):
    """Makes requirements of the marketing department."""

    def need(collected_on, **values):
        facts = {"source": "customer", "channel": "meeting", "collected_on": collected_on}
        return company.make("requirement", "clerk_mkt", **facts, **values)

    return need


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
            f"/admin/research_report/paper/?id={report.id}&paper=report"
            in browser.page("/admin/research_report/details/", {"id": report.id}).links
        )
        answer = browser.get("/admin/research_report/paper/", {"id": report.id, "paper": "report"})
        assert answer.content_type == "application/pdf"
        result = text_in(answer.data)
        for expected in (
            "華東市場 [2025]", report.number, "2025 Q2", "趙雨晴", "平穩增長 #panic() $x$", "第二段",
            "三家主要對手 *A*", "潛在機會與威脅", "希望縮短交期 #need", "孫立群", "試驗所需", "批准",
        ):  # fmt: skip
            assert expected in result, expected

    @needs_font
    def test_only_for_those_who_may_read_it(self, report, browser_as):
        for login, id, status in (("clerk_prd", report.id, 404), ("it", report.id, 403), ("head_mkt", "x", 404)):
            query = {"id": id, "paper": "report"}
            assert browser_as(login).get("/admin/research_report/paper/", query).status_code == status
        query = {"id": report.id, "paper": "letter"}
        assert browser_as("head_mkt").get("/admin/research_report/paper/", query).status_code == 404

    @needs_font
    def test_needs_of_others_keep_their_analysis(self, company, report, browser_as):
        """A reader from elsewhere sees of a linked need what the record page shows: its number, not its title."""
        requirements = said_of_report(report, company.actor("clerk_mkt"))["requirements"]
        assert all(requirements[0][:3])
        requirements = said_of_report(report, company.actor("clerk_prd"))["requirements"]
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
        assert "希望縮短交期" not in (text_in(answer.data) if answer.mimetype == "application/pdf" else answer.text)
        if place.startswith("search"):
            assert "希望縮短交期" in browser_as("clerk_mkt").get(f"/admin/{place}").text

    def test_without_a_font_the_package_is_named(self, report, browser_as, monkeypatch):
        monkeypatch.setattr(typesetting, "FAMILIES", {HANT: "No Such Font"})
        answer = browser_as("clerk_mkt").get("/admin/research_report/paper/", {"id": report.id, "paper": "report"})
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
