"""What a list shows, as a file: all its rows, the same columns, the same rights, streamed in batches and logged."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
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
from models.kernel.language.kinds.lines import keyed_lines
from models.kernel.language.record import Record
from models.kernel.language.sound import DAMAGED, DAMAGED_FIELDS, row_of
from models.kernel.rights import rights
from models.services.imports import cells as import_cells
from models.services.imports import line_columns
from models.services.sheets.writing import MIMETYPES, XLSX_ROWS_MAX, Cell, SheetKind, csv_pieces, write

from ..kinds import kind_of
from ..kinds.base import Kind
from ..kinds.states import column_of
from ..slots import ExportFormat
from ..wording import Labels, reference_labels, titles
from . import listing
from .listing import ListQuery

BATCH = 1000
CHUNK = 256 * 1024
JSON_LINES = "jsonl"
WITH_LINES = {"csv-lines": SheetKind.CSV, "xlsx-lines": SheetKind.XLSX}  # a row for each line, as an import reads them
FORMATS = (*map(str, SheetKind), JSON_LINES, *WITH_LINES)
TOO_MANY_ROWS = L(
    "An XLSX sheet holds {most} rows, and this list has more. Please export it as CSV, or narrow it with a filter.",
    "XLSX 工作表最多 {most} 行，此列表超出。請導出為 CSV，或先篩選。",
)


def answer(cls: type[Record], me: Actor, query: ListQuery, kind: str, columns: tuple[str, ...]) -> Response:
    """All the filtered rows as a download; the log says who took what. Raises Refused where XLSX has no room."""
    place = name_of(cls, archived=query.archived)
    log_taking(cls, me, kind, sorted({key for key, _, _ in query.chips}), place=place)
    refuse_what_has_no_room(query, kind)
    name = f"{place}-{clock.today().isoformat()}.{ending_of(kind)}"
    if ending_of(kind) == SheetKind.XLSX:
        heads, batches = _table(cls, me, query, columns, kind)
        return download(SheetKind.XLSX, name.removesuffix(".xlsx"), heads, chain.from_iterable(batches))
    return _streamed(name, pieces(cls, me, query, kind, columns), mimetype_of(kind))


def pieces(
    cls: type[Record],
    me: Actor,
    query: ListQuery,
    kind: str,
    columns: tuple[str, ...],
    progress: Callable[[int], None] = lambda _rows: None,
) -> Iterator[bytes]:
    """All the filtered rows as pieces of a file, the columns that the reader may see; no more than a batch is held, and
    `progress` is told how many rows are through."""
    if kind == JSON_LINES:
        return _json_pieces(cls, me, query, columns, progress)
    heads, batches = _table(cls, me, query, columns, kind)
    counted = _counting(batches, progress)
    if ending_of(kind) == SheetKind.CSV:
        return csv_pieces(heads, counted)
    return _chunks(write(SheetKind.XLSX, heads, chain.from_iterable(counted)))


def _table(
    cls: type[Record], me: Actor, query: ListQuery, columns: tuple[str, ...], kind: str
) -> tuple[list[str], Iterator[list[list[Cell]]]]:
    """The heads and the cells, in batches, of the columns that the reader may see; or what an import takes, with a row
    for each line."""
    if kind in WITH_LINES:
        return lines_table(cls, me, query)
    shown = _seen(cls, me, columns)
    return [str(label_of(cls._fields[name])) for name in shown], _cells(cls, query, shown)


def _seen(cls: type[Record], me: Actor, columns: tuple[str, ...]) -> tuple[str, ...]:
    seen = rights.listed_fields(me, cls)
    return tuple(name for name in columns if name in seen)


def _counting(batches: Iterable[list[Any]], progress: Callable[[int], None]) -> Iterator[list[Any]]:
    count = 0
    for batch in batches:
        yield batch
        count += len(batch)
        progress(count)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _json_pieces(
    cls: type[Record], me: Actor, query: ListQuery, columns: tuple[str, ...], progress: Callable[[int], None]
) -> Iterator[bytes]:
    """A line of JSON for each row, its fields by name as the API gives them: amounts as texts, links as ids."""
    shown, sees = _seen(cls, me, columns), rights.Viewer(me).sees
    yield b""  # the head of the answer goes out at once
    rows = (row for row, _ in _batches(cls, query, shown, with_labels=False))
    for batch in _counting(rows, progress):
        lines = [json.dumps(_json_row(cls, row, shown, sees), ensure_ascii=False) + "\n" for row in batch]
        yield "".join(lines).encode()


def _json_row(cls: type[Record], row: dict[str, Any], columns: Sequence[str], sees: Callable[[Any], bool]) -> dict:
    content: dict[str, Any] = {"id": str(row["_id"])}
    for name in columns:
        if name in row.get(DAMAGED_FIELDS, ()):
            content[name] = None
        else:
            content[name] = None if (value := row.get(name)) is None else cls._fields[name].in_json(value, sees)
    return content


def ending_of(kind: str) -> str:
    """What the name of a file of this format ends with."""
    return str(WITH_LINES.get(kind, kind))


def name_of(cls: type[Record], *, archived: bool) -> str:
    """What is exported of a type, for names of files and the log."""
    return f"{cls.declared.name}_archive" if archived else cls.declared.name


def log_taking(cls: type[Record], me: Actor, kind: str, filters: Sequence[str], *, place: str = "") -> None:
    """Write down who took what."""
    structlog.get_logger("guicheng.export").info(
        "export", type=place or cls.declared.name, user=me.login, format=str(kind), filters=list(filters)
    )


def mimetype_of(kind: str) -> str:
    """The media type of a format."""
    return "application/jsonl" if kind == JSON_LINES else MIMETYPES[SheetKind(ending_of(kind))]


def answer_in(cls: type[Record], me: Actor, query: ListQuery, form: ExportFormat) -> Response:
    """All the filtered rows in a format of their trade, streamed; the log says who took what. Raises Missing where a
    reader may not see all that it holds, Refused where the format would lose something."""
    if query.archived or not set(form.fields) <= {*rights.listed_fields(me, cls), "number"}:
        raise Missing
    if words := form.refusal(_rows_for(cls, query, form)):
        raise Refused(words)
    log_taking(cls, me, form.name, sorted({key for key, _, _ in query.chips}))
    written = form.write(_rows_for(cls, query, form))
    pieces = (piece.encode() if isinstance(piece, str) else piece for piece in written)
    name = f"{cls.declared.name}-{clock.today().isoformat()}.{form.name}"
    return named(Response(stream_with_context(pieces), mimetype=form.mimetype), name)


def _rows_for(cls: type[Record], query: ListQuery, form: ExportFormat) -> Iterator[dict[str, Any]]:
    cursor = query.collection.find(query.filter, dict.fromkeys(form.fields, 1)).sort(listing.order_of(query))
    return (row for row in (row_of(cls, stored) for stored in cursor.batch_size(BATCH)) if not row.get(DAMAGED_FIELDS))


def refuse_what_has_no_room(query: ListQuery, kind: str) -> None:
    """A sheet of XLSX ends by its format; nothing is counted while the whole collection would fit. Raises Refused."""
    if ending_of(kind) != SheetKind.XLSX:
        return
    if query.collection.estimated_document_count() <= XLSX_ROWS_MAX:
        return
    if query.collection.count_documents(query.filter, limit=XLSX_ROWS_MAX + 1) > XLSX_ROWS_MAX:
        raise Refused(TOO_MANY_ROWS(most=f"{XLSX_ROWS_MAX:,}"))


def streamed(name: str, heads: Sequence[str], batches: Iterable[Sequence[Sequence[Cell]]]) -> Response:
    """Rows as CSV that goes out while it is read: the first bytes at once, and no more than a batch in memory.

    A fault on the way ends the connection, so that no browser takes a part for the whole.
    """
    return _streamed(name, csv_pieces(heads, batches), MIMETYPES[SheetKind.CSV])


def _streamed(name: str, pieces: Iterator[bytes], mimetype: str) -> Response:
    locale = current_locale()

    def spoken() -> Iterator[bytes]:
        while True:
            with speaking(locale):  # the language of the request ends with its answer
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    return named(Response(stream_with_context(spoken()), mimetype=mimetype), name)


def _batches(
    cls: type[Record], query: ListQuery, columns: tuple[str, ...], *, with_labels: bool = True
) -> Iterator[tuple[list[dict], dict]]:
    """Rows in batches, each with the titles of what it links to."""
    cursor = query.collection.find(query.filter, dict.fromkeys((*columns, "state"), 1)).sort(listing.order_of(query))
    batch: list[dict] = []
    for row in cursor.batch_size(BATCH):
        batch.append(row_of(cls, row))
        if len(batch) == BATCH:
            yield batch, reference_labels(cls, batch, columns) if with_labels else {}
            batch = []
    if batch:
        yield batch, reference_labels(cls, batch, columns) if with_labels else {}


def lines_table(cls: type[Record], me: Actor, query: ListQuery) -> tuple[list[str], Iterator[list[list[Cell]]]]:
    """The heads and rows of a sheet as an import takes it: a row for each line, what is of the record in the first,
    its number in each. Raises Missing where the actor fills no lines."""
    seen, lists = rights.listed_fields(me, cls), line_columns.lists_of(cls, me)
    heads = {
        name: label
        for name, label in import_cells.heads_of(cls, me).items()
        if name == line_columns.NUMBER or _may_leave(cls, me, name, seen)
    }
    if not lists:
        raise Missing
    return [*heads.values()], _line_cells(cls, me, query, tuple(heads))


def _may_leave(cls: type[Record], me: Actor, name: str, seen: Container[str]) -> bool:
    """Whether a column stands in a list that anybody may take along: what is shown by relation to a record, and what is
    kept sealed, does not."""
    field = line_columns.field_at(cls, name)
    if name == line_columns.GROUP or name.partition(".")[0] not in seen:
        return False
    return field is None or (field.is_column and rights.sees(me, field))


def _line_cells(cls: type[Record], me: Actor, query: ListQuery, names: tuple[str, ...]) -> Iterator[list[list[Cell]]]:
    plain = tuple(name for name in names if not line_columns.is_of_lines(name))
    paths = [name for name in names if line_columns.is_of_lines(name)]
    kinds = {name: kind_of(field) for name in names if (field := line_columns.field_at(cls, name)) is not None}
    lists = tuple(dict.fromkeys(path.partition(".")[0] for path in paths))
    for rows, labels in _batches(cls, query, (*plain, *lists)):
        labels = labels | line_labels(cls, rows, paths)
        yield [cells for row in rows for cells in _rows_of_record(row, plain, paths, lists, kinds, labels)]


def _rows_of_record(
    row: dict[str, Any],
    plain: Sequence[str],
    paths: Sequence[str],
    lists: Sequence[str],
    kinds: dict[str, Kind],
    labels: Labels,
) -> Iterator[list[Cell]]:
    sound = [name for name in lists if name not in row.get(DAMAGED_FIELDS, ())]
    lines = {name: list(keyed_lines(row.get(name) or [])) if name in sound else [] for name in lists}
    for at in range(max([1, *(len(items) for items in lines.values())])):
        cells: list[Cell] = []
        for name in plain:
            is_here = at == 0 or name == line_columns.NUMBER
            cells.append(_in_sheet(row, name, kinds[name], labels) if is_here else None)
        for path in paths:
            name, _, column = path.partition(".")
            key, line = lines[name][at] if at < len(lines[name]) else ("", {})
            cells.append(key if path not in kinds else kinds[path].in_sheet(line.get(column), labels))
        yield cells


def line_labels(cls: type[Record], rows: Iterable[dict[str, Any]], paths: Iterable[str]) -> dict[Any, str]:
    """The titles of everything that the lines of some rows link to: one query for each linked type."""
    needed: dict[str, set[Any]] = {}
    links = {path: field for path in paths if (field := line_columns.field_at(cls, path)) is not None and field.target}
    for row in rows:
        for path, link in links.items():
            name, _, column = path.partition(".")
            for line in row.get(name) or ():
                needed.setdefault(link.target, set()).update(link.ids_in(line.get(column)))
    return titles(needed)


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
    """The kind of sheet that an address names. Raises Missing."""
    if text not in set(SheetKind):
        raise Missing
    return SheetKind(text)


def format_of(text: str) -> str:
    """The format of a list's export that an address names. Raises Missing."""
    if text not in FORMATS:
        raise Missing
    return text


def download(
    kind: SheetKind, name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], **looks: Any
) -> Response:
    """Rows as a file to be kept under a name."""
    return sent(write(kind, heads, rows, **looks), f"{name}.{kind}", MIMETYPES[kind])


def sent(file: IO[bytes], name: str, mimetype: str) -> Response:
    """A file to be kept under a name."""
    return named(send_file(file, mimetype=mimetype, as_attachment=True, download_name=name), name)


def named(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    return response
