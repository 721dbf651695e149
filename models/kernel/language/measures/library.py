"""The library of measures (4.2). A type declares which of them its records are measured by: `measures=(FirstPass(),)`.

Each is a pure function of the course of one record. What it counts, and to which period a case belongs, stands with it;
a change of that meaning is another `edition`, which no value of before is compared with unawares.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from bson import ObjectId

from ...base import clock
from ...base.people import department_by_code
from ...base.words import L
from ..course import is_return
from ..waits import WaitedFor
from ..workflow import WITHDRAW, Move, Workflow
from .events import NOT_TOLD, CountedCase, EventCourse, MeasuredEvent, reason_out

RATE, MIDDLE = "rate", "middle"
PERCENT, HOURS = "percent", "hours"
LACKING = frozenset({"required", "condition", "gate", "signature"})
BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class DeclaredMeasure:
    """What all measures share. `name`: by which it is known within its type, for good; `only`: the records that it is
    of, by values of their fields; `label`: what it is called where its own words do not do."""

    name: str = ""
    label: L | None = None
    only: Mapping[str, Any] = field(default_factory=dict, hash=False)

    words: ClassVar[L]
    meaning: ClassVar[L]
    edition: ClassVar[int] = 1
    is_speed: ClassVar[bool] = False  # shown with a counterpart for quality alone
    needs_flow: ClassVar[bool] = True
    shape: ClassVar[str] = RATE
    more_is_better: ClassVar[bool] = True

    @property
    def called(self) -> L:
        return self.label or self.words

    @property
    def key(self) -> str:
        """By which it is known within its type."""
        return self.name or type(self).__name__.lower()

    @property
    def unit(self) -> str:
        return PERCENT if self.shape == RATE else HOURS

    def reads(self) -> frozenset[str]:
        """The fields of the record that it reads."""
        return frozenset(self.only)

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        """What a course counts as; nothing where it is no case."""
        raise NotImplementedError

    def fingerprint(self) -> str:
        """What it counts, in short: another one is another formula."""
        said = {item.name: _plain(getattr(self, item.name)) for item in fields(self) if item.name != "label"}
        text = f"{type(self).__name__}:{self.edition}:{sorted(said.items())}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with its declaration, as halves of a sentence."""
        if self.needs_flow and flow is None:
            yield "measures moves, and there is no workflow"
        for name in sorted(self.reads() - known.keys() - {"state", "clocks"}):
            yield f"reads {name!r}, which is no field"
        for name in sorted(self.reads() & known.keys()):
            if not getattr(known[name], "is_indexable", True) and not known[name].columns:
                yield f"reads {name!r}, which is not kept as it is"


def _plain(value: Any) -> str:
    return repr(sorted(value.items())) if isinstance(value, Mapping) else repr(value)


def _state_faults(flow: Workflow | None, states: Iterable[str]) -> Iterator[str]:
    known = {state for each in (flow, *flow.earlier) for state in each.states} if flow else set()
    for state in states:
        if state not in known:
            yield f"names a state {state!r} that does not exist"


NOTICE = dt.timedelta(days=1)  # of what waits for others, before a deadline


@dataclass(frozen=True)
class _Charged:
    """Whose a step is: the owner's where it is ordinary work, else of who decided. A deputy's time is the deputy's."""

    person: ObjectId | None
    department: ObjectId | None


def _charged(move: Move | None, event: MeasuredEvent) -> _Charged:
    if move is None or move.by.is_own:
        return _Charged(event.owner or event.actor, event.department)
    return _Charged(event.actor, event.for_department or event.actor_department or event.department)


def _charged_open(flow: Workflow, state: str, event: MeasuredEvent) -> _Charged:
    """Whose an open step is: of the owner who is waited for, or of the department that decides; which one of several
    people would have done it, nobody can say."""
    moves = [move for move in flow.out_of(state) if move.within and not move.is_by_itself] or [*flow.out_of(state)]
    if any(move.by.is_own for move in moves):
        return _Charged(event.owner, event.department)
    codes = [code for move in moves for code in move.by.departments]
    if codes:
        return _Charged(None, department_by_code(codes[0]))
    return _Charged(None, None if any(move.by.roles for move in moves) else event.department)


