"""What a list shows, as a file: all its rows, the same columns, the same rights, streamed in batches and logged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any
from urllib.parse import quote

import structlog
from flask import Response, send_file, stream_with_context

from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale, speaking
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.sound import DAMAGED, DAMAGED_FIELDS, row_of
from models.kernel.rights import rights
from models.services.sheets.writing import MIMETYPES, XLSX_ROWS_MAX, Cell, SheetKind, csv_pieces, write

from ..kinds.base import Kind
from ..kinds.states import column_of
from ..slots import ExportFormat
from ..wording import Labels, reference_labels
from . import listing
from .listing import ListQuery

BATCH = 1000
TOO_MANY_ROWS = L(
    "An XLSX sheet holds {most} rows, and this list has more. Please export it as CSV, or narrow it with a filter.",
    "XLSX 工作表最多 {most} 行，此列表超出。請導出為 CSV，或先篩選。",
)


def answer(cls: type[Record], me: Actor, query: ListQuery, kind: SheetKind, columns: tuple[str, ...]) -> Response:
    """All the filtered rows as a download; the log says who took what. Raises Refused where XLSX has no room."""
    seen = rights.listed_fields(me, cls)
    columns = tuple(name for name in columns if name in seen)
    place = f"{cls.declared.name}_archive" if query.archived else cls.declared.name
    structlog.get_logger("guicheng.export").info(
        "export", type=place, user=me.login, format=kind, filters=sorted({key for key, _, _ in query.chips})
    )
    heads = [str(label_of(cls._fields[column])) for column in columns]
    name, batches = f"{place}-{clock.today().isoformat()}", _cells(cls, query, columns)
    if kind is SheetKind.CSV:
        return streamed(f"{name}.{kind}", heads, batches)
    _refuse_too_many(query)
    return download(kind, name, heads, chain.from_iterable(batches))


def answer_in(cls: type[Record], me: Actor, query: ListQuery, form: ExportFormat) -> Response:
    """All the filtered rows in a format of their trade, streamed; the log says who took what. Raises Missing where a
    reader may not see all that it holds."""
    if query.archived or not set(form.fields) <= {*rights.listed_fields(me, cls), "number"}:
        raise Missing
    structlog.get_logger("guicheng.export").info(
        "export",
        type=cls.declared.name,
        user=me.login,
        format=form.name,
        filters=sorted({k for k, _, _ in query.chips}),
    )
    cursor = query.collection.find(query.filter, dict.fromkeys(form.fields, 1)).sort(listing.order_of(query))
    rows = (row for row in (row_of(cls, stored) for stored in cursor.batch_size(BATCH)) if not row.get(DAMAGED_FIELDS))
    pieces = (piece.encode() for piece in form.write(rows))
    name = f"{cls.declared.name}-{clock.today().isoformat()}.{form.name}"
    return _named(Response(stream_with_context(pieces), mimetype=form.mimetype), name)


def _refuse_too_many(query: ListQuery) -> None:
    """A sheet of XLSX ends by its format; nothing is counted while the whole collection would fit."""
    if query.collection.estimated_document_count() <= XLSX_ROWS_MAX:
        return
    if query.collection.count_documents(query.filter, limit=XLSX_ROWS_MAX + 1) > XLSX_ROWS_MAX:
        raise Refused(TOO_MANY_ROWS(most=f"{XLSX_ROWS_MAX:,}"))


def streamed(name: str, heads: Sequence[str], batches: Iterable[Sequence[Sequence[Cell]]]) -> Response:
    """Rows as CSV that goes out while it is read: the first bytes at once, and no more than a batch in memory.

    A fault on the way ends the connection, so that no browser takes a part for the whole.
    """
    pieces, locale = csv_pieces(heads, batches), current_locale()

    def spoken() -> Iterator[bytes]:
        while True:
            with speaking(locale):  # the language of the request ends with its answer
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    response = Response(stream_with_context(spoken()), mimetype=MIMETYPES[SheetKind.CSV])
    return _named(response, name)


def _batches(cls: type[Record], query: ListQuery, columns: tuple[str, ...]) -> Iterator[tuple[list[dict], dict]]:
    """Rows in batches, each with the titles of what it links to."""
    cursor = query.collection.find(query.filter, dict.fromkeys((*columns, "state"), 1)).sort(listing.order_of(query))
    batch: list[dict] = []
    for row in cursor.batch_size(BATCH):
        batch.append(row_of(cls, row))
        if len(batch) == BATCH:
            yield batch, reference_labels(cls, batch, columns)
            batch = []
    if batch:
        yield batch, reference_labels(cls, batch, columns)


def _cells(cls: type[Record], query: ListQuery, columns: tuple[str, ...]) -> Iterator[list[list[Cell]]]:
    """The cells in batches of rows; who writes a column is chosen once."""
    kinds = [(column, column_of(cls, column)) for column in columns]
    for rows, labels in _batches(cls, query, columns):
        yield [[_in_sheet(row, column, kind, labels) for column, kind in kinds] for row in rows]


def _in_sheet(row: dict[str, Any], column: str, kind: Kind, labels: Labels) -> Cell:
    if column in row.get(DAMAGED_FIELDS, ()):
        return str(DAMAGED)
    return kind.in_sheet(row.get(column), labels)


def sheet_kind(text: str) -> SheetKind:
    """The kind of file that an address names. Raises Missing."""
    if text not in set(SheetKind):
        raise Missing
    return SheetKind(text)


def download(
    kind: SheetKind, name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], **looks: Any
) -> Response:
    """Rows as a file to be kept under a name."""
    return sent(write(kind, heads, rows, **looks), f"{name}.{kind}", MIMETYPES[kind])


def sent(file: IO[bytes], name: str, mimetype: str) -> Response:
    """A file to be kept under a name."""
    return _named(send_file(file, mimetype=mimetype, as_attachment=True, download_name=name), name)


def _named(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    return response
