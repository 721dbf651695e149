"""Imports of sheets: what heads, cells and names mean; a rehearsal leaves no trace; limits are said in words."""

from __future__ import annotations

import datetime as dt
import io
import re
import resource
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.words import EN, HANS, HANT, speaking
from models.kernel.gate import changes
from models.services.imports import cells as import_cells
from models.services.imports import imports
from models.services.imports import names as import_names
from models.services.imports import rows as import_rows
from models.services.imports import steps as import_steps
from models.services.imports.cells import Reader
from tests.fixtures.doing import work_off
from views import wording

HEADS = ["名稱", "行業", "地區", "篩選評分", "等級"]
CODE = "91330100799655058B"
GOOD = [["蘇州恒遠精密", "機械", "蘇州", "80", "A"], ["東莞新銳電子", "電子", "東莞", "75.0", "B"]]


def verdicts(item: Any) -> list[str]:
    every = ("create", "change", "same", "doubt", "refused", "created", "changed", "left", "binned", "back", "stays")
    return [outcome.verdict for _, _, outcome in import_rows.listed(item, every, most=1000).rows]


def wrong(item: Any, locale: str = HANT) -> list[tuple[int, str, str]]:
    rows = import_rows.listed(item, ("refused", "doubt", "stays", "left"), most=1000).rows
    return [(line, name, words[locale]) for line, _, outcome in rows for name, words in outcome.problems]


def everything(db: Any) -> dict[str, list[Any]]:
    """All that is stored beside the import itself."""
    beside = {"import", "import_row", "task_run"}
    names = sorted(set(db.list_collection_names(filter={"type": "collection"})) - beside)
    return {name: list(db[name].find({}).sort("_id", 1)) for name in names if not name.startswith("system.")}


class TestHeads:
    def match(
        self, company: Any, *heads: str, type_name: str = "customer", login: str = "clerk_sal"
    ) -> tuple[str, ...]:
        return import_cells.matched(catalogue[type_name], company.actor(login), heads)

    def test_labels_in_any_language_or_names(self, company):
        assert self.match(company, "編號", "名称", "Industry", " REGION ", "score *", "無此列", "") == (
            "number", "name", "industry", "region", "score", "", "",
        )  # fmt: skip

    def test_a_field_is_named_once(self, company):
        assert self.match(company, "名稱", "Name", "name") == ("name", "", "")

    def test_what_one_may_not_set_is_no_column(self, company):
        assert self.match(company, "狀態", "經辦人", "聯繫人", "建立時間") == ("", "", "", "")
        assert self.match(company, "名稱", login="clerk_mkt") == ("",)

    def test_own_heads_match_in_each_language(self, company):
        for locale in (EN, HANT, HANS):
            with speaking(locale):
                heads = import_cells.heads_of(catalogue["customer"], company.actor("clerk_sal"))
            assert self.match(company, *heads.values()) == tuple(heads)


