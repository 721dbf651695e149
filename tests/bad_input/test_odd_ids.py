"""Documents whose `_id` is none of a record: they cost no page, no job and no backup."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bson import Int64
from mongoengine.connection import get_db

from models import catalogue
from tests.fixtures.http import reader

ACROSS = ("/admin/", "/admin/inbox/", "/admin/search/?q=odd", "/admin/palette/?q=odd", "/admin/bin/")
IDS = ["abc", 7, Int64(2**40), 1.5, {"a": 1}, True, dt.datetime(2026, 11, 2, tzinfo=dt.UTC), b"\x00"]


@pytest.mark.parametrize("name", ["quotation", "customer", "document", "user", "backup", "backup_policy", "schedule"])
def test_pages(name: str, company: Any, browser_as: Any) -> None:
    cls = catalogue[name]
    record = company.make(name)
    rows = get_db()[name]
    sound = rows.find_one({"_id": record.id})
    unique = ("number", "login", *(("name",) if name in ("backup_policy", "schedule") else ()))
    rows.insert_many(
        {**sound, "_id": id, "once": None, **dict.fromkeys(unique, f"odd {at}")} for at, id in enumerate(IDS)
    )
    who = browser_as(reader(company, cls), locale="en")
    own = ("", "?sort=id", "?sort=-id", "?sort=number", "?q=odd", "totals/", "export/csv/", "export/xlsx/")
    paths = [*(f"/admin/{name}/{path}" for path in own), f"/admin/board/{name}/", f"/admin/calendar/{name}/", *ACROSS]
    answers = {path: who.get(path).status_code for path in paths}
    assert [path for path, code in answers.items() if code not in (200, 302, 404)] == []
    assert str(record.id) in who.get(f"/admin/{name}/").text
