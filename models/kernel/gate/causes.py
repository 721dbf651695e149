"""What a notice was written for, as a value: nobody is told twice of the same cause.

Causes are stored with notices and compared as strings, so their forms stay as they are for ever; `parsed` reads them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NewType, TypeVar, dataclass_transform, get_type_hints

from bson import ObjectId

from ..base import clock

BORROWER, HEAD = "borrower", "head"
C = TypeVar("C", bound="Cause")
Rest = NewType("Rest", str)
_SECOND = "%Y-%m-%dT%H.%M.%SZ"


@dataclass(frozen=True)
class _Form:
    """How the values of a type stand in a cause."""

    pattern: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


_FORMS: dict[Any, _Form] = {
    ObjectId: _Form("[0-9a-f]{24}", ObjectId),
    int: _Form(r"-?\d+", int),
    dt.date: _Form(r"\d{4}-\d\d-\d\d", dt.date.fromisoformat, dt.date.isoformat),
    dt.datetime: _Form(r"\d{4}-\d\d-\d\dT[\d:.+-]+", dt.datetime.fromisoformat, dt.datetime.isoformat),
    str: _Form("[^:]*", str),
    Rest: _Form(".*", str),
}


class Cause:
    """One thing that people are told of once; `str` gives the form in which it is stored."""

    pattern: ClassVar[str]
    reader: ClassVar[re.Pattern[str]]
    forms: ClassVar[dict[str, _Form]]

    def __str__(self) -> str:
        return self.pattern.format(**{name: form.write(getattr(self, name)) for name, form in self.forms.items()})

    @classmethod
    def parse(cls, text: str) -> Any:
        """The cause of this class that a string stands for, or None."""
        match = cls.reader.fullmatch(text)
        return match and cls(**{name: cls.forms[name].read(value) for name, value in match.groupdict().items()})


_classes: list[type[Cause]] = []


@dataclass_transform(frozen_default=True)
def cause(pattern: str) -> Callable[[type[C]], type[C]]:
    """Make the class below a kind of cause that is stored in this form; what is more special is declared first."""

    def register(cls: type[C]) -> type[C]:
        made = dataclass(frozen=True)(cls)
        hints = get_type_hints(made)
        made.pattern, made.forms = pattern, {field.name: _FORMS[hints[field.name]] for field in fields(made)}  # type: ignore[arg-type]
        places = {name: f"(?P<{name}>{form.pattern})" for name, form in made.forms.items()}
        made.reader = re.compile(pattern.format(**places))
        _classes.append(made)
        return made

    return register


def parsed(text: str) -> Cause | None:
    """The cause that a stored string stands for; None for one that no class here writes."""
    return next((result for cls in _classes if (result := cls.parse(text)) is not None), None)


@cause("{type}:{id}:{version}:{kind}")
class VersionCause(Cause):
    """A version of a record that concerns somebody: a decision that waits, a result, what a type tells."""

    type: str
    id: ObjectId
    version: int
    kind: str

    @staticmethod
    def beginning(type: str, id: ObjectId) -> str:
        """How all causes of this class about a record begin."""
        return f"{type}:{id}:"


@cause("comment:{id}:{seq}")
class CommentCause(Cause):
    """A comment on a record, by the number of its entry in the history."""

    id: ObjectId
    seq: int


@cause("remind:{type}:{id}:{field}@{line}:{date}:{offset}")
class LineDateCause(Cause):
    """A declared reminder of a date in a line of a record, by a key that the line keeps."""

    type: str
    id: ObjectId
    field: str
    line: str
    date: dt.date
    offset: int


@cause("remind:{type}:{id}:{field}:{date}:{offset}")
class DateCause(Cause):
    """A declared reminder of a date, so many days before (after: below zero); another date is another cause."""

    type: str
    id: ObjectId
    field: str
    date: dt.date
    offset: int


@cause("remind:reminder:{id}:at:{second}:0")
class OwnReminderCause(Cause):
    """A time at which somebody wished to be reminded."""

    id: ObjectId
    second: str

    @classmethod
    def at(cls, id: ObjectId, moment: dt.datetime) -> OwnReminderCause:
        return cls(id, moment.astimezone(clock.UTC).strftime(_SECOND))

    @property
    def moment(self) -> dt.datetime:
        return dt.datetime.strptime(self.second, _SECOND).replace(tzinfo=clock.UTC)


@cause("loan:{id}:overdue:{due}:{who}:{nth}")
class OverdueLoanCause(Cause):
    """A step of asking for an overdue copy: whom (BORROWER or HEAD), and the how manieth time."""

    id: ObjectId
    due: dt.date
    who: str
    nth: int


@cause("escalate:{type}:{id}:{state}:{due}:{step}")
class EscalationCause(Cause):
    """A step of escalation of a case in its present state and due time."""

    type: str
    id: ObjectId
    state: str
    due: dt.datetime
    step: str


@cause("unreached:{matter}")
class UnreachedCause(Cause):
    """That nobody could be told of a matter, which is another cause."""

    matter: Rest


@cause("outside:{type}:{id}:{version}:{verb}:{whom}")
class OutsideCause(Cause):
    """A mail to somebody outside that followed a verb on a record; whom: a digest of the address."""

    type: str
    id: ObjectId
    version: int
    verb: str
    whom: str


@cause("task_run:{id}:{fault}:{at}")
class RunCause(Cause):
    """A run of background work that goes wrong in some way."""

    id: ObjectId
    fault: str
    at: dt.datetime


@cause("schedule:{id}:damaged:{day}")
class ScheduleCause(Cause):
    """A schedule that could not be carried out on a day."""

    id: ObjectId
    day: dt.date


@cause("backup_policy:{id}:{what}")
class BackupCause(Cause):
    """What is wrong with the backups of a policy, told again from time to time."""

    id: ObjectId
    what: Rest


@cause("calendar:{year}:{month}")
class CalendarCause(Cause):
    """The days of a year that are not known yet in a month."""

    year: int
    month: str


@cause("{type}:{id}:{verb}:{step}")
class StepCause(Cause):
    """A record that was made by time; also the key under which it is made once."""

    type: str
    id: ObjectId
    verb: str
    step: str


@cause("{what}:{key}")
class AlarmCause(Cause):
    """Something else that went wrong, told once under a key."""

    what: str
    key: Rest
