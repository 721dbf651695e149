"""One value for many rows: first what would change, then the result for each row, and the way to take it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from bson import ObjectId
from flask import request

from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate import batches, changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights

from ..kinds import kind_of
from ..session import actor, own_path, seen_version
from ..wording import reference_labels
from .bulk import CHANGED_SINCE, GONE, NOTHING, ROWS_MAX

NO_FIELD = L("This field cannot be set for several rows at once.", "此字段不能批量設置。")
WILL_CHANGE = L("Will be changed.", "將被修改。")
SET = L("Changed.", "已修改。")
BACK = L("Taken back.", "已撤銷。")
TAKING_BACK = L("Take back", "撤銷")


def offered(cls: type[Record], me: Actor) -> list[tuple[str, str]]:
    """The fields that may be set for many rows: those that are edited in place, as far as the actor may set them."""
    writable = rights.writable_fields(me, cls) if rights.is_writer(me, cls) else frozenset()
    return [(name, str(label_of(cls._fields[name]))) for name in cls.declared.grid.inline if name in writable]


def answer(screen: Any) -> Any:
    """The page that asks for the value and shows the rows, or, once it is confirmed, the result."""
    cls, me, form = screen.model, actor(), request.form
    name = form.get("field", "")
    chosen = dict(_chosen(one) for one in form.getlist("rowid")[:ROWS_MAX])
    if name not in dict(offered(cls, me)):
        raise Refused(NO_FIELD)
    if not chosen:
        raise Refused(NOTHING)
    known = _known(cls, me, chosen)
    if not form.get("sure"):
        return _page(screen, name, _rehearsed(cls, me, name, chosen, known))
    try:
        value = parse(cls._fields[name], form.get("value", ""))
    except BadValue as bad:
        return _page(screen, name, _rehearsed(cls, me, name, chosen, known), error=str(bad.sentence)), 422
    context = Context(source=Source.BULK, batch=changes.new_batch())
    rows = [
        _done(
            known.get(id), SET, partial(changes.update, cls, id, {name: value}, actor=me, version=seen, context=context)
        )
        for id, seen in chosen.items()
    ]
    return _page(screen, name, rows, batch=context.batch, is_final=True)


def take_back(screen: Any) -> Any:
    """Take back what one set for many rows; the result for each."""
    cls, me, batch = screen.model, actor(), request.form.get("batch", "")[:40]
    entries = batches.entries_of(cls.declared.name, batch, me) if batch else []
    if not entries:
        raise Missing
    known, anew = _known(cls, me, [entry["record"] for entry in entries]), changes.new_batch()
    rows = [
        _done(known.get(entry["record"]), BACK, partial(batches.take_back, cls, entry, me, anew)) for entry in entries
    ]
    return _page(screen, "", rows, is_final=True)


def _chosen(given: str) -> tuple[ObjectId, int]:
    """A row as the list sends it: its id, and the version that was seen."""
    id, _, seen = given.partition(":")
    return (ObjectId(id) if ObjectId.is_valid(id) else ObjectId(), seen_version(seen))


def _known(cls: type[Record], me: Actor, ids: Iterable[ObjectId]) -> dict[ObjectId, Record]:
    """Those of these records that the actor may see: one query."""
    scope = rights.visible(me, cls)
    if scope is None:
        return {}
    found = cls._get_collection().find({"$and": [scope, {"_id": {"$in": list(ids)}}]})
    return {row["_id"]: cls._from_son(row) for row in found}


def _page(screen: Any, name: str, rows: list[dict[str, Any]], **facts: Any) -> str:
    cls = screen.model
    told = cls._fields.get(name)
    context = {
        "told": cls.declared,
        "base": screen.base,
        "field": name,
        "label": label_of(told) if told else TAKING_BACK,
        "kind": kind_of(told).inline if told else "",
        "choices": kind_of(told).options() if told else [],
        "value": request.form.get("value", ""),
        "rows": rows,
        "ready": sum(row["ok"] for row in rows),
        "back": own_path(request.form.get("back")) or screen.base,
        "is_final": False,
        "error": "",
        "batch": "",
    }
    return screen.render("record/set.html", **(context | facts))


def _rehearsed(
    cls: type[Record], me: Actor, name: str, chosen: dict[ObjectId, int], known: dict[ObjectId, Record]
) -> list[dict[str, Any]]:
    """What would happen to each row."""
    stored = {id: record.to_mongo() for id, record in known.items()}
    labels = reference_labels(cls, stored.values(), [name])
    rows = []
    for id, seen in chosen.items():
        record = known.get(id)
        if record is None:
            rows.append(_row(None, False, GONE))
            continue
        verdict = rights.may_update(me, record)
        may = bool(verdict) and name in rights.writable_fields(me, cls, record)
        words = WILL_CHANGE if may else (verdict.why if not verdict else rights.NOT_YOURS)
        now = kind_of(cls._fields[name]).plain(stored[id].get(name), labels)
        rows.append(_row(record, may, words) | {"before": now, "given": f"{id}:{seen}"})
    return rows


def _done(record: Record | None, words: Words, work: Callable[[], object]) -> dict[str, Any]:
    """The result of one row."""
    try:
        work()
    except Changed:
        return _row(record, False, CHANGED_SINCE)
    except Missing:
        return _row(None, False, GONE)
    except Refused as refused:
        said = [one for found in refused.problems.values() for one in found]
        return _row(record, False, said[0] if said else refused.sentence)
    return _row(record, True, words)


def _row(record: Record | None, ok: bool, words: Words) -> dict[str, Any]:
    url = f"/admin/{record.type_name()}/details/?id={record.id}" if record else None
    number = (record.title or record.number) if record else "—"
    return {"number": number, "url": url, "ok": ok, "text": str(words), "given": "", "before": ""}
