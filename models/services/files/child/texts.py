"""A program that takes the text out of a PDF, a document, a sheet or a text file, block by block with its place.

Standard input: one line of JSON (`kind`, `file`: the number of the open file with the content, `characters`, `pages`).
Standard output: one line of JSON. A block is [kind of place, name of the place, number, text]; a row of a table has
tabs between its cells.

With `verb` "table" the first sheet (or the text file) is read as a table instead, row by row with all its cells: a line
of JSON for each row that is not empty, [number of the row, [cells]], and at the end one with the number of `rows`.
Its limits are `rows`, `columns`, `cell` (characters; a longer one is cut one beyond) and `bytes` of the answer.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO

import docx
import pypdfium2
from docx.table import Table
from python_calamine import CalamineError, PasswordError, load_workbook

Block = tuple[str, str, int, str]
Row = tuple[int, list[str]]
UNPACKED_MAX = 300 * 1024 * 1024
MEMBERS_MAX = 20_000
SAMPLE = 20_000
CELL_MAX = 2_000_000
LIKENESS_MIN = 0.8
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\u200b\ufeff]")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ENCODINGS = {"gb18030": ((0xB0, 0xF7), (0xA1, 0xFE)), "big5": ((0xA4, 0xC6), (0x40, 0xFE))}


class UnreadableText(Exception):
    """The text cannot be read; the argument is one of the reasons that `file_text.WHY` has words for."""


def of_pdf(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each page."""
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as fault:
        raise UnreadableText("password" if "assword" in str(fault) else "damaged") from fault
    for number in range(min(len(pdf), order["pages"])):
        try:
            page = pdf[number]
            text = page.get_textpage().get_text_range()
            page.close()
        except pypdfium2.PdfiumError:  # one page that is damaged does not hide the others
            continue
        yield "page", "", number + 1, text


