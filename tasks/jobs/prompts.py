"""Asks people outside once more for what is still waited for: the prompts that types declare (`record(prompts=)`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.acts import Context
from models.kernel.gate.outside import addresses_at
from models.kernel.gate.sources import Source
from models.kernel.language import working_time
from models.kernel.language.declare import registered
from models.kernel.language.prompts import Prompt, due, keepers_of, latest_mail
from models.kernel.language.record import Record
from models.services.notify import outside

from ..engine.registry import job
from ..engine.run import Run

BATCH = 200
_BY_RULE = Context(source=Source.RULE)


@job(
    "prompts.sweep",
    L("Ask once more for what is still waited for", "再次提醒尚未回覆者"),
    L(
        "Who has not answered is asked again after the days that the record names, in working hours.",
        "按記錄所定天數，在工作時間內再次提醒尚未回覆者。",
    ),
)
def sweep(run: Run) -> None:
    """Make every prompt that is due; what is killed goes on with the next run, and nobody is asked twice for it."""
    run.count(done=0, refused=0)
    for cls in registered().values():
        for prompt in cls.declared.prompts:
            _make_all(run, cls, prompt)


def _make_all(run: Run, cls: type[Record], prompt: Prompt) -> None:
    now = clock.now()
    keepers = get_db()[get_document(cls._fields[prompt.of].target).type_name()]
    for keeper in keepers.find(keepers_of(prompt)):
        latest = latest_mail(prompt, keeper, now)
        if latest is None or not working_time.calendar_of(keeper.get("department")).is_open(now):
            continue
        moves = cls.declared.workflow.moves if cls.declared.workflow else ()
        sources = {state for move in moves if move.verb == prompt.move for state in move.source}
        for rows in _batches(cls, due(prompt, sources, keeper, latest)):
            ids = [row["_id"] for row in rows]
            left = {*prompt.but(ids), *outside.returned_among(cls.type_name(), ids)}
            others = [row for row in rows if row["_id"] not in left]
            made = run.try_each(cls.type_name(), others, lambda row: _make(cls, prompt, row))
            run.count(done=sum(made))
            run.renew()


def _make(cls: type[Record], prompt: Prompt, row: Mapping[str, Any]) -> bool:
    """Ask once more; of a version that is no more nothing is done, so that two runs ask once."""
    record = cls.from_stored(dict(row))
    mails = [tell for tell in cls.declared.tells if prompt.move in tell.on]
    reached = [each for tell in mails for each in addresses_at(record, tell.to[0]) if not _has_stopped(cls, tell, each)]
    if mails and not reached:
        return False
    changes.move(cls, record.id, prompt.move, actor=SYSTEM, version=record.version, context=_BY_RULE)
    return True


def _has_stopped(cls: type[Record], tell: Any, address: str) -> bool:
    return tell.unsubscribe and outside.has_stopped(cls.type_name(), address)


def _batches(cls: type[Record], query: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The stored records, in bounded batches."""
    last: ObjectId | None = None
    while rows := list(
        get_db()[cls.type_name()]
        .find({**query, **({"_id": {"$gt": last}} if last else {})})
        .sort([("_id", 1)])
        .limit(BATCH)
    ):
        yield rows
        last = rows[-1]["_id"]
