"""What one change leaves behind: the stored fields and their difference, the history entry, the open case, notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..base import clock, people
from ..base.people import Actor
from ..base.search import FORM, search_fields
from ..base.titles import short_title
from ..base.words import L, Words
from ..language import working_time
from ..language.record import Record
from ..language.who import ApproverSlot
from ..language.workflow import Move
from ..rights import rights
from . import notices
from .causes import VersionCause
from .notices import NoticeKind
from .sources import Source
from .unit import Unit
from .waiting import waiting_for

WAITS = L("{number} {title} waits for your decision.", "{number} {title} 等待您審批。")
RESULT = L("{number} {title}: {move}, now “{state}”.", "{number} {title}：{move}，現為「{state}」。")
RESULT_WITH_REASON = L(
    "{number} {title}: {move}, now “{state}”. Reason: {reason}",
    "{number} {title}：{move}，現為「{state}」。原因：{reason}",
)
_UNTRACKED = frozenset(
    {"_id", "version", "updated_at", "updated_by", "chain", "s", "g", "sv", "title", "due_at", "flow_version"}
)


@dataclass(frozen=True)
class Context:
    """How a change comes in: through which channel, why, and in which batch. `confirmed` overrides doubts."""

    source: Source = Source.FORM
    reason: str = ""
    batch: str = ""
    confirmed: bool = False
    signed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", Source(self.source))


@dataclass(frozen=True)
class Act:
    """By whom a change is made and how it comes in; `face` is the colleague for whom a deputy acts."""

    actor: Actor
    context: Context
    principal: Actor | None = None


def stored(record: Record) -> dict[str, Any]:
    """The record as it is kept, without computed search parts: what is compared, and what history remembers."""
    return {key: value for key, value in record.to_mongo().to_dict().items() if value is not None}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changed fields with their old and new stored values."""
    names = [name for name in {**before, **after} if name not in _UNTRACKED]
    return [
        {"field": name, "old": before.get(name), "new": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]


def stamp(record: Record, actor: Actor, after: dict[str, Any]) -> dict[str, Any]:
    """Count the version up and say who and when, on the record and in the fields that will be stored."""
    record.version += 1
    record.updated_at = clock.now()
    record._data["updated_by"] = actor.id
    stamps = {"version": record.version, "updated_at": record.updated_at, "updated_by": actor.id}
    return {name: value for name, value in {**after, **stamps}.items() if value is not None}


def derive(record: Record) -> None:
    """Fill the title and the search parts from the record's own fields."""
    told = record.declared
    words = {name: _plain(record, name) for name in told.title_fields}
    record.title = " ".join(told.title.format(**words).split())[:400] or record.number
    parts = search_parts(record)
    record.s, record.g, record.sv = parts["s"], parts["g"], parts["sv"]


def search_parts(record: Record) -> dict[str, Any]:
    """What a record is found by: its number, the short fields that its list searches, its tags; and in which form."""
    texts = [record.number or "", *(_plain(record, name) for name in _own(type(record))), *(record.tags or [])]
    return {**search_fields(texts), "sv": search_form(type(record))}


def search_form(cls: type[Record]) -> str:
    """The form of the search parts of a type: how texts fold, and which of its fields count."""
    return f"{FORM}:{','.join(_own(cls))}"


def _own(cls: type[Record]) -> list[str]:
    return [name for name in cls.declared.grid.search if "." not in name]


def _plain(record: Record, name: str) -> str:
    value = getattr(record, name, None)
    return "" if value is None else record._fields[name].found_by(value)


def entry_of(
    record: Record, verb: str, changes: list[dict[str, Any]], act: Act, state_from: str | None = None
) -> dict[str, Any]:
    actor, context, principal = act.actor, act.context, act.principal
    is_deputy = principal is not None and principal.id != actor.id
    moved = state_from is not None and state_from != record.state
    return {
        "type": record.type_name(),
        "record": record.id,
        "version": record.version,
        "at": clock.now(),
        "actor": actor.id,
        "actor_name": actor.name,
        "acting_for": principal.id if is_deputy and principal else None,
        "acting_for_name": principal.name if is_deputy and principal else None,
        "door": context.source.value,
        "verb": verb,
        "state_from": state_from if moved else None,
        "state_to": record.state if moved or verb == "create" else None,
        "changes": changes,
        "reason": context.reason or None,
        "batch": context.batch or None,
    }


def after_write(unit: Unit, record: Record) -> None:
    unit.cases[record.id] = waiting_for(record)
    forget_read(record.type_name())


def forget_read(name: str) -> None:
    """What the process remembers of a type is read anew, since a record of it was written, or its writing undone."""
    if name == "department":
        people.forget_departments()
    elif name == "calendar_day":
        working_time.forget_calendar()


def tell(unit: Unit, record: Record, entry: dict[str, Any], act: Act) -> None:
    """Tell those who must decide next, and the owner of a decision by somebody else; who was asked to decide before the
    record left its state is asked no more."""
    if unit.quiet or not entry["state_to"]:
        return
    if entry["state_from"]:
        unit.settle(VersionCause.beginning(record.type_name(), record.id), NoticeKind.DECISION)
    case = waiting_for(record)
    if case and case["decide"]:
        deciders = [one for one in people.people_at(case["decide"]) if one not in case["barred"]]
        notify(unit, record, deciders, NoticeKind.DECISION, WAITS(number=record.number, title=short_title(record)))
    owners = {record.ref("owner"), record.ref("submitted_by")} - {None, act.actor.id}
    flow = record.flow()
    if owners and flow and entry["verb"] in flow.verbs():
        places = {
            "number": record.number,
            "title": short_title(record),
            "move": flow.verb_label(entry["verb"]),
            "state": rights.state_word(record),
        }
        words = RESULT_WITH_REASON(**places, reason=act.context.reason) if act.context.reason else RESULT(**places)
        notify(unit, record, list(owners), NoticeKind.RESULT, words)


def notify(unit: Unit, record: Record, to: list[Any], kind: NoticeKind, words: Words) -> None:
    cause = VersionCause(record.type_name(), record.id, record.version, NoticeKind(kind).value)
    for person in to:
        unit.notify(notices.notice_for(person, cause=cause, kind=kind, words=words, record=record))


def decision_of(record: Record, chosen: Move, slot: ApproverSlot, act: Act) -> dict[str, Any]:
    return {
        "verb": chosen.verb,
        "seat": slot.key,
        "user": act.actor.id,
        "for": act.principal.id if act.principal and act.principal.id != act.actor.id else None,
        "at": clock.now(),
        "version": record.version,
        "comment": act.context.reason,
    }
