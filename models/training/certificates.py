"""Certificates (5.2): what somebody has learned, until when it is good, and a page on which anybody can check it."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator

from .. import public_links
from ..chapters import TRAINING
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    READ,
    REASON,
    Access,
    Day,
    Grid,
    L,
    Move,
    Paper,
    Part,
    Public,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Whole,
    Words,
    Workflow,
    record,
    role,
    user_in,
)

HOLDER = user_in("person", L("Holder", "持證人"))
SCANNED = L(
    "Whoever scans its code sees its number and whether it is valid, expired or revoked; nothing else.",
    "掃描證書二維碼者只能看到編號及有效、過期或撤銷。",
)
PAPER = Paper(
    "certificate",
    L("Certificate", "培訓證書"),
    on="create",
    attach="certificate",
    fields="person course issued_on expires_on",
    proof=True,
    public=True,
)
BY_HR = role(Role.HR, own=True)
ENDS_EARLY = L("It ends before it begins.", "到期日早於發證日。")


def last_day(issued: dt.date, months: int | None) -> dt.date | None:
    """The last day on which a certificate is good: the same day so many months later, or the last one of that month
    where it has no such day; None where it is good for ever."""
    if not months:
        return None
    year, month = divmod(issued.year * 12 + issued.month - 1 + months, 12)
    return dt.date(year, month + 1, min(issued.day, calendar.monthrange(year, month + 1)[1]))


@record(
    label=L("Certificate", "培訓證書"),
    plural=L("Certificates", "培訓證書"),
    chapter=TRAINING,
    clause="5.2",
    number="CE-{yyyy}-{seq:5}",
    title="{course} {person}",
    grid=Grid("number person course issued_on expires_on state", sort="-expires_on"),
    form=(
        Part(
            L("Certificate", "證書"),
            "person course course_edition attempt issued_on expires_on",
            clause="5.2",
            help=SCANNED,
        ),
    ),
    access=Access(read={Role.HR: Scope.ALL, Role.CLERK: Scope.OWN}, write={Role.HR: Scope.ALL}, named={"person": READ}),
    workflow=Workflow(
        "valid",
        (
            Move("expire", "valid", "expired", at="expires_on", of_day="end"),
            Move("revoke", "valid", "revoked", by=BY_HR, ask=REASON, optional=True, label=L("Revoke", "撤銷")),
        ),
        edit="",
        withdraw=False,
        facts=(
            State("valid", L("Valid", "有效"), tone="good"),
            State("revoked", L("Revoked", "已撤銷"), tone="bad"),
        ),
    ),
    reminders=tuple(Remind("expires_on", before=days, to=HOLDER, states="valid") for days in (60, 30, 7)),
    retention=Retention(archive=1095, delete=10),
    files={"certificate": L("Certificate", "證書")},
    papers=(PAPER,),
    public=Public(token=True),
)
class Certificate(Record):
    """That somebody finished an edition of a course; revoking it is a move, never silent."""

    person = Ref("User", required=True, fixed=True, informs=True, label=L("Holder", "持證人"))
    course = Ref("Course", required=True, fixed=True, label=L("Course", "課程"))
    course_edition = Whole(fixed=True, least=1, label=L("Edition of the course", "課程版次"))
    attempt = Ref("QuizAttempt", fixed=True, label=L("Quiz passed", "通過的測試"))
    issued_on = Day(required=True, fixed=True, label=L("Issued on", "發證日期"))
    expires_on = Day(fixed=True, label=L("Valid until", "有效期至"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.issued_on and self.expires_on and self.expires_on < self.issued_on:
            yield "expires_on", ENDS_EARLY

    def clean(self) -> None:
        """It belongs to its holder, and to their department."""
        if not self.version and (person := self.person):
            self._data["owner"], self._data["department"] = person.id, person.ref("department")

    def on_create(self, actions: MoveActions) -> None:
        """There is a page on which it can be checked."""
        public_links.provide(self)
