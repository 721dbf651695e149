"""Numbers in every kind of workbook (XLS, XLSB, ODS, XLSX) mean what their sheet shows; what is lost already is said.

The files of `tests/data/number_formats` were written by SheetJS, which shares no code with what reads them here.
"""

from __future__ import annotations

import datetime as dt
import io
import struct
from decimal import Decimal
from typing import Any

import pytest

from models.kernel.base.words import HANT
from models.services.files import files
from models.services.files.child import books
from models.services.files.child.unreadable import Unreadable
from tests.field_cases.cases import checked, imported
from tests.fixtures.doing import work_off
from tests.fixtures.workbooks import FOLDER, binary_text, cell, number, ods, xlsb

WRITTEN = ["since-1900.xls", "since-1904.xls", "since-1900.xlsb", "since-1904.xlsb", "since-1904.xlsx"]
HEADS = "".join(cell(head) for head in ("編碼", "名稱", "單位", "目錄價", "生效日期"))
DATE = 'office:value-type="date" office:date-value="{}"'


@pytest.fixture
def head(company: Any, browser_as: Any) -> Any:
    return browser_as("head_sal", locale=HANT)


def products(db: Any) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in db["product"].find({"removed_at": None})}


def only_row(content: bytes, *, as_shown: bool = False) -> list[str]:
    """The one row of a workbook."""
    sheet = next(item for item in books.sheets(io.BytesIO(content), as_shown=as_shown) if item.is_shown)
    [(_, cells)] = sheet.rows()
    return [cells.get(at, "") for at in range(max(cells) + 1)]


@pytest.mark.parametrize("name", WRITTEN)
def test_codes_amounts_and_days_as_their_sheet_shows_them(head: Any, db: Any, name: str) -> None:
    page = imported(head, "product", name, (FOLDER / name).read_bytes())
    rows = products(db)
    assert set(rows) == {"000123", "P-0042", "91310000MA1FL0AB1X"}
    prices = [rows[code]["list_price"].to_decimal() for code in ("000123", "P-0042", "91310000MA1FL0AB1X")]
    assert prices == [Decimal("0.30"), Decimal("1234.50"), Decimal(121)]
    days = [rows["000123"][field].date() for field in ("valid_from", "valid_until")]
    assert days == [dt.date(2026, 11, 2), dt.date(2026, 11, 30)]
    assert "表格把 913100001234568000 存為數值，只保留十五位" in page.text


@pytest.mark.parametrize("name", WRITTEN)
def test_the_preview_shows_what_the_sheet_shows(company: Any, browser_as: Any, name: str) -> None:
    product = company.make("requirement", "clerk_mkt")
    upload = files.Upload(name, io.BytesIO((FOLDER / name).read_bytes()))
    file = files.attach(type(product), product.id, "", upload, actor=company.actor("clerk_mkt"))
    work_off("files.read")
    page = browser_as("clerk_mkt", locale=HANT).page(f"/files/{file['_id']}/view")
    assert ["000123", "零前", "臺", "CNY", "0.30", "2026/11/2", "2026年11月30日"] in page.rows
    assert any(row[0] == "P-0042" and row[4] == "NT$1,234.50" for row in page.rows)