def _waited_for(course: EventCourse, due: dt.datetime, before: int | None = None) -> _Charged | None:
    """Who worked on what a record waited for at a deadline, of several on what it had waited for longest; None where it
    could go on. What was named less than a day before the deadline, later than the state began, is nobody else's
    lateness: whoever is late could name it themselves. `before`: the number of the entry that ended the state."""
    events = [event for event in course.events if event.at <= due and (before is None or event.seq < before)]
    if not events or not events[-1].waits_for:
        return None
    first = max((place for place, event in enumerate(events) if event.target), default=0)

    def begun(each: WaitedFor) -> int:
        place = len(events) - 1
        while place > first and any(known.record == each.record for known in events[place - 1].waits_for):
            place -= 1
        return place

    longest = min(events[-1].waits_for, key=begun)
    if begun(longest) > first and events[begun(longest)].at > due - NOTICE:
        return None
    return _Charged(longest.person, longest.department)


@dataclass(frozen=True, kw_only=True)
class Completeness(DeclaredMeasure):
    """Of the steps that ask for something and were done by people, those whose first attempt since the record came into
    the state had all of it (4.2). A draft saved incomplete is no attempt. Period: of the step. `verbs`: these alone."""

    verbs: str = ""
    words: ClassVar[L] = L("Completeness", "完整性")
    meaning: ClassVar[L] = L(
        "Steps whose first attempt had all that is required / steps done that require something.",
        "首次辦理即資料齊備的步驟數 / 已辦理且有必備條件的步驟數。",
    )

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        if flow is None:
            return
        since = course.events[0].at if course.events else dt.datetime.min.replace(tzinfo=clock.UTC)
        for event in course.moves():
            move = flow.find(event.verb, event.source)
            if move and (move.require or move.ask) and event.actor and self._is_meant(event.verb):
                lacked = any(
                    step.lacked and step.verb == event.verb and since <= step.at <= event.at for step in course.refused
                )
                whose = _charged(move, event)
                yield CountedCase(
                    event.at, (event.seq,), not lacked, None, whose.department, whose.person, reason_out(event)
                )
            since = event.at

    def _is_meant(self, verb: str) -> bool:
        return not self.verbs or verb in self.verbs.split()

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        moves = [move for move in flow.moves if self._is_meant(move.verb)] if flow else []
        if flow and not any(move.require or move.ask for move in moves):
            yield "measures what is required, and no move of it requires anything"
        yield from (
            f"names {verb!r}, which is no move" for verb in self.verbs.split() if flow and verb not in flow.verbs()
        )


@dataclass(frozen=True, kw_only=True)
class FirstPass(DeclaredMeasure):
    """Of the cases that were decided on for the first time in the period, those approved without having been given back
    before its end; per case, not per decision. What its submitter took back was not given back. `state`: of decisions
    in this state alone, such as that of the legal review. Whose: the owner's."""

    state: str = ""
    words: ClassVar[L] = L("First-pass accuracy", "一次通過率")
    meaning: ClassVar[L] = L(
        "Cases approved without having been given back / cases decided on for the first time.",
        "未經退回即獲批准的件數 / 首次作出決定的件數。",
    )

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        if flow is None:
            return
        decided = [event for event in course.moves() if self._is_decision(flow, event)]
        if decided:
            first = decided[0]
            is_good = not any(self._is_against(flow, event) for event in decided)
            numbers = tuple(event.seq for event in decided)
            yield CountedCase(
                first.at, numbers, is_good, None, first.department, first.owner or first.actor, reason_out(*decided)
            )

    def _is_decision(self, flow: Workflow, event: MeasuredEvent) -> bool:
        move = flow.find(event.verb, event.source)
        return bool(
            move and move.is_decision and event.verb != WITHDRAW and (not self.state or event.source == self.state)
        )

    def _is_against(self, flow: Workflow, event: MeasuredEvent) -> bool:
        move = flow.find(event.verb, event.source)
        return flow.tones.get(event.target) == BAD or bool(move and is_return(flow, move, event.source))

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        yield from _state_faults(flow, [self.state] if self.state else [])
        moves = [move for move in flow.moves if not self.state or self.state in move.source] if flow else []
        if flow and not any(move.is_decision for move in moves):
            yield "measures decisions, and nobody decides there"


