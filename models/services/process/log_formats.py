"""Writes an event log as OCEL 2.0 (JSON or SQLite; Berti et al. 2023) or as XES (IEEE 1849-2016)."""

from __future__ import annotations

import datetime as dt
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from bson import ObjectId

from .event_log import EVENT_COLUMNS, EventLog, LoggedEvent, LoggedObject, Value

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what no XML may hold


def write_ocel_json(log: EventLog, file: IO[bytes]) -> None:
    """The log as OCEL 2.0 JSON, object by object."""
    event_types = dict.fromkeys(event.type for event in log.events)
    heads = {
        "objectTypes": [{"name": name, "attributes": _attributes(columns)} for name, columns in log.columns.items()],
        "eventTypes": [{"name": name, "attributes": _attributes(EVENT_COLUMNS)} for name in event_types],
    }
    _write(file, json.dumps(heads, ensure_ascii=False)[:-1] + ', "objects": [')
    begin = min((event.at for event in log.events), default=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    _write_items(file, (_json_object(item, begin) for item in log.objects.values()))
    _write(file, '], "events": [')
    _write_items(file, (_json_event(log, event) for event in log.events))
    _write(file, "]}")


def _attributes(columns: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in columns.items()]


def _json_object(item: LoggedObject, begin: dt.datetime) -> dict[str, Any]:
    facts = [{"name": name, "time": _stamp(begin), "value": _in_json(value)} for name, value in item.facts.items()]
    links = [{"objectId": id, "qualifier": name} for name, id in item.links]
    return {"id": item.id, "type": item.type, "attributes": facts, "relationships": links}


def _json_event(log: EventLog, event: LoggedEvent) -> dict[str, Any]:
    facts = [{"name": name, "value": _in_json(value)} for name, value in event.facts.items()]
    links = [{"objectId": id, "qualifier": name} for name, id in _participants(log, event)]
    return {"id": event.id, "type": event.type, "time": _stamp(event.at), "attributes": facts, "relationships": links}


def _participants(log: EventLog, event: LoggedEvent) -> Iterator[tuple[str, str]]:
    yield "case", str(event.case)
    if event.actor:
        yield "by", str(event.actor)


def _in_json(value: Value) -> str:
    """A value as the published schema has it: a text, of whatever kind its type says it is."""
    if isinstance(value, dt.datetime):
        return _stamp(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _write_items(file: IO[bytes], items: Iterable[Any]) -> None:
    for place, item in enumerate(items):
        _write(file, (",\n" if place else "\n") + json.dumps(item, ensure_ascii=False))


# OCEL 2.0, SQLite

_SQL_KINDS = {"string": "TEXT", "integer": "INTEGER", "float": "REAL", "boolean": "BOOLEAN", "time": "TIMESTAMP"}


def write_ocel_sqlite(log: EventLog, place: Path) -> None:
    """The log as an OCEL 2.0 SQLite file at a place where there is none yet."""
    event_types = dict.fromkeys(event.type for event in log.events)
    with sqlite3.connect(place) as database:
        database.executescript(_TABLES)
        for kind, names in (("event", event_types), ("object", log.columns)):
            rows = [(name, _table(name)) for name in names]
            database.executemany(f"INSERT INTO {kind}_map_type VALUES (?, ?)", rows)  # noqa: S608 - one of two words
        for name in event_types:
            _make_table(database, f"event_{_table(name)}", {}, EVENT_COLUMNS)
        for name, columns in log.columns.items():
            _make_table(database, f"object_{_table(name)}", {"ocel_changed_field": "TEXT"}, columns)
        _fill(database, log)
    database.close()


_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type (ocel_type));
CREATE TABLE event_object (
  ocel_event_id TEXT REFERENCES event (ocel_id), ocel_object_id TEXT REFERENCES object (ocel_id),
  ocel_qualifier TEXT, PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (
  ocel_source_id TEXT REFERENCES object (ocel_id), ocel_target_id TEXT REFERENCES object (ocel_id),
  ocel_qualifier TEXT, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
"""


def _table(name: str) -> str:
    return name.replace(" ", "_")


def _make_table(database: sqlite3.Connection, table: str, also: Mapping[str, str], columns: Mapping[str, str]) -> None:
    kinds = {
        "ocel_id": "TEXT",
        "ocel_time": "TIMESTAMP",
        **also,
        **{n: _SQL_KINDS[kind] for n, kind in columns.items()},
    }
    database.execute(
        f'CREATE TABLE "{table}" ({", ".join(f"{chr(34)}{n}{chr(34)} {kind}" for n, kind in kinds.items())})'
    )


def _fill(database: sqlite3.Connection, log: EventLog) -> None:
    begin = min((event.at for event in log.events), default=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    objects, events = log.objects.values(), log.events
    database.executemany("INSERT INTO object VALUES (?, ?)", ((item.id, item.type) for item in objects))
    database.executemany("INSERT INTO event VALUES (?, ?)", ((event.id, event.type) for event in events))
    for item in objects:
        values = [_in_sql(item.facts.get(name)) for name in log.columns[item.type]]
        _insert(database, f"object_{_table(item.type)}", [item.id, _sql_stamp(begin), None, *values])
    for event in events:
        values = [_in_sql(event.facts.get(name)) for name in EVENT_COLUMNS]
        _insert(database, f"event_{_table(event.type)}", [event.id, _sql_stamp(event.at), *values])
    database.executemany(
        "INSERT INTO event_object VALUES (?, ?, ?)",
        ((event.id, id, name) for event in events for name, id in _participants(log, event)),
    )
    links = {(item.id, id, name) for item in objects for name, id in item.links}
    database.executemany("INSERT INTO object_object VALUES (?, ?, ?)", sorted(links))


def _insert(database: sqlite3.Connection, table: str, values: list[Any]) -> None:
    database.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(values))})', values)  # noqa: S608 - own names


def _in_sql(value: Value | None) -> Any:
    return _sql_stamp(value) if isinstance(value, dt.datetime) else value


def _sql_stamp(moment: dt.datetime) -> str:
    return _aware(moment).strftime("%Y-%m-%d %H:%M:%S.%f")


# XES

_XES_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="trace"><string key="concept:name" value=""/></global>
  <global scope="event"><string key="concept:name" value=""/>
    <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
    <string key="lifecycle:transition" value="complete"/></global>
  <classifier name="Activity" keys="concept:name"/>
"""


def write_xes(log: EventLog, file: IO[bytes]) -> None:
    """The log as XES, a trace for each case."""
    courses: dict[ObjectId, list[LoggedEvent]] = {}
    for event in log.events:
        courses.setdefault(event.case, []).append(event)
    _write(file, _XES_HEAD)
    _write(file, f"  {_xes('concept:name', log.case_type)}\n")
    for case, events in courses.items():
        facts = dict(log.objects[str(case)].facts)
        own = {"concept:name": facts.pop("number", ""), **facts}
        _write(file, "  <trace>" + "".join(_xes(name, value) for name, value in own.items()) + "\n")
        for event in events:
            _write(file, f"    <event>{''.join(_xes_event(event))}</event>\n")
        _write(file, "  </trace>\n")
    _write(file, "</log>\n")


def _xes_event(event: LoggedEvent) -> Iterator[str]:
    yield _xes("concept:name", event.verb)
    yield _xes("time:timestamp", event.at)
    yield _xes("lifecycle:transition", "complete")
    if event.actor_name:
        yield _xes("org:resource", event.actor_name)
    if group := event.facts.get("department"):
        yield _xes("org:group", group)
    yield from (_xes(name, value) for name, value in event.facts.items() if name != "department")


def _xes(name: str, value: Value) -> str:
    kind, text = "string", str(value)
    if isinstance(value, bool):
        kind, text = "boolean", "true" if value else "false"
    elif isinstance(value, int):
        kind = "int"
    elif isinstance(value, float):
        kind = "float"
    elif isinstance(value, dt.datetime):
        kind, text = "date", _aware(value).isoformat(timespec="milliseconds")
    return f"<{kind} key={quoteattr(name)} value={quoteattr(_REFUSED.sub('', text))}/>"


def _stamp(moment: dt.datetime) -> str:
    return _aware(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _write(file: IO[bytes], text: str) -> None:
    file.write(text.encode())
