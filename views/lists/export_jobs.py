"""Exports that are too long to be waited for: the page that offers to write one in the background, shows how far it is,
and gives the file out; and what writes it, in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request, stream_with_context
from mongoengine.connection import get_db
from werkzeug.datastructures import MultiDict

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.language.declare import registered
from models.services.work import exports, jobs
from models.services.work.exports import Export, Progress

from ..session import actor
from ..wording import moment, number
from . import export, layouts, listing
from .listing import ListQuery

AT_ONCE_MAX = {"csv": 100_000, "jsonl": 100_000, "xlsx": 20_000}
COUNT_LIMIT_MS = 2000
READY = L("The file is ready", "文件已生成")
WRITING = L("The file is being written", "正在生成文件")
OTHER_RIGHTS = L(
    "Your rights have changed since this file was written. Export the list again.",
    "文件生成後您的權限已變更，請重新導出。",
)
STOPPED = L("The file could not be written", "文件未能生成")


def is_long(query: ListQuery, kind: str) -> bool:
    """Whether so many rows are exported that nobody should wait for the page; what takes long to count is many."""
    most = AT_ONCE_MAX[export.ending_of(kind)]
    if query.collection.estimated_document_count() <= most:
        return False
    count = listing.counted_to(query, most + 1, COUNT_LIMIT_MS)
    return count is None or count > most


def offer(screen: Any, shown: Any, kind: str) -> Any:
    """The page that says that the list is long."""
    query = shown.query
    return screen.render(
        "record/export.html",
        declared=screen.model.declared,
        base=screen.base,
        most=number(AT_ONCE_MAX[export.ending_of(kind)]),
        kind=kind,
        ending=export.ending_of(kind),
        pairs=[pair for pair in request.args.items(multi=True) if _is_of_list(pair[0])],
        at_once="" if export.ending_of(kind) == "xlsx" else query.url(f"{screen.base}export/{kind}/", at_once="1"),
        export=None,
    )


def _is_of_list(key: str) -> bool:
    return listing.is_narrowing(key) or key in ("sort", "view", "own")


def order_answer(screen: Any, kind: str) -> Any:
    """Order that the file is written."""
    me = actor()
    pairs = [pair for pair in request.form.items(multi=True) if _is_of_list(pair[0])]
    shown = layouts.read_list(screen.model, me, MultiDict(pairs))
    export.refuse_what_has_no_room(shown.query, kind)
    item = exports.order(
        me, screen.model.type_name(), kind, locale=current_locale(), pairs=pairs, columns=shown.columns
    )
    return redirect(f"{screen.base}exported/?{urlencode({'id': str(item.id)})}")


def page_answer(screen: Any) -> Any:
    """How far an export is; the way to its file."""
    item = _chosen(screen)
    state, run = _state(item)
    return screen.render(
        "record/export.html",
        declared=screen.model.declared,
        base=screen.base,
        export=item,
        id=str(item.id),
        kind=item.format,
        ending=export.ending_of(item.format),
        state=str(state),
        is_open=item.bytes is None and run.get("state") in jobs.OPEN,
        rows=number(item.rows),
        done=(run.get("progress") or {}).get("done", 0),
        megabytes=f"{max((item.bytes or 0) / 1e6, 0.1):.1f}",
        until=moment(item.at + exports.KEPT),
    )


def progress_answer(screen: Any) -> Any:
    """How far an export is, for the bar that moves."""
    item = _chosen(screen)
    state, run = _state(item)
    done = (run.get("progress") or {}).get("done", 0)
    is_open = item.bytes is None and run.get("state") in jobs.OPEN
    answer = jsonify(done=done, total=0, state=str(state), is_open=is_open, lines=[], counts="")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def file_answer(screen: Any) -> Any:
    """The file of an export that is whole. Raises Missing."""
    item = _chosen(screen)
    if item.bytes is None:
        raise Missing
    if not exports.is_still_theirs(item, actor()):
        raise Forbidden(OTHER_RIGHTS)
    place = screen.model.declared.name
    export.log_taking(screen.model, actor(), item.format, sorted({key for key, _ in item.pairs}), place=place)
    response = Response(stream_with_context(exports.content(item)), mimetype=export.mimetype_of(item.format))
    response.headers["Content-Length"] = str(item.bytes)
    return export.named(
        response, f"{place}-{item.at.astimezone(clock.zone()):%Y-%m-%d}.{export.ending_of(item.format)}"
    )


def _chosen(screen: Any) -> Export:
    item = exports.find(request.args.get("id", ""), actor())
    if item.type != screen.model.type_name():
        raise Missing
    return item


def _state(item: Export) -> tuple[L, dict[str, Any]]:
    run = get_db()[jobs.COLLECTION].find_one({"_id": item.run}, {"state": 1, "progress": 1}) or {}
    if item.bytes is not None:
        return READY, run
    return (WRITING if run.get("state") in jobs.OPEN else STOPPED), run


def write(item: Export, me: Actor, progress: Progress) -> Iterator[bytes]:
    """The pieces of an export's file, with the rows and columns that its person may see now."""
    cls = registered()[item.type]
    query = layouts.read_list(cls, me, MultiDict(item.pairs)).query
    return export.pieces(cls, me, query, item.format, item.columns, progress)
