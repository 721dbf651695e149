"""Sheets with a row for each line: what groups rows, what is refused, written, corrected; also across batches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.services.imports import correcting, imports
from models.services.imports import rows as import_rows
from tests.fixtures.doing import work_off
from tests.models.test_imports import verdicts, wrong

HEADS = ["編號", "分組", "客戶", "明細：產品", "明細：數量", "單價", "有效期至"]
DAY = "2099-12-31"


@pytest.fixture
def offer(company: Any) -> Any:
    for code, name in (("P1", "閥門"), ("P2", "水泵")):
        KNOWN[name] = company.make("product", "head_sal", code=code, name=name, list_price=Decimal(10)).number
    return company.make("customer", "clerk_sal", name="甲公司")


KNOWN: dict[str, str] = {}


def numbered(rows: Any) -> list[list[str]]:
    """Rows with the numbers of products in place of their names."""
    return [[KNOWN.get(cell, cell) for cell in row] for row in rows]


def checked(sheets: Any, *rows: list[str]) -> Any:
    dated = [[*row, DAY if row[2] else ""] for row in numbered(rows)]
    item = sheets.checked([HEADS, *dated], "quotation")
    assert item.state == imports.CHECKED, item.facts.get("why")
    return item


def number_of(kept: Any) -> int:
    return int(Decimal(str(kept)))


def lines_of(db: Any) -> list[list[tuple[int, int]]]:
    rows = db["quotation"].find({}).sort("_id", 1)
    return [[(number_of(line["quantity"]), number_of(line["unit_price"])) for line in row["lines"]] for row in rows]


class TestGroups:
    def test_head_values_in_each_row_or_in_the_first(self, offer, sheets, db, monkeypatch):
        """And a record is never cut between two batches."""
        monkeypatch.setattr(import_rows, "BATCH", 2)
        item = checked(
            sheets,
            ["", "A", "甲公司", "閥門", "1", "10"],
            ["", "A", "甲公司", "水泵", "2", "20"],
            ["", "A", "甲公司", "水泵", "3", "20"],
            ["", "B", "甲公司", "閥門", "4", "10"],
            ["", "B", "", "水泵", "5", "20"],
            ["", "", "甲公司", "閥門", "6", "10"],
            ["", "", "", "水泵", "7", "20"],
        )
        assert item.counts == {"create": 3}, wrong(item)
        sheets.start(item)
        work_off("imports.run")
        assert sheets.now(item).counts == {"created": 3}
        assert lines_of(db) == [[(1, 10), (2, 20), (3, 20)], [(4, 10), (5, 20)], [(6, 10), (7, 20)]]
        assert db["history"].count_documents({"batch": item.batch}) == 3
        assert sheets.taken_back(sheets.now(item)).counts == {"binned": 3}

    def test_what_contradicts_is_refused_with_its_rows(self, company, offer, sheets):
        company.make("customer", "clerk_sal", name="乙公司")
        item = checked(sheets, ["", "A", "甲公司", "閥門", "1", "10"], ["", "A", "乙公司", "水泵", "2", "20"])
        assert wrong(item) == [
            (2, "", "同一記錄的第 3 行不能導入。"),
            (3, "customer", "同一記錄的「客戶」在第 2 行與第 3 行不一致。"),
        ]

    def test_a_group_that_comes_again_is_refused_with_its_row(self, offer, sheets):
        rows = [["", group, "甲公司", "閥門", "1", "10"] for group in ("A", "B", "A")]
        item = checked(sheets, *rows)
        assert verdicts(item) == ["create", "create", "refused"]
        assert wrong(item) == [(4, "*group", "「分組」的值與第 2 行重複。")]

    def test_what_is_wrong_in_a_line_is_said_of_its_row_and_corrected_there(self, company, offer, sheets, db):
        good = ["", "A", "甲公司", "閥門", "1", "10"]
        item = checked(sheets, good, ["", "A", "", "沒有", "2", "20"], ["", "A", "", "水泵", "-3", "20"])
        assert [(line, name) for line, name, _ in wrong(item)] == [(2, ""), (3, "lines.product"), (4, "lines.quantity")]
        actor = company.actor("clerk_sal")
        rows = correcting.correct(str(item.id), actor, 0, {2: {3: KNOWN["水泵"]}})
        assert [(row.line, row.outcome.verdict) for row in rows] == [(2, "refused"), (3, "part"), (4, "refused")]
        rows = correcting.correct(str(item.id), actor, 0, {3: {4: "3"}})
        assert [row.outcome.verdict for row in rows] == ["create", "part", "part"]
        item = sheets.now(item)
        assert item.counts == {"create": 1}
        sheets.start(item)
        work_off("imports.run")
        assert lines_of(db) == [[(1, 10), (2, 20), (3, 20)]]


def test_lines_of_records_that_are_there(company, offer, sheets, db):
    """A line is known by its key, or by saying the same; the others stay as they are."""
    sheets.start(item := checked(sheets, ["", "A", "甲公司", "閥門", "1", "10"], ["", "A", "", "水泵", "2", "20"]))
    work_off("imports.run")
    assert sheets.now(item).counts == {"created": 1}
    row = db["quotation"].find_one({})
    keys = [line["key"] for line in row["lines"]]
    heads = ["編號", "明細：明細鍵", "產品", "數量", "單價"]
    number = row["number"]
    rows = [[number, "", "水泵", "2", "20"], [number, keys[0], "", "9", ""]]
    item = sheets.checked([heads, *numbered(rows)], "quotation")
    assert item.counts == {"change": 1}, wrong(item)
    sheets.start(item)
    work_off("imports.run")
    assert lines_of(db) == [[(9, 10), (2, 20)]]
    assert [line["key"] for line in db["quotation"].find_one({})["lines"]] == keys
    item = sheets.imported([heads, *numbered([[number, "", "水泵", "5", "20"]])], "quotation")
    assert lines_of(db) == [[(9, 10), (2, 20), (5, 20)]]
    rows = [[number, keys[0], "", "1", ""], ["", keys[0], "", "2", ""], ["", "nokey", "", "2", ""]]
    item = sheets.checked([heads, *rows], "quotation")
    assert [(line, name) for line, name, _ in wrong(item)][1:] == [(3, "lines.key"), (4, "lines.key")]
    assert catalogue["quotation"].objects.count() == 1
