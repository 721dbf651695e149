"""A program that takes the text out of a PDF, a document, a sheet or a text file, block by block with its place.

Standard input: one line of JSON (`kind`, `file`: the number of the open file with the content, `characters`, `pages`).
Standard output: one line of JSON. A block is [kind of place, name of the place, number, text]; a row of a table has
tabs between its cells.
"""

from __future__ import annotations

import codecs
import datetime as dt
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import docx
import pypdfium2
from docx.table import Table
from python_calamine import CalamineError, PasswordError, load_workbook

Block = tuple[str, str, int, str]
UNPACKED_MAX = 300 * 1024 * 1024
MEMBERS_MAX = 20_000
SAMPLE = 20_000
LIKENESS_MIN = 0.8
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\u200b\ufeff]")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ENCODINGS = {"gb18030": ((0xB0, 0xF7), (0xA1, 0xFE)), "big5": ((0xA4, 0xC6), (0x40, 0xFE))}


class Unreadable(Exception):
    """The text cannot be read; the argument is one of the reasons that `file_text.WHY` has words for."""


def of_pdf(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each page."""
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as fault:
        raise Unreadable("password" if "assword" in str(fault) else "damaged") from fault
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
        raise Unreadable("password") from fault
    except CalamineError as fault:
        raise Unreadable("damaged") from fault


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
        raise Unreadable("damaged") from fault
    if len(members) > MEMBERS_MAX or sum(one.file_size for one in members) > UNPACKED_MAX:
        raise Unreadable("unpacked")
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
        raise Unreadable("encoding")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start > len(raw) - 4:  # cut within the last character
            return raw.decode("utf-8", "ignore")
    scores = {name: _likeness(raw, name) for name in _ENCODINGS}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < LIKENESS_MIN:
        raise Unreadable("encoding")
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


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    with os.fdopen(order["file"], "rb") as content:
        try:
            answer = read(content, order)
        except Unreadable as fault:
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
