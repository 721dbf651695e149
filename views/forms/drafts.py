"""Unsaved work: the door at which forms keep what is typed, the offer to go on with it, and its list for home."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from bson import ObjectId
from flask import jsonify, redirect, request
from flask_admin import expose
from werkzeug.datastructures import MultiDict

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import intents
from models.kernel.gate.intents import Intent
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.services.personal import drafts
from models.services.personal.drafts import Draft

from ..session import actor, say, version_if_given
from ..wording import ago, moment
from .inputs import copied_from, form_from, form_names, presets_of
from .naming import fills, read_form

OFFERED_MAX = 3
HOME_MAX = 8
JUST_SAVED = dt.timedelta(seconds=15)
GONE = L("This draft is no longer there.", "此草稿已不存在。")
DISCARDED = L("The draft was discarded.", "草稿已放棄。")
CONTINUED = L(
    "This is your unsaved work of {at}. Nothing of it is saved until you press Save.",
    "這是您 {at} 未保存的內容，點擊「保存」後才會生效。",
)
CHANGED_SINCE = L(
    "The record was changed since; when you save, both versions are shown side by side.",
    "記錄此後已被修改；保存時將並列顯示兩個版本。",
)
COPIED = L(
    "This is a copy of {number} and is not saved yet. Files and dates that have passed were left out.",
    "此為 {number} 的副本，尚未保存；附件與已過的日期未複製。",
)
NEW_ONE = L("New: {label}", "新建：{label}")
EDITED = L("Edit: {title}", "修改：{title}")
IN_SHEET = L("In the sheet: {label}", "表格：{label}")


def once_key(me: Actor, once: str) -> str:
    """The entry key of a new form of a person."""
    return f"form:{me.id}:{once}"


class DraftDoors:
    """What a record view answers about drafts. Mixed into the screens of a type."""

    model: type[Record]
    base: str
    _form_page: Callable[..., str]

    def blank_form(self, me: Actor, names: tuple[str, ...]) -> str:
        """The form of a new record: the draft or copy that is asked for, or a blank one that offers what is unsaved."""
        if once := request.args.get("draft", ""):
            if draft := drafts.find(drafts.place_of(me, self.model.type_name(), once=once)):
                return self._continued(draft, names, Intent(me, self.model), once=once)
            say("warn", GONE)
        values = presets_of(self.model, names, request.args)
        if copied := request.args.get("copy"):
            record = rights.find(me, self.model, copied)
            if not (verdict := rights.may_open(me, record)):
                raise Forbidden(verdict.why)
            seen = rights.readable_fields(me, self.model, record)
            values |= copied_from(record, [name for name in names if name in seen])
            say("info", COPIED(number=record.number))
        form = form_from(self.model, names, None, values)
        if handed := [name for name in names if name in request.args]:
            brought = fills(form, handed, me).texts
            form = form_from(self.model, names, None, values | _presets(self.model, brought))
        offers = [offer(draft) for draft in _own(me, self.model) if draft.place.is_form]
        once = secrets.token_urlsafe(16)
        is_begun = bool(copied) or not request.args.keys().isdisjoint(names)
        return self._form_page(form, Intent(me, self.model), once=once, offers=offers[:OFFERED_MAX], is_begun=is_begun)

    def edit_form(self, names: tuple[str, ...], intent: Intent[Record]) -> str:
        """The form of a record as it stands, offering unsaved work on it, or that work when it is asked for."""
        me, record = intent.actor, intent.record
        if request.args.get("draft"):
            if draft := drafts.find(drafts.place_of(me, self.model.type_name(), record=record.id)):
                return self._continued(draft, names, intent, version=draft.version)
            say("warn", GONE)
        own = [draft for draft in _own(me, self.model) if draft.place.record == record.id]
        offers = [offer(draft, is_old=draft.version != record.version) for draft in own]
        return self._form_page(form_from(self.model, names, record), intent, offers=offers)

    def _continued(self, draft: Draft, names: tuple[str, ...], intent: Intent[Record], **facts: Any) -> str:
        record = intent.record if intent.id is not None else None
        form = read_form(self.model, names, MultiDict(draft.pairs), actor(), record)
        say("info", CONTINUED(at=moment(draft.kept_at)))
        if intent.id is not None and draft.version != intent.record.version:
            say("warn", CHANGED_SINCE)
        return self._form_page(form, intent, is_draft=True, **facts)

    @expose("/draft/", methods=("POST",))
    def keep_draft(self) -> Any:
        """Keep what stands in a form, every few seconds while somebody types. A form as it was opened keeps nothing."""
        me, once = actor(), request.form.get("once", "")[:64]
        id = request.form.get("id")
        intent = intents.of(me, self.model, id) if id else Intent(me, self.model)
        record = intent.record if id else None
        if not intent.verdict or not (record or once):
            raise Forbidden(rights.NOT_YOURS if intent.verdict else intent.verdict.why)
        place = drafts.place_of(me, self.model.type_name(), record=record.id if record else None, once=once)
        if request.form.get("is_blank") or self._is_saved(me, record, once):
            drafts.forget(place)
            return jsonify(ok=True, at="")
        names = form_names(self.model.declared, intent.fields)
        pairs = typed_pairs(names, request.form)
        kept = drafts.keep(
            place, pairs, version=version_if_given(request.form.get("version") or None), hint=hint_of(self.model, pairs)
        )
        return jsonify(ok=True, at=kept.astimezone(clock.zone()).strftime("%H:%M"))

    def _is_saved(self, me: Actor, record: Record | None, once: str) -> bool:
        """Whether the form was saved while this was on its way."""
        if record is None:
            return self.model._get_collection().find_one({"once": once_key(me, once)}, {"_id": 1}) is not None
        is_mine = record.ref("updated_by") == me.id and record.version != version_if_given(
            request.form.get("version") or None
        )
        return is_mine and clock.now() - record.updated_at < JUST_SAVED

    @expose("/draft/discard/", methods=("POST",))
    def discard_draft(self) -> Any:
        """Throw a draft away; back to the form, or to the home page from where it was asked."""
        me, id = actor(), request.form.get("id", "")
        record = ObjectId(id) if ObjectId.is_valid(id) else None
        drafts.forget(
            drafts.place_of(me, self.model.type_name(), record=record, once=request.form.get("once", "")[:64])
        )
        say("good", DISCARDED)
        if request.form.get("next") == "home":
            return redirect("/admin/")
        return redirect(f"{self.base}edit/?id={record}" if record else f"{self.base}new/")

    def forget_draft(self, me: Actor, *, record: Record | None = None, once: str = "") -> None:
        """A form that was saved has no draft any more."""
        drafts.forget(drafts.place_of(me, self.model.type_name(), record=record.id if record else None, once=once))


def _presets(cls: type[Record], texts: Mapping[str, str]) -> dict[str, Any]:
    """What texts mean that chosen records bring along, by field; what cannot be read is left empty."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        with suppress(BadValue):
            values[name] = parse(cls._fields[name], text)
    return values