class TestOpenDocument:
    """ODS: a value and what is shown of it stand side by side."""

    def test_imported(self, head: Any, db: Any) -> None:
        rows = [
            (number("000123", "123"), "零前", number("0.30", "0.30000000000000004"), DATE.format("2026-11-02")),
            (
                cell("913100001234567890"),
                "文字",
                number("1.2千", "1234.5", "currency"),
                DATE.format("2026-11-02T00:00:00"),
            ),
            (number("9.1E+17", "913100001234567890"), "丟位", number("7", "7"), DATE.format("2026-11-02")),
        ]
        lines = [code + cell(name) + cell("臺") + price + cell("十一月", day) for code, name, price, day in rows]
        page = imported(head, "product", "x.ods", ods(HEADS, *lines))
        made = products(db)
        assert set(made) == {"000123", "913100001234567890"}
        prices = {code: row["list_price"].to_decimal() for code, row in made.items()}
        assert prices == {"000123": Decimal("0.30"), "913100001234567890": Decimal("1234.50")}
        assert {row["valid_from"].date() for row in made.values()} == {dt.date(2026, 11, 2)}
        assert "表格把 913100001234568000 存為數值" in page.text

    @pytest.mark.parametrize(
        ("kept", "right"),
        [
            (number("5%", "0.05", "percentage"), "5%"),
            (number("5%", "0.0525", "percentage"), "5.25%"),
            (number("###", "42"), "42"),
            (number("(1,234.50)", "-1234.5"), "(1,234.50)"),
            (cell("9:30", 'office:value-type="time" office:time-value="PT09H30M00S"'), "09:30:00"),
            (cell("36:00", 'office:value-type="time" office:time-value="PT36H00M00S"'), "36:00"),
            (cell("WAHR", 'office:value-type="boolean" office:boolean-value="true"'), "TRUE"),
            (cell("9:00", DATE.format("2026-11-02T09:00:00.000000000")), "2026-11-02 09:00:00"),
            (cell("#N/A", 'office:value-type="string" calcext:value-type="error"'), "\x00#N/A"),
            ('<table:table-cell table:formula="of:=[.A1]"/>', "\x00"),
            (
                "<table:table-cell><text:p>甲<text:s text:c='2'/>乙</text:p><text:p>丙</text:p></table:table-cell>",
                "甲  乙\n丙",
            ),
        ],
    )
    def test_what_is_read_of_a_cell(self, kept: str, right: str) -> None:
        assert only_row(ods(kept + cell("尾"))) == [right, "尾"]

    def test_what_stands_several_times(self) -> None:
        spread = '<table:table-cell table:number-columns-repeated="3" office:value-type="string"><text:p>甲</text:p>'
        assert only_row(ods(f"{spread}</table:table-cell>{cell('乙')}")) == ["甲", "甲", "甲", "乙"]
        tail = '<table:table-cell table:number-columns-repeated="16384"/>'
        assert only_row(ods(cell("甲") + tail)) == ["甲"]

    @pytest.mark.parametrize("times", ["2000000", "99999999999", "-1", "x"])
    def test_more_than_a_sheet_holds_is_refused(self, times: str) -> None:
        many = f'<table:table-cell table:number-columns-repeated="{times}"><text:p>甲</text:p></table:table-cell>'
        with pytest.raises(Unreadable):
            only_row(ods(many))

    def test_a_hidden_sheet_is_left_out(self) -> None:
        row = f"<table:table-row>{cell('無')}</table:table-row>"
        hidden = f'<table:table table:name="藏" table:style-name="h">{row}</table:table>'
        assert only_row(ods(cell("有"), before=hidden)) == ["有"]

    def test_one_with_a_password_says_so(self, head: Any) -> None:
        locked = ods(cell("甲"), **{"META-INF/manifest.xml": "<manifest:encryption-data/>"})
        assert "密碼" in head.page(checked(head, "product", "x.ods", locked)).text


class TestBinary:
    """XLSB: every kind of cell, also those that newer programs do not write."""

    @pytest.mark.parametrize(
        ("kept", "right"),
        [
            ((2, struct.pack("<i", 4200 << 2 | 3)), "42"),
            ((2, struct.pack("<i", -7 << 2 | 2)), "-7"),
            ((2, struct.pack("<I", struct.unpack("<Q", struct.pack("<d", 0.5))[0] >> 32)), "0.5"),
            ((5, struct.pack("<d", 0.1 + 0.2)), "0.3"),
            ((9, struct.pack("<d", 12.5) + bytes(6)), "12.5"),
            ((4, b"\x01"), "TRUE"),
            ((3, b"\x2a"), "\x00#N/A"),
            ((11, b"\x07" + bytes(6)), "\x00#DIV/0!"),
            ((6, binary_text("甲乙")), "甲乙"),
            ((8, binary_text("公式") + bytes(6)), "公式"),
            ((62, b"\x00" + binary_text("丙")), "丙"),
            ((7, struct.pack("<I", 0)), "共用"),
        ],
    )
    def test_what_is_read_of_a_cell(self, kept: tuple[int, bytes], right: str) -> None:
        assert only_row(xlsb(kept, (6, binary_text("尾")))) == [right, "尾"]

    @pytest.mark.parametrize("broken", [(6, b"\xff\xff\xff\x7f"), (5, b""), (7, b"\xff\xff\xff\x7f"), (3, b"")])
    def test_what_is_broken_is_refused(self, head: Any, broken: tuple[int, bytes]) -> None:
        page = head.page(checked(head, "product", "x.xlsb", xlsb(broken)))
        assert "無法讀取表格" in page.text
        assert not page.has_form("/import/run/")


class TestLostDigits:
    """Fifteen digits are kept of a number: what has lost its others is not taken for a code."""

    @pytest.mark.parametrize("text", ["9.131E+17", "1.23457E+11", "9.13100001234568E+17"])
    def test_what_a_sheet_wrote_into_a_text(self, head: Any, db: Any, text: str) -> None:
        page = head.page(checked(head, "product", "x.csv", f"編碼,名稱,單位\r\n{text},甲,臺\r\n".encode()))
        assert f"表格把 {text} 存為數值" in page.text
        assert "不能導入 1" in page.text

    def test_a_text_of_eighteen_digits_is_whole(self, head: Any, db: Any) -> None:
        imported(head, "product", "x.csv", "編碼,名稱,單位\r\n913100001234567890,甲,臺\r\n".encode())
        assert set(products(db)) == {"913100001234567890"}

    def test_the_sheet_of_refused_rows_shows_the_number_without_a_mark(self, head: Any) -> None:
        way = checked(head, "product", "since-1900.xls", (FOLDER / "since-1900.xls").read_bytes())
        sheet = head.get(way.replace("/details/", "/refused/") + "&kind=csv").data.decode("utf-8-sig")
        assert "913100001234568000" in sheet
        assert "\x01" not in sheet
