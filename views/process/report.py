"""What the page of a process is asked for, and all figures of it, each with the cases that it counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bson import ObjectId
from werkzeug.datastructures import MultiDict

from models.kernel.base import clock, people
from models.kernel.base.arithmetic.mix import Explained, explained
from models.kernel.base.arithmetic.ratio import NO_DATA, NoData
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.course import columns
from models.kernel.language.fields import Day
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.language.workflow import Workflow
from models.kernel.rights import rights
from models.services.process.measures import (
    Courses,
    Share,
    Stage,
    Took,
    Variant,
    WayTaken,
    ended_in,
    first_pass,
    in_time,
    lead_time,
    split,
    stages,
    variants,
    ways,
)
from models.services.process.steps import MomentSpan, PeriodSteps, steps_of, whole_course
from models.services.process.waiting_now import Queues, queues_of

DAYS_SHOWN, DAYS_MAX = 90, 1830
EARLIEST = dt.date(1980, 1, 1)
DEPARTMENT = "department"
WRONG_WAY = L("The first day lies after the last one; both were left out.", "起始日期晚於截止日期，均未採用。")
TOO_LONG = L(
    "A period has five years at most and begins in 1980 at the earliest; the last {days} days are shown.",
    "統計期間最長五年，最早自 1980 年起；現顯示最近 {days} 天。",
)
NO_SUCH_DEPARTMENT = L("There is no such department; all are counted.", "沒有該部門，已計入所有部門。")
DAY = Day(label=L("Day", "日期"))


@dataclass(frozen=True)
class ProcessRequest:
    """What an address asks for: a type, days from the first to the last, a department, which sources, and by what two
    periods are compared."""

    cls: type[Record]
    me: Actor
    first: dt.date
    last: dt.date
    department: ObjectId | None
    every_source: bool
    by: str
    problems: tuple[Words, ...] = ()

    @classmethod
    def read(cls, record: type[Record], me: Actor, args: MultiDict) -> ProcessRequest:
        """What cannot be read is left out, and said."""
        problems: list[Words] = []
        last = _day(args.get("to", ""), problems) or clock.today()
        first = _day(args.get("from", ""), problems) or last - dt.timedelta(days=DAYS_SHOWN - 1)
        is_long = (last - first).days >= DAYS_MAX or first < EARLIEST
        if first > last or is_long:
            problems.append(TOO_LONG(days=DAYS_SHOWN) if is_long else WRONG_WAY)
            last = clock.today()
            first = last - dt.timedelta(days=DAYS_SHOWN - 1)
        code = args.get("department", "")
        department = next((id for id, facts in people.departments().items() if facts.code == code), None)
        if code and department is None:
            problems.append(NO_SUCH_DEPARTMENT)
        by = args.get("by", DEPARTMENT)
        every = args.get("all") == "1"
        return cls(
            record,
            me,
            first,
            last,
            department,
            every,
            by if by in dimensions(record, me) else DEPARTMENT,
            tuple(problems),
        )

    @property
    def flow(self) -> Workflow:
        """The declared process. Raises Missing for a type without one."""
        if self.cls.declared.workflow is None:
            raise Missing
        return self.cls.declared.workflow

    @property
    def span(self) -> MomentSpan:
        """The days asked for, in the company's zone."""
        return MomentSpan(clock.start_of(self.first), clock.start_of(self.last + dt.timedelta(days=1)))

    @property
    def before(self) -> MomentSpan:
        """As many days before them."""
        length = self.last - self.first + dt.timedelta(days=1)
        return MomentSpan(clock.start_of(self.first - length), clock.start_of(self.first))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The arguments of its address."""
        result = [("from", self.first.isoformat()), ("to", self.last.isoformat())]
        if self.department:
            result.append(("department", people.code_of(self.department)))
        if self.by != DEPARTMENT:
            result.append(("by", self.by))
        return [*result, *([("all", "1")] if self.every_source else [])]


def dimensions(cls: type[Record], me: Actor) -> list[str]:
    """By what two periods can be compared: the department of then, or a choice that the reader sees in lists."""
    seen = rights.listed_fields(me, cls)
    return [
        DEPARTMENT,
        *(name for name, f in cls.declared.own_fields.items() if has_options(f) and name in seen),
    ]


def has_options(field: Any) -> bool:
    """Whether a field is a choice of one among options."""
    return bool(getattr(field, "options", None)) and not hasattr(field, "field")


@dataclass
class MeasuredPeriod:
    """The moves of one period, the whole course of the cases that were decided on or ended in it, and what follows."""

    request: ProcessRequest
    span: MomentSpan
    read: PeriodSteps = field(init=False)
    courses: Courses = field(init=False)

    def __post_init__(self) -> None:
        request = self.request
        names = () if request.by == DEPARTMENT else (request.by,)
        self.read = steps_of(
            request.cls,
            request.me,
            self.span,
            department=request.department,
            every_source=request.every_source,
            fields=names,
        )
        measured = {step.record for step in self.read.steps}
        self.courses = whole_course(measured, self.span.end, every_source=request.every_source) if measured else {}

    @property
    def flow(self) -> Workflow:
        return self.request.flow

    @cached_property
    def ended(self) -> tuple[ObjectId, ...]:
        return ended_in(self.courses, self.span, frozenset(self.flow.ends))

    @cached_property
    def first_pass(self) -> Share:
        return first_pass(self.flow, self.courses, self.span)

    @cached_property
    def in_time(self) -> Share:
        return in_time(self.read.steps)

    @cached_property
    def lead(self) -> Took:
        return lead_time(self.courses, self.ended)

    def group(self) -> Callable[[ObjectId], Hashable]:
        """The group of a case: its department at its last move of the period, or what is chosen in it now."""
        if self.request.by == DEPARTMENT:
            departments = {step.record: step.department for step in self.read.steps}
            return departments.get
        return lambda record: self.read.records[record].get(self.request.by)


@dataclass
class ProcessReport:
    """The figures of a process in a period, beside those of the period before."""

    request: ProcessRequest
    period: MeasuredPeriod = field(init=False)

    def __post_init__(self) -> None:
        self.period = MeasuredPeriod(self.request, self.request.span)

    @property
    def steps(self) -> PeriodSteps:
        return self.period.read

    @cached_property
    def before(self) -> MeasuredPeriod:
        return MeasuredPeriod(self.request, self.request.before)

    @cached_property
    def ways(self) -> list[WayTaken]:
        return ways(self.steps.steps)

    @cached_property
    def stages(self) -> list[Stage]:
        places = columns(self.period.flow)
        return stages(self.steps.steps, sorted(places, key=lambda state: places[state]))

    @cached_property
    def variants(self) -> list[Variant]:
        return variants(self.period.courses, self.period.ended)

    @cached_property
    def queues(self) -> Queues:
        flow = self.period.flow
        states = [state for state in flow.states if state not in flow.ends]
        return queues_of(self.request.cls, self.request.me, states, self.request.department)

    def change(self, share: Callable[[MeasuredPeriod], Share]) -> Explained | NoData:
        """Why a share is another than in the period before: by rates of the groups, and by their shares."""
        if self.steps.more or self.before.read.more:
            return NO_DATA
        then, now = (split(share(period), period.group()) for period in (self.before, self.period))
        return explained(then, now)

    def figures(self) -> Mapping[str, tuple[ObjectId, ...]]:
        """The cases of each figure, by its key in addresses."""
        period = self.period
        result = {f"way:{way.source}:{way.target}:{way.verb}": way.cases for way in self.ways}
        result |= {f"stage:{stage.state}": stage.cases for stage in self.stages}
        result |= {f"variant:{'>'.join(variant.states)}": variant.cases for variant in self.variants}
        result |= {f"queue:{queue.state}:{','.join(queue.addresses)}": queue.cases for queue in self.queues.queues}
        passed, timely = set(period.first_pass.hits), set(period.in_time.hits)
        return result | {
            "moved": tuple(dict.fromkeys(step.record for step in self.steps.steps)),
            "ended": period.ended,
            "decided": period.first_pass.cases,
            "passed": period.first_pass.hits,
            "returned": tuple(record for record in period.first_pass.cases if record not in passed),
            "timed": period.in_time.cases,
            "in_time": period.in_time.hits,
            "late": tuple(record for record in period.in_time.cases if record not in timely),
        }


def _day(text: str, problems: list[Words]) -> dt.date | None:
    if not text.strip():
        return None
    try:
        day = parse(DAY, text)
    except BadValue as bad:
        problems.append(bad.sentence)
        return None
    if fault := next(DAY.faults(day), None):
        problems.append(fault)
        return None
    return day
