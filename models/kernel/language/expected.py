"""What the standard expects of time and order, across record types: rules whose deviations the history shows.

`record(expects=(Precedes("order_before_signature", L(…), clause="2.2.6", first="Contract.sign", before="create",
via="contract"),))`. The gate keeps each record to its own workflow; these rules are about what no single record knows.
They are the templates of DECLARE (Pesic and van der Aalst, 2006): response, precedence, not-succession, absence.

An event is a verb of the history: `create` or a move, of the record itself (`"sign"`) or of another type that is
linked to it (`"Contract.sign"`). `via` names the link: a field of its own (`"contract"`) or of the other type
(`"Dunning.receivable"`); a kept link to any record will do. All else is pure: `deviates` takes the events and says
which of them are the evidence of a deviation, or nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from ..base.words import L
from .names import Names
from .workflow import CalendarDays, Within

if TYPE_CHECKING:
    from .spec import Declaration

CREATE = "create"
_NAME, _CLAUSE = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[1-6](\.\d{1,2}){0,3}")


@dataclass(frozen=True)
class SeenEvent:
    """One entry of the history, as far as rules ask: what was done to which record, when, and its hash."""

    type: str
    record: ObjectId
    seq: int
    at: dt.datetime
    verb: str
    hash: str

    def is_before(self, other: SeenEvent) -> bool:
        """Whether it came first; within a record by its place, since two may be of one millisecond."""
        return self.seq < other.seq if self.record == other.record else self.at < other.at


Evidence = tuple[SeenEvent, ...]


@dataclass(frozen=True)
class Expected:
    """What all rules have: `label` says what a deviation is; `clause` states it; `only` for records with these values
    (several in a tuple), as they are when it is looked at; `concerns` names the link to the department that answers for
    it, where that is not the record's own."""

    name: str
    label: L
    _: KW_ONLY
    clause: str
    only: Mapping[str, Any] = field(default_factory=dict, hash=False)
    via: str = ""
    concerns: str = ""

    @property
    def triggers(self) -> tuple[str, ...]:
        """The own events that begin a case."""
        raise NotImplementedError

    @property
    def others(self) -> tuple[str, ...]:
        """The events that it is held against."""
        raise NotImplementedError

    @property
    def other_type(self) -> str:
        """The class of the records that these events are of; empty: the record itself."""
        return next((event.partition(".")[0] for event in self.others if "." in event), "")

    @property
    def other_verbs(self) -> tuple[str, ...]:
        return tuple(event.rpartition(".")[2] for event in self.others)

    def applies(self, row: Mapping[str, Any]) -> bool:
        """Whether it is for a record with this stored form."""
        return all(
            row.get(name) in value if isinstance(value, tuple) else row.get(name) == value
            for name, value in self.only.items()
        )

    def faults(self, spec: Declaration) -> Iterator[str]:
        """What is wrong with what is its own, as halves of a sentence."""
        yield from ()


@dataclass(frozen=True)
class Follows(Expected):
    """Response: after one of the own events `after`, one of `then` comes `within` a time, or until the date in the
    field `by`, as it stands when it is over; not where one of the own events `unless` comes first. Until then it is
    pending: neither kept nor broken. Where the date is empty there is no case yet."""

    _: KW_ONLY
    after: Names = Names()
    then: Names = Names()
    within: Within | CalendarDays | None = None
    by: str = ""
    unless: Names = Names(())

    @property
    def triggers(self) -> tuple[str, ...]:
        return tuple(self.after)

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(self.then)

    def deviates(
        self, trigger: SeenEvent, others: Iterable[SeenEvent], endings: Iterable[SeenEvent], due: dt.datetime
    ) -> Evidence | None:
        """The event that was not answered, and the answer that came too late; None: it was kept, or ended otherwise."""
        after = sorted((event for event in others if trigger.is_before(event)), key=lambda event: event.at)
        if any(event.at <= due for event in (*after, *(end for end in endings if trigger.is_before(end)))):
            return None
        return (trigger, *after[:1])

    def faults(self, spec: Declaration) -> Iterator[str]:
        if bool(self.within) == bool(self.by):
            yield "says neither within= nor by=, or both"
        elif self.within and not isinstance(self.within, Within | CalendarDays):
            yield f"has within={self.within!r}, which is no span of time: hours(8), workdays(5), days(7)"
        if self.by and not getattr(spec.own_fields.get(self.by), "is_date", False):
            yield f"goes by {self.by!r}, which is no date of the type"
        yield from _own_verb_faults("ends with", self.unless, spec)