class TestCells:
    def read(self, company: Any, type_name: str, columns: list[str], *cells: str, login: str = "clerk_sal") -> Any:
        reader = Reader(catalogue[type_name], company.actor(login), columns)
        (entry,) = reader.read([(2, list(cells))])
        return entry

    def read_cell(self, company: Any, type_name: str, column: str, cell: str, login: str = "clerk_sal") -> Any:
        entry = self.read(company, type_name, [column], cell, login=login)
        return str(entry.problems[0][1]) if entry.problems else entry.values.get(column)

    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ("展會", "exhibition"),
            ("展会", "exhibition"),
            ("Exhibition", "exhibition"),
            ("exhibition", "exhibition"),
            ("", None),
        ],
    )
    def test_choices(self, company, cell, value):
        assert self.read_cell(company, "customer", "channel", cell) == value

    def test_a_choice_that_is_none_says_the_choices(self, company):
        with speaking(HANT):
            assert "展會" in self.read_cell(company, "customer", "channel", "展")

    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ("是", True),
            ("否", False),
            ("YES", True),
            ("no", False),
            ("1", True),
            ("0", False),
            ("TRUE", True),
            ("False", False),
        ],
    )
    def test_flags(self, company, cell, value):
        assert self.read_cell(company, "user", "active", cell, login="it") is value

    def test_a_flag_that_is_none(self, company):
        with speaking(EN):
            assert "must be yes or no" in self.read_cell(company, "user", "active", "perhaps", login="it")

    @pytest.mark.parametrize("cell", ["法務、財務", "Legal, Finance", "legal;finance", "法务，财务"])
    def test_several_choices(self, company, cell):
        assert self.read_cell(company, "user", "roles", cell, login="it") == ["legal", "finance"]

    def test_numbers_and_dates_as_people_write_them(self, company):
        entry = self.read(company, "interaction", ["next_due", "at"], "2026年11月23日", "2026/11/20 9:30")
        assert entry.values["next_due"] == dt.date(2026, 11, 23)
        assert entry.values["at"] == dt.datetime(2026, 11, 20, 1, 30, tzinfo=dt.UTC)
        assert self.read_cell(company, "product", "list_price", "¥3.5萬", "head_sal") == Decimal(35000)

    def test_what_is_unclear_is_refused(self, company):
        with speaking(EN):
            assert "must be a number" in self.read_cell(company, "customer", "score", "1,5")

    def test_cells_that_were_defused(self, company):
        assert self.read_cell(company, "customer", "name", "'=1+1") == "=1+1"
        assert self.read_cell(company, "customer", "name", "'s-Hertogenbosch") == "'s-Hertogenbosch"

    def test_a_cell_that_is_too_long(self, company):
        with speaking(EN):
            assert "10000" in self.read_cell(company, "customer", "name", "x" * 10_001)

    def test_links_by_number_or_title(self, company):
        known = company.make("customer", "clerk_sal", name="蘇州恒遠精密機械有限公司")
        assert self.read_cell(company, "interaction", "customer", known.number) == known.id
        assert self.read_cell(company, "interaction", "customer", " 蘇州恒遠精密機械有限公司 ") == known.id

    def test_links_that_are_unclear_or_hidden_name_the_text(self, company):
        for _ in range(2):
            company.make("customer", "clerk_sal", name="同名有限公司")
        with speaking(EN):
            assert "names 2 records" in self.read_cell(company, "interaction", "customer", "同名有限公司")
            there = self.read_cell(company, "interaction", "customer", "沒有這家")
            assert "nothing called “沒有這家”" in there
        hidden = company.make("requirement", "clerk_mkt").number
        said = {
            str(self.read_cell(company, "interaction", "customer", text)).replace(text, "N")
            for text in (hidden, "CU-9")
        }
        assert len(said) == 1

    def test_a_name_is_looked_up_once_for_many_rows(self, company):
        known = company.make("customer", "clerk_sal", name="唯一有限公司")
        reader = Reader(catalogue["interaction"], company.actor("clerk_sal"), ["customer"])
        from tests.fixtures.http import COMMANDS

        names: list[Any] = []
        COMMANDS.listeners.append(names.append)
        try:
            entries = reader.read([(n, ["唯一有限公司"]) for n in range(100)])
        finally:
            COMMANDS.listeners.remove(names.append)
        assert {entry.values["customer"] for entry in entries} == {known.id}
        assert len(names) == 1

    def test_who_is_not_active_cannot_be_named(self, company):
        changes.update(
            catalogue["user"], company.users["clerk_sal2"], {"active": False}, actor=company.actor("it"), version=1
        )
        assert isinstance(self.read_cell(company, "department", "head", "陳志遠", login="it"), str)
        assert self.read_cell(company, "department", "head", "王建國", login="it") == company.users["head_sal"]

    def test_the_words_for_hidden_titles_are_those_of_the_export(self):
        assert set(import_names.UNTOLD) == {wording.GONE, wording.KEPT_BACK, wording.NOT_FOUND}


