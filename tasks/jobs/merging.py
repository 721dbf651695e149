"""Leads on what links to a merged record, and back again where the merge was undone (`gate/merged_links.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from bson import ObjectId

from models.kernel.base.words import L
from models.kernel.gate import merged_links
from models.kernel.gate.acts import Context
from models.kernel.gate.merging import JOB, reason_of
from models.kernel.gate.sources import Source
from models.kernel.language.declare import registered

from ..engine.registry import job
from ..engine.run import Run

LED = L("Links led on", "已更新鏈接")


@job(
    JOB,
    L("Lead links of merged records on", "更新被合併記錄的鏈接"),
    L(
        "Links to a record that was merged lead to the one that stands for it; where the merge is undone, back again.",
        "將指向被合併記錄的鏈接改為指向保留的記錄；撤銷合併時改回。",
    ),
    hidden=True,
)
def follow(run: Run, type: str, id: str, batch: str, undoes: str = "") -> None:
    """Go along all that links there, each in a transaction of its own; begun anew, it goes on with the rest. One that
    is damaged keeps no other back."""
    cls, gone = registered().get(type), ObjectId(id)
    if cls is None:
        return
    context = Context(source=Source.MERGE, batch=batch, undoes=undoes, reason=reason_of(gone, batch), confirmed=True)
    for done in _led_back(run, cls, undoes, context) if undoes else _led_on(run, cls, gone, context):
        run.count(followed=done)
        run.progress(run.counts["followed"], 0, LED)


def _led_on(run: Run, cls: Any, gone: ObjectId, context: Context) -> Iterator[int]:
    for place, ids in merged_links.ways_on(cls, gone):
        led = partial(_lead_on, place, cls, gone, context)
        yield sum(run.each(place.cls.type_name(), ids, led))


def _lead_on(place: merged_links.LinkPlace, cls: Any, gone: ObjectId, context: Context, id: ObjectId) -> bool:
    return merged_links.lead_on(place, id, cls, gone, context)


def _led_back(run: Run, cls: Any, batch: str, context: Context) -> Iterator[int]:
    for way in merged_links.ways_back(batch, cls):
        name = way.place.cls.type_name()
        yield sum(run.each(name, [way], partial(merged_links.lead_back, context=context), id_of=lambda way: way.id))
