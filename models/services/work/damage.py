"""Tells IT, once for each, of records that hold what their type does not know how to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models.kernel.base.addresses import at_role
from models.kernel.base.people import people_at
from models.kernel.base.roles import Role
from models.kernel.base.words import L
from models.kernel.gate.causes import AlarmCause, Rest
from models.kernel.gate.notices import About, NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.sound import DAMAGED_FIELDS

DAMAGE = L(
    "The record {type} {id} is damaged: its fields {fields} hold what cannot be read. The rest of it is shown.",
    "記錄 {type} {id} 數據損壞：字段 {fields} 的內容無法讀取，其餘內容照常顯示。",
)
_noted: set[tuple[str, Any]] = set()


def tell(type_name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Tell IT of those rows that are damaged and of which this process has not told yet."""
    for row in rows:
        if DAMAGED_FIELDS in row and (type_name, row.get("_id")) not in _noted:
            _tell(type_name, row)


def _tell(type_name: str, row: Mapping[str, Any]) -> None:
    words = DAMAGE(type=type_name, id=row.get("_id"), fields=", ".join(sorted(row[DAMAGED_FIELDS])))
    cause, about = AlarmCause("damaged", Rest(f"{type_name}:{row.get('_id')}")), About(type_name, row.get("_id"))

    def body(unit: Unit) -> None:
        for person in people_at([at_role(Role.IT)]):
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.ALARM, words=words, record=about))

    try:
        in_transaction(body)
        _noted.add((type_name, row.get("_id")))
    except PyMongoError as fault:  # the page is read all the same
        structlog.get_logger("guicheng.damage").warning("IT could not be told", reason=type(fault).__name__)
