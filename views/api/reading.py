"""What programs read: pages of a list by key, a record as it is or was, its history, comments, moves and files."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import intents
from models.kernel.gate.history import HistoryEntry
from models.kernel.gate.receipts import note_reading
from models.kernel.language.kinds.dates import ISO_DAY, instant, instant_in
from models.kernel.language.record import Record
from models.kernel.language.workflow import Move
from models.kernel.rights import rights
from models.services.files import files

from ..files.endpoints import sent_file
from ..lists import listing
from ..lists.listing import ListQuery
from .answers import as_json, with_version
from .records import at_version, entries_json, record_json, row_json, version_at

LIMIT, LIMIT_MAX = 50, 200
CURSOR_MAX = 4000
PARAMETERS = frozenset({"q", "sort", "limit", "after", "fields"})
NOT_ASKED_SO = L("Nothing can be listed so; what is wrong stands with each parameter.", "無法如此查詢；問題見各參數。")
NO_PARAMETER = L("This list has no parameter “{name}”.", "此列表沒有參數「{name}」。", code="parameter")
NO_ORDER = L("This list cannot be sorted by “{name}”.", "此列表不能按「{name}」排序。", code="parameter")
NO_FIELD = L("This list has no field “{name}”.", "此列表沒有字段「{name}」。", code="parameter")
BAD_LIMIT = L("The limit is a number from 1 to {most}.", "limit 須為 1 至 {most} 的數字。", code="parameter")
BAD_CURSOR = L("This cursor is none of this list's.", "此遊標不屬於此列表。", code="parameter")
BAD_TIME = L(
    "Give a date (2026-03-01: as it was at its end) or a moment with its offset.",
    "請給出日期（2026-03-01：當日結束時）或帶時差的時刻。",
    code="parameter",
)
SLOW_LIST = L(
    "The search took too long and was stopped. Narrow it down with a filter.", "查詢時間過長，已停止。請增加篩選條件。"
)


def listed(cls: type[Record], me: Actor) -> Response:
    """One page of the list, by the filters of the grid."""
    query, names = list_query(cls, me, request.args)
    page = listing.fetch(query, names)
    if page.was_stopped:
        raise BadRequest(str(SLOW_LIST))
    viewer = rights.Viewer(me)
    content: dict[str, Any] = {
        "items": [row_json(cls, row, names, viewer.sees) for row in page.rows],
        "next": page.next,
        "count": page.count.value,
        "count_is_exact": page.count.is_exact,
    }
    return as_json(content)


def list_query(cls: type[Record], me: Actor, args: MultiDict) -> tuple[ListQuery, tuple[str, ...]]:
    """What is asked of a list, and the fields of its rows. What a page would leave out and say is refused here."""
    problems: dict[str, list[Any]] = {}
    names = _known(cls, me, args, problems)
    given = MultiDict((key, value) for key, value in args.items(multi=True) if is_filter(key) or key in ("q", "sort"))
    given["size"] = str(LIMIT)
    if after := args.get("after"):
        given["after"] = after
    query = listing.read_request(cls, me, given)
    for words in query.problems:
        problems.setdefault("filter", []).append(words)
    if after and (len(after) > CURSOR_MAX or query.cursor is None):
        problems["after"] = [BAD_CURSOR]
    if problems:
        raise Refused(NOT_ASKED_SO, problems)
    return replace(query, size=int(args.get("limit", LIMIT))), names


def is_filter(key: str) -> bool:
    """Whether a parameter narrows the list as the grid's do."""
    return key.startswith("f.")


def _known(cls: type[Record], me: Actor, args: MultiDict, problems: dict[str, list[Any]]) -> tuple[str, ...]:
    """The fields that are asked for; adds what no list of the type knows."""
    for key in args:
        if key not in PARAMETERS and not is_filter(key):
            problems[key[:80]] = [NO_PARAMETER(name=key[:80])]
    limit = args.get("limit", str(LIMIT))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 1 <= int(limit) <= LIMIT_MAX):
        problems["limit"] = [BAD_LIMIT(most=LIMIT_MAX)]
    sort = args.get("sort", "")
    if sort and sort.removeprefix("-") not in sortable(cls, me):
        problems["sort"] = [NO_ORDER(name=sort[:80])]
    may = listing.choosable(cls, me)
    chosen = tuple(name for name in dict.fromkeys(args.get("fields", "").split(",")) if name)
    if unknown := [name for name in chosen if name not in may]:
        problems["fields"] = [NO_FIELD(name=name[:80]) for name in unknown[:20]]
    return chosen or may


