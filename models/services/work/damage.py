"""Tells IT, once for each, of records that hold what their type does not know how to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from models.kernel.base import clock
from models.kernel.base.addresses import at_role
from models.kernel.base.people import people_at
from models.kernel.base.roles import Role
from models.kernel.base.words import L, Words
from models.kernel.gate.causes import AlarmCause, Rest
from models.kernel.gate.notices import About, NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.sound import DAMAGED_FIELDS

DAMAGE = L(
    "The record {type} {id} is damaged: its fields {fields} hold what cannot be read. The rest of it is shown.",
    "記錄 {type} {id} 數據損壞：字段 {fields} 的內容無法讀取，其餘內容照常顯示。",
)
DAMAGES = L(
    "{count} records of {type} are damaged, such as {id}; their fields hold what cannot be read. The lists mark them.",
    "{type} 有 {count} 條記錄數據損壞，例如 {id}，部分字段的內容無法讀取；列表中已標出。",
)
SINGLY_MAX = 5  # of one type in one request; more have one cause, and one message
Message = tuple[AlarmCause, About, Words]
_noted: set[tuple[str, str]] = set()


def tell_of(met: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Tell IT of the damaged rows that were met, by type, as far as this process has not done so yet."""
    fresh: dict[str, dict[str, Mapping[str, Any]]] = {}
    for type_name, row in met:
        if "_id" in row and (type_name, str(row["_id"])) not in _noted:
            fresh.setdefault(type_name, {})[str(row["_id"])] = row
    if not fresh:
        return
    messages = [message for type_name, rows in fresh.items() for message in _messages(type_name, rows)]

    def body(unit: Unit) -> None:
        for person in people_at([at_role(Role.IT)]):
            for cause, about, words in messages:
                unit.notify(notice_for(person, cause=cause, kind=NoticeKind.ALARM, words=words, record=about))

    try:
        in_transaction(body)
        _noted.update((type_name, id) for type_name, rows in fresh.items() for id in rows)
    except PyMongoError as fault:  # the page is read all the same
        structlog.get_logger("guicheng.damage").warning("IT could not be told", reason=type(fault).__name__)


def _messages(type_name: str, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[Message]:
    """One message for each row; for many of them, one of the day."""
    if len(rows) > SINGLY_MAX:
        id, row = next(iter(rows.items()))
        words = DAMAGES(type=type_name, count=len(rows), id=id)
        yield AlarmCause("damaged", Rest(f"{type_name}:{clock.today()}")), About(type_name, row["_id"]), words
        return
    for id, row in rows.items():
        words = DAMAGE(type=type_name, id=id, fields=", ".join(sorted(row[DAMAGED_FIELDS])))
        yield AlarmCause("damaged", Rest(f"{type_name}:{id}")), About(type_name, row["_id"]), words
