"""The screens of one record type, derived from its declaration: list, form, record page, moves, lookups, export.

Flask-Admin carries the views and their addresses. What its MongoEngine backend does wrong (unscoped bulk delete and
lookups, inline edit without rights, the open file endpoint, a query per reference) is overridden here, once for all.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import wtforms
from flask import abort, current_app, jsonify, redirect, request
from flask_admin import expose
from flask_admin.contrib.mongoengine import ModelView
from werkzeug.wrappers import Response as BaseResponse

from models import merging
from models.kernel.base.errors import CHANGED, Changed, Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes, intents
from models.kernel.gate.attempts import VerbAttempt, note
from models.kernel.gate.changes import Context
from models.kernel.gate.intents import Intent
from models.kernel.gate.moving import why_not
from models.kernel.gate.receipts import note_reading
from models.kernel.gate.sources import Source
from models.kernel.language.kinds.lines import LINES_LIMIT
from models.kernel.language.merging import stands_for
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.language.workflow import Move
from models.kernel.rights import kept_links, picking, rights
from models.services.files import files
from models.services.keeping import archive

from . import refusals
from .forms import deciding, merge
from .forms.drafts import DraftDoors, once_key
from .forms.inputs import form_class, form_from, form_names, input_problems, values_of
from .forms.naming import fills, read_form
from .kinds import kind_of
from .lists import listing
from .lists.endpoints import ListDoors
from .moves import CORRECTED, moved_words
from .page import attaching, beside, form_page, generating, past, record_page, replaying
from .page.endpoints import RecordDoors
from .page.merging import MERGED_MEANWHILE, MergeEndpoints, led_on
from .session import actor, own_path, say, seen_version, version_if_given
from .slots import PlainRun
from .wording import reference_labels

Answer = str | BaseResponse | tuple[str, int]

SAVED = L("Saved: {number}.", "已保存：{number}。")
CREATED = L("Created: {number}.", "已建立：{number}。")
MADE = L("Created: {count} records.", "已建立 {count} 條記錄。")
NOTHING_TO_MAKE = L("Everything that follows from this record is there already.", "後續記錄均已建立。")
REMOVED = L("{number} is in the recycle bin; it can be restored from there.", "{number} 已移至回收站，可從該處恢復。")
PUT_BACK = L("Put back to version {version}", "恢復至版本 {version}")
NO_ACCESS = L("Your roles do not include this kind of record.", "您的角色不涉及此類記錄。")
LOOKUP_MAX = 20
NOT_INLINE = rights.Verdict(False, rights.NOT_YOURS)


class RecordView(PlainRun, ListDoors, DraftDoors, RecordDoors, MergeEndpoints, ModelView):  # type: ignore[misc]
    """All screens of one record type."""

    list_template = "record/list.html"
    can_view_details = True
    form_base_class = wtforms.Form
    model: type[Record]

    def __init__(self, cls: type[Record]):
        name = cls.declared.name
        super().__init__(cls, name=name, endpoint=name, url=f"/admin/{name}")

    # What Flask-Admin would derive from the MongoEngine class comes from the declaration instead.
    def scaffold_list_columns(self) -> list[str]:
        return list(self.model.declared.grid.columns)

    def scaffold_sortable_columns(self) -> dict[str, str]:
        return {name: name for name in self.model._fields if listing.sortable(self.model, name)}

    def scaffold_form(self) -> type[wtforms.Form]:
        return form_class(self.model, ())

    def init_search(self) -> bool:
        return True

    def is_accessible(self) -> bool:
        return rights.can_open(actor(), self.model)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Answer:
        attempt = VerbAttempt(actor(), self.model, name.removesuffix("_view"), Context())
        raise refusals.refused_of(attempt, rights.Verdict(False, rights_refusal().sentence))

    @property
    def base(self) -> str:
        return f"/admin/{self.model.declared.name}/"

    def show(self, record: Record) -> str:
        """The address of a record's page."""
        return f"{self.base}details/?id={record.id}"

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """A blank form; sent twice, the first record is opened."""
        me = actor()
        intent = Intent(me, self.model)
        if not intent.verdict:
            raise refusals.refused(intent, "create", intent.verdict)
        names = form_names(self.model.declared, intent.fields)
        if request.method == "GET":
            return self.blank_form(me, names)
        form = read_form(self.model, names, request.form, me)
        values, once = values_of(form, self.model), request.form.get("once", "")[:64]
        context = Context(confirmed=bool(request.form.get("confirm")))
        key = once_key(me, once) if once else None
        try:
            intent.refuse_unread(values, input_problems(form, self.model), "create", context)
            record = changes.create(self.model, values, actor=me, context=context, once=key, intent=intent)
            merge.refuse_another_text(record, values)
        except merge.SavedBefore as refused:
            return self._form_page(form, intent, refused, once=secrets.token_urlsafe(16)), 409
        except Refused as refused:
            return self._form_page(form, intent, refused, once=once), 422
        self.forget_draft(me, once=once)
        say("good", CREATED(number=record.number))
        if request.form.get("then") == "new":
            return redirect(f"{self.base}new/")
        return redirect(self.show(record))

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Answer:
        """The form of a record; a lost race shows both versions field by field."""
        me = actor()
        try:
            intent = refusals.intent_on(me, self.model, "update")
        except Missing:
            return self._edit_merged(me)
        if not intent.verdict:
            return self._refusal_page(intent.record, refusals.refused(intent, "update", intent.verdict).sentence)
        names = form_names(self.model.declared, intent.fields)
        if request.method == "GET":
            return self.edit_form(names, intent)
        form = read_form(self.model, names, request.form, me, intent.record)
        values = values_of(form, self.model, intent.record)
        seen = seen_version(request.form.get("version"))
        try:
            intent.refuse_unread(values, input_problems(form, self.model), "update", Context())
            chosen = merge.with_choices(values, request.form, intent.record)
            context = Context(confirmed=bool(request.form.get("confirm")))
            record = changes.update(self.model, intent, chosen, actor=me, version=seen, context=context)
        except Refused as refused:
            return self._form_page(form, intent, refused, version=seen), _status(refused)
        except Changed as changed:
            merged = merge.of(self.model, changed, values_of(form, self.model), names, me)
            say("warn", CHANGED)
            shown = form_from(self.model, names, changed.current, merged.values)
            return self._form_page(shown, intents.on(me, changed.current), conflicts=merged.rows), 409
        self.forget_draft(me, record=record)
        say("good", SAVED(number=record.number))
        return redirect(self.show(record))

    def _edit_merged(self, me: Actor) -> Answer:
        """What somebody typed for a record that was merged meanwhile goes on in the form of the one that stands for it:
        what they changed there, all else as it is here. Raises Missing where it was not merged."""
        gone = merging.find_merged(me, self.model, request.values.get("id"))
        intent = intents.of(me, self.model, stands_for(self.model, gone.id))
        if not intent.verdict or request.method == "GET":
            return led_on(me, self.model, gone.id)  # type: ignore[no-any-return]
        names = form_names(self.model.declared, intent.fields)
        form = read_form(self.model, names, request.form, me, gone)
        changed = merge.changed_from(gone, values_of(form, self.model, gone))
        say("warn", MERGED_MEANWHILE(gone=gone.number, kept=intent.record.number))
        shown = form_from(self.model, names, intent.record, changed)
        return self._form_page(shown, intents.on(me, intent.record)), 409

    @expose("/details/")
    def details_view(self) -> Answer:
        """The record page: fields, state, moves, what is missing, links both ways, files, timeline."""
        me = actor()
        try:
            record = rights.find(me, self.model, request.args.get("id"))
        except Missing:
            if onward := led_on(me, self.model, request.args.get("id")):
                return onward
            archived = archive.find(me, self.model, request.args.get("id"))
            return redirect(f"/admin/archive/{self.model.declared.name}/details/?id={archived.id}")
        note_reading(record, me)
        return self.render("record/details.html", **record_page.record_context(self.model, record, me))

    @expose("/history/")
    def history_view(self) -> Answer:
        """The whole history of a record, also of one that was merged, and the record as it was at a version."""
        me = actor()
        try:
            record = rights.find(me, self.model, request.args.get("id"))
        except Missing:
            record = merging.find_merged(me, self.model, request.args.get("id"))
        if not (verdict := rights.may_open(me, record)):
            return self._refusal_page(record, verdict.why)
        query = past.ShownVersions(
            version_if_given(request.args.get("version")), version_if_given(request.args.get("with"))
        )
        return self.render("record/history.html", **past.history_context(self.model, record, me, query))

    @expose("/put_back/", methods=("POST",))
    def put_back_view(self) -> Answer:
        """Give the fields the values that they had at a version: one more change, so that nothing is lost."""
        me = actor()
        record = rights.find(me, self.model, request.form.get("id"))
        earlier = seen_version(request.form.get("version_to"))
        values = past.values_at(self.model, record, me, earlier)
        context = Context(reason=str(PUT_BACK(version=earlier)))
        seen = seen_version(request.form.get("version"))
        try:
            record = changes.update(self.model, record.id, values, actor=me, version=seen, context=context)
        except Changed:
            return self._refusal_page(record, CHANGED, 409)
        say("good", SAVED(number=record.number))
        return redirect(self.show(record))

    @expose("/move/", methods=("GET", "POST"))
    def move_view(self) -> Answer:
        """One move: its page asks for what the move asks for; the answer is made on the version that was seen."""
        me = actor()
        verb = request.values.get("verb", "")
        intent = refusals.intent_on(me, self.model, verb)
        seen = seen_version(request.values.get("version"))
        flow = intent.record.flow()
        chosen = flow.find(verb, intent.record.state) if flow else None
        if chosen is None:
            why = rights.Verdict(False, why_not(intent.record, verb, seen))
            return self._refusal_page(intent.record, refusals.refused(intent, verb, why).sentence)
        if request.method == "GET":
            return self.render("record/move.html", **self._as_seen(form_page.move_context(intent, chosen)))
        form = read_form(self.model, chosen.asked_fields, request.form, me, intent.record)
        values, reason = values_of(form, self.model, intent.record), request.form.get("reason", "")
        given = deciding.form_of(intent, chosen, request.form)
        context = Context(reason=reason, signed=_is_signed(chosen))
        try:
            unread = input_problems(form, self.model) | deciding.unread(given, chosen)
            intent.refuse_unread(values, unread, verb, context)
            values |= deciding.given(given, chosen)
            if is_correction := deciding.is_correction(intent, chosen):
                moved = changes.correct(self.model, intent, verb, values, actor=me, version=seen, context=context)
            else:
                moved = changes.move(self.model, intent, verb, actor=me, version=seen, values=values, context=context)
        except Changed as changed:
            say("warn", CHANGED)
            context_ = form_page.move_context(
                intents.on(me, changed.current), chosen, form=form, reason=reason, given=given
            )
            return self.render("record/move.html", **context_, since=merge.since(self.model, changed, me)), 409
        except Refused as refused:
            again = intents.of(me, self.model, intent.id)
            context_ = form_page.move_context(again, chosen, form=form, reason=reason, refused=refused, given=given)
            return self.render("record/move.html", **self._as_seen(context_)), _status(refused)
        say("good", CORRECTED(number=moved.number) if is_correction else moved_words(moved, verb))
        onward = own_path(request.form.get("next")) or self.show(moved)
        return jsonify(url=onward) if request.form.get("part") == "dialog" else redirect(onward)

    def _as_seen(self, context: dict[str, Any]) -> dict[str, Any]:
        """A move is of the version on the page that one came from, not of one that came in between unseen."""
        seen = version_if_given(request.values.get("version"))
        return context if seen is None else context | {"version": seen}

    @expose("/lead/", methods=("GET", "POST"))
    def lead_view(self) -> Answer:
        """Make the record that this one leads to, in one action; asked twice, the first one opens. What is made for
        many others is listed first."""
        if request.method == "GET":
            me = actor()
            record = rights.find(me, self.model, request.args.get("id"))
            return self.render("record/generate.html", **generating.context(record, request.args.get("verb", ""), me))
        verb = request.form.get("verb", "")
        made = changes.follow_up(self.model, request.form.get("id"), verb, actor=actor())
        if len(made) == 1:
            say("good", CREATED(number=made[0].number))
            return redirect(f"/admin/{made[0].type_name()}/details/?id={made[0].id}")
        say("good" if made else "info", MADE(count=len(made)) if made else NOTHING_TO_MAKE)
        return redirect(f"{self.base}details/?id={request.form.get('id')}")

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """Asks first, on a page of its own, whatever scripts do; then puts the record into the bin."""
        me = actor()
        record = rights.find(me, self.model, request.values.get("id"))
        if request.method == "GET" or not request.form.get("sure"):
            if not (verdict := rights.may_remove(me, record)):
                return self._refusal_page(record, verdict.why)
            heading, shown = record_page.heading(self.model, record), replaying.before_removal(me, record)
            return self.render("record/delete.html", **heading, replay=shown)
        seen, sure = seen_version(request.form.get("version")), Context(confirmed=True)
        try:
            changes.remove(self.model, record.id, actor=me, version=seen, context=sure)
        except Refused as refused:
            return self._refusal_page(record, refused.first)
        except Changed:
            return self._refusal_page(record, CHANGED, 409)
        say("good", REMOVED(number=record.number))
        return redirect(self.base)

    @expose("/restore/", methods=("POST",))
    def restore_view(self) -> Answer:
        record = changes.restore(self.model, request.form.get("id"), actor=actor())
        say("good", SAVED(number=record.number))
        return redirect(self.show(record))

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Answer:
        """Options of a reference picker: by name, number or pinyin initials, in the actor's scope."""
        me, field = actor(), request.args.get("field", request.args.get("name", ""))
        text = request.args.get("query", "").replace("\x00", "").strip()[:100]
        if field == "tags":
            tags = listing.tags_of(self.model, me, text)
            return jsonify(results=[{"id": tag, "label": tag, "note": ""} for tag in tags], more=False)
        link, most = self._lookup_field(field), LOOKUP_MAX + 1
        rows = (kept_links if link.is_kept_link else picking).offered(me, link, text, most)
        results = [_choice(row) for row in rows]
        return jsonify(results=results[:LOOKUP_MAX], more=len(rows) > LOOKUP_MAX)

    def _lookup_field(self, field: str) -> Any:
        """The field (or `lines.column`) that links to records; anything else is not found."""
        name, _, column = field.partition(".")
        content: Any = self.model._fields.get(name)
        if column:
            content = getattr(content, "columns", {}).get(column)
        if not getattr(content, "is_picked", False) or not rights.may_look_up(actor(), content):
            abort(404)
        return content

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """One cell of the list, through the same gate as the form."""
        me = actor()
        name = request.form.get("name", "")
        context = Context(source=Source.GRID)
        intent = refusals.intent_on(me, self.model, "update", context)
        verdict = intent.may_set(name) if name in self.model.declared.grid.inline else NOT_INLINE
        if not verdict:
            return jsonify(ok=False, message=str(refusals.refused(intent, "update", verdict, context).sentence)), 403
        field = self.model._fields[name]
        try:
            value = parse(field, request.form.get("value", ""))
            version = seen_version(request.form.get("version"))
            record = changes.update(self.model, intent, {name: value}, actor=me, version=version, context=context)
        except BadValue as bad:
            note(intent.attempt("update", context), Refused(None, {name: [bad.sentence]}))
            return jsonify(ok=False, message=str(bad.sentence)), 422
        except Refused as refused:
            said = [str(words) for problem in refused.problems.values() for words in problem] or [str(refused.sentence)]
            return jsonify(ok=False, message=" ".join(said)), _status(refused)
        except Changed:
            return jsonify(ok=False, message=str(CHANGED)), 409
        stored = record.to_mongo().to_dict()
        labels = reference_labels(self.model, [stored], [name])
        kind = kind_of(field)
        text, value = kind.plain(stored.get(name), labels), kind.typed(stored.get(name))
        return jsonify(ok=True, text=text, value=value, version=record.version)

    @expose("/compute/", methods=("POST",))
    def compute_view(self) -> Answer:
        """The computed fields of what is typed, without saving anything: live totals follow the same rules.

        `chosen` names pickers in which something was chosen just now; what it brings along comes with the answer.
        """
        me = actor()
        names = form_names(self.model.declared, rights.writable_fields(me, self.model))
        form = form_class(self.model, names)(request.form)
        brought = fills(form, dict.fromkeys(request.form.getlist("chosen")[:LINES_LIMIT]), me)
        answer = form_page.computed(form, self._in_edit(me))
        if brought.texts:
            answer["fills"] = brought.texts
        if brought.notes:
            answer["notes"] = [str(words) for words in brought.notes]
        return jsonify(answer)

    @expose("/beside/", methods=("POST",))
    def beside_view(self) -> Answer:
        """What stands beside the form, as it is filled in now."""
        lists = beside.lists_for(actor(), self.model, request.form.to_dict())
        return self.render("components/beside.html", lists=lists)

    def _in_edit(self, me: Actor) -> Intent[Record]:
        """The intent on the record that a form names, as far as its reader sees it, or on a new one."""
        try:
            return intents.of(me, self.model, request.form.get("id"))
        except Missing:
            return Intent(me, self.model)

    @expose("/attach/", methods=("POST",))
    def attach_view(self) -> Answer:
        """Store a file on a record; the limit is enforced while the file streams in."""
        return attaching.attached(self)

    attach_view.takes_files = True  # type: ignore[attr-defined]
    attach_view.stores_files = True  # type: ignore[attr-defined]

    @expose("/detach/", methods=("POST",))
    def detach_view(self) -> Answer:
        record = rights.find(actor(), self.model, request.form.get("id"))
        files.detach(request.form.get("file"), actor=actor())
        return redirect(self.show(record) + "#files")

    @expose("/help/")
    def help_view(self) -> Answer:
        """The type explained: its process as a drawing, its fields, who may do what."""
        return self.render("record/help.html", **record_page.help_context(self.model, actor()))

    @expose("/api/file/")
    def api_file_view(self) -> Answer:
        """Flask-Admin would serve any file of the database here."""
        abort(404)

    def _form_page(
        self, form: wtforms.Form, intent: Intent[Record], refused: Refused | None = None, **facts: Any
    ) -> str:
        """The form; `facts` are its entry key, the version it began with, conflicts, and drafts to go on with."""
        context = form_page.form_context(form, intent, refused)
        if facts.get("version") is None:
            facts["version"] = intent.record.version if intent.id else None
        return self.render("record/form.html", **context, **facts)

    def _refusal_page(self, record: Record, why: Any, status: int = 403) -> Answer:
        return self.render("record/refused.html", **record_page.heading(self.model, record), why=str(why)), status


def _choice(row: Mapping[str, Any]) -> dict[str, str]:
    """A record as a picker offers it."""
    number = row.get("number", "")
    return {"id": str(row["_id"]), "label": row.get("title") or number, "note": number}


def _status(refused: Refused) -> int:
    """403 where a right is missing, 422 where the input is wrong."""
    return 403 if isinstance(refused, Forbidden) else 422


def rights_refusal() -> Refused:
    return Forbidden(NO_ACCESS)


def _is_signed(chosen: Move) -> bool:
    """Whether a move is signed with it: asked for each time, however lately somebody has confirmed who they are."""
    if not chosen.sign:
        return False
    try:
        current_app.extensions["security"].require_password(actor(), request.form.get("password", ""))
    except Refused:
        return False
    return True