@dataclass(frozen=True, kw_only=True)
class StepsInTime(DeclaredMeasure):
    """Of the steps with a deadline, those made by it, as it was in force when the step was made; what is open counts as
    late once its deadline is over. Period: of the deadline. Whose: of who was waited for; of what is late, and at its
    deadline waited for another record (`Waits`) since a day or since the state began, of who worked on that one. What
    the system did by itself is nobody's step. `state`: of the steps out of this state alone."""

    state: str = ""
    words: ClassVar[L] = L("Timeliness", "及時性")
    meaning: ClassVar[L] = L(
        "Steps made by their deadline / steps whose deadline lies in the period, the open ones with them.",
        "按期完成的步驟數 / 期限在本期內的步驟數（含逾期未完成）。",
    )
    is_speed: ClassVar[bool] = True

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        if flow is None:
            return
        for event in course.moves():
            move = flow.find(event.verb, event.source)
            is_step = event.verb != WITHDRAW and not (move and move.is_by_itself)  # what was taken back was not done
            if event.due and event.actor and is_step and self._is_meant(event.source):
                is_late = event.at > event.due
                whose = (is_late and _waited_for(course, event.due, event.seq)) or _charged(move, event)
                yield CountedCase(
                    event.due,
                    (event.seq,),
                    not is_late,
                    None,
                    whose.department,
                    whose.person,
                    reason_out(event),
                )
        last = course.events[-1] if course.events else None
        if last and last.next_due and course.state not in flow.ends and self._is_meant(course.state):
            whose = _waited_for(course, last.next_due) or _charged_open(flow, course.state, last)
            yield CountedCase(last.next_due, (last.seq,), False, None, whose.department, whose.person, reason_out(last))

    def _is_meant(self, state: str) -> bool:
        return not self.state or state == self.state

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        yield from _state_faults(flow, [self.state] if self.state else [])
        if flow and not flow.due and not any(move.within for move in flow.moves):
            yield "measures deadlines, and no move of it has one"


@dataclass(frozen=True, kw_only=True)
class HeldUp(DeclaredMeasure):
    """The working time that records waited for others of their type (`Waits`): a case for each step and each record
    that it waited for; the median, beside it the 90th percentile. Period: of the step. Whose: of who worked on what
    was waited for, never of who waited."""

    words: ClassVar[L] = L("Time others waited", "他人等待時間")
    meaning: ClassVar[L] = L(
        "Working time for which others could not go on until this was done: the median for each step.",
        "他人因等待本人辦理而無法繼續的工時，按每次等待計，取中位數。",
    )
    shape: ClassVar[str] = MIDDLE
    more_is_better: ClassVar[bool] = False

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        for event in course.moves():
            for waited, seconds in event.waited.items():
                yield CountedCase(
                    event.at, (event.seq,), None, seconds, waited.department, waited.person, reason_out(event)
                )

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        if flow and flow.waits is None:
            yield "measures what others waited for, and its records wait for none (waits=)"


@dataclass(frozen=True, kw_only=True)
class ClockInTime(DeclaredMeasure):
    """Of the declared deadlines `clock` of the records, those that were met in time; what is open counts as late once
    the deadline is over, and while it stands still not at all. Period: of the deadline."""

    clock: str = ""
    words: ClassVar[L] = L("Deadlines kept", "時限達成率")
    meaning: ClassVar[L] = L(
        "Cases whose deadline was kept, holds left out / cases whose deadline lies in the period.",
        "按時限完成的件數（扣除暫停） / 時限在本期內的件數。",
    )
    is_speed: ClassVar[bool] = True

    def reads(self) -> frozenset[str]:
        return frozenset(self.only) | {"clocks"}

    @property
    def key(self) -> str:
        return self.name or f"{self.clock}intime"

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        row, last = None, None
        for event in course.events:
            if "clocks" in event.changed:
                present = next((row for row in event.values.get("clocks") or () if row["name"] == self.clock), None)
                if present != row:
                    row, last = present, event
        if row is None or last is None or row.get("is_held"):
            return
        is_good = bool(row.get("ended")) and not row.get("is_late")
        worker = last.values.get(flow.worker) if flow and flow.worker else None
        yield CountedCase(
            clock.aware(row["due"]), (last.seq,), is_good, None, last.department, worker or last.owner, reason_out(last)
        )

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        if self.clock not in {deadline.name for deadline in cls.deadlines}:
            yield f"measures a deadline {self.clock!r} that is not declared"


