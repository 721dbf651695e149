"""Candidate findings (4.1): what the rules of the standard show, for the supervisors to confirm or wave off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..departments import Code
from ..kernel.base import clock
from ..kernel.base.collections import archive_of
from ..kernel.base.errors import Refused
from ..kernel.base.people import SYSTEM, department_by_code
from ..kernel.base.store import in_unit
from ..kernel.base.words import HANT, At, L, Listed, Words, in_all_locales
from ..kernel.gate import changes
from ..kernel.gate.changes import Context
from ..kernel.gate.sources import Source
from ..kernel.language.declare import registered
from ..kernel.language.expected import CREATE, Evidence, SeenEvent
from ..services.keeping import expectations
from ..services.keeping.expectations import Deviation
from .clauses import CLAUSES
from .findings import EVENTS_MAX, EventSeen, Finding

FACT = L("{number}: {what}. In the history: {events}.", "{number}：{what}。歷史記錄：{events}。")
DUE = L(" It was due {due}.", "期限為 {due}。")
SEEN = L("{number} {verb} ({at})", "{number} {verb}（{at}）")
CREATED = L("entered", "錄入")
NOT_PROPOSED = L("“{rule}” ({record}) could not be proposed: {why}", "「{rule}」（{record}）未能提出：{why}")


@dataclass(frozen=True)
class HistoryLook:
    """A part of the history that was looked at: how many findings are new of it, how many seals of how many are read,
    and what could not be proposed, a sentence each."""

    proposed: int
    done: int
    total: int
    refused: tuple[Words, ...] = ()


def look(*, every_source: bool = False, source: Source = Source.RULE) -> Iterator[HistoryLook]:
    """Hold what was sealed since the last time against all rules, then what is due, and propose what deviates. Ended at
    any moment, the next one goes on with the seal or the batch that was not done, and meets what is proposed already.
    A deviation that is refused keeps no other back; it is looked at again some days later.

    `every_source`: what was imported, taken over or made for the demo company is looked at, too.
    """
    unread = list(expectations.seals_to_read(expectations.rules()))
    for done, (number, rules) in enumerate(unread, 1):
        deviations = expectations.read_seal(number, rules, every_source=every_source)
        proposed, refused = _take_up(deviations, source)
        expectations.look_again(deviation for deviation, _ in refused)
        yield HistoryLook(proposed, done, len(unread), tuple(why for _, why in refused))
        expectations.mark_read(number, rules)
    for keys, deviations in expectations.due_cases():
        proposed, refused = _take_up(deviations, source)
        expectations.look_again(deviation for deviation, _ in refused)
        yield HistoryLook(proposed, len(unread), len(unread), tuple(why for _, why in refused))
        left = {deviation.key for deviation, _ in refused}
        expectations.settle([key for key in keys if key not in left])


def _take_up(deviations: Iterable[Deviation], source: Source) -> tuple[int, list[tuple[Deviation, Words]]]:
    """Propose some deviations: how many are new, and why which were refused."""
    count, refused = 0, list[tuple[Deviation, Words]]()
    for deviation in deviations:
        try:
            count += propose(deviation, source=source)
        except Refused as problem:
            expected = deviation.rule.expected
            number = _numbers(deviation.evidence).get(deviation.record) or deviation.record
            why = NOT_PROPOSED(rule=expected.label, record=number, why=problem.first)
            refused.append((deviation, why))
    return count, refused


def propose(deviation: Deviation, *, source: Source = Source.RULE) -> bool:
    """Open the candidate finding of a deviation, once for its evidence, whatever became of it; whether it is new."""
    key, context = f"expected:{deviation.key}", Context(source=source)

    def body() -> bool:
        finding = changes.create(Finding, _values(deviation), actor=SYSTEM, context=context, once=key)
        if finding.state != "draft" or finding.version != 1:
            return False
        changes.move(Finding, finding.id, "propose", actor=SYSTEM, version=None, context=context)
        return True

    return bool(changes.in_batch(body))


def evidence_hash(hashes: Iterable[str]) -> str:
    """The SHA-256 over the hashes of some entries of the history, a line for each."""
    return hashlib.sha256("".join(f"{entry_hash}\n" for entry_hash in hashes).encode()).hexdigest()


def _values(deviation: Deviation) -> dict[str, Any]:
    expected, type_name = deviation.rule.expected, deviation.rule.cls.type_name()
    evidence = deviation.evidence[-EVENTS_MAX:]
    numbers = _numbers(evidence)
    events = Listed(tuple(SEEN(number=numbers[e.record], verb=_verb(e), at=At(e.at)) for e in evidence))
    own = numbers.get(deviation.record, "")
    words = FACT(number=own, what=expected.label, events=events).in_locale(HANT)
    words += DUE(due=At(deviation.due)).in_locale(HANT) if deviation.due else ""
    return {
        "department": department_by_code(Code.SUPERVISION),
        "inspected": _answers(deviation.department),
        "about": next((about for about in CLAUSES if f"{expected.clause}.".startswith(f"{about}.")), "4"),
        "clause_no": expected.clause,
        "subject": expected.label.in_locale(HANT),
        "fact": words,
        "evidence_on": clock.today(),
        "record": f"{type_name}:{deviation.record}" if _is_live(type_name, deviation.record) else None,
        "rule": deviation.rule.id,
        "events": [_line(event) for event in evidence],
        "evidence_hash": evidence_hash(event.hash for event in evidence),
    }


def _answers(department: ObjectId | None) -> ObjectId | None:
    """The department that a finding is of; that of supervision where the history names none that is there by now."""
    is_there = department is not None and _is_live("department", department)
    return department if is_there else department_by_code(Code.SUPERVISION)


def _is_live(type_name: str, id: ObjectId) -> bool:
    """Whether a record can be linked to; one that is archived or in the bin is named by its number and the hashes of
    its events."""
    return in_unit(type_name).find_one({"_id": id, "removed_at": None}, {"_id": 1}) is not None


def _line(event: SeenEvent) -> EventSeen:
    line = EventSeen()
    link = f"{event.type}:{event.record}" if _is_live(event.type, event.record) else None
    facts = {"happened_to": link, "what": in_all_locales(_verb(event))}
    for name, value in (facts | {"at": event.at, "seq": event.seq}).items():
        line.put(name, value)
    return line


def _verb(event: SeenEvent) -> Words | str:
    flow = registered()[event.type].declared.workflow
    if event.verb == CREATE:
        return CREATED
    return flow.verb_label(event.verb) if flow and event.verb in flow.verbs() else event.verb


def _numbers(evidence: Evidence) -> dict[ObjectId, str]:
    """The numbers of the records that some events are of."""
    result: dict[ObjectId, str] = {}
    for name in {event.type for event in evidence}:
        ids = [event.record for event in evidence if event.type == name]
        for place in (archive_of(name), name):
            rows = get_db()[place].find({"_id": {"$in": ids}}, {"number": 1})
            result |= {row["_id"]: row.get("number") or "" for row in rows}
    return result
