"""One move on many rows: a rehearsal that says for each row what would happen, then the result for each row."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask import request

from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed, Words
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.language.workflow import REASON, Move, is_met, need_label
from models.kernel.rights import rights

from ..session import actor, seen_version, version_if_given
from ..wording import state_label

ROWS_MAX = 500
NOTHING = L("Please select rows first.", "請先選取行。")
UNKNOWN = L("This step cannot be made on several rows at once.", "此步驟不能批量辦理。")
READY = L("Will become “{state}”.", "將變為「{state}」。")
COUNTED = L("Your decision will be noted.", "將記錄您的意見。")
NOT_POSSIBLE = L("Not possible while “{state}”.", "「{state}」狀態下不能辦理。")
NEEDS = L("Still needed: {items}.", "尚缺：{items}。")
DONE = L("Done: now “{state}”.", "已辦理：現為「{state}」。")
CHANGED_SINCE = L("Changed since you looked at it; nothing was done.", "在您查看後已被修改，未辦理。")
GONE = L("No longer there.", "已不存在。")


def offered(cls: type[Record]) -> list[tuple[str, str]]:
    """The moves that can be made on many rows: those that ask for no field and no signature."""
    flow = cls.declared.workflow
    moves = [m for m in flow.moves if _is_bulk(m)] if flow else []
    return list({move.verb: (move.verb, str(flow.verb_label(move.verb))) for move in moves if flow}.values())


def _is_bulk(move: Move) -> bool:
    return not (move.auto or move.by.is_system or move.sign or move.asked_fields)


def answer(view: Any) -> Any:
    """The rehearsal, or, once it is confirmed, the result."""
    cls = view.model
    verb = request.form.get("verb", "")
    chosen = list(dict.fromkeys(request.form.getlist("rowid")))[:ROWS_MAX]
    label = dict(offered(cls)).get(verb)
    if label is None or not chosen:
        raise Refused(NOTHING if label else UNKNOWN)
    reason = request.form.get("reason", "").strip()
    asks = _asks_reason(cls, verb)
    is_final = bool(request.form.get("sure")) and (reason or not asks)
    rows = [_row(cls, one, verb, actor(), reason, is_final) for one in chosen]
    context = {
        "told": cls.declared,
        "base": view.base,
        "verb": verb,
        "label": label,
        "rows": rows,
        "asks_reason": asks,
        "reason": reason,
        "reason_missing": bool(request.form.get("sure")) and not is_final,
        "ready": sum(row["ok"] for row in rows),
        "is_final": is_final,
    }
    return view.render("record/bulk.html", **context)


def _asks_reason(cls: type[Record], verb: str) -> bool:
    flow = cls.declared.workflow
    return any(move.verb == verb and REASON in move.ask for move in flow.moves) if flow else False


def _row(cls: type[Record], given: str, verb: str, me: Actor, reason: str, is_final: bool) -> dict[str, Any]:
    """One row of the rehearsal or of the result; `given` is `id` or `id:version`."""
    id, _, seen = given.partition(":")
    version = version_if_given(seen or None)
    try:
        record = rights.find(me, cls, id)
    except Missing:
        return {"number": "—", "title": "", "ok": False, "text": str(GONE), "given": given, "url": None}
    row = {
        "number": record.number,
        "title": record.title,
        "url": f"/admin/{record.type_name()}/details/?id={record.id}",
    }
    if is_final:
        ok, words = make(cls, record.id, verb, me, seen_version(seen), Context(source=Source.BULK, reason=reason))
    else:
        ok, words = rehearse(record, verb, me)
        version = version if version is not None else record.version
    return {**row, "ok": ok, "text": str(words), "given": f"{id}:{version}"}


def rehearse(record: Record, verb: str, me: Actor) -> tuple[bool, Words]:
    """Whether a move could be made now, and what it would lead to or lacks."""
    flow = record.flow()
    move = flow.find(verb, record.state) if flow else None
    if flow is None or move is None or (move.when and not move.when(record)):
        return False, NOT_POSSIBLE(state=state_label(type(record), record.state))
    stand = rights.standing(me, record, move)
    if not stand:
        return False, stand.verdict.why
    missing = [need_label(type(record), need) for need in move.require if not is_met(record, need)]
    if missing:
        return False, NEEDS(items=Listed(tuple(missing)))
    quorum = move.by.quorum(record)
    filled = rights.filled_slots(record, move) | ({stand.slot.key} if stand.slot else set())
    if move.is_decision and not move.single and not quorum.is_complete(filled):
        return True, COUNTED()
    return True, READY(state=flow.labels[move.target])


def make(cls: type[Record], id: ObjectId, verb: str, me: Actor, version: int, context: Context) -> tuple[bool, Words]:
    """Make one of several moves: whether it was made, and what came of it or stood against it."""
    try:
        done = changes.move(cls, id, verb, actor=me, version=version, context=context)
    except Changed:
        return False, CHANGED_SINCE
    except Missing:
        return False, GONE
    except Refused as refused:
        found = [words for words_ in refused.problems.values() for words in words_]
        return False, found[0] if found else refused.sentence
    return True, DONE(state=state_label(cls, done.state))
