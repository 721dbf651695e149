"""Decisions on open cases without opening them: yes or no on one row or several, each on the version that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

from bson import ObjectId
from flask import jsonify, redirect, request

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import L
from models.kernel.gate import intents
from models.kernel.gate.changes import Context
from models.kernel.gate.intents import Intent
from models.kernel.gate.moving import REASON_NEEDED
from models.kernel.gate.rehearsal import GONE, make, rehearse
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record

from .. import wording
from ..frame import own_business
from ..session import actor, asks_for_json, own_path, say
from .cases import DONE as FINISHED
from .cases import NO, YES, decision_move

CASES_MAX = 100
INBOX = "/admin/inbox/"
NOT_THERE = {"number": "—", "title": "", "url": None, "move_url": None, "ok": False, "text": GONE}
NOTHING = L("Please select cases first.", "請先選取事項。")
NO_SUCH = L("In its present state this cannot be decided here; open it.", "目前狀態下不能在這裏審批，請打開記錄。")
DONE = L("{done} of {count} decided.", "已辦理 {done} 項，共 {count} 項。")


def answer(view: Any) -> Any:
    """The result for each case; for several, first a page that says what would happen, unless a script has asked."""
    item, kind = request.form.get("one", ""), request.form.get("decision", "")
    if item:
        kind, _, given = item.partition(" ")
        chosen = [given]
    else:
        chosen = list(dict.fromkeys(request.form.getlist("case")))[:CASES_MAX]
    if kind not in (YES, NO, FINISHED) or not chosen:
        raise Refused(NOTHING)
    me, reason = actor(), request.form.get("reason", "").strip()
    lacks_reason = kind == NO and not reason
    is_final = bool(item or request.form.get("sure")) and not lacks_reason
    made = Context(source=Source.INBOX, reason=reason) if is_final else None
    rows = _rows(view.catalogue, chosen, kind, me, made)
    if asks_for_json():
        return _for_script(rows, lacks_reason, me)
    if item and lacks_reason:
        return redirect(f"{rows[0]['move_url']}&next={quote(_back())}" if rows[0]["move_url"] else _back())
    if item:
        say("good" if rows[0]["ok"] else "bad", f"{rows[0]['number']}{wording.t(': ', '：')}{rows[0]['text']}")
        return redirect(_back())
    return view.render(
        "decide.html",
        rows=rows,
        kind=kind,
        reason=reason,
        asks_reason=kind == NO,
        reason_missing=bool(request.form.get("sure")) and lacks_reason,
        ready=sum(row["ok"] for row in rows),
        is_final=is_final,
        next=_back(),
    )


def _for_script(rows: list[dict[str, Any]], lacks_reason: bool, me: Actor) -> Any:
    """The result of each case, and what waits now: the frame of the page counts it."""
    if lacks_reason:
        return jsonify(ok=False, message=str(REASON_NEEDED)), 422
    done = sum(row["ok"] for row in rows)
    lines = [{name: row[name] for name in ("given", "number", "ok")} | {"text": str(row["text"])} for row in rows]
    message = str(rows[0]["text"]) if len(rows) == 1 else str(DONE(done=done, count=len(rows)))
    own = own_business(me)
    now = {"decisions": own.decisions, "types": own.waits}
    return jsonify(ok=done == len(rows), message=message, rows=lines, waiting=now), 200 if done == len(rows) else 422


def _rows(
    catalogue: Mapping[str, type[Record]], chosen: list[str], kind: str, me: Actor, made: Context | None
) -> list[dict[str, Any]]:
    """The cases: what would happen while nothing is `made`, or what came of each; one query for each type."""
    keys = [RecordKey.parse(given) for given in chosen]
    ids: dict[str, list[ObjectId]] = {}
    for key in keys:
        if key and key.type in catalogue:
            ids.setdefault(key.type, []).append(key.id)
    known = {id: item for name, some in ids.items() for id, item in intents.of_many(me, catalogue[name], some).items()}
    with intents.looking_up_once(known.values()) if made is None else nullcontext():
        return [
            {"given": given, **(_row(known[key.id], key, kind, made) if key and key.id in known else NOT_THERE)}
            for given, key in zip(chosen, keys, strict=True)
        ]


def _row(intent: Intent[Any], key: RecordKey, kind: str, made: Context | None) -> dict[str, Any]:
    """One case: what would happen, or what came of it."""
    record, base = intent.record, f"/admin/{key.type}/"
    row = {"number": record.number, "title": record.title, "url": f"{base}details/?id={record.id}", "move_url": None}
    flow = record.flow()
    move = decision_move(flow, record.state, kind)
    if flow is None or move is None:
        return row | {"ok": False, "text": str(NO_SUCH)}
    if made is not None:
        outcome = make(intent, move.verb, version=key.seen, context=made)
    else:
        outcome = rehearse(intent, move.verb, version=key.version, context=Context(source=Source.INBOX))
    url = f"{base}move/?id={record.id}&verb={move.verb}"
    label = flow.verb_label(move.verb)
    return row | {"ok": outcome.ok, "text": str(outcome.words), "label": label, "move_url": url}


def _back() -> str:
    """Where the decision was given: home or inbox."""
    return own_path(request.form.get("next")) or INBOX
