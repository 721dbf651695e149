"""One run of a job as its body sees it: parameters, checkpoint, progress, counts, log, and when to stop."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import structlog
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.errors import PyMongoError, WriteError

from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.words import Words, in_all_locales
from models.kernel.language.record import Record
from models.services.work import jobs

T = TypeVar("T")
R = TypeVar("R")
NAMED_MOST = 100
BATCH = 200
# What the database says of a value in a document: a wrong type, a bad value, a path through what is no document, a
# value that may be there only once.
_OF_A_VALUE = frozenset({2, 14, 28, 11000})
_KINDS_AFTER_OBJECT_IDS = ["bool", "date", "timestamp", "maxKey"]

log = structlog.get_logger("guicheng.worker")


class Stopping(Exception):
    """The worker is being stopped: the run goes back to the queue and on from its checkpoint later."""


class Lost(Exception):
    """Another worker holds this run now; whatever this one still does must stop at once."""


class Stop(Protocol):
    """What says that the worker is being stopped: an event of this process, or a flag shared with its parent."""

    def is_set(self) -> bool: ...


class Run:
    """What a body works with. `save` writes a checkpoint; between two of them work must be safe to do again."""

    def __init__(self, document: Mapping[str, Any], worker: str, stop: Stop | None = None):
        self.id: ObjectId = document["_id"]
        self.task: str = document.get("task", "")
        self.params: dict[str, Any] = dict(document.get("params") or {})
        self.checkpoint: dict[str, Any] = dict(document.get("checkpoint") or {})
        self.counts: dict[str, int] = dict(document.get("counts") or {})
        self.attempts: int = document.get("attempts", 1)
        self.due: dt.datetime | None = document.get("due")
        self.worker = worker
        self.stall_timeout = jobs.STALL_TIMEOUT
        self.moved = time.monotonic()
        self.damaged: list[tuple[str, str]] = []
        self._stop = stop
        self._progress: dict[str, Any] = dict(document.get("progress") or {})

    def progress(self, done: int, total: int, note: Words | str = "") -> None:
        """How far the run is, for the page that shows it; also the place where a stop is noticed."""
        self._progress = {"done": done, "total": total, "note": note if isinstance(note, str) else in_all_locales(note)}
        self.renew()

    def count(self, **more: int) -> None:
        """Add to the counts of the report; they are written with the next checkpoint or progress."""
        for name, number in more.items():
            self.counts[name] = self.counts.get(name, 0) + number

    def save(self, **checkpoint: Any) -> None:
        """Write the checkpoint from which a next attempt goes on."""
        self._reach(checkpoint)

    def _reach(self, checkpoint: Mapping[str, Any]) -> None:
        self.checkpoint |= checkpoint
        self.renew()

    def log(self, text: Words | str) -> None:
        """A line in the run's log."""
        jobs.note(self.id, text)

    def each(
        self, type_name: str, rows: Iterable[T], body: Callable[[T], R], *, id_of: Callable[[T], Any] | None = None
    ) -> list[R]:
        """Do it for each row of a type, and return what came of those that could be done.

        The runner's edge towards single records: one that is damaged (made by hand, of an old version) raises anything;
        it is counted, logged and told to IT by type and id, and the others go on. What is no record's fault (the
        database or the disk away, a stop, a refusal) ends the run as ever.
        """
        done: list[R] = []
        for row in rows:
            try:
                done.append(body(row))
            except (Missing, Changed):  # somebody was first
                continue
            except (Lost, Stopping, Refused, MemoryError, OSError):
                raise
            except Exception as problem:
                if isinstance(problem, PyMongoError) and not _is_of_a_value(problem):
                    raise
                id = str(id_of(row) if id_of else _own_id(row))
                log.exception("damaged", task=self.task, type=type_name, record=id)
                self._leave_out(type_name, id, problem)
        return done

    def try_each(
        self, type_name: str, rows: Iterable[T], body: Callable[[T], R], *, id_of: Callable[[T], Any] | None = None
    ) -> list[R]:
        """As `each`; and one that the gate refuses is counted and logged, and keeps no other back."""
        id_of = id_of or _own_id

        def attempt(row: T) -> list[R]:
            try:
                return [body(row)]
            except Refused as refused:
                log.warning("refused", type=type_name, record=str(id_of(row)), fields=sorted(refused.problems))
                self.count(refused=1)
                return []

        return [result for results in self.each(type_name, rows, attempt, id_of=id_of) for result in results]

    def batches(
        self, place: type[Record] | str, query: Mapping[str, Any], *, columns: Iterable[str] = (), key: str = ""
    ) -> Iterator[list[dict[str, Any]]]:
        """The records of a filter with their ids and some columns, in bounded batches that follow each other by id.

        A batch is done with when the next one is asked for. Under a `key` (one for each sweep of a job) that is kept in
        the checkpoint, from which another attempt goes on; without one it begins anew, and its filter must leave out
        what is done.
        """
        if key and key in self.checkpoint.get("swept", ()):
            return
        last = self.checkpoint["after"] if key and self.checkpoint.get("sweep") == key else None
        while rows := _rows(place, query, columns, last):
            yield rows
            last = rows[-1]["_id"]
            self._reach({"sweep": key, "after": last} if key else {})
        if key:
            ended = {"sweep": "", "after": None} if self.checkpoint.get("sweep") == key else {}
            self._reach({**ended, "swept": [*self.checkpoint.get("swept", ()), key]})

    def sweep(
        self,
        cls: type[Record],
        query: Mapping[str, Any],
        body: Callable[[dict[str, Any]], object],
        *,
        counts: str = "done",
        columns: Iterable[str] = (),
        key: str = "",
    ) -> None:
        """Do it for every record of a filter, and count under a name for how many the body said that it did something.

        One that is refused or damaged keeps no other back.
        """
        self.count(**{counts: 0})
        for rows in self.batches(cls, query, columns=columns, key=key):
            self.count(**{counts: sum(map(bool, self.try_each(cls.type_name(), rows, body)))})

    def _leave_out(self, type_name: str, id: str, problem: Exception) -> None:
        self.damaged.append((type_name, id))
        self.count(damaged=1)
        if len(self.damaged) <= NAMED_MOST:
            self.log(f"{type_name} {id}: {type(problem).__name__}")

    def renew(self) -> None:
        """Keep the lease, show that the body goes on, and write what is known so far. Raises Lost or Stopping."""
        self.moved = time.monotonic()
        values = {"checkpoint": self.checkpoint, "counts": self.counts, "progress": self._progress}
        values |= jobs.moves(self.stall_timeout)
        if not jobs.renew(self.id, self.worker, values):
            raise Lost
        if self._stop and self._stop.is_set():
            raise Stopping


def _rows(
    place: type[Record] | str, query: Mapping[str, Any], columns: Iterable[str], last: Any
) -> list[dict[str, Any]]:
    """The next rows after an id; what is in the bin only for a filter that says so."""
    collection = get_db()[place if isinstance(place, str) else place.type_name()]
    later = {"$and": [query, _after(last)]} if last is not None else query
    rows = collection.find({"removed_at": None, **later}, dict.fromkeys(("_id", *columns), 1))
    return list(rows.sort("_id", 1).limit(BATCH))


def _after(last: Any) -> dict[str, Any]:
    """What follows an id, in the order of all kinds of ids: a hand in the database may have given any."""
    if not isinstance(last, ObjectId):
        return {"$expr": {"$gt": ["$_id", {"$literal": last}]}}
    return {"$or": [{"_id": {"$gt": last}}, {"_id": {"$type": _KINDS_AFTER_OBJECT_IDS}}]}


def _own_id(row: Any) -> Any:
    return row.get("_id") if isinstance(row, Mapping) else row


def _is_of_a_value(problem: PyMongoError) -> bool:
    """Whether the database turned down a value of a document, rather than the whole command."""
    return isinstance(problem, WriteError) and problem.code in _OF_A_VALUE
