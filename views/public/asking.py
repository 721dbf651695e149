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

from ..forms.inputs import form_class, form_from, input_problems, values_of
from ..page.form_page import Drawing
from . import sending

THANKS = L("Thank you for your answer. You can change it here until it is closed.", "感謝您的答覆，結束前可在此修改。")
OVER = L("This can no longer be answered. Nothing was stored.", "現已不能答覆，未保存。")
OUTSIDE = Context(source=Source.PUBLIC, confirmed=True)


def may_answer(record: Record) -> bool:
    """Whether the holder of the link is asked now."""
    flow, public = record.flow(), record.declared.public
    return bool(public.asks and flow and flow.find(public.by, record.state)) and record.removed_at is None


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
    return form_from(cls, tuple(cls.declared.public.asks), record)


def typed(cls: type[Record]) -> wtforms.Form:
    """The form as it was sent."""
    return form_class(cls, tuple(cls.declared.public.asks))(request.form)


def controls(cls: type[Record], form: wtforms.Form, refused: Refused | None = None) -> list[dict[str, Any]]:
    """The controls of the form, with what is wrong with each."""
    drawing = Drawing(Intent(PUBLIC, cls), refused.problems if refused else {})
    needed = {
        name for move in cls.declared.workflow.moves if move.verb == cls.declared.public.by for name in move.require
    }
    drawn = (drawing.control(name, form[name]) for name in cls.declared.public.asks)
    return [control | {"required": control["name"] in needed} for control in drawn]


def answered(cls: type[Record], record: Record, form: wtforms.Form) -> None:
    """Take an answer. Raises Refused with every problem by field."""
    public = cls.declared.public
    sending.entry_of(f"asks:{record.id}")
    if not may_answer(record):
        raise Refused(OVER)
    if wrong := input_problems(form, cls):
        raise Refused(None, wrong)
    sending.count(f"answer:{cls.declared.name}", public.limit, public.total)
    values = values_of(form, cls)
    changes.move(cls, record.id, public.by, actor=SYSTEM, version=None, values=values, context=OUTSIDE)
