"""Notices that follow a move: to those who must decide next, and to the owner of what somebody else has decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongoengine.base import get_document

from ..base import people
from ..base.people import Role
from ..base.titles import short_title
from ..base.words import L, Words
from ..language.record import Record
from ..language.workflow import Move
from ..rights import rights
from ..rights.qualified import Lack
from . import notices
from .acts import Act
from .causes import AlarmCause, Rest, VersionCause
from .notices import NoticeKind
from .unit import Unit
from .waiting import rank_in, rank_of

WAITS = L("{number} {title} waits for your decision.", "{number} {title} 等待您審批。")
RESULT = L("{number} {title}: {move}, now “{state}”.", "{number} {title}：{move}，現為「{state}」。")
RESULT_WITH_REASON = L(
    "{number} {title}: {move}, now “{state}”. Reason: {reason}",
    "{number} {title}：{move}，現為「{state}」。原因：{reason}",
)
GIVEN = L("{who} has named you in {kind} {number} {title}.", "{who} 在{kind} {number} {title} 中指定了您。")
URGENT_WORK = L("Urgent: {kind} {number} {title} ({who}).", "緊急：{kind} {number} {title}（{who}）。")

NOBODY_ABLE = L(
    "{kind} {number}: nobody who may “{move}” has passed “{procedure}”, so the step is not held back until somebody "
    "has.",
    "{kind} {number}：有權「{move}」的人員均未通過「{procedure}」，此步驟暫不限制，待有人通過後恢復。",
)
WAIVER = "waiver"


def tell_of_waiver(unit: Unit, record: Record, move: Move, lack: Lack) -> None:
    """Tell management, once for each case in its state, that nobody able is there for a step."""
    if unit.quiet or unit.is_dry:
        return
    flow = record.flow()
    label = flow.verb_label(move.verb) if flow else move.verb
    words = NOBODY_ABLE(kind=record.declared.label, number=record.number, move=label, procedure=lack.procedure)
    cause = AlarmCause(WAIVER, Rest(f"{record.id} {record.state} {move.verb} {lack.rule}"))
    users = get_document("User").objects(__raw__={"roles": Role.MANAGEMENT, "active": True, "removed_at": None})
    for person in sorted(rights.readers_among(record, people.actors_of(users))):
        unit.notify(notices.notice_for(person, cause=cause, kind=NoticeKind.ALARM, words=words, record=record))


def tell(unit: Unit, record: Record, entry: dict[str, Any], act: Act) -> None:
    """Tell those who must decide next, and the owner of a decision by somebody else; who was asked to decide before the
    record left its state is asked no more."""
    if unit.quiet or not entry["state_to"]:
        return
    if entry["state_from"]:
        unit.settle(VersionCause.beginning(record.type_name(), record.id), NoticeKind.DECISION)
    case = unit.cases.get(record.id)
    if case and case["decide"]:
        deciders = [person for person in reached_of(record, case["decide"]) if person not in case["barred"]]
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
        is_said = act.context.reason and not any(m.reason_see for m in flow.moves if m.verb == entry["verb"])
        words = RESULT_WITH_REASON(**places, reason=act.context.reason) if is_said else RESULT(**places)
        notify(unit, record, list(owners), NoticeKind.RESULT, words)


def reached_of(record: Record, addresses: list[str]) -> list[Any]:
    """The people whom some addresses reach about a record; of what is private nobody who stands in for them."""
    return people.people_at(addresses, deputies=not record.declared.access.private)


def tell_named(unit: Unit, record: Record, before: Mapping[str, Any], act: Act) -> None:
    """Tell those whom somebody else has just named in a field that informs, and at once those who are named there when
    what they do becomes urgent: when it is ranked above the middle."""
    fields = [name for name, field in record.declared.own_fields.items() if field.informs]
    if not fields or unit.quiet or act.actor.is_system or record.removed_at is not None:
        return
    named = {id for name in fields for id in record.ids_at(name)} - {act.actor.id}
    known = {id for name in fields for id in _ids(before.get(name))}
    is_urgent = rank_of(record) > 0
    was_urgent = is_urgent and bool(before) and rank_in(type(record), before) > 0
    people_new = named - known if was_urgent or not is_urgent else named
    if not people_new:
        return
    words = (URGENT_WORK if is_urgent else GIVEN)(
        kind=record.declared.label, number=record.number, title=short_title(record), who=act.actor.name
    )
    kind = NoticeKind.URGENT if is_urgent else NoticeKind.ASSIGNED
    notify(unit, record, sorted(people_new), kind, words)


def _ids(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def notify(unit: Unit, record: Record, to: list[Any], kind: NoticeKind, words: Words) -> None:
    cause = VersionCause(record.type_name(), record.id, record.version, NoticeKind(kind).value)
    for person in to:
        unit.notify(notices.notice_for(person, cause=cause, kind=kind, words=words, record=record))