@dataclass(frozen=True)
class Precedes(Expected):
    """Precedence: before one of the own events `before`, one of `first` has come; without the link none has."""

    _: KW_ONLY
    first: Names = Names()
    before: Names = Names()

    @property
    def triggers(self) -> tuple[str, ...]:
        return tuple(self.before)

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(self.first)

    def deviates(self, trigger: SeenEvent, others: Iterable[SeenEvent]) -> Evidence | None:
        """The event that came too soon, and what should have come first where it came later."""
        known = sorted(others, key=lambda event: event.at)
        if any(event.is_before(trigger) for event in known):
            return None
        return (trigger, *known[:1])


@dataclass(frozen=True)
class NeverAfter(Expected):
    """Not-succession: once one of `after` has come, none of the own events `event` comes; with `later`, not so long
    after the last of them."""

    _: KW_ONLY
    event: Names = Names()
    after: Names = Names()
    later: CalendarDays | None = None

    @property
    def triggers(self) -> tuple[str, ...]:
        return tuple(self.event)

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(self.after)

    def deviates(self, trigger: SeenEvent, others: Iterable[SeenEvent]) -> Evidence | None:
        """What came first, and the event that should not have come any more."""
        earlier = sorted((event for event in others if event.is_before(trigger)), key=lambda event: event.at)
        if not earlier or (self.later and trigger.at <= earlier[-1].at + dt.timedelta(days=self.later.count)):
            return None
        return (earlier[-1], trigger)

    def faults(self, spec: Declaration) -> Iterator[str]:
        if self.later is not None and not isinstance(self.later, CalendarDays):
            yield f"has later={self.later!r}, which is no number of days: days(30)"


@dataclass(frozen=True)
class AtMost(Expected):
    """Absence: one of the own events `event` comes so many `times` at most on a record, or on all records of the type
    that link to the same one by the field `per`.

    `within` so many days (`days(3)`) and on records that have the `same` in these fields, too: whether one case was
    split into several, each of which passed by itself. Then a record counts once.
    """

    _: KW_ONLY
    event: Names = Names()
    times: int = 1
    per: str = ""
    within: CalendarDays | None = None
    same: Names = Names(())

    @property
    def triggers(self) -> tuple[str, ...]:
        return tuple(self.event)

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(self.event)

    def deviates(self, trigger: SeenEvent, others: Iterable[SeenEvent]) -> Evidence | None:
        """All of them, the one too many at the end."""
        earlier = sorted((event for event in others if event.is_before(trigger)), key=lambda event: event.at)
        if self.within is not None:
            since = trigger.at - dt.timedelta(days=self.within.count)
            apart = {event.record: event for event in earlier if event.at >= since and event.record != trigger.record}
            earlier = sorted(apart.values(), key=lambda event: event.at)
        return (*earlier, trigger) if len(earlier) >= self.times else None

    def faults(self, spec: Declaration) -> Iterator[str]:
        if isinstance(self.times, bool) or not isinstance(self.times, int) or self.times < 1:
            yield f"comes {self.times!r} times at most, which is no number of times"
        if self.via:
            yield "has via=, which is for events of another type: say per="
        if self.per and not getattr(spec.own_fields.get(self.per), "is_single_link", False):
            yield f"counts per {self.per!r}, which is no link of the type to one record"
        if self.within is not None and not isinstance(self.within, CalendarDays):
            yield f"counts within={self.within!r}, which is no number of days: say days(3)"
        if bool(self.within) != bool(self.per and self.same):
            yield "says only some of per=, same= and within=, by which it is known what one case was split into"
        for name in self.same:
            if name not in ("owner", "department") and name not in spec.own_fields:
                yield f"counts those with the same {name!r}, which the type does not have"


