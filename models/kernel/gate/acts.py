"""By whom a change is made and how it comes in, and what the history and the decisions of a record keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.people import Actor
from ..base.words import HANT, Words
from ..language.record import Record
from ..language.who import ApproverSlot
from ..language.workflow import Move
from .entry_facts import facts_now
from .sources import Source


@dataclass(frozen=True)
class Context:
    """How a change comes in: from which source, why, and in which batch; `undoes` names the batch that it takes back.
    `confirmed` overrides warnings; `exact`: the lines of others are not kept beside one's own, so that whoever looked
    at another version changes nothing."""

    source: Source = Source.FORM
    reason: str = ""
    batch: str = ""
    undoes: str = ""
    confirmed: bool = False
    signed: bool = False
    exact: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", Source(self.source))


@dataclass(frozen=True)
class Act:
    """By whom a change is made and how it comes in; `principal` is the colleague for whom a deputy acts, `in_place_of`
    those in whose place a superior decides, and `is_drawn` says that the record was loaded for a page, before the
    transaction began. `line`: the key of what was given with a decision. `waived`: the rule that asks for a pass which
    they have not, and which nobody who could decide had."""

    actor: Actor
    context: Context
    principal: Actor | None = None
    is_drawn: bool = False
    in_place_of: Words | None = None
    line: str = ""
    waived: ObjectId | None = None


def entry_of(
    record: Record, verb: str, changes: list[dict[str, Any]], act: Act, before: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """What the history says of a change: by whom and how, from what to what, and under which circumstances. `before`:
    the stored fields that a change of the record began with."""
    actor, context, state_from = act.actor, act.context, before.get("state")
    principal = act.principal if act.principal is not None and act.principal.id != actor.id else None
    moved = state_from is not None and state_from != record.state
    return {
        "type": record.type_name(),
        "record": record.id,
        "version": record.version,
        "at": clock.now(),
        "actor": actor.id,
        "actor_name": actor.name,
        "acting_for": principal.id if principal else None,
        "acting_for_name": _on_behalf(act, principal),
        "door": context.source.value,
        "verb": verb,
        "state_from": state_from if moved else None,
        "state_to": record.state if moved or verb == "create" else None,
        "changes": changes,
        "reason": context.reason or None,
        "batch": context.batch or None,
        "undoes": context.undoes or None,
        "waived": act.waived,
        **facts_now(record, verb, actor, principal, before),
    }


def _on_behalf(act: Act, principal: Actor | None) -> str | None:
    """On whose behalf somebody acts: a colleague, or a place at which nobody was, in the company's language."""
    names = [principal.name] if principal else []
    if act.in_place_of:
        names.append(act.in_place_of.in_locale(HANT))
    return "、".join(names) or None


def decision_of(record: Record, chosen: Move, slot: ApproverSlot, act: Act) -> dict[str, Any]:
    """What a record keeps of a decision."""
    return ({"line": act.line} if act.line else {}) | {
        "verb": chosen.verb,
        "seat": slot.key,
        "user": act.actor.id,
        "for": act.principal.id if act.principal and act.principal.id != act.actor.id else None,
        "at": clock.now(),
        "version": record.version,
        "comment": act.context.reason,
    }