def _own(me: Actor, cls: type[Record]) -> list[Draft]:
    return drafts.drafts_of(me, types=[cls.type_name()], most=drafts.PER_PERSON_MAX)


def typed_pairs(names: tuple[str, ...], form: MultiDict[str, str]) -> drafts.Pairs:
    """The inputs of the form's own fields, in order; anything else that was posted (tokens, a password) is left out."""
    own = set(names)
    return [(name, value) for name, value in form.items(multi=True) if re.split("[-.]", name, maxsplit=1)[0] in own]


def hint_of(cls: type[Record], pairs: drafts.Pairs) -> str:
    """A few typed words by which a person knows a draft again: the first text of the form."""
    for name, value in pairs:
        field = cls._fields.get(name)
        if getattr(field, "is_text", False) and field.is_indexable and value.strip():
            return value.strip()
    return ""


def offer(draft: Draft, *, is_old: bool = False) -> dict[str, Any]:
    """A draft as a form or the home page offers it: when, what, where to go on, and what discards it."""
    base = f"/admin/{draft.place.type}/"
    id, once = draft.place.record, draft.place.name.removeprefix(drafts.NEW)
    new_url = f"{base}?sheet=1" if draft.place.is_sheet else f"{base}new/?draft={once}"
    return {
        "at": moment(draft.kept_at),
        "ago": ago(draft.kept_at),
        "hint": draft.hint,
        "is_old": is_old,
        "url": f"{base}edit/?id={id}&draft=1" if id else new_url,
        "discard": f"{base}draft/discard/",
        "id": str(id) if id else "",
        "once": "" if id else once,
    }


def unsaved(me: Actor, catalogue: Mapping[str, type[Record]]) -> list[dict[str, Any]]:
    """The unsaved work of a person for the home page: one query, and one more for each type with a record in edit."""
    mine = [draft for draft in drafts.drafts_of(me, most=HOME_MAX) if draft.place.type in catalogue]
    titles = _titles(me, mine, catalogue)
    rows = []
    for draft in mine:
        content, record = catalogue[draft.place.type].declared, draft.place.record
        if record is not None and record not in titles:
            continue
        words = IN_SHEET if draft.place.is_sheet else NEW_ONE
        label = EDITED(title=titles[record]) if record else words(label=content.label)
        rows.append({"label": label, "kind": content.label, **offer(draft)})
    return rows


def _titles(me: Actor, mine: list[Draft], catalogue: Mapping[str, type[Record]]) -> dict[ObjectId, str]:
    """The titles of the edited records that the person may still read."""
    query: dict[str, list[ObjectId]] = {}
    for draft in mine:
        if draft.place.record is not None:
            query.setdefault(draft.place.type, []).append(draft.place.record)
    result: dict[ObjectId, str] = {}
    for name, ids in query.items():
        scope = rights.visible(me, catalogue[name])
        rows = catalogue[name]._get_collection().find({"_id": {"$in": ids}, **(scope or {})}, {"title": 1, "number": 1})
        result |= {row["_id"]: row.get("title") or row["number"] for row in rows} if scope is not None else {}
    return result
