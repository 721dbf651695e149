"""The one writer of tables: what each kind of cell becomes in CSV and XLSX, and that rows are not gathered."""

import csv
import datetime as dt
import io
import tracemalloc
import zipfile
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from models.services.files import confined
from models.services.sheets.template import NoteSheet, TemplateColumn, sheet_name, write_template
from models.services.sheets.writing import SheetKind, defused, write

HEADS = ["編號", "=金額"]
DAY = dt.date(2025, 6, 13)


def content_of(file):
    with file:
        return file.read()


def read_csv(rows, heads=HEADS):
    content = content_of(write(SheetKind.CSV, heads, rows))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content):
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def markup(content, name="xl/worksheets/sheet1.xml"):
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read(name).decode()


@pytest.mark.parametrize(("cell", "text"), [
    ("=1+1", "'=1+1"), ("@x", "'@x"), ("+a", "'+a"), ("\tx", "'\tx"), ("-5", "-5"), ("-5.25", "-5.25"),
    ("a\x00b", "ab"), ("\x00=1", "'=1"), (None, ""), (Decimal("1.50"), "1.50"), (7, "7"), (DAY, "2025-06-13"),
    ("兩\n行", "兩\n行"),
])  # fmt: skip
def test_a_cell_of_a_csv(cell, text):
    assert read_csv([["a", cell]]) == [["編號", "'=金額"], ["a", text]]


@pytest.mark.parametrize(("cell", "value"), [
    ("=1+1", "=1+1"), ('=HYPERLINK("x")', '=HYPERLINK("x")'), ("http://a.b", "http://a.b"), ("0012", "0012"),
    (Decimal("1.50"), 1.5), (7, 7), (DAY, DAY), (dt.date(1899, 1, 2), "1899-01-02"), (Decimal("NaN"), "NaN"),
    (float("inf"), "inf"), ("", ""), (None, ""), ("a\x00b", "ab"), ("x" * 40_000, "x" * 32_000),
])  # fmt: skip
def test_a_cell_of_an_xlsx(cell, value):
    content = content_of(write(SheetKind.XLSX, HEADS, [["a", cell, "z"]]))
    result = read_xlsx(content)[1][1]
    assert (result, type(result) is str) == (value, isinstance(value, str))
    assert not {"<f>", "hyperlink"} & {word for word in ("<f>", "hyperlink") if word in markup(content)}


def test_heads_stay_in_view_and_columns_are_wide_enough():
    content = content_of(write(SheetKind.XLSX, HEADS, [["a", "b"]], frozen_columns=1, widths=(36, 16)))
    assert 'xSplit="1" ySplit="1"' in markup(content)
    assert 'width="36.7' in markup(content)
    assert read_xlsx(content)[0] == HEADS


@pytest.mark.parametrize("kind", SheetKind)
def test_no_rows_give_heads_alone(kind):
    content = content_of(write(kind, ["甲"], []))
    assert ("甲" in content.decode("utf-8-sig")) if kind is SheetKind.CSV else read_xlsx(content) == [["甲"]]


@pytest.mark.parametrize(("kind", "count"), [(SheetKind.CSV, 200_000), (SheetKind.XLSX, 20_000)])
def test_rows_are_written_as_they_come(kind, count):
    """However many rows there are, memory holds no more than the spool and one row."""
    rows = ((str(number), "x" * 60) for number in range(count))
    tracemalloc.start()
    try:
        write(kind, HEADS, rows).close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12_000_000


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="pdf"):
        write("pdf", HEADS, [])


def test_what_fails_on_the_way_is_raised_and_leaves_no_file_open():
    def rows():
        yield ["a", "b"]
        raise TimeoutError

    for kind in SheetKind:
        with pytest.raises(TimeoutError):
            write(kind, HEADS, rows())


def test_defusing_leaves_plain_text_alone():
    assert [defused(text) for text in ("a=b", "甲", "")] == ["a=b", "甲", ""]


def test_the_template_has_notes_and_choices():
    columns = [
        TemplateColumn(head="=狀態", note="注意", is_needed=True, choices=("是", "否")),
        TemplateColumn(head="b", choices=("a,b",)),
    ]
    lines = [("狀態", "=是")]
    notes = NoteSheet(name="說明", heads=["欄", "可填"], widths=(20, 30), lines=lines, last="完")
    content = content_of(write_template("表[1]", columns, notes))
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["表1", "說明"]
    assert book.get_sheet_by_index(0).to_python() == [["=狀態", "b"]]
    assert book.get_sheet_by_index(1).to_python() == [["欄", "可填"], ["狀態", "=是"], ["", ""], ["完", ""]]
    assert markup(content).count("<dataValidation ") == 1
    assert "注意" in markup(content, "xl/comments1.xml")


def test_a_sheet_is_named_as_spreadsheets_take_it():
    assert sheet_name("a/b:c*" + "長" * 40) == "abc" + "長" * 28


def test_a_preview_holds_no_control_characters(tmp_path) -> None:
    """A page may not hold them either."""
    (tmp_path / "a.csv").write_text("編號\x00,名\x07稱\tx\n", "utf-8")
    with (tmp_path / "a.csv").open("rb") as content:
        answer, _ = confined.run("texts", {"verb": "previews"}, content)
    assert answer["previews"]["utf-8"] == "編號,名稱\tx"
