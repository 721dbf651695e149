"""What a new record begins with, and whether what is entered was entered before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeVar

from ..base import clock
from ..base.collections import TOMBSTONES, archive_of
from ..base.errors import Refused
from ..base.people import SYSTEM, Actor, department_with
from ..base.store import RowQuery, answers
from ..base.words import L
from ..language.record import Record
from ..rights import rights
from .search_parts import parent_of

R = TypeVar("R", bound=Record)

NO_DEPARTMENT = L(
    "You belong to no department, so the record would belong to nobody.",
    "您沒有所屬部門，記錄將無歸屬。",
    code="required",
)
IN_ARCHIVE = L(
    "This was made before: {number}, now in the archive.", "此記錄已建立：{number}，現已歸檔。", code="archived"
)
DESTROYED = L(
    "{number} was destroyed by the approved list {list}; it does not come back.",
    "{number} 已按批准的清單 {list} 銷毀，不能恢復。",
    code="archived",
)


def begin(record: Record, values: Mapping[str, Any], actor: Actor, once: str | None) -> None:
    """Fill what every new record has."""
    moment = clock.now()
    flow = record.declared.workflow
    chooses = "department" in record.declared.own_fields  # a type that asks for it does not take the writer's
    parent = parent_of(record)
    home = home_of(record, actor)
    department = (parent or record).ref("department") or (None if chooses else home)
    if department is None and not record.declared.access.open:
        raise Refused(NO_DEPARTMENT)
    record._data["department"] = department
    record._data.update(
        created_at=moment,
        created_by=actor.id,
        version=0,
        state=flow.begin_of(record) if flow else None,
        state_since=moment if flow else None,
        flow_version=flow.version if flow else 1,
        once=once,
    )
    if actor.is_system:
        record._data["owner"] = record.ref("owner") or values.get("owner")


def home_of(record: Record, actor: Actor) -> Any:
    """The department that what somebody enters belongs to, where it does not say so itself."""
    declared = record.declared
    if actor.is_public and declared.public:
        return department_with(declared.public.department)
    fixed = department_with(declared.access.home) if declared.access.home else None
    return fixed or actor.department


@contextmanager
def known_to_be_new(cls: type[Record], keys: Collection[str]) -> Iterator[None]:
    """Within it, in one transaction, it is known of some entries that they made no record before: asked at once for
    all that are not in the archive either, and not for each."""
    needed, away = {"once": {"$in": list(keys)}}, set[str]()
    if cls.declared.retention and keys:
        rests = [replace(item, columns={"once": 1}, most=0) for item in _put_away(cls, needed)]
        away = {row["once"] for rows in answers(rests) for row in rows}
    token = _new.set(frozenset((cls.type_name(), key) for key in keys if key not in away))
    try:
        yield
    finally:
        _new.reset(token)


_new: ContextVar[frozenset[tuple[str, str]]] = ContextVar("known_to_be_new", default=frozenset())


def made_before(actor: Actor, cls: type[R], once: str) -> R | None:
    """The record that this entry made before, if it did. Raises Refused where it is in the archive or was destroyed."""
    if (cls.type_name(), once) in _new.get():
        return None
    live = RowQuery(cls.type_name(), {"once": once}, {"_id": 1}, most=1)
    first, *away = answers([live, *(_put_away(cls, {"once": once}) if cls.declared.retention else ())])
    if first:
        return entered(actor, cls, first[0]["_id"])
    _refuse_away(away)
    return None


def entered(actor: Actor, cls: type[R], id: Any) -> R:
    """The record of an entry that came before: somebody outside sees it no more, but may learn that it came."""
    return rights.find(SYSTEM if actor.is_public else actor, cls, id)


def refuse_put_away(cls: type[Record], query: Mapping[str, Any]) -> None:
    """What rests in the archive comes back from there; what was destroyed by an approved list never does."""
    _refuse_away(answers(_put_away(cls, query)))


def _put_away(cls: type[Record], query: Mapping[str, Any]) -> list[RowQuery]:
    """What is asked of the archive of a type, and of what is left of destroyed records."""
    destroyed = {"type": cls.type_name(), **query}
    return [
        RowQuery(archive_of(cls.type_name()), query, {"number": 1}, most=1),
        RowQuery(TOMBSTONES, destroyed, {"number": 1, "list_number": 1}, most=1),
    ]


def _refuse_away(away: Sequence[Sequence[Mapping[str, Any]]]) -> None:
    archived, destroyed = away or ((), ())
    if archived:
        raise Refused(IN_ARCHIVE(number=archived[0]["number"]))
    if destroyed:
        raise Refused(DESTROYED(number=destroyed[0].get("number"), list=destroyed[0].get("list_number")))
