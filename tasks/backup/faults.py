"""What can go wrong with a backup, each as one sentence for the person who has to mend it."""

from __future__ import annotations

from models.kernel.base.words import L, Words

NO_KEY = L(
    "There is no key for backups. Set GUICHENG_BACKUP_KEYS, or allow this backup to be unencrypted.",
    "沒有備份密鑰。請設置 GUICHENG_BACKUP_KEYS，或允許不加密備份。",
)
KEY_MISSING = L(
    "The backup was encrypted with key {key}, which is not in GUICHENG_BACKUP_KEYS. Nothing was touched.",
    "備份以密鑰 {key} 加密，GUICHENG_BACKUP_KEYS 中沒有該密鑰。未作任何改動。",
)
NEWER = L(
    "The backup has format {format}; this version of Guicheng reads formats up to {known}. Use a newer version.",
    "備份格式為 {format}，本版本最高支持 {known}。請使用較新版本。",
)
NO_MANIFEST = L(
    "{place} has no manifest: the backup was never finished, or this is not a backup.",
    "{place} 沒有清單：備份未完成，或不是備份。",
)
NOT_A_MANIFEST = L(
    "{place}: manifest.json is damaged, cut, of another backup, or was made with another key of the same number.",
    "{place}：manifest.json 已損壞、被截斷、屬於其他備份，或使用了同號的其他密鑰。",
)
OTHER_BACKUP = L(
    "{place} holds the backup {id}: it was renamed, or put in the place of another. Give it its own name again.",
    "{place} 中是備份 {id}：已被改名，或被用來替換其他備份。請恢復其原名。",
)
OTHER_SEAL = L(
    "{place} is not the backup that was made there: its seal is not the one that was noted then.",
    "{place} 不是當時所作的備份：其封印與當時記錄的不符。",
)
NOT_ENCRYPTED = L(
    "{place} is not encrypted, but the backup that was made there was: something else was put in its place.",
    "{place} 未加密，而當時所作的備份已加密：備份已被替換。",
)
DAMAGED_FILE = L("{file} is damaged ({how}).", "{file} 已損壞（{how}）。")
HEAD, CONTENT = L("head", "文件頭"), L("content", "內容")
SUM, PACKING = L("checksum", "校驗和"), L("packing", "壓縮數據")
CHUNK = L("chunk {number}", "第 {number} 塊")
NOT_THERE = L(
    "{place} is not there. Mount the disk it is on, or find out who moved or deleted it.",
    "{place} 不存在。請掛載其所在磁盤，或查明是否已被移走或刪除。",
)
NOT_MOUNTED = L(
    "{place} held backups and holds none of them now, nor the file {mark}: its disk is most likely not mounted. Mount "
    "it and try again. If backups are to begin anew there, make an empty file {mark} in it.",
    "{place} 曾存有備份，現在既無備份，也無文件 {mark}，很可能是磁盤未掛載。請掛載後重試；"
    "如需在此重新開始備份，請在其中建立空文件 {mark}。",
)
TARGET_MISSING = L(
    "{place} does not exist. Make the folder, or mount the disk it is on, and try again.",
    "{place} 不存在。請建立目錄或掛載磁盤後重試。",
)
TARGET_FULL = L(
    "{place} is full. The unfinished backup was removed; make room and try again.",
    "{place} 空間不足。未完成的備份已刪除，請釋放空間後重試。",
)
TARGET_READ_ONLY = L(
    "{place} may not be written. Check the rights of the folder, or whether the disk is mounted read-only.",
    "{place} 不可寫。請檢查目錄權限或磁盤是否只讀。",
)
TARGET_AWAY = L("{place} cannot be used: {why}.", "{place} 無法使用：{why}。")
NO_STORE = L(
    "{place} needs a library that is not installed; for an S3-compatible store: pip install guicheng[s3].",
    "{place} 需要未安裝的程序庫；S3 兼容存儲請執行 pip install guicheng[s3]。",
)
FOLDER_FILLED = L("{place} is not empty; name a new folder.", "{place} 不為空，請指定新目錄。")
SNAPSHOT_GONE = L(
    "The database gave up the moment that was being saved, because saving took too long. Nothing is damaged; allow a "
    "longer window (minSnapshotHistoryWindowInSeconds) or save to a faster target.",
    "保存耗時過長，數據庫已放棄該時刻的快照。數據未受損；請延長 minSnapshotHistoryWindowInSeconds 或使用更快的目標。",
)
SHAPE_CHANGED = L(
    "A collection or an index was made or changed while the backup ran. Nothing is damaged; run it again.",
    "備份期間有集合或索引被新建或更改。數據未受損，請重新執行。",
)
DATABASE_AWAY = L("The database does not answer as it should: {why}.", "數據庫未正常響應：{why}。")
NOTHING_THERE = L("The database {database} is empty; there is nothing to save.", "數據庫 {database} 為空，無可備份。")
NOT_EMPTY = L(
    "The database {database} is not empty ({example} has records). Nothing was touched. Restore into a new database, "
    "or say it twice: --into {database} --yes-overwrite {database}.",
    "數據庫 {database} 不為空（{example} 有記錄），未作任何改動。請恢復到新數據庫，或再次確認："
    "--into {database} --yes-overwrite {database}。",
)
RESTORE_RUNS = L(
    "Another restore into {database} is running (since {since}). Wait for it.",
    "另一個恢復正在寫入 {database}（自 {since}）。",
)
NO_SUCH_TYPE = L("There is no record type {type}.", "沒有記錄類型 {type}。")
NO_SUCH_RECORD = L("The backup holds no {type} {id}.", "備份中沒有 {type} {id}。")


class BackupFault(Exception):
    """A backup, verification, restore or drill that could not be done; `sentence` says why and what to do."""

    def __init__(self, sentence: Words):
        self.sentence = sentence
        super().__init__(sentence)

    def __str__(self) -> str:
        return str(self.sentence)


class Damaged(BackupFault):
    """What lies there is not what was written."""


class Foreign(Damaged):
    """A backup that is whole by itself lies in the place of another."""


class TransientFault(BackupFault):
    """A fault that is likely gone at the next try."""


def damaged(file: str, how: Words) -> Damaged:
    return Damaged(DAMAGED_FILE(file=file, how=how))
