"""When the declared reminders of dates are due, of records and of their lines, and whom they reach (2.2.6, 3.4.3).

A reminder is due from eight in the morning, company time, on the day so many days before or after its date. Its cause
names the date, so that a changed date is another reminder and the old one is not sent any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.titles import number_and_title
from models.kernel.base.words import L, On, Words
from models.kernel.gate.causes import DateCause, LineDateCause
from models.kernel.gate.notices import NoticeKind
from models.kernel.language.declare import registered
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import keyed_lines, name_of_line
from models.kernel.language.record import Record
from models.kernel.language.spec import Remind
from models.kernel.language.who import OWNER

AnyDateCause = DateCause | LineDateCause
FROM_HOUR = 8
CATCH_UP = dt.timedelta(days=7)
IN_DAYS = L("{what}: “{field}” is {date}, in {days} days.", "{what}：「{field}」為 {date}，還有 {days} 天。")
TOMORROW = L("{what}: “{field}” is {date}, tomorrow.", "{what}：「{field}」為 {date}，即明天。")
ON_DAY = L("{what}: “{field}” is {date}.", "{what}：「{field}」為 {date}。")
OVERDUE = L(
    "{what}: “{field}” was {date}, {days} days ago, and it is not done.",
    "{what}：「{field}」為 {date}，已逾期 {days} 天，尚未完成。",
)
LINE = L("{record} · {line}", "{record} · {line}")


@dataclass(frozen=True)
class ReminderRule:
    """A declared reminder of a date field of a record type."""

    cls: type[Record]
    remind: Remind

    @property
    def key(self) -> str:
        return f"{self.cls.type_name()}:{self.remind.field}:{self.remind.offset}"

    @property
    def kind(self) -> NoticeKind:
        return NoticeKind.ESCALATION if self.remind.overdue else NoticeKind.REMINDER

    @property
    def field(self) -> Any:
        """The date field."""
        return self.cls._fields[self.remind.field]

    @property
    def columns(self) -> tuple[str, ...]:
        """What has to be read of a record to know its dates."""
        return (self.remind.field.partition(".")[0],)

    def query(self, first: dt.date, last: dt.date) -> dict[str, Any]:
        """The filter of the records whose reminder falls on a day from `first` to `last`."""
        states = {"state": {"$in": sorted(self.remind.states)}} if self.remind.states else {}
        return {"removed_at": None, **self._date_query(self._span(first, last)), **states}

    def _span(self, first: dt.date, last: dt.date) -> dict[str, Any]:
        begin, end = (day + dt.timedelta(days=self.remind.offset) for day in (first, last))
        return {"$gte": self.field.start_of(begin), "$lt": self.field.start_of(end + dt.timedelta(days=1))}

    def _date_query(self, span: dict[str, Any]) -> dict[str, Any]:
        return {self.remind.field: span}

    def concerns(self, person: Actor) -> dict[str, Any]:
        """The filter of the records among which are those whose dates are this person's."""
        return {"owner": person.id}

    def day_of(self, date: dt.date) -> dt.date:
        """The day on which the reminder of a date is due."""
        return date - dt.timedelta(days=self.remind.offset)

    def causes(self, row: Mapping[str, Any]) -> Iterator[AnyDateCause]:
        """The reminders of a stored record, whenever they are due."""
        if (value := row.get(self.remind.field)) is not None:
            date = self.field.day_in(value)
            yield DateCause(self.cls.type_name(), row["_id"], self.remind.field, date, self.remind.offset)

    def holds(self, row: Mapping[str, Any] | None, cause: AnyDateCause) -> bool:
        """Whether a stored record still is to be reminded of for this cause."""
        if row is None or row.get("removed_at") is not None or cause not in self.causes(row):
            return False
        return (not self.remind.states or row.get("state") in self.remind.states) and self.cls.still_reminds(row)

    def addresses(self, record: Record, cause: AnyDateCause) -> list[str]:
        """The addresses of those who are reminded."""
        return [address for slot in (self.remind.to or OWNER).quorum(record).slots for address in slot.addresses]

    def subject(self, record: Record, cause: AnyDateCause) -> Words | str:
        """What the date is one of."""
        return number_and_title(record)

    def words(self, record: Record, cause: AnyDateCause) -> Words:
        """What the notice says today, whenever it was due."""
        days = (cause.date - clock.today()).days
        places = {"what": self.subject(record, cause), "field": label_of(self.field), "date": On(cause.date)}
        if self.remind.overdue:
            return OVERDUE(**places, days=-days)
        if days == 1:
            return TOMORROW(**places)
        return IN_DAYS(**places, days=days) if days > 1 else ON_DAY(**places)


