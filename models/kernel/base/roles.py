"""The roles that a user may have (domain 1.3), and their words."""

from __future__ import annotations

from enum import StrEnum

from .words import L


class Role(StrEnum):
    """What a user may be; a user may be several (domain 1.3)."""

    CLERK = "clerk"
    HEAD = "head"
    MANAGEMENT = "management"
    LEGAL = "legal"
    FINANCE = "finance"
    RECORDS = "records_manager"
    SUPERVISOR = "supervisor"
    HR = "hr"
    IT = "it"


ROLE_LABELS: dict[Role, L] = {
    Role.CLERK: L("Clerk", "業務人員"),
    Role.HEAD: L("Department head", "部門負責人"),
    Role.MANAGEMENT: L("Management", "管理層"),
    Role.LEGAL: L("Legal", "法務"),
    Role.FINANCE: L("Finance", "財務"),
    Role.RECORDS: L("Records manager", "檔案管理員"),
    Role.SUPERVISOR: L("Supervision group", "監督小組"),
    Role.HR: L("Human resources", "人力資源"),
    Role.IT: L("IT", "信息技術"),
}
