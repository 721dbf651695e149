"""Looks after the rules of time and order of all types (`expects=`) in the history, each part of it once.

The seals are the queue: every entry of the history stands in exactly one of them, whatever order it was committed in.
So what is read is what was sealed since, and what is due. How far each rule has been read stands in `expectation`;
what waits for an answer stands in `obligation` until its time is over. Both are written again without harm, and a
deviation is named by rule, record and entry, so that whoever takes it up does so once.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import UpdateOne

from models.kernel.base import clock
from models.kernel.base.collections import (
    EXPECTATIONS,
    HISTORY,
    HISTORY_ARCHIVE,
    OBLIGATIONS,
    SEALS,
    archive_of,
)
from models.kernel.gate import work
from models.kernel.language import working_time
from models.kernel.language.declare import registered
from models.kernel.language.expected import AtMost, Evidence, Expected, Follows, SeenEvent, rule_id
from models.kernel.language.kinds.any_links import kept_as, key_in
from models.kernel.language.record import Record
from models.kernel.language.workflow import Within

from . import seals

LOOK_BACK = dt.timedelta(days=400)  # what happened before is no matter of today's rules
LOOK_AGAIN = dt.timedelta(days=7)  # at a date that is not given yet
DUE_EACH = 200
_SHOWN = dict.fromkeys("type record seq at verb hash department door batch undoes".split(), 1)


@dataclass(frozen=True)
class ExpectationRule:
    """A declared rule with the type that it is declared by."""

    id: str
    cls: type[Record]
    expected: Expected


@dataclass(frozen=True)
class Deviation:
    """What the history shows against a rule: on which record, of which department then, by which events."""

    rule: ExpectationRule
    record: ObjectId
    department: ObjectId | None
    evidence: Evidence
    case: _Case
    due: dt.datetime | None = None

    @property
    def key(self) -> str:
        """By what it is taken up once."""
        return self.case.key


@dataclass(frozen=True)
class _Case:
    """An own event that begins a case of a rule."""

    rule: ExpectationRule
    event: SeenEvent
    department: ObjectId | None

    @property
    def key(self) -> str:
        return f"{self.rule.id}:{self.event.record}:{self.event.seq}"


def rules() -> list[ExpectationRule]:
    """All rules that are declared."""
    return [
        ExpectationRule(rule_id(name, item), cls, item)
        for name, cls in registered().items()
        for item in cls.declared.expects
    ]


def seals_to_read(known: Iterable[ExpectationRule]) -> Iterator[tuple[int, list[ExpectationRule]]]:
    """The numbers of the seals that some rules have not read, in order, each with these rules."""
    read = _positions(known)
    if not read:
        return
    query = {"_id": {"$gt": min(read.values())}}
    for seal in get_db()[SEALS].find(query, {"_id": 1}).sort("_id", 1):
        yield seal["_id"], [rule for rule in known if read[rule.id] < seal["_id"]]


def _positions(known: Iterable[ExpectationRule]) -> dict[str, int]:
    """The last seal that each rule has read; a rule that is new begins with what is not too old."""
    stored = {row["_id"]: row["seal"] for row in get_db()[EXPECTATIONS].find({})}
    old = get_db()[SEALS].find_one({"at": {"$lt": clock.now() - LOOK_BACK}}, {"_id": 1}, sort=[("_id", -1)])
    return {rule.id: stored.get(rule.id, old["_id"] if old else 0) for rule in known}


def read_seal(number: int, known: list[ExpectationRule], *, every_source: bool = False) -> list[Deviation]:
    """What one seal shows against some rules; what has to be answered later is noted. Done twice, it says the same.

    `every_source`: with what was imported, taken over or made for the demo company, which is no work of people.
    """
    cases = _cases_in(number, known, every_source=every_source)
    deviations: list[Deviation] = []
    for rule in known:
        own = [case for case in cases if case.rule is rule]
        if isinstance(rule.expected, Follows):
            _note(rule, own)
        elif own:
            deviations += _judged(rule, own)
    return deviations


def mark_read(number: int, known: Iterable[ExpectationRule]) -> None:
    """Note that some rules have read a seal, once all that it shows was taken up."""
    writes = [UpdateOne({"_id": rule.id}, {"$max": {"seal": number}}, upsert=True) for rule in known]
    get_db()[EXPECTATIONS].bulk_write(writes, ordered=False)


def due_cases() -> Iterator[tuple[list[str], list[Deviation]]]:
    """What was to be answered by now, some at a time: the keys of the obligations, and the deviations among them. Who
    has taken these up says so by `settle`, and is not given them again; or leaves some for later by `look_again`."""
    by_id = {rule.id: rule for rule in rules()}
    while rows := list(get_db()[OBLIGATIONS].find({"due": {"$lte": clock.now()}}).sort("due", 1).limit(DUE_EACH)):
        deviations: list[Deviation] = []
        later: dict[str, dt.datetime] = {}
        for id in sorted({row["rule"] for row in rows} & set(by_id)):
            cases = [_case_of(by_id[id], row) for row in rows if row["rule"] == id]
            more, put_off = _due_of(by_id[id], cases)
            deviations, later = deviations + more, later | put_off
        _put_off(later)
        yield [row["_id"] for row in rows if row["_id"] not in later], deviations


def look_again(deviations: Iterable[Deviation]) -> None:
    """Come back in some days to deviations that could not be taken up, of whatever rule."""
    due = clock.now() + LOOK_AGAIN
    writes = [
        UpdateOne({"_id": item.key}, {"$set": {"due": due}, "$setOnInsert": _kept(item.case)}, upsert=True)
        for item in deviations
    ]
    if writes:
        get_db()[OBLIGATIONS].bulk_write(writes, ordered=False)


def settle(keys: list[str]) -> None:
    """Forget obligations of which everything was taken up."""
    get_db()[OBLIGATIONS].delete_many({"_id": {"$in": keys}})


def _cases_in(number: int, known: list[ExpectationRule], *, every_source: bool) -> list[_Case]:
    seal = get_db()[SEALS].find_one({"_id": number}, {"leaves": 1}) or {}
    ids = [id for id, _ in seals.unpack(bytes(seal.get("leaves") or b""))]
    begins: dict[tuple[str, str], list[ExpectationRule]] = defaultdict(list)
    for rule in known:
        for verb in rule.expected.triggers:
            begins[rule.cls.type_name(), verb].append(rule)
    since = clock.now() - LOOK_BACK
    rows = [
        row
        for place in (HISTORY, HISTORY_ARCHIVE)
        for row in get_db()[place].find({"_id": {"$in": ids}}, _SHOWN)
        if (row["type"], row["verb"]) in begins and row["at"] > since
    ]
    rows = [row for row in _standing(rows) if every_source or row.get("door") not in work.NOT_WORK]
    rows.sort(key=lambda row: (row["at"], row["seq"]))
    return [
        _Case(rule, _event(row), row.get("department")) for row in rows for rule in begins[row["type"], row["verb"]]
    ]


def _standing(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of some entries that were not taken back: that asks nothing where none is of a batch."""
    batched = {row["record"] for row in rows if row.get("batch")}
    undone = work.undone_on(batched) if batched else set()
    return [row for row in rows if not work.is_taken_back(row, undone)]


