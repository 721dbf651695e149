"""Backups as IT sees them (chapter 6): where they go and how long they are kept, each one made, each drill of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..chapters import OPERATIONS
from ..kernel.base import clock
from ..kernel.base.words import At
from ..kernel.language import (
    Access,
    Choice,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    LocalizedText,
    Moment,
    Number,
    Part,
    Record,
    Ref,
    Role,
    Scope,
    Text,
    Whole,
    Words,
    record,
)

_READ_BY_IT = {Role.IT: Scope.ALL, Role.MANAGEMENT: Scope.NONE, Role.SUPERVISOR: Scope.NONE}
BY_IT = Access(departments=frozenset(), read=_READ_BY_IT, write={Role.IT: Scope.ALL})
READ_BY_IT = Access(departments=frozenset(), read=_READ_BY_IT, write={})
RUNNING, GOOD, FAILED, BROKEN, PRUNED, EQUAL, DIFFERENT = (
    "running", "good", "failed", "damaged", "pruned", "equal", "different",
)  # fmt: skip
CLOCKS_DIFFER = dt.timedelta(minutes=5)
NOT_A_PLACE = L(
    "Give the full path of a folder of the server, such as /srv/backups, or an address like s3://bucket/folder.",
    "請填寫服務器上目錄的完整路徑，例如 /srv/backups，或 s3://bucket/folder 形式的地址。",
)
NO_POLICY = L(
    "There is no backup policy in force: nothing is being backed up.", "沒有啟用的備份策略，系統目前沒有備份。"
)
NO_BACKUP = L("“{policy}” has no good backup yet.", "「{policy}」尚無有效備份。")
OLD_BACKUP = L(
    "The newest good backup of “{policy}” is {hours} hours old; {most} are allowed.",
    "「{policy}」最近的有效備份已有 {hours} 小時，超過允許的 {most} 小時。",
)
FUTURE_BACKUP = L(
    "The newest good backup of “{policy}” claims to be of {at}, which is still to come: the clock was wrong, nobody "
    "knows how old it is. Please make a new one.",
    "「{policy}」最近的有效備份標註時間為 {at}，晚於當前時間：當時系統時鐘有誤，無法確定備份時間，請重新備份。",
)
NO_DRILL = L("No backup of “{policy}” has been proven by a drill yet.", "「{policy}」的備份尚未通過恢復演練。")
OLD_DRILL = L(
    "The last successful drill of “{policy}” was {days} days ago; {most} are allowed.",
    "「{policy}」最近一次成功的恢復演練在 {days} 天前，超過允許的 {most} 天。",
)


@record(
    label=L("Backup policy", "備份策略"),
    plural=L("Backup policies", "備份策略"),
    chapter=OPERATIONS,
    clause="6.2",
    number="BP-{seq:3}",
    title="{name}",
    grid=Grid("name target encrypted enabled backup_hours_max", search="name", sort="name"),
    form=(
        Part(
            L("Target", "目標"),
            "name target encrypted enabled",
            help=L(
                "A folder or an S3-compatible store, best on another machine than the database.",
                "文件夾或 S3 兼容存儲，宜與數據庫不在同一臺機器。",
            ),
        ),
        Part(
            L("Retention", "保留份數"),
            "daily weekly monthly yearly",
            help=L(
                "The newest of each day, week, month and year is kept, so many of them; older ones go.",
                "按日、周、月、年各保留最新備份，數量如下；更早的自動清除。",
            ),
        ),
        Part(
            L("Alert limits", "告警條件"),
            "backup_hours_max drill_days_max",
            help=L(
                "If the newest good backup or drill is older than this, IT is alarmed.",
                "最新有效備份或演練超過此期限時向信息技術部告警。",
            ),
        ),
    ),
    access=BY_IT,
)
class BackupPolicy(Record):
    """Where backups go, whether they are encrypted, how many are kept, and when missing ones are an alarm."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    target = Text(
        required=True,
        most=400,
        label=L("Folder or store", "目錄或存儲"),
        help=L(
            "A folder that exists, on another disk than the database; or s3://bucket/folder.",
            "已存在的目錄，須與數據庫不在同一磁盤；或 s3://bucket/folder。",
        ),
    )
    encrypted = Flag(default=True, label=L("Encrypted", "加密"))
    enabled = Flag(default=True, label=L("In force", "啟用"))
    daily = Whole(required=True, default=7, least=1, most=400, label=L("Days", "日備份"))
    weekly = Whole(required=True, default=5, least=0, most=400, label=L("Weeks", "週備份"))
    monthly = Whole(required=True, default=12, least=0, most=400, label=L("Months", "月備份"))
    yearly = Whole(required=True, default=3, least=0, most=100, label=L("Years", "年備份"))
    backup_hours_max = Whole(
        required=True, default=30, least=1, most=10_000, label=L("Maximum backup age (hours)", "備份最長間隔（小時）")
    )
    drill_days_max = Whole(
        required=True, default=9, least=1, most=1000, label=L("Maximum drill age (days)", "演練最長間隔（天）")
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        place = self.target or ""
        if not (place.startswith("/") or "://" in place.lstrip("/")) or ".." in place.split("/"):
            yield "target", NOT_A_PLACE


class SavedCollection(Line):
    """What a backup holds of one collection."""

    name = Text(label=L("Collection", "集合"))
    documents = Whole(label=L("Documents", "文檔數"))
    size = Whole(most=10**18, label=L("Bytes", "字節"))
    sha256 = Text(label=L("SHA-256 sum", "SHA-256 校驗和"))


OUTCOMES = {
    RUNNING: L("Running", "執行中"),
    GOOD: L("Good", "有效"),
    FAILED: L("Failed", "失敗"),
    BROKEN: L("Damaged", "已損壞"),
    PRUNED: L("Deleted by retention", "已按保留規則刪除"),
}


@record(
    label=L("Backup", "備份"),
    plural=L("Backups", "備份"),
    chapter=OPERATIONS,
    clause="6.2.1",
    number="BK-{yyyy}{mm}-{seq:4}",
    title="{entry}",
    grid=Grid(
        "entry policy outcome begun seconds size_mb documents verified_at drilled_at", search="entry", sort="-begun"
    ),
    form=(
        Part(L("Backup", "備份"), "policy entry target outcome begun ended seconds error",
             help=L("Made by the system; a backup counts as good only after every byte was read again.",
                    "由系統生成；逐字節復核通過後才算有效備份。")),
        Part(L("What it holds", "內容"), "documents attachments size_mb stored_mb collections",
             help=L("Records and attachments at the moment of the backup, before and after compression.",
                    "備份時的記錄數、附件數，以及壓縮前後的大小。")),
        Part(L("Proof", "驗證"), "key checksum verified_at drilled_at",
             help=L("When it was last verified and last restored in a drill.",
                    "最近一次校驗與最近一次恢復演練的時間。")),
    ),
    access=READ_BY_IT,
)  # fmt: skip
class Backup(Record):
    """One backup that was made or tried; only the jobs write it."""

    policy = Ref("BackupPolicy", required=True, label=L("Policy", "策略"))
    entry = Text(required=True, label=L("Folder", "文件夾"))
    target = Text(most=400, label=L("Folder or store", "目錄或存儲"))
    outcome = Choice(OUTCOMES, required=True, label=L("Outcome", "結果"))
    begun = Moment(required=True, label=L("Begun", "開始時間"))
    ended = Moment(label=L("Ended", "結束時間"))
    seconds = Number(places=1, label=L("Seconds", "耗時（秒）"))
    error = LocalizedText(label=L("What went wrong", "錯誤說明"))
    documents = Whole(label=L("Documents", "文檔數"))
    attachments = Whole(label=L("Attached files", "附件數"))
    size_mb = Number(places=1, label=L("Data, MB", "數據量（MB）"))
    stored_mb = Number(places=1, label=L("Stored, MB", "佔用空間（MB）"))
    collections = Lines(SavedCollection, label=L("Collections", "各集合"))
    key = Whole(label=L("Key", "密鑰編號"))
    checksum = Text(label=L("Checksum of the manifest", "清單校驗和"))
    verified_at = Moment(label=L("Verified", "驗證時間"))
    drilled_at = Moment(label=L("Proven by a drill", "演練通過時間"))


@record(
    label=L("Restore drill", "恢復演練"),
    plural=L("Restore drills", "恢復演練"),
    chapter=OPERATIONS,
    clause="6.2.2",
    number="RD-{yyyy}{mm}-{seq:4}",
    title="{number}",
    grid=Grid("number policy backup outcome begun seconds documents files", sort="-begun"),
    form=(
        Part(
            L("Drill", "演練"),
            "policy backup outcome begun seconds",
            help=L(
                "A backup restored into a scratch database, compared, and removed again.",
                "將備份恢復到臨時數據庫，比對後清除。",
            ),
        ),
        Part(
            L("What was compared", "比對內容"),
            "collections documents files differences",
            help=L(
                "Every collection by count and content, every file by its checksum; differences stand here.",
                "逐一比對各集合的數量與內容、各文件的校驗值；差異列於此處。",
            ),
        ),
    ),
    access=READ_BY_IT,
)
class RestoreDrill(Record):
    """A backup restored into a scratch database and compared; only the jobs write it."""

    policy = Ref("BackupPolicy", required=True, label=L("Policy", "策略"))
    backup = Ref("Backup", required=True, label=L("Backup", "備份"))
    outcome = Choice(
        {EQUAL: L("Equal", "一致"), DIFFERENT: L("Different", "不一致"), FAILED: L("Failed", "失敗")},
        required=True,
        label=L("Outcome", "結果"),
    )
    begun = Moment(required=True, label=L("Begun", "開始時間"))
    seconds = Number(places=1, label=L("Seconds", "耗時（秒）"))
    collections = Whole(label=L("Collections compared", "比對集合數"))
    documents = Whole(label=L("Documents compared", "比對文檔數"))
    files = Whole(label=L("Files compared", "比對附件數"))
    differences = LocalizedText(label=L("Differences", "差異"))


WITH_OWN_ID = {"_id": {"$type": "objectId"}}  # what a hand has put under an id of another kind nobody can name


def policies() -> list[BackupPolicy]:
    """The policies in force."""
    return list(BackupPolicy.objects(enabled=True, removed_at=None, __raw__=WITH_OWN_ID).order_by("name"))


def newest(policy: ObjectId, *, drilled: bool = False, until: dt.datetime | None = None) -> dict[str, Any] | None:
    """The newest good backup of a policy, or the one that was last proven by a drill; `until`: none of a later time."""
    query: dict[str, Any] = {"policy": policy, "outcome": GOOD, "removed_at": None, **WITH_OWN_ID}
    query |= {"drilled_at": {"$ne": None}} if drilled else {}
    order = "drilled_at" if drilled else "begun"
    query |= {order: {"$lte": until, "$ne": None}} if until else {}
    return Backup.collection().find_one(query, sort=[(order, -1)])


def place_of(backup: Mapping[str, Any], policy: BackupPolicy) -> str:
    """Where a backup lies, also when its policy names another place since; older ones did not note it."""
    return str(backup.get("target") or policy.target)


DAMAGED_POLICY = L(
    "The backup policy “{policy}” is damaged, so nothing tells whether its backups are late. Please make it anew.",
    "備份策略「{policy}」數據損壞，無法判斷其備份是否及時，請重新建立。",
)


def made_at(place: str) -> list[dict[str, Any]]:
    """The backups that were once whole at a place, newest first, those included that are no longer kept."""
    spellings = {"$in": [bare := place.rstrip("/"), f"{bare}/"]}
    unnoted = {"target": None, "policy": {"$in": BackupPolicy.collection().distinct("_id", {"target": spellings})}}
    query = {"$or": [{"target": spellings}, unnoted], "checksum": {"$ne": None}}
    return list(Backup.collection().find(query, {"entry": 1, "outcome": 1}).sort("begun", -1).limit(50))


def alarms() -> list[tuple[BackupPolicy | None, Words]]:
    """What is wrong with the state of the backups: each policy whose newest good backup or drill is too old."""
    watched = policies()
    if not watched:
        return [(None, NO_POLICY)]
    return [(policy, sentence) for policy in watched for sentence in _alarms_of(policy)]


def _alarms_of(policy: BackupPolicy) -> list[Words]:
    try:
        return list(_lateness_of(policy))
    except (TypeError, ValueError, OverflowError):  # of what no form would have taken
        return [DAMAGED_POLICY(policy=policy.id)]


def _lateness_of(policy: BackupPolicy) -> Iterator[Words]:
    now, grace = clock.now(), dt.timedelta(hours=policy.backup_hours_max)
    last = newest(policy.id, until=now + CLOCKS_DIFFER)
    if last is None and (wrong := newest(policy.id)):
        yield FUTURE_BACKUP(policy=policy.name, at=At(wrong["begun"]))
        return
    if last is None:
        if _is_older(policy.created_at, min(grace, dt.timedelta(hours=1))):
            yield NO_BACKUP(policy=policy.name)
        return
    if now - last["begun"] > grace:
        hours = int((now - last["begun"]).total_seconds() // 3600)
        yield OLD_BACKUP(policy=policy.name, hours=hours, most=policy.backup_hours_max)
    proven = newest(policy.id, drilled=True, until=now + CLOCKS_DIFFER)
    allowed = dt.timedelta(days=policy.drill_days_max)
    if proven is None:
        if _is_older(policy.created_at, allowed):
            yield NO_DRILL(policy=policy.name)
    elif now - proven["drilled_at"] > allowed:
        yield OLD_DRILL(policy=policy.name, days=(now - proven["drilled_at"]).days, most=policy.drill_days_max)


def _is_older(moment: dt.datetime, most: dt.timedelta) -> bool:
    """Whether a moment is further back than this; one in the future, of a clock that was wrong, tells nothing."""
    return not -CLOCKS_DIFFER <= clock.now() - moment <= most
