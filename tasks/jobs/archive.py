"""The nightly archive, the lists of what is to be destroyed, their carrying out, and the sweep of lost file contents.

Each record moves in a transaction of its own; the checkpoint only saves looking again. Killed at any line and begun
anew, every job ends where it would have ended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.collection import Collection

from models.kernel.base import clock, collections
from models.kernel.base.collections import FILES
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of
from models.kernel.gate.search_parts import homes_of
from models.kernel.gate.sources import Source
from models.kernel.language.belonging import children_of
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.spec import Retention
from models.kernel.rights import rights
from models.operations import retention
from models.operations.retention import DeletionList, rule_for
from models.services import naming
from models.services.imports import imports
from models.services.keeping import archive
from models.services.keeping.archive import Approval
from models.services.keeping.audit import ERASED

from ..engine.alerts import alarm, page_of_run, tell_it
from ..engine.registry import job
from ..engine.run import Run

BATCH = 100
LIST_MOST = 200
BIN_DAYS = 30
REJECTED_RESTS = dt.timedelta(days=365)
LOST_AFTER = dt.timedelta(days=1)
CLOCKS_DIFFER = dt.timedelta(minutes=5)
CONTEXT = Context(source=Source.TASK)
CONTENT_GONE = L(
    "The contents of {count} attachments are missing, such as the one of {id}; a backup may have them.",
    "{count} 個附件的內容丟失，例如附件 {id}，可嘗試從備份恢復。",
)


@job(
    "archive.run",
    L("Move due records to the archive", "歸檔到期記錄"),
    L(
        "Records in an end state whose time has come, without legal hold and not linked by open ones.",
        "將已終結且到期、無法律保全、未被未結記錄引用的記錄歸檔。",
    ),
)
def run_archive(run: Run) -> None:
    """Type by type, in bounded batches, from the checkpoint on."""
    retention.ensure_retention_rules()
    for cls in _kept_types():
        if rule := rule_for(cls):
            _archive_type(run, cls, rule)


def _kept_types() -> list[type[Record]]:
    """The types with a retention of their own; what belongs to a record rests and goes with it."""
    return [cls for _, cls in sorted(registered().items()) if retention.has_own_rule(cls)]


def _archive_type(run: Run, cls: type[Record], rule: Retention) -> None:
    for rows in run.batches(cls, retention.archive_filter(cls, rule), key=cls.type_name()):
        run.each(cls.type_name(), rows, lambda row: _archive_one(run, cls, rule, row["_id"]))
        run.progress(run.counts.get("archived", 0), 0, cls.declared.plural)


def _archive_one(run: Run, cls: type[Record], rule: Retention, id: ObjectId) -> None:
    why: list[str] = []

    def is_due(document: Any) -> bool:
        why.clear()
        if retention.is_held(cls, document):
            why.append("held")
        elif retention.open_link_to(cls, id):
            why.append("linked")
        elif not _still_matches(cls, rule, id):
            why.append("changed")
        else:
            retention.guard_holds()
        return not why

    if archive.move_out(cls, id, is_due=is_due):
        run.count(archived=1)
    elif why:
        run.count(**{why[0]: 1})


def _still_matches(cls: type[Record], rule: Retention, id: ObjectId) -> bool:
    query = {"_id": id, **retention.archive_filter(cls, rule)}
    return cls._get_collection().find_one(query, {"_id": 1}) is not None


@job(
    "archive.delete_list",
    L("Create deletion list of the archive", "生成銷毀清單"),
    L(
        "Archived records whose time is over, without legal hold; nothing is destroyed before the list is approved.",
        "列出保管期滿且無法律保全的檔案；清單批准前不銷毀任何記錄。",
    ),
)
def make_lists(run: Run) -> None:
    """A list for each type with due records, of at most 200 lines; what stands on an open list is left out."""
    home = retention.home_of_records()
    if home is None:
        return
    listed = _listed()
    for cls in _kept_types():
        if rule := rule_for(cls):
            place = get_db()[collections.archive_of(cls.type_name())]
            rows = place.find(retention.destroy_filter(cls, rule), {"_id": 1}).sort("_id", 1)
            due = (row["_id"] for row in rows if str(row["_id"]) not in listed)
            _list_type(run, _ArchiveSource(cls, retention.ARCHIVE, place), due, home)


@job(
    "bin.delete_list",
    L("Create deletion list of the recycle bin", "生成回收站銷毀清單"),
    L(
        'Records that were put into the bin 30 days ago or earlier ({"days": 30}), without legal hold; nothing is '
        "destroyed before the list is approved.",
        '列出移入回收站滿 30 天（{"days": 30}）且無法律保全的記錄；清單批准前不銷毀任何記錄。',
    ),
)
def list_bin(run: Run, days: int = BIN_DAYS) -> None:
    """A list for each type that has such records; what stands on an open list is left out."""
    home = retention.home_of_records()
    if home is None:
        return
    listed, before = _listed(), clock.now() - dt.timedelta(days=days)
    for name, cls in sorted(registered().items()):
        place = get_db()[name]
        query = {"removed_at": {"$lte": before}}
        rows = place.find(query, {"_id": 1, "went_into": 1}).sort([("removed_at", 1), ("_id", 1)])
        due = (row["_id"] for row in rows if str(row["_id"]) not in listed and not _is_stood_for(cls, row))
        _list_type(run, _ArchiveSource(cls, retention.BIN, place), due, home)


def _is_stood_for(cls: type[Record], row: Mapping[str, Any]) -> bool:
    """Whether a record was merged, and the one that stands for it is still kept: links go by it until then."""
    into = row.get("went_into")
    if into is None:
        return False
    return any(get_db()[home].find_one({"_id": into}, {"_id": 1}) for home in homes_of(cls))


def _listed() -> set[str]:
    """The ids on lists that are not done with, or that were refused within a year."""
    open_or_fresh = {
        "$or": [
            {"state": {"$in": ["draft", "submitted", "approved"]}},
            {"state": "rejected", "state_since": {"$gt": clock.now() - REJECTED_RESTS}},
        ],
        "removed_at": None,
    }
    rows = DeletionList._get_collection().find(open_or_fresh, {"lines.record_id": 1})
    lists = [row["lines"] for row in rows if isinstance(row.get("lines"), list)]
    lines = [line for lines in lists for line in lines if isinstance(line, dict)]
    return {str(line["record_id"]) for line in lines if isinstance(line.get("record_id"), str)}


@dataclass(frozen=True)
class _ArchiveSource:
    """Where the records of a type stand that are listed."""

    cls: type[Record]
    name: str
    place: Collection[dict[str, Any]]


def _list_type(run: Run, source: _ArchiveSource, due: Iterable[ObjectId], home: ObjectId) -> None:
    holds = retention.active_holds()
    lines: list[dict[str, Any]] = []
    for id in due:
        made = run.each(source.cls.type_name(), [id], lambda key: _line(source, key, holds))
        lines += [line for line in made if line]
        if made == [None]:
            run.count(held=1)
        if len(lines) == LIST_MOST:
            _make_list(run, source, lines, home)
            lines = []
    if lines:
        _make_list(run, source, lines, home)


def _line(source: _ArchiveSource, id: ObjectId, holds: list[retention.Hold]) -> dict[str, Any] | None:
    """How a record stands on a list, also one whose number or title is no text; None for one that is held."""
    document = source.place.find_one({"_id": id})
    if document is None:
        raise Missing
    if retention.is_held(source.cls, document, holds):
        return None
    return {
        "record_type": source.cls.type_name(),
        "number": str(document.get("number") or ""),
        "subject": str(document.get("title") or "")[:400],
        "record_id": str(id),
    }


def _make_list(run: Run, source: _ArchiveSource, lines: list[dict[str, Any]], home: ObjectId) -> None:
    values = {
        "record_type": source.cls.type_name(),
        "source": source.name,
        "count": len(lines),
        "lines": [retention.DeletionLine(**line) for line in lines],
        "department": home,
    }

    def make() -> None:
        made = changes.create(DeletionList, values, actor=SYSTEM, context=CONTEXT)
        changes.move(DeletionList, made.id, "submit", actor=SYSTEM, version=None, context=CONTEXT)

    changes.in_batch(make)
    run.count(listed=len(lines), lists=1)


@job(
    retention.CARRY_OUT,
    L("Destroy what an approved list names", "執行銷毀清單"),
    L("Ordered by the approval of a deletion list.", "銷毀清單批准後自動執行。"),
    hidden=True,
)
def carry_out(run: Run, list: str) -> None:
    """Destroy the records of an approved list one by one; held ones and those that came back are left and said."""
    approved = rights.find(SYSTEM, DeletionList, list)
    if approved.state != "approved":
        return
    approval = _approval_of(approved)
    outcomes = []
    for at, line in enumerate(approved.lines, 1):
        [outcome] = run.each(
            line.record_type, [line], lambda entry: _destroy_line(approved, entry, approval), id_of=_id_of
        ) or ["damaged"]
        outcomes.append(outcome)
        if outcome != "damaged":  # that is counted already
            run.count(**{outcome: 1})
        run.progress(at, len(approved.lines), line.number or "")
    _finish(approved, outcomes)


def _id_of(line: Any) -> str:
    return str(line.record_id)


def _approval_of(approved: Any) -> Approval:
    entry = next(row for row in entries_of(approved.id, newest_first=True) if row["verb"] == "approve")
    return Approval(approved.id, approved.number, entry.get("actor"), entry.get("actor_name") or "", entry["at"])


def _destroy_line(approved: Any, line: Any, approval: Approval) -> str:
    """Destroy one record, if all that put it on the list is still so at this moment; returns the outcome."""
    cls, id = registered()[line.record_type], ObjectId(line.record_id)
    is_binned = approved.source == retention.BIN
    why: list[str] = []
    if not is_binned and not _destroy_what_belongs(approved, cls, id, approval):
        return "held"

    def may(document: Any) -> bool:
        retention.guard_holds()
        why[:] = ["held" if retention.is_held(cls, document) else _why_not_due(approved, cls, document)]
        return not why[0]

    stone = archive.destroy(cls, id, approval, partial(_attest, approved), may=may, is_binned=is_binned)
    if stone or get_db()[collections.TOMBSTONES].find_one({"_id": id}, {"_id": 1}):
        return "destroyed"
    return why[0] if why else "back"


def _attest(approved: Any, proof: dict[str, Any]) -> None:
    """Write into the history of a list that a record was destroyed by it."""
    proofs = [archive.attested(proof)]
    changes.note(DeletionList, approved.id, ERASED, actor=SYSTEM, context=CONTEXT, changes=proofs)


def _destroy_what_belongs(approved: Any, cls: type[Record], id: ObjectId, approval: Approval) -> bool:
    """Destroy what belongs to an archived record that is due, before it; False where some of it must stay."""
    place = get_db()[collections.archive_of(cls.type_name())]
    document = place.find_one({"_id": id})
    if document is None or retention.is_held(cls, document) or _why_not_due(approved, cls, document):
        return True  # and the record itself stays, too
    for child, name in children_of(registered(), cls):
        if not child.declared.rests_with_parent:
            continue
        if child.collection().find_one({name: id}, {"_id": 1}):
            return False  # held, and so not archived with it
        for row in get_db()[collections.archive_of(child.type_name())].find({name: id}, {"_id": 1}):
            if not _destroy_one(approved, child, row["_id"], approval):
                return False
    return True


def _destroy_one(approved: Any, cls: type[Record], id: ObjectId, approval: Approval) -> bool:
    def may(document: Any) -> bool:
        retention.guard_holds()
        return not retention.is_held(cls, document)

    archive.destroy(cls, id, approval, partial(_attest, approved), may=may)
    return get_db()[collections.TOMBSTONES].find_one({"_id": id}, {"_id": 1}) is not None


def _why_not_due(approved: Any, cls: type[Record], document: Any) -> str:
    """Why a listed record is not due any more; empty when it is. One that was restored and put into the bin again
    begins its days there anew; of an archived one the rule and the date may have changed."""
    if approved.source == retention.BIN:
        removed_at = document.get("removed_at")
        return "" if removed_at and removed_at <= approved.created_at <= clock.now() + CLOCKS_DIFFER else "back"
    rule = rule_for(cls)
    return "" if rule and retention.is_over(cls, rule, document) else "not_due"


def _finish(approved: Any, outcomes: list[str]) -> None:
    """Write the outcome of each line and close the list."""
    lines = [
        retention.DeletionLine(**{**line.to_mongo().to_dict(), "outcome": outcome})
        for line, outcome in zip(approved.lines, outcomes, strict=True)
    ]
    destroyed = outcomes.count("destroyed")
    values = {"lines": lines, "destroyed": destroyed, "kept": len(outcomes) - destroyed}

    def close() -> None:
        changes.update(DeletionList, approved.id, values, actor=SYSTEM, version=None, context=CONTEXT)
        changes.move(DeletionList, approved.id, "carry_out", actor=SYSTEM, version=None, context=CONTEXT)

    changes.in_batch(close)


@job(
    "files.sweep",
    L("Remove orphaned file contents", "清理無主文件內容"),
    L(
        "Contents older than a day that no attachment names are removed; attachments without content are reported.",
        "清除超過一天且無附件引用的內容，並報告內容丟失的附件。",
    ),
)
def sweep(run: Run) -> None:
    """What an upload that was cut off left behind, and what a destroyed record's files held."""
    before = ObjectId.from_datetime(clock.now() - LOST_AFTER)
    _sweep_contents(run, "content.files", "_id", before)
    _sweep_contents(run, "content.chunks", "files_id", before)
    _report_missing(run)


