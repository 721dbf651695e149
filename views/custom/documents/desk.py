"""The borrowing desk is one page for hand and scanner: a code leads to the copy, who has it, and what can be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bson import ObjectId
from flask import make_response, redirect, request
from flask_admin import BaseView, expose

from models.chapters import DOCUMENTS
from models.documents.documents import CONDITIONS, NOT_TO_BE_LENT, Document
from models.documents.lending import PAPER, is_kept, line_of, loans_out
from models.documents.loans import Loan
from models.kernel.base import characters, clock
from models.kernel.base.errors import CHANGED, Changed, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.search import contains, normal
from models.kernel.base.titles import short_title
from models.kernel.base.words import L, Words
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from views import wording
from views.session import actor, say, seen_version
from views.slots import CustomView, MenuItem

TITLE = L("Borrowing desk", "借閱台")
REQUESTED, KEPT, DUE = L("Asked for", "申請時間"), L("Kept until", "保留至"), L("Due", "應還時間")
LIST_MAX = 20
TITLE_MIN = 2  # one character alone would read every document
CAMERA = "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"
VERBS = ("issue", "take_back", "lose", "renew")
DONE = L("{number}: {move}.", "{number}：{move}。")
NOT_FOUND = L("No document, copy or loan is called “{code}”.", "沒有編號或名稱為「{code}」的文件、副本或借閱記錄。")
NOT_HERE = L("This is not done at the desk.", "此操作不在借閱台辦理。")
_COPY = re.compile(r"(?P<number>.{3,60}?)\s*[/#]\s*(?P<copy>[0-9]{1,3})")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    if "loan" not in catalogue:
        return []
    return [
        DeskView(name="desk", endpoint="desk", url="/admin/desk"),
        CopyView(name="copy", endpoint="copy", url="/admin/copy"),
    ]


def copy_code(number: str, copy: int) -> str:
    """What a label says: the document's number and the copy's."""
    return f"{number}/{copy}"


@dataclass(frozen=True)
class CodeTarget:
    """What a code leads to: a document, and a copy or a loan of it where the code says so."""

    document: Document
    copy: int | None = None
    loan: Loan | None = None


class CopyView(CustomView):
    """Where a label leads: the desk for those who keep it, the document's page for everybody else who may see it."""

    @expose("/")
    def index(self) -> Any:
        me, code = actor(), read_code(request.args.get("code", ""))
        rows = find(me, code)
        if rows is None:
            raise Missing
        if rights.may_keep_desk(me):
            return redirect(f"/admin/desk/?{urlencode({'code': code})}")
        return redirect(f"/admin/document/details/?id={rows.document.id}")


class DeskView(CustomView):
    """Issue, take back, renew, report as lost; and what the desk has to look after today."""

    menu_item = MenuItem(DOCUMENTS, TITLE, "/admin/desk/")

    def is_accessible(self) -> bool:
        return bool(rights.may_keep_desk(actor()))

    @expose("/")
    def index(self) -> Any:
        code = read_code(request.args.get("code", ""))
        return self._page(code)

    @expose("/do/", methods=("POST",))
    def do(self) -> Any:
        """Make one of the desk's moves on the version that the page showed; a refusal is said on the page."""
        me, code = actor(), read_code(request.form.get("code", ""))
        verb = request.form.get("verb", "")
        try:
            if verb not in VERBS:
                raise Refused(NOT_HERE)
            moved = _move(me, verb)
        except Changed:
            return self._page(code, CHANGED, 409)
        except Refused as refused:
            said = next((words for problem in refused.problems.values() for words in problem), refused.sentence)
            return self._page(code, said, 422)
        flow = moved.flow()
        say("good", DONE(number=moved.number, move=flow.verb_label(verb) if flow else verb))
        return redirect(f"/admin/desk/?{urlencode({'code': code})}")

    def _page(self, code: str, fault: Words | None = None, status: int = 200) -> Any:
        me = actor()
        rows = find(me, code) if code else None
        named = documents_named(me, code) if code and rows is None else []
        if code and rows is None and not named:
            fault, status = fault or NOT_FOUND(code=code[:60]), max(status, 404)
        page = self.render(
            "custom/desk.html",
            code=code,
            fault=str(fault) if fault else "",
            found=_context(rows) if rows else None,
            named=named,
            conditions=[(key, label) for key, label in CONDITIONS.items() if key not in NOT_TO_BE_LENT],
            lists=_lists(me),
        )
        answer = make_response(page, status)
        answer.headers["Permissions-Policy"] = CAMERA
        return answer


def _move(me: Actor, verb: str) -> Record:
    form = request.form
    query = {"issue": ("copy",), "take_back": ("condition", "remark")}.get(verb, ())
    try:
        values = {name: parse(Loan._fields[name], form.get(name, "")) for name in query}
    except BadValue as bad:
        raise Refused(bad.sentence) from bad
    context = Context(source=Source.DESK, reason=form.get("reason", "").strip())
    seen = seen_version(form.get("version"))
    return changes.move(Loan, form.get("id"), verb, actor=me, version=seen, values=values, context=context)


def read_code(text: str) -> str:
    """What was scanned or typed, of whichever width: a label's address, or the code itself."""
    typed = characters.plain(text.replace("\x00", "")).strip()[:400]
    if "code=" in typed:
        typed = characters.plain(parse_qs(urlsplit(typed).query).get("code", [""])[0])
    return typed.strip()[:80]


