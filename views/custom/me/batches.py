"""What somebody has done to many records at once is a screen of its own because such acts are no records: each is
listed for thirty days, with its progress, what was refused, and the way to take it back whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import jsonify, redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed, Words
from models.kernel.gate import batches, intents
from models.kernel.gate.batches import AT_ONCE_MAX, BACK, UPDATE
from models.kernel.language.fields import label_of
from models.kernel.language.glossary import GATE_VERBS
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.work import bulk, jobs
from models.services.work.bulk import LISTED_MAX, REFUSED_SHOWN, BulkAct
from views import wording
from views.running import STATES, counts_of, progress_of, state_of
from views.session import actor, catalogue
from views.slots import CustomView

SHOWN = 100
SET_FIELD = L("Set: {field}", "設置：{field}")
BACK_OF = L("Taken back: {what}", "撤銷：{what}")
UNKNOWN = L("of a type that is no more", "已不存在的類型")
WILL_GO_BACK = L("Will be as before.", "將恢復原狀。")
NOTHING_LEFT = L("Nothing of it was done, so there is nothing to take back.", "未修改任何記錄，無需撤銷。")
UNFINISHED = L("Not finished", "未完成")
STILL_RUNNING = L("It is still being carried out; please wait until it has ended.", "尚在執行，請待其結束後再撤銷。")


def views(_catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [BatchesView(name="batches", endpoint="batches", url="/admin/batches")]


class BatchesView(CustomView):
    """One's own acts on many records; nobody sees or takes back another's."""

    @expose("/")
    def index(self) -> str:
        """The acts of the last thirty days, the newest first."""
        acts = bulk.of_person(actor())
        rows = _in_words(acts[:LISTED_MAX])
        return self.render("custom/batches.html", rows=rows, is_cut=len(acts) > LISTED_MAX, most=LISTED_MAX)

    @expose("/details/")
    def details(self) -> str:
        """One act: how far it is, what was refused, what takes it back."""
        me = actor()
        act = bulk.find(request.args.get("id", ""), me)
        run = _runs_of([act]).get(act.run)
        refused = bulk.refused_rows(act)
        return self.render(
            "custom/batch.html",
            act=_in_words([act])[0],
            progress=progress_of(run) if run else None,
            counts=counts_of(run) if run else "",
            done=batches.count_of(act.id, me),
            refused=_named(me, act, {each.id: each.text for each in refused[:REFUSED_SHOWN]}),
            is_cut=len(refused) > REFUSED_SHOWN,
            most=REFUSED_SHOWN,
            back=_link(bulk.undone_by(act)),
            of=_link(bulk.load(act.undoes) if act.undoes else None),
        )

    @expose("/progress/")
    def progress(self) -> Any:
        """How far an act is, for the bar that moves."""
        act = bulk.find(request.args.get("id", ""), actor())
        run = _runs_of([act]).get(act.run)
        if run is None:
            raise Missing
        answer = jsonify(**progress_of(run), **state_of(run), counts=counts_of(run), lines=[])
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/go_on/", methods=("POST",))
    def go_on(self) -> Any:
        """Carry out the rest of an act that broke off."""
        me = actor()
        act = bulk.find(request.form.get("id", ""), me)
        if act.run is None and bulk.unfinished([act]):
            bulk.go_on(act, me)
        return redirect(f"/admin/batches/details/?id={act.id}")

    @expose("/take_back/", methods=("POST",))
    def take_back(self) -> Any:
        """What taking an act back would do to each of its records, or, once it is confirmed, what it did."""
        me = actor()
        act = bulk.find(request.form.get("id", ""), me)
        cls = _type_of(act)
        run = _runs_of([act]).get(act.run)
        if run and run["state"] in jobs.OPEN:
            raise Refused(STILL_RUNNING)
        rows = bulk.rows_to_undo(act)
        if cls is None or not rows:
            raise Refused(NOTHING_LEFT)
        is_final = bool(request.form.get("sure"))
        if is_final and len(rows) > AT_ONCE_MAX:
            return redirect(f"/admin/batches/details/?id={bulk.order(me, cls, BACK, rows, undoes=act.id).id}")
        if is_final:
            back = bulk.begin(me, cls, BACK, rows, undoes=act.id)
            shown = [(each.id, each.ok, each.text) for each in bulk.carry_out_now(back, cls, me, rows)]
        else:
            shown = _rehearsed(act, cls, me)
        names = _named(me, act, {id: text for id, _, text in shown})
        good = {id for id, ok, _ in shown if ok}
        lines = [row | {"ok": row["id"] in good} for row in names]
        ready, total = len(good), len(rows)
        facts = {"act": _in_words([act])[0], "rows": lines, "ready": ready, "total": total, "is_final": is_final}
        return self.render("custom/batch_back.html", **facts)


def _rehearsed(act: BulkAct, cls: type[Record], me: Actor) -> list[tuple[ObjectId, bool, str]]:
    """What taking back the first rows of an act would do."""
    entries = batches.entries_of(act.type, act.id, me, most=SHOWN)
    known = intents.of_many(me, cls, [entry["record"] for entry in entries])
    result = []
    for entry in entries:
        intent = known.get(entry["record"])
        why = bulk.rehearsed_back(intent, entry) if intent else bulk.GONE
        result.append((entry["record"], why is None, str(why or WILL_GO_BACK)))
    return result


def _runs_of(acts: list[BulkAct]) -> dict[Any, dict[str, Any]]:
    ids = [act.run for act in acts if act.run]
    rows = get_db()[jobs.COLLECTION].find({"_id": {"$in": ids}}, {"checkpoint": 0, "log": 0}) if ids else ()
    return {row["_id"]: row for row in rows}


def _type_of(act: BulkAct) -> type[Record] | None:
    return catalogue().get(act.type)


def _in_words(acts: list[BulkAct]) -> list[dict[str, Any]]:
    """Acts in words: three queries, whatever their number."""
    runs, unfinished = _runs_of(acts), bulk.unfinished(acts)
    firsts = bulk.load_many(act.undoes for act in acts if act.undoes)
    return [_facts(act, runs.get(act.run), firsts.get(act.undoes), act.id in unfinished) for act in acts]


def _facts(act: BulkAct, run: Mapping[str, Any] | None, first: BulkAct | None, is_unfinished: bool) -> dict[str, Any]:
    """An act in words: when, what, of which type, how many rows, in which state; `first` is what it takes back."""
    cls = _type_of(act)
    is_unfinished = run is None and is_unfinished
    label, tone = (UNFINISHED, "wait") if is_unfinished else STATES[jobs.DONE]
    state = state_of(run) if run else {"state": str(label), "tone": tone, "is_open": False}
    return {
        "id": act.id,
        "when": wording.moment(act.at),
        "kind": cls.declared.plural if cls else UNKNOWN,
        "list": f"/admin/{act.type}/" if cls else "",
        "what": _said(act, cls, first),
        "value": act.value,
        "reason": act.reason,
        "rows": act.rows,
        "is_unfinished": is_unfinished,
        "url": f"/admin/batches/details/?id={act.id}",
        **state,
    }


def _said(act: BulkAct, cls: type[Record] | None, first: BulkAct | None = None) -> Words:
    """What was done, in words."""
    if act.verb == UPDATE:
        fields = {name: cls._fields.get(name) if cls else None for name in act.field.split()}
        return SET_FIELD(field=Listed(tuple(label_of(item) if item else name for name, item in fields.items())))
    if act.verb == BACK:
        return BACK_OF(what=_said(first, cls)) if first and first.verb != BACK else GATE_VERBS[BACK]
    flow = cls.declared.workflow if cls else None
    return flow.verb_label(act.verb) if flow and act.verb in flow.verbs() else L(act.verb, act.verb)


def _link(act: BulkAct | None) -> dict[str, Any] | None:
    return {"url": f"/admin/batches/details/?id={act.id}", "when": wording.moment(act.at)} if act else None


def _named(me: Actor, act: BulkAct, texts: Mapping[ObjectId, str]) -> list[dict[str, Any]]:
    """Rows with the titles of those records that the reader may see."""
    cls = _type_of(act)
    seen = {row["_id"]: row for row in rights.find_rows(me, cls, list(texts))} if cls and texts else {}
    return [
        {
            "id": id,
            "text": text,
            "title": wording.title_of(cls, seen[id]) if cls and id in seen else "—",
            "url": f"/admin/{act.type}/details/?id={id}" if id in seen else "",
        }
        for id, text in texts.items()
    ]
