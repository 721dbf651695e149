"""Exports that are too long to be waited for: written in the background, and fetched when they are whole.

The file is kept for three days in sealed parts, since it holds what records hold, and is its person's alone. What is
ordered is what the list was ordered for; rows and columns are those of the rights at the moment of writing. What writes
them belongs to the screens, and is named by `set_writer`.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.binary import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.kernel.base import clock, secrets
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.gate.unit import in_transaction

from . import jobs

COLLECTION, PARTS = "export", "export_part"
JOB = "exports.write"
KEPT = dt.timedelta(days=3)
PART_BYTES = 512 * 1024
_SECONDS = int(KEPT.total_seconds())
INDEXES = [
    IndexModel([("person", ASCENDING), ("type", ASCENDING), ("at", DESCENDING)]),
    IndexModel([("at", ASCENDING)], expireAfterSeconds=_SECONDS),
]
PART_INDEXES = [
    IndexModel([("export", ASCENDING), ("n", ASCENDING)], unique=True),
    IndexModel([("at", ASCENDING)], expireAfterSeconds=_SECONDS),
]


@dataclass(frozen=True, kw_only=True)
class Export:
    """One export as its person ordered it: of which type and in which format, with the arguments of the list, its
    columns and the language; `bytes` is how long the file is, None until it is whole."""

    id: ObjectId
    person: ObjectId
    type: str
    format: str
    locale: str
    pairs: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    at: dt.datetime
    run: ObjectId | None = None
    rows: int = 0
    bytes: int | None = None
    standing: str = ""

    @property
    def seal(self) -> str:
        return f"export:{self.person}:{self.id}"


Progress = Callable[[int], None]
Writer = Callable[[Export, Actor, Progress], Iterable[bytes]]
_writer: list[Callable[[], Writer]] = []


def set_writer(load: Callable[[], Writer]) -> None:
    """Name what gives the writer of exports: it is loaded with the first export that is written."""
    _writer[:] = [load]


def written(export: Export, actor: Actor, progress: Progress) -> Iterable[bytes]:
    """The pieces of the file, as the writer makes them with these rights; it says how many rows it has come to."""
    return _writer[0]()(export, actor, progress)


def order(
    actor: Actor, type_name: str, format: str, *, locale: str, pairs: Sequence[tuple[str, str]], columns: Sequence[str]
) -> Export:
    """Write down an export and the order to write it."""
    if actor.id is None:
        raise ValueError("The system exports nothing.")
    id = ObjectId()
    ordered = Export(
        id=id,
        person=actor.id,
        type=type_name,
        format=format,
        locale=locale,
        pairs=tuple(pairs),
        columns=tuple(columns),
        at=clock.now(),
    )

    def body(_unit: Any) -> None:
        run = jobs.enqueue(jobs.Order(task=JOB, params={"export": str(id)}, asked_by=actor, is_ephemeral=True))
        known = {"person": ordered.person, "type": type_name, "format": format, "locale": locale}
        pairs_ = Binary(secrets.seal(json.dumps(ordered.pairs, ensure_ascii=False), ordered.seal))
        facts = {"columns": list(columns), "pairs": pairs_, "at": ordered.at, "run": run}
        in_unit(COLLECTION).insert_one({"_id": id, **known, **facts})

    in_transaction(body)
    return find(id, actor)


def find(id: Any, actor: Actor) -> Export:
    """An export of the actor's own. Raises Missing, also for a colleague's, and when it was forgotten."""
    row = in_unit(COLLECTION).find_one({"_id": ObjectId(str(id)), "person": actor.id}) if _is_id(id) else None
    if row is None:
        raise Missing
    return _export(row)


def load(id: Any) -> Export | None:
    """An export for the job that writes it."""
    row = in_unit(COLLECTION).find_one({"_id": ObjectId(str(id))})
    return _export(row) if row else None


def _is_id(id: Any) -> bool:
    return ObjectId.is_valid(str(id))


def _export(row: Mapping[str, Any]) -> Export:
    seal = f"export:{row['person']}:{row['_id']}"
    try:
        pairs = json.loads(secrets.unseal(bytes(row["pairs"]), seal))
    except ValueError:  # under a key that is gone: nothing is known of it any more
        raise Missing from None
    return Export(
        id=row["_id"],
        pairs=tuple((key, value) for key, value in pairs),
        columns=tuple(row["columns"]),
        **{name: row[name] for name in ("person", "type", "format", "locale", "at")},
        **{name: row[name] for name in ("run", "rows", "bytes", "standing") if name in row},
    )


def standing(actor: Actor) -> str:
    """What decides what somebody reads: their own roles and department, and those they stand in for."""
    people = sorted((str(each.id), sorted(each.roles), str(each.department)) for each in actor.represented())
    return hashlib.sha256(json.dumps(people).encode()).hexdigest()


def is_still_theirs(export: Export, actor: Actor) -> bool:
    """Whether a file was written for what its person may read now: after another role or department it is not given."""
    return export.standing == standing(actor)


def keep(export: Export, actor: Actor, pieces: Iterable[bytes], rows: Callable[[], int]) -> int:
    """Keep the file instead of what an attempt that was cut off has left; returns its bytes. `rows`: how many there
    were, when all are written."""
    in_unit(PARTS).delete_many({"export": export.id})
    size = 0
    for n, part in enumerate(_parts(pieces)):
        sealed = secrets.seal(base64.b64encode(part).decode(), f"{export.seal}:{n}")
        in_unit(PARTS).insert_one({"export": export.id, "n": n, "at": export.at, "data": Binary(sealed)})
        size += len(part)
    in_unit(COLLECTION).update_one(
        {"_id": export.id}, {"$set": {"bytes": size, "rows": rows(), "standing": standing(actor)}}
    )
    return size


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces in parts of one length, but for the last."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    if held:
        yield bytes(held)


def content(export: Export) -> Iterator[bytes]:
    """The file, part after part."""
    for row in in_unit(PARTS).find({"export": export.id}).sort("n", ASCENDING).batch_size(4):
        yield base64.b64decode(secrets.unseal(bytes(row["data"]), f"{export.seal}:{row['n']}"))