def _sweep_contents(run: Run, name: str, key: str, before: ObjectId) -> None:
    """Go along the ids of one of the two collections that hold contents; an upload that was cut off has only chunks."""
    after: ObjectId | None = None
    while True:
        place = {"$gt": after, "$lt": before} if after else {"$lt": before}
        columns = {"_id": key == "_id", **({} if key == "_id" else {key: True})}  # only what the index knows
        rows = get_db()[name].find({key: place}, columns).sort(key, 1).limit(BATCH * 5)
        ids = [*dict.fromkeys(row[key] for row in rows)]
        if not ids:
            return
        named = set(get_db()[FILES].distinct("content", {"content": {"$in": ids}})) | imports.waiting_among(ids)
        for id in (content for content in ids if content not in named):
            archive.drop_content(id)
            run.count(removed=1)
        after = ids[-1]
        run.progress(run.counts.get("removed", 0), 0, naming.named(name))


def _report_missing(run: Run) -> None:
    """Attachments whose content is not there: said in the log and to IT, by their ids, since names tell of records."""
    lost: list[str] = []
    for rows in run.batches(FILES, {}, columns=("content",)):
        contents = [row["content"] for row in rows]
        there = {row["_id"] for row in get_db()["content.files"].find({"_id": {"$in": contents}}, {"_id": 1})}
        for row in (file for file in rows if file["content"] not in there):
            lost.append(str(row["_id"]))
            run.log(str(row["_id"]))
        run.progress(len(lost), 0, naming.named(FILES))
    if lost:
        run.count(missing=len(lost))
        words = CONTENT_GONE(count=len(lost), id=lost[0])
        tell_it(words, cause=alarm("content", run.id), about=page_of_run(run.id))
