"""Acts on many records, too many to be waited for: in parts, each with the rights that its person has then."""

from __future__ import annotations

from operator import itemgetter

from models.kernel.base.words import L, speaking
from models.kernel.language.declare import registered
from models.services.work import bulk
from models.services.work.bulk import RowResult

from ..engine.registry import job
from ..engine.run import Run
from ..messages.recipients import actor_named

NO_LONGER = L("The person is not active any more; the rest was left as it is.", "該人員已停用，其餘記錄未處理。")
DAMAGED = L("The record is damaged; IT has been told.", "記錄損壞，已通知信息技術部。")
ROWS = L("Rows done", "已處理行")


@job(
    bulk.JOB,
    L("Change many records", "批量處理記錄"),
    L(
        "What somebody does to all records that a list finds, or takes back: one value, or one step.",
        "按用戶的要求，批量修改、辦理或撤銷列表查得的全部記錄。",
    ),
    hidden=True,
)
def carry_out(run: Run, act: str) -> None:
    """Do the parts of an act that are not done yet; what is refused is named on its page."""
    item = bulk.load(act)
    cls = registered().get(item.type) if item else None
    if item is None or cls is None:
        return
    done = int(run.checkpoint.get("rows", 0))
    for n, rows in bulk.open_parts(item):
        actor = actor_named(item.person) if item.person else None
        if actor is None:
            run.log(NO_LONGER)
            return
        with speaking(actor.locale):
            results = {id: RowResult(id, False, str(DAMAGED)) for id, _ in rows}
            part = bulk.BulkRows(item, cls, actor, rows)
            results |= {each.id: each for each in run.each(item.type, rows, part.carry_out, id_of=itemgetter(0))}
        bulk.settle(item, n, results.values())
        good = sum(each.ok for each in results.values())
        run.count(done=good, refused=len(results) - good)
        done += len(rows)
        run.save(rows=done)
        run.progress(done, item.rows, ROWS)
