"""Home of each role: what stands on it, that charts count what their lists show, and decisions given from a row."""

import datetime as dt
import re
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN
from models.kernel.gate import changes, history
from models.kernel.rights import rights
from tests.fixtures.http import COMMANDS, said
from views.home import pages
from views.page.course import next_people

XHR = {"X-Requested-With": "XMLHttpRequest"}
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
FIGURE = re.compile(r'<figure class="chart panel".*?id="chart-([a-z_]+)".*?</figure>', re.S)
COUNTED = re.compile(r'<td class="number"><a href="([^"]+)">([0-9,]+)<')


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(NOW):
        yield


@pytest.fixture
def submitted(company):
    """Makes a quotation that waits for the head's decision."""

    def make(login="clerk_sal"):
        return company.walk(company.make("quotation", login), "submitted")

    return make


def decide(browser, kind, *records, script=True, sure="1", **more):
    given = [f"{record.type_name()}:{record.id}:{record.version}" for record in records]
    data = {"case": given, "decision": kind, "sure": sure, **more}
    return browser.post("/admin/decide/", data, **({"headers": XHR} if script else {}))


def charts(browser, **query):
    """The numbers and lists of each chart on a home page."""
    html = browser.get("/admin/", query).text
    return {
        match[1]: [(url.replace("&amp;", "&"), int(count.replace(",", ""))) for url, count in COUNTED.findall(match[0])]
        for match in FIGURE.finditer(html)
    }


def rows_of(browser, url):
    parts = urlsplit(url)
    answer = browser.get(parts.path, [*parse_qsl(parts.query), ("size", "200")])
    assert answer.status_code == 200, (url, said(answer))
    return (
        len(re.findall(r'<a href="/admin/[a-z_]+/details/\?id=[0-9a-f]{24}', answer.text.split("<tbody", 1)[-1]))
        if "<tbody" in answer.text
        else 0
    )


