"""Papers that follow a move: what they say is kept in its transaction, with the order of the run that makes them.

So a paper says what was so when it was issued, whenever the run comes to it, and is made once whatever is killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..base import clock
from ..base.collections import PAPER_ORDERS, archive_of
from ..base.people import PUBLIC, Actor
from ..base.store import in_unit
from ..base.words import At, L, On, speaking
from ..language.fields import is_empty, label_of
from ..language.paper import CREATE, Paper, is_for_everybody
from ..language.record import Record
from ..rights import kept_links, rights
from . import history
from .ordering import order
from .sources import Source
from .unit import Unit
from .work import NOT_WORK

MAKE = "papers.make"
ENTRIES_MAX = 500
ROWS_MAX = 2000
SYSTEM_NAME = L("System", "系統")
ACTING = L("{who}, acting for {principal}", "{who}（代理 {principal}）")
_TELLS_NOTHING = NOT_WORK - {Source.SEED}


def order_papers(unit: Unit, record: Record, entry: Mapping[str, Any]) -> None:
    """Order the papers that an entry of the history leads to, with what they say."""
    papers, verb = record.declared.papers, entry["verb"]
    if not papers or entry["door"] in _TELLS_NOTHING or not (entry["state_to"] or verb == CREATE):
        return
    for paper in papers:
        if verb in paper.on and paper.is_for(record):
            pending = [made for made in unit.entries if made["record"] == record.id]
            for locale in paper.languages_of(record):
                order_paper(record, paper, verb, locale, pending)


def order_paper(record: Record, paper: Paper, verb: str, locale: str, pending: Iterable[Mapping[str, Any]] = ()) -> str:
    """Order one paper of a record, once for each cause and language; returns the key of the order."""
    file = file_id(record, paper, verb, locale)
    facts = {
        "type": record.type_name(),
        "record": record.id,
        "paper": paper.id,
        "version": record.version,
        "locale": locale,
        "file": file,
        "at": clock.now(),
        "content": content_of(record, paper, None, locale, pending),
    }
    key = f"{record.type_name()}:{record.id}:{file}"
    in_unit(PAPER_ORDERS).update_one({"_id": key}, {"$setOnInsert": facts}, upsert=True)
    order(MAKE, {"type": record.type_name(), "record": str(record.id)}, once=f"paper:{key}")
    return key


def file_id(record: Record, paper: Paper, verb: str, locale: str) -> ObjectId:
    """The id of the file that a paper becomes: always the same for one cause, so that it is not attached twice."""
    key = f"{record.type_name()}:{record.id}:{paper.id}"
    key += "" if verb == CREATE else f":{verb}:{record.version}"
    key += "" if len(paper.languages) == 1 or paper.locale else f":{locale}"
    return ObjectId(hashlib.sha256(key.encode()).digest()[:12])


def content_of(
    record: Record, paper: Paper, reader: Actor | None, locale: str, pending: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """What a paper says, as texts in a language; to everybody who opens the record where it is for no one reader."""
    with speaking(locale):
        names = [name for name in paper.fields or _in_order(record) if _is_shown(record, name, paper, reader)]
        titles = _titles(record, names, reader)
        more = paper.content(record, reader) if paper.content else {}
        return {
            "locale": locale,
            "kind": str(record.declared.label),
            "paper": str(paper.label),
            "clause": record.declared.clause,
            "title": record.title or "",
            "number": record.number or "",
            "version": str(record.version),
            "state": str(rights.state_word(record)),
            "department": _title_of("Department", record.ref("department")),
            "owner": _title_of("User", record.ref("owner")),
            "date": str(On(clock.today())),
            "printed": str(At(clock.now())),
            "fields": {name: _field(record, name, titles) for name in names if not _columns(record, name)},
            "signatures": [_signature(record, name) for name in names if _is_signed(record, name)],
            "lines": {name: _lines(record, name, titles, reader) for name in names if _columns(record, name)},
            "course": list(_course(record, pending)),
            "note": str(paper.note) if paper.note else "",
            "has_proof": paper.proof and reader is None,
            **more,
        }


def code_of(content: Mapping[str, Any]) -> str:
    """A short code of what a paper says, by which two papers are readable apart."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12].upper()
    return "-".join(digest[at : at + 4] for at in range(0, 12, 4))


def _in_order(record: Record) -> list[str]:
    """The fields of a record in the order of its form."""
    return [name for part in record.declared.form for name in part.fields if name in record.declared.own_fields]


def _is_shown(record: Record, name: str, paper: Paper, reader: Actor | None) -> bool:
    """What a paper names may be seen by everybody from now on only; what it does not name, always."""
    field, flow = record.fields_of()[name], record.flow()
    if reader is not None:
        return rights.sees(reader, field, record)
    return is_for_everybody(field, flow.reached_from({record.state}) if flow and name in paper.fields else ())


def _columns(record: Record, name: str) -> Mapping[str, Any]:
    return record.fields_of()[name].columns


