"""The clauses of the standard that supervision looks at, and how grave a finding is."""

from __future__ import annotations

from ..kernel.language import L, Role, role

GROUP_WORK = role(Role.SUPERVISOR, own=True)
CLAUSES = {
    "2.1": L("2.1 Market research", "2.1 市場調研"),
    "2.2": L("2.2 Sales", "2.2 銷售"),
    "2.3": L("2.3 Product development", "2.3 產品研發"),
    "2.4": L("2.4 After-sales service", "2.4 售後服務"),
    "3.1": L("3.1 Documents", "3.1 文件與資料管理"),
    "3.2": L("3.2 Data", "3.2 數據管理"),
    "3.3": L("3.3 Communication", "3.3 溝通與協作"),
    "3.4": L("3.4 Time", "3.4 時間管理"),
    "4": L("4 Supervision and assessment", "4 監督與考核"),
    "5": L("5 Training and development", "5 培訓與提升"),
}
GRADES = {
    "observation": L("Observation", "觀察項"),
    "minor": L("Minor", "一般不符合"),
    "major": L("Major", "嚴重不符合"),
}  # the least first