class TestCharts:
    @pytest.fixture
    def business(self, company):
        """A little of everything, in several states, periods and departments."""
        for day, login in (
            (dt.date(2026, 11, 2), "clerk_mkt"),
            (dt.date(2026, 10, 9), "clerk_sal"),
            (dt.date(2025, 3, 1), "clerk_mkt"),
        ):
            company.make("requirement", login, collected_on=day)
        for state in ("draft", "submitted", "sent", "accepted"):
            company.walk(company.make("quotation", "clerk_sal"), state)
        company.make("quotation", "clerk_sal", currency="USD")
        contract = company.walk(company.make("contract", "clerk_sal"), "signed")
        facts = {"department": company.department("SAL"), "owner": company.users["clerk_sal"], "contract": contract.id}
        facts |= {"customer": contract.ref("customer"), "currency": "CNY"}
        for days in (-5, 0, 31, 75, 120, 121):
            values = facts | {
                "due": clock.today() - dt.timedelta(days=days),
                "amount": Decimal("100.10"),
                "instalment": 1,
            }
            owed = changes.create(catalogue["receivable"], values, actor=SYSTEM)
        company.make("payment", "finance", receivable=owed.id, amount=Decimal("50"), paid_on=dt.date(2026, 11, 20))
        for promised, delivered in (
            ("2026-11-20", "2026-11-19"),
            ("2026-11-10", "2026-11-12"),
            ("2026-02-01", "2026-02-01"),
        ):
            order = {key: facts[key] for key in ("department", "owner", "contract", "customer")}
            order |= {"promised_on": dt.date.fromisoformat(promised), "delivered_on": dt.date.fromisoformat(delivered)}
            changes.create(catalogue["sales_order"], order, actor=SYSTEM)

    def test_each_number_is_the_count_of_its_list(self, business, company, browser_as):
        seen = set()
        for login in ("management", "head_sal", "clerk_sal", "supervisor", "head_mkt", "finance", "it", "legal"):
            browser = browser_as(login)
            for period in ("month", "quarter", "year"):
                for key, numbers in charts(browser, period=period).items():
                    seen.add(key)
                    for url, count in numbers if period == "quarter" or key in ("funnel", "on_time") else ():
                        assert rows_of(browser, url) == count, (login, period, key, url)
        assert seen == {"open", "funnel", "owed", "on_time", "time"}

    def test_what_the_periods_count(self, business, browser_as):
        browser = browser_as("management")
        counts = {
            key: [count for _, count in charts(browser, period=key)["funnel"]] for key in ("month", "quarter", "year")
        }
        assert counts["month"][0] == 1
        assert counts["quarter"][0] == counts["year"][0] == 2
        assert [count for _, count in charts(browser, period="month")["on_time"]] == [1, 1, 0]
        assert [count for _, count in charts(browser, period="year")["on_time"]] == [2, 1, 0]
        assert "2 張中 1 張準時" in browser.page("/admin/", {"period": "month"}).text  # a rate of two says nothing

    def test_amounts_stand_by_currency(self, business, browser_as):
        text = browser_as("management").page("/admin/").text
        assert "CNY 50.00" in text
        assert "USD" in text
        assert "CNY 150.20" in text  # two of 120 days and more, one of them half paid

    def test_ages(self, business, browser_as):
        assert [count for _, count in charts(browser_as("finance")).get("owed", [])] == []
        assert [count for _, count in charts(browser_as("management"))["owed"]] == [1, 2, 1, 1, 2]

    def test_nobody_counts_what_they_may_not_read(self, business, browser_as):
        marketing = charts(browser_as("head_mkt"), period="year")
        assert [url.split("?")[0] for url, _ in marketing["funnel"]] == ["/admin/requirement/"]
        assert "owed" not in marketing
        assert "time" not in marketing  # a head does not see the decisions of other departments
        assert charts(browser_as("it")) == {}

    def test_the_table_is_there_without_scripts(self, business, browser_as):
        html = browser_as("management").get("/admin/").text
        for match in FIGURE.finditer(html):
            assert "<details open>" in match[0]
            assert 'aria-hidden="true"></canvas>' in match[0]
        assert "style=" not in html


def test_how_long_decisions_take(company, browser_as):
    monday = dt.datetime(2026, 11, 16, 1, tzinfo=dt.UTC)  # nine in the morning
    for hours in (1, 3, 26):  # of working time: one, two and a half, and nine
        with clock.set_to(monday):
            contract = company.walk(company.make("contract", "clerk_sal"), "legal_review")
        with clock.set_to(monday + dt.timedelta(hours=hours)):
            changes.move(type(contract), contract.id, "approve", actor=company.actor("legal"), version=contract.version)
    html = browser_as("management").get("/admin/").text
    match = next(match[0] for match in FIGURE.finditer(html) if match[1] == "time")
    row = re.search(r"<tr [^>]*>(?:(?!</tr>).)*?法務審核.*?</tr>", match, re.S)[0]
    assert re.findall(r'<td class="number">(?:<a[^>]*>)?([0-9.]+)', row) == ["3", "3", "0"]


def _place(text, heading):
    """Where a heading with a count stands; what the fixtures have made beside is counted with it."""
    match = re.search(rf"{heading} \d", text)
    assert match, heading
    return match.start()


