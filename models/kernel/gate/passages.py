"""Gates between phases: which records miss a condition, and the editions that are frozen when a gate is passed.

An edition is a record's version with the head of its history, whose hash covers everything that was ever written of
it. A snapshot is the list of them, kept in pieces under its digest and never changed; the digest stands on the record
that passed, and so in its history and under the seal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.collections import PHASE_SNAPSHOTS
from ..base.people import Actor
from ..base.store import in_unit
from ..base.words import L, Listed, Words
from ..language.belonging import children_of
from ..language.declare import registered
from ..language.phase_gate import Condition, Judged, PhaseGate
from ..language.record import Record
from ..language.workflow import Move
from ..rights import rights
from .lines import new_key
from .unit import Unit

SHOWN_MAX, COUNT_MAX = 20, 1000
PIECE = 5000
NONE_YET = L("“{label}”: {count} of {least} are there.", "「{label}」：應有 {least} 項，現有 {count} 項。", code="gate")
MISSING = L("“{label}”: not yet {rows}.", "「{label}」：尚未滿足 {rows}。", code="gate")
MISSING_MORE = L(
    "“{label}”: not yet {rows} and {more} more.", "「{label}」：尚未滿足 {rows} 等，另有 {more} 項。", code="gate"
)
NOT_YET = L("Not so yet: {label}.", "尚未滿足：{label}。", code="gate")
HIDDEN = L("“{label}”: {more} are not so yet.", "「{label}」：尚有 {more} 項未滿足。", code="gate")


@dataclass(frozen=True)
class Unmet:
    """What keeps a condition from being met: the records that miss it, as far as the reader may see them, how many more
    there are, and how many are there where more are needed."""

    rows: tuple[dict[str, Any], ...] = ()
    more: int = 0
    too_few: int | None = None


@dataclass(frozen=True)
class FrozenEdition:
    """One record as it stood: type, id, number, version, and the head of its history."""

    type: str
    id: ObjectId
    number: str
    version: int
    seq: int
    hash: str

    def line(self) -> str:
        return f"{self.type} {self.id} {self.number} {self.version} {self.seq} {self.hash}"


def unmet_by(record: Record, condition: Condition, actor: Actor) -> Unmet:
    """Why a condition is not met now: three queries, whatever the number of records."""
    cls = condition.type_for(record)
    rows = in_unit(cls.type_name())
    query = condition.missing(record)
    ids = [row["_id"] for row in rows.find(query, {"_id": 1}).sort("_id", 1).limit(COUNT_MAX)]
    known = {row["_id"]: row for row in rights.find_rows(actor, cls, ids[:SHOWN_MAX])}
    shown = tuple(known[id] for id in ids if id in known)
    count = rows.count_documents(condition.concerned(record), limit=condition.least) if condition.least else 0
    return Unmet(shown, len(ids) - len(shown), count if count < condition.least else None)


def named(number: str | None, title: str | None) -> str:
    """A record in a sentence: its number, and its title where that does not begin with it."""
    return (title or "") if number and (title or "").startswith(number) else f"{number or ''} {title or ''}".strip()


def unmet(record: Record, condition: Condition, actor: Actor) -> Words:
    """The sentence of a refused move."""
    why = unmet_by(record, condition, actor)
    if why.too_few is not None and not (why.rows or why.more):
        return NONE_YET(label=condition.label, count=why.too_few, least=condition.least)
    rows = Listed(tuple(named(row.get("number"), row.get("title")) for row in why.rows))
    pattern = HIDDEN if not why.rows else MISSING_MORE if why.more else MISSING
    return pattern(label=condition.label, rows=rows, more=why.more)


def judged(record: Record, need: Judged) -> Iterator[Words]:
    """The same of each condition that was evaluated together with others and is not met."""
    for judgement in need.judge(record):
        if not judgement.is_met and not judgement.count:
            yield NOT_YET(label=judgement.label)
        elif not judgement.is_met:
            rows = [named(row.number, row.title) for row in judgement.rows[:SHOWN_MAX]]
            more = judgement.count - len(rows)
            pattern = HIDDEN if not rows else MISSING_MORE if more else MISSING
            yield pattern(label=judgement.label, rows=Listed(tuple(rows)), more=more)


def pass_through(unit: Unit, record: Record, chosen: Move, actor: Actor) -> None:
    """Note that a record goes through a gate, and freeze the editions that stand now."""
    gate = chosen.gate
    if gate is None:
        return
    held = list(record.raw(gate.keeps) or ())
    line = record.declared.own_fields[gate.keeps].field.document_type()
    line.key, line.verb = new_key({other.key for other in held}), chosen.verb
    editions = sorted(editions_of(record, gate), key=FrozenEdition.line) if gate.freezes else []
    facts: dict[str, Any] = {"at": clock.now(), "by": actor.id, "left": record.state, "entered": chosen.target}
    if gate.freezes:
        facts["editions"], line.digest = len(editions), digest_of(editions)
        if not unit.is_dry:
            _keep(record, line.digest, editions)
    for name, value in facts.items():
        line.put(name, value)
    record.put(gate.keeps, [*held, line])


def editions_of(record: Record, gate: PhaseGate) -> Iterator[FrozenEdition]:
    """The record itself, all that belong to it at any depth, and those that its named links lead to."""
    yield _edition(record.type_name(), {"_id": record.id, **record.to_mongo().to_dict()})
    yield from _belonging(type(record), [record.id])
    for name in gate.also:
        target = record.fields_of()[name].target
        cls = next(cls for cls in registered().values() if cls.__name__ == target)
        yield from _rows(cls.type_name(), {"_id": {"$in": record.ids_at(name)}})


def _belonging(cls: type[Record], parents: list[ObjectId]) -> Iterator[FrozenEdition]:
    for child, link in children_of(registered(), cls):
        ids = []
        for edition in _rows(child.type_name(), {link: {"$in": parents}, "removed_at": None}):
            ids.append(edition.id)
            yield edition
        if ids:
            yield from _belonging(child, ids)


def _rows(type_name: str, query: dict[str, Any]) -> Iterator[FrozenEdition]:
    for row in in_unit(type_name).find(query, {"number": 1, "version": 1, "chain": 1}):
        yield _edition(type_name, row)


def _edition(type_name: str, row: dict[str, Any]) -> FrozenEdition:
    chain = row.get("chain") or {}
    return FrozenEdition(
        type_name,
        row["_id"],
        row.get("number") or "",
        row.get("version") or 0,
        chain.get("seq", 0),
        chain.get("hash", ""),
    )


def digest_of(editions: Iterable[FrozenEdition]) -> str:
    """The SHA-256 of the lines of a snapshot, in their order."""
    total = hashlib.sha256()
    for edition in editions:
        total.update(f"{edition.line()}\n".encode())
    return total.hexdigest()


def freeze_rows(
    record: Record, type_name: str, query: dict[str, Any], most: int, *, time_limit_ms: int, is_dry: bool
) -> tuple[str, int]:
    """Keep the editions of all records of a type under a filter, for the record that stands for them; their digest, and
    how many there are. More than `most` are not kept. Raises ExecutionTimeout."""
    shown = {"number": 1, "version": 1, "chain": 1}
    rows = in_unit(type_name).find(query, shown).limit(most + 1).max_time_ms(time_limit_ms)
    editions = sorted((_edition(type_name, row) for row in rows), key=FrozenEdition.line)
    digest = digest_of(editions)
    if 0 < len(editions) <= most and not is_dry:
        _keep(record, digest, editions)
    return digest, len(editions)


def _keep(record: Record, digest: str, editions: list[FrozenEdition]) -> None:
    if in_unit(PHASE_SNAPSHOTS).find_one({"digest": digest}, {"_id": 1}):
        return
    pieces = [editions[at : at + PIECE] for at in range(0, len(editions), PIECE)]
    in_unit(PHASE_SNAPSHOTS).insert_many(
        {"digest": digest, "place": place, "record": record.id, "editions": [edition.line() for edition in piece]}
        for place, piece in enumerate(pieces)
    )


def snapshot(digest: str) -> Iterator[FrozenEdition]:
    """The editions of a snapshot, in order; nothing where it is not kept."""
    for piece in in_unit(PHASE_SNAPSHOTS).find({"digest": digest}).sort("place", 1):
        for line in piece["editions"]:
            type_name, id, *number, version, seq, head = line.split(" ")
            yield FrozenEdition(type_name, ObjectId(id), " ".join(number), int(version), int(seq), head)
