"""What notices are about: the kinds for which people choose how they are told."""

from __future__ import annotations

from enum import StrEnum

from .words import L


class NoticeKind(StrEnum):
    """What notices are about, as people choose channels for it."""

    DECISION = "decision"
    RESULT = "result"
    COMMENT = "comment"
    REMINDER = "reminder"
    LOAN = "loan"
    ESCALATION = "escalation"
    DUNNING = "dunning"
    PUBLISHED = "published"
    ALARM = "alarm"
    OUTSIDE = "outside"
    ASSIGNED = "assigned"
    URGENT = "urgent"


NOTICE_LABELS: dict[NoticeKind, L] = {
    NoticeKind.DECISION: L("Pending approvals", "待我審批"),
    NoticeKind.RESULT: L("Approval results", "審批結果"),
    NoticeKind.COMMENT: L("Comments", "評論"),
    NoticeKind.REMINDER: L("Reminders", "提醒"),
    NoticeKind.LOAN: L("My loans", "我的借閱"),
    NoticeKind.ESCALATION: L("Overdue approvals", "審批逾期"),
    NoticeKind.DUNNING: L("Dunning steps", "催款步驟"),
    NoticeKind.PUBLISHED: L("Published reports", "報告發布"),
    NoticeKind.ALARM: L("System alerts", "系統告警"),
    NoticeKind.OUTSIDE: L("Mail to people outside", "對外郵件"),
    NoticeKind.ASSIGNED: L("Work given to me", "交辦給我的事項"),
    NoticeKind.URGENT: L("Urgent work", "緊急事項"),
}