class TestOwnWork:
    def test_drafts_are_what_nobody_has_seen_and_no_work_to_be_done(self, company, browser_as):
        draft, step = company.make("quotation", "clerk_sal"), company.make("task", "clerk_sal")
        assert (draft.state, step.state) == ("draft", "todo")
        text = browser_as("clerk_sal").page("/admin/").text
        drafts = text[_place(text, "我的草稿") : _place(text, "待處理")]
        assert draft.number in drafts
        assert step.number not in drafts
        assert step.number in text

    def test_returned_with_its_reason_and_drafts(self, submitted, company, browser_as):
        draft, back = company.make("quotation", "clerk_sal"), submitted()
        decide(browser_as("head_sal"), "no", back, reason="請核對折扣")
        text = browser_as("clerk_sal").page("/admin/").text
        assert (
            text.index("退回給我的 1") < text.index(back.number) < _place(text, "我的草稿") < text.index(draft.number)
        )
        assert "王建國：請核對折扣" in text
        assert text.count(back.number) == 1
        assert back.number not in browser_as("clerk_sal2").page("/admin/").text

    def test_late_and_due_today(self, company, browser_as):
        with clock.set_to(NOW - dt.timedelta(days=20)):
            late = company.walk(company.make("quotation", "clerk_sal"), "approved")
        with clock.set_to(NOW - dt.timedelta(days=3)):  # Friday; due at the end of Monday
            today = company.walk(company.make("quotation", "clerk_sal"), "approved")
        text = browser_as("clerk_sal").page("/admin/").text
        assert _place(text, "已逾期") < text.index(late.number) < _place(text, "今天到期") < text.index(today.number)
        for login, sees in (("head_sal", True), ("management", True), ("head_mkt", False), ("clerk_sal2", False)):
            assert (late.number in browser_as(login).page("/admin/").text) is sees, login

    def test_somebody_of_several_roles_has_each_case_once(self, submitted, company, browser_as):
        case = submitted()
        changes.update(
            catalogue["user"],
            company.users["head_sal"],
            {"roles": ["head", "clerk", "management"]},
            actor=SYSTEM,
            version=None,
        )
        with clock.set_to(NOW + dt.timedelta(days=1)):
            html = browser_as("head_sal").get("/admin/").text
        assert html.count(f'data-case="quotation:{case.id}') == 1

    def test_unsaved_work_is_offered(self, company, browser_as):
        browser = browser_as("clerk_sal")
        assert "未保存的草稿" not in browser.page("/admin/").text

    def test_tiles_are_for_those_who_operate(self, company, browser_as):
        assert "任務：已擱置" in browser_as("it").page("/admin/").text
        assert "/admin/task_runs/?state=set_aside" in browser_as("it").page("/admin/").links
        assert "任務：已擱置" not in browser_as("management").page("/admin/").text

    def test_in_english(self, submitted, browser_as):
        submitted()
        text = browser_as("head_sal", locale=EN).page("/admin/").text
        assert "Pending approvals" in text
        assert "Open work by state" in text


