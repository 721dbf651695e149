"""The first step of an import: its sheet is read into batches of rows, and one row is found that has the heads.

The rows above the heads are kept with the others, so that the sender may say that the heads stand elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.declare import registered
from models.kernel.language.record import Record

from ..files import confined, files
from ..files.reading import content_of
from ..files.text import WHY
from ..files.uploads import Incoming
from . import imports
from . import rows as import_rows
from .cells import CELL_MAX, matched, shown_of
from .imports import COLUMNS_MAX, ROWS_MAX, Import

SECONDS_MAX = 120
HEADS_SOUGHT = 20
ANSWER_MAX = 90 * 1024 * 1024
WHY_NOT: dict[str, Words] = {
    **WHY,
    "unpacked": L("The file is too large when unpacked.", "文件解壓後過大。"),
    "rows": L("The sheet has more than {rows} rows; please split it.", "表格超過 {rows} 行，請拆分後導入。")(
        rows=ROWS_MAX
    ),
    "columns": L("The sheet has more than {columns} columns.", "表格超過 {columns} 列。")(columns=COLUMNS_MAX),
    "quotes": L(
        "A quotation mark in line {line} is not closed, or stands within a text; nothing was imported.",
        "第 {line} 行有未配對的引號，或引號夾在文字中；未導入任何內容。",
    ),
    "encoding": L(
        "the encoding of the text is in doubt. Choose below the reading that is right.",
        "無法確定文字編碼，請在下方選擇正確的顯示。",
    ),
    "nothing": L("The sheet is empty.", "表格是空的。"),
}
NOT_READ = L("The sheet could not be read: {why}", "無法讀取表格：{why}")


Row = tuple[int, list[str]]


def type_of(sheet: Import) -> type[Record]:
    """The record type that an import is for."""
    return registered()[sheet.type]


def read(sheet: Import, actor: Actor) -> None:
    """Take the rows of the sheet into batches and match its heads. Done again it has the same effect.

    Raises Unreadable, with a reason that `WHY_NOT` has words for.
    """
    pictures: list[tuple[int, dict[str, Any]]] = []
    rows = _rows_of(sheet, pictures)
    above, first = _parted(rows, sheet.facts.get("head_row", 0))
    if not first:
        raise confined.Unreadable("nothing")
    number, cells = first[_place_of_heads(sheet, actor, first)]
    width = _Width(len(cells), number)
    count = import_rows.keep_rows(sheet, width.along(chain(above, first, rows)), heads_in=number)
    heads = _heads_from(cells, width.most)
    imports.keep_heads(sheet, heads, matched(type_of(sheet), actor, heads), row=number)
    imports.finish_reading(sheet, count - _count_to(number, [*above, *first]), kept=count, pictures=pictures)


def _parted(rows: Iterator[Row], head_row: int) -> tuple[list[Row], list[Row]]:
    """The rows above the one that is said to have the heads, and the first of those among which they are sought."""
    above: list[Row] = []
    for row in rows:
        if row[0] >= head_row:
            return above, [row, *islice(rows, HEADS_SOUGHT - 1)]
        above.append(row)
    return above, []


def _place_of_heads(sheet: Import, actor: Actor, rows: Sequence[Row]) -> int:
    """Which of the first rows has the heads: the first, unless titles stand above one in which more heads are known."""
    if sheet.facts.get("head_row"):
        return 0
    counts = [sum(bool(name) for name in matched(type_of(sheet), actor, cells)) for _, cells in rows]
    best = counts.index(max(counts))
    is_row_of_heads = counts[best] > 1 or counts[best] == sum(bool(cell.strip()) for cell in rows[best][1])
    return best if is_row_of_heads else 0


def _heads_from(cells: Sequence[str], width: int) -> list[str]:
    """What the heads in a row say, as many as there are columns."""
    return [*map(shown_of, cells), *([""] * (width - len(cells)))]


def _count_to(number: int, rows: Iterable[Row]) -> int:
    """How many rows stand down to one."""
    return sum(row[0] <= number for row in rows)


class _Width:
    """How many cells the widest row below the heads has, so that columns without a head can be matched, too."""

    def __init__(self, most: int, heads_in: int):
        self.most, self.heads_in = most, heads_in

    def along(self, rows: Iterable[Row]) -> Iterator[Row]:
        for number, cells in rows:
            if number > self.heads_in:
                self.most = max(self.most, len(cells))
            yield number, cells


def may_have_heads(sheet: Import) -> list[Row]:
    """The first rows of a sheet, in which its heads may stand; none of one that was read before all rows were kept."""
    return import_rows.first_rows(sheet, HEADS_SOUGHT) if "kept" in sheet.facts else []


def read_below(sheet: Import, row: int, *, actor: Actor) -> None:
    """Order that the rows are checked anew with the heads in another row. Raises Refused."""
    first = may_have_heads(sheet)
    if (cells := dict(first).get(row)) is None:
        raise Refused(imports.NOT_NOW)
    heads = _heads_from(cells, max(len(cells), len(sheet.heads)))
    facts = imports.facts_of_heads(sheet, heads, matched(type_of(sheet), actor, heads), row)
    facts["rows"] = sheet.facts["kept"] - _count_to(row, first)
    imports.check_again(sheet, facts, actor=actor, empties=sheet.empties)


def previews(sheet: Import) -> dict[str, str]:
    """The first lines of a text in each encoding in which it can be read. Raises Unreadable."""
    with content_of(sheet.facts) as content:
        answer, _ = confined.run("texts", {"verb": "previews"}, content)
    return dict(answer["previews"])


def _rows_of(sheet: Import, pictures: list[tuple[int, dict[str, Any]]]) -> Iterator[Row]:
    """The rows; the pictures that come with them are stored on the way, and `pictures` gathers what is known of them by
    row. What is cut off leaves contents that no file names, and the sweep takes them."""
    order = {
        "verb": "table",
        "kind": sheet.facts["kind"],
        "bytes": ANSWER_MAX,
        "encoding": sheet.facts.get("encoding", ""),
    }
    order |= {"rows": ROWS_MAX, "columns": COLUMNS_MAX, "cell": CELL_MAX}
    with content_of(sheet.facts) as content:
        stored: dict[str, dict[str, Any]] = {}
        for number, cells, *more in confined.rows("texts", order, content, seconds=SECONDS_MAX):
            for name, text in more[0] if more else ():
                pictures.append((number, _kept_picture(name, base64.b64decode(text), stored)))
            yield number, cells


def _kept_picture(name: str, content: bytes, stored: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The facts of a picture under its name, stored once in an import; `stored`: by digest what is there."""
    incoming = Incoming(name, len(content))
    incoming.write(content)
    if incoming.sha256 not in stored:
        incoming.finish()
        stored[incoming.sha256] = {**incoming.adopt(), "content_type": files.content_type(incoming.head, name)}
    return {**stored[incoming.sha256], "name": name, "given_name": name}
