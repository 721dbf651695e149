"""One move on many rows: a rehearsal that says for each row what would happen, then the result for each row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import redirect, request

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import L
from models.kernel.gate import intents
from models.kernel.gate.changes import Context
from models.kernel.gate.intents import Intent
from models.kernel.gate.rehearsal import GONE, rehearse
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.language.workflow import REASON, Move
from models.services.work import bulk as acts
from models.services.work.bulk import Row

from ..session import actor, own_path
from . import hits as list_hits

ROWS_MAX = 500
ACTS = "/admin/batches/"
NOTHING = L("Please select rows first.", "請先選取行。")
UNKNOWN = L("This step cannot be made on several rows at once.", "此步驟不能批量辦理。")
NOT_THERE = {"number": "—", "title": "", "ok": False, "text": GONE, "url": None}


def offered(cls: type[Record]) -> list[tuple[str, str]]:
    """The moves that can be made on many rows: those that ask for no field and no signature."""
    flow = cls.declared.workflow
    moves = [m for m in flow.moves if _is_bulk(m)] if flow else []
    return list({move.verb: (move.verb, str(flow.verb_label(move.verb))) for move in moves if flow}.values())


def _is_bulk(move: Move) -> bool:
    return not (move.auto or move.by.is_system or move.sign or move.asked_fields)


def answer(view: Any) -> Any:
    """The rehearsal, or, once it is confirmed, the result. Raises Refused."""
    cls, me = view.model, actor()
    verb, hits = request.form.get("verb", ""), list_hits.all_hits(view.model, me)
    chosen = hits.row_ids(ROWS_MAX) if hits else list(dict.fromkeys(request.form.getlist("rowid")))[:ROWS_MAX]
    label = dict(offered(cls)).get(verb)
    if label is None or not chosen:
        raise Refused(NOTHING if label else UNKNOWN)
    reason = request.form.get("reason", "").strip()
    asks = _asks_reason(cls, verb)
    is_final = is_confirmed(hits) and bool(reason or not asks)
    if is_final and hits:
        act = acts.order(me, cls, verb, hits.rows, reason=reason)
        return redirect(f"{ACTS}details/?id={act.id}")
    act = acts.begin(me, cls, verb, rows_of(cls, chosen), reason=reason) if is_final else None
    rows = _carried_out(act, cls, me, rows_of(cls, chosen)) if act else _rehearsed(cls, me, chosen, verb)
    context = {
        "declared": cls.declared,
        "base": view.base,
        "back": own_path(request.form.get("back")) or view.base,
        "verb": verb,
        "label": label,
        "rows": rows,
        "asks_reason": asks,
        "reason": reason,
        "reason_missing": is_confirmed(hits) and not is_final,
        "ready": sum(row["ok"] for row in rows),
        "is_final": is_final,
        "act": f"{ACTS}details/?id={act.id}" if act else "",
        **list_hits.context_of(hits),
    }
    return view.render("record/bulk.html", **context)


def rows_of(cls: type[Record], chosen: Iterable[str]) -> list[Row]:
    """The records that ticked rows name, in the versions that were seen."""
    keys = [RecordKey.of_row(cls.declared.name, given) for given in chosen]
    return [(key.id, key.version) for key in keys if key]


def is_confirmed(hits: list_hits.Hits | None) -> bool:
    """Whether what was rehearsed is to be done: of all that a list finds, as many as were shown."""
    return bool(request.form.get("sure")) and (hits is None or hits.is_as_seen)


def _asks_reason(cls: type[Record], verb: str) -> bool:
    flow = cls.declared.workflow
    return any(move.verb == verb and REASON in move.ask for move in flow.moves) if flow else False


def _rehearsed(cls: type[Record], me: Actor, chosen: list[str], verb: str) -> list[dict[str, Any]]:
    """What would become of each row; all records are loaded by one query."""
    keys = [RecordKey.of_row(cls.declared.name, given) for given in chosen]
    known = intents.of_many(me, cls, [key.id for key in keys if key])
    context, rows = Context(source=Source.BULK), []
    with intents.looking_up_once(known.values()):
        for key, given in zip(keys, chosen, strict=True):
            if key is None or key.id not in known:
                rows.append({**NOT_THERE, "given": given})
                continue
            intent = known[key.id]
            outcome = rehearse(intent, verb, version=key.version, context=context)
            seen = intent.record.version if key.version is None else key.version
            rows.append(_row(intent, outcome.ok, str(outcome.words)) | {"given": f"{key.id}:{seen}"})
    return rows


def _carried_out(act: acts.BulkAct, cls: type[Record], me: Actor, rows: list[Row]) -> list[dict[str, Any]]:
    """What came of each row."""
    known = intents.of_many(me, cls, [id for id, _ in rows])
    return [
        _row(known[each.id], each.ok, each.text) if each.id in known else {**NOT_THERE, "given": ""}
        for each in acts.carry_out_now(act, cls, me, rows)
    ]


def _row(intent: Intent[Any], ok: bool, text: str) -> dict[str, Any]:
    url = f"/admin/{intent.cls.type_name()}/details/?id={intent.id}"
    return {"number": intent.record.number, "title": intent.record.title, "url": url, "ok": ok, "text": text}
