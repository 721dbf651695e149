"""One value for many rows: first what would change, then the result for each row, and the way to take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask import redirect, request

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import L, Words
from models.kernel.gate import intents
from models.kernel.gate.intents import Intent
from models.kernel.gate.rehearsal import GONE
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.services.work import bulk as acts

from ..kinds import kind_of
from ..session import actor, own_path
from ..wording import reference_labels
from . import hits as list_hits
from .bulk import ACTS, NOTHING, ROWS_MAX, is_confirmed, rows_of

NO_FIELD = L("This field cannot be set for several rows at once.", "此字段不能批量設置。")
WILL_CHANGE = L("Will be changed.", "將被修改。")
TAKING_BACK = L("Take back", "撤銷")


def offered(cls: type[Record], me: Actor) -> list[tuple[str, str]]:
    """The fields that may be set for many rows: those that are edited in place, as far as the actor may set them."""
    writable = rights.writable_fields(me, cls) if rights.is_writer(me, cls) else frozenset()
    return [(name, str(label_of(cls._fields[name]))) for name in cls.declared.grid.inline if name in writable]


def answer(screen: Any) -> Any:
    """The page that asks for the value and shows the rows, or, once it is confirmed, the result. Raises Refused."""
    cls, me, form = screen.model, actor(), request.form
    name, hits = form.get("field", ""), list_hits.all_hits(cls, me)
    given = hits.row_ids(ROWS_MAX) if hits else dict.fromkeys(form.getlist("rowid")[:ROWS_MAX])
    chosen = [RecordKey.of_row(cls.declared.name, row) for row in given]
    if name not in dict(offered(cls, me)):
        raise Refused(NO_FIELD)
    if not chosen:
        raise Refused(NOTHING)
    known = intents.of_many(me, cls, [key.id for key in chosen if key])
    if not is_confirmed(hits):
        return _page(screen, name, _rehearsed(cls, name, chosen, known), **list_hits.context_of(hits))
    try:
        parse(cls._fields[name], form.get("value", ""))
    except BadValue as bad:
        error = {"error": str(bad.sentence), **list_hits.context_of(hits)}
        return _page(screen, name, _rehearsed(cls, name, chosen, known), **error), 422
    facts = {"field": name, "value": form.get("value", "")}
    if hits:
        return redirect(f"{ACTS}details/?id={acts.order(me, cls, acts.UPDATE, hits.rows, **facts).id}")
    act = acts.begin(me, cls, acts.UPDATE, rows_of(cls, given), **facts)
    return _page(screen, name, _carried_out(act, cls, me, rows_of(cls, given), known), batch=act.id, is_final=True)


def take_back(screen: Any) -> Any:
    """Take back what one set for many rows; the result for each."""
    cls, me = screen.model, actor()
    first = acts.find(request.form.get("batch", "")[:40], me)
    rows = acts.rows_to_undo(first)
    if first.type != cls.declared.name or not rows:
        raise Missing
    if len(rows) > ROWS_MAX:
        return redirect(f"{ACTS}details/?id={first.id}")
    act, known = acts.begin(me, cls, acts.BACK, rows, undoes=first.id), intents.of_many(me, cls, [id for id, _ in rows])
    return _page(screen, "", _carried_out(act, cls, me, rows, known), is_final=True)


def _carried_out(
    act: acts.BulkAct,
    cls: type[Record],
    me: Actor,
    rows: Sequence[acts.Row],
    known: Mapping[ObjectId, Intent[Record]],
) -> list[dict[str, Any]]:
    """What came of each row."""
    return [_row(known.get(each.id), each.ok, each.text) for each in acts.carry_out_now(act, cls, me, rows)]


def _page(screen: Any, name: str, rows: list[dict[str, Any]], **facts: Any) -> str:
    cls = screen.model
    field = cls._fields.get(name)
    context = {
        "declared": cls.declared,
        "base": screen.base,
        "field": name,
        "label": label_of(field) if field else TAKING_BACK,
        "kind": kind_of(field).inline if field else "",
        "choices": kind_of(field).options() if field else [],
        "value": request.form.get("value", ""),
        "rows": rows,
        "ready": sum(row["ok"] for row in rows),
        "back": own_path(request.form.get("back")) or screen.base,
        "is_final": False,
        "error": "",
        "batch": "",
        **list_hits.context_of(None),
    }
    return screen.render("record/set.html", **(context | facts))


def _rehearsed(
    cls: type[Record], name: str, chosen: list[RecordKey | None], known: Mapping[ObjectId, Intent[Record]]
) -> list[dict[str, Any]]:
    """What would happen to each row."""
    held = {id: intent.record.to_mongo() for id, intent in known.items()}
    labels = reference_labels(cls, held.values(), [name])
    rows = []
    for key in chosen:
        if key is None or key.id not in known:
            rows.append(_row(None, False, GONE))
            continue
        verdict = known[key.id].may_set(name)
        now = kind_of(cls._fields[name]).plain(held[key.id].get(name), labels)
        row = _row(known[key.id], bool(verdict), WILL_CHANGE if verdict else verdict.why)
        rows.append(row | {"before": now, "given": f"{key.id}:{key.seen}"})
    return rows


def _row(intent: Intent[Record] | None, ok: bool, words: Words | str) -> dict[str, Any]:
    record = intent.record if intent else None
    url = f"/admin/{record.type_name()}/details/?id={record.id}" if record else None
    number = (record.title or record.number) if record else "—"
    return {"number": number, "url": url, "ok": ok, "text": str(words), "given": "", "before": ""}
