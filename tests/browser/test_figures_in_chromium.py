"""Figures and results in the hands of those whom they are about: followed to their cases, objected to, decided on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models.assessment.sheet_words import PUBLISH
from models.kernel.base import clock
from models.kernel.gate import changes
from models.services.keeping import audit
from tests.browser.test_sales_in_chromium import press
from tests.fixtures import rounds
from tests.fixtures.doing import do, work_off
from tests.fixtures.rounds import CYCLE, MARKS, SCORES, SHEET, send

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def turn_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """It is this moment from now on, for the server's threads as well."""

    def turn(moment: dt.datetime) -> None:
        ahead = moment - dt.datetime.now(dt.UTC)
        monkeypatch.setattr(clock, "now", lambda: (dt.datetime.now(dt.UTC) + ahead).replace(microsecond=0))

    return turn


def decide(page: Page, verb: str, **typed: str) -> None:
    """Take a step on the page of a record by the keyboard, with what its dialog asks."""
    press(page, verb)
    for name, text in typed.items():
        page.locator(f"#move-dialog [name={name}]").fill(text)
    with page.expect_navigation():
        page.locator("#move-dialog .form-actions button").first.press("Enter")


def test_figures_are_followed_to_their_cases_and_become_an_assessment(
    tenth_of_month: Any, running: Any, company: Any, sit_down: Callable[..., Page], turn_clock: Any
) -> None:
    """A head on the page of the process; an employee with a phone, who objects; the supervisor, management and human
    resources; then a cycle, from its dry run to an appeal that is decided with its ripple in view."""
    audit.seal_all()
    do("compliance.count")
    facts = {"name": "九月考核", "forms": [running["form"]], "departments": [company.department("SAL")]}
    facts |= {"first_day": dt.date(2026, 9, 1), "score_until": rounds.UNTIL, "peers_most": 0}
    cycle = changes.create(CYCLE, facts, actor=company.actor("hr"))
    turn_clock(rounds.NOW)
    head, supervisor, management, hr = (sit_down(login) for login in ("head_sal", "supervisor", "management", "hr"))
    clerk = sit_down("clerk_sal", has_touch=True)
    clerk.set_viewport_size(PHONE)
    _cases_of_a_process(head)
    _decided_on(supervisor, _objected(company, clerk), company.user("head_sal").name)
    _worst_cause(management)
    _filtered(hr, f"/admin/indicator/details/?id={tenth_of_month['一次通過率']}")
    _assessed(company, cycle, hr, head, clerk)


def _cases_of_a_process(head: Page) -> None:
    head.goto("/admin/process/quotation/")
    head.fill("#from", "2026-10-09")
    head.fill("#to", "2026-10-09")
    head.press("#to", "Enter")
    head.wait_for_url("**from=2026-10-09**")
    expect(head.get_by_role("heading", name="與前一期間對比")).to_be_visible()
    number = head.get_by_role("row", name="退回").locator("a").first
    count = number.inner_text()
    number.press("Enter")
    expect(head.locator("tbody tr")).to_have_count(int(count))


def _objected(company: Any, clerk: Page) -> str:
    """Seeing the own value alone; returns the address of the objection."""
    clerk.goto("/admin/indicator-figures/")
    clerk.get_by_role("link", name="一次通過率").first.click()
    expect(clerk.locator("main")).to_contain_text(company.user("clerk_sal").name)
    expect(clerk.locator("main")).not_to_contain_text(company.user("clerk_sal2").name)
    clerk.locator("main td.number a").first.click()
    clerk.get_by_role("row", name="未達成").get_by_role("link").click()
    expect(clerk.locator("tbody tr")).to_have_count(4)
    clerk.get_by_role("link", name="提出異議").first.click()
    clerk.fill("[name=reason]", "客戶當日變更需求")
    clerk.get_by_role("button", name="保存", exact=True).press("Enter")
    clerk.wait_for_url("**/details/**")
    decide(clerk, "提交")
    return clerk.url


