"""What the moves of a period say of a process: how many went which way, how long that took, what came back or was late.

Pure: everything is computed from steps, and each figure carries the records that it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bson import ObjectId

from models.kernel.base.arithmetic.ratio import Figure, Ratio
from models.kernel.base.arithmetic.spread import MEDIAN, percentile
from models.kernel.language.course import is_return
from models.kernel.language.workflow import WITHDRAW, Workflow

from .steps import MomentSpan, ProcessStep

SLOW_TENTH = 90
Courses = Mapping[ObjectId, Sequence[ProcessStep]]
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Took:
    """Durations in seconds of working time: how many are known, their median and their 90th percentile (type 7 of
    Hyndman and Fan)."""

    known: int
    median: Figure
    slow: Figure

    @classmethod
    def of(cls, seconds: Iterable[int | None]) -> Took:
        values = [value for value in seconds if value is not None]
        return cls(len(values), percentile(values, MEDIAN), percentile(values, SLOW_TENTH))


@dataclass(frozen=True)
class WayTaken:
    """One arrow: the moves of one name from one state to another."""

    source: str
    target: str
    verb: str
    moves: int
    cases: tuple[ObjectId, ...]
    took: Took


@dataclass(frozen=True)
class Stage:
    """One state, by the moves that left it: how long records were in it, and which part of that time stood still."""

    state: str
    moves: int
    cases: tuple[ObjectId, ...]
    took: Took
    held: Ratio


@dataclass(frozen=True)
class Variant:
    """The states that some ended cases went through, in order, and how long they took altogether."""

    states: tuple[str, ...]
    cases: tuple[ObjectId, ...]
    took: Took


@dataclass(frozen=True)
class Share:
    """Some cases of all: `hits` are among `cases`."""

    hits: tuple[ObjectId, ...]
    cases: tuple[ObjectId, ...]

    @property
    def ratio(self) -> Ratio:
        return Ratio(len(self.hits), len(self.cases))


def ways(steps: Iterable[ProcessStep]) -> list[WayTaken]:
    """The arrows of a process, the most used first."""
    groups = _grouped(steps, lambda step: (step.source, step.target, step.verb))
    result = [
        WayTaken(*key, len(group), cases_of(group), Took.of(s.spent for s in group)) for key, group in groups.items()
    ]
    return sorted(result, key=lambda way: (-way.moves, way.source, way.target, way.verb))


def stages(steps: Iterable[ProcessStep], order: Sequence[str]) -> list[Stage]:
    """The states that were left, in the order of the workflow; those of former versions last."""
    result = [
        Stage(
            state,
            len(group),
            cases_of(group),
            Took.of(step.spent for step in group),
            Ratio(sum(step.held or 0 for step in group), sum(step.spent or 0 for step in group)),
        )
        for state, group in _grouped(steps, lambda step: step.source).items()
    ]
    places = {state: place for place, state in enumerate(order)}
    return sorted(result, key=lambda stage: (places.get(stage.state, len(places)), stage.state))


def ended_in(courses: Courses, span: MomentSpan, ends: frozenset[str]) -> tuple[ObjectId, ...]:
    """The cases whose last move lies in a period and led to an end: each case in the period of its end."""
    return tuple(
        record
        for record, course in courses.items()
        if course and course[-1].target in ends and span.holds(course[-1].at)
    )


def lead_time(courses: Courses, cases: Iterable[ObjectId]) -> Took:
    """From the first state to the end, in working time, reopenings included; not known where a step is not."""
    return Took.of(_whole(courses[record]) for record in cases)


def _whole(course: Sequence[ProcessStep]) -> int | None:
    spent = [step.spent for step in course]
    return None if None in spent else sum(value or 0 for value in spent)


def variants(courses: Courses, cases: Iterable[ObjectId]) -> list[Variant]:
    """The ways that cases took from start to end, the most frequent first."""
    groups: dict[tuple[str, ...], list[ObjectId]] = {}
    for record in cases:
        course = courses[record]
        groups.setdefault((course[0].source, *(step.target for step in course)), []).append(record)
    result = [Variant(states, tuple(group), lead_time(courses, group)) for states, group in groups.items()]
    return sorted(result, key=lambda variant: (-len(variant.cases), len(variant.states), variant.states))


def first_pass(flow: Workflow, courses: Courses, span: MomentSpan) -> Share:
    """Of the cases decided on for the first time in a period, those that were never given back until its end.

    What its submitter withdrew was not given back. The courses reach to the end of the period.
    """
    decided, passed = [], []
    for record, course in courses.items():
        decisions = [step for step in course if _is_decision(flow, step)]
        if decisions and span.holds(decisions[0].at):
            decided.append(record)
            if not any(_gives_back(flow, step) for step in decisions):
                passed.append(record)
    return Share(tuple(passed), tuple(decided))


def in_time(steps: Iterable[ProcessStep]) -> Share:
    """Of the cases with a move that had a deadline, those whose moves were all made in time."""
    groups = _grouped((step for step in steps if step.due is not None), lambda step: step.record)
    late = {record for record, group in groups.items() if any(step.is_late for step in group)}
    return Share(tuple(record for record in groups if record not in late), tuple(groups))


def split(share: Share, group: Callable[[ObjectId], T]) -> dict[T, Ratio]:
    """The ratio of each group of cases."""
    hits, result = set(share.hits), dict[T, list[int]]()
    for record in share.cases:
        counts = result.setdefault(group(record), [0, 0])
        counts[0] += record in hits
        counts[1] += 1
    return {key: Ratio(numerator, denominator) for key, (numerator, denominator) in result.items()}


def cases_of(steps: Iterable[ProcessStep]) -> tuple[ObjectId, ...]:
    """The records of some steps, each once, in order."""
    return tuple(dict.fromkeys(step.record for step in steps))


def _is_decision(flow: Workflow, step: ProcessStep) -> bool:
    move = flow.find(step.verb, step.source)
    return bool(move and move.is_decision and step.verb != WITHDRAW)


def _gives_back(flow: Workflow, step: ProcessStep) -> bool:
    move = flow.find(step.verb, step.source)
    return bool(move and is_return(flow, move, step.source))


def _grouped(steps: Iterable[ProcessStep], key: Callable[[ProcessStep], T]) -> dict[T, list[ProcessStep]]:
    result: dict[T, list[ProcessStep]] = {}
    for step in steps:
        result.setdefault(key(step), []).append(step)
    return result
