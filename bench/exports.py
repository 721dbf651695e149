"""Export of a list of customers as a job writes it: rows per second, time to the first bytes, and how memory grows.

.venv/bin/python -m bench.exports [rows] [kinds…]    (starts an embedded server of its own)
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from werkzeug.datastructures import MultiDict

from admin_app.database import connect
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import Settings
from admin_app.start import set_rules
from bench.import_sheets import clerk, plain
from models import catalogue
from models.kernel.base.secrets import set_keys
from models.kernel.base.words import HANT, speaking
from models.services.database import ensure_indexes
from views.lists import export, layouts

ROWS, AT_ONCE = 200_000, 10_000
KINDS = ("csv", "jsonl", "xlsx")


def fill(count: int) -> None:
    """Copies of a record that the gate has made, under other ids and numbers."""
    rows = get_db()["customer"]
    first = rows.find_one({})
    assert first is not None
    for begin in range(0, count, AT_ONCE):
        numbered = ((ObjectId(), f"CU-2026-B{begin + n:07}") for n in range(min(AT_ONCE, count - begin)))
        rows.insert_many([{**first, "_id": id, "number": number} for id, number in numbered])


def written(kind: str, actor: Any, folder: str) -> None:
    """One export into a file; says what it took."""
    cls = catalogue["customer"]
    shown = layouts.read_list(cls, actor, MultiDict({"sort": "number"}))
    before, began, first, size = peak(), time.perf_counter(), 0.0, 0
    rows = [0]
    with (Path(folder) / f"out.{kind}").open("wb") as out:
        for piece in export.pieces(
            cls, actor, shown.query, kind, shown.columns, lambda count: rows.__setitem__(0, count)
        ):
            first = first or time.perf_counter() - began
            size += out.write(piece)
    took = time.perf_counter() - began
    print(
        f"  {kind:6} {rows[0]} rows, {size / 1e6:.1f} MB, first bytes after {first:.2f} s, {rows[0] / took:.0f} rows/s,"
        f" peak {peak():.0f} MiB ({peak() - before:+.0f})"
    )


def peak() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int, kinds: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedMongo(Path(folder)) as mongo:
        settings = Settings(data=Path(folder), mongodb_uri=mongo.uri, database="bench", demo=True, cheap_passwords=True)
        connect(settings)
        set_keys(settings.field_keys)
        set_rules(settings)
        ensure_indexes(catalogue)
        actor = clerk()
        plain(actor, 1)
        fill(count)
        print(f"{count} customers")
        with speaking(HANT):
            for kind in kinds:
                written(kind, actor, folder)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else ROWS, tuple(given[1:]) or KINDS)