def _decided_on(supervisor: Page, objection: str, strikes: str) -> None:
    supervisor.goto(objection)
    expect(supervisor.get_by_role("heading", name="受影響的指標值（預演）")).to_be_visible()
    decide(supervisor, "成立", reason="客戶郵件屬實")
    expect(supervisor.get_by_role("heading", name="更正的指標值")).to_be_visible()
    supervisor.goto("/admin/compliance/")
    expect(supervisor.get_by_role("row", name=strikes)).to_be_visible()


def _worst_cause(management: Page) -> None:
    management.goto("/admin/compliance/")
    expect(management.get_by_role("heading", name="異常情況")).to_have_count(0)
    worst = management.get_by_role("row", name="批准")
    expect(worst).to_contain_text("5")
    worst.get_by_role("link").press("Enter")
    management.wait_for_url("**/process/quotation/**")


def _filtered(hr: Page, indicator: str) -> None:
    hr.goto(indicator)
    decide(hr, "修訂", reason="不計美元報價")
    press(hr, "修改")
    hr.fill("[name=filters-0-field]", "currency")
    hr.select_option("[name=filters-0-rule]", "not")
    hr.fill("[name=filters-0-value]", "USD")
    hr.get_by_role("button", name="保存", exact=True).press("Enter")
    hr.wait_for_url("**/details/**")


def _assessed(company: Any, cycle: Any, hr: Page, head: Page, clerk: Page) -> None:
    """Who assesses oneself on a phone sees no total before the publication, and nobody else's after it."""
    hr.goto(f"/admin/assessment_cycle/details/?id={cycle.id}")
    decide(hr, "開放")
    hr.get_by_role("link", name="生成考核表").click()
    expect(hr.locator("main")).to_contain_text("林曉梅")
    assert not SHEET.objects(cycle=cycle.id)
    hr.locator("main form[action*='/lead/'] button").first.press("Enter")
    hr.wait_for_url("**/details/**")

    (own,) = SCORES.objects(cycle=cycle.id, employee=company.users["clerk_sal"], kind="own")
    clerk.goto(f"/admin/score_sheet/edit/?id={own.id}")
    clerk.fill("[name=scores-0-score]", "50")
    clerk.get_by_role("button", name="保存", exact=True).tap()
    clerk.wait_for_url("**/details/**")
    decide(clerk, "發送")
    logins = {id: login for login, id in company.users.items()}
    for given in list(SCORES.objects(cycle=cycle.id, state="open")):
        send(company, given, MARKS[logins[given.ref("employee")]] if given.kind == "manager" else 50)
    sheets = {login: SHEET.objects.get(cycle=cycle.id, employee=company.users[login]) for login in MARKS}
    sheet = f"/admin/assessment/details/?id={sheets['clerk_sal'].id}"
    clerk.goto(sheet)
    expect(clerk.locator("main")).not_to_contain_text("84.29")
    head.goto(sheet)
    expect(head.locator("main")).to_contain_text("84.29")
    decide(head, "批准")
    for login, each in sheets.items():
        if login != "clerk_sal":
            rounds.act(SHEET, each, "approve", "management" if login == "head_sal" else "head_sal")
    hr.goto(f"/admin/assessment_cycle/details/?id={cycle.id}")
    decide(hr, "發佈")
    work_off(PUBLISH)
    clerk.reload()
    expect(clerk.locator("main")).to_contain_text("84.29")
    decide(clerk, "申訴", grounds="漏計十月的項目")
    hr.goto(f"/admin/assessment-results/effect?id={sheets['clerk_sal'].id}")
    hr.fill("#points", "9")
    hr.press("#points", "Enter")
    expect(hr.locator("main")).to_contain_text("84.29 → 93.29")
    hr.goto(sheet)
    decide(hr, "申訴成立", adjust_by="9", reason="屬實")
    clerk.reload()
    expect(clerk.locator("main")).to_contain_text("93.29")
    other = clerk.goto(f"/admin/assessment/details/?id={sheets['clerk_sal2'].id}")
    assert other
    assert other.status == 404
