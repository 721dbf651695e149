"""Requests for rights and for deputies (1.3): one asks, somebody else agrees, and nothing has an effect before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import second_person
from .chapters import ORGANISATION
from .kernel.base.addresses import at_role_in, at_user
from .kernel.base.case import Case
from .kernel.base.errors import Forbidden, Refused
from .kernel.base.people import Actor, department_facts, departments_below
from .kernel.base.words import Listed
from .kernel.gate.changes import MoveActions
from .kernel.gate.notices import NoticeKind
from .kernel.language import (
    REASON,
    ROLE_LABELS,
    Access,
    ApproverSlot,
    Choices,
    Day,
    Grid,
    L,
    LongText,
    Mail,
    Move,
    Part,
    Quorum,
    Record,
    Ref,
    Role,
    Scope,
    Who,
    Words,
    Workflow,
    any_of,
    record,
    role,
)
from .organisation import User

NOTHING = L("Say what is asked for.", "請填寫所申請的內容。")
NOT_BY_IT = L("This is agreed by somebody outside IT.", "須由信息技術以外的人員同意。", code="second_person")
NOT_OWN_RIGHTS = L("Nobody agrees to rights of their own.", "不得同意本人的權限。", code="second_person")
GIVEN = L("{name}: what was asked for in {number} is in force: {what}.", "{name}：申請 {number} 已生效：{what}。")
ENDS_BEFORE = L("The absence ends before it begins.", "缺勤結束早於開始。")


def _absent_or_superior(case: Case) -> Quorum:
    """One place: for the absent person, the head of their department, or the head above it."""
    department = case.ref("department")
    facts = department_facts(department)
    above = (at_role_in(Role.HEAD, facts.parent),) if facts and facts.parent else ()
    own = (at_user(case.ref("person")), at_role_in(Role.HEAD, department))
    return Quorum((ApproverSlot("consent", (*own, *above)),), 1)


ABSENT_OR_SUPERIOR = Who(L("The absent person or their superior", "缺勤本人或其上級"), _absent_or_superior)
_IT_ASKS = {Role.IT: Scope.ALL}
_READERS = {
    Role.IT: Scope.ALL,
    Role.HR: Scope.ALL,
    Role.MANAGEMENT: Scope.ALL,
    Role.SUPERVISOR: Scope.ALL,
    Role.CLERK: Scope.NONE,
}


def _own_person(actor: Actor) -> dict[str, Any]:
    """People read what is asked for them, and heads what is asked for those right below."""
    below = departments_below(actor.department) if Role.HEAD in actor.roles else []
    return {"$or": [{"person": actor.id}, {"department": {"$in": below}}]} if below else {"person": actor.id}


def _flow(agreed_by: Who) -> Workflow:
    return Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", sign=True),
            Move("approve", "submitted", "approved", by=agreed_by, sign=True),
            Move("reject", "submitted", "rejected", by=agreed_by, ask=REASON),
        ),
    )


@record(
    label=L("Request for rights", "權限申請"),
    plural=L("Requests for rights", "權限申請"),
    chapter=ORGANISATION,
    clause="1.3",
    number="RG-{yyyy}-{seq:4}",
    title="{number}",
    grid=Grid("number person roles to_department state", search="number"),
    form=(
        Part(
            L("What is asked for", "申請內容"),
            "person roles to_department mail why",
            clause="1.3",
            help=L(
                "Roles come on top of those that the person has. Human resources or management agrees; until then "
                "nothing changes.",
                "所填角色在現有角色之外另加；經人力資源或管理層同意後生效，此前不作任何變更。",
            ),
        ),
    ),
    workflow=_flow(any_of(role(Role.HR), role(Role.MANAGEMENT))),
    access=Access(read=_READERS, write=_IT_ASKS, extra_rows=_own_person),
)
class AccessRequest(Record):
    """More roles, another department or mail address for somebody, asked for by IT and agreed by a second person."""

    person = Ref("User", required=True, label=L("Person", "人員"))
    roles = Choices(
        {item.value: label for item, label in ROLE_LABELS.items()}, label=L("Roles to be added", "增加的角色")
    )
    to_department = Ref("Department", label=L("New department", "調往部門"))
    mail = Mail(label=L("New mail address", "新郵箱"), see={Role.IT, Role.HR, Role.MANAGEMENT})
    why = LongText(required=True, label=L("Why", "理由"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if not (self.roles or self.ref("to_department") or self.mail):
            yield "roles", NOTHING

    def on_approve(self, follow: MoveActions) -> None:
        _refuse_it(follow.actor)
        if self.ref("person") == follow.actor.id:
            raise Forbidden(NOT_OWN_RIGHTS)
        user = _person(self)
        values: dict[str, Any] = {"roles": sorted({*user.roles, *self.roles})}
        if self.ref("to_department"):
            values["department"] = self.ref("to_department")
        if self.mail:
            values["mail"] = self.mail
        _give(self, follow, user, values)


@record(
    label=L("Request for a deputy", "代理申請"),
    plural=L("Requests for a deputy", "代理申請"),
    chapter=ORGANISATION,
    clause="1.3",
    number="AD-{yyyy}-{seq:4}",
    title="{number}",
    grid=Grid("number person deputy absent_from absent_until state", search="number"),
    form=(
        Part(
            L("What is asked for", "申請內容"),
            "person deputy absent_from absent_until why",
            clause="1.3",
            help=L(
                "The absent person or their superior agrees; until then nobody stands in.",
                "經缺勤本人或其上級同意後生效；此前無人代理。",
            ),
        ),
    ),
    workflow=_flow(ABSENT_OR_SUPERIOR),
    access=Access(read=_READERS, write=_IT_ASKS, extra_rows=_own_person),
)
class DeputyRequest(Record):
    """A deputy for somebody else, asked for by IT and agreed by the absent person or their superior."""

    person = Ref("User", required=True, label=L("Absent person", "缺勤人員"))
    deputy = Ref("User", required=True, label=L("Deputy", "代理人"))
    absent_from = Day(required=True, label=L("Absent from", "缺勤開始"))
    absent_until = Day(label=L("Absent until", "缺勤結束"))
    why = LongText(label=L("Why", "理由"))

    def clean(self) -> None:
        user = User.objects(id=self.ref("person")).first()
        if user is not None:
            self.put("department", user.ref("department"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.absent_until and self.absent_from and self.absent_until < self.absent_from:
            yield "absent_until", ENDS_BEFORE
        if self.ref("deputy") == self.ref("person"):
            yield "deputy", L("Nobody can be their own deputy.", "不能由本人代理本人。")
        if second_person.is_of_it(self.ref("deputy")) and not second_person.is_of_it(self.ref("person")):
            yield "deputy", second_person.IT_DEPUTY

    def on_approve(self, follow: MoveActions) -> None:
        if follow.actor.id == self.ref("deputy"):
            raise Forbidden(NOT_OWN_RIGHTS)
        values = {name: self.raw(name) for name in ("deputy", "absent_from", "absent_until")}
        _give(self, follow, _person(self), values)


def _person(query: Record) -> User:
    user = User.objects(id=query.ref("person"), removed_at=None).first()
    if user is None:
        raise Refused(L("The person is not there any more.", "該人員已不存在。"))
    return user


def _refuse_it(actor: Actor) -> None:
    if Role.IT in actor.roles:
        raise Forbidden(NOT_BY_IT)


def _give(query: Record, follow: MoveActions, user: User, values: dict[str, Any]) -> None:
    """Put what was agreed into force, and tell the person and the supervisors."""
    follow.update(user, values)
    what = Listed(tuple(User.fields_of()[name].label for name in values))
    words = GIVEN(name=user.name, number=query.number, what=what)
    follow.notify(query, second_person.concerned(user.id), NoticeKind.ALARM, words)
