"""Sheet mode over HTTP: cells are rehearsed and written by the gate, as one act, whoever else was there meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.words import L
from models.kernel.base.work_calendar import WorkCalendar
from models.kernel.gate import changes
from models.services.imports import series, sheet_mode
from models.services.work import bulk
from tests.fixtures.http import Browser, read_page

BASE = "/admin/customer/"
Cells = dict[str, str]


def sent(*rows: tuple[Any, Cells], seen: int | None = None, confirmed: bool = False) -> str:
    return json.dumps([
        {"id": str(record.id), "version": record.version if seen is None else seen, "cells": cells,
         "confirmed": confirmed}
        for record, cells in rows
    ])  # fmt: skip


def rehearsed(browser: Browser, *rows: tuple[Any, Cells], base: str = BASE, **more: Any) -> list[dict[str, Any]]:
    answer = browser.post(f"{base}sheet/", {"rows": sent(*rows, **more)})
    assert answer.status_code == 200, answer.text
    return answer.json["rows"]


def saved(browser: Browser, *rows: tuple[Any, Cells], once: str = "a", base: str = BASE, **more: Any) -> dict[str, Any]:
    answer = browser.post(f"{base}sheet/", {"rows": sent(*rows, **more), "sure": "1", "once": once})
    assert answer.status_code == 200, answer.text
    return answer.json


def kept(*records: Any, cls: str = "customer") -> list[tuple[Any, ...]]:
    rows = [get_db()[cls].find_one({"_id": record.id}) for record in records]
    return [(row.get("score"), row.get("level"), row.get("region")) for row in rows]


def entries() -> int:
    return get_db()["history"].count_documents({})


@pytest.fixture
def three(company: Any) -> list[Any]:
    return [company.make("customer", "clerk_sal", score=n, level="C", region="京") for n in (1, 2, 3)]


def test_a_rehearsal_says_each_cell_and_writes_nothing(three: list[Any], browser_as: Any) -> None:
    browser, before = browser_as("clerk_sal", locale="en"), entries()
    first, second, third = rehearsed(
        browser,
        (three[0], {"score": "３０", "region": "滬"}),
        (three[1], {"score": "2000"}),
        (three[2], {"score": "3"}),
    )
    assert (first["verdict"], first["cells"]["score"]) == ("change", {"text": "30", "value": "30"})
    assert second["verdict"] == "refused"
    assert "100" in second["problems"]["score"]
    assert third["verdict"] == "same"
    assert (kept(*three), entries()) == ([(1, "C", "京"), (2, "C", "京"), (3, "C", "京")], before)


def test_all_that_is_good_is_written_as_one_act_and_taken_back_whole(
    company: Any, three: list[Any], browser_as: Any
) -> None:
    browser = browser_as("clerk_sal", locale="en")
    done = saved(browser, (three[0], {"score": "31", "level": "a"}), (three[1], {"score": "32", "region": ""}))
    assert (done["saved"], [row["verdict"] for row in done["rows"]]) == (2, ["saved", "saved"])
    assert kept(*three) == [(31, "A", "京"), (32, "C", None), (3, "C", "京")]
    (act,) = bulk.of_person(company.actor("clerk_sal"))
    written = list(get_db()["history"].find({"batch": act.id}))
    assert (act.rows, len(written), {row["door"] for row in written}) == (2, 2, {"grid"})
    page = browser.page(done["url"])
    assert all(word in page.text for word in ("Set: Screening score, Level, Region",))
    back = browser.send(page.form("take_back/"))
    browser.send(read_page(back.text).form("take_back/"))
    assert kept(*three) == [(1, "C", "京"), (2, "C", "京"), (3, "C", "京")]


def test_what_comes_twice_is_written_once(three: list[Any], browser_as: Any) -> None:
    browser = browser_as("clerk_sal")
    rows = ((three[0], {"score": "31"}), (three[1], {"score": "nonsense"}))
    first = saved(browser, *rows)
    before = entries()
    again = saved(browser, *rows)
    assert (entries(), again["saved"], again["url"]) == (before, 1, first["url"])
    assert [row["verdict"] for row in again["rows"]] == ["saved", "refused"]
    assert again["rows"][0]["version"] == first["rows"][0]["version"]


def test_refused_rows_and_those_of_others_stay_out(company: Any, three: list[Any], browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    changes.update(type(three[1]), three[1].id, {"score": 77}, actor=company.actor("head_sal"), version=1)
    done = saved(
        browser, (three[0], {"score": "31"}), (three[1], {"score": "32", "region": "滬"}), (three[2], {"score": "101"})
    )
    assert [row["verdict"] for row in done["rows"]] == ["saved", "conflict", "refused"]
    theirs = done["rows"][1]
    assert (theirs["cells"]["score"]["text"], theirs["cells"]["region"]["text"]) == ("77", "京")
    assert kept(*three) == [(31, "C", "京"), (77, "C", "京"), (3, "C", "京")]
    mine = saved(browser, (three[1], {"score": "32"}), once="b", seen=theirs["version"])
    assert (mine["saved"], kept(three[1])) == (1, [(32, "C", "京")])


def test_a_row_that_is_refused_only_while_all_are_written_leaves_the_others(
    company: Any, three: list[Any], browser_as: Any, monkeypatch: Any
) -> None:
    write_row, known = sheet_mode.write_row, []

    def late(reader: Any, entry: Any, *given: Any) -> Any:
        known.append(entry.record.id)
        if entry.record.id == three[1].id:
            raise changes.Refused(L("Not now.", "現在不行。"))
        return write_row(reader, entry, *given)

    monkeypatch.setattr(sheet_mode, "write_row", late)
    done = saved(browser_as("clerk_sal", locale="en"), *((record, {"score": "50"}) for record in three))
    assert [row["verdict"] for row in done["rows"]] == ["saved", "refused", "saved"]
    assert done["rows"][1]["problems"] == {"": "Not now."}
    assert [row[0] for row in kept(*three)] == [50, 2, 50]
    assert get_db()["history"].count_documents({"batch": {"$ne": None}}) == 2, "nothing of the first try stands"


def test_the_server_takes_nothing_that_a_cell_would_not(company: Any, three: list[Any], browser_as: Any) -> None:
    browser, other = browser_as("clerk_sal"), browser_as("clerk_mkt")
    for cells in ({"name": "別名"}, {"owner": "x"}, {"state": "target"}, {"nonsense": "1"}):
        assert browser.post(f"{BASE}sheet/", {"rows": sent((three[0], cells))}).status_code == 403
    assert other.post(f"{BASE}sheet/", {"rows": sent((three[0], {"score": "9"}))}).status_code == 403
    for text in ("", "{", "[]", "[1]", '[{"id": "x", "version": 1, "cells": {}}]', '[{"id": 1}]', "[" * 2000):
        assert browser.post(f"{BASE}sheet/", {"rows": text}).status_code == 422
    missing = [{"id": "0" * 24, "version": 1, "cells": {"score": "1"}}]
    assert browser.post(f"{BASE}sheet/", {"rows": json.dumps(missing)}).json["rows"][0]["verdict"] == "gone"
    many = json.dumps([{"id": f"{n:024x}", "version": 1, "cells": {"score": "1"}} for n in range(501)])
    refused = browser.post(
        f"{BASE}sheet/", {"rows": many, "sure": "1", "once": "c"}, headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert refused.status_code == 422
    assert "501" in refused.json["message"]
    unsent = browser.client.post(f"{BASE}sheet/", data={"rows": sent((three[0], {"score": "9"}))})
    assert unsent.status_code == 400, "without the token"
    assert kept(three[0]) == [(1, "C", "京")]


def test_people_are_named_by_name_number_part_and_initials(company: Any, browser_as: Any) -> None:
    ticket = company.make("ticket", "clerk_svc")
    browser = browser_as("clerk_svc", locale="en")
    user = company.user("head_svc")
    for text in (user.name, user.number, "慧蓉", "xhr", f" {user.name} "):
        (row,) = rehearsed(browser, (ticket, {"assignee": text}), base="/admin/ticket/")
        assert (row["verdict"], row["cells"]["assignee"]["text"]) == ("change", user.title), text
    for text in ("沒有這個人", "e"):
        (row,) = rehearsed(browser, (ticket, {"assignee": text}), base="/admin/ticket/")
        assert row["verdict"] == "refused"
        assert text in row["problems"]["assignee"]


def test_choices_and_days_are_read_as_people_write_them(company: Any, browser_as: Any) -> None:
    offer = company.make("quotation", "clerk_sal")
    browser = browser_as("clerk_sal", locale="zh-Hant")
    for text in ("2027/3/1", "2027年3月1日", "２０２７-０３-０１", "20270301"):
        (row,) = rehearsed(browser, (offer, {"valid_until": text}), base="/admin/quotation/")
        assert (row["verdict"], row["cells"]["valid_until"]["value"]) == ("change", "2027-03-01"), text
    need = company.make("requirement", "clerk_mkt")
    browser = browser_as("clerk_mkt", locale="zh-Hant")
    for text in ("Urgent", "緊急", "紧急", "urgent"):
        (row,) = rehearsed(browser, (need, {"priority": text}), base="/admin/requirement/")
        assert (row["verdict"], row["cells"]["priority"]["text"]) == ("change", "緊急"), text


def test_a_draft_is_kept_for_its_person_alone(three: list[Any], browser_as: Any) -> None:
    mine, theirs = browser_as("clerk_sal", locale="en"), browser_as("clerk_sal2", locale="en")
    rows = '[{"id": "a", "cells": {"score": {"text": "密"}}}]'
    assert mine.post(f"{BASE}sheet/draft/", {"rows": rows}).json["at"]
    assert mine.get(f"{BASE}sheet/draft/").json["rows"] == json.loads(rows)
    assert theirs.get(f"{BASE}sheet/draft/").json["rows"] == []
    assert "密" not in str(list(get_db()["draft"].find()))
    assert f"{BASE}?sheet=1" in mine.page("/admin/").links
    assert "draft=sheet" not in mine.get(f"{BASE}new/").text
    mine.post(f"{BASE}sheet/draft/", {"rows": "[]"})
    assert mine.get(f"{BASE}sheet/draft/").json["rows"] == []


def test_rows_of_a_draft_come_with_the_rights_of_their_reader(company: Any, three: list[Any], browser_as: Any) -> None:
    ids = [str(record.id) for record in three[:2]] + ["0" * 24, "x"]
    shown = browser_as("clerk_sal").post(f"{BASE}sheet/rows/", {"id": ids})
    assert shown.text.count("data-select-row") == 2
    assert "data-select-row" not in browser_as("clerk_mkt").post(f"{BASE}sheet/rows/", {"id": ids}).text


@pytest.mark.parametrize(
    ("name", "texts", "further"),
    [
        ("valid_until", ["2027-03-04", "2027-03-05"], ["2027-03-08", "2027-03-09", "2027-03-10"]),
        ("valid_until", ["2027/3/1", "2027/3/3"], ["2027-03-05", "2027-03-09", "2027-03-11"]),
        ("valid_until", ["2027-03-06", "2027-03-07"], ["2027-03-08", "2027-03-09", "2027-03-10"]),
        ("valid_until", ["2027-03-01", "2027-03-08"], ["2027-03-15", "2027-03-22", "2027-03-29"]),
        ("valid_until", ["2027-01-29", "2027-02-05"], ["2027-02-12", "2027-02-19", "2027-02-26"]),
        ("valid_until", ["2027-01-01", "2027-02-01"], ["2027-03-01", "2027-04-01", "2027-05-03"]),
        ("valid_until", ["2027-03-04"], ["2027-03-04"] * 3),
        ("valid_until", ["2027-03-04", "soon"], ["2027-03-04", "soon", "2027-03-04"]),
        ("subject", ["甲", "乙"], ["甲", "乙", "甲"]),
        ("subject", [], []),
    ],
)
def test_a_column_goes_on(name: str, texts: list[str], further: list[str]) -> None:
    field = catalogue["quotation"]._fields[name]
    assert series.continued(field, texts, 3, WorkCalendar(), clock.today()) == further


def test_numbers_go_on_by_their_step(three: list[Any], browser_as: Any) -> None:
    browser = browser_as("clerk_sal")
    for texts, further in (
        (["1.5", "3"], ["4.5", "6.0"]), (["10", "8"], ["6", "4"]), (["1", "2", "4"], ["1", "2"]), (["7"], ["7", "7"]),
        (["0.1", "0.2"], ["0.3", "0.4"]),
    ):  # fmt: skip
        sending = {"name": "score", "texts": json.dumps(texts), "count": "2"}
        assert browser.post(f"{BASE}sheet/fill/", sending).json["texts"] == further
    assert browser.post(f"{BASE}sheet/fill/", {"name": "name", "texts": "[]"}).status_code == 403
    assert browser.post(f"{BASE}sheet/fill/", {"name": "score", "texts": "1", "count": "²"}).status_code == 422


def test_what_is_in_doubt_is_written_when_it_is_confirmed(
    company: Any, three: list[Any], browser_as: Any, monkeypatch: Any
) -> None:
    doubt = L("Really so many?", "確定這麼多？")
    cls = type(three[0])
    monkeypatch.setattr(cls, "warnings_of_change", lambda self, _: [("score", doubt)] if self.score == 99 else [])
    browser, rows = browser_as("clerk_sal", locale="en"), ((three[0], {"score": "99"}), (three[1], {"score": "9"}))
    first, second = rehearsed(browser, *rows)
    assert (first["verdict"], second["verdict"]) == ("doubt", "change")
    done = saved(browser, *rows)["rows"]
    assert [row["verdict"] for row in done] == ["doubt", "saved"]
    assert first["problems"] == done[0]["problems"] == {"score": "Really so many?"}
    assert saved(browser, rows[0], once="b", confirmed=True)["saved"] == 1
    assert [row[0] for row in kept(*three)] == [99, 9, 3]
