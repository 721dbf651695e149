"""The organisation (chapter 1): departments, positions and users."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import second_person
from .chapters import ORGANISATION
from .kernel.base.addresses import at_role, at_user
from .kernel.base.people import Actor, forget_departments, is_active
from .kernel.base.store import in_unit
from .kernel.base.words import HANS, HANT, Listed
from .kernel.gate.changes import MoveActions
from .kernel.gate.notices import NoticeKind
from .kernel.gate.waiting import COLLECTION as CASES
from .kernel.language import (
    ROLE_LABELS,
    Access,
    Choice,
    Choices,
    Day,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    Mail,
    Part,
    Percent,
    Phone,
    Record,
    Ref,
    Refs,
    Role,
    Scope,
    Text,
    Whole,
    Words,
    record,
    role,
)
from .skill_levels import LEVELS, PROVEN_BY_DEFAULT

BY_IT_AND_HR = Access(open=True, write={Role.IT: Scope.ALL, Role.HR: Scope.ALL})
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_CODE = re.compile(r"[A-Z]{2,6}")
NO_BEGIN = L("An absence needs a first day, too.", "請同時填寫缺勤開始日期。")
DEPUTY_LEFT = L("This deputy cannot log in any more; choose somebody else.", "該代理人已停用，請另選他人。")
RESTS_ON = L(
    "{name} was switched off. What rests on them: {decide} decisions, {act} tasks; deputy of: {names}.",
    "{name} 已停用。尚待其審批 {decide} 項、辦理 {act} 項；其代理的人員：{names}。",
)
PARENT_BY_HR = L(
    "The superior department decides who reads more; human resources sets it.",
    "上級部門關係到查閱範圍，由人力資源設置。",
    code="second_person",
)


@record(
    label=L("Department", "部門"),
    plural=L("Departments", "部門"),
    chapter=ORGANISATION,
    clause="1.1",
    number="D-{seq:3}",
    title="{name}",
    grid=Grid("code name parent head deputy", search="code name", sort="code"),
    access=BY_IT_AND_HR,
)
class Department(Record):
    """A department; its code stands in numbers and never changes."""

    code = Text(required=True, unique=True, fixed=True, most=6, label=L("Code", "代碼"))
    name = Text(required=True, label=L("Name", "名稱"))
    parent = Ref("Department", acyclic=True, label=L("Superior department", "上級部門"))
    head = Ref("User", label=L("Head", "負責人"))
    deputy = Ref("User", label=L("Deputy head", "副負責人"))
    calendar = Ref(
        "WorkingCalendar",
        label=L("Working calendar", "工作日曆"),
        help=L("Empty: that of the superior department, or the company's.", "空白：按上級部門的日曆，或公司日曆。"),
    )

    @classmethod
    def forget_read(cls) -> None:
        forget_departments()

    def check(self) -> Iterator[tuple[str, Words]]:
        if not _CODE.fullmatch(self.code):
            yield "code", L("A code is two to six capital letters.", "代碼為二至六個大寫字母。")

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """A head reads what the heads right below submit, so IT puts no department below another one."""
        is_moved = self.ref("parent") != before.get("parent")
        if is_moved and self.ref("parent") and Role.HR not in actor.roles and not second_person.is_missing():
            yield "parent", PARENT_BY_HR


class RequiredSkill(Line):
    """A skill that a position asks for, to which level, and the course that proves it."""

    skill = Text(required=True, most=80, label=L("Skill", "技能"))
    level = Choice(LEVELS, required=True, default=PROVEN_BY_DEFAULT, label=L("Level", "要求等級"))
    course = Ref("Course", label=L("Proven by the course", "佐證課程"))


@record(
    label=L("Position", "崗位"),
    plural=L("Positions", "崗位"),
    chapter=ORGANISATION,
    clause="1.2",
    number="P-{seq:3}",
    title="{name}",
    grid=Grid("name grade track", search="name", sort="name"),
    access=BY_IT_AND_HR,
)
class Position(Record):
    """A position that employees hold, with its grade and career track."""

    name = Text(required=True, unique=True, label=L("Title", "名稱"))
    grade = Whole(least=1, most=20, label=L("Grade", "職級"))
    track = Choice(
        {
            "management": L("Management", "管理"),
            "professional": L("Professional", "專業"),
            "technical": L("Technical", "技術"),
            "operations": L("Operations", "操作"),
        },
        label=L("Career track", "職業通道"),
    )
    leads_to = Refs("Position", acyclic=True, label=L("Leads to", "可晉升崗位"))
    skills = Lines(RequiredSkill, most=40, label=L("Skills that it asks for", "任職技能要求"))


@record(
    label=L("User", "用戶"),
    plural=L("Users", "用戶"),
    chapter=ORGANISATION,
    clause="1.3",
    number="U-{seq:4}",
    title="{name}",
    grid=Grid("login name department position roles active", search="login name", sort="login"),
    form=(
        Part(
            L("Person", "人員"),
            "login name department position manager mail phone",
            help=L(
                "One entry for each employee; the login is never given to somebody else.",
                "每名員工一條記錄；登錄名不得轉給他人。",
            ),
        ),
        Part(
            L("Rights", "權限"),
            "roles active",
            clause="1.3",
            help=L(
                "Roles say what a person sees and decides; take away those no longer needed.",
                "角色決定查看與審批範圍；不再需要的角色應及時取消。",
            ),
        ),
        Part(
            L("Absence", "缺勤"),
            "absent_from absent_until deputy",
            help=L(
                "While absent, the deputy decides on the absent person's behalf, marked as acting for them.",
                "缺勤期間由代理人代為審批，並註明代理。",
            ),
        ),
        Part(
            L("Preferences", "偏好"),
            "locale extra_time",
            help=L("The language of screens, messages and mails.", "界面、消息與郵件所用語言。"),
        ),
    ),
    access=Access(
        open=True,
        write={Role.IT: Scope.ALL},
        own_write="locale absent_from absent_until deputy",
        own_never="roles active department",
    ),
)
class User(Record):
    """An employee who can log in; passwords are kept elsewhere and never shown."""

    login = Text(required=True, unique=True, fixed=True, most=40, label=L("Login name", "登錄名"))
    name = Text(required=True, most=60, label=L("Name", "姓名"))
    department = Ref("Department", required=True, label=L("Department", "部門"))
    position = Ref("Position", label=L("Position", "崗位"))
    manager = Ref("User", label=L("Manager", "直屬上級"))
    mail = Mail(label=L("Mail", "電子郵箱"), see={Role.IT, Role.HR, Role.MANAGEMENT})
    phone = Phone(label=L("Phone", "電話"), see={Role.IT, Role.HR, Role.MANAGEMENT})
    roles = Choices({role.value: label for role, label in ROLE_LABELS.items()}, fresh=True, label=L("Roles", "角色"))
    active = Flag(default=True, fresh=True, label=L("Active", "啟用"))
    locale = Choice(
        {"en": L("English", "English"), HANT: L("繁體中文", "繁體中文", "繁體中文"), HANS: L("简体中文", "简体中文")},
        label=L("Language", "語言"),
    )
    absent_from = Day(label=L("Absent from", "缺勤開始"))
    absent_until = Day(label=L("Absent until", "缺勤結束"))
    deputy = Ref("User", label=L("Deputy", "代理人"))
    extra_time = Percent(
        most=300,
        see={Role.HR},
        edit=role(Role.HR, own=True),
        label=L("Extra time in quizzes", "測試加時"),
        help=L(
            "A right of the person, such as 25; it lengthens every limit of time.",
            "個人應享權利，如 25；延長所有限時。",
        ),
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        if not _LOGIN.fullmatch(self.login):
            yield (
                "login",
                L(
                    "A login name has 2 to 40 small letters, digits, dots, dashes or underscores.",
                    "登錄名為 2 至 40 個小寫字母、數字、點、連字符或下劃線。",
                ),
            )
        if self.absent_from and self.absent_until and self.absent_until < self.absent_from:
            yield "absent_until", L("The absence ends before it begins.", "缺勤結束早於開始。")
        if self.absent_until and not self.absent_from:
            yield "absent_from", NO_BEGIN
        if self.ref("deputy") and not is_active(self.ref("deputy")):
            yield "deputy", DEPUTY_LEFT
        if self.id is not None and self.ref("deputy") == self.id:
            yield "deputy", L("Nobody can be their own deputy.", "不能由本人代理本人。")
        if Role.IT not in self.roles and second_person.is_of_it(self.ref("deputy")):
            yield "deputy", second_person.IT_DEPUTY

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """What gives somebody more to see, or opens another way in, IT asks for; it does not set it alone (1.3)."""
        if self.id is None or self.id == actor.id or second_person.is_missing():
            return
        if set(self.roles) - set(before.get("roles") or []):
            yield "roles", second_person.ASK_FOR_ROLES
        if before.get("roles") and self.ref("department") != before.get("department"):
            yield "department", second_person.ASK_FOR_ROLES
        if before and (self.mail or None) != before.get("mail"):
            yield "mail", second_person.ASK_FOR_ROLES
        yield from self._deputy_consent(before)

    def _deputy_consent(self, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
        after = self.to_mongo()
        if self.ref("deputy"):
            for name in ("deputy", "absent_from", "absent_until"):
                if after.get(name) != before.get(name):
                    yield name, second_person.ASK_FOR_DEPUTY

    def on_edit(self, follow: MoveActions, before: Mapping[str, Any]) -> None:
        """The person and the supervision group are told when somebody else changed what they may see or how they get
        in; that nobody could agree yet is said in the history."""
        if before.get("active") and not self.active:
            self._tell_what_rests_on_them(follow)
        after = self.to_mongo()
        fields = [name for name in second_person.WATCHED if after.get(name) != before.get(name) and self._counts(name)]
        if not fields or self.id == follow.actor.id:
            return
        if second_person.is_missing() and (self.roles or self.ref("deputy")):
            follow.note(self, "alone")
        labels = Listed(tuple(self.fields_of()[name].label for name in fields))
        words = second_person.CHANGED_BY(name=self.name, fields=labels, actor=follow.actor.name)
        follow.notify(self, second_person.concerned(self.id), NoticeKind.ALARM, words)

    def _tell_what_rests_on_them(self, follow: MoveActions) -> None:
        """IT learns what somebody who can act no longer leaves: cases, and people whose deputy they were."""
        address = at_user(self.id)
        cases = in_unit(CASES)
        decide, act = (cases.count_documents({place: address}) for place in ("decide", "act"))
        leant_on = in_unit(self.type_name()).find({"deputy": self.id, "active": True, "removed_at": None}, {"name": 1})
        names = Listed(tuple(row["name"] for row in leant_on.limit(20)))
        if decide or act or names.items:
            words = RESTS_ON(name=self.name, decide=decide, act=act, names=names if names.items else "—")
            follow.notify(self, [at_role(Role.IT)], NoticeKind.ALARM, words)

    def _counts(self, name: str) -> bool:
        return name != "absent_until" or self.ref("deputy") is not None
