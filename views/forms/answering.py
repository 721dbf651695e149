"""Which questions the inputs of answers in a form ask: those of the linked record, where the reader sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wtforms
from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.gate.answering import questions_for
from models.kernel.gate.intents import Intent
from models.kernel.language.questions.question import Question
from models.kernel.language.record import Record
from models.kernel.rights import rights


def bind_questions(form: wtforms.Form, intent: Intent[Record]) -> None:
    """Give every input of answers the questions that it asks."""
    for name, entry in form._fields.items():
        if entry.field.answers_to:
            entry.questions = _questions(name, entry.field, form, intent)


def _questions(name: str, field: Any, form: wtforms.Form, intent: Intent[Record]) -> Sequence[Question]:
    link = field.answers_to.partition(".")[0]
    if intent.id is not None:
        return questions_for(intent.cls, field, intent.record.ref(link), intent.record.raw(name))
    chosen = form._fields[link].data if link in form._fields else None
    if isinstance(chosen, ObjectId) and _is_seen(intent.actor, intent.cls._fields[link].target, chosen):
        return questions_for(intent.cls, field, chosen, None)
    return ()


def _is_seen(me: Actor, target: str, id: ObjectId) -> bool:
    try:
        rights.find_row(me, get_document(target), id)
    except Missing:
        return False
    return True
