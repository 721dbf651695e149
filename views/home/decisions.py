"""Decisions on open cases without opening them: yes or no on one row or several, each on the version that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import jsonify, redirect, request

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate.changes import REASON_NEEDED, Context
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.rights import rights

from .. import wording
from ..frame import waiting_counts
from ..lists import bulk
from ..session import actor, asks_for_json, own_path, say, seen_version
from .cases import NO, YES, decision_move

CASES_MAX = 100
INBOX = "/admin/inbox/"
NOTHING = L("Please select cases first.", "請先選取事項。")
NO_SUCH = L("In its present state this cannot be decided here; open it.", "目前狀態下不能在這裏審批，請打開記錄。")
DONE = L("{done} of {count} decided.", "已辦理 {done} 項，共 {count} 項。")


def answer(view: Any) -> Any:
    """The result for each case; for several, first a page that says what would happen, unless a script has asked."""
    one, kind = request.form.get("one", ""), request.form.get("decision", "")
    if one:
        kind, _, given = one.partition(" ")
        chosen = [given]
    else:
        chosen = list(dict.fromkeys(request.form.getlist("case")))[:CASES_MAX]
    if kind not in (YES, NO) or not chosen:
        raise Refused(NOTHING)
    me, reason = actor(), request.form.get("reason", "").strip()
    lacks_reason = kind == NO and not reason
    is_final = bool(one or request.form.get("sure")) and not lacks_reason
    rows = [_row(view.catalogue, given, kind, me, reason, is_final) for given in chosen]
    if asks_for_json():
        return _for_script(rows, lacks_reason, me)
    if one and lacks_reason:
        return redirect(f"{rows[0]['move_url']}&next={quote(_back())}" if rows[0]["move_url"] else _back())
    if one:
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
    told = [{name: row[name] for name in ("given", "number", "ok", "text")} for row in rows]
    message = rows[0]["text"] if len(rows) == 1 else str(DONE(done=done, count=len(rows)))
    decisions, waits = waiting_counts(me)
    now = {"decisions": decisions, "types": waits}
    return jsonify(ok=done == len(rows), message=message, rows=told, waiting=now), 200 if done == len(rows) else 422


def _row(
    catalogue: Mapping[str, type[Record]], given: str, kind: str, me: Actor, reason: str, is_final: bool
) -> dict[str, Any]:
    """One case: what would happen, or what came of it. `given` is `type:id:version`."""
    row: dict[str, Any] = {"given": given, "number": "—", "title": "", "url": None, "move_url": None}
    name, _, rest = given.partition(":")
    id, _, seen = rest.partition(":")
    try:
        record = rights.find(me, catalogue[name], id)
    except (KeyError, Missing):
        return row | {"ok": False, "text": str(bulk.GONE)}
    row |= {"number": record.number, "title": record.title, "url": f"/admin/{name}/details/?id={record.id}"}
    flow = record.flow()
    move = decision_move(flow, record.state, kind)
    if flow is None or move is None:
        return row | {"ok": False, "text": str(NO_SUCH)}
    row["move_url"] = f"/admin/{name}/move/?id={record.id}&verb={move.verb}"
    ok: bool
    words: Words
    if is_final:
        context = Context(source=Source.INBOX, reason=reason)
        ok, words = bulk.make(type(record), record.id, move.verb, me, seen_version(seen), context)
    else:
        ok, words = bulk.rehearse(record, move.verb, me)
    return row | {"ok": ok, "text": str(words), "label": flow.verb_label(move.verb)}


def _back() -> str:
    """Where the decision was given: home or inbox."""
    return own_path(request.form.get("next")) or INBOX
