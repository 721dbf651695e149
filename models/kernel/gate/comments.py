"""What people say on a record: kept in its history, told to its owner and to those who are mentioned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from bson import ObjectId

from ..base.entry_ids import entry_id
from ..base.errors import Forbidden, Refused
from ..base.people import SYSTEM, Actor
from ..base.store import in_unit
from ..base.words import L
from ..language.record import Record
from ..rights import mentions, rights
from . import notices
from .acts import Context
from .attempts import VerbAttempt, noting
from .causes import CommentCause
from .changes import MoveActions, note
from .history import COLLECTION
from .notices import NoticeKind
from .sources import Source
from .unit import Unit, in_transaction
from .validation import COMMENT_MAX, said_faults

R = TypeVar("R", bound=Record)

COMMENTED = L("{who} on {number}: {text}", "{who} 評論 {number}：{text}")
COMMENT_LENGTH = L("A comment has between 1 and {most} characters.", "評論須為 1 至 {most} 字。", code="too_long")


def _context(actor: Actor) -> Context:
    return Context(source=Source.PUBLIC) if actor.is_public else Context()


def _workers(record: Record) -> set[ObjectId]:
    """Those who work on a record by name: they learn what somebody outside says on it, who can call nobody."""
    return {*(record.raw("worked_by") or ())}


def comment(cls: type[R], id: Any, text: str, *, actor: Actor, once: str = "", context: Context | None = None) -> R:
    """Say something on a record: kept in its history, told to its owner and to those mentioned who may read it. `once`
    names the entry: sent twice, it stands there once; `context`: how it comes in, if not by a page."""
    with noting(VerbAttempt(actor, cls, "comment", context or _context(actor), id)) as attempt:
        return _commented(attempt, cls, id, text.strip(), once)


def _commented(attempt: VerbAttempt, cls: type[R], id: Any, said: str, once: str) -> R:
    actor = attempt.actor
    if not said or len(said) > COMMENT_MAX:
        raise Refused(None, {"comment": [COMMENT_LENGTH(most=COMMENT_MAX)]})
    if faults := list(said_faults(said)):
        raise Refused(None, {"comment": faults})

    def body(unit: Unit) -> R:
        attempt.record = record = rights.find(actor, cls, id)
        if not (verdict := rights.may_comment(actor, record)):
            raise Forbidden(verdict.why)
        own = entry_id("comment", once, actor.id, record.id, said) if once else ObjectId()
        if once and in_unit(COLLECTION).find_one({"_id": own}, {"_id": 1}):
            return record
        record = note(cls, id, "comment", actor=actor, context=replace(attempt.context, reason=said), entry=own)
        called = _workers(record) if actor.is_public else mentions.called_in(record, said).informed
        words = COMMENTED(who=actor.name, number=record.number, text=said[:200])
        owner = record.ref("owner")
        for person in {*called, *([owner] if owner else [])} - {actor.id}:
            cause = CommentCause(record.id, record.chain["seq"])
            unit.notify(notices.notice_for(person, cause=cause, kind=NoticeKind.COMMENT, words=words, record=record))
        if actor.is_public and (handler := getattr(record, "on_message", None)):
            handler(MoveActions(unit, attempt.context, SYSTEM))
        return record

    return in_transaction(body)