def of_document(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each paragraph and each row of a table; heads and feet of the pages come last."""
    _refuse_bomb(content)
    document = docx.Document(content)
    number = 0
    for part in document.iter_inner_content():
        rows = _rows(part) if isinstance(part, Table) else (part.text.replace("\t", " "),)
        for text in rows:
            number += 1
            yield "paragraph", "", number, text
    for section in document.sections:
        for around in (section.header, section.footer):
            if not around.is_linked_to_previous:
                for part in around.iter_inner_content():
                    yield "margin", "", 0, "\n".join(_rows(part)) if isinstance(part, Table) else part.text


def _rows(table: Table) -> Iterator[str]:
    for row in table.rows:
        cells = {id(cell._tc): " ".join(cell.text.split()) for cell in row.cells}  # a merged cell stands there once
        yield "\t".join(cells.values())


def of_sheets(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each row that is not empty."""
    if content.read(2) == b"PK":
        _refuse_bomb(content)
    content.seek(0)
    try:
        book = load_workbook(content)
        for name in book.sheet_names:
            for number, row in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
                text = "\t".join(_cell(value) for value in row).rstrip("\t")
                if text:
                    yield "sheet", name, number, text
    except PasswordError as fault:
        raise UnreadableText("password") from fault
    except CalamineError as fault:
        raise UnreadableText("damaged") from fault


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    return " ".join(str(value).split())


def _refuse_bomb(content: BinaryIO) -> None:
    """Look at what an archive says of itself before anything is unpacked; what it hides meets the limits."""
    try:
        members = zipfile.ZipFile(content).infolist()
    except (zipfile.BadZipFile, ValueError) as fault:
        raise UnreadableText("damaged") from fault
    if len(members) > MEMBERS_MAX or sum(one.file_size for one in members) > UNPACKED_MAX:
        raise UnreadableText("unpacked")
    content.seek(0)


def of_text(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each line."""
    text = decoded(content.read(order["characters"] * 4 + 4))
    for number, line in enumerate(text.splitlines(), 1):
        yield "line", "", number, line


def decoded(raw: bytes) -> str:
    """Text of unknown encoding: a mark at its beginning decides, then UTF-8, then what GB18030 and Big5 make of it.

    In either of the two, text is written nearly always with the characters of its first planes. Read with the wrong
    one, many characters fall outside of them or are none at all; so the reading that looks more like Chinese is taken.
    """
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return raw.decode(name, "replace")
    if b"\x00" in raw:
        raise UnreadableText("encoding")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start > len(raw) - 4:  # cut within the last character
            return raw.decode("utf-8", "ignore")
    scores = {name: _likeness(raw, name) for name in _ENCODINGS}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < LIKENESS_MIN:
        raise UnreadableText("encoding")
    return raw.decode(best, "replace")


def _likeness(raw: bytes, name: str) -> float:
    """How much bytes look like Chinese in an encoding: one for each frequent character, half for a rare one."""
    (low, high), (second_low, second_high) = _ENCODINGS[name]
    wide = [one for one in raw[:SAMPLE].decode(name, "replace") if one > "\x7f"]
    points = 0.0
    for one in wide:
        pair = one.encode(name, "ignore") if one != "\ufffd" else b""
        is_frequent = len(pair) == 2 and low <= pair[0] <= high and second_low <= pair[1] <= second_high
        is_mark = "\u3000" <= one <= "\u303f" or "\uff00" <= one <= "\uffef"
        points += 1 if is_frequent or is_mark else 0.5 if "\u4e00" <= one <= "\u9fff" else 0
    return points / len(wide) if wide else 0.0


READERS: dict[str, Callable[[BinaryIO, dict[str, Any]], Iterator[Block]]] = {
    "pdf": of_pdf,
    "document": of_document,
    "sheets": of_sheets,
    "text": of_text,
}


def read(content: BinaryIO, order: dict[str, Any]) -> dict[str, Any]:
    """All blocks until so many characters are there; `cut` says that there was more."""
    blocks: list[Block] = []
    room = int(order["characters"])
    for kind, name, number, text in READERS[order["kind"]](content, order):
        clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        if clean.strip():
            blocks.append((kind, name[:100], number, clean[:room]))
            room -= len(clean)
        if room <= 0:
            break
    return {"blocks": blocks, "cut": room <= 0}


def table(content: BinaryIO, order: dict[str, Any]) -> Iterator[Row]:
    """The rows of a table that are not empty, with their numbers, within the limits. Raises UnreadableText."""
    found = _of_first_sheet(content) if order["kind"] == "sheets" else _of_separated(content)
    most, count = order["cell"], 0
    for number, cells in found:
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        count += 1
        if len(cells) > order["columns"]:
            raise UnreadableText("columns")
        if count > order["rows"] + 1:  # the heads are no row
            raise UnreadableText("rows")
        yield number, [cell[: most + 1] for cell in cells]


def _of_first_sheet(content: BinaryIO) -> Iterator[Row]:
    """The rows of the first visible sheet in which anything stands."""
    if content.read(2) == b"PK":
        _refuse_bomb(content)
    content.seek(0)
    try:
        book = load_workbook(content)
        shown = [one.name for one in book.sheets_metadata if str(one.visible).endswith("Visible")]
        for name in shown or book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height:
                yield from ((n, [_table_cell(value) for value in row]) for n, row in enumerate(sheet.iter_rows(), 1))
                return
    except PasswordError as fault:
        raise UnreadableText("password") from fault
    except CalamineError as fault:
        raise UnreadableText("damaged") from fault


def _table_cell(value: Any) -> str:
    """A cell as a person would type it: whole numbers without a point, dates as on paper."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        shown = Decimal(repr(value))
        return f"{shown.to_integral_value():f}" if value.is_integer() else f"{shown:f}"
    if isinstance(value, dt.datetime):
        value = (value + dt.timedelta(milliseconds=500)).replace(microsecond=0)  # sheets keep parts of a day
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _of_separated(content: BinaryIO) -> Iterator[Row]:
    """The rows of a text whose cells are separated by tabs, commas or semicolons, whichever its first row has."""
    encoding = encoding_of(content)
    content.seek(0)
    text = io.TextIOWrapper(content, encoding=encoding, newline="")
    first = next((line for line in text if line.strip()), "")
    text.seek(0)
    separator = "\t" if "\t" in first else max(",;", key=first.count)
    csv.field_size_limit(CELL_MAX)
    try:
        yield from enumerate(csv.reader(text, delimiter=separator), 1)
    except csv.Error as fault:
        raise UnreadableText("quotes") from fault
    except UnicodeDecodeError as fault:
        raise UnreadableText("encoding") from fault
    finally:
        text.detach()


def encoding_of(content: BinaryIO) -> str:
    """The encoding of a text of any size, judged as `decoded` does but read in pieces. Raises UnreadableText."""
    reader, head = codecs.getincrementaldecoder("utf-8")(), content.read(4)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    content.seek(0)
    try:
        while part := content.read(1 << 20):
            if b"\x00" in part:
                raise UnreadableText("encoding")
            reader.decode(part)
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return _guessed(content)
    return "utf-8"


def _guessed(content: BinaryIO) -> str:
    """The encoding that makes Chinese of what stands where the first character is none of ASCII."""
    content.seek(0)
    while part := content.read(1 << 20):
        if wide := re.search(rb"[\x80-\xff]", part):
            sample = part[wide.start() :] + content.read(SAMPLE)
            scores = {name: _likeness(sample, name) for name in _ENCODINGS}
            best = max(scores, key=lambda name: scores[name])
            if scores[best] >= LIKENESS_MIN:
                return best
            break
    raise UnreadableText("encoding")


def tell_table(rows: Iterable[Row], most: int, out: BinaryIO) -> None:
    """Write the rows as lines of JSON, then how many there were. Raises UnreadableText beyond so many bytes."""
    count = 0
    for row in rows:
        count += 1
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        most -= len(line)
        if most < 0:
            raise UnreadableText("unpacked")
        out.write(line)
    out.write(json.dumps({"rows": count}).encode() + b"\n")


def _answer(content: BinaryIO, order: dict[str, Any]) -> dict[str, Any]:
    if order.get("verb") != "table":
        return read(content, order)
    tell_table(table(content, order), order["bytes"], sys.stdout.buffer)
    return {}


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    with os.fdopen(order["file"], "rb") as content:
        try:
            answer = _answer(content, order)
        except UnreadableText as fault:
            answer = {"why": str(fault)}
        except MemoryError:
            answer = {"why": "memory"}
        except Exception as fault:  # noqa: BLE001 - an edge: whatever a library says of a hostile file is one answer
            answer = {"why": "damaged", "fault": type(fault).__name__}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()
    os._exit(0)  # what the libraries would tidy up goes with the process


if __name__ == "__main__":
    main()