class TestDeciding:
    def test_yes_and_no_of_one_row(self, submitted, company, browser_as):
        record, two = submitted(), submitted()
        answer = decide(browser_as("head_sal"), "yes", record)
        assert answer.status_code == 200, answer.get_json()
        assert answer.get_json()["rows"][0]["ok"] is True
        assert company.fresh(record).state == "approved"
        entry = history.entries_of(record.id, newest_first=True, limit=1)[0]
        assert (entry["verb"], entry["door"]) == ("approve", "inbox")
        assert decide(browser_as("head_sal"), "no", two).status_code == 422
        assert company.fresh(two).state == "submitted"
        assert decide(browser_as("head_sal"), "no", two, reason="折扣過高").status_code == 200
        assert company.fresh(two).state == "draft"
        assert history.entries_of(two.id, newest_first=True, limit=1)[0]["reason"] == "折扣過高"

    def test_only_what_was_seen_is_approved(self, submitted, company, browser_as):
        case = submitted()
        changes.update(type(case), case.id, {"remark": "價格待定"}, actor=SYSTEM, version=None)
        answer = decide(browser_as("head_sal"), "yes", case)
        assert answer.status_code == 422
        assert "未辦理" in answer.get_json()["message"]
        for version in ("", "-1", "x", "99999999999", "1e3"):
            given = f"quotation:{case.id}:{version}"
            answer = browser_as("head_sal").post(
                "/admin/decide/", {"case": given, "decision": "yes", "sure": "1"}, headers=XHR
            )
            assert answer.status_code == 422, version
        assert company.fresh(case).state == "submitted"

    def test_those_who_may_not(self, submitted, company, browser_as):
        case = submitted()
        for login in company.logins:
            if login != "head_sal":
                assert decide(browser_as(login), "yes", case).status_code == 422, login
                assert decide(browser_as(login), "no", case, reason="無").status_code == 422, login
        assert company.fresh(case).state == "submitted"

    def test_what_asks_for_more_has_its_page(self, company, browser_as):
        contract = company.walk(company.make("contract", "clerk_sal"), "approved")
        page = browser_as("head_sal").page("/admin/inbox/")
        assert any("verb=sign" in link for link in page.links)
        assert decide(browser_as("head_sal"), "yes", contract).status_code == 422
        assert company.fresh(contract).state == "approved"

    def test_several_without_scripts(self, submitted, company, browser_as):
        cases = [submitted(), submitted()]
        browser = browser_as("head_sal")
        page = decide(browser, "no", *cases, script=False, sure="")
        assert page.status_code == 200
        assert all(case.number in page.text for case in cases)
        assert decide(browser, "no", *cases, script=False).status_code == 200  # asks for the reason again
        assert {company.fresh(case).state for case in cases} == {"submitted"}
        assert decide(browser, "no", *cases, script=False, reason="請補充").status_code == 200
        assert {company.fresh(case).state for case in cases} == {"draft"}

    def test_one_row_without_scripts(self, submitted, company, browser_as):
        record, two = submitted(), submitted()
        browser = browser_as("head_sal")
        answer = browser.post(
            "/admin/decide/", {"one": f"yes quotation:{record.id}:{record.version}", "next": "/admin/"}
        )
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
        assert company.fresh(record).state == "approved"
        answer = browser.post(
            "/admin/decide/", {"one": f"no quotation:{two.id}:{two.version}", "next": "//evil.example/"}
        )
        assert answer.headers["Location"] == f"/admin/quotation/move/?id={two.id}&verb=return&next=/admin/inbox/"

    @pytest.mark.parametrize(
        "data", [{}, {"decision": "yes"}, {"decision": "maybe", "case": "x"}, {"one": "yes"}, {"one": "\x00"}]
    )
    def test_nonsense(self, data, company, browser_as):
        assert browser_as("head_sal").post("/admin/decide/", data).status_code in (302, 422)

    def test_strange_cases(self, company, browser_as):
        for given in ("x", "nothing:1:2", "quotation:zz:1", "user:" + str(company.users["it"]) + ":1", "quotation::"):
            answer = browser_as("head_sal").post(
                "/admin/decide/", {"case": given, "decision": "yes", "sure": "1"}, headers=XHR
            )
            assert answer.status_code == 422, given


def asked_for(browser, path="/admin/"):
    browser.get(path)
    names: list[str] = []
    COMMANDS.listeners.append(lambda command: names.append(next(iter(command))))
    try:
        browser.get(path)
    finally:
        COMMANDS.listeners.clear()
    return names


def test_few_questions_whatever_the_number_of_records(submitted, company, browser_as):
    submitted()
    logins = ("management", "head_sal", "clerk_sal", "it", "finance", "supervisor", "records")
    before = {login: len(asked_for(browser_as(login))) for login in logins}
    for _ in range(4):
        submitted()
        company.make("quotation", "clerk_sal")
    after = {login: len(asked_for(browser_as(login))) for login in logins}
    assert after == before
    assert max(before.values()) <= 30, before


def test_supervisors_look_over_everything():
    assert rights.overseen(SYSTEM) is None


