"""Every list of lines with `done=`: its page, its list and its board say how many are done, of how many (4c)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.kernel.base.words import speaking
from tests.fixtures._types import types_with
from tests.fixtures.http import reader
from views.kinds import kind_of
from views.lists.listing import choosable

DONE, ALL = 3, 8
SAID = "已完成 3/8"
NOON = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def checklists_of(declared: Any) -> list[str]:
    return [name for name, field in declared.own_fields.items() if field.columns and field.done]


@types_with(checklists_of)
def test_a_checklist_says_how_far_it_is(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    login, declared = reader(company, cls, record), cls.declared
    browser, [name, *_] = browser_as(login), checklists_of(declared)
    field = declared.own_fields[name]
    column = field.columns[field.done]
    filled = True if column.is_flag else NOON
    lines = [{"key": str(at), field.done: filled if at < DONE else None} for at in range(ALL)]
    cls._get_collection().update_one({"_id": record.id}, {"$set": {name: lines}})
    assert SAID in browser.get(f"/admin/{declared.name}/details/?id={record.id}").text
    assert name in choosable(cls, company.actor(login))
    pages = [f"/admin/{declared.name}/"] if name in declared.grid.columns else []
    pages += [f"/admin/board/{declared.name}/"] if declared.workflow else []
    for page in pages:
        assert SAID in browser.get(page).text, page
    with speaking("en"):
        assert kind_of(field).plain(lines) == "3 of 8 done"
