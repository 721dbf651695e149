"""What a change of position makes of somebody's rights, at the top of its page until it has taken effect (4.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_admin import BaseView

from models.assessment import standing
from models.assessment.position_changes import APPROVED, CANCELLED, DECLINED, EFFECTIVE, HEAD, NO_SEAT, PositionChange
from models.assessment.standing import ALL, NONE, SOME, RightsChange
from models.kernel.base.people import Actor
from models.kernel.base.roles import ROLE_LABELS, Role
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.organisation import Department
from views import wording
from views.slots import Panel, on_record_top

SCOPES = {NONE: L("nothing", "無"), SOME: L("in part", "部分"), ALL: L("all", "全部")}
YES, NO = L("yes", "可"), L("no", "否")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """It has no page of its own."""
    return []


@on_record_top("position_change")
def panel(me: Actor, record: Record) -> Panel | None:
    """Roles, seats and types of records that somebody gets or loses; for all who read the record."""
    if not isinstance(record, PositionChange) or record.state in (EFFECTIVE, DECLINED, CANCELLED):
        return None
    new = standing.of_change(record)
    if new is None:
        return None
    facts: dict[str, Any] = {
        "is_approved": record.state == APPROVED,
        "added": [_role(name) for name in new.added],
        "taken": [_role(name) for name in new.taken],
        "moves": new.moves,
        "seat": _replaced(record),
        "rows": [_row(change) for change in new.types],
    }
    return Panel("custom/position_change.html", facts)


def _role(name: str) -> str:
    return str(ROLE_LABELS[Role(name)])


def _row(change: RightsChange) -> dict[str, str]:
    return {
        "label": str(change.label),
        "sees": _arrow(*(str(SCOPES[scope]) for scope in change.sees)),
        "enters": _arrow(*(str(YES if may else NO) for may in change.enters)),
    }


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _replaced(change: PositionChange) -> str:
    """Who sits now where the employee is to sit; empty where nobody is replaced."""
    if change.to_seat == NO_SEAT:
        return ""
    department = Department.objects(id=change.ref("to_department")).first()
    held = department.ref("head" if change.to_seat == HEAD else "deputy") if department else None
    return wording.titles({"User": [held]}).get(held, "") if held and held != change.ref("employee") else ""
