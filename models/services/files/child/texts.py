"""A program that takes the text out of a PDF, a document, slides, a sheet or a text file, block by block with places.

Standard input: one line of JSON (`kind`, `file`: the number of the open file with the content, `characters`, `pages`).
Standard output: one line of JSON. A block is [kind of place, name of the place, number, text]; a row of a table has
tabs between its cells.

With `verb` "table" the first sheet (or the text file) is read as a table instead, row by row with all its cells: a line
of JSON for each row that is not empty, [number of the row, [cells]], and at the end one with the number of `rows`.
Its limits are `rows`, `columns`, `cell` (characters; a longer one is cut one beyond) and `bytes` of the answer;
`encoding` names that of a text file, where somebody chose it. With `verb` "previews" the answer has the first lines of
a text file in each encoding.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import pypdfium2

from . import books, charsets, documents, pdf_forms, tables
from .archives import refuse_bomb
from .tables import Row, table
from .unreadable import Unreadable

Block = tuple[str, str, int, str]
LIKENESS_MIN = 0.3
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\u200b\ufeff]")


def of_pdf(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each page: its text, then what was filled in and remarked."""
    try:
        pdf = pdf_forms.opened(content)
    except pypdfium2.PdfiumError as fault:
        raise Unreadable("password" if "assword" in str(fault) else "damaged") from fault
    for number in range(min(len(pdf), order["pages"])):
        try:
            page = pdf[number]
            text = "\n".join([page.get_textpage().get_text_range(), *pdf_forms.texts(pdf, page)])
            page.close()
        except pypdfium2.PdfiumError:  # one page that is damaged does not hide the others
            continue
        yield "page", "", number + 1, text


def of_document(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each paragraph and each row of a table of a Word document."""
    refuse_bomb(content)
    yield from documents.of_document(content, order)


def of_slides(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each paragraph of a presentation, slide by slide."""
    refuse_bomb(content)
    yield from documents.of_slides(content, order)


def of_sheets(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each row that is not empty, its cells as they are shown."""
    for sheet in books.sheets(content, as_shown=True):
        for number, cells in sheet.rows():
            yield "sheet", sheet.name, number, _line(cells.get(at, "") for at in range(max(cells) + 1))


def _line(cells: Iterable[str]) -> str:
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")


def of_text(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each line."""
    text = decoded(content.read(order["characters"] * 4 + 4))
    for number, line in enumerate(text.splitlines(), 1):
        yield "line", "", number, line


def decoded(raw: bytes) -> str:
    """Text of unknown encoding, which may be cut within its last character. Raises Unreadable."""
    if name := charsets.marked(raw):
        return raw.decode(name, "replace")
    try:
        if b"\x00" not in raw:
            return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start > len(raw) - 4:  # cut within the last character
            return raw.decode("utf-8", "ignore")
    known = charsets.readings(raw, is_cut=True)
    if not known or known[0].score < LIKENESS_MIN:
        raise Unreadable("encoding")
    return charsets.decoded(raw, known[0].encoding, is_cut=True)


READERS: dict[str, Callable[[BinaryIO, dict[str, Any]], Iterator[Block]]] = {
    "pdf": of_pdf,
    "document": of_document,
    "slides": of_slides,
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


def tell_table(rows: Iterable[Row], most: int, out: BinaryIO) -> None:
    """Write the rows as lines of JSON, then how many there were. Raises Unreadable beyond so many bytes."""
    count = 0
    for row in rows:
        count += 1
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        most -= len(line)
        if most < 0:
            raise Unreadable("unpacked")
        out.write(line)
    out.write(json.dumps({"rows": count}).encode() + b"\n")


def _answer(content: BinaryIO, order: dict[str, Any]) -> dict[str, Any]:
    if order.get("verb") == "previews":
        return {"previews": tables.previews(content)}
    if order.get("verb") != "table":
        return read(content, order)
    tell_table(table(content, order), order["bytes"], sys.stdout.buffer)
    return {}


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    with os.fdopen(order["file"], "rb") as content:
        try:
            answer = _answer(content, order)
        except Unreadable as fault:
            answer = {"why": str(fault), "line": fault.line}
        except MemoryError:
            answer = {"why": "memory"}
        except Exception as fault:  # noqa: BLE001 - an edge: whatever a library says of a hostile file is one answer
            answer = {"why": "damaged", "fault": type(fault).__name__}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()
    os._exit(0)  # what the libraries would tidy up goes with the process
