"""The outbox: notices for people, written in the transaction that causes them, delivered by others later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mongoengine as me
from bson import ObjectId

from ..base import clock
from ..base.words import Words, in_all_locales

COLLECTION = "notice"


class Notice(me.Document):
    """A message for one person about one record; unique by cause and person, so that it is never there twice."""

    meta = {
        "collection": COLLECTION,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["cause", "person", "channel"], "unique": True},
            {"fields": ["person", "read_at", "-_id"]},
            {"fields": ["person", "-_id"]},
            {"fields": ["routed", "_id"], "partialFilterExpression": {"routed": False}},
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


@dataclass(frozen=True)
class About:
    """A record by type and id, or another page under `/admin/<type>/details/`."""

    type: str
    id: Any

    def type_name(self) -> str:
        return self.type


def notice_for(person: ObjectId, *, cause: str, kind: str, words: Words, record: Any) -> dict[str, Any]:
    """The document of one notice in the app, its text in all languages; mail and chat are derived from it later."""
    return {
        "cause": cause,
        "person": person,
        "channel": "app",
        "kind": kind,
        "type": record.type_name(),
        "record": record.id,
        "text": in_all_locales(words),
        "at": clock.now(),
        "read_at": None,
        "routed": False,
    }
