"""Notices that follow a move: to those who must decide next, and to the owner of what somebody else has decided."""

from __future__ import annotations

from typing import Any

from ..base import people
from ..base.titles import short_title
from ..base.words import L, Words
from ..language.record import Record
from ..rights import rights
from . import notices
from .acts import Act
from .causes import VersionCause
from .notices import NoticeKind
from .unit import Unit

WAITS = L("{number} {title} waits for your decision.", "{number} {title} 等待您審批。")
RESULT = L("{number} {title}: {move}, now “{state}”.", "{number} {title}：{move}，現為「{state}」。")
RESULT_WITH_REASON = L(
    "{number} {title}: {move}, now “{state}”. Reason: {reason}",
    "{number} {title}：{move}，現為「{state}」。原因：{reason}",
)


def tell(unit: Unit, record: Record, entry: dict[str, Any], act: Act) -> None:
    """Tell those who must decide next, and the owner of a decision by somebody else; who was asked to decide before the
    record left its state is asked no more."""
    if unit.quiet or not entry["state_to"]:
        return
    if entry["state_from"]:
        unit.settle(VersionCause.beginning(record.type_name(), record.id), NoticeKind.DECISION)
    case = unit.cases.get(record.id)
    if case and case["decide"]:
        deciders = [person for person in people.people_at(case["decide"]) if person not in case["barred"]]
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
