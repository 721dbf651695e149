"""What the holder of a public link is asked on its page: a form of declared fields, taken by a button alone."""

from __future__ import annotations

from typing import Any

import wtforms
from flask import request

from models.kernel.base.errors import Changed, Refused
from models.kernel.base.people import PUBLIC, SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.acts import Context
from models.kernel.gate.intents import Intent
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.language.workflow import Move

from ..forms.inputs import form_class, form_from, input_problems, values_of
from ..page.form_page import Drawing
from . import sending

THANKS = L("Thank you for your answer. You can change it here until it is closed.", "感謝您的答覆，結束前可在此修改。")
OVER = L("This can no longer be answered. Nothing was stored.", "現已不能答覆，未保存。")
OUTSIDE = Context(source=Source.PUBLIC, confirmed=True)


def may_answer(record: Record) -> bool:
    """Whether the holder of the link is asked now."""
    return _asking(record) is not None and record.removed_at is None


def asked_of(record: Record) -> tuple[str, ...]:
    """The fields that the holder of the link fills in now."""
    move = _asking(record)
    return record.declared.public.asked_by(move) if move else ()


def _asking(record: Record) -> Move | None:
    return record.declared.public.asking(record.flow(), record.state)


def note_opened(cls: type[Record], record: Record) -> Record:
    """Note once that the page was opened; no more follows from it, since a program may have opened it."""
    flow, verb = record.flow(), record.declared.public.seen
    if not verb or flow is None or flow.find(verb, record.state) is None:
        return record
    try:
        return changes.move(cls, record.id, verb, actor=SYSTEM, version=None, context=OUTSIDE)
    except (Refused, Changed):  # somebody opened it at the same moment
        return record


def blank(cls: type[Record], record: Record) -> wtforms.Form:
    """The form with what was answered so far."""
    return form_from(cls, asked_of(record), record)


def typed(cls: type[Record], record: Record) -> wtforms.Form:
    """The form as it was sent."""
    return form_class(cls, asked_of(record))(request.form)


def controls(record: Record, form: wtforms.Form, refused: Refused | None = None) -> list[dict[str, Any]]:
    """The controls of the form, with what is wrong with each."""
    drawing = Drawing(Intent(PUBLIC, type(record)), refused.problems if refused else {})
    move = _asking(record)
    needed = set(move.require) if move else set()
    drawn = (drawing.control(name, form[name]) for name in asked_of(record))
    return [control | {"required": control["name"] in needed} for control in drawn]


def answered(cls: type[Record], record: Record, form: wtforms.Form) -> None:
    """Take an answer. Raises Refused with every problem by field."""
    public = cls.declared.public
    sending.entry_of(f"asks:{record.id}")
    move = _asking(record)
    if move is None or not may_answer(record):
        raise Refused(OVER)
    if wrong := input_problems(form, cls):
        raise Refused(None, wrong)
    sending.count(f"answer:{cls.declared.name}", public.limit, public.total)
    values = values_of(form, cls)
    changes.move(cls, record.id, move.verb, actor=SYSTEM, version=None, values=values, context=OUTSIDE)