def sortable(cls: type[Record], me: Actor) -> list[str]:
    """The fields by which somebody may sort a list of a type."""
    seen = rights.listed_fields(me, cls)
    return [name for name in ("id", *cls._fields) if name in {"id", *seen} and listing.sortable(cls, name)]


def read(cls: type[Record], me: Actor, id: str) -> Response:
    """A record as it stands, or with `at` as it was then."""
    record = rights.find(me, cls, id)
    note_reading(record, me)
    if at := request.args.get("at"):
        _refuse_closed(me, record)
        return as_json(at_version(record, me, version_at(record, moment_of(at))))
    return with_version(record_json(record, me))


def moment_of(text: str) -> dt.datetime:
    """The moment of a parameter: a day means its end in the company's zone. Raises Refused."""
    if moment := instant_in(text):
        return moment
    try:
        if ISO_DAY.fullmatch(text):
            return clock.start_of(dt.date.fromisoformat(text) + dt.timedelta(days=1)) - dt.timedelta(milliseconds=1)
    except (ValueError, OverflowError) as fault:
        raise Refused(NOT_ASKED_SO, {"at": [BAD_TIME]}) from fault
    raise Refused(NOT_ASKED_SO, {"at": [BAD_TIME]})


def _refuse_closed(me: Actor, record: Record) -> None:
    if not (verdict := rights.may_open(me, record)):
        raise Forbidden(verdict.why)


def history_of(cls: type[Record], me: Actor, id: str) -> Response:
    """The history of a record in order, so many entries at once; `after` is the number of the last one known."""
    record = rights.find(me, cls, id)
    _refuse_closed(me, record)
    rows, onward = _entries(record, {})
    return as_json({"items": entries_json(cls, rows, rights.Viewer(me, record)), "next": onward})


def comments_of(cls: type[Record], me: Actor, id: str) -> Response:
    """What people have said on a record."""
    record = rights.find(me, cls, id)
    _refuse_closed(me, record)
    rows, onward = _entries(record, {"verb": "comment"})
    items = [
        {
            "seq": row["seq"],
            "at": instant(row["at"]),
            "actor": str(row["actor"]) if row.get("actor") else None,
            "actor_name": row.get("actor_name"),
            "text": row.get("reason") or "",
        }
        for row in rows
    ]
    return as_json({"items": items, "next": onward})


def _entries(record: Record, also: dict[str, Any]) -> tuple[list[dict[str, Any]], int | None]:
    after = request.args.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 10):
        raise Refused(NOT_ASKED_SO, {"after": [BAD_CURSOR]})
    query = {"record": record.id, "seq": {"$gt": int(after)}, **also}
    rows = list(HistoryEntry._get_collection().find(query).sort("seq", 1).limit(LIMIT_MAX + 1))
    return rows[:LIMIT_MAX], rows[LIMIT_MAX - 1]["seq"] if len(rows) > LIMIT_MAX else None


def moves_of(cls: type[Record], me: Actor, id: str) -> Response:
    """The moves out of the record's state: where they lead, whether the caller may make them, and why not."""
    intent = intents.of(me, cls, id)
    flow = intent.record.flow()
    items = [_move(intent, item) for item in (flow.out_of(intent.record.state) if flow else ()) if not item.auto]
    return with_version({"version": intent.record.version, "items": items})


def _move(intent: intents.Intent[Any], item: Move) -> dict[str, Any]:
    stand = intent.standing(item)
    return {
        "verb": item.verb,
        "label": str(intent.record.flow().verb_label(item.verb)),
        "to": item.target,
        "may": bool(stand),
        "why": None if stand else str(stand.verdict.why),
        "why_url": stand.verdict.url or None,
        "asks": list(item.ask),
        "signed": bool(item.sign),
    }


def files_of(cls: type[Record], me: Actor, id: str) -> Response:
    """The files of a record that the caller may open."""
    record = rights.find(me, cls, id)
    _refuse_closed(me, record)
    return as_json({"items": [file_json(row) for row in files.files_of(record.id)]})


def file_json(row: Any) -> dict[str, Any]:
    """What is known of a file."""
    return {
        "id": str(row["_id"]),
        "name": row["name"],
        "kind": row.get("kind", ""),
        "size": row["size"],
        "sha256": row["sha256"],
        "content_type": row["content_type"],
        "at": instant(row["at"]),
        "uploaded_by": str(row["uploaded_by"]) if row.get("uploaded_by") else None,
    }


def file_of(cls: type[Record], me: Actor, id: str, file: str) -> Response:
    """A file, as its page gives it: with the reader's mark, a note in the history, and only if it may be opened."""
    fact, owner, record = files.located(file, me)
    if owner is not cls or str(record.id) != id:
        raise Missing
    return sent_file(str(fact["_id"]), me)
