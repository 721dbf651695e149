"""Leads on what links to a merged record, and back again where the merge was undone (`gate/merged_links.py`)."""

from __future__ import annotations

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
    """Go along all that links there, each in a transaction of its own; begun anew, it goes on with the rest."""
    cls, gone = registered().get(type), ObjectId(id)
    if cls is None:
        return
    context = Context(source=Source.MERGE, batch=batch, undoes=undoes, reason=reason_of(gone, batch), confirmed=True)
    done = 0
    if undoes:
        for is_back in merged_links.lead_back(undoes, cls, gone, context):
            done += is_back
            run.count(followed=int(is_back))
            run.renew()
    for _, ids in merged_links.lead_on(cls, gone, context) if not undoes else ():
        done += len(ids)
        run.count(followed=len(ids))
        run.progress(done, 0, LED)
        run.renew()
