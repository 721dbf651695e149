"""The borrowing log (3.1.4) is read from the append-only history of loans and documents, not from records.

It tells who asked for, approved, got, viewed, downloaded, gave back or lost what, and when. Nobody can edit it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import structlog
from bson import ObjectId
from flask import Response, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from models.chapters import DOCUMENTS
from models.documents.documents import Document
from models.documents.loans import Loan
from models.kernel.base import clock
from models.kernel.base.collections import HISTORY, HISTORY_ARCHIVE, archive_of
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.search import contains
from models.kernel.base.words import L
from models.kernel.language.glossary import GATE_VERBS
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.sheets.writing import SheetKind
from views import wording
from views.lists.export import download, sheet_kind
from views.lists.listing import SLOW, TIME_LIMIT_MS
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Borrowing log", "借閱登記簿")
PAGE, PRINTED, BATCH = 50, 1000, 1000
DOCUMENTS_MAX, PEOPLE_MAX, LOANS_MAX = 500, 200, 20_000
TOO_MANY = L(
    "Too many entries match “{text}”. Please type more of it, or choose a period.",
    "與「{text}」相符的記錄過多。請輸入更多文字。",
)
EPOCH, MILLISECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(milliseconds=1)
READ = ("view", "download", "export")
COLUMNS = {
    "when": L("When", "時間"),
    "what": L("What", "事項"),
    "number": L("Document", "文件編號"),
    "title": L("Title", "標題"),
    "copy": L("Copy no.", "份號"),
    "borrower": L("Borrower", "借閱人"),
    "who": L("By", "經手人"),
    "loan": L("Loan", "借閱編號"),
    "note": L("Reason", "原因"),
}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "loan" in catalogue
    return [LogView(name="borrowing_log", endpoint="borrowing_log", url="/admin/borrowing_log")] if known else []


class LogView(CustomView):
    """Newest first, by document, person and period; pages follow each other by moment and key."""

    menu_item = MenuItem(DOCUMENTS, TITLE, "/admin/borrowing_log/")

    def is_accessible(self) -> bool:
        return bool(rights.may_read_log(actor()))

    @expose("/")
    def index(self) -> str:
        me, query = actor(), _query(actor())
        is_print = bool(request.args.get("print"))
        size = PRINTED if is_print else PAGE
        rows = _find(query, size + 1, request.args.get("after", ""))
        shown = rows[:size]
        values = {name: request.args.get(name, "") for name in ("document", "person", "from", "to", "archived")}
        return self.render(
            "custom/borrowing_log_print.html" if is_print else "custom/borrowing_log.html",
            columns=list(COLUMNS.values()),
            rows=[list(row.values()) for row in _in_words(shown, me)],
            next=_url(values, after=_key(shown[-1])) if len(rows) > size else None,
            more=len(rows) > size,
            exports={kind: _url(values, f"export/{kind}/") for kind in SheetKind},
            print_url=_url(values, print="1"),
            printed=wording.moment(clock.now()),
            **{f"asked_{name}": value for name, value in values.items()},
        )

    @expose("/export/<kind>/")
    def export(self, kind: str) -> Response:
        """All the rows as a file; who took it is logged."""
        me, form = actor(), sheet_kind(kind)
        structlog.get_logger("guicheng.export").info("export", type="borrowing_log", user=me.login, format=kind)
        heads, rows = [str(label) for label in COLUMNS.values()], (list(row.values()) for row in _all(_query(me), me))
        return download(form, f"borrowing-log-{clock.today().isoformat()}", heads, rows)


def _url(query: Mapping[str, str], path: str = "", **more: str) -> str:
    given = {name: value for name, value in {**query, **more}.items() if value}
    return f"/admin/borrowing_log/{path}?{urlencode(given)}"


def _query(me: Actor) -> dict[str, Any]:
    """The filter of the entries asked for: loans, and views and downloads of documents."""
    loans: dict[str, Any] = {"type": Loan.type_name()}
    documents: dict[str, Any] = {"type": Document.type_name(), "verb": {"$in": READ}}
    if text := _text("document"):
        ids = _documents(me, text)
        documents["record"] = {"$in": ids}
        loans["record"] = {"$in": _loans({"document": {"$in": ids}}, text)}
    if text := _text("person"):
        people = _people(text)
        documents["actor"] = {"$in": people}
        by_them = _loans({"borrower": {"$in": people}}, text)
        loans = {"$and": [loans, {"$or": [{"actor": {"$in": people}}, {"record": {"$in": by_them}}]}]}
    period = _period()
    either: dict[str, Any] = {"$or": [loans, documents]}
    return {"$and": [either, period]} if period else either


def _text(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:80]


def _documents(me: Actor, text: str) -> list[ObjectId]:
    """Documents by number, title or tag, archived ones too: their loans may still stand among the living."""
    name = Document.type_name()
    scopes = {name: rights.visible(me, Document), archive_of(name): rights.visible_archived(me, Document)}
    result: list[ObjectId] = []
    for place, scope in scopes.items():
        if scope is not None:
            result += _ids(place, {"$and": [contains(text), scope]}, text, DOCUMENTS_MAX)
    return result


def _ids(place: str, query: dict[str, Any], text: str, most: int) -> list[ObjectId]:
    """The documents of a collection that a text leads to. Raises Refused where they are too many to look through."""
    rows = list(get_db()[place].find(query, {"_id": 1}).limit(most + 1).max_time_ms(TIME_LIMIT_MS))
    if len(rows) > most:
        raise Refused(TOO_MANY(text=text))
    return [row["_id"] for row in rows]


def _people(text: str) -> list[ObjectId]:
    """People by name, login or pinyin; who has left is still in the log."""
    return _ids("user", contains(text), text, PEOPLE_MAX)


def _loans(query: dict[str, Any], text: str) -> list[ObjectId]:
    """The loans of a filter, archived ones too."""
    return [
        id for name in (Loan.type_name(), archive_of(Loan.type_name())) for id in _ids(name, query, text, LOANS_MAX)
    ]


def _period() -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for name, sign, days in (("from", "$gte", 0), ("to", "$lt", 1)):
        try:
            day = dt.date.fromisoformat(_text(name)) + dt.timedelta(days=days)
        except (ValueError, OverflowError):
            continue
        bounds[sign] = clock.start_of(day) if dt.date(1900, 1, 1) < day < dt.date(9000, 1, 1) else clock.now()
    return {"at": bounds} if bounds else {}


def _place() -> str:
    return HISTORY_ARCHIVE if request.args.get("archived") else HISTORY


def _key(entry: Mapping[str, Any]) -> str:
    """Where a page ends: the moment in milliseconds, and the entry."""
    return f"{(entry['at'] - EPOCH) // MILLISECOND}.{entry['_id']}"


def _behind(key: str) -> dict[str, Any] | None:
    """The entries behind a key; nothing for one that is none."""
    milliseconds, _, id = key.partition(".")
    if not (milliseconds.isdecimal() and len(milliseconds) < 14 and ObjectId.is_valid(id)):
        return None
    at = EPOCH + int(milliseconds) * MILLISECOND
    return {"at": {"$lte": at}, "$or": [{"at": {"$lt": at}}, {"_id": {"$lt": ObjectId(id)}}]}


def _find(query: dict[str, Any], most: int, after: str = "") -> list[dict[str, Any]]:
    """Entries, newest first, from behind a key."""
    if behind := _behind(after):
        query = {"$and": [query, behind]}
    fromkeys = dict.fromkeys(("type", "record", "at", "verb", "actor_name", "acting_for_name", "reason", "state_to"), 1)
    rows = get_db()[_place()].find(query, fromkeys).sort([("at", -1), ("_id", -1)]).limit(most)
    try:
        return list(rows.max_time_ms(TIME_LIMIT_MS))
    except ExecutionTimeout as slow:
        raise Refused(SLOW) from slow


def _all(query: dict[str, Any], me: Actor) -> Iterator[dict[str, str]]:
    after = ""
    while rows := _find(query, BATCH, after):
        yield from _in_words(rows, me)
        after = _key(rows[-1])


def _in_words(entries: list[dict[str, Any]], me: Actor) -> list[dict[str, str]]:
    """The entries in words: two queries for the loans and documents that they are about, one for the people."""
    loans = _rows(Loan, [entry["record"] for entry in entries if entry["type"] == "loan"])
    ids = {row.get("document") for row in loans.values()} | {
        entry["record"] for entry in entries if entry["type"] != "loan"
    }
    documents = _rows(Document, [id for id in ids if id], scope=rights.visible(me, Document))
    names = wording.titles({"User": {row["borrower"] for row in loans.values() if row.get("borrower")}})
    return [_row(entry, loans, documents, names) for entry in entries]


def _rows(
    cls: type[Record], ids: list[ObjectId], scope: dict[str, Any] | None = None
) -> dict[ObjectId, dict[str, Any]]:
    """Stored records by id, among the living and in the archive."""
    result: dict[ObjectId, dict[str, Any]] = {}
    for name in (cls.type_name(), archive_of(cls.type_name())):
        if missing := [id for id in ids if id not in result]:
            query = {"$and": [{"_id": {"$in": missing}}, scope or {}]}
            needed = {"number": 1, "subject": 1, "document": 1, "copy": 1, "borrower": 1}
            result |= {row["_id"]: row for row in get_db()[name].find(query, needed)}
    return result


def _row(entry: Mapping[str, Any], loans: Mapping, documents: Mapping, names: Mapping) -> dict[str, str]:
    loan = loans.get(entry["record"], {})
    document = documents.get(loan.get("document") or entry["record"], {})
    flow, verb = Loan.declared.workflow, entry["verb"]
    word = GATE_VERBS.get(verb) or (flow.verb_label(verb) if flow and verb in flow.verbs() else L(verb, verb))
    who = entry.get("actor_name") or ""
    return {
        "when": wording.moment(entry["at"]),
        "what": str(REQUESTED if entry["type"] == "loan" and verb == "create" else word),
        "number": document.get("number", ""),
        "title": document.get("subject", ""),
        "copy": str(loan.get("copy") or ""),
        "borrower": names.get(loan.get("borrower"), "") if loan else who,
        "who": f"{who}（{entry['acting_for_name']}）" if entry.get("acting_for_name") else who,
        "loan": loan.get("number", ""),
        "note": (entry.get("reason") or "")[:500],
    }


REQUESTED = L("Asked for", "申請借閱")
