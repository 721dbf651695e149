"""One run of a job as its body sees it: parameters, checkpoint, progress, counts, log, and when to stop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Protocol

from bson import ObjectId

from models.kernel import jobs
from models.kernel.words import Words, in_all_locales


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
        self.params: dict[str, Any] = dict(document.get("params") or {})
        self.checkpoint: dict[str, Any] = dict(document.get("checkpoint") or {})
        self.counts: dict[str, int] = dict(document.get("counts") or {})
        self.attempts: int = document.get("attempts", 1)
        self.due: dt.datetime | None = document.get("due")
        self.worker = worker
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
        self.checkpoint |= checkpoint
        self.renew()

    def log(self, text: Words | str) -> None:
        """A line in the run's log."""
        jobs.note(self.id, text)

    def renew(self) -> None:
        """Keep the lease and write what is known so far. Raises Lost or Stopping."""
        values = {"checkpoint": self.checkpoint, "counts": self.counts, "progress": self._progress}
        if not jobs.renew(self.id, self.worker, values):
            raise Lost
        if self._stop and self._stop.is_set():
            raise Stopping
