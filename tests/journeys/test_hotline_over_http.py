"""The hotline: while the customer talks, they are found, and what is known stands beside the form (2.4.1, 2.4.5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models import catalogue, public_reading
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.sales.customers import Contact
from models.sales.quotations import OfferLine
from tests.fixtures.http import read_page


@pytest.fixture
def customer(company: Any) -> Any:
    contact = Contact(name="李工", phone="138 0000 4321", mail="li@example.com")
    return company.make("customer", "clerk_sal", name="華東精密機械有限公司", contacts=[contact])


@pytest.mark.parametrize("text", ["13800004321", "138 0000 4321", "精密", "hdjm", "CU-", "li@example.com"])
def test_the_customer_is_found_by_phone_name_initials_number_and_mail(
    text: str, customer: Any, browser_as: Any
) -> None:
    answer = browser_as("clerk_svc").get("/admin/ticket/ajax/lookup/", {"field": "customer", "query": text})
    assert [row["id"] for row in answer.get_json()["results"]] == [str(customer.id)]


def test_open_tickets_and_contracts_stand_beside_the_form(customer: Any, company: Any, browser_as: Any) -> None:
    ticket = company.make("ticket", "clerk_svc", customer=customer.id, subject="輸送機停機")
    over = company.walk(company.make("ticket", "clerk_svc", customer=customer.id, subject="舊問題"), "solved")
    browser = browser_as("clerk_svc")
    page = browser.get("/admin/ticket/new/", {"customer": customer.id})
    assert ticket.number in page.text
    assert over.number not in page.text
    lists = browser.post("/admin/ticket/beside/", {"customer": str(customer.id)})
    assert ticket.number in lists.text
    others = browser.post("/admin/ticket/beside/", {"customer": "$ne"})
    assert others.status_code == 200
    assert ticket.number not in others.text
    supervisor = browser_as("clerk_mkt").post("/admin/ticket/beside/", {"customer": str(customer.id)})
    assert ticket.number not in supervisor.text


def test_what_the_customer_has_bought_stands_beside_the_form(customer: Any, company: Any, browser_as: Any) -> None:
    product = company.make("product", name="輥筒輸送機 RC-60")
    line = {"product": product.id, "quantity": 2, "unit_price": 100}
    contract = company.make("contract", "clerk_sal", customer=customer.id, lines=[OfferLine(**line)])
    clerk, named = browser_as("clerk_svc"), {"customer": str(customer.id)}
    assert product.title not in clerk.post("/admin/ticket/beside/", named).text  # nothing is signed yet
    company.walk(contract, "signed")
    assert product.title in clerk.post("/admin/ticket/beside/", named).text
    assert product.title in clerk.get("/admin/ticket/new/", named).text
    assert product.title not in browser_as("clerk_mkt").post("/admin/ticket/beside/", named).text


def test_a_computed_link_is_called_by_its_title_while_the_form_is_typed(company: Any, browser_as: Any) -> None:
    table = company.walk(company.make("service_level_table", "head_svc", name="常規時限"), "in_force")
    computed = browser_as("clerk_svc").post("/admin/ticket/compute/", {"subject": "停機"}).get_json()["values"]
    assert table.title in computed["levels"]


def test_articles_are_suggested_until_their_review_is_overdue(company: Any, browser_as: Any) -> None:
    cls = catalogue["knowledge_article"]
    article = company.make("knowledge_article", "clerk_svc", question="輥筒輸送機跑偏異響", answer="調整張緊機構。")
    browser, typed = browser_as("clerk_svc"), {"subject": "輸送機異響", "description": "兩小時後跑偏"}
    assert article.number not in browser.post("/admin/ticket/beside/", typed).text  # nobody has approved it yet
    article = company.walk(article, "published")
    assert article.number in browser.post("/admin/ticket/beside/", typed).text
    assert article.number not in browser.post("/admin/ticket/beside/", {"subject": "發票抬頭"}).text
    past = {"review_on": dt.date(2020, 1, 1)}
    changes.update(cls, article.id, past, actor=SYSTEM, version=None)
    assert article.number not in browser.post("/admin/ticket/beside/", typed).text


def test_a_ticket_becomes_an_article_in_one_action_and_editions_follow_each_other(company: Any) -> None:
    ticket = company.walk(company.make("ticket", "clerk_svc", subject="通訊中斷"), "solved", solution="升級固件。")
    clerk = company.actor("clerk_svc")
    (article,) = changes.follow_up(type(ticket), ticket.id, "write_article", actor=clerk)
    (again,) = changes.follow_up(type(ticket), ticket.id, "write_article", actor=clerk)
    assert article.id == again.id
    assert (article.question, article.ref("ticket"), article.edition) == ("通訊中斷", ticket.id, 1)
    article = company.walk(article, "published")
    (second,) = changes.follow_up(type(article), article.id, "revise", actor=clerk)
    assert (second.edition, second.ref("replaces"), second.state) == (2, article.id, "draft")
    assert type(article).objects.get(id=article.id).state == "published"
    company.walk(second, "published")
    assert type(article).objects.get(id=article.id).state == "superseded"


def test_everybody_reads_public_articles_and_says_whether_they_helped(company: Any, app: Any, browser_as: Any) -> None:
    article = company.make(
        "knowledge_article", "clerk_svc", question="如何備份程序", answer="三步完成。", audience="public"
    )
    inside = company.walk(company.make("knowledge_article", "clerk_svc", question="內部報價規則"), "published")
    client, path = app.test_client(), f"/p/knowledge_article/all/{article.number}"
    assert client.get(path, buffered=True).status_code == 404  # nobody has approved it yet
    article = company.walk(article, "published")
    page = client.get("/p/knowledge_article/all/?q=備份", buffered=True).text
    assert article.question in page
    assert inside.question not in client.get("/p/knowledge_article/all/", buffered=True).text
    hidden = client.get(f"/p/knowledge_article/all/{inside.number}", buffered=True)
    unknown = client.get("/p/knowledge_article/all/KB-0000", buffered=True)
    assert (hidden.status_code, hidden.text) == (unknown.status_code, unknown.text) == (404, unknown.text)
    shown = client.get(path, buffered=True)
    assert "三步完成。" in shown.text
    form = read_page(shown.text).form(path)
    assert client.post(path, data={**form, "helped": "yes"}, buffered=True).status_code == 200
    assert client.post(path, data={**form, "helped": "yes"}, buffered=True).status_code == 429
    assert client.post(path, data={"helped": "yes"}, buffered=True).status_code in (422, 429)
    assert public_reading.counts_of(article) == {"viewed": 1, "helped": 1, "not_helped": 0}
    assert "/p/knowledge_article/all/" in client.get("/p/", buffered=True).text
    inside_page = browser_as("clerk_svc").get("/admin/knowledge_article/details/", {"id": article.id})
    assert path in inside_page.text