def _event(row: Mapping[str, Any]) -> SeenEvent:
    return SeenEvent(row["type"], row["record"], row["seq"], row["at"], row["verb"], row["hash"])


def _note(rule: ExpectationRule, cases: list[_Case]) -> None:
    """Keep what is to be answered, until when; a date of the record is read anew when it comes."""
    if not isinstance(rule.expected, Follows) or not cases:
        return
    rows = _rows(rule.cls, [case.event.record for case in cases])
    writes = []
    for case in cases:
        row = rows.get(case.event.record)
        if row is None or not rule.expected.applies(row):
            continue
        facts = {**_kept(case), "due": _due(rule, case, row) or clock.now() + LOOK_AGAIN}
        writes.append(UpdateOne({"_id": case.key}, {"$setOnInsert": facts}, upsert=True))
    if writes:
        get_db()[OBLIGATIONS].bulk_write(writes, ordered=False)


def _kept(case: _Case) -> dict[str, Any]:
    """A case as it is kept until it is answered."""
    event = case.event
    facts = {"rule": case.rule.id, "record": event.record, "seq": event.seq, "at": event.at, "verb": event.verb}
    return {**facts, "hash": event.hash, "department": case.department}


def _case_of(rule: ExpectationRule, row: Mapping[str, Any]) -> _Case:
    event = SeenEvent(rule.cls.type_name(), row["record"], row["seq"], row["at"], row["verb"], row["hash"])
    return _Case(rule, event, row.get("department"))


