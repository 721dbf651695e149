"""The courses of the cases of a type as an event log for other programs; `log_formats.py` writes it.

A log holds the whole course of each case that was moved in a period, what the cases link to, and who acted, as far as
the reader sees it: rows by right, fields that lists may show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bson import Decimal128, ObjectId
from mongoengine.base import get_document

from models.kernel.base import people
from models.kernel.base.people import Actor
from models.kernel.gate import work
from models.kernel.gate.history import HistoryEntry
from models.kernel.language.record import Record
from models.kernel.language.sound import row_of
from models.kernel.rights import rights

from .steps import STEPS_MAX, TIME_LIMIT_MS

USER = "user"
CREATE = "create"
_SHOWN = "record seq at verb state_from state_to actor actor_name department due spent held door batch undoes".split()
Value = str | int | float | bool | dt.datetime


class LogFormat(StrEnum):
    """The formats in which an event log goes out."""

    OCEL_JSON = "ocel.json"
    OCEL_SQLITE = "ocel.sqlite"
    XES = "xes"


@dataclass(frozen=True)
class LoggedEvent:
    """A move, or the creation, of one case."""

    id: str
    type: str
    verb: str
    at: dt.datetime
    case: ObjectId
    actor: ObjectId | None
    actor_name: str
    facts: Mapping[str, Value]


@dataclass(frozen=True)
class LoggedObject:
    """A case, a record that a case links to, or a person, with its values and its links: (qualifier, object)."""

    id: str
    type: str
    facts: Mapping[str, Value]
    links: tuple[tuple[str, str], ...] = ()


@dataclass
class EventLog:
    """A log in memory: the objects by id, the events in order; `columns`: the kind of each value by type of object."""

    case_type: str
    objects: dict[str, LoggedObject] = field(default_factory=dict)
    events: list[LoggedEvent] = field(default_factory=list)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)


EVENT_COLUMNS = {
    "from": "string",
    "to": "string",
    "department": "string",
    "source": "string",
    "late": "boolean",
    "working_seconds": "integer",
    "held_seconds": "integer",
}


class TooManyEvents(Exception):
    """There are more events than a log holds."""


def log_of(
    cls: type[Record], me: Actor, cases: Iterable[ObjectId], end: dt.datetime, *, every_source: bool
) -> EventLog:
    """The log of some cases up to a moment, in the rights of the reader; a query for each type that they link to.

    Raises TooManyEvents, ExecutionTimeout.
    """
    log = EventLog(cls.type_name())
    fields = _exported(cls, me)
    log.columns[cls.type_name()] = {
        "number": "string",
        "state": "string",
        **{n: kind for n, (kind, _) in fields.items()},
    }
    log.columns[USER] = {"name": "string"}
    rows = _rows(cls, me, cases, fields)
    _add_events(log, cls, set(rows), end, every_source=every_source)
    links = _links(cls, me, rows.values())
    for id, row in rows.items():
        facts = {n: value for n, (_, stored) in fields.items() if (value := _plain(row.get(stored))) is not None}
        own = {"number": row.get("number") or "", "state": row.get("state") or "", **facts}
        log.objects[str(id)] = LoggedObject(str(id), cls.type_name(), own, tuple(links.of(row)))
    for target, numbers in links.numbers.items():
        log.columns.setdefault(target, {"number": "string"})
        for id, number in numbers.items():
            log.objects.setdefault(str(id), LoggedObject(str(id), target, {"number": number}))
    for event in log.events:
        if event.actor:
            log.objects.setdefault(str(event.actor), LoggedObject(str(event.actor), USER, {"name": event.actor_name}))
    return log


def _exported(cls: type[Record], me: Actor) -> dict[str, tuple[str, str]]:
    """The fields of a type whose values a log holds: what kind OCEL calls each, and under which name it is stored."""
    seen, result = rights.listed_fields(me, cls), {}
    for name, rule in cls.declared.own_fields.items():
        if name in seen and (kind := _kind(rule)):
            result[name] = (kind, name)
    return result


def _kind(rule: Any) -> str:
    if rule.is_flag:
        return "boolean"
    if rule.is_number:
        return "float"
    if rule.is_date:
        return "time"
    return "string" if getattr(rule, "options", None) and not hasattr(rule, "field") else ""


def _rows(
    cls: type[Record], me: Actor, cases: Iterable[ObjectId], fields: Iterable[str]
) -> dict[ObjectId, dict[str, Any]]:
    visible = rights.visible(me, cls)
    if visible is None:
        return {}
    names = (*fields, *_linking(cls, me), "number", "state")
    query = {"$and": [{"_id": {"$in": list(cases)}}, visible]}
    cursor = cls.collection().find(query, dict.fromkeys(names, 1)).max_time_ms(TIME_LIMIT_MS)
    return {row["_id"]: row_of(cls, row) for row in cursor}


def _add_events(
    log: EventLog, cls: type[Record], cases: set[ObjectId], end: dt.datetime, *, every_source: bool
) -> None:
    query = {"record": {"$in": list(cases)}, "state_to": {"$gt": ""}, "at": {"$lt": end}}
    cursor = HistoryEntry._get_collection().find(query, {**dict.fromkeys(_SHOWN, 1), "_id": 0}).limit(STEPS_MAX + 1)
    entries = list(cursor.max_time_ms(TIME_LIMIT_MS))
    if len(entries) > STEPS_MAX:
        raise TooManyEvents
    if not every_source:
        undone = work.undone_on(cases)
        entries = [entry for entry in entries if work.counts(entry, undone)]
    entries.sort(key=lambda entry: (entry["at"], entry["record"], entry["seq"]))
    log.events = [_event(cls, entry) for entry in entries]


def _event(cls: type[Record], entry: Mapping[str, Any]) -> LoggedEvent:
    facts = {
        "from": entry.get("state_from"),
        "to": entry["state_to"],
        "department": people.code_of(entry.get("department")) or None,
        "source": entry.get("door"),
        "late": entry["at"] > entry["due"] if entry.get("due") else None,
        "working_seconds": entry.get("spent"),
        "held_seconds": entry.get("held"),
    }
    return LoggedEvent(
        id=f"{entry['record']}-{entry['seq']}",
        type=f"{entry['verb']} {cls.type_name()}",
        verb=entry["verb"],
        at=entry["at"],
        case=entry["record"],
        actor=entry.get("actor"),
        actor_name=entry.get("actor_name") or "",
        facts={name: value for name, value in facts.items() if value is not None},
    )


@dataclass(frozen=True)
class _Links:
    """The links of cases to records that the reader sees: by type, the numbers of those records."""

    fields: Mapping[str, str]
    numbers: Mapping[str, Mapping[ObjectId, str]]

    def of(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The links of one case."""
        for name, target in self.fields.items():
            value = row.get(name)
            for id in value if isinstance(value, list) else [value]:
                if id in self.numbers.get(target, ()):
                    yield name, str(id)


