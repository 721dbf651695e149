"""How far it is to make one record for each of many others, shown on the page of the record that they are made of."""

from __future__ import annotations

from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.people import Actor
from models.kernel.gate import follow_ups
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.work import jobs
from views.running import counts_of, progress_of, state_of
from views.slots import ANY, CustomView, Panel, on_record_top
from views.wording import moment

LINES_MAX = 20
_OF_A_RUN = dict.fromkeys(("params", "checkpoint", "error"), 0)


@on_record_top(ANY)
def panel(me: Actor, record: Record) -> Panel | None:
    """The panel, where something was made in the background."""
    runs = runs_of(record, me) if any(leads.over for leads in record.declared.follow_ups) else []
    return Panel("record/generated.html", {"runs": runs}) if runs else None


def runs_of(record: Record, me: Actor) -> list[dict[str, Any]]:
    """How far the making of records for many others is, or how it ended: the last run of each such follow-up. Who may
    not see the run reads how many, and not what was refused."""
    result = []
    for leads in record.declared.follow_ups:
        run = _last_run(follow_ups.run_key(record, leads)) if leads.over else None
        if run is None:
            continue
        may_see = rights.may_see_run(me, run)
        lines = [localized(line["text"]) for line in run.get("log", [])[-LINES_MAX:]]
        result.append(
            {
                "label": leads.label,
                "progress": progress_of(run),
                "counts": counts_of(run),
                **state_of(run),
                "ended": moment(run["ended"]) if run.get("ended") else "",
                "lines": lines if may_see else [],
                "url": f"/admin/task_run/details/?id={run['_id']}" if may_see else "",
                "follow": f"/admin/task_run/progress/?id={run['_id']}" if may_see else "",
            }
        )
    return result


def _last_run(begins: str) -> Any:
    keys = {"once": {"$gt": begins, "$lt": begins[:-1] + ";"}}
    return get_db()[jobs.COLLECTION].find_one(keys, _OF_A_RUN, sort=[("once", -1)])


def views(catalogue: Any) -> list[CustomView]:
    """No pages of its own."""
    return []