def _due(rule: ExpectationRule, case: _Case, row: Mapping[str, Any]) -> dt.datetime | None:
    """Until when a case is to be answered: in working time of the department of then, in days, or by a date."""
    expected = rule.expected
    if not isinstance(expected, Follows):
        return None
    if isinstance(expected.within, Within):
        return working_time.calendar_of(case.department).add(case.event.at, expected.within)
    if expected.within is not None:
        return case.event.at + dt.timedelta(days=expected.within.count)
    value = row.get(expected.by)
    if value is None or rule.cls.fields_of()[expected.by].is_moment:
        return value
    return clock.start_of(value.date() + dt.timedelta(days=1))


def _due_of(rule: ExpectationRule, cases: list[_Case]) -> tuple[list[Deviation], dict[str, dt.datetime]]:
    """Of cases whose time may be over: those that were not answered, and those whose date lies later by now. Of a rule
    of order: those to which it was to come back."""
    expected, now = rule.expected, clock.now()
    if not isinstance(expected, Follows):
        return _judged(rule, cases), {}
    rows = _rows(rule.cls, [case.event.record for case in cases])
    begun = {(id, event.seq) for id, events in _events({*rows}, expected.triggers).items() for event in events}
    cases = [case for case in cases if (case.event.record, case.event.seq) in begun]  # it may be taken back since
    known = [case for case in cases if expected.applies(rows[case.event.record])]
    due = {case.key: _due(rule, case, rows[case.event.record]) for case in known}
    ready = [case for case in known if (moment := due[case.key]) is not None and moment <= now]
    later = {case.key: due[case.key] or now + LOOK_AGAIN for case in known if case not in ready}
    others, endings = _others(rule, ready, rows), _events({case.event.record for case in ready}, expected.unless)
    deviations = []
    for case in ready:
        moment = due[case.key] or now
        ended = endings.get(case.event.record, [])
        if evidence := expected.deviates(case.event, others.get(case.event.record, []), ended, moment):
            record = case.event.record
            deviations.append(Deviation(rule, record, _department(case, rows), evidence, case, moment))
    return deviations, later


def _judged(rule: ExpectationRule, cases: list[_Case]) -> list[Deviation]:
    """Those of some cases that are deviations by what came before."""
    rows = _rows(rule.cls, [case.event.record for case in cases])
    known = [case for case in cases if case.event.record in rows and rule.expected.applies(rows[case.event.record])]
    others = _others(rule, known, rows)
    judged = [
        (case, rule.expected.deviates(case.event, others.get(case.event.record, [])))  # type: ignore[attr-defined]
        for case in known
    ]
    return [
        Deviation(rule, case.event.record, _department(case, rows), evidence, case)
        for case, evidence in judged
        if evidence
    ]


def _department(case: _Case, rows: Mapping[ObjectId, dict[str, Any]]) -> ObjectId | None:
    """Which department answers for a case: the one that the rule names, or that of the record when it began."""
    return rows[case.event.record].get(case.rule.expected.concerns) or case.department