@dataclass(frozen=True, kw_only=True)
class CycleTime(DeclaredMeasure):
    """The working time from when a record first came into `start` (empty: from its entry) to its last coming into one
    of the states `end`, reopenings included, holds left out. It is lead time: a state's duration is not work. Median
    and 90th percentile. Period: of that end."""

    start: str = ""
    end: str = ""
    words: ClassVar[L] = L("Lead time", "辦理週期")
    meaning: ClassVar[L] = L(
        "Working time from start to end without holds: the median, beside it the 90th percentile.",
        "自起點至終點的工時（扣除暫停），取中位數，並列第 90 百分位。",
    )
    is_speed: ClassVar[bool] = True
    shape: ClassVar[str] = MIDDLE
    more_is_better: ClassVar[bool] = False

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        ends, started, spent, last, is_told = self.end.split(), not self.start, 0, None, True
        total, was_told = 0, True
        for event in course.events:
            if event.is_move and started:
                is_told = is_told and event.spent is not None
                spent += (event.spent or 0) - (event.held or 0)
            started = started or event.target == self.start
            if event.is_move and started and event.target in ends:
                last, total, was_told = event, spent, is_told
        if last:
            out = reason_out(last) or ("" if was_told else NOT_TOLD)
            yield CountedCase(last.at, (last.seq,), None, total, last.department, last.owner, out)

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        yield from _state_faults(flow, [*self.end.split(), *([self.start] if self.start else [])])
        if not self.end:
            yield "measures until an end that it does not name"


@dataclass(frozen=True, kw_only=True)
class DatesKept(DeclaredMeasure):
    """Of the records, or their lines `lines`, that are due by the date `due`, those that were done by then: by the date
    `done`, or by coming into the state `reached`. What is not done counts as late once its date is over; what is in one
    of the states `but` at the end of the period is no case. `moments`: both are points in time and no days, which end
    with them in the company's zone. Period: of the due date; what was over when the record was entered counts in the
    period of its entry, so that no late entry is left out."""

    due: str = ""
    done: str = ""
    reached: str = ""
    lines: str = ""
    but: str = ""
    moments: bool = False
    words: ClassVar[L] = L("On time", "按期率")
    meaning: ClassVar[L] = L(
        "Done by their date / due in the period, what is not done with them. What was over when it was entered counts "
        "when it was entered.",
        "按期完成數 / 本期到期數（含逾期未完成；錄入時已到期者計入錄入當期）。",
    )
    edition: ClassVar[int] = 2  # 1 left out what was over when it was entered
    is_speed: ClassVar[bool] = True
    needs_flow: ClassVar[bool] = False

    def reads(self) -> frozenset[str]:
        own = {self.lines} if self.lines else {self.due, self.done}
        return (frozenset(self.only) | own) - {""}

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        if not course.events or course.state in self.but.split():
            return
        rows = (course.values.get(self.lines) or ()) if self.lines else (course.values,)
        event = next((event for event in reversed(course.events) if event.changed & self.reads()), course.events[-1])
        reached = next((event for event in course.moves() if event.target == self.reached), None)
        event = reached or event
        for row in rows:
            due = row.get(self.due)
            if due is None:
                continue
            at, is_good = self._kept(clock.aware(due), reached.at if reached else row.get(self.done))
            at = max(at, course.events[0].at)
            yield CountedCase(at, (event.seq,), is_good, None, event.department, event.owner, reason_out(event))

    def _kept(self, due: dt.datetime, done: dt.datetime | None) -> tuple[dt.datetime, bool]:
        """When a due date is over, and whether it was kept: days compared as days, a move with the end of the day."""
        if self.moments:
            return due, done is not None and clock.aware(done) <= due
        end = clock.start_of(due.date() + dt.timedelta(days=1))
        is_good = done is not None and (clock.aware(done) < end if self.reached else done.date() <= due.date())
        return end - dt.timedelta(milliseconds=1), is_good

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        place: Mapping[str, Any] = known[self.lines].columns if self.lines in known else known
        for name in (self.due, *([self.done] if self.done else [])):
            if self.lines and name not in place:
                yield f"reads {self.lines}.{name}, which is no column"
            elif name in place and (not place[name].is_date or place[name].is_moment != self.moments):
                yield f"reads {name!r}, which is no {'moment' if self.moments else 'day'}"
        if bool(self.done) == bool(self.reached):
            yield "is done by a date or by a state, one of them"
        yield from _state_faults(flow, [*self.but.split(), *([self.reached] if self.reached else [])])


