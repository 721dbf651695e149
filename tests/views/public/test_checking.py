"""The check code of a paper (4.1): anybody learns whether it is genuine and the newest, and nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import flask
import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.gate import changes, papers
from models.kernel.gate.changes import Context
from models.services.papers import checking, making
from models.services.papers.making import paper_of
from tests.fixtures.doing import work_off

INSPECTION = catalogue["inspection"]
CURRENT, REPLACED, UNKNOWN = "且為最新版本", "已非最新版本", "查無此碼"


@pytest.fixture
def ask(app: flask.Flask) -> Any:
    """A stranger, who asks about a code from an address of their own."""

    def page(code: str, address: str = "198.51.100.7") -> Any:
        headers = {"Accept-Language": "zh-TW"}
        return app.test_client().get(
            "/p/check/", query_string={"code": code}, headers=headers, environ_base={"REMOTE_ADDR": address}
        )

    return page


def reported(company: Any, inspection: Any) -> tuple[Any, str]:
    """The inspection with one more report, and the code of that report."""
    fresh, actor = company.fresh(inspection), company.actor("supervisor")
    values = {"conclusion": f"第 {fresh.version} 版結論"}
    fresh = changes.update(INSPECTION, fresh.id, values, actor=actor, version=fresh.version)
    changes.move(INSPECTION, fresh.id, "report", actor=actor, version=fresh.version)
    work_off("papers.make")
    file = get_db()[FILES].find_one({"record_id": inspection.id, "kind": "report"}, sort=[("at", -1)])
    return company.fresh(inspection), file["code"]


def test_a_code_says_genuine_newer_or_unknown_and_nothing_else(company: Any, ask: Any, browser_as: Any) -> None:
    """A report, and after it was returned another one; typed in whatever way; removed with its record."""
    inspection = company.walk(company.make("inspection", "supervisor"), "in_progress")
    inspection, first = reported(company, inspection)
    blank = ask("")
    assert blank.status_code == 200
    assert not any(words in blank.text for words in (CURRENT, REPLACED, UNKNOWN))
    for typed in (first, first.lower().replace("-", " "), first.replace("0", "Ｏ").replace("1", "l")):
        assert CURRENT in ask(typed).text, typed
    returning = next(move for move in INSPECTION.declared.workflow.moves if move.verb == "return")
    with clock.set_to(clock.now() + dt.timedelta(days=3)):
        reason = Context(reason="補充照片")
        actor = company.who_may(inspection, returning)
        changes.move(INSPECTION, inspection.id, "return", actor=actor, version=inspection.version, context=reason)
        inspection, second = reported(company, inspection)
        day = clock.today().isoformat()
    assert second != first
    page = ask(first).text
    assert REPLACED in page
    assert day in page
    assert CURRENT in ask(second).text
    secrets = (inspection.number, inspection.subject, inspection.conclusion, str(INSPECTION.declared.label.hant))
    for text in (page, ask(second).text):
        assert not any(secret in text for secret in secrets)
    wrong = second[:-1] + ("A" if second[-1] != "A" else "B")
    assert UNKNOWN in ask(wrong).text
    assert "12 位" in ask("not a code").text

    # Colleagues are led to the record where they may read it.
    link = f"/admin/inspection/details/?id={inspection.id}"
    for login, is_led in (("supervisor", True), ("clerk_mkt", False)):
        text = browser_as(login).get("/admin/check/", {"code": second}).text
        assert CURRENT in text
        assert (link in text, inspection.number in text) == (is_led, is_led), login
    INSPECTION.collection().update_one({"_id": inspection.id}, {"$set": {"removed_at": clock.now()}})
    assert UNKNOWN in ask(second).text


def test_guesses_run_out_for_their_address_alone(company: Any, ask: Any) -> None:
    guesses = [f"{n:012X}" for n in range(checking.TRIES_PER_HOUR + 2)]
    assert [ask(code).status_code for code in guesses] == [200] * checking.TRIES_PER_HOUR + [429] * 2
    late = ask(guesses[0])
    assert "Retry-After" in late.headers
    assert "查詢次數過多" in late.text
    assert UNKNOWN not in late.text
    assert ask(guesses[0], "203.0.113.9").status_code == 200
    with clock.set_to(clock.now() + dt.timedelta(hours=1)):
        assert ask(guesses[0]).status_code == 200


def test_a_paper_by_a_button_and_one_with_a_page_of_its_own_promise_no_more(company: Any, ask: Any) -> None:
    notice = company.make("rectification_notice")
    answer = paper_of(type(notice), "answer")
    assert answer is not None
    assert not papers.content_of(notice, answer, company.actor("supervisor"), "zh-Hant")["has_proof"]
    assert papers.content_of(notice, answer, None, "zh-Hant")["has_proof"]
    certificate = company.make("certificate")
    work_off("papers.make")
    file = get_db()[FILES].find_one({"record_id": certificate.id})
    text = ask(file["code"]).text
    assert CURRENT not in text
    assert "掃描其上的二維碼" in text


def test_the_qr_code_leads_to_the_page(company: Any) -> None:
    inspection = company.walk(company.make("inspection", "supervisor"), "in_progress")
    paper = paper_of(INSPECTION, "report")
    assert paper is not None
    content = papers.content_of(inspection, paper, None, "en")
    code = papers.code_of(content)
    drawn = making._proof(content, f"https://example.com{checking.path_of(code)}")
    assert code in drawn["text"]
    assert drawn["svg"] != making._proof(content, "https://example.com/p/check/?code=other")["svg"]