def _rows(cls: type[Record], ids: Iterable[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    """Some records as they are stored, archived ones too, but for the bin."""
    query = {"_id": {"$in": list(set(ids))}, "removed_at": None}
    names = (archive_of(cls.type_name()), cls.type_name())
    return {row["_id"]: row for name in names for row in get_db()[name].find(query)}


def _others(
    rule: ExpectationRule, cases: list[_Case], rows: Mapping[ObjectId, dict[str, Any]]
) -> dict[ObjectId, list[SeenEvent]]:
    """The events that each record of some cases is held against."""
    expected = rule.expected
    linked = _linked(rule, {case.event.record: rows[case.event.record] for case in cases})
    ids = {id for some in linked.values() for id in some}
    events = _events(ids, expected.other_verbs)
    return {record: [event for id in some for event in events.get(id, ())] for record, some in linked.items()}


def _linked(rule: ExpectationRule, rows: Mapping[ObjectId, dict[str, Any]]) -> dict[ObjectId, list[ObjectId]]:
    """The records whose events count for each record, by the link that the rule names."""
    expected = rule.expected
    if isinstance(expected, AtMost) and expected.per:
        groups = {id: row.get(expected.per) for id, row in rows.items()}
        beside = _pointing(rule.cls.type_name(), expected.per, [target for target in groups.values() if target])
        linked = {id: beside.get(target, []) if target else [id] for id, target in groups.items()}
        return _alike(rule, rows, linked) if expected.same else linked
    if not expected.via:
        return {id: [id] for id in rows}
    name, _, rest = expected.via.partition(".")
    if not rest:
        return {id: _ids_in(row.get(name)) for id, row in rows.items()}
    other = next(cls for cls in registered().values() if cls.__name__ == name)
    if other.fields_of()[rest].is_any_link:
        kept = {text: id for id in rows for text in kept_as(rule.cls.type_name(), id)}
        by_text = _pointing(other.type_name(), rest, list(kept))
        return {id: [o for text in kept_as(rule.cls.type_name(), id) for o in by_text.get(text, ())] for id in rows}
    pointing = _pointing(other.type_name(), rest, list(rows))
    return {id: pointing.get(id, []) for id in rows}


def _alike(
    rule: ExpectationRule, rows: Mapping[ObjectId, dict[str, Any]], linked: Mapping[ObjectId, list[ObjectId]]
) -> dict[ObjectId, list[ObjectId]]:
    """Of the records beside each one those that have the same in the fields that the rule names; two queries."""
    names: tuple[str, ...] = rule.expected.same  # type: ignore[attr-defined]
    query = {"_id": {"$in": list({id for some in linked.values() for id in some})}}
    places = (archive_of(rule.cls.type_name()), rule.cls.type_name())
    known = {row["_id"]: row for place in places for row in get_db()[place].find(query, dict.fromkeys(names, 1))}

    def facts(id: ObjectId) -> list[Any]:
        return [known.get(id, {}).get(name) for name in names]

    return {id: [other for other in some if facts(other) == facts(id)] for id, some in linked.items()}


def _ids_in(value: Any) -> list[ObjectId]:
    """The records that a stored link leads to."""
    if isinstance(value, str):
        key = key_in(value)
        return [key.id] if key else []
    return [id for id in (value if isinstance(value, list) else [value]) if id]


def _pointing(name: str, field: str, targets: list[Any]) -> dict[Any, list[ObjectId]]:
    """The records of a type, archived ones too, by what they link to in a field."""
    result: dict[Any, list[ObjectId]] = defaultdict(list)
    if targets:
        for place in (name, archive_of(name)):
            for row in get_db()[place].find({field: {"$in": targets}, "removed_at": None}, {field: 1}):
                for target in row[field] if isinstance(row[field], list) else [row[field]]:
                    result[target].append(row["_id"])
    return result


def _events(ids: Iterable[ObjectId], verbs: Iterable[str]) -> dict[ObjectId, list[SeenEvent]]:
    """The events of some records with these verbs that were not taken back, in order; two commands."""
    result: dict[ObjectId, list[SeenEvent]] = defaultdict(list)
    rows: list[dict[str, Any]] = []
    records, names = list(ids), list(verbs)
    if records and names:
        query = {"record": {"$in": records}, "verb": {"$in": names}}
        for place in (HISTORY, HISTORY_ARCHIVE):
            rows += get_db()[place].find(query, _SHOWN)
    for row in _standing(rows):
        result[row["record"]].append(_event(row))
    return {id: sorted(events, key=lambda event: event.seq) for id, events in result.items()}


def _put_off(later: Mapping[str, dt.datetime]) -> None:
    if later:
        writes = [UpdateOne({"_id": key}, {"$set": {"due": due}}) for key, due in later.items()]
        get_db()[OBLIGATIONS].bulk_write(writes, ordered=False)
