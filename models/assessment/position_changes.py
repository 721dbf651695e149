"""Changes of position (4.4.2): with a ground and the signed consent of the employee, approved by human resources and
management; department, position, roles and seat change at the instant, once.

A grade alone leads to nothing: nobody is moved, and nobody dismissed, by a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from .. import second_person
from ..chapters import SUPERVISION
from ..kernel.base import clock
from ..kernel.base.errors import Refused
from ..kernel.base.store import in_unit
from ..kernel.base.words import Listed
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    READ,
    REASON,
    ROLE_LABELS,
    Access,
    Choice,
    Choices,
    Day,
    Grid,
    L,
    LongText,
    Move,
    Need,
    Part,
    Record,
    Ref,
    Refs,
    Retention,
    Role,
    Scope,
    Signature,
    State,
    Words,
    Workflow,
    but_not,
    during,
    record,
    role,
    user_in,
    workdays,
)
from ..organisation import Department, User
from .sheet_words import APPEALED, PUBLISHED

DRAFT, PUT_TO, AGREED, REVIEWED, APPROVED, EFFECTIVE = "draft", "asked", "agreed", "reviewed", "approved", "effective"
DECLINED, CANCELLED = "declined", "cancelled"
PROMOTION, TRANSFER, DEMOTION = "promotion", "transfer", "demotion"
BY_RESULTS, OTHER = "assessment", "other"
NO_SEAT, HEAD, DEPUTY = "none", "head", "deputy"
EMPLOYEE = user_in("addressee", L("Employee", "員工本人"), own=True)
BY_HR = role(Role.HR, own=True)
NOT_THEIRS = L("These assessments are not the employee's, or not published.", "所選考核表不屬該員工或未公佈。")
NOTHING = L("Nothing changes by this.", "此變更未改動任何內容。")
GIVEN = L("{name}: the change of position {number} is in force: {what}.", "{name}：崗位變更 {number} 已生效：{what}。")
GONE = L("The employee is not active any more.", "該員工已停用。")
LEAVER = L("The employee cannot log in any more; choose somebody else.", "該員工已停用，請另選。")
NOT_PAST = Need(
    L("The day on which it takes effect is not over", "生效日期不早於今日"),
    lambda change: bool(change.effective_on) and change.effective_on >= clock.today(),
)
GROUNDED = Need(
    L("A ground by assessment names the assessments", "以考核為依據時須列明考核表"),
    lambda change: change.ground != BY_RESULTS or bool(change.refs("evaluations")),
)
TRIED = Need(
    L("A lower post says which training or other post was tried first", "降職須說明此前的培訓或調崗安排"),
    lambda change: change.kind != DEMOTION or bool((change.measures or "").strip()),
)


def is_there(change: Any) -> bool:
    """Whether the employee can still log in."""
    row = in_unit("user").find_one({"_id": change.ref("employee"), "removed_at": None}, {"active": 1})
    return bool(row and row.get("active"))


def roles_after(now: Any, before: Any, planned: Any) -> list[str]:
    """The roles of somebody once a change has taken effect: what it adds and takes away, and what was given since."""
    return sorted((set(now) - (set(before) - set(planned))) | (set(planned) - set(before)))


@record(
    label=L("Change of position", "崗位變更"),
    plural=L("Changes of position", "崗位變更"),
    chapter=SUPERVISION,
    clause="4.4",
    number="PC-{yyyy}-{seq:4}",
    title="{employee} {to_position}",
    grid=Grid("number employee kind from_department to_department to_position effective_on state", sort="-number"),
    form=(
        Part(
            L("Change", "變更"),
            "employee kind effective_on",
            clause="4.4",
            help=L(
                "It takes effect at the beginning of that day, once the employee has signed and both have approved.",
                "經本人簽署及兩級批准後，於該日零時生效。",
            ),
        ),
        Part(
            L("Ground", "依據"),
            "ground evaluations why measures",
            help=L(
                "A grade is no ground by itself: say what it is about. The last rank is not incompetence.",
                "等級本身不構成理由，請說明具體事由；排名末位不等於不能勝任。",
            ),
        ),
        Part(L("From", "原任"), "from_department from_position from_manager from_roles from_seat"),
        Part(
            L("To", "擬任"),
            "to_department to_position to_manager to_roles to_seat",
            help=L("Roles as they are to be afterwards.", "填寫變更後的全部角色。"),
        ),
        Part(L("Consent", "本人同意"), "addressee consent"),
    ),
    workflow=Workflow(
        DRAFT,
        (
            Move("submit", DRAFT, PUT_TO, require=(NOT_PAST, GROUNDED, TRIED)),
            Move(
                "consent",
                PUT_TO,
                AGREED,
                by=EMPLOYEE,
                ask="consent",
                require="consent",
                submits=False,
                label=L("Consent", "同意"),
            ),
            Move(
                "decline",
                PUT_TO,
                DECLINED,
                by=EMPLOYEE,
                ask=REASON,
                optional=True,
                submits=False,
                label=L("Decline", "不同意"),
            ),
            Move(
                "review",
                AGREED,
                REVIEWED,
                by=but_not("employee", role(Role.HR)),
                within=workdays(5),
                label=L("Agree for human resources", "人力資源審核通過"),
            ),
            Move("approve", REVIEWED, APPROVED, by=but_not("employee", role(Role.MANAGEMENT)), within=workdays(5)),
            Move("return", AGREED, DRAFT, by=but_not("employee", role(Role.HR)), ask=REASON),
            Move("return", REVIEWED, DRAFT, by=but_not("employee", role(Role.MANAGEMENT)), ask=REASON),
            Move(
                "take_effect",
                APPROVED,
                EFFECTIVE,
                at="effective_on",
                of_day="start",
                when=is_there,
                label=L("Take effect", "生效"),
            ),
            Move(
                "cancel",
                f"{DRAFT} {PUT_TO} {AGREED} {REVIEWED} {APPROVED}",
                CANCELLED,
                by=BY_HR,
                ask=REASON,
                optional=True,
                submits=False,
            ),
        ),
        edit=DRAFT,
        withdraw=False,
        facts=(
            State(PUT_TO, L("Consent asked for", "待本人同意"), tone="wait"),
            State(AGREED, L("Consented", "本人已同意"), tone="wait"),
            State(REVIEWED, L("Before management", "待管理層批准"), tone="wait"),
            State(EFFECTIVE, L("In force", "已生效"), tone="good"),
            State(DECLINED, L("Declined", "本人不同意"), tone="bad"),
        ),
    ),
    access=Access(
        read={Role.CLERK: Scope.NONE, Role.HEAD: Scope.DEPARTMENT, Role.HR: Scope.ALL},
        write={Role.HR: Scope.ALL},
        named={"addressee": READ},
        private=True,
    ),
    retention=Retention(archive=1095, delete=10),
)
class PositionChange(Record):
    """A promotion, transfer or lower post of one employee (4.4.2)."""

    employee = Ref("User", required=True, fixed=True, label=L("Employee", "員工"))
    kind = Choice(
        {
            PROMOTION: L("Promotion", "晉升"),
            TRANSFER: L("Transfer", "調崗"),
            DEMOTION: L("Lower post", "降職"),
        },
        required=True,
        default=PROMOTION,
        label=L("Kind", "類別"),
    )
    effective_on = Day(required=True, label=L("Takes effect on", "生效日期"))
    ground = Choice(
        {BY_RESULTS: L("Assessment", "考核結果"), OTHER: L("Other", "其他")},
        required=True,
        default=OTHER,
        label=L("Ground", "依據"),
    )
    evaluations = Refs("Assessment", label=L("Assessments", "考核表"))
    why = LongText(required=True, label=L("Why", "事由"))
    measures = LongText(label=L("Training or other post tried first", "此前的培訓或調崗安排"))
    from_department = Ref("Department", computed=True, label=L("Department", "部門"))
    from_position = Ref("Position", computed=True, label=L("Position", "崗位"))
    from_manager = Ref("User", computed=True, label=L("Manager", "直屬上級"))
    from_roles = Choices(
        {item.value: label for item, label in ROLE_LABELS.items()}, computed=True, label=L("Roles", "角色")
    )
    from_seat = Choice(
        {HEAD: L("Head", "負責人"), DEPUTY: L("Deputy head", "副負責人")},
        computed=True,
        label=L("Seat in the department", "部門職務"),
    )
    to_department = Ref("Department", required=True, label=L("New department", "新部門"))
    to_position = Ref("Position", required=True, label=L("New position", "新崗位"))
    to_manager = Ref("User", label=L("New manager", "新直屬上級"))
    to_roles = Choices({item.value: label for item, label in ROLE_LABELS.items()}, label=L("New roles", "新角色"))
    to_seat = Choice(
        {
            NO_SEAT: L("None", "無"),
            HEAD: L("Head of the department", "部門負責人"),
            DEPUTY: L("Deputy head", "副負責人"),
        },
        required=True,
        default=NO_SEAT,
        label=L("New seat", "新職務"),
    )
    addressee = Ref("User", computed=True, informs=True, label=L("Asked for consent", "徵求同意對象"))
    consent = Signature(edit=during(PUT_TO, EMPLOYEE), label=L("Signature of the employee", "本人簽署"))

    def clean(self) -> None:
        """What the employee is now stands beside what they are to be, until they are asked."""
        row = in_unit("user").find_one({"_id": self.ref("employee")}) if self.ref("employee") else None
        if row is None or self.state not in (None, "", DRAFT):
            return
        self.put("department", row.get("department"))
        self.put("from_department", row.get("department"))
        self.put("from_position", row.get("position"))
        self.put("from_manager", row.get("manager"))
        self.put("from_roles", sorted(row.get("roles") or ()))
        self.put("from_seat", _seat_of(self.ref("employee"), row.get("department")))

    def check(self) -> Iterator[tuple[str, Words]]:
        query = {
            "_id": {"$in": self.refs("evaluations")},
            "employee": self.ref("employee"),
            "state": {"$in": [PUBLISHED, APPEALED]},
        }
        if self.refs("evaluations") and in_unit("assessment").count_documents(query) != len(self.refs("evaluations")):
            yield "evaluations", NOT_THEIRS
        if self.state == DRAFT and self.ref("employee") and not is_there(self):
            yield "employee", LEAVER
        if self.ref("to_department") and not self._changes_anything():
            yield "to_position", NOTHING

    def _changes_anything(self) -> bool:
        is_moved = any(self.ref(f"to_{name}") != self.ref(f"from_{name}") for name in ("department", "position"))
        is_led_anew = self.ref("to_manager") not in (None, self.ref("from_manager"))
        is_seated_anew = self.to_seat != (self.from_seat or NO_SEAT)
        return is_moved or is_led_anew or is_seated_anew or set(self.to_roles or ()) != set(self.from_roles or ())

    def on_submit(self, actions: MoveActions) -> None:
        """From now on the employee sees it."""
        self.put("addressee", self.ref("employee"))

    def on_return(self, actions: MoveActions) -> None:
        """What is changed after the consent is consented to anew."""
        self.put("consent", None)

    def on_take_effect(self, actions: MoveActions) -> None:
        """Put it into force: the entry of the employee, and the seats in both departments."""
        user = User.objects(id=self.ref("employee"), removed_at=None, active=True).first()
        if user is None:
            raise Refused(GONE)
        values: dict[str, Any] = {
            "department": self.ref("to_department"),
            "position": self.ref("to_position"),
            "roles": roles_after(user.roles, self.from_roles or (), self.to_roles or ()),
        }
        if self.ref("to_manager"):
            values["manager"] = self.ref("to_manager")
        values = {name: value for name, value in values.items() if value != user.raw(name)}
        actions.update(user, values)
        for seats, department in self._seats(user.id):
            actions.update(department, seats)
        what = Listed(tuple(User.fields_of()[name].label for name in values))
        words = GIVEN(name=user.name, number=self.number, what=what)
        actions.notify(self, second_person.concerned(user.id), NoticeKind.ALARM, words)

    def _seats(self, person: ObjectId) -> Iterator[tuple[Mapping[str, Any], Department]]:
        """The seats that change: of the department that is left, and of the one that is entered."""
        left, entered = self.ref("from_department"), self.ref("to_department")
        for department in Department.objects(id__in=[left, entered], removed_at=None):
            planned = self.to_seat if department.id == entered else NO_SEAT
            seats: dict[str, Any] = {
                name: None for name in (HEAD, DEPUTY) if department.ref(name) == person and name != planned
            }
            if planned != NO_SEAT and department.ref(planned) != person:
                seats[planned] = person
            if seats:
                yield seats, department


def _seat_of(person: ObjectId | None, department: Any) -> str | None:
    row = in_unit("department").find_one({"_id": department}, {HEAD: 1, DEPUTY: 1}) or {}
    return next((name for name in (HEAD, DEPUTY) if row.get(name) == person), None)
