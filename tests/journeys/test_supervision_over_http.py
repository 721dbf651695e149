"""Supervision (4.1) as its people go through it: from the checklist to the paper that anybody can check."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.gate import changes
from tests.fixtures.doing import work_off
from tests.fixtures.http import Browser, said


def move(browser: Browser, kind: str, id: Any, verb: str, **values: Any) -> None:
    """Make one step by its page."""
    answer = browser.send(browser.form(f"/admin/{kind}/move/", id=id, verb=verb), **values)
    assert answer.status_code == 302, f"{verb}: {said(answer)}"


def save(browser: Browser, path: str, values: dict[str, Any], **query: Any) -> str:
    """Fill in a form, columns of lines by their names, and save it; returns the id of the record."""
    form = browser.form(path, **query)
    named = {name: re.split("[-.]", name)[-1] for name in form.controls}
    typed = {name: values[last] for name, last in named.items() if last in values and name not in values}
    answer = browser.send(form, **{name: value for name, value in values.items() if name in form.controls} | typed)
    assert answer.status_code == 302, said(answer)
    return answer.headers["Location"].partition("id=")[2]


def test_a_finding_is_put_right_and_its_papers_are_proved(company: Any, app: Any, browser_as: Any) -> None:
    """Checklist, finding, notice, rectification, and the code of its report, which a stranger types."""
    supervisor, clerk = browser_as("supervisor"), browser_as("clerk_sal")
    inspection = company.make("inspection", "supervisor", inspected=company.department("SAL"), about="2.2")
    move(supervisor, "inspection", inspection.id, "begin")
    save(supervisor, "/admin/inspection/edit/", {"conclusion": "一份合同未經審批。"}, id=inspection.id)
    move(supervisor, "inspection", inspection.id, "report")
    facts = {"subject": "合同先簽後審", "fact": "抽查十份，一份無審批記錄。", "evidence_on": clock.today().isoformat()}
    facts |= {"inspected": str(company.department("SAL")), "about": "2.2"}
    finding = save(supervisor, "/admin/finding/new/", facts, inspection=inspection.id)
    move(supervisor, "finding", finding, "confirm")
    content = {
        "subject": "合同審批整改",
        "findings": [ObjectId(finding)],
        "responsible": company.department("SAL"),
        "person": company.users["clerk_sal"],
        "due": clock.today() + dt.timedelta(days=10),
    }
    notice = changes.create(catalogue["rectification_notice"], content, actor=company.actor("supervisor")).id
    assert clerk.get("/admin/rectification_notice/details/", {"id": notice}).status_code == 404  # not issued yet
    move(supervisor, "rectification_notice", notice, "issue")
    move(clerk, "rectification_notice", notice, "acknowledge")
    page = clerk.send(clerk.form("/admin/rectification_notice/move/", id=notice, verb="submit"))
    assert page.status_code == 422  # neither measure nor evidence
    done = {"correction": "補辦審批", "cause": "無攔截", "action": "未審批不得簽署", "evidence": "流程截圖"}
    save(clerk, "/admin/rectification_notice/edit/", done, id=notice)
    move(clerk, "rectification_notice", notice, "submit")
    save(supervisor, "/admin/rectification_notice/edit/", {"result": "accepted"}, id=notice)
    move(supervisor, "rectification_notice", notice, "verify")
    assert catalogue["finding"].objects.get(id=finding).state == "closed"
    work_off("papers.make")
    files = list(get_db()[FILES].find({"record_id": {"$in": [inspection.id, notice]}, "code": {"$gt": ""}}))
    assert sorted(file["kind"] for file in files) == ["notice", "report", "report"]
    stranger = app.test_client()
    for file in files:
        said_to = stranger.get("/p/check/", query_string={"code": file["code"]}, headers={"Accept-Language": "zh-TW"})
        assert "且為最新版本" in said_to.text
