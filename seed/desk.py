"""The desk at which the demo's people work: each act goes through the gate as a real actor, from what was last seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from models import catalogue, merging
from models.kernel.base.people import PUBLIC, SYSTEM, Actor, actor_of
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.merging import Pair
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record

SYSTEM_LOGIN = ""
OUTSIDE = "public"  # somebody outside, on a public page


SHARED = ("quotation:deal:", "customer:", "product:")  # made in one lane, used in the other: known by their entry key
Known = dict[str, tuple[ObjectId, int]]


class Desk:
    """Knows each record by a key such as `quotation:0012`: its id, and the version last seen."""

    def __init__(self) -> None:
        self.login = SYSTEM_LOGIN
        self.known: Known = {}
        self._actors: dict[str, Actor] = {}

    @property
    def actor(self) -> Actor:
        """The one at the desk now; pictures of people are kept, since they change once in the whole year."""
        if self.login == SYSTEM_LOGIN:
            return SYSTEM
        if self.login == OUTSIDE:
            return PUBLIC
        if self.login not in self._actors:
            self._actors[self.login] = actor_of(catalogue["user"].objects.get(login=self.login))
        return self._actors[self.login]

    def create(self, key: str, values: Mapping[str, Any], *, once: str | None = None) -> Record:
        once = f"demo:{key}" if key.startswith(SHARED) else once
        context = Context(source=Source.SEED, confirmed=True)  # people look at remarks, and save all the same
        return self._keep(key, changes.create(_type(key), values, actor=self.actor, context=context, once=once))

    def update(self, key: str, values: Mapping[str, Any]) -> Record:
        id, version = self._seen(key)
        record = changes.update(
            _type(key), id, values, actor=self.actor, version=version, context=Context(source=Source.SEED)
        )
        if _type_name(key) == "user":
            self._actors.clear()
        return self._keep(key, record)

    def move(self, key: str, verb: str, reason: str = "", **values: Any) -> Record:
        id, version = self._seen(key)
        context = Context(source=Source.SEED, reason=reason, signed=True)
        return self._keep(
            key, changes.move(_type(key), id, verb, actor=self.actor, version=version, values=values, context=context)
        )

    def merge(self, gone: str, kept: str) -> Record:
        """Make one of two records that were entered twice; both are looked at first."""
        records = [self.find(key) for key in (gone, kept)]
        pair = Pair(records[0].id, records[1].id, records[0].version, records[1].version)
        return self._keep(kept, merging.merge(_type(kept), pair, (), actor=self.actor))

    def lead(self, source: str, verb: str, key: str) -> Record:
        """Make the record that another leads to, and know it by a key."""
        [led] = changes.follow_up(
            _type(source), self.id(source), verb, actor=self.actor, context=Context(source=Source.SEED)
        )
        return self._keep(key, led)

    def id(self, key: str) -> ObjectId:
        return self._seen(key)[0]

    def find(self, key: str) -> Record:
        """The record as it is now."""
        return _type(key).objects.get(id=self.id(key))

    def row(self, name: str, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The stored form of a record of a type, as it is now; None where none is so."""
        return catalogue[name]._get_collection().find_one(query, {"version": 1})

    def rows(self, name: str, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The stored forms of some records of a type as they are now, the oldest first."""
        return list(catalogue[name]._get_collection().find(query).sort("_id", 1))

    def learn(self, name: str, field: str) -> None:
        """Know all records of a type by one of their fields: users by login, departments by code."""
        for row in catalogue[name]._get_collection().find({}, {field: 1, "version": 1}):
            self.known[f"{name}:{row[field]}"] = (row["_id"], row["version"])

    def keep(self, key: str, row: Mapping[str, Any]) -> None:
        """Know a record that the system made on the way, from its stored form."""
        self.known[key] = (row["_id"], row["version"])

    def _keep(self, key: str, record: Record) -> Record:
        self.known[key] = (record.id, record.version)
        return record

    def _seen(self, key: str) -> tuple[ObjectId, int]:
        if key not in self.known:
            row = _type(key)._get_collection().find_one({"once": f"demo:{key}"}, {"version": 1})
            if row is None:
                raise LookupError(f"The demo story names {key} before it is there.")
            self.keep(key, row)
        return self.known[key]


def _type_name(key: str) -> str:
    return key.partition(":")[0]


def _type(key: str) -> type[Record]:
    return catalogue[_type_name(key)]
