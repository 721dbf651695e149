"""What a list shows, as a file: the same rows, the same columns, the same rights, streamed in batches and logged."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import structlog
import xlsxwriter
from flask import Response, send_file

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..kinds.base import Formats
from ..kinds.states import column_of
from ..wording import reference_labels
from .listing import Asked

KINDS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BATCH = 1000
BOOK = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
ROWS_MAX = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer(cls: type[Record], me: Actor, asked: Asked, kind: str, columns: tuple[str, ...]) -> Response:
    """The filtered rows as a download. At most 100,000 rows; the log says who took what."""
    seen = rights.listed_fields(me, cls)
    columns = tuple(name for name in columns if name in seen)
    place = f"{cls.declared.name}_archive" if asked.archived else cls.declared.name
    structlog.get_logger("guicheng.export").info(
        "export", type=place, user=me.login, format=kind, filters=sorted({key for key, _, _ in asked.chips})
    )
    name = f"{place}-{clock.today().isoformat()}.{kind}"
    return _csv(cls, asked, columns, name) if kind == "csv" else _xlsx(cls, asked, columns, name)


def _batches(cls: type[Record], asked: Asked, columns: tuple[str, ...]) -> Iterator[tuple[list[dict], dict]]:
    """Rows in batches, each with the titles of what it links to."""
    descending, name = asked.sort.startswith("-"), asked.sort.lstrip("-")
    keys = [("_id" if name == "id" else name, -1 if descending else 1)]
    if name != "id":
        keys.append(("_id", keys[0][1]))
    cursor = asked.collection.find(asked.filter, dict.fromkeys((*columns, "state"), 1)).sort(keys).limit(ROWS_MAX)
    batch: list[dict] = []
    for row in cursor.batch_size(BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch, reference_labels(cls, batch, columns)
            batch = []
    if batch:
        yield batch, reference_labels(cls, batch, columns)


def _csv(cls: type[Record], asked: Asked, columns: tuple[str, ...], name: str) -> Response:
    file = tempfile.SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115 - send_file closes it
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([defused(str(label_of(cls._fields[column]))) for column in columns])
    sayers = [(column, column_of(cls, column).exported) for column in columns]
    for rows, labels in _batches(cls, asked, columns):
        writer.writerows([[defused(say(row.get(column), labels)) for column, say in sayers] for row in rows])
    text.detach()
    file.seek(0)
    return download(file, name, "text/csv")


def _xlsx(cls: type[Record], asked: Asked, columns: tuple[str, ...], name: str) -> Response:
    file = tempfile.SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115 - send_file closes it
    with xlsxwriter.Workbook(file, BOOK) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        formats = Formats(book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "#,##0.00"}))
        for at, column in enumerate(columns):
            sheet.write_string(0, at, str(label_of(cls._fields[column])), bold)
        writers = [(at, column, column_of(cls, column).write) for at, column in enumerate(columns)]
        line = 1
        for rows, labels in _batches(cls, asked, columns):
            for row in rows:
                for at, column, write in writers:
                    write(sheet, (line, at), row.get(column), labels, formats)
                line += 1
    file.seek(0)
    return download(file, name, XLSX)


def defused(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; negative numbers stay numbers."""
    if text.startswith(_FORMULA) and not _is_number(text):
        return "'" + text
    return text.replace("\x00", "")


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdigit() and text[0] in "+-"


def download(file: Any, name: str, mimetype: str) -> Response:
    """A file to be kept under a name."""
    response = send_file(file, mimetype=mimetype, as_attachment=True, download_name=name)
    response.headers["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    return response