def _linking(cls: type[Record], me: Actor) -> dict[str, str]:
    """The fields by which a reader sees what a type links to, each with the type it links to; people are none."""
    seen = rights.listed_fields(me, cls)
    own = cls.declared.own_fields.items()
    return {name: rule.target for name, rule in own if name in seen and rule.target and rule.target != "User"}


def _links(cls: type[Record], me: Actor, rows: Iterable[Mapping[str, Any]]) -> _Links:
    fields = _linking(cls, me)
    ids: dict[str, set[ObjectId]] = {}
    for row in rows:
        for name, target in fields.items():
            value = row.get(name)
            ids.setdefault(target, set()).update(id for id in (value if isinstance(value, list) else [value]) if id)
    numbers: dict[str, dict[ObjectId, str]] = {}
    named: dict[str, str] = {}
    for target, linked_ids in ids.items():
        linked = get_document(target)
        named[target] = linked.type_name()
        visible = rights.visible(me, linked) if linked_ids else None
        if visible is None:
            continue
        query = {"$and": [{"_id": {"$in": list(linked_ids)}}, visible]}
        cursor = linked.collection().find(query, {"number": 1}).max_time_ms(TIME_LIMIT_MS)
        numbers[linked.type_name()] = {row["_id"]: row.get("number") or "" for row in cursor}
    return _Links({name: named[target] for name, target in fields.items() if target in named}, numbers)


def _plain(value: Any) -> Value | None:
    """A stored value as a log holds it; amounts as numbers of the machine, which is what the formats know."""
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time(), dt.UTC)
    return value if isinstance(value, str | int | float | bool | dt.datetime) else None
