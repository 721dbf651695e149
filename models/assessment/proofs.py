"""A figure is a proof: a published value is computed again from the sealed history, on this machine or on a restored
backup, and is equal, or the first event that differs is named.

Five things are held against each other: what the record of the value says, what its history said when it was published
and was sealed, the kept population and its hash, each entry of each record against the seal that covers it, and the
whole counted anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..kernel.base import clock
from ..kernel.base.arithmetic.periods import CalendarPeriod, PeriodKind
from ..kernel.base.collections import (
    ATTEMPTS,
    HISTORY,
    HISTORY_ARCHIVE,
    SEALS,
    TOMBSTONES,
    UNSEALED,
    archive_of,
    in_archive,
)
from ..kernel.base.words import At, L, Words
from ..kernel.gate import history
from ..kernel.gate.unsealed import has_digest
from ..services.keeping.seals import seal_hash, unpack
from . import populations
from .counting import COMPANY, DEPARTMENT, PERSON, PopulationLine, counted, in_order, shown
from .formulas import Formula, formula_kept
from .knowledge import SealedKnowledge
from .objected import objected_by
from .publishing import FigurePlace, lines_kept
from .values import IndicatorValue

NO_PROOF = L("nothing is kept of what it was counted from", "沒有保存計算依據")
NO_FORMULA = L(
    "was counted by {edition}, and this program counts by another edition",
    "按公式 {edition} 計算，本程序的公式版次不同",
)
NO_SEAL = L("its seal {seal} is not there, or is another one", "所依據的封存 {seal} 不存在或不一致")
OTHER_POPULATION = L("the kept population is not the one that was published", "保存的樣本與公佈時不一致")
OTHER_RECORD = L(
    "the record says {now} for “{field}”, and was published with {then}", "「{field}」現為 {now}，公佈時為 {then}"
)
ENTRY = L("{type} {number} #{seq} ({move}, {at})", "{type} {number} 第 {seq} 條（{move}，{at}）")
CHANGED = L("the entry was changed after it was sealed", "條目在封存後被更改")
GONE = L("the entry is gone", "條目丟失")
DESTROYED = L("the record was destroyed by an approved list since", "記錄其後已按批准的清單銷毀")
UNSEALED_THEN = L("the entry was under no seal then", "條目當時未封存")
COUNTS_OTHER = L("counts otherwise when it is counted anew", "重新計算的結果不同")
NOT_COUNTED = L("was not counted, and should have been", "未計入，但應計入")
NOT_THERE = L("was counted, and is no case when it is counted anew", "已計入，但重新計算不是個案")
OTHER_VALUE = L(
    "the value is {now} when it is counted anew, and {then} was published", "重新計算得 {now}，公佈為 {then}"
)
OTHER_PLACE = L(
    "the record says {now} for “{field}”, and what is kept was counted of {then}",
    "「{field}」現為 {now}，而保存的計算依據屬於 {then}",
)
NOT_SEALED = L("the entry is under no seal", "條目未封存")
FAULTS_MAX = 100


@dataclass(frozen=True)
class FigureFault:
    """One thing that differs: where, what, and when that happened in the history, where it is an event."""

    where: Words | str
    what: Words
    at: dt.datetime | None = None


@dataclass
class FigureReport:
    """What came of it: the faults, the first event in time first, and how much was looked at."""

    number: str
    records: int = 0
    entries: int = 0
    faults: list[FigureFault] = field(default_factory=list)
    destroyed: int = 0

    @property
    def is_equal(self) -> bool:
        return not self.faults


def verify(number: str) -> FigureReport | None:
    """Compute a published value again; None where there is no value of this number."""
    row = get_db()[IndicatorValue.type_name()].find_one({"number": number}) or in_archive(
        IndicatorValue.type_name(), {"number": number}
    )
    if row is None:
        return None
    report = FigureReport(number)
    report.faults += _record_faults(row)
    header, lines = lines_kept(row["_id"])
    formula = formula_kept(header["formula"]) if header else None
    if formula is None:
        what = NO_FORMULA(edition=row.get("formula")) if header else NO_PROOF
        report.faults.append(FigureFault(number, what))
        return report
    scope, id = header["subject"]
    place = FigurePlace(
        formula, CalendarPeriod(PeriodKind(header["formula"]["kind"]), header["period"].date()), (scope, id)
    )
    if place.population(lines) != row.get("population"):
        report.faults.append(FigureFault(number, OTHER_POPULATION))
    report.faults += _place_faults(place, row)
    known, digests = _sealed(row.get("seal"), row.get("seal_hash"))
    if known is None:
        report.faults.append(FigureFault(number, NO_SEAL(seal=row.get("seal"))))
        return report
    for faults in (_event_faults(formula, lines, digests, report), _anew(place, header, lines, known, row, report)):
        report.faults += sorted(faults, key=lambda fault: fault.at or dt.datetime.max.replace(tzinfo=dt.UTC))
    del report.faults[FAULTS_MAX:]
    return report


def _record_faults(row: Mapping[str, Any]) -> Iterator[FigureFault]:
    """What the record says against what its first entry, which is chained and sealed, said."""
    query = {"type": IndicatorValue.type_name(), "record": row["_id"], "seq": 1}
    entry = get_db()[HISTORY].find_one(query) or get_db()[HISTORY_ARCHIVE].find_one(query)
    if entry is None or history.digest(entry) != entry.get("hash"):
        yield FigureFault(f"{row['number']} #1", CHANGED if entry else GONE)
        return
    if (why := _seal_fault(entry, row.get("seal") or 0)) is not None:
        yield FigureFault(f"{row['number']} #1", why)
    said = {change["field"]: change.get("new") for change in entry["changes"]}
    for name in sorted(IndicatorValue.declared.own_fields):
        if (now := _plain(row.get(name))) != (then := _plain(said.get(name))):
            yield FigureFault(row["number"], OTHER_RECORD(field=name, now=now, then=then))


def _plain(value: Any) -> Any:
    """A stored value as it is compared: nothing is nothing, and lines are known by what they say."""
    if isinstance(value, list):
        return [{k: v for k, v in line.items() if k != "key"} if isinstance(line, dict) else line for line in value]
    return None if value == "" else value


def _seal_fault(entry: Mapping[str, Any], after: int) -> Words | None:
    """What is wrong with the seal of the first entry of a value, which is one after that by which it was counted; an
    entry that has just been written waits for it."""
    digest = history.digest(dict(entry))
    for seal in get_db()[SEALS].find({"_id": {"$gt": after}}).sort("_id", 1):
        if (sealed := dict(unpack(bytes(seal["leaves"]))).get(entry["_id"])) is not None:
            return None if sealed == digest else CHANGED
    waiting = get_db()[UNSEALED].find_one({"_id": entry["_id"]})
    return None if waiting and has_digest(waiting, digest) else CHANGED if waiting else NOT_SEALED


def _place_faults(place: FigurePlace, row: Mapping[str, Any]) -> Iterator[FigureFault]:
    """What the record says of whose value it is, and of when, against that of which the population was kept. A value of
    a person stands in a department of which the population says nothing."""
    scope, id = place.subject
    named = {COMPANY: {}, DEPARTMENT: {"department": id}, PERSON: {"employee": id}}[scope]
    days = {name: clock.stored_day(day) for name, day in
            (("first_day", place.period.first), ("last_day", place.period.last))}  # fmt: skip
    for name, then in {"indicator": place.formula.indicator, "scope": scope, **days, **named}.items():
        if (now := _aware(row.get(name))) != _aware(then):
            yield FigureFault(row["number"], OTHER_PLACE(field=name, now=now, then=then))


def _aware(value: Any) -> Any:
    return clock.aware(value) if isinstance(value, dt.datetime) else value


def _sealed(number: int | None, hash: str | None) -> tuple[SealedKnowledge | None, dict[ObjectId, str]]:
    """What was known under a seal, and the digest of each entry that it and those before it cover."""
    digests: dict[ObjectId, str] = {}
    last: Mapping[str, Any] | None = None
    for seal in get_db()[SEALS].find({"_id": {"$lte": number or 0}}).sort("_id", 1):
        digests.update(unpack(bytes(seal["leaves"])))
        last = seal
    if last is None or last["_id"] != number or last["hash"] != hash or seal_hash(last) != hash:
        return None, digests
    return SealedKnowledge(last["_id"], last["hash"], last["at"]), digests


def _event_faults(
    formula: Formula, lines: Iterable[PopulationLine], digests: Mapping[ObjectId, str], report: FigureReport
) -> Iterator[FigureFault]:
    """Each entry of each counted record, up to the last that was known, against its seal and its chain."""
    heads = {line.record: line.head for line in lines}
    type_name, ids = formula.cls.type_name(), list(heads)
    for start in range(0, len(ids), populations.EACH):
        batch = ids[start : start + populations.EACH]
        entries: dict[ObjectId, dict[int, dict[str, Any]]] = {}
        for place in (HISTORY, HISTORY_ARCHIVE):
            for row in get_db()[place].find({"type": type_name, "record": {"$in": batch}}):
                entries.setdefault(row["record"], {})[row["seq"]] = row
        for id in batch:
            report.records += 1
            yield from _course_faults(formula, id, heads[id], entries.get(id, {}), digests, report)
    yield from _attempt_faults(formula, ids, digests)


def _course_faults(
    formula: Formula,
    id: ObjectId,
    head: tuple[int, str],
    entries: Mapping[int, Mapping[str, Any]],
    digests: Mapping[ObjectId, str],
    report: FigureReport,
) -> Iterator[FigureFault]:
    if not entries and get_db()[TOMBSTONES].find_one({"_id": id}, {"_id": 1}):
        report.destroyed += 1
        yield FigureFault(f"{formula.cls.type_name()} {id}", DESTROYED)
        return
    previous = history.GENESIS
    for seq in range(1, head[0] + 1):
        entry = entries.get(seq)
        if entry is None:
            yield FigureFault(_called(formula, id, {"seq": seq}), GONE)
            return
        report.entries += 1
        digest = history.digest(dict(entry))
        sealed = digests.get(entry["_id"])
        if sealed is None:
            yield FigureFault(_called(formula, id, entry), UNSEALED_THEN, clock.aware(entry["at"]))
            return
        if digest != sealed or digest != entry.get("hash") or (entry.get("prev") or "") != previous:
            yield FigureFault(_called(formula, id, entry), CHANGED, clock.aware(entry["at"]))
            return
        previous = str(entry.get("hash"))
    if previous != head[1]:
        yield FigureFault(_called(formula, id, entries.get(head[0], {"seq": head[0]})), CHANGED)


def _attempt_faults(formula: Formula, ids: list[ObjectId], digests: Mapping[ObjectId, str]) -> Iterator[FigureFault]:
    if not formula.reads_refused:
        return
    for row in get_db()[ATTEMPTS].find({"type": formula.cls.type_name(), "record": {"$in": ids}}):
        if digests.get(row["_id"], history.digest(row)) != history.digest(row):
            where = _called(formula, row["record"], {**row, "seq": "—"})
            yield FigureFault(where, CHANGED, clock.aware(row["at"]))


def _anew(
    place: FigurePlace,
    header: Mapping[str, Any],
    lines: list[PopulationLine],
    known: SealedKnowledge,
    row: Mapping[str, Any],
    report: FigureReport,
) -> Iterator[FigureFault]:
    """Count all records of the type anew, as far as they were known then; line by line against what was kept."""
    formula, objected = place.formula, objected_by(header["objections"])
    anew: list[PopulationLine] = []
    for course in populations.read(formula.cls.type_name(), _all_with_history(formula, lines), [formula], known):
        head = course.until(place.period.end()).head
        for case in formula.cases(course, place.period):
            if _is_of(place, case):
                anew.append(PopulationLine(course.record, head, case.without(objected.get(course.record, ()))))
    kept, now = _by_record(lines), _by_record(anew)
    for id in sorted(kept.keys() | now.keys()):
        if kept.get(id) != now.get(id):
            what = NOT_COUNTED if id not in kept else NOT_THERE if id not in now else COUNTS_OTHER
            line = (kept.get(id) or now[id])[0]
            yield FigureFault(_called(formula, id, {"seq": line.case.events[0]}), what, line.case.at)
    value = shown(counted(formula.measure.shape, anew, formula.least_n).value)
    published = row.get("value")
    published = published.to_decimal() if published is not None else None
    if value != published:
        yield FigureFault(report.number, OTHER_VALUE(now=value, then=published))


def _all_with_history(formula: Formula, lines: Iterable[PopulationLine]) -> Iterator[ObjectId]:
    """All records of the type, those archived and those counted then with them."""
    seen = {line.record for line in lines}
    yield from sorted(seen)
    name = formula.cls.type_name()
    for place in (name, archive_of(name)):
        for row in get_db()[place].find(
            {"_id": {"$nin": list(seen)}} if len(seen) < populations.EACH else {}, {"_id": 1}
        ):
            if row["_id"] not in seen:
                yield row["_id"]


def _is_of(place: FigurePlace, case: Any) -> bool:
    scope, id = place.subject
    return scope == COMPANY or getattr(case, scope) == id


def _by_record(lines: Iterable[PopulationLine]) -> dict[ObjectId, list[PopulationLine]]:
    result: dict[ObjectId, list[PopulationLine]] = {}
    for line in in_order(lines):
        result.setdefault(line.record, []).append(line)
    return result


def _called(formula: Formula, id: ObjectId, entry: Mapping[str, Any]) -> Words:
    """An entry as people can look it up."""
    name = formula.cls.type_name()
    row = get_db()[name].find_one({"_id": id}, {"number": 1}) or in_archive(name, {"_id": id}) or {}
    at = clock.aware(entry["at"]) if entry.get("at") else None
    return ENTRY(
        type=formula.cls.declared.label,
        number=row.get("number") or id,
        seq=entry["seq"],
        move=entry.get("verb") or "—",
        at=At(at),
    )