def find(me: Actor, code: str) -> CodeTarget | None:
    """The document, copy or loan of a code, in the reader's scope."""
    if row := _chosen(me, Loan, code):
        loan = Loan._from_son(row)
        document = _one_by_id(me, loan.ref("document"))
        return CodeTarget(document, loan.copy, loan) if document else None
    if row := _chosen(me, Document, code):
        return CodeTarget(Document._from_son(row))
    match = _COPY.fullmatch(code)
    row = _chosen(me, Document, match["number"]) if match else None
    return CodeTarget(Document._from_son(row), int(match["copy"])) if row and match else None


def documents_named(me: Actor, text: str) -> list[dict[str, Any]]:
    """The newest documents in the reader's scope whose title has these words, to choose from."""
    scope = rights.visible(me, Document)
    if scope is None or len(normal(text)) < TITLE_MIN:
        return []
    rows = Document._get_collection().find({"$and": [contains(text), scope]}, {"number": 1, "title": 1, "state": 1})
    return [
        {
            "number": row["number"],
            "title": short_title(row),
            "state": wording.state_label(Document, row["state"]),
            "tone": wording.tone(Document, row["state"]),
        }
        for row in rows.sort("_id", -1).limit(LIST_MAX)
    ]


def _chosen(me: Actor, cls: type[Record], number: str) -> dict[str, Any] | None:
    scope = rights.visible(me, cls)
    if scope is None:
        return None
    row: dict[str, Any] | None = cls._get_collection().find_one(
        {"$and": [{"number": {"$in": [number, number.upper()]}}, scope]}
    )
    return row


def _one_by_id(me: Actor, id: ObjectId | None) -> Document | None:
    try:
        rows = rights.find(me, Document, id)
    except Missing:
        return None
    return rows if isinstance(rows, Document) else None


def _context(code_target: CodeTarget) -> dict[str, Any]:
    """The copies that the code means, with who has each, and the loans that one could be handed out for."""
    document = code_target.document
    out, line = loans_out(document.id), line_of(document.id)
    people = {row["borrower"] for row in [*out.values(), *line]}
    names = wording.titles({"User": people}) if people else {}
    chosen = [copy for copy in document.copies or [] if code_target.copy in (None, copy.number)]
    return {
        "number": document.number,
        "title": document.title,
        "url": f"/admin/document/details/?id={document.id}",
        "id": document.id,
        "copies": [_copy(document, item, out.get(item.number), names) for item in chosen],
        "missing": bool(code_target.copy and not chosen and document.copies),
        "unregistered": not document.copies,
        "line": [_loan(row, names) for row in line],
    }


def _copy(document: Document, line: Any, loan: dict[str, Any] | None, names: dict[ObjectId, str]) -> dict[str, Any]:
    return {
        "number": line.number,
        "code": copy_code(document.number, line.number),
        "place": " / ".join(item for item in (line.cabinet, line.shelf) if item),
        "condition": CONDITIONS[line.condition],
        "condition_key": line.condition,
        "may_be_lent": line.condition not in NOT_TO_BE_LENT,
        "loan": _loan(loan, names) if loan else None,
    }


def _loan(row: dict[str, Any], names: Mapping[ObjectId, str]) -> dict[str, Any]:
    due = row.get("due")
    return {
        "id": row["_id"],
        "number": row["number"],
        "url": f"/admin/loan/details/?id={row['_id']}",
        "version": row["version"],
        "who": names.get(row["borrower"], ""),
        "subject": row.get("subject", ""),
        "state": wording.state_label(Loan, row["state"]),
        "tone": wording.tone(Loan, row["state"]),
        "is_lost": row["state"] == "lost",
        "since": wording.moment(row["issued_at"]) if row.get("issued_at") else "",
        "due": wording.moment(due) if due else "",
        "is_late": bool(due and due < clock.now()),
        "kept_until": wording.moment(row["kept_until"]) if is_kept(row) else "",
    }


def _lists(me: Actor) -> list[dict[str, Any]]:
    """What the desk looks after: what is asked for, what is to be handed out, what is overdue, what is lost; as far as
    the reader sees it."""
    scope = rights.visible(me, Loan)
    if scope is None:
        return []
    paper = {"kind": PAPER, "removed_at": None}
    choices = (
        (L("To be decided", "待審批"), {"state": "requested", "removed_at": None}, "created_at", REQUESTED),
        (L("To be handed out", "待領取"), {**paper, "state": "approved"}, "kept_until", KEPT),
        (L("Overdue", "逾期未還"), {**paper, "state": "on_loan", "due": {"$lt": clock.now()}}, "due", DUE),
        (L("Lost", "遺失待處理"), {**paper, "state": "lost"}, "due", DUE),
    )
    result = [(label, time, key, _first(scope, query, key)) for label, query, key, time in choices]
    people = {row["borrower"] for *_, rows in result for row in rows}
    names = wording.titles({"User": people}) if people else {}
    return [
        {"label": label, "time": time, "rows": [_loan(row, names) | {"at": _moment(row, key)} for row in rows]}
        for label, time, key, rows in result
        if rows
    ]


def _first(scope: Mapping[str, Any], query: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The first loans of one list, by the time that it goes by."""
    rows = Loan._get_collection().find({"$and": [scope, query]})
    return list(rows.sort([(key, 1), ("_id", 1)]).limit(LIST_MAX))


def _moment(row: dict[str, Any], key: str) -> str:
    return wording.moment(row[key]) if row.get(key) else ""
