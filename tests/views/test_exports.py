"""Exports of lists: lines of JSON, and long ones, which are written in the background and fetched later."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT
from models.kernel.gate import changes
from models.services.work import exports, jobs
from tests.fixtures.doing import work_off
from tests.fixtures.http import said
from views.lists import export_jobs

BASE = "/admin/customer/"


@pytest.fixture
def clerk(company: Any, browser_as: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(export_jobs, "AT_ONCE_MAX", {"csv": 2, "jsonl": 2, "xlsx": 2})
    for name in ("=1+1", "甲", "乙"):
        company.make("customer", "clerk_sal", name=name, score=70, region="蘇州" if name == "甲" else "上海")
    return browser_as("clerk_sal", locale=HANT)


def test_lines_of_json_are_what_the_api_says(company, clerk):
    answer = clerk.get(BASE + "export/jsonl/", {"f.region": "蘇州", "at_once": "1"})
    assert (answer.mimetype, answer.headers["Content-Disposition"][:10]) == ("application/jsonl", "attachment")
    (row,) = [json.loads(line) for line in answer.get_data().decode().splitlines()]
    assert (row["name"], row["score"], row["number"][:3]) == ("甲", 70, "CU-")


def test_a_long_one_is_written_in_the_background(company, clerk, browser_as, db):
    kept = {}
    for kind in ("csv", "xlsx", "jsonl"):
        page = clerk.page(BASE + f"export/{kind}/", {"sort": "name"})
        assert "超過 2 行" in page.text
        assert (f"{BASE}export/{kind}/?sort=name&at_once=1" in page.links) == (kind != "xlsx")
        answer = clerk.send(page.form("/order/"))
        way = answer.headers["Location"]
        id = way.split("id=")[1]
        assert "正在生成文件" in clerk.page(way).text
        assert clerk.get(f"{BASE}exported/progress/?id={id}").get_json()["is_open"]
        assert clerk.get(f"{BASE}exported/file/?id={id}").status_code == 404
        work_off("exports.write")
        assert "3 行" in clerk.page(way).text
        kept[kind] = clerk.get(f"{BASE}exported/file/?id={id}").get_data()
        assert browser_as("clerk_sal2").get(f"{BASE}exported/file/?id={id}").status_code == 404
        assert clerk.get(f"/admin/product/exported/file/?id={id}").status_code in (403, 404)
    at_once = clerk.get(BASE + "export/csv/", {"sort": "name", "at_once": "1"}).get_data()
    assert kept["csv"] == at_once
    assert b"'=1+1" in at_once
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(kept["xlsx"])).get_sheet_by_index(0).to_python()
    assert [len(sheet), len(kept["jsonl"].splitlines())] == [4, 3]
    stored = str([*db["export"].find(), *db["export_part"].find()])
    assert "甲" not in stored
    assert clerk.page(BASE + "export/csv/", {"f.region": "蘇州", "at_once": "1"})


def test_with_the_rights_of_the_moment_and_the_same_after_a_kill(company, clerk, db):
    answer = clerk.send(clerk.form(BASE + "export/csv/", "/order/"))
    item = exports.find(answer.headers["Location"].split("id=")[1], company.actor("clerk_sal"))
    db["export_part"].insert_one({"export": item.id, "n": 0, "data": b"what a killed attempt has left"})
    user = company.user("clerk_sal")
    changes.update(type(user), user.id, {"active": False}, actor=SYSTEM, version=None)
    work_off("exports.write")
    assert exports.load(item.id).bytes is None
    changes.update(type(user), user.id, {"active": True}, actor=SYSTEM, version=None)
    db[jobs.COLLECTION].update_one({"_id": item.run}, {"$set": {"state": jobs.QUEUED}})
    work_off("exports.write")
    item = exports.load(item.id)
    assert b"".join(exports.content(item)).decode("utf-8-sig").count("CU-") == catalogue["customer"].objects.count()
    file = f"{BASE}exported/file/?id={item.id}"
    assert clerk.get(file).status_code == 200
    changes.update(type(user), user.id, {"department": company.department("MKT")}, actor=SYSTEM, version=None)
    answer = clerk.get(file)  # it holds what its person no longer reads
    assert answer.status_code == 403
    assert b"CU-" not in answer.data


def test_a_sheet_that_has_no_room_says_so(clerk, monkeypatch):
    monkeypatch.setattr("views.lists.export.XLSX_ROWS_MAX", 2)
    answer = clerk.get(BASE + "export/xlsx/")
    assert answer.status_code == 422
    assert "CSV" in said(answer)
