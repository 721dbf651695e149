"""The outbox: notices for people, written in the transaction that causes them, delivered by others later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mongoengine as me
from bson import ObjectId

from ..base import clock
from ..base.notice_kinds import NOTICE_LABELS, NoticeKind
from ..base.words import L, Words, in_all_locales
from .causes import Cause

COLLECTION = "notice"
FOR_USERS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.OUTSIDE)
OUTSIDE = "outside"  # the channel of what goes to people who are no users
OTHER_KIND = L("Other", "其他")


def kind_label(stored: str) -> L:
    """The words for the kind of a stored notice; there may be old ones of kinds that are no more."""
    return NOTICE_LABELS[NoticeKind(stored)] if stored in set(NoticeKind) else OTHER_KIND


class Notice(me.Document):
    """A message for one person about one record; unique by cause and person, so that it is never there twice. One for
    somebody outside, who is no user, has its address, sealed, and its text in their language instead of a person."""

    meta = {
        "collection": COLLECTION,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["cause", "person", "channel"], "unique": True},
            {"fields": ["person", "read_at", "-_id"]},
            {"fields": ["person", "-_id"]},
            {"fields": ["routed", "_id"], "partialFilterExpression": {"routed": False}},
            {"fields": ["record", "-_id"], "partialFilterExpression": {"channel": OUTSIDE}},
            {"fields": ["message_id"], "partialFilterExpression": {"message_id": {"$gt": ""}}},
            {"fields": ["to", "mailed_at"], "partialFilterExpression": {"mailed_at": {"$exists": True}}},
        ],
    }

    cause = me.StringField()
    person = me.ObjectIdField()
    channel = me.StringField()
    kind = me.StringField()
    type = me.StringField()
    record = me.ObjectIdField()
    text = me.DictField()
    at = me.DateTimeField()
    read_at = me.DateTimeField()
    routed = me.BooleanField()
    to = me.BinaryField()
    message_id = me.StringField()
    mailed_at = me.DateTimeField()


@dataclass(frozen=True)
class About:
    """A record by type and id, or another page under `/admin/<type>/details/`."""

    type: str
    id: Any

    def type_name(self) -> str:
        return self.type


def notice_for(person: ObjectId, *, cause: Cause, kind: NoticeKind, words: Words, record: Any) -> dict[str, Any]:
    """The document of one notice in the app, its text in all languages; mail and chat are derived from it later.

    Raises ValueError for a kind that is not declared.
    """
    return {
        "cause": str(cause),
        "person": person,
        "channel": "app",
        "kind": NoticeKind(kind).value,
        "type": record.type_name(),
        "record": record.id,
        "text": in_all_locales(words),
        "at": clock.now(),
        "read_at": None,
        "routed": False,
    }
