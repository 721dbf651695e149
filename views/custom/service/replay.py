"""A replay over the last year is of no one record: its screen shows what other limits or calendars would have done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import request
from flask_admin import BaseView, expose
from werkzeug.utils import redirect

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.people import Actor, Role
from models.kernel.gate import intents, replays
from models.kernel.gate.intents import Intent
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views import session
from views.forms.inputs import form_from, input_problems, values_of
from views.forms.naming import read_form
from views.page.form_page import Drawing
from views.page.replaying import TITLE, ReplayedPage, context_of
from views.session import actor
from views.slots import ANY, CustomView, Link, on_record_page

DIGITS_MAX = 6  # of a number in an address


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(cls.declared.replayed for cls in catalogue.values())
    return [ReplayView(name="replay", endpoint="replay", url="/admin/replay")] if known else []


def may_replay(me: Actor) -> bool:
    """Heads, IT and personnel, who change tables and calendars; IT is shown figures, and no tickets."""
    may = {Role.HEAD, Role.IT, Role.HR}
    return any(not principal.roles.isdisjoint(may) for principal in me.represented())


@on_record_page(ANY)
def _of_record(me: Actor, record: Record) -> Link | None:
    if record.declared.replayed is None or not may_replay(me):
        return None
    return Link(TITLE, f"/admin/replay/?type={record.type_name()}&id={record.id}")


class ReplayView(CustomView):
    """What a table or a calendar would have made of the last year. Nothing but the replay itself is written."""

    def is_accessible(self) -> bool:
        return may_replay(actor())

    @expose("/")
    def index(self) -> Any:
        """The replay of a record as it stands, or the one that is named, with a form to try other values."""
        me = _reader()
        cls, record = _chosen(me, request.args)
        row = replays.kept(request.args["key"]) if "key" in request.args else replays.standing(record).row
        if row is not None and row["type"] != cls.type_name():
            raise Missing
        values = (row or {}).get("values", {})
        tried = {name: cls.fields_of()[name].to_python(values[name]) for name in cls.declared.replayed.fields if values}
        return self._page(me, record, row, form_from(cls, cls.declared.replayed.fields, record, tried))

    @expose("/", methods=("POST",))
    def ask(self) -> Any:
        """Order the replay of the values that are sent, or of the record as it stands."""
        me = _reader()
        cls, record = _chosen(me, request.form)
        names = cls.declared.replayed.fields
        form = read_form(cls, names, request.form, me, record if record.number else None)
        if problems := input_problems(form, cls):
            first = next(words for some in problems.values() for words in some)
            return self._page(me, record, None, form, str(first)), 422
        for name, value in values_of(form, cls, record if record.number else None).items():
            record.put(name, value)
        if request.form.get("removed") and record.number:
            record.removed_at = clock.now()
        faults = [words for path, words in record.check() if path in names]
        if faults:
            return self._page(me, record, None, form, str(faults[0])), 422
        key = replays.ask(record, replays.values_of(record), me)
        return redirect(f"/admin/replay/?type={cls.type_name()}&id={record.id if record.number else ''}&key={key}")

    def _page(self, me: Actor, record: Record, row: Any, form: Any, problem: str = "") -> Any:
        cls = type(record)
        intent = intents.on(me, record) if record.number else Intent(me, cls)
        drawing = Drawing(intent, {})
        base = f"/admin/{cls.type_name()}/"
        return self.render(
            "custom/replay.html",
            declared=cls.declared,
            record=record,
            url=f"{base}details/?id={record.id}" if record.number else base,
            controls_=[drawing.control(name, form[name]) for name in cls.declared.replayed.fields if name in form],
            problem=problem,
            **context_of(me, cls, row, _asked_page()),
        )


def _asked_page() -> ReplayedPage:
    """The page of records that an address names; nonsense names the first."""
    part, number = (
        int(text) if text.isdecimal() and len(text) < DIGITS_MAX else 0
        for text in (request.args.get("part", ""), request.args.get("page", ""))
    )
    return ReplayedPage(part, request.args.get("of", ""), number)


def _reader() -> Actor:
    me = actor()
    if not may_replay(me):
        raise Forbidden(rights.NOT_YOURS)
    return me


def _chosen(me: Actor, given: Mapping[str, str]) -> tuple[type[Record], Record]:
    """The type, and the record that is asked for or an empty one."""
    cls = session.catalogue().get(given.get("type", ""))
    if cls is None or cls.declared.replayed is None:
        raise Missing
    return cls, rights.find(me, cls, given["id"]) if given.get("id") else cls(id=ObjectId())