class TestRehearsal:
    def test_it_says_what_would_become_of_each_row(self, company, sheets):
        known = company.make("customer", "clerk_sal", name="老客戶", region="蘇州")
        rows = [
            ["編號", *HEADS],
            ["", *GOOD[0]],
            [known.number, "老客戶", "", "上海", "", ""],
            ["", "", "機械", "", "101", "Z"],
        ]
        item = sheets.checked(rows)
        assert item.state == imports.CHECKED
        assert verdicts(item) == ["create", "change", "refused"]
        assert {(line, name) for line, name, _ in wrong(item)} == {(4, "name"), (4, "score"), (4, "level")}
        assert item.counts == {"create": 1, "change": 1, "refused": 1}

    def test_it_leaves_no_trace(self, company, sheets, db):
        known = company.make("customer", "clerk_sal", name="老客戶", region="蘇州")
        before = everything(db)
        item = sheets.checked(
            [["編號", *HEADS], ["", *GOOD[0]], ["", *GOOD[1]], [known.number, "新名", "", "", "", ""]]
        )
        assert verdicts(item) == ["create", "create", "change"]
        assert everything(db) == before

    @pytest.mark.parametrize("type_name", sorted(catalogue))
    def test_it_leaves_no_trace_in_any_type(self, company, sheets, db, type_name):
        from tests.fixtures.http import writer

        if (login := writer(company, catalogue[type_name])) is None:
            return
        before = everything(db)
        with speaking(HANT):
            heads = import_cells.heads_of(catalogue[type_name], company.actor(login))
        item = sheets.checked([list(heads.values()), ["", *("1" for _ in list(heads)[1:])]], type_name, login)
        assert item.state == imports.CHECKED, item.facts.get("why")
        assert everything(db) == before
        ((_, cells, outcome),) = import_rows.listed(item, ("create", "refused", "doubt")).rows
        reader = import_steps.reader_for(item, company.actor(login))
        (entry,) = reader.read([(2, cells)])
        (written,) = import_steps.by_row(entry, import_steps.rehearsed(reader, entry)[0])  # by a write that is undone
        assert (written.verdict, written.problems) == (outcome.verdict, outcome.problems)

    def test_doubts_are_shown_as_such(self, company, sheets):
        known = company.make("customer", "clerk_sal", name=GOOD[0][0])
        item = sheets.checked([HEADS, *GOOD])
        assert verdicts(item) == ["doubt", "create"]
        assert wrong(item) == [(2, "name", f"已有同名客戶：{known.number}。")]

    def test_what_stands_twice_in_the_sheet(self, company, sheets):
        known = company.make("customer", "clerk_sal", name="老客戶")
        heads = ["編號", "名稱", "統一社會信用代碼"]
        rows = [["", "甲", CODE], ["", "乙", CODE.lower()]]
        change = [[known.number, "一", ""], [known.number, "二", ""]]
        item = sheets.checked([heads, *rows, *change])
        said = [words for line, _, words in wrong(item) if line in (3, 5)]
        assert verdicts(item) == ["create", "refused", "change", "refused"]
        assert said == ["「統一社會信用代碼」的值與第 2 行重複。", "「編號」的值與第 4 行重複。"]

    def test_a_colleagues_record_is_not_found(self, company, sheets):
        other = company.make("requirement", "clerk_mkt")
        item = sheets.checked([["編號", "名稱"], [other.number, "甲"], ["CU-2026-99999", "乙"]])
        assert verdicts(item) == ["refused", "refused"]
        said = [words.replace(other.number, "N").replace("CU-2026-99999", "N") for _, _, words in wrong(item)]
        assert said[0] == said[1]

    def test_matching_anew_checks_anew(self, company, sheets):
        field = sheets.checked([["客戶", "地點"], ["甲公司", "蘇州"]])
        assert (field.columns, verdicts(field)) == (("", ""), ["refused"])
        imports.check_again(field, {"columns": ["name", "region"]}, actor=company.actor("clerk_sal"))
        work_off("imports.check")
        assert verdicts(sheets.now(field)) == ["create"]
        with pytest.raises(Refused):
            imports.start(sheets.now(field), turn=1, strict=False, doubtful=False, actor=company.actor("clerk_sal"))


class TestRoundTrip:
    def test_what_an_export_says_changes_nothing(self, company, sheets, browser_as):
        for name in ("=1+1", "+86 512", "@甲", "  乙有限公司", "'=丙", "丁、戊", "-3"):
            company.make("customer", "clerk_sal", name=name, score=70, level="A", channel="web")
        for locale in (EN, HANT, HANS):
            browser = browser_as("clerk_sal", locale=locale)
            for kind in ("csv", "xlsx"):
                item = sheets.checked(browser.get(f"/admin/customer/export/{kind}/").get_data())
                assert set(verdicts(item)) == {"same"}, wrong(item)
                assert len(verdicts(item)) == 7


