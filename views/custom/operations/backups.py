"""Whether the data could be brought back is a screen of its own: it joins policies, backups, drills and runs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.chapters import OPERATIONS
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.rights import rights
from models.operations import backups
from models.operations.backups import (
    BROKEN,
    DIFFERENT,
    EQUAL,
    FAILED,
    GOOD,
    PRUNED,
    RUNNING,
    Backup,
    BackupPolicy,
    RestoreDrill,
)
from models.services.work import jobs
from models.services.work.jobs import Order
from models.services.work.ordering import order_now
from views import wording
from views.running import state_of
from views.session import actor, say
from views.slots import Alarm, CustomView, Link, MenuItem, Tile, on_home, on_home_tiles, on_record_page

TITLE = L("State of the backups", "備份狀態")
STARTED = L("“{name}”: {what} was started; this page shows how far it is.", "「{name}」：{what}已開始，本頁顯示進度。")
VERBS = {
    "backup": ("backup.run", L("backup", "備份")),
    "drill": ("backup.drill", L("drill", "恢復演練")),
    "verify": ("backup.verify", L("verification", "驗證")),
}
NO_SUCH_THING = L("There is nothing of this kind to start.", "沒有此類作業。")
LAST_BACKUP, LAST_DRILL = L("Last backup", "最近備份"), L("Last drill", "最近恢復演練")
TONES = {GOOD: "good", EQUAL: "good", RUNNING: "progress", PRUNED: "neutral", FAILED: "bad", BROKEN: "bad"}
SHOWN = 30


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    is_there = "backup_policy" in catalogue
    return [BackupsView(name="backups", endpoint="backups", url="/admin/backups")] if is_there else []


@on_record_page("backup_policy")
def link(me: Actor, policy: Record) -> Link | None:
    return Link(TITLE, "/admin/backups/") if rights.may_operate(me) else None


@on_home
def alarms(me: Actor) -> Iterator[Alarm]:
    """What IT should know at once."""
    if rights.may_operate(me):
        for _policy, words in backups.alarms():
            yield Alarm("bad", words, "/admin/backups/")


@on_home_tiles
def tiles(me: Actor) -> Iterator[Tile]:
    """The newest backup and the newest drill, with their outcome."""
    if not rights.may_operate(me):
        return
    for cls, label in ((Backup, LAST_BACKUP), (RestoreDrill, LAST_DRILL)):
        row = next(iter(_newest(me, cls, 1)), None)
        if row is None:
            yield Tile(label, "—", "/admin/backups/", tone="" if backups.policies() else "bad")
            continue
        outcome = row.get("outcome", "")
        tone = "bad" if outcome in (BROKEN, FAILED, DIFFERENT) else ""
        when = wording.ago(row["begun"]) if row.get("begun") else "—"
        yield Tile(label, when, "/admin/backups/", str(cls._fields["outcome"].options.get(outcome, "—")), tone)


class BackupsView(CustomView):
    """Policies with their newest backup and drill; backing up, verifying and drilling at once (for IT)."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/backups/")

    def is_accessible(self) -> bool:
        return bool(rights.may_operate(actor()))

    @expose("/")
    def index(self) -> str:
        """The policies, then the backups and drills, newest first."""
        me = actor()
        rows = list(BackupPolicy._get_collection().find(rights.visible(me, BackupPolicy) or {"_id": None}).limit(100))
        names = {row["_id"]: row.get("name", "") for row in rows}
        return self.render(
            "custom/backups.html",
            alarms=[str(words) for _policy, words in backups.alarms()],
            policies=[_policy(row) for row in rows],
            backups=[_backup(row, names) for row in _newest(me, Backup)],
            drills=[_drill(row, names) for row in _newest(me, RestoreDrill)],
        )

    @expose("/run/", methods=("POST",))
    def run(self) -> Any:
        """Order a backup, a drill or a verification now; sent twice, the first one is shown."""
        me = actor()
        policy = rights.find(me, BackupPolicy, request.form.get("id"))
        if not (verdict := rights.may_operate(me)):
            raise Forbidden(verdict.why)
        if (verb := request.form.get("what", "")) not in VERBS:
            raise Refused(NO_SUCH_THING)
        task, what = VERBS[verb]
        token = request.form.get("once", "")[:60] or secrets.token_hex(8)
        order = Order(task=task, params={"policy": str(policy.id)}, once=f"{verb}:{policy.id}:{token}", asked_by=me)
        run_id = order_now(policy, order, actor=me)
        say("good", STARTED(name=policy.title, what=what))
        return redirect(f"/admin/task_run/details/?id={run_id}")


def _newest(me: Actor, cls: type[Record], most: int = SHOWN) -> list[dict[str, Any]]:
    scope = rights.visible(me, cls) or {"_id": None}
    return rows_of(cls, cls._get_collection().find(scope, {"collections": 0}).sort("begun", -1).limit(most))


def _policy(row: Mapping[str, Any]) -> dict[str, Any]:
    last, proven = backups.newest(row["_id"]), backups.newest(row["_id"], drilled=True)
    query = {"task": {"$in": [task for task, _ in VERBS.values()]}, "params.policy": str(row["_id"])}
    runs = get_db()[jobs.COLLECTION].find(query | {"state": {"$in": list(jobs.OPEN)}}, {"log": 0}).limit(5)
    return {
        "id": str(row["_id"]),
        "url": f"/admin/backup_policy/details/?id={row['_id']}",
        "name": row.get("name", ""),
        "target": row.get("target", ""),
        "encrypted": bool(row.get("encrypted")),
        "enabled": bool(row.get("enabled")),
        "once": secrets.token_urlsafe(12),
        "last": wording.moment(last["begun"]) if last else "",
        "proven": wording.moment(proven["drilled_at"]) if proven else "",
        "runs": [state_of(run) | {"url": f"/admin/task_run/details/?id={run['_id']}"} for run in runs],
    }


def _backup(row: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "url": f"/admin/backup/details/?id={row['_id']}",
        "entry": row.get("entry", ""),
        "policy": names.get(row.get("policy"), ""),
        "at": wording.moment(row["begun"]),
        "outcome": Backup._fields["outcome"].options[row["outcome"]],
        "tone": TONES.get(row["outcome"], "neutral"),
        "size": _number(row.get("stored_mb"), 1),
        "documents": _number(row.get("documents"), 0),
        "verified": wording.moment(row["verified_at"]) if row.get("verified_at") else "",
        "drilled": wording.moment(row["drilled_at"]) if row.get("drilled_at") else "",
        "checksum": (row.get("checksum") or "").rpartition(":")[2][:12],
        "error": localized(row.get("error")),
    }


def _drill(row: Mapping[str, Any], names: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "url": f"/admin/restore_drill/details/?id={row['_id']}",
        "number": row["number"],
        "policy": names.get(row.get("policy"), ""),
        "at": wording.moment(row["begun"]),
        "outcome": RestoreDrill._fields["outcome"].options[row["outcome"]],
        "tone": "bad" if row["outcome"] in (DIFFERENT, FAILED) else "good",
        "seconds": _number(row.get("seconds"), 1),
        "compared": _number(row.get("documents"), 0),
        "files": _number(row.get("files"), 0),
        "differences": localized(row.get("differences")),
    }


def _number(value: Any, places: int) -> str:
    return "" if value is None else wording.number(value, places)