def _field(record: Record, name: str, titles: Mapping[Any, str]) -> dict[str, Any]:
    field = record.fields_of()[name]
    return {"label": str(label_of(field)), "value": _text(field, record.raw(name), titles)}


def _is_signed(record: Record, name: str) -> bool:
    return record.fields_of()[name].is_signature and bool(record.raw(name))


def _signature(record: Record, name: str) -> dict[str, Any]:
    """A signature as formats print it: its picture as numbers, since a text cannot hold it, or the typed name."""
    field, value = record.fields_of()[name], record.raw(name)
    facts = {"label": str(label_of(field)), "text": str(field.in_words(value)), "typed": value.get("typed", "")}
    return facts | {"png": list(value.get("png") or b"")}


def _lines(record: Record, name: str, titles: Mapping[Any, str], reader: Actor | None) -> dict[str, Any]:
    field = record.fields_of()[name]
    shown = {
        column: rule
        for column, rule in field.columns.items()
        if (is_for_everybody(rule) if reader is None else rights.sees(reader, rule, record))
    }
    rows = (record.raw(name) or [])[:ROWS_MAX]
    return {
        "label": str(label_of(field)),
        "heads": [str(label_of(rule)) for rule in shown.values()],
        "numbers": [rule.is_number for rule in shown.values()],
        "rows": [[_text(rule, row.raw(column), titles) for column, rule in shown.items()] for row in rows],
    }


def _text(field: Any, value: Any, titles: Mapping[Any, str]) -> str:
    """A value in the language that is spoken; of a link the title."""
    if value is None or is_empty(value):
        return ""
    if field.is_kept_link:
        return titles.get(value, "")
    if field.target:
        return "\n".join(titles.get(id, "") for id in field.ids_in(value))
    return str(field.in_words(value))


def _titles(record: Record, names: Iterable[str], reader: Actor | None) -> dict[Any, str]:
    """The titles of what fields and lines of a record link to: one query for each type."""
    needed: dict[str, set[ObjectId]] = {}
    result: dict[Any, str] = {}
    for field, value in _values(record, names):
        if field.is_kept_link:
            result |= kept_links.titles(reader or PUBLIC, field, [value])
        elif field.target:
            needed.setdefault(field.target, set()).update(field.ids_in(value))
    for target, ids in needed.items():
        result |= titles_of(get_document(target), ids, reader)
    return result


def _values(record: Record, names: Iterable[str]) -> Iterator[tuple[Any, Any]]:
    for name in names:
        field, held = record.fields_of()[name], record.raw(name)
        if not field.columns:
            yield from [(field, held)] if held else []
        for row in (held or [])[:ROWS_MAX] if field.columns else ():
            yield from ((rule, row.raw(column)) for column, rule in field.columns.items() if row.raw(column))


def titles_of(cls: type[Record], ids: Iterable[ObjectId], reader: Actor | None) -> dict[ObjectId, str]:
    """The titles of records; of a type that keeps them from others the numbers, but for a reader who may read them."""
    homes = [cls.type_name(), *([archive_of(cls.type_name())] if cls.declared.retention else [])]
    query = {"_id": {"$in": list(ids)}}
    rows = {row["_id"]: row for name in homes for row in in_unit(name).find(query, {"title": 1, "number": 1})}
    readable = set(rows)
    if cls.declared.access.guarded:
        scope = rights.visible(reader, cls) if reader is not None else None
        allowed = in_unit(cls.type_name()).find({"$and": [query, scope]}, {"_id": 1}) if scope is not None else ()
        readable = {row["_id"] for row in allowed}
    return {id: (row.get("title") if id in readable else None) or row.get("number") or "" for id, row in rows.items()}


def _title_of(target: str, id: ObjectId | None) -> str:
    return titles_of(get_document(target), [id], None).get(id, "") if id else ""


def _course(record: Record, pending: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """When who made which move of a record, and what they said: oldest first."""
    flow = record.declared.workflow
    verbs = flow.verbs() if flow else ()
    entries = history.entries_of(record.id, newest_first=True, limit=ENTRIES_MAX)[::-1]
    known = {entry["seq"] for entry in entries}
    for entry in [*entries, *(entry for entry in pending if entry["seq"] not in known)]:
        if flow and entry["verb"] in verbs:
            who = entry["actor_name"] if entry.get("actor") else str(SYSTEM_NAME)
            if entry.get("acting_for_name"):
                who = str(ACTING(who=who, principal=entry["acting_for_name"]))
            said = entry.get("reason") or ""
            yield [str(At(entry["at"])), who or "", str(flow.verb_label(entry["verb"])), said, entry["verb"]]


def orders_of(record: ObjectId) -> list[dict[str, Any]]:
    """The orders of papers of a record that are not made yet, in the order of their causes."""
    rows: list[dict[str, Any]] = list(in_unit(PAPER_ORDERS).find({"record": record}).sort([("version", 1), ("_id", 1)]))
    return rows


def done(key: str) -> None:
    """Forget an order that is carried out, or is none any more."""
    in_unit(PAPER_ORDERS).delete_one({"_id": key})