class TestLimits:
    def why(self, sheets: Any, content: bytes, name: str = "") -> str:
        sent = sheets.sent(content, name=name)
        work_off("imports.check")
        now = sheets.now(sent)
        assert now.state == imports.FAILED
        assert now.rows == 0
        return str(now.facts["why"][EN])

    def test_too_many_columns(self, sheets):
        assert "more than 200 columns" in self.why(sheets, sheets.csv([[f"c{n}" for n in range(201)]]))

    def test_too_many_rows(self, sheets):
        assert "more than 100000 rows" in self.why(sheets, b"a\n" * 100_003)

    @pytest.mark.parametrize("said", ["A1:A1000000", "A1:B2"])
    def test_a_million_rows_are_refused_before_they_are_understood(self, sheets, said):
        """Whatever the sheet says of its own size; and one that says too much is read all the same."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        rows = b'<row><c r="A1"><v>1</v></c></row>' * 1_000_000
        assert "more than 100000 rows" in self.why(sheets, self.book(sheets, said, rows), "a.xlsx")
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 3
        few = sheets.checked(self.book(sheets, "A1:XFD1048576", b""))
        assert few.counts == {"create": 1}

    @staticmethod
    def book(sheets: Any, said: str, rows: bytes) -> bytes:
        """A workbook of one customer, with further rows and what it says of its size."""
        source, out = zipfile.ZipFile(io.BytesIO(sheets.xlsx([["名稱"], ["甲"]]))), io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for member in source.namelist():
                text = source.read(member).replace(b"</sheetData>", rows + b"</sheetData>")
                made.writestr(member, re.sub(rb'dimension ref="[^"]*"', f'dimension ref="{said}"'.encode(), text))
        return out.getvalue()

    def test_a_bomb(self, sheets):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
            for n in range(4):
                bomb.writestr(f"xl/sheet{n}.xml", b"0" * 100_000_000)
        assert "too large when unpacked" in self.why(sheets, out.getvalue(), "bomb.xlsx")

    def test_nothing_and_nonsense(self, sheets):
        assert "empty" in self.why(sheets, b"\n\n")
        assert "encoding" in self.why(sheets, bytes(range(128, 256)) * 9)
        assert "damaged" in self.why(sheets, b"PK\x03\x04 nonsense", "a.xlsx")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5"])
    def test_encodings(self, company, sheets, encoding):
        rows = [["名稱", "地區"], ["蘇州精密機械有限公司", "江蘇省"]]
        item = sheets.checked(sheets.csv(rows, encoding))
        assert verdicts(item) == ["create"]

    def test_a_workbook_is_known_by_its_content(self, company, sheets):
        sent = sheets.sent(sheets.xlsx([["名稱"], ["BMW"]]), name="a.csv")
        work_off("imports.check")
        assert verdicts(sheets.now(sent)) == ["create"]
        assert verdicts(sheets.checked(b"BM,name\n1,x\n")) == ["create"]


class TestSecrecy:
    def test_nothing_typed_stands_readable_in_the_database(self, company, sheets, db):
        sheets.checked([HEADS, ["無人知曉有限公司", "", "", "999", ""]])
        kept = str([list(db[name].find()) for name in ("import", "import_row", "content.chunks", "task_run")])
        assert "無人知曉" not in kept
        assert "無人知曉".encode().hex() not in kept
        assert db["content.chunks"].count_documents({}) == 0

    def test_only_its_maker_finds_it(self, company, sheets):
        record = sheets.checked([HEADS, *GOOD])
        assert imports.find(record.id, company.actor("clerk_sal")).name == "sheet.csv"
        for login in ("clerk_sal2", "head_sal", "it", "management"):
            with pytest.raises(Missing):
                imports.find(record.id, company.actor(login))
        with pytest.raises(Missing):
            imports.find("x", company.actor("clerk_sal"))
        with pytest.raises(Missing):
            imports.find(ObjectId(), company.actor("clerk_sal"))
