"""Backups as jobs: made, verified, drilled and pruned by policy, each written down for IT; too old ones are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import structlog
from bson import ObjectId
from mongoengine.connection import get_connection, get_db

from models.kernel.base import clock
from models.kernel.base.arithmetic.rounding import in_units, rounded
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L, Words, in_all_locales
from models.kernel.gate import changes
from models.kernel.gate.causes import BackupCause, Rest
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.localized import together
from models.kernel.rights import rights
from models.operations.backups import (
    BROKEN,
    DIFFERENT,
    EQUAL,
    FAILED,
    GOOD,
    PRUNED,
    RUNNING,
    WITH_OWN_ID,
    Backup,
    BackupPolicy,
    RestoreDrill,
    alarms,
    made_at,
    newest,
    place_of,
    policies,
)
from models.services.work import jobs

from ..engine.alerts import tell_it
from ..engine.registry import job
from ..engine.run import Run, Stopping
from . import faults
from .crypt import ring
from .drill import drill as restore_and_compare
from .dump import dump
from .faults import BackupFault, Damaged, Foreign, TransientFault
from .format import Entry, new_entry_name, open_entry
from .keep import Candidate, Keep, to_prune
from .targets import MANIFEST, MARK, Target
from .unfinished import clear_away
from .verify import verify

log = structlog.get_logger("guicheng.backup")
_SOURCE = Context(source=Source.TASK)
ALARM_EVERY = "%Y-%m-%d"
CHANGED_BYTES = L("The backup is not as it was written: {problems}", "備份與寫入時不一致：{problems}")
STOPPED = L(
    "The run was stopped before the backup was whole; the next one starts anew.", "備份未完成即停止，將重新開始。"
)
MADE = L("{name}: {documents} documents, {bytes} bytes.", "{name}：{documents} 筆文檔，{bytes} 字節。")
CLEARED_AWAY = L(
    "{name} was left half written by a backup that was killed; it was cleared away.",
    "{name} 為被中止的備份所遺留的半成品，已清除。",
)
NOTHING_GOOD = L("There is no good backup to prove yet.", "尚無可供演練的有效備份。")


@job(
    "backup.run",
    L("Make a backup", "執行備份"),
    L("Saves one moment of the database by each policy in force, and verifies it.", "按各啟用策略備份數據庫並驗證。"),
)
def run_backup(run: Run, policy: str = "", drill: bool = False) -> None:
    """`drill`: each is proven by a restore at once, as the first backup of a company is."""

    def once(backup_policy: BackupPolicy) -> None:
        if str(backup_policy.id) not in run.checkpoint.get("done", []):
            _make(run, backup_policy)
            run.save(done=[*run.checkpoint.get("done", []), str(backup_policy.id)])
            _prune(run, backup_policy)
        if drill and (last := newest(backup_policy.id)):
            _drill(run, backup_policy, last)

    _by_policy(policy, once)


@job(
    "backup.verify",
    L("Verify backups", "驗證備份"),
    L("Reads the newest good backup of each policy whole.", "完整讀取各策略最近的有效備份。"),
)
def verify_newest(run: Run, policy: str = "") -> None:
    def read(backup_policy: BackupPolicy) -> None:
        if last := newest(backup_policy.id):
            _verify(run, _reached(place_of(last, backup_policy)), last)

    _by_policy(policy, read)


@job(
    "backup.drill",
    L("Drill a restore", "恢復演練"),
    L(
        "Restores the newest good backup of each policy into a scratch database and compares.",
        "將各策略最近的有效備份恢復到臨時數據庫並比對。",
    ),
)
def run_drill(run: Run, policy: str = "") -> None:
    def once(backup_policy: BackupPolicy) -> None:
        last = newest(backup_policy.id)
        if last is None and policy:
            raise Refused(NOTHING_GOOD)
        if last is not None and str(backup_policy.id) not in run.checkpoint.get("done", []):
            _drill(run, backup_policy, last)
            run.save(done=[*run.checkpoint.get("done", []), str(backup_policy.id)])

    _by_policy(policy, once)


@job(
    "backup.prune",
    L("Delete old backups", "清理舊備份"),
    L(
        "Deletes what the keep rules no longer want; never the last good one.",
        "按保留規則刪除舊備份，最後的有效備份除外。",
    ),
)
def prune(run: Run, policy: str = "") -> None:
    _by_policy(policy, lambda item: _prune(run, item))


@job(
    "backup.alarms",
    L("Check backup alerts", "備份告警"),
    L("Tells IT when the newest good backup or drill is too old.", "最近的有效備份或演練過舊時通知信息技術部。"),
)
def tell_alarms(run: Run) -> None:
    for policy, words in alarms():
        run.count(alarms=1)
        if policy is not None:
            _tell(policy, words)


def _by_policy(policy: str, body: Callable[[BackupPolicy], None]) -> None:
    """Do it for the policy that was asked for, or every one in force; what one meets does not stop the others."""
    met: list[Refused | BackupFault] = []
    for item in [rights.find(SYSTEM, BackupPolicy, policy)] if policy else policies():
        try:
            body(item)
        except (Refused, BackupFault) as fault:
            met.append(fault)
    if fleeting := next((fault for fault in met if isinstance(fault, TransientFault)), None):
        raise fleeting  # the run comes again, and goes on with those that are not done
    if met:
        raise Refused(together(tuple(fault.sentence for fault in met))) from met[0]


def _reached(place: str) -> Target:
    """A place of backups. Raises BackupFault when it is not there, or is the mount point of a disk that is away."""
    target = Target(place)
    target.check()
    known = [] if target.has_mark() else made_at(place)
    if known and not any(target.has(row["entry"], MANIFEST) for row in known if row["outcome"] != PRUNED):
        raise BackupFault(faults.NOT_MOUNTED(place=target.place, mark=MARK))
    return target


def _make(run: Run, policy: BackupPolicy) -> None:
    """One backup by a policy; an attempt that died before leaves its record as failed and its folder removed."""
    key = f"backup:{run.id}:{policy.id}"
    _settle_earlier(run, policy)
    name = new_entry_name()
    facts = {"policy": policy.id, "entry": name, "target": policy.target, "outcome": RUNNING, "begun": clock.now()}
    if policy.encrypted and ring():
        facts["key"] = ring().newest(name).number
    made = changes.create(
        Backup, facts | _home(policy), actor=SYSTEM, context=_SOURCE, once=f"{key}:{run.attempts}:{name}"
    )
    with _written_down(made.id):
        target = _reached(policy.target)
        target.mark()
        for left in clear_away(target):
            run.log(CLEARED_AWAY(name=left))
        entry = dump(get_db(), target, ring(), plain=not policy.encrypted, tell=run.progress, name=name)
        _write(made.id, _facts_of(entry) | _ended(made.begun))
        _verify(run, target, {"_id": made.id, "entry": name, "checksum": entry.seal})
    run.count(backups=1, documents=entry.manifest.documents)
    run.log(MADE(name=name, documents=entry.manifest.documents, bytes=entry.manifest.plain_size))


@contextmanager
def _written_down(backup: ObjectId) -> Iterator[None]:
    """Within it, a fault is written into the record of the backup before it goes on to the runner."""
    try:
        yield
    except TransientFault as fault:
        _write(backup, {"outcome": FAILED, "error": in_all_locales(fault.sentence), "ended": clock.now()})
        raise
    except BackupFault as fault:
        _write(backup, {"outcome": FAILED, "error": in_all_locales(fault.sentence), "ended": clock.now()})
        raise Refused(fault.sentence) from fault
    except Stopping:
        _write(backup, {"outcome": FAILED, "error": in_all_locales(STOPPED), "ended": clock.now()})
        raise


def _settle_earlier(run: Run, policy: BackupPolicy) -> None:
    """What was begun and not ended: killed, or ended after the moment to which the database was restored."""
    query = {"policy": policy.id, "outcome": RUNNING, "removed_at": None, **WITH_OWN_ID}  # when it comes back: then
    for row in Backup._get_collection().find(query, {"collections": 0}):
        if _is_made_elsewhere(run, row.get("once") or ""):
            continue
        try:
            _settle(run, _reached(place_of(row, policy)), row)
        except BackupFault as fault:
            _write(row["_id"], {"outcome": FAILED, "error": in_all_locales(fault.sentence), "ended": clock.now()})


def _settle(run: Run, target: Target, row: Mapping[str, Any]) -> None:
    """Without a manifest it is taken away; with one it is verified like any other, and the keep rules know it."""
    if not target.has(row["entry"], MANIFEST):
        target.delete(row["entry"])
        _write(row["_id"], {"outcome": FAILED, "error": in_all_locales(STOPPED), "ended": clock.now()})
        return
    _write(row["_id"], _facts_of(_opened(target, row)))
    with suppress(Refused):  # what is damaged is written down as such
        _verify(run, target, row)


def _opened(target: Target, row: Mapping[str, Any]) -> Entry:
    """The backup of a record. Raises BackupFault, Foreign for another one than was made."""
    entry = open_entry(target, row["entry"], ring(), seal=row.get("checksum") or "")
    if entry.key is None and row.get("key") is not None:
        raise Foreign(faults.NOT_ENCRYPTED(place=entry.place))
    return entry


def _is_made_elsewhere(run: Run, once: str) -> bool:
    """Whether the run that is making a backup, as its entry key names it, is another one that goes on."""
    other = once.split(":")[1] if once.startswith("backup:") else ""
    return other != str(run.id) and ObjectId.is_valid(other) and jobs.is_open(ObjectId(other))


def _facts_of(entry: Entry) -> dict[str, Any]:
    kept = entry.manifest
    line = Backup._fields["collections"].field.document_type
    return {
        "documents": kept.documents,
        "attachments": kept.attachments.get("count", 0),
        "size_mb": _mb(kept.plain_size),
        "stored_mb": _mb(kept.size),
        "key": kept.key,
        "checksum": entry.seal,
        "collections": [
            line(name=datum.collection, documents=datum.documents, size=datum.plain_size, sha256=datum.plain_sha256)
            for datum in kept.data()
        ],
    }


def _verify(run: Run, target: Target, row: Mapping[str, Any]) -> None:
    """Read a backup whole; only then it is good. Damage is written down and raised; what is out of reach is raised."""
    if words := _damage(run, target, row):
        _write(row["_id"], {"outcome": BROKEN, "error": in_all_locales(words), "drilled_at": None})
        raise Refused(words)
    _write(row["_id"], {"outcome": GOOD, "verified_at": clock.now(), "error": None})
    run.count(verified=1)


def _damage(run: Run, target: Target, row: Mapping[str, Any]) -> Words | None:
    """What is wrong with the bytes of a backup. Raises BackupFault when they cannot be reached."""
    try:
        problems = verify(target, row["entry"], ring(), run.progress, seal=row.get("checksum") or "").problems
    except Damaged as fault:
        problems = (fault.sentence,)
    return CHANGED_BYTES(problems=together(problems[:20])) if problems else None


def _drill(run: Run, policy: BackupPolicy, last: Mapping[str, Any]) -> None:
    """Restore into a scratch database and compare; what was found is a record of its own."""
    begun, seal = clock.now(), last.get("checksum") or ""
    facts: dict[str, Any] = {"policy": policy.id, "backup": last["_id"], "begun": begun}
    try:
        target = _reached(place_of(last, policy))
        report = restore_and_compare(target, last["entry"], ring(), get_connection(), run.progress, seal=seal)
    except BackupFault as fault:
        if isinstance(fault, Damaged):
            _write(last["_id"], {"outcome": BROKEN, "error": in_all_locales(fault.sentence), "drilled_at": None})
        facts |= {"outcome": FAILED, "differences": in_all_locales(fault.sentence), "seconds": _seconds(begun)}
        changes.create(RestoreDrill, facts | _home(policy), actor=SYSTEM, context=_SOURCE)
        raise Refused(fault.sentence) from fault
    facts |= {
        "outcome": EQUAL if report else DIFFERENT,
        "seconds": _seconds(begun),
        "collections": report.collections,
        "documents": report.documents,
        "files": report.files,
        "differences": in_all_locales(together(report.differences[:200], "\n")) if not report else None,
    }
    changes.create(RestoreDrill, facts | _home(policy), actor=SYSTEM, context=_SOURCE)
    run.count(drills=1, differences=len(report.differences))
    if not report:
        raise Refused(report.differences[0])
    _write(last["_id"], {"drilled_at": clock.now()})


def _prune(run: Run, policy: BackupPolicy) -> None:
    """Delete by the keep rules what this policy made, where it lies; what others put there is not touched."""
    keep = Keep(policy.daily, policy.weekly, policy.monthly, policy.yearly)
    query = {"policy": policy.id, "outcome": {"$nin": [PRUNED, RUNNING]}, "removed_at": None, **WITH_OWN_ID}
    rows = {row["entry"]: row for row in Backup._get_collection().find(query, {"collections": 0})}
    zone = clock.zone()
    candidates = [
        Candidate(name, row["begun"].astimezone(zone), row["outcome"] == GOOD, row.get("drilled_at") is not None)
        for name, row in rows.items()
    ]
    for name in to_prune(candidates, keep, clock.now()):
        place = place_of(rows[name], policy)
        try:
            _take_away(run, _reached(place), rows[name])
        except BackupFault as fault:
            if place == policy.target:
                raise
            run.log(fault.sentence)  # a place of former times may be gone for good


def _take_away(run: Run, target: Target, row: Mapping[str, Any]) -> None:
    """Delete a backup, unless it is not there and may lie elsewhere, or was found wanting and is not so after all."""
    is_elsewhere = row.get("target") is None and not target.files(row["entry"])
    if is_elsewhere or (row["outcome"] != GOOD and _must_stay(run, target, row)):
        return
    target.delete(row["entry"])
    _write(row["_id"], {"outcome": PRUNED, "ended": row.get("ended") or clock.now()})
    run.count(pruned=1)


def _must_stay(run: Run, target: Target, row: Mapping[str, Any]) -> bool:
    """Look again at a backup that is not good: a sound one is good from now on; an intact manifest is no rubbish."""
    if not target.has(row["entry"], MANIFEST):
        return False
    try:
        entry = _opened(target, row)
        if {file.name for file in entry.manifest.files} - set(target.files(entry.name)):
            return True  # they may be on a disk that is away
        if _damage(run, target, row):
            return False
    except Damaged as fault:
        return isinstance(fault, Foreign)
    except BackupFault as fault:
        run.log(fault.sentence)
        return True
    _write(row["_id"], _facts_of(entry) | {"outcome": GOOD, "verified_at": clock.now(), "error": None})
    run.count(verified=1)
    return True


def _tell(policy: BackupPolicy, words: Words) -> None:
    """A notice for everybody of IT, once a day for as long as it is so."""
    day = clock.today().strftime(ALARM_EVERY)
    kind = getattr(getattr(words, "pattern", words), "en", "")[:40]
    tell_it(words, cause=BackupCause(policy.id, Rest(f"{kind}:{day}")), about=policy)


def _write(backup: ObjectId, values: dict[str, Any]) -> None:
    """Write down what became of a backup; of one that was put into the bin or archived meanwhile nothing is."""
    try:
        changes.update(Backup, backup, values, actor=SYSTEM, version=None, context=_SOURCE)
    except Missing:
        log.warning("a backup is not written down: its record is in the bin or archived", backup=str(backup))


def _home(policy: BackupPolicy) -> dict[str, Any]:
    return {"department": policy.ref("department"), "owner": policy.ref("owner")}


def _ended(begun: dt.datetime) -> dict[str, Any]:
    return {"ended": clock.now(), "seconds": _seconds(begun)}


def _seconds(begun: dt.datetime) -> Decimal:
    return in_units(clock.now() - begun, dt.timedelta(seconds=1))


def _mb(size: int) -> Decimal:
    return rounded(Fraction(size, 1_000_000), 1)
