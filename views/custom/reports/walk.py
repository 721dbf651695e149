"""A list that is filled one line after the other by keys, what each is about beside it: a form shows all at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bson import ObjectId
from flask import abort, redirect, request
from flask_admin import BaseView, expose
from mongoengine.base import get_document

from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.page.record_page import heading, parts_of
from views.session import actor, catalogue
from views.slots import ANY, CustomView, Link, on_record_page
from views.wording import reference_labels

WALK = L("One after the other", "逐項錄入")
SECONDS_MAX = 8 * 3600


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(_list_of(cls) for cls in catalogue.values())
    return [WalkView(name="walk", endpoint="walk", url="/admin/walk")] if known else []


def _list_of(cls: type[Record]) -> str:
    """The list of a type that is filled so; empty: it has none."""
    lists = (name for name, field in cls.declared.own_fields.items() if getattr(field, "walk", None))
    return next(lists, "")


def _may(me: Actor, record: Record) -> bool:
    name = _list_of(type(record))
    return bool(name) and bool(rights.may_set(me, record, name)) and bool(left_of(record, name))


@on_record_page(ANY)
def _offer(me: Actor, record: Record) -> Link | None:
    return Link(WALK, f"/admin/walk/{record.type_name()}/?id={record.id}") if _may(me, record) else None


def left_of(record: Record, name: str) -> list[ObjectId]:
    """What has no line yet, in order."""
    walk = record.declared.own_fields[name].walk
    had = {line.ref(walk.link) for line in record.raw(name) or ()}
    return [id for id in record.ids_at(walk.over) if id not in had]


class WalkView(CustomView):
    """The next thing that has no line yet, with a button and a key for each answer."""

    @expose("/")
    def index(self) -> Any:
        """There is no page without a record."""
        return redirect("/admin/")

    @expose("/<type_name>/")
    def following(self, type_name: str) -> Any:
        """What comes next, or the record where nothing is left."""
        return self._page(_asked_for(type_name))

    @expose("/<type_name>/", methods=("POST",))
    def add(self, type_name: str) -> Any:
        """Add the line of an answer through the gate; what is refused is said, and what was typed stays."""
        record = _asked_for(type_name)
        name = _list_of(type(record))
        try:
            line = _line(record, name)
            lines = [*(record.raw(name) or ()), line]
            changes.update(type(record), record.id, {name: lines}, actor=actor(), version=record.version)
        except Refused as refused:
            said = [words for some in refused.problems.values() for words in some]
            return self._page(record, said or [refused]), 422
        except Changed:
            return self._page(_asked_for(type_name)), 409
        return redirect(f"/admin/walk/{type_name}/?id={record.id}")

    def _page(self, record: Record, problems: Any = ()) -> Any:
        name = _list_of(type(record))
        field = record.declared.own_fields[name]
        left = left_of(record, name)
        if not left:
            return redirect(f"/admin/{record.type_name()}/details/?id={record.id}")
        named = request.form.get("item") or request.args.get("item") or ""
        at = next((id for id in left if str(id) == named), left[0])
        item: Any = rights.find(actor(), get_document(field.columns[field.walk.link].target), at)
        document = stored(item)
        labels = reference_labels(type(item), [document], list(references_of(type(item))))
        rest = left[left.index(at) + 1 :] or left[:1]
        return self.render(
            "custom/walk.html",
            **heading(type(record), record),
            item=item,
            item_url=f"/admin/{item.type_name()}/details/?id={item.id}",
            parts_=parts_of(type(item), document, labels, rights.Viewer(actor(), item)),
            options=list(field.columns[field.walk.choice].options.items()),
            has_note=bool(field.walk.note),
            note=request.form.get("note", ""),
            left=len(left),
            skip=f"/admin/walk/{record.type_name()}/?id={record.id}&item={rest[0]}",
            began=int(time.time()),
            problems=problems,
        )


def _asked_for(type_name: str) -> Record:
    cls = catalogue().get(type_name)
    if cls is None or not _list_of(cls):
        abort(404)
    record = rights.find(actor(), cls, request.values.get("id", ""))
    if not (verdict := rights.may_set(actor(), record, _list_of(cls))):
        raise Refused(verdict.why)
    return record


def _line(record: Record, name: str) -> Any:
    """The line that was sent. Raises Missing for what is not left to be answered."""
    field = record.declared.own_fields[name]
    walk, item = field.walk, request.form.get("item", "")
    if item not in {str(id) for id in left_of(record, name)}:
        raise Missing
    values: dict[str, Any] = {walk.link: ObjectId(item), walk.choice: request.form.get("choice", "")}
    if walk.note:
        values[walk.note] = request.form.get("note", "").strip() or None
    began = request.form.get("began", "")
    if walk.seconds and began.isdecimal() and 0 <= (took := int(time.time()) - int(began[:12])) < SECONDS_MAX:
        values[walk.seconds] = Decimal(took)
    return field.field.document_type(**values)
