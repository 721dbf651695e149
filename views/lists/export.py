"""What a list shows, as a file: the same rows, the same columns, the same rights, streamed in batches and logged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any
from urllib.parse import quote

import structlog
from flask import Response, send_file

from models.kernel.base import clock
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.sheets.writing import MIMETYPES, Cell, SheetKind, write

from ..kinds.states import column_of
from ..wording import reference_labels
from .listing import Asked

BATCH = 1000
ROWS_MAX = 100_000


def answer(cls: type[Record], me: Actor, asked: Asked, kind: SheetKind, columns: tuple[str, ...]) -> Response:
    """The filtered rows as a download. At most 100,000 rows; the log says who took what."""
    seen = rights.listed_fields(me, cls)
    columns = tuple(name for name in columns if name in seen)
    place = f"{cls.declared.name}_archive" if asked.archived else cls.declared.name
    structlog.get_logger("guicheng.export").info(
        "export", type=place, user=me.login, format=kind, filters=sorted({key for key, _, _ in asked.chips})
    )
    heads = [str(label_of(cls._fields[column])) for column in columns]
    return download(kind, f"{place}-{clock.today().isoformat()}", heads, _cells(cls, asked, columns))


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


def _cells(cls: type[Record], asked: Asked, columns: tuple[str, ...]) -> Iterator[list[Cell]]:
    kinds = [(column, column_of(cls, column)) for column in columns]
    for rows, labels in _batches(cls, asked, columns):
        yield from ([kind.in_sheet(row.get(column), labels) for column, kind in kinds] for row in rows)


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
    response = send_file(file, mimetype=mimetype, as_attachment=True, download_name=name)
    response.headers["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    return response
