"""Reads the first sheet of a workbook, or a text whose cells are separated, as a table: row by row, as a person types.

What is broken is refused with its place, never repaired: a quotation mark that is not closed would swallow rows.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, BinaryIO

from . import books, charsets, gift, moodle, qti, reqif
from .cell_texts import COLUMNS_MAX
from .crowded import refuse_crowded
from .unreadable import Unreadable

Row = tuple[int, list[str]]
LINES_MAX = 1_048_576
CELL_MAX = 2_000_000
PEEKED = 20
_SEPARATORS = "\t,;|"
_NAMED = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')


def table(content: BinaryIO, order: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table that are not empty, with their numbers, within the limits; behind those of questions their
    pictures. Raises Unreadable."""
    count, most = 0, order["cell"]
    name = order.get("sheet")
    rows: Iterator[tuple[Any, ...]]
    if order["kind"] == "reqif":
        rows = reqif.rows(content)
    elif order["kind"] in ("moodle", "qti"):
        rows = (moodle if order["kind"] == "moodle" else qti).rows(content)
    elif order["kind"] == "gift":
        rows = gift.rows(content, order.get("encoding", "") or encoding_of(content))
    elif order["kind"] == "sheets":
        if name is None:
            refuse_crowded(content, order["rows"] + 1)
        rows = of_first_sheet(content, name)
    else:
        rows = of_separated(content, order.get("encoding", ""))
    for number, cells, *pictures in rows:
        if number > LINES_MAX:
            raise Unreadable("rows")
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        count += 1
        if len(cells) > order["columns"]:
            raise Unreadable("columns")
        if count > order["rows"] + 1:  # the heads are no row
            raise Unreadable("rows")
        yield number, [cell[: most + 1] for cell in cells], *pictures


def of_first_sheet(content: BinaryIO, name: str | None = None) -> Iterator[Row]:
    """The rows of the first visible sheet in which anything stands; of that with a name where one is given."""
    items = [item for item in books.sheets(content, as_shown=False) if name is None or item.name == name]
    for sheet in [item for item in items if item.is_shown] or items:
        is_empty = True
        for number, cells in sheet.rows():
            is_empty = False
            if max(cells) >= COLUMNS_MAX:
                raise Unreadable("columns")
            yield number, [cells.get(at, "") for at in range(max(cells) + 1)]
        if not is_empty:
            return


def of_separated(content: BinaryIO, encoding: str = "") -> Iterator[Row]:
    """The rows of a text whose cells are separated by one sign throughout. Raises Unreadable."""
    name = encoding or encoding_of(content)
    content.seek(0)
    text = io.TextIOWrapper(content, encoding=name, errors=charsets.ERRORS, newline="")
    try:
        yield from _separated(text)
    except UnicodeDecodeError as fault:
        raise Unreadable("encoding") from fault
    finally:
        text.detach()


def _separated(text: io.TextIOWrapper) -> Iterator[Row]:
    separator, skipped = _separator(text)
    csv.field_size_limit(CELL_MAX)
    lines = csv.reader(text, delimiter=separator, strict=True)
    begin, width = skipped + 1, 0
    try:
        for number, cells in enumerate(lines, skipped + 1):
            width = width or len(cells)
            if any(_swallowed(cell, separator, width) for cell in cells):
                raise Unreadable("quotes", begin)
            yield number, [_as_shown(cell) for cell in cells]
            begin = skipped + lines.line_num + 1
    except csv.Error as fault:
        raise Unreadable("quotes", begin) from fault


def _separator(text: io.TextIOWrapper) -> tuple[str, int]:
    """The sign that most of the first lines have, and how many lines only name it; the text stands behind those."""
    first = text.readline()
    if named := _NAMED.fullmatch(first):
        return named[1], 1
    lines = [line for line in (first, *(text.readline() for _ in range(PEEKED))) if line.strip()]
    text.seek(0)
    counts = {sign: sum(sign in line for line in lines) for sign in _SEPARATORS}
    signs = sorted(
        _SEPARATORS, key=lambda sign: (-counts[sign], sign != "\t", -sum(line.count(sign) for line in lines))
    )
    return (signs[0] if counts[signs[0]] else ","), 0


def _swallowed(cell: str, separator: str, width: int) -> bool:
    """Whether a cell of several lines holds what looks like whole rows: a quotation mark stood open before them."""
    inner = cell.splitlines()[1:-1] if "\n" in cell else []
    return width > 1 and any(line.count(separator) == width - 1 for line in inner)


def _as_shown(cell: str) -> str:
    """A cell that is written as a formula of one text, so that programs leave it alone, as that text."""
    match = _AS_TEXT.fullmatch(cell.strip())
    return match[1].replace('""', '"') if match else cell


def encoding_of(content: BinaryIO) -> str:
    """The encoding of a text of any size, without holding all of it. Raises Unreadable, also where it is in doubt."""
    content.seek(0)
    if name := charsets.marked(content.read(4)):
        return name
    content.seek(0)
    if _is_utf8(content):
        return charsets.UTF8
    known = charsets.readings(_sample(content), is_cut=True)
    if not charsets.is_sure(known):
        raise Unreadable("encoding")
    return known[0].encoding


def _is_utf8(content: BinaryIO) -> bool:
    reader = charsets.codecs.getincrementaldecoder("utf-8")()
    try:
        while part := content.read(1 << 20):
            if b"\x00" in part:
                return False
            reader.decode(part)
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample(content: BinaryIO) -> bytes:
    """Some of a text from its first character that is none of ASCII; from its beginning where bytes of nought stand."""
    content.seek(0)
    head = content.read(charsets.SAMPLE)
    if b"\x00" in head:
        return head
    while head:
        if wide := re.search(rb"[\x80-\xff]", head):
            return head[wide.start() :] + content.read(charsets.SAMPLE)
        head = content.read(1 << 20)
    return b""


def previews(content: BinaryIO) -> dict[str, str]:
    """The first lines of a text in each encoding in which it can be read."""
    content.seek(0)
    raw = content.read(charsets.SAMPLE)
    texts = charsets.previews(raw)
    return {name: "\n".join(_legible(line[:200]) for line in text.splitlines()[:5]) for name, text in texts.items()}


def _legible(line: str) -> str:
    """A line without the control characters that no page may hold."""
    return "".join(sign for sign in line if sign == "\t" or unicodedata.category(sign) != "Cc")
