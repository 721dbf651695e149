"""What somebody is about to do with a record: loaded and asked once, drawn by a page, then taken by the gate.

An intent says what was true of one version of the record at one moment of one request. The gate goes by it only as long
as exactly that version stands: where somebody came in between, or the transaction is tried again, the record is loaded
and everything is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Generic, TypeVar

from bson import ObjectId

from ..base import looked_up
from ..base.errors import Refused
from ..base.people import Actor
from ..base.store import copied
from ..base.words import Words
from ..language.record import Record
from ..language.who import Quorum, Who
from ..language.workflow import Move
from ..rights import rights
from . import lines, validation
from .acts import Context
from .attempts import VerbAttempt, noting
from .stored_form import stored

R = TypeVar("R", bound=Record)


class Intent(Generic[R]):
    """An actor before a record of a type, which is given as it is stored or as it was loaded, or before a new one.

    `titles` are those of the links that were looked up to check them, so that a page need not look them up again.
    """

    def __init__(self, actor: Actor, cls: type[R], row: Mapping[str, Any] | None = None, *, loaded: R | None = None):
        self.actor, self.cls = actor, cls
        self.id: ObjectId | None = loaded.id if loaded is not None else row["_id"] if row is not None else None
        self.titles: dict[ObjectId, str] = {}
        self.is_taken = False  # the gate goes by it once
        self.is_of_block = False  # also in a transaction that is under way
        self._row, self._loaded = row, loaded
        self._quorums: dict[int, Quorum] = {}
        self._standings: dict[int, rights.Standing] = {}

    def is_for(self, actor: Actor, cls: type[Record]) -> bool:
        """Whether the gate may go by it: once, and for the same actor and type."""
        return not self.is_taken and self.actor == actor and self.cls is cls

    def fresh(self) -> R:
        """The record as it was loaded, or an empty one: a copy that may be changed."""
        if self._row is None and self._loaded is None:
            return self.cls.blank()
        row = self._row if self._loaded is None else self._loaded.to_mongo()
        return self.cls._from_son(copied(dict(row or {})))

    @cached_property
    def record(self) -> R:
        """The record as it was loaded, to be shown; what is written is a copy of its own."""
        return self.fresh() if self._loaded is None else self._loaded

    @cached_property
    def verdict(self) -> rights.Verdict:
        """Whether the actor may change any field of the record, or may make one."""
        if self.id is None:
            return rights.may_create(self.actor, self.cls)
        return rights.may_update(self.actor, self.record)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields that the actor may set."""
        return rights.writable_fields(self.actor, self.cls, self.record if self.id is not None else None)

    def may_set(self, name: str) -> rights.Verdict:
        """Whether the actor may set this one field now."""
        return rights.may_set(self.actor, self.record, name)

    def quorum(self, who: Who) -> Quorum:
        """The slots of a rule for this record, laid once."""
        if id(who) not in self._quorums:
            self._quorums[id(who)] = who.quorum(self.record)
        return self._quorums[id(who)]

    def standing(self, move: Move) -> rights.Standing:
        """Whether and as whom the actor may make a move."""
        if id(move) not in self._standings:
            self._standings[id(move)] = rights.standing(self.actor, self.record, move, self.quorum)
        return self._standings[id(move)]

    def may_follow(self, draft: Record) -> bool:
        """Whether the links of a draft lead only where the actor may, or where the record leads already."""
        before = stored(self.record) if self.id is not None else {}
        return not validation.link_problems(draft, self.actor, before)

    def attempt(self, verb: str, context: Context) -> VerbAttempt:
        """What the actor is about to do, for what is kept where it is refused."""
        return VerbAttempt(self.actor, self.cls, verb, context, self.id, self.record if self.id is not None else None)

    def refuse_unread(
        self, values: Mapping[str, Any], unread: Mapping[str, list[Words]], verb: str, context: Context
    ) -> None:
        """Where something that was typed could not be read, raise everything that is wrong at once: that, and what the
        rules say of the rest."""
        if not unread:
            return
        record = self.fresh()
        before = stored(record) if self.id is not None else {}
        take(record, lines.settled(record, values, self.actor), None)
        with noting(self.attempt(verb, context)):
            raise Refused(None, validation.problems_of(record, self.actor, before, unread=unread, titles=self.titles))


def take(record: Record, values: Mapping[str, Any], allowed: frozenset[str] | None) -> None:
    """Set values of a record, those alone that are allowed."""
    for name, value in values.items():
        if name in record._fields and (allowed is None or name in allowed):
            own = record.declared.own_fields.get(name)
            setattr(record, name, own.settled(record, value) if own else value)


def draft(cls: type[R], values: Mapping[str, Any]) -> R:
    """A record that holds some values and that nobody writes."""
    record = cls.blank()
    take(record, values, None)
    return record


def of(actor: Actor, cls: type[R], id: Any) -> Intent[R]:
    """The intent on one record in the actor's scope. Raises Missing."""
    return Intent(actor, cls, rights.find_row(actor, cls, id))


def on(actor: Actor, record: R) -> Intent[R]:
    """The intent on a record that was loaded already, in the actor's scope."""
    return Intent(actor, type(record), loaded=record)


def of_block(actor: Actor, record: R) -> Intent[R]:
    """The same, for one of many writes of a transaction: its records were read at once before it."""
    intent = on(actor, record)
    intent.is_of_block = True
    return intent


def of_many(actor: Actor, cls: type[R], ids: Iterable[ObjectId]) -> dict[ObjectId, Intent[R]]:
    """The intents on those of some records that are in the actor's scope: one query."""
    return {row["_id"]: Intent(actor, cls, row) for row in rights.find_rows(actor, cls, ids)}


def looking_up_once(intents: Iterable[Intent[Any]]) -> AbstractContextManager[None]:
    """While moves are rehearsed on many records: what their rules ask of what they link to is asked once for all."""
    return looked_up.looking_up_once(id for intent in intents for id in sorted(validation.linked_by(intent.record)))