@dataclass(frozen=True)
class LineReminderRule(ReminderRule):
    """A declared reminder of a date column of a record's lines."""

    @property
    def lines(self) -> str:
        return self.remind.field.partition(".")[0]

    @property
    def column(self) -> str:
        return self.remind.field.partition(".")[2]

    @property
    def field(self) -> Any:
        return self.cls._fields[self.lines].columns[self.column]

    @property
    def unless(self) -> str:
        """The column that says that a line is done; empty: none does."""
        return self.remind.unless.partition(".")[2]

    @property
    def _end(self) -> Any:
        """The column itself."""
        return self.cls._fields[self.lines].columns[self.unless] if self.unless else None

    def _date_query(self, span: dict[str, Any]) -> dict[str, Any]:
        is_open = {self.unless: self._end.not_done()} if self._end else {}
        return {self.lines: {"$elemMatch": {self.column: span, **is_open}}}

    def concerns(self, person: Actor) -> dict[str, Any]:
        named = [path for path in (self.remind.to.fields if self.remind.to else ()) if "." in path]
        return {"$or": [{"owner": person.id}, *({path: {"$in": [person.id, person.department]}} for path in named)]}

    def causes(self, row: Mapping[str, Any]) -> Iterator[AnyDateCause]:
        for key, line in keyed_lines(row.get(self.lines) or []):
            value, is_done = line.get(self.column), bool(self._end and self._end.is_done(line.get(self.unless)))
            if value is not None and not is_done:
                date, offset = self.field.day_in(value), self.remind.offset
                yield LineDateCause(self.cls.type_name(), row["_id"], self.remind.field, key, date, offset)

    def addresses(self, record: Record, cause: AnyDateCause) -> list[str]:
        who, case = self.remind.to or OWNER, LineCase(record, self._line(record, cause))
        quorum = who.slots_for(case if any("." in path for path in who.fields) else record)
        return [address for slot in quorum.slots for address in slot.addresses]

    def subject(self, record: Record, cause: AnyDateCause) -> Words | str:
        return LINE(record=number_and_title(record), line=name_of_line(self._line(record, cause).to_mongo()))

    def _line(self, record: Record, cause: AnyDateCause) -> Any:
        return next(line for line in record._data[self.lines] if line.key == cause.line)  # type: ignore[union-attr]


@dataclass(frozen=True)
class LineCase:
    """A line as those see it whom its reminder is for: `milestones.department` is its column, `owner` the record's."""

    record: Record
    line: Any

    def ref(self, name: str) -> ObjectId | None:
        column = name.partition(".")[2]
        return self.line.ref(column) if column else self.record.ref(name)

    def ids_at(self, path: str) -> list[ObjectId]:
        id = self.ref(path)
        return [id] if id is not None else []


def rule_of(cls: type[Record], remind: Remind) -> ReminderRule:
    return (LineReminderRule if "." in remind.field else ReminderRule)(cls, remind)


def rules() -> list[ReminderRule]:
    """The declared reminders of all types, in a fixed order."""
    made = [rule_of(cls, remind) for cls in registered().values() for remind in cls.declared.reminders]
    return sorted(made, key=lambda rule: rule.key)


def day_that_has_begun() -> dt.date:
    """The last day whose reminders are due: today from eight in the morning on."""
    return (clock.now().astimezone(clock.zone()).replace(tzinfo=None) - dt.timedelta(hours=FROM_HOUR)).date()


def due_causes(rule: ReminderRule, row: Mapping[str, Any], day: dt.date) -> Iterator[AnyDateCause]:
    """The reminders of a stored record that are due by a day, or were within the bound of catching up.

    Where a later reminder of the same date to the same people is due as well, after an outage, only that one is sent.
    """
    others = (rule_of(rule.cls, remind) for remind in rule.cls.declared.reminders)
    facts = (rule.remind.field, rule.remind.to, rule.kind)
    alike = [other for other in others if (other.remind.field, other.remind.to, other.kind) == facts]
    for cause in rule.causes(row):
        due = rule.day_of(cause.date)
        if day - CATCH_UP <= due <= day and not any(due < other.day_of(cause.date) <= day for other in alike):
            yield cause


def still_holds(cause: AnyDateCause) -> bool:
    """Whether what a reminder was about is still so: the date the same, the state one of those, the record there."""
    cls = registered().get(cause.type)
    if cls is None:
        return False
    row = cls._get_collection().find_one({"_id": cause.id})
    return any(rule_of(cls, remind).holds(row, cause) for remind in cls.declared.reminders)
