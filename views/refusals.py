"""What a page refuses before it asks the gate, written down like what the gate refuses, where something was sent."""

from __future__ import annotations

from typing import Any

from flask import request

from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.gate import intents
from models.kernel.gate.acts import Context
from models.kernel.gate.attempts import VerbAttempt, note, noting
from models.kernel.gate.intents import Intent
from models.kernel.language.record import Record
from models.kernel.rights.rights import Verdict

FORM = Context()


def intent_on(me: Actor, cls: type[Record], verb: str, context: Context = FORM) -> Intent[Any]:
    """The intent on the record that the request names. Raises Missing."""
    id = request.values.get("id")
    if request.method != "POST":
        return intents.of(me, cls, id)
    with noting(VerbAttempt(me, cls, verb, context, id)):
        return intents.of(me, cls, id)


def refused(intent: Intent[Any], verb: str, verdict: Verdict, context: Context = FORM) -> Forbidden:
    """The refusal of what the reader sent, or wishes to begin."""
    return refused_of(intent.attempt(verb, context), verdict)


def refused_of(attempt: VerbAttempt, verdict: Verdict) -> Forbidden:
    """The same, where no record is concerned."""
    refusal = Forbidden(verdict.why)
    if request.method == "POST":
        note(attempt, refusal)
    return refusal
