"""The state of the seal is a screen of its own because it is about the whole history, not about a record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.chapters import OPERATIONS
from models.kernel.base import clock
from models.kernel.base.collections import CHECKS, UNSEALED
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import EN, L, current_locale
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.keeping import audit, seals
from models.services.work import jobs
from views import wording
from views.session import actor, say
from views.slots import Alarm, CustomView, MenuItem, Tile, on_home, on_home_tiles

TITLE = L("Audit log", "歷史封存")
STARTED = L("The check has been ordered; its result will stand here.", "檢查已下達，結果將顯示於此。")
NO_SEAL = L("There is no seal yet; the first one is made tonight.", "尚無封存，首次封存將於今晚進行。")
UNSOUND = L("The last check of the history found {count} faults.", "最近一次歷史完整性檢查發現 {count} 處異常。")
OVERDUE = L("The history was last checked {days} days ago.", "歷史完整性檢查已有 {days} 天未執行。")
CHECKS_SHOWN = 12
LAST_CHECK = L("History last checked", "最近歷史檢查")
SOUND, FAULTS = L("Sound", "完好"), L("{count} faults", "{count} 處異常")
OLD_AFTER = dt.timedelta(days=9)


def views(_catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [AuditView(name="audit", endpoint="audit", url="/admin/audit")]


@on_home
def alarms(me: Actor) -> Iterable[Alarm]:
    """Faults in the history, or a check that is overdue, for IT and the supervision group."""
    if not rights.may_audit(me):
        return
    last = get_db()[CHECKS].find_one({}, sort=[("_id", -1)])
    if last is None:
        return
    if last["fault_count"]:
        yield Alarm("bad", UNSOUND(count=last["fault_count"]), "/admin/audit/")
    elif (age := clock.now() - last["at"]) > OLD_AFTER:
        yield Alarm("warn", OVERDUE(days=age.days), "/admin/audit/")


@on_home_tiles
def tiles(me: Actor) -> Iterable[Tile]:
    """When the history was last checked, and with what result."""
    if not rights.may_audit(me):
        return
    last = get_db()[CHECKS].find_one({}, {"at": 1, "fault_count": 1}, sort=[("_id", -1)])
    if last is None:
        yield Tile(LAST_CHECK, "—", "/admin/audit/")
        return
    faults = last["fault_count"]
    note = FAULTS(count=faults) if faults else SOUND
    yield Tile(LAST_CHECK, wording.ago(last["at"]), "/admin/audit/", str(note), "bad" if faults else "")


class AuditView(CustomView):
    """The newest seal, the last checks and what they found, for IT and the supervision group (1.3, 3.2.4)."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/audit/")

    def is_accessible(self) -> bool:
        return bool(rights.may_audit(actor()))

    @expose("/")
    def index(self) -> str:
        """The state of the history."""
        seal = audit.newest_seal()
        rows = [_check(row) for row in get_db()[CHECKS].find().sort("_id", -1).limit(CHECKS_SHOWN)]
        return self.render(
            "custom/audit.html",
            seal=_seal(seal) if seal else None,
            unsealed=wording.number(get_db()[UNSEALED].estimated_document_count()),
            unprotected=wording.number(audit.waiting_unprotected()),
            checks=rows,
            last=rows[0] if rows else None,
            once=clock.now().strftime("%Y%m%d%H%M"),
        )

    @expose("/check/", methods=("POST",))
    def check(self) -> Any:
        """Order a check now; asked twice in a minute, it is done once."""
        me = actor()
        if not (verdict := rights.may_audit(me)):
            raise Forbidden(verdict.why)
        key = f"audit.check:{me.id}:{request.form.get('once', '')[:40]}"
        jobs.enqueue(jobs.Order(task="audit.check", once=key, asked_by=me))
        say("good", STARTED)
        return redirect("/admin/audit/")

    @expose("/checkpoint/")
    def checkpoint(self) -> Response:
        """The newest seal as a file to be kept elsewhere."""
        seal = audit.newest_seal()
        if seal is None:
            raise Refused(NO_SEAL)
        answer = Response(seals.checkpoint_of(seal), mimetype="application/json")
        answer.headers["Content-Disposition"] = f'attachment; filename="guicheng-seal-{seal["_id"]}.json"'
        return answer


def _seal(seal: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": seal["_id"],
        "at": wording.moment(seal["at"]),
        "count": wording.number(seal["count"]),
        "hash": seal["hash"],
        "root": seal["root"],
    }


def _check(row: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: wording.number(row[name]) for name in ("seals", "entries", "records")}
    return {
        "at": wording.moment(row["at"]),
        **counts,
        "unprotected": wording.number(row["unprotected"]) if "unprotected" in row else "—",
        "fault_count": row["fault_count"],
        "faults": [(_context(fault["where"]), _context(fault["what"])) for fault in row["faults"]],
    }


def _context(words: Mapping[str, str]) -> str:
    return words.get(current_locale()) or words.get(EN, "")
