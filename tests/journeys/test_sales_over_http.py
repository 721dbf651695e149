"""The story of the engine over HTTP: quoted, approved, contracted, ordered, delivered, paid, by those it names."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.sales.credit_code import check_digit
from tests.fixtures.company import PDF, Company
from tests.fixtures.http import Browser, id_in, read_page, said

CODE = "91320500MA1XWJ8L23"


def step(browser: Browser, type_name: str, id: Any, verb: str, **values: Any) -> Any:
    """Make a move as a person does: open its page, fill in what it asks, press the button."""
    form = browser.form(f"/admin/{type_name}/move/", "/move/", id=str(id), verb=verb)
    return browser.send(form, **values)


def state(type_name: str, id: Any) -> str:
    return get_db()[type_name].find_one({"_id": id})["state"]


def lines(product: Any, quantity: str, price: str, discount: str = "0") -> dict[str, str]:
    return {
        "lines-0-product": str(product), "lines-0-quantity": quantity, "lines-0-unit_price": price,
        "lines-0-discount": discount,
    }  # fmt: skip


def test_from_the_first_customer_to_the_last_payment(  # noqa: PLR0915 - one story
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    clerk, head, legal = browser_as("clerk_sal"), browser_as("head_sal"), browser_as("legal")
    product = company.make("product", "head_sal", code="SN-1", list_price=Decimal(100), floor_price=Decimal(80))
    product = company.walk(product, "active")

    # 1 a customer: the wrong code is refused beside its field and everything typed is kept
    form = clerk.form("/admin/customer/new/")
    typed = {"name": "蘇州恒遠精密機械有限公司", "score": "80", "level": "A", "contacts-0-name": "王芳"}
    refused = clerk.send(form, **typed, credit_code="91320500MA1XWJ8L2X")
    assert refused.status_code == 422
    page = read_page(refused.text)
    assert page.errors["credit_code"]
    assert page.form("/new/")["name"] == typed["name"]
    customer = id_in(clerk.send(page.form("/new/"), credit_code=good_code()))
    double = clerk.send(clerk.form("/admin/customer/new/"), **{**typed, "name": "蘇州恒遠精密機械有限公司"})
    assert double.status_code == 422
    assert "confirm" in double.text

    # 2 a quotation below the floor price goes to the head, one within the limits approves by itself
    form = clerk.form("/admin/quotation/new/")
    sheet = {"customer": str(customer), "subject": "傳感器採購", "valid_until": day(30), **lines(product.id, "3", "90")}
    easy = id_in(clerk.send(form, **sheet))
    assert step(clerk, "quotation", easy, "submit").status_code == 302
    assert state("quotation", easy) == "approved"
    cheap = id_in(clerk.send(clerk.form("/admin/quotation/new/"), **{**sheet, **lines(product.id, "10", "70")}))
    step(clerk, "quotation", cheap, "submit")
    assert state("quotation", cheap) == "submitted"
    assert get_db()["quotation"].find_one({"_id": cheap})["total"].to_decimal() == Decimal("700.00")
    inbox = head.page("/admin/inbox/")
    assert any(str(cheap) in link for link in inbox.links)
    assert not any(str(cheap) in link for link in clerk.page("/admin/inbox/").links)
    missing = step(head, "quotation", cheap, "return")
    assert missing.status_code == 422, "a return needs a reason"
    step(head, "quotation", cheap, "return", reason="價格過低")
    assert "價格過低" in clerk.get("/admin/").text
    step(clerk, "quotation", cheap, "submit")
    assert step(head, "quotation", cheap, "approve").status_code == 302
    for verb in ("send", "accept"):
        step(clerk, "quotation", cheap, verb)
    assert state("quotation", cheap) == "accepted"

    # 3 the contract, in one action; asked for twice, it is the same one
    record_page = clerk.page("/admin/quotation/details/", {"id": str(cheap)})
    contract = id_in(clerk.send(record_page.form("/lead/"), verb="create_contract"))
    assert id_in(clerk.send(record_page.form("/lead/"), verb="create_contract")) == contract
    rights_and_duties = dict.fromkeys(
        ("our_rights", "our_obligations", "customer_rights", "customer_obligations"), "略"
    )
    plan = {
        "schedule-0-due": day(-40), "schedule-0-amount": "300", "schedule-0-condition": "預付款",
        "schedule-1-due": day(30), "schedule-1-amount": "399.99", "schedule-1-condition": "驗收後",
    }  # fmt: skip
    clerk.send(
        clerk.form("/admin/contract/edit/", id=str(contract)), **rights_and_duties, **plan, delivery_date=day(20)
    )
    uneven = step(clerk, "contract", contract, "submit")
    assert uneven.status_code == 422, "the schedule does not add up"
    clerk.send(clerk.form("/admin/contract/edit/", id=str(contract)), **{"schedule-1-amount": "400"})
    step(clerk, "contract", contract, "submit")
    assert state("contract", contract) == "legal_review"
    assert step(legal, "contract", contract, "approve").status_code == 302
    checklist = head.get("/admin/contract/details/", {"id": str(contract)}).text
    assert "合同掃描件" in checklist
    assert step(head, "contract", contract, "sign", signed_on=day(0)).status_code == 422, "the scan is missing"
    attach(head, "contract", contract, "scan", "合同.pdf", PDF)
    assert step(head, "contract", contract, "sign", signed_on=day(0)).status_code == 302
    assert state("contract", contract) == "signed"
    assert state("customer", customer) == "customer"
    closed = head.get("/admin/contract/edit/", {"id": str(contract)})
    assert closed.status_code == 403, "a signed contract is read-only"
    owed = list(get_db()["receivable"].find({"contract": contract}).sort("instalment", 1))
    assert [row["amount"].to_decimal() for row in owed] == [Decimal("300.00"), Decimal("400.00")]

    # 4 the order: production and logistics acknowledge and move it on
    order = id_in(
        clerk.send(clerk.page("/admin/contract/details/", {"id": str(contract)}).form("/lead/"), verb="create_order")
    )
    change = {
        "milestones-0-name": "出廠檢驗", "milestones-0-due": day(10),
        "changes-0-kind": "customer_change", "changes-0-impact": "延期兩天", "changes-0-decision": "同意",
    }  # fmt: skip
    clerk.send(clerk.form("/admin/sales_order/edit/", id=str(order)), **change)
    step(clerk, "sales_order", order, "hand_over")
    maker, mover = browser_as("clerk_prd"), browser_as("clerk_log")
    early = step(maker, "sales_order", order, "produced")
    assert early.status_code == 422, "production has not acknowledged yet"
    maker.send(maker.form("/admin/sales_order/edit/", id=str(order)), production_ack="1")
    assert step(mover, "sales_order", order, "produced").status_code in (403, 422), "that is production's step"
    step(maker, "sales_order", order, "produced")
    mover.send(mover.form("/admin/sales_order/edit/", id=str(order)), logistics_ack="1")
    step(mover, "sales_order", order, "ship")
    assert step(clerk, "sales_order", order, "deliver").status_code == 422
    step(clerk, "sales_order", order, "deliver", delivered_on=day(0))
    step(clerk, "sales_order", order, "close")
    assert state("sales_order", order) == "closed"

    # 5 the money
    finance = browser_as("finance")
    book = {"receivable": str(owed[0]["_id"]), "paid_on": day(0), "method": "transfer", "reference": "BK-1"}
    too_much = finance.send(finance.form("/admin/payment/new/"), **book, amount="300.01")
    assert too_much.status_code == 422, said(too_much)
    assert "amount" in read_page(too_much.text).errors, read_page(too_much.text).errors
    assert state("receivable", owed[0]["_id"]) == "open"
    id_in(finance.send(finance.form("/admin/payment/new/"), **book, amount="100"))
    assert state("receivable", owed[0]["_id"]) == "partly_paid"
    report = finance.page(f"/admin/analysis/receivable/?show=customer-due.outstanding&f.customer={customer}")
    assert "200.00" in report.text
    assert "400.00" in report.text
    id_in(finance.send(finance.form("/admin/payment/new/"), **book, amount="200"))
    assert state("receivable", owed[0]["_id"]) == "paid"

    # 6 the record page shows links both ways, files and who changed what
    page = head.page("/admin/contract/details/", {"id": str(contract)})
    assert any(str(order) in link for link in page.links)
    assert any(str(cheap) in link for link in page.links)
    assert "合同.pdf" in page.text
    assert "陳" not in page.facts.get("", "")
    history = head.get("/admin/contract/history/", {"id": str(contract)}).text
    assert "399.99" in history
    assert "400.00" in history

    # 7 who sees what
    watcher = browser_as("supervisor")
    assert watcher.get("/admin/contract/details/", {"id": str(contract)}).status_code == 200
    assert watcher.get("/admin/contract/edit/", {"id": str(contract)}).status_code == 403
    for stranger in ("it", "clerk_mkt"):
        assert browser_as(stranger).get("/admin/contract/details/", {"id": str(contract)}).status_code in (403, 404)
        assert "蘇州恒遠" not in browser_as(stranger).get("/admin/search/", {"q": "恒遠"}).text
    assert browser_as("it").get("/admin/user/").status_code == 200


def test_an_absent_head_is_stood_in_for_and_marked(company: Company, browser_as: Callable[..., Browser]) -> None:
    customer = company.make("customer", "clerk_sal")
    product = company.walk(
        company.make("product", "head_sal", code="SN-2", list_price=Decimal(100), floor_price=Decimal(80)), "active"
    )
    clerk, deputy = browser_as("clerk_sal"), browser_as("clerk_sal2")
    sheet = {"customer": str(customer.id), "valid_until": day(30), **lines(product.id, "1", "50")}
    quotation = id_in(clerk.send(clerk.form("/admin/quotation/new/"), **sheet))
    step(clerk, "quotation", quotation, "submit")
    assert not any(str(quotation) in link for link in deputy.page("/admin/inbox/").links)

    head = browser_as("head_sal")
    form = head.form("/admin/account/", "/preferences")
    away = {"absent_from": day(-1), "absent_until": day(1), "deputy": str(company.user("clerk_sal2").id)}
    assert head.send(form, **away).status_code == 303
    assert any(str(quotation) in link for link in deputy.page("/admin/inbox/").links)
    assert step(deputy, "quotation", quotation, "approve").status_code == 302
    entry = get_db()["history"].find_one({"record": quotation, "verb": "approve"})
    assert entry["actor"] == company.user("clerk_sal2").id
    assert entry["acting_for"] == company.user("head_sal").id
    assert "代理" in head.get("/admin/quotation/details/", {"id": str(quotation)}).text


def test_two_people_edit_one_record_and_nothing_typed_is_lost(
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    customer = company.make("customer", "clerk_sal", name="甲公司", region="蘇州", industry="機械")
    first, second = browser_as("clerk_sal"), browser_as("clerk_sal2")
    mine = first.form("/admin/customer/edit/", id=str(customer.id))
    theirs = second.form("/admin/customer/edit/", id=str(customer.id))
    assert second.send(theirs, region="上海", industry="電子").status_code == 302
    lost = first.send(mine, region="北京", score="55")
    assert lost.status_code == 409
    page = read_page(lost.text)
    form = page.form("/edit/")
    assert (form["region"], form["score"]) == ("北京", "55"), "what was typed stands in the form"
    assert form["industry"] == "電子", "what only the other changed was taken over"
    assert {"上海", "蘇州"} <= set(re.findall("上海|蘇州", lost.text)), "both versions are shown"
    assert first.send(form, **{"take.region": "theirs"}).status_code == 302
    kept = get_db()["customer"].find_one({"_id": customer.id})
    assert (kept["region"], kept["score"], kept["industry"]) == ("上海", 55, "電子")


def test_a_form_sent_again_with_another_text_loses_nothing(
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/customer/new/")
    first = id_in(clerk.send(form, name="甲公司"))
    assert id_in(clerk.send(form, name="甲公司")) == first, "a double click means the same record"
    with clock.set_to(clock.now() + dt.timedelta(minutes=2)):
        again = clerk.send(form, name="乙公司")
        assert again.status_code == 409
        page = read_page(again.text)
        assert page.form("/new/")["name"] == "乙公司"
        assert id_in(clerk.send(page.form("/new/"))) != first


def test_a_research_report_needs_every_related_department(company: Company, browser_as: Callable[..., Browser]) -> None:
    clerk, head, other = browser_as("clerk_mkt"), browser_as("head_mkt"), browser_as("head_sal")
    sections = dict.fromkeys(("market_status", "competitors", "opportunities_threats", "recommendations"), "內容")
    related = [str(company.department(code)) for code in ("SAL", "MGT")]
    form = clerk.form("/admin/research_report/new/")
    report = id_in(clerk.send(form, subject="市場報告", period="2026", related_departments=related, **sections))
    step(clerk, "research_report", report, "submit")
    assert step(head, "research_report", report, "approve").status_code == 302
    assert step(other, "research_report", report, "agree").status_code == 302
    assert state("research_report", report) == "cross_review", "one department has not agreed yet"
    assert step(other, "research_report", report, "agree").status_code in (403, 422), "nobody agrees twice"
    step(browser_as("management"), "research_report", report, "agree")
    assert state("research_report", report) == "approved"
    refused = step(head, "research_report", report, "publish")
    assert refused.status_code == 422, "a scope is needed"
    cls = type(company.make("research_report", "clerk_mkt"))
    changes.update(cls, report, {"to_roles": ["finance"]}, actor=SYSTEM, version=None)
    assert step(head, "research_report", report, "publish").status_code == 302
    notices = list(get_db()["notice"].find({"kind": "published", "record": report}))
    assert [notice["person"] for notice in notices] == [company.user("finance").id]
    finance = browser_as("finance")
    for _ in range(2):
        assert finance.get("/admin/research_report/details/", {"id": str(report)}).status_code == 200
    reads = list(get_db()["history"].find({"record": report, "verb": "read"}))
    assert [read["actor"] for read in reads] == [company.user("finance").id]
    assert browser_as("legal").get("/admin/research_report/details/", {"id": str(report)}).status_code == 404


def attach(browser: Browser, type_name: str, id: Any, kind: str, name: str, content: bytes) -> None:
    data = {"id": str(id), "kind": kind, "csrf_token": browser.token, "file": (io.BytesIO(content), name)}
    answer = browser.client.post(f"/admin/{type_name}/attach/", data=data, content_type="multipart/form-data")
    assert answer.status_code == 302, said(answer)


def day(ahead: int) -> str:
    return (clock.today() + dt.timedelta(days=ahead)).isoformat()


def good_code() -> str:
    return CODE[:17] + check_digit(CODE[:17])
