"""How the gate writes one record: its fields with their history, compared with the version that was read."""

from __future__ import annotations

from typing import Any, TypeVar

from ..base.errors import Changed
from ..base.store import insert_row, update_row
from ..language.declare import derived_names
from ..language.record import Record
from ..language.steps import LOOK_AGAIN, in_steps
from . import history
from .acts import Act, entry_of
from .alike_ahead import note_held
from .by_edition import settle_editions
from .caches import forget_read
from .case_notices import tell, tell_named
from .clocks import count_clocks
from .lines import give_keys
from .outside import tell_outside
from .papers import order_papers
from .search_parts import derive
from .signing import sign
from .stored_form import difference, stamp, stored
from .uniqueness import refuse_held, refuse_taken
from .unit import Unit
from .waiting import waiting_for

R = TypeVar("R", bound=Record)


class Outdated(Exception):
    """What a page had drawn is no longer what stands: the verb begins anew with what does."""


def write_new(unit: Unit, record: Record, act: Act) -> None:
    """Write a new record and the first entry of its history."""
    give_keys(record)
    sign(record, {}, act)
    count_clocks(record)
    settle_editions(record, {})
    derive(record)
    after = stored(record)
    refuse_taken(record, {}, after, act.actor)
    if unit.is_dry:
        refuse_held(record, {}, after)
        return
    after = stamp(record, act.actor, after)
    changes = difference({}, after, but=derived_names(type(record)))
    full, record.chain = history.chained(entry_of(record, "create", changes, act), {})
    insert_row(record.type_name(), {**after, "chain": record.chain})
    unit.entries.append(full)
    unit.made.add(record.id)
    after_write(unit, record)
    tell_named(unit, record, {}, act)
    tell_outside(unit, record, full)
    order_papers(unit, record, full)


def write_change(unit: Unit, record: R, before: dict[str, Any], verb: str, act: Act) -> R:
    """Write what changed, if the record is still the one that was read, and append it to the history.

    Raises Changed, or Outdated where what was read is what a page had drawn.
    """
    give_keys(record)
    sign(record, before, act)
    count_clocks(record)
    settle_editions(record, before)
    derive(record)
    after = stored(record)
    changes = difference(before, after, verb, derived_names(type(record)))
    if not changes and verb == "update":
        return record
    refuse_taken(record, before, after, act.actor)
    if unit.is_dry:
        refuse_held(record, before, after)
        return record
    head = {"_id": record.id, "version": record.version, "chain.seq": record.chain.get("seq")}
    after = stamp(record, act.actor, after)
    entry = entry_of(record, verb, changes, act, before)
    full, record.chain = history.chained(entry, record.chain)
    after["chain"] = record.chain
    if not update_row(record.type_name(), head, _command(record, before, after)):
        raise _lost(record, head["version"], act)
    unit.entries.append(full)
    after_write(unit, record)
    tell(unit, record, full, act)
    tell_named(unit, record, before, act)
    tell_outside(unit, record, full)
    order_papers(unit, record, full)
    return record


def _command(record: Record, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The update that makes one stored form of the other."""
    command: dict[str, Any] = {"$set": {name: value for name, value in after.items() if value != before.get(name)}}
    if gone := [name for name in before if name not in after and name != "_id"]:
        command["$unset"] = dict.fromkeys(gone, "")
    if in_steps(record.declared):  # what it leads to by time is looked through anew
        command.setdefault("$unset", {})[LOOK_AGAIN] = ""
    return command


def _lost(record: Record, seen: int, act: Act) -> Exception:
    if act.is_drawn:
        return Outdated()
    return Changed(type(record)._from_son(record._get_collection().find_one({"_id": record.id})), seen)


def after_write(unit: Unit, record: Record) -> None:
    """What else follows each write: the open case as it is now, and what the process must read anew."""
    unit.cases[record.id] = waiting_for(record)
    note_held(record)
    forget_read(record.type_name())