@dataclass(frozen=True, kw_only=True)
class GoodRatings(DeclaredMeasure):
    """Of the answers in the field `rating`, those of `good` points or more; each record once, by its last answer in the
    period. What was not answered is no case. Period: of that answer."""

    rating: str = ""
    good: int = 4
    words: ClassVar[L] = L("Satisfaction", "滿意率")
    meaning: ClassVar[L] = L("Answers that are good / answers.", "滿意的評價數 / 評價數。")
    needs_flow: ClassVar[bool] = False

    def reads(self) -> frozenset[str]:
        return frozenset(self.only) | {self.rating}

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        last = next((event for event in reversed(course.events) if self.rating in event.changed), None)
        value = last.values.get(self.rating) if last else None
        if last and value:
            worker = last.values.get(flow.worker) if flow and flow.worker else None
            yield CountedCase(
                last.at, (last.seq,), value >= self.good, None, last.department, worker or last.owner, reason_out(last)
            )

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        if self.rating in known and not known[self.rating].is_number:
            yield f"reads {self.rating!r}, which is no number"


@dataclass(frozen=True, kw_only=True)
class EntryDelay(DeclaredMeasure):
    """The working time from when something happened in the business to its entry: the median. Period: of the entry.
    Whose: of who entered it. What was imported is left out."""

    words: ClassVar[L] = L("Delay of entry", "登記滯後")
    meaning: ClassVar[L] = L(
        "Working time from the business date to the entry: the median; a day is over with its last shift.",
        "自業務發生至登記的工時，取中位數；只有日期的以當日下班為準。",
    )
    is_speed: ClassVar[bool] = True
    needs_flow: ClassVar[bool] = False
    shape: ClassVar[str] = MIDDLE
    more_is_better: ClassVar[bool] = False

    def cases(self, flow: Workflow | None, course: EventCourse) -> Iterator[CountedCase]:
        first = course.events[0] if course.events else None
        if first and first.verb == "create" and (first.lag is not None or first.form < 3):
            out = reason_out(first) or ("" if first.lag is not None else NOT_TOLD)
            yield CountedCase(first.at, (first.seq,), None, first.lag, first.department, first.actor, out)

    def faults(self, cls: Any, flow: Workflow | None, known: Mapping[str, Any]) -> Iterator[str]:
        yield from DeclaredMeasure.faults(self, cls, flow, known)
        if not cls.happened:
            yield "measures from a business date that the type does not name (happened=)"


def measure_faults(spec: Any, known: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the measures of a declaration."""
    keys = [measure.key for measure in spec.measures if isinstance(measure, DeclaredMeasure)]
    for measure in spec.measures:
        if not isinstance(measure, DeclaredMeasure):
            yield f"measures {measure!r}, which is none of the library"
            continue
        yield from (f"measure {measure.key!r} {fault}" for fault in measure.faults(spec, spec.workflow, known))
    yield from (f"two measures are called {key!r}: give name=" for key in sorted(set(keys)) if keys.count(key) > 1)