class TestWhatNoLongerWaits:
    def test_who_has_agreed_is_not_waited_for(self, company, browser_as):
        heads = ["head_sal", "management"]
        related = [company.department("SAL"), company.department("MGT")]
        report = company.make("research_report", "clerk_mkt", related_departments=related)
        report = company.walk(report, "cross_review")
        waiting = [head for head in heads if report.number in browser_as(head).page("/admin/inbox/").text]
        assert waiting == heads
        who = company.actor("head_sal")
        changes.move(type(report), report.id, "agree", actor=who, version=report.version)
        assert [head for head in heads if report.number in browser_as(head).page("/admin/inbox/").text] == [
            "management"
        ]
        named = next_people(company.fresh(report))
        assert company.user("head_sal").name not in named
        assert company.user("management").name in named

    def test_what_a_rule_decides_at_once_asks_nobody(self, company):
        product = company.walk(
            company.make("product", "head_sal", list_price=Decimal(100), floor_price=Decimal(80)), "active"
        )
        line = {"product": product.id, "quantity": Decimal(1), "unit_price": Decimal(90)}
        lines = [catalogue["quotation"]._fields["lines"].field.document_type(**line)]
        quotation = company.make("quotation", "clerk_sal", lines=lines, currency=product.currency)
        clerk = company.actor("clerk_sal")
        done = changes.move(type(quotation), quotation.id, "submit", actor=clerk, version=quotation.version)
        assert done.state == "approved"
        assert get_db()["notice"].count_documents({"record": quotation.id, "kind": "decision"}) == 0

    def test_a_request_to_decide_counts_as_read_once_it_was_decided(self, company):
        quotation = company.walk(company.make("quotation", "clerk_sal"), "submitted")
        query = {"record": quotation.id, "kind": "decision", "read_at": None}
        assert get_db()["notice"].count_documents(query) > 0
        head = company.actor("head_sal")
        changes.move(type(quotation), quotation.id, "approve", actor=head, version=quotation.version)
        assert get_db()["notice"].count_documents(query) == 0

    def test_the_most_urgent_comes_first_and_all_can_be_seen(self, company, browser_as):
        now = clock.now()
        for number in range(14):
            record = company.make("customer", "clerk_sal", name=f"客戶{number:02}有限公司")
            due = now + dt.timedelta(days=20 - number) if number > 8 else None
            get_db()["waiting"].update_one({"_id": record.id}, {"$set": {"due": due}})
        page = browser_as("clerk_sal").page("/admin/")
        assert "/admin/?mine=all" in page.links
        shown = re.findall(r"客戶(\d\d)有限公司", page.text)
        assert list(dict.fromkeys(shown))[:5] == ["13", "12", "11", "10", "09"]
        everything = browser_as("clerk_sal").page("/admin/?mine=all").text
        assert {f"{number:02}" for number in range(14)} <= set(re.findall(r"客戶(\d\d)有限公司", everything))

    def test_older_notices_follow(self, company, browser_as, monkeypatch):
        monkeypatch.setattr(pages, "NOTICES_PAGE", 2)
        for _ in range(3):
            company.walk(company.make("quotation", "clerk_sal"), "submitted")
        browser, seen, address = browser_as("head_sal"), [], "/admin/notices/"
        while address:
            page = browser.page(address)
            seen += [link for link in page.links if link.startswith("/admin/quotation/details/")]
            address = next((link for link in page.links if "after=" in link), "")
        assert len(seen) == len(set(seen)) == 3


def test_what_the_reader_may_not_open_is_told_without_a_link(company, browser_as):
    order = company.walk(company.make("sales_order", "clerk_sal"), "in_production")
    page = browser_as("clerk_prd").page("/admin/sales_order/details/", {"id": order.id})
    assert not any(link.startswith("/admin/contract/") for link in page.links)
    assert order.contract.title in page.text
    assert any(
        link.startswith("/admin/contract/")
        for link in browser_as("clerk_sal").page("/admin/sales_order/details/", {"id": order.id}).links
    )


def test_a_department_is_named_in_words(company):
    company.make("sales_order", "clerk_sal")
    flow = catalogue["sales_order"].declared.workflow
    labels = {str(move.by.label) for move in flow.moves if move.by.departments}
    assert labels
    assert not any(re.search(r"\b[A-Z]{3}\b", label) for label in labels), labels
