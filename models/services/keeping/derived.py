"""What the gate derives at each write, derived again and compared: titles, who changed a record last, open cases.

History says nothing of these, since they follow from what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.client_session import ClientSession

from models.kernel.base.collections import ARCHIVED_AT
from models.kernel.base.words import L, Words
from models.kernel.gate import search_parts, waiting
from models.kernel.language.declare import registered

BATCH = 200
TITLE = L("its title does not follow from its fields", "標題與其字段不符")
NAMED = L("does not say whom it names", "記錄中指定的人員與其字段不符")
CHANGED_BY = L("does not say who changed it last", "最後修改人與歷史不符")
NO_CASE = L("nobody is waited for, although its state asks for a step", "其狀態需要辦理，卻無待辦")
NEEDLESS_CASE = L("is waited for, although its state asks for no step", "其狀態無須辦理，卻有待辦")
CASE = L("its open case does not follow from it: {fields}", "待辦與記錄不符：{fields}")
LOST_CASE = L("an open case of a record that is not there", "待辦所屬記錄不存在")


Cases = Mapping[ObjectId, Mapping[str, Any]]


def faults(
    type_name: str, row: Mapping[str, Any], entries: list[dict[str, Any]], cases: Cases | None
) -> Iterator[tuple[str, Words]]:
    """What is wrong with what follows from a stored record whose fields are as its entries say; `cases`: the open ones,
    None of archived records, which have none."""
    yield from _own_faults(type_name, row, entries)
    if cases is not None:
        yield from _case_faults(type_name, row, cases.get(row["_id"]))


def _own_faults(type_name: str, row: Mapping[str, Any], entries: list[dict[str, Any]]) -> Iterator[tuple[str, Words]]:
    record = registered()[type_name].from_stored(dict(row))
    before = row.get("title")
    search_parts.derive(record)
    if before != record.title:
        yield "", TITLE
    if any(row.get(name) != value for name, value in search_parts.named_people(record).items()):
        yield "", NAMED
    if entries and row.get("updated_by") != _writer(entries):
        yield "", CHANGED_BY


def _writer(entries: list[dict[str, Any]]) -> ObjectId | None:
    """Who wrote the newest version, by the entries; comments, files and readings write none, and the way into the
    archive and back leaves the writer as they were."""
    version, writer = 0, None
    for entry in entries:
        if (entry.get("version") or 0) > version:
            version = entry["version"]
            writer = writer if _is_of_archive(entry) else entry.get("actor")
    return writer


def _is_of_archive(entry: Mapping[str, Any]) -> bool:
    return any(change.get("field") == ARCHIVED_AT for change in entry.get("changes") or ())


def cases_of(rows: list[dict[str, Any]], session: ClientSession) -> dict[ObjectId, dict[str, Any]]:
    """The open cases of some records."""
    query = {"_id": {"$in": [row["_id"] for row in rows]}}
    return {case["_id"]: case for case in get_db()[waiting.COLLECTION].find(query, session=session)}


def _case_faults(type_name: str, row: Mapping[str, Any], case: Mapping[str, Any] | None) -> Iterator[tuple[str, Words]]:
    due = waiting.waiting_for(registered()[type_name].from_stored(dict(row)))
    if due is None or case is None:
        if due is not None or case is not None:
            yield "", NO_CASE if case is None else NEEDLESS_CASE
        return
    if row.get("submitted_by_head"):
        due["decide"] = case.get("decide")  # the department above may have become another since
    if row.get("sv") != search_parts.search_form(registered()[type_name]):
        due |= {name: case.get(name) for name in ("rank", "act") if name in due}  # of before; the refresh brings them
    if wrong := sorted(name for name in due if due[name] != case.get(name)):
        yield "", CASE(fields=", ".join(wrong))


def lost_cases(session: ClientSession) -> Iterator[tuple[str, Words]]:
    """Open cases whose record is not among the living."""
    for type_name in get_db()[waiting.COLLECTION].distinct("type", session=session):
        stages = [
            {"$match": {"type": type_name}},
            {"$lookup": {"from": str(type_name), "localField": "_id", "foreignField": "_id", "as": "home"}},
            {"$match": {"home": []}},
            {"$project": {"_id": 1}},
        ]
        for case in get_db()[waiting.COLLECTION].aggregate(stages, batchSize=BATCH, session=session):
            yield f"{type_name} {case['_id']}", LOST_CASE
