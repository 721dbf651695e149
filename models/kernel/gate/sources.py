"""Where changes of records come from, and how the history names them."""

from __future__ import annotations

from enum import StrEnum

from ..base.words import L


class Source(StrEnum):
    """The channel of a change; its value stands in the history as `door`, under the hash of the entry."""

    FORM = "form"
    GRID = "grid"
    BULK = "bulk"
    INBOX = "inbox"
    CALENDAR = "calendar"
    BOARD = "board"
    DESK = "desk"
    IMPORT = "import"
    PDF = "pdf"
    RULE = "rule"
    TASK = "task"
    ARCHIVE = "archive"
    BACKUP = "backup"
    SEED = "seed"
    COMMAND = "command"
    PUBLIC = "public"
    MAIL = "mail"
    API = "api"
    MIGRATION = "migration"
    MERGE = "merge"


SOURCE_LABELS: dict[Source, L] = {
    Source.FORM: L("Form", "表單"),
    Source.GRID: L("List", "列表"),
    Source.BULK: L("Bulk action", "批量"),
    Source.INBOX: L("Approvals", "待審批"),
    Source.CALENDAR: L("Calendar", "日曆"),
    Source.BOARD: L("Board", "看板"),
    Source.DESK: L("Desk", "借閱台"),
    Source.IMPORT: L("Import", "導入"),
    Source.PDF: L("PDF", "PDF"),
    Source.RULE: L("Rule", "規則"),
    Source.TASK: L("Background work", "後台任務"),
    Source.ARCHIVE: L("Archive", "歸檔"),
    Source.BACKUP: L("Backup", "備份"),
    Source.SEED: L("Demo company", "演示公司"),
    Source.COMMAND: L("Command line", "命令行"),
    Source.PUBLIC: L("Public page", "公開頁面"),
    Source.MAIL: L("Mail", "郵件"),
    Source.API: L("API", "API"),
    Source.MIGRATION: L("Taken over from another system", "舊系統遷移"),
    Source.MERGE: L("Merge", "合併"),
}


def source_label(stored: str | None) -> str:
    """The words for a stored source; one of another version of the program stands as it is."""
    return str(SOURCE_LABELS[Source(stored)]) if stored in set(Source) else stored or ""
