"""Boards: which cards stand in which column, for whom; and moves that are made by the gate, or not."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history
from models.kernel.rights import rights
from tests.fixtures.http import COMMANDS, read_page, said
from views.lists import board, listing

XHR = {"X-Requested-With": "XMLHttpRequest"}
QUOTATIONS = "/admin/board/quotation/"


def columns(html):
    """The numbers of the cards and the count of each column."""
    parts = re.split(r'<section class="board-column" data-state="([a-z_]+)"', html)[1:]
    result = {}
    for state, part in zip(parts[::2], parts[1::2], strict=True):
        count = re.search(r'class="count"[^>]*>([0-9+]+)<', part)[1]
        result[state] = (count, re.findall(r'event-number">([^<]+)<', part))
    return result


def moves(browser, record):
    answer = browser.get(f"/admin/board/{record.type_name()}/moves/", {"id": record.id}, headers=XHR)
    return {move["verb"]: (move["target"], move["asks"]) for move in answer.get_json()["moves"]}


def make(browser, record, verb, *, version=None):
    data = {"id": record.id, "version": record.version if version is None else version, "verb": verb}
    return browser.post(f"/admin/board/{record.type_name()}/move/", data, headers=XHR)


def test_every_type_with_a_workflow(company, browser_as):
    for name, cls in catalogue.items():
        if cls.declared.workflow is None:
            continue
        record = company.make(name)
        login = next(login for login in company.logins if _sees(company, login, record))
        page = browser_as(login).get(f"/admin/board/{name}/")
        assert page.status_code == 200, f"{name}: {said(page)}"
        read_page(page.text)
        assert record.number in columns(page.text)[record.state][1]


def _sees(company, login, record):
    scope = rights.visible(company.actor(login), type(record))
    return scope is not None and type(record)._get_collection().find_one({**scope, "_id": record.id})


def test_cards_stand_in_the_column_of_their_state(company, browser_as):
    draft, sent = company.make("quotation", "clerk_sal"), company.walk(company.make("quotation", "clerk_sal"), "sent")
    row = columns(browser_as("clerk_sal").get(QUOTATIONS).text)
    assert row["draft"] == ("1", [draft.number])
    assert row["sent"] == ("1", [sent.number])
    assert row["accepted"] == ("0", [])
    assert columns(browser_as("clerk_sal").get(QUOTATIONS + "?f.state=sent").text) == {"sent": ("1", [sent.number])}


def test_the_count_is_the_count_of_the_list(company, browser_as, monkeypatch):
    made = [company.make("quotation", "clerk_sal") for _ in range(4)]
    company.make("quotation", "clerk_sal2")
    monkeypatch.setattr(board, "CARDS_MAX", 2)
    browser = browser_as("clerk_sal")
    html = browser.get(f"{QUOTATIONS}?f.owner={company.users['clerk_sal']}").text
    assert columns(html)["draft"] == ("4", [made[3].number, made[2].number])
    link = next(link for link in read_page(html).links if "f.state=draft" in link)
    rows = browser.get(urlsplit(link).path, parse_qsl(urlsplit(link).query)).text
    assert len(re.findall("data-select-row", rows)) == 4


def test_a_count_that_was_stopped_is_said_as_in_the_list(company, browser_as, monkeypatch):
    for _ in range(3):
        company.make("quotation", "clerk_sal")
    monkeypatch.setattr(listing, "COUNT_CAP", 2)
    browser = browser_as("clerk_sal", locale="en")
    assert re.search(r"f\.state=draft[^>]*>more than 2<", browser.get(QUOTATIONS).text)
    assert "more than 2 records" in browser.page("/admin/quotation/").text


def test_only_what_one_may_see(company, browser_as):
    quotation = company.make("quotation", "clerk_sal")
    for login in company.logins:
        page = browser_as(login).get(QUOTATIONS)
        assert page.status_code == (200 if rights.can_open(company.actor(login), type(quotation)) else 403), login
        assert (quotation.number in page.text) is bool(_sees(company, login, quotation)), login


def test_moves_of_a_card_are_those_of_the_reader(company, browser_as):
    contract = company.walk(company.make("contract", "clerk_sal"), "legal_review")
    assert moves(browser_as("legal"), contract) == {"approve": ("approved", False), "return": ("draft", True)}
    assert moves(browser_as("clerk_sal"), contract) == {"withdraw": ("draft", False)}
    assert moves(browser_as("management"), contract) == {}
    draft = company.make("contract", "clerk_sal")
    assert moves(browser_as("clerk_sal"), draft)["submit"][1] is True  # its page says what is missing
    assert browser_as("clerk_prd").get("/admin/board/contract/moves/", {"id": draft.id}).status_code in (403, 404)


def test_a_move_is_made_by_the_gate(company, browser_as):
    quotation = company.walk(company.make("quotation", "clerk_sal"), "approved")
    answer = make(browser_as("clerk_sal"), quotation, "send")
    assert answer.status_code == 200
    assert (answer.get_json()["state"], answer.get_json()["version"]) == ("sent", quotation.version + 1)
    assert company.fresh(quotation).state == "sent"
    assert history.entries_of(quotation.id, newest_first=True, limit=1)[0]["door"] == "board"


def test_what_is_not_made(company, browser_as):
    contract = company.walk(company.make("contract", "clerk_sal"), "legal_review")
    for login, verb, status in (
        ("clerk_sal", "approve", 403),
        ("management", "approve", 403),
        ("clerk_prd", "approve", 403),
        ("legal", "return", 422),  # without a reason
        ("legal", "sign", 422),
        ("legal", "nonsense", 422),
        ("legal", "", 422),
    ):
        answer = make(browser_as(login), contract, verb)
        assert answer.status_code == status, (login, verb, answer.get_json())
        assert answer.get_json()["message"]
    changes.update(type(contract), contract.id, {"subject": "另一主題"}, actor=SYSTEM, version=None)
    assert make(browser_as("legal"), contract, "approve").status_code == 409
    assert make(browser_as("legal"), contract, "approve", version="").status_code == 409
    assert company.fresh(contract).state == "legal_review"


def test_what_has_no_board(company, browser_as):
    assert browser_as("clerk_sal").get("/admin/board/nothing/").status_code == 404
    assert browser_as("clerk_sal").get("/admin/board/department/").status_code == 404
    assert browser_as("").get(QUOTATIONS).status_code == 303


def test_a_hidden_field_is_on_no_card(company, browser_as, monkeypatch):
    grid = catalogue["product"].declared.grid
    monkeypatch.setattr(board, "FACTS_MAX", len(grid.columns))
    product = company.make("product", "head_sal", floor_price="31.41", list_price="99.00")
    assert "31.41" in browser_as("head_sal").get("/admin/board/product/").text
    html = browser_as("clerk_sal").get("/admin/board/product/").text
    assert product.number in html
    assert "31.41" not in html


def test_questions_do_not_grow_with_rows(company, browser_as):
    browser, counts = browser_as("clerk_sal"), []
    for _ in range(2):
        for _ in range(3):
            company.make("quotation", "clerk_sal")
        browser.get(QUOTATIONS)
        names: list = []
        COMMANDS.listeners.append(lambda command, kept=names: kept.append(next(iter(command))))
        try:
            browser.get(QUOTATIONS)
        finally:
            COMMANDS.listeners.clear()
        counts.append(len(names))
    assert counts[0] == counts[1]
    assert counts[0] <= 10, counts


@pytest.mark.parametrize(
    "query", ["f.state=nonsense", "f.owner=zz", "q=%00", "f.total.from=x", "f.state=draft&f.state=sent"]
)
def test_nonsense_in_the_address(query, company, browser_as):
    assert browser_as("clerk_sal").get(f"{QUOTATIONS}?{query}").status_code == 200