def rule_id(type_name: str, expected: Expected) -> str:
    """By what a rule is known for ever: its findings, and how far the history was read for it."""
    return f"{type_name}.{expected.name}"


def expectation_faults(spec: Declaration) -> Iterator[str]:
    """What is wrong with the rules of a type by themselves, as halves of a sentence."""
    names = [item.name for item in spec.expects if isinstance(item, Expected)]
    yield from (f"expects {name!r} twice" for name in sorted({n for n in names if names.count(n) > 1}))
    for item in spec.expects:
        if not isinstance(item, Expected) or type(item) is Expected:
            yield f"expects {item!r}, which is none of Follows, Precedes, NeverAfter and AtMost"
            continue
        yield from (f"expectation {item.name!r} {fault}" for fault in _faults(item, spec))


def _faults(item: Expected, spec: Declaration) -> Iterator[str]:
    if not _NAME.fullmatch(item.name):
        yield "has a name that is not of small letters, digits and _"
    if not isinstance(item.label, L):
        yield "does not say in words what a deviation is: L(…)"
    if not _CLAUSE.fullmatch(item.clause):
        yield f"names the clause {item.clause!r}, which is none"
    yield from _own_verb_faults("begins with", item.triggers, spec)
    for name, value in item.only.items():
        known = spec.own_fields.get(name)
        if known is None:
            yield f"asks for a field {name!r} that the type does not have"
        elif any(fault for each in (value if isinstance(value, tuple) else (value,)) for fault in known.faults(each)):
            yield f"has only {name}={value!r}, which nothing can be"
    if len({event.partition(".")[0] if "." in event else "" for event in item.others}) > 1:
        yield "is held against events of several types"
    elif not item.other_type:
        yield from _own_verb_faults("is held against", item.others, spec)
        if item.via:
            yield "has via=, but its events are of its own record"
    elif not item.via:
        yield f"is held against events of {item.other_type}, and nothing says by which link: via="
    if item.concerns and getattr(spec.own_fields.get(item.concerns), "target", "") != "Department":
        yield f"concerns {item.concerns!r}, which is no link to a department"
    yield from item.faults(spec)


def _own_verb_faults(how: str, verbs: Sequence[str], spec: Declaration) -> Iterator[str]:
    known = {CREATE, *verbs_of(spec)}
    if not verbs and how != "ends with":
        yield f"{how} no event"
    yield from (f"{how} {verb!r}, which the type does not do" for verb in verbs if verb not in known)


def verbs_of(spec: Declaration) -> set[str]:
    """The moves of a type, those of former versions of its workflow included."""
    flow = spec.workflow
    return {verb for version in ((flow, *flow.earlier) if flow else ()) for verb in version.verbs()}


def linked_expectation_faults(cls: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with them given all types: events of other types, and the links that lead there."""
    for item in cls.declared.expects:
        if not item.other_type:
            continue
        what, other = f"expectation {item.name!r}", by_class.get(item.other_type)
        if other is None:
            yield f"{what} is held against events of {item.other_type}, which is not a record type"
            continue
        known = {CREATE, *verbs_of(other.declared)}
        for verb in sorted(set(item.other_verbs) - known):
            yield f"{what} is held against {item.other_type}.{verb}, which that type does not do"
        if not _leads(item.via, cls, other):
            yield f"{what} goes via {item.via!r}, which does not link {cls.__name__} and {other.__name__}"


def _leads(via: str, cls: Any, other: Any) -> bool:
    """Whether a link leads from one type to the other, whichever holds it."""
    name, _, rest = via.partition(".")
    if not rest:
        return _links(cls.fields_of().get(name), other)
    return name == other.__name__ and _links(other.fields_of().get(rest), cls)


def _links(link: Any, target: Any) -> bool:
    if getattr(link, "is_any_link", False):
        return bool(link.takes(target.__name__))
    return getattr(link, "target", "") == target.__name__
