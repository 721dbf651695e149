"""Work that somebody orders at once from the page of a record: the order and the entry in its history are one write."""

from __future__ import annotations

from bson import ObjectId

from models.kernel.base.people import Actor
from models.kernel.gate import changes
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.record import Record

from . import jobs
from .jobs import Order

RUN_NOW = "run_now"


def order_now(record: Record, order: Order, *, actor: Actor) -> ObjectId:
    """Order a run that concerns a record and note it there, both or neither; what is ordered again under its key is the
    first run, and is not noted again. Returns the id of the run."""

    def body(_unit: Unit) -> ObjectId:
        if order.once and (known := jobs.ordered(order.once)):
            return known
        changes.note(type(record), record.id, RUN_NOW, actor=actor)
        return jobs.enqueue(order)

    return in_transaction(body)
