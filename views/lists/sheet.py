"""Sheet mode of a list: cells typed, pasted and filled like a spreadsheet's, rehearsed by the gate, saved as one act.

The browser splits what is pasted into cells and keeps what is typed; what it means is read here, as an import reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from flask import jsonify, request

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate.acts import Context
from models.kernel.gate.attempts import VerbAttempt
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.language.working_time import calendar_of
from models.kernel.rights import rights
from models.services.imports import series, sheet_mode
from models.services.imports.sheet_mode import CONFLICT, ROWS_MAX, SAVED, TypedOutcome, TypedRow
from models.services.personal import drafts

from ..kinds import kind_of
from ..refusals import refused_of
from ..session import actor
from ..wording import reference_labels
from . import bulk_edit, layouts
from .bulk import ACTS

SHOWN_MAX = 5000
TEXT_MAX = 10_000
ONCE_MAX = 64
COUNT_DIGITS = 6
UNREADABLE = L("This could not be read; please reload the page.", "未能讀取所發送的內容，請刷新頁面。")
TOO_MANY = L(
    "At most {most} rows are saved at once, and these are {count}. Nothing was saved; save fewer rows first.",
    "一次最多保存 {most} 行，現為 {count} 行。尚未保存任何內容，請分次保存。",
)
NOT_HERE = rights.Verdict(False, rights.NOT_YOURS)


def facts_of(cls: type[Record], me: Actor, base: str) -> dict[str, Any] | None:
    """What the script of a list must know to be a sheet; None where the reader may edit no column of it."""
    names = dict(bulk_edit.offered(cls, me))
    if not names:
        return None
    return {
        "base": base,
        "columns": {name: _column(cls, name, label) for name, label in names.items()},
        "rows": ROWS_MAX,
        "shown": SHOWN_MAX,
    }


def _column(cls: type[Record], name: str, label: str) -> dict[str, Any]:
    field = cls._fields[name]
    kind = kind_of(field)
    is_said = bool(kind.offers()) or field.is_picked  # typed as it is shown; else as it stands in an input
    return {"label": label, "offers": kind.offers(), "isSaid": is_said, "isPicked": field.is_picked}


def answer(screen: Any) -> Any:
    """What would become of the typed rows, or, once that is confirmed, what did: cell by cell. Raises Refused."""
    cls, me = screen.model, actor()
    rows = _rows(cls, me, request.form.get("rows", ""))
    if not request.form.get("sure"):
        return jsonify(ok=True, rows=_in_words(cls, sheet_mode.rehearse(cls, me, rows)))
    once = request.form.get("once", "")[:ONCE_MAX]
    if not once:
        raise Refused(UNREADABLE)
    act, outcomes = sheet_mode.write(cls, me, rows, once)
    saved = sum(each.verdict == SAVED for each in outcomes)
    url = f"{ACTS}details/?id={act.id}" if act else ""
    return jsonify(ok=True, rows=_in_words(cls, outcomes), saved=saved, url=url)


def _rows(cls: type[Record], me: Actor, text: str) -> list[TypedRow]:
    """The rows that were sent. Raises Refused, and Forbidden where a cell is of a column that is not edited here."""
    given = _json(text)
    if not isinstance(given, list) or not given:
        raise Refused(UNREADABLE)
    if len(given) > ROWS_MAX:
        raise Refused(TOO_MANY(most=ROWS_MAX, count=len(given)))
    rows = {row.id: row for row in map(_row, given)}
    if not {name for row in rows.values() for name in row.cells} <= dict(bulk_edit.offered(cls, me)).keys():
        raise _forbidden(cls, me)
    return list(rows.values())


def _forbidden(cls: type[Record], me: Actor) -> Forbidden:
    return refused_of(VerbAttempt(me, cls, "update", Context(source=Source.GRID)), NOT_HERE)


def _row(given: Any) -> TypedRow:
    if not isinstance(given, Mapping):
        raise Refused(UNREADABLE)
    id, seen, cells = given.get("id"), given.get("version"), given.get("cells")
    if not isinstance(id, str) or not ObjectId.is_valid(id) or not isinstance(seen, int):
        raise Refused(UNREADABLE)
    if not isinstance(cells, Mapping) or not all(isinstance(text, str) for text in cells.values()):
        raise Refused(UNREADABLE)
    texts = {str(name): text[: TEXT_MAX + 1] for name, text in cells.items()}
    return TypedRow(ObjectId(id), seen, texts, bool(given.get("confirmed")))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise Refused(UNREADABLE) from fault


def _in_words(cls: type[Record], outcomes: list[TypedOutcome]) -> list[dict[str, Any]]:
    """Rows as the sheet shows them: the cells as they would stand, or stand now, and what is wrong with each."""
    rows = {each.row.id: each.record.to_mongo().to_dict() for each in outcomes if each.record is not None}
    names = [name for name, _ in bulk_edit.offered(cls, actor())]
    words = _SheetWords(cls, names, reference_labels(cls, rows.values(), names))
    return [words.of(each, rows.get(each.row.id)) for each in outcomes]


@dataclass(frozen=True)
class _SheetWords:
    """Turns what came of rows into what their cells show."""

    cls: type[Record]
    names: list[str]
    labels: Mapping[Any, str]

    def of(self, outcome: TypedOutcome, stored: Mapping[str, Any] | None) -> dict[str, Any]:
        """One row: of one that stands otherwise now all cells that are edited here, else those that were typed."""
        problems: dict[str, list[str]] = {}
        for name, sentence in outcome.problems:
            problems.setdefault(name if name in outcome.row.cells else "", []).append(sentence)
        is_now = outcome.verdict in (SAVED, CONFLICT)
        names = self.names if is_now else outcome.row.cells
        return {
            "id": str(outcome.row.id),
            "version": stored.get("version", 0) if stored is not None and is_now else outcome.row.seen,
            "verdict": outcome.verdict,
            "cells": {} if stored is None else {name: self._cell(name, stored.get(name)) for name in names},
            "problems": {name: " ".join(said) for name, said in problems.items()},
        }

    def _cell(self, name: str, value: Any) -> dict[str, str]:
        kind = kind_of(self.cls._fields[name])
        return {"text": kind.plain(value, self.labels), "value": kind.typed(value)}


def fill_answer(screen: Any) -> Any:
    """How a column goes on below some cells."""
    cls, me = screen.model, actor()
    name, texts = request.form.get("name", ""), _json(request.form.get("texts", ""))
    if name not in dict(bulk_edit.offered(cls, me)):
        raise _forbidden(cls, me)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts[:SHOWN_MAX]):
        raise Refused(UNREADABLE)
    text = request.form.get("count", "")
    count = int(text) if text.isascii() and text.isdecimal() and len(text) < COUNT_DIGITS else 0
    field, calendar = cls._fields[name], calendar_of(me.department)
    return jsonify(ok=True, texts=series.continued(field, texts[:SHOWN_MAX], count, calendar, clock.today()))


def draft_answer(screen: Any) -> Any:
    """What somebody has typed into the sheet of a list and not saved; sent, it is kept instead of what was kept."""
    cls, me = screen.model, actor()
    if not bulk_edit.offered(cls, me):
        raise _forbidden(cls, me)
    place = drafts.place_of(me, cls.type_name(), once=drafts.SHEET)
    if request.method == "GET":
        draft = drafts.find(place)
        at = draft.kept_at.astimezone(clock.zone()).strftime("%m-%d %H:%M") if draft else ""
        return jsonify(ok=True, at=at, rows=_json(draft.pairs[0][1]) if draft else [])
    text = request.form.get("rows", "")
    if not _json(text):
        drafts.forget(place)
        return jsonify(ok=True, at="")
    kept = drafts.keep(place, [(drafts.SHEET, text)], hint=str(cls.declared.plural))
    return jsonify(ok=True, at=kept.astimezone(clock.zone()).strftime("%H:%M"))


def rows_answer(screen: Any) -> Any:
    """The list with some of its records alone, by their ids, such as those of a draft."""
    cls, me = screen.model, actor()
    ids = [ObjectId(id) for id in request.form.getlist("id")[:ROWS_MAX] if ObjectId.is_valid(id)]
    shown = layouts.read_list(cls, me, request.args)
    scope = rights.visible(me, cls)
    query = replace(
        shown.query,
        filter={"$and": [{"_id": None} if scope is None else scope, {"_id": {"$in": ids}}]},
        cursor=None,
        size=ROWS_MAX,
    )
    return screen.list_page(replace(shown, query=query))
