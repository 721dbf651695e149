"""The record page: where a case stands and since when, who is next, moves of what was seen, mentions, compare, PDF."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import pypdf
import pypdfium2
import pytest

from models.kernel.base import clock, people
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, comments
from models.kernel.rights import mentions
from models.services.keeping.time_in_state import moves_of, stays_of
from tests.fixtures.company import Company
from tests.fixtures.http import COMMANDS, Browser, read_page, said

SCRIPT = {"X-Requested-With": "XMLHttpRequest"}
MONDAY = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)  # nine in the morning, company time


def at(patch: pytest.MonkeyPatch, hours: float) -> None:
    patch.setattr(clock, "now", lambda: MONDAY + dt.timedelta(hours=hours))


def quotation(company: Company) -> Any:
    return company.make("quotation", "clerk_sal", subject="傳感器採購")


def address(record: Any, page: str = "details", more: str = "") -> str:
    return f"/admin/{record.type_name()}/{page}/?id={record.id}{more}"


def test_time_in_each_state_counts_every_stay(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 0)
    record = quotation(company)
    me, head = company.actor("clerk_sal"), company.actor("head_sal")
    cls = type(record)
    for hours, verb, actor, reason in (
        (2, "submit", me, ""),
        (5, "return", head, "too dear"),
        (24, "submit", me, ""),
    ):
        at(monkeypatch, hours)
        context = changes.Context(reason=reason)
        record = changes.move(cls, record.id, verb, actor=actor, version=record.version, context=context)
    at(monkeypatch, 26)
    draft, submitted = stays_of(record, moves_of(record.id))
    assert (draft.state, draft.times, draft.is_now) == ("draft", 2, False)
    assert draft.elapsed == dt.timedelta(hours=2 + 19)
    assert draft.working == dt.timedelta(hours=2 + 4)
    assert (submitted.times, submitted.is_now) == (2, True)
    assert submitted.elapsed == dt.timedelta(hours=3 + 2)


def test_the_page_says_who_is_next_and_their_deputy(company: Company, browser_as: Callable[..., Browser]) -> None:
    record = quotation(company)
    record = company.walk(record, "submitted")
    page = browser_as("clerk_sal").get(address(record)).text
    assert "王建國" in read_page(page).text
    absence = {"absent_from": clock.today(), "deputy": company.users["clerk_sal2"]}
    changes.update(type(company.user("head_sal")), company.users["head_sal"], absence, actor=SYSTEM, version=None)
    text = browser_as("clerk_sal").page(address(record)).text
    assert "陳志遠（代 王建國）" in text
    assert people.named_at([f"user:{company.users['clerk_sal']}"]) == [people.Named("林曉梅")]


def test_the_record_page_asks_the_database_little(company: Company, browser_as: Callable[..., Browser]) -> None:
    record = company.walk(quotation(company), "sent")
    clerk = browser_as("clerk_sal")
    clerk.get(address(record))
    counts = []
    for _ in range(2):
        seen: list[str] = []
        COMMANDS.listeners.append(lambda command, seen=seen: seen.append(next(iter(command))))
        assert clerk.get(address(record)).status_code == 200
        COMMANDS.listeners.clear()
        counts.append(len(seen))
        for number in range(5):
            comments.comment(type(record), record.id, f"{number}", actor=company.actor("clerk_sal2"))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_a_move_is_of_the_version_its_reader_came_from(company: Company, browser_as: Callable[..., Browser]) -> None:
    record = company.walk(quotation(company), "submitted")
    head = browser_as("head_sal")
    (way,) = [link for link in head.page(address(record)).links if "verb=approve" in link]
    changes.update(type(record), record.id, {"subject": "另一主題"}, actor=SYSTEM, version=None)
    answer = head.send(head.form(way, "/move/"))
    assert answer.status_code == 409
    assert "另一主題" in answer.text


def test_the_dialog_of_a_move_is_a_fragment_and_its_answer_an_address(
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    record = company.walk(quotation(company), "submitted")
    head = browser_as("head_sal")
    way = address(record, "move", "&verb=return&part=dialog")
    text = head.get(way).text
    assert "<html" not in text
    form = head.form(way, "/move/")
    refused = head.send(form, reason="")
    assert (refused.status_code, "<html" in refused.text) == (422, False)
    assert "reason" in read_page(refused.text).errors
    done = head.send(form, reason="請重新報價")
    assert str(record.id) in done.get_json()["url"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("", {"clerk_sal2", "head_sal"}), ("head", {"head_sal"}), ("陳", {"clerk_sal2"}), ("趙", set())],
)
def test_colleagues_who_may_read_are_offered(
    company: Company, browser_as: Callable[..., Browser], typed: str, offered: set[str]
) -> None:
    record = quotation(company)
    answer = browser_as("clerk_sal").get("/admin/quotation/mention/", {"id": record.id, "query": typed}, headers=SCRIPT)
    assert {result["login"] for result in answer.get_json()["results"]} == offered
    assert browser_as("clerk_mkt").get(address(record, "mention"), headers=SCRIPT).status_code in (403, 404)
    assert browser_as("supervisor").get(address(record, "mention"), headers=SCRIPT).status_code == 403


def test_who_may_not_read_is_not_told_and_the_writer_learns_it(
    company: Company, browser_as: Callable[..., Browser], db: Any
) -> None:
    record = quotation(company)
    db["notice"].delete_many({})
    clerk = browser_as("clerk_sal2")
    clerk.post("/admin/quotation/comment/", {"id": record.id, "comment": "@head_sal. @clerk_mkt @nobody a@hr.example"})
    names = {row["person"] for row in db["notice"].find({})}
    assert names == {company.users["head_sal"], company.users["clerk_sal"]}
    text = clerk.page(address(record)).text
    assert "@clerk_mkt" in text
    assert "@nobody" in text
    called = mentions.called_in(record, "@clerk_mkt, @hr @head_sal")
    assert (called.barred, called.informed) == (("clerk_mkt", "hr"), (company.users["head_sal"],))


def test_two_versions_stand_side_by_side(company: Company, browser_as: Callable[..., Browser]) -> None:
    record = quotation(company)
    me = company.actor("clerk_sal")
    record = changes.update(type(record), record.id, {"subject": "乙"}, actor=me, version=record.version)
    record = changes.update(type(record), record.id, {"subject": "丙"}, actor=me, version=record.version)
    page = browser_as("clerk_sal").page(address(record, "history", f"&version={record.version}&with=1"))
    assert ["主題", "傳感器採購", "丙"] in page.rows
    assert browser_as("clerk_sal").get(address(record, "history", "&version=999&with=-1")).status_code == 200


@pytest.mark.parametrize(
    ("locale", "words"), [("en", "Workflow history"), ("zh-Hant", "辦理過程"), ("zh-Hans", "办理过程")]
)
def test_a_record_becomes_a_document(
    company: Company, browser_as: Callable[..., Browser], locale: str, words: str
) -> None:
    record = company.walk(quotation(company), "approved")
    clerk = browser_as("clerk_sal", locale=locale)
    answer = clerk.get(address(record, "print"))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
    for expected in (words, record.number, "林曉梅"):
        assert expected in text, said(answer)


def test_a_documents_words_stay_on_the_paper_and_its_totals_say_their_currency(
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    customer = company.make("customer", "clerk_sal")
    line = type(customer)._fields["contacts"].field.document_type
    mails = ("jingting.guo@jianye.example.com", f"{'long' * 14}@{'nowhere.' * 7}example.com")
    content = {"contacts": [line(name="郭靜婷", job="倉儲物流經理", phone="18500000527", mail=mail) for mail in mails]}
    changes.update(type(customer), customer.id, content, actor=SYSTEM, version=None)
    pages = {
        cls.type_name(): browser_as("clerk_sal").get(address(cls, "print")).data
        for cls in (customer, quotation(company))
    }
    for result in map(pypdfium2.PdfDocument, pages.values()):
        for page in result:
            text = page.get_textpage()
            edge = max(text.get_charbox(at)[2] for at in range(text.count_chars()))
            assert edge <= page.get_width() - 18 * 72 / 25.4 + 1
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pages["quotation"])).pages)
    assert "狀態：草稿" in text
    assert re.search(r"合計\s*人民幣 [0-9,]+\.[0-9]{2}", text)


def test_a_document_obeys_rights_and_is_noted(company: Company, browser_as: Callable[..., Browser], db: Any) -> None:
    record = quotation(company)
    for login in ("clerk_mkt", "it", "hr"):
        assert browser_as(login).get(address(record, "print")).status_code in (403, 404)
    assert db["history"].count_documents({"verb": "export"}) == 0
    browser_as("management").get(address(record, "print"))
    (entry,) = db["history"].find({"verb": "export"})
    assert (entry["record"], entry["actor"]) == (record.id, company.users["management"])


def test_quoted_lines_at_the_end_of_a_comment_are_folded(company: Company, browser_as: Callable[..., Browser]) -> None:
    record, me = quotation(company), company.actor("clerk_sal")
    comments.comment(type(record), record.id, "已經好了。\n\n> 他寫道：\n> <b>請重啟</b>", actor=me)
    comments.comment(type(record), record.id, "> 舊\n答在下面", actor=me)
    page = browser_as("clerk_sal").get(address(record)).text
    [folded] = re.findall(r'<details class="quoted">.*?</details>', page, re.DOTALL)
    assert "&gt; 他寫道：\n&gt; &lt;b&gt;請重啟" in folded
    assert "已經好了。" in page.replace(folded, "")
    assert "&gt; 舊\n答在下面" in page
