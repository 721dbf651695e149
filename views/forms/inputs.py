"""Forms made from declarations: every input keeps what was typed, is parsed to its kind, and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import wtforms
from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.words import Words
from models.kernel.language.fields import (
    Choice,
    Choices,
    Day,
    Flag,
    Lines,
    LongText,
    Moment,
    Number,
    Ref,
    Refs,
    Sealed,
    Tags,
    Text,
    Whole,
)
from models.kernel.language.record import Record
from models.kernel.language.spec import Declaration
from models.kernel.language.typed import BadValue, parse, tags_of
from models.reminders import link_in

from .. import wording

LINES_MAX = 500
TYPED, SHOWN = ".text", ".shown"  # beside the id of a picker: what stands in it, and the title that it was drawn with
TYPED_MAX = 200
_PLACE = re.compile(r"-([0-9]{1,6})-")


class Value(wtforms.Field):
    """One input. `raw` is what was typed, `data` what it means, `process_errors` why it means nothing.

    `typed` is a text in a picker that nobody chose from its list: pasted, or typed where no script runs.
    """

    def __init__(self, *args: Any, told: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.told = told
        self.raw: list[str] = []
        self.was_posted = False
        self.typed = ""

    @property
    def kind(self) -> str:
        return kind_of(self.told)

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if formdata and isinstance(self.told, Ref | Refs):
            self._take_typed(*(_last(formdata, self.name + place) for place in (TYPED, SHOWN)))

    def _take_typed(self, typed: str, shown: str) -> None:
        """A text that is not the title of what was chosen counts instead of it; several links get one more."""
        if typed == shown:
            return
        self.typed, self.was_posted = typed[:TYPED_MAX], True
        if not _is_many(self.told):
            self.raw, self.data, self.process_errors = [], None, []  # type: ignore[attr-defined]

    def choose(self, id: ObjectId) -> None:
        """The record that the typed text means."""
        self.typed = ""
        self.raw = [*self.raw, str(id)] if _is_many(self.told) else [str(id)]
        self.data = self._parsed()

    def process_data(self, value: Any) -> None:
        self.data = value
        self.raw = _raw(self.told, value)

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.was_posted = True
        self.raw = [value for value in valuelist if value != ""] if _is_many(self.told) else valuelist[-1:]
        self.data = self._parsed()

    def _parsed(self) -> Any:
        try:
            if isinstance(self.told, Tags):
                return tags_of(self.raw[0] if self.raw else "")
            if isinstance(self.told, Choices):
                return list(dict.fromkeys(self.raw))
            if isinstance(self.told, Refs):
                return [parse(self.told, one) for one in dict.fromkeys(self.raw)]
            if isinstance(self.told, Flag):
                return any(parse(self.told, one) for one in self.raw)
            return parse(self.told, self.raw[0] if self.raw else "")
        except BadValue as bad:
            self.process_errors.append(bad.sentence)  # type: ignore[attr-defined]
            return None

    def _value(self) -> str:
        return self.raw[0] if self.raw else ""


class LinesList(wtforms.FieldList):
    """A list of lines; `was_posted` tells "all lines removed" from "not on the page at all"."""

    was_posted = False

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        self.was_posted = bool(formdata) and any(
            key == self.name or key.startswith(f"{self.name}-") for key in (formdata or ())
        )
        super().process(formdata, data, extra_filters)

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        """The places of lines among the posted names. More lines than may be kept are taken, so that this is said."""
        places = (_PLACE.match(key, len(prefix)) for key in formdata if key.startswith(prefix))
        found = sorted({int(place[1]) for place in places if place})
        yield from found[: 2 * LINES_MAX]


def _last(posted: Any, name: str) -> str:
    return (posted.getlist(name) or [""])[-1].strip()


def _is_many(told: Any) -> bool:
    return isinstance(told, Choices | Refs | Flag)


def _raw(told: Any, value: Any) -> list[str]:
    if isinstance(told, Choices):
        return list(value or [])
    if isinstance(told, Refs):
        return [str(getattr(one, "id", one)) for one in value or []]
    if isinstance(told, Ref):
        return [str(getattr(value, "id", value))] if value is not None else []
    return [wording.input_text(told, value)]


def kind_of(told: Any) -> str:
    """The kind of control that a field gets."""
    kinds: tuple[tuple[type, str], ...] = (
        (Lines, "lines"), (Refs, "refs"), (Ref, "ref"), (Choices, "choices"), (Choice, "choice"), (Flag, "flag"),
        (Moment, "moment"), (Day, "day"), (Number, "number"), (Whole, "number"), (Tags, "tags"), (LongText, "long"),
    )  # fmt: skip
    if isinstance(told, Sealed):
        return kind_of(told.form)
    return next((kind for cls, kind in kinds if isinstance(told, cls)), "text")


@lru_cache(maxsize=512)
def form_class(cls: type[Record], names: tuple[str, ...]) -> type[wtforms.Form]:
    """The form of a type for these fields, in the order of the declaration."""
    inputs: dict[str, Any] = {}
    for name in names:
        told = cls._fields[name]
        if isinstance(told, Lines):
            line = type(f"{name}_line", (wtforms.Form,), {c: Value(told=f) for c, f in _columns(told).items()})
            inputs[name] = LinesList(wtforms.FormField(line, separator="-"))
        else:
            inputs[name] = Value(told=told)
    return type(f"{cls.__name__}Form", (wtforms.Form,), inputs)


def _columns(lines: Lines) -> dict[str, Any]:
    return {name: column for name, column in lines.columns.items() if not column.computed}


def form_names(declared: Declaration, allowed: Iterable[str]) -> tuple[str, ...]:
    """The fields that a form offers: those allowed, in the order of the declared parts."""
    return declared.in_order({*allowed})


def values_of(form: wtforms.Form, cls: type[Record], record: Record | None = None) -> dict[str, Any]:
    """The posted values by field, lines as line documents; what was not posted is left out.

    A text that stands as the form showed it keeps the stored value, so that seconds that were not shown survive.
    """
    found: dict[str, Any] = {}
    for name, entry in form._fields.items():
        told = cls._fields[name]
        if isinstance(told, Lines):
            if entry.was_posted:
                found[name] = [_line(told, item.form) for item in filled(entry)]
        elif entry.was_posted and not entry.process_errors:
            kept = record._data.get(name) if record is not None else None
            is_same = kept is not None and _raw(told, kept) == entry.raw
            found[name] = kept if is_same else entry.data
    return found


def filled(entries: wtforms.FieldList) -> list[Any]:
    """The lines in which anything was typed beyond a preset."""
    return [item for item in entries if any(_is_typed(one) for one in item.form)]


def _is_typed(entry: Value) -> bool:
    if entry.typed:
        return True
    default = entry.told.default
    preset = _raw(entry.told, default() if callable(default) else default) if default is not None else [""]
    return bool(entry.raw) and entry.raw[0].strip() != "" and entry.raw != preset


def _line(told: Lines, form: wtforms.Form) -> Any:
    line = told.field.document_type()
    for name, entry in form._fields.items():
        if entry.data is not None:
            setattr(line, name, entry.data)
    return line


def input_problems(form: wtforms.Form, cls: type[Record]) -> dict[str, list[Words]]:
    """What could not even be parsed, by dotted path."""
    problems: dict[str, list[Words]] = {}
    for name, entry in form._fields.items():
        if isinstance(cls._fields[name], Lines):
            for at, item in enumerate(filled(entry)):
                for column, one in item.form._fields.items():
                    if one.process_errors:
                        problems[f"{name}.{at}.{column}"] = list(one.process_errors)
        elif entry.process_errors:
            problems[name] = list(entry.process_errors)
    return problems


def form_from(
    cls: type[Record], names: tuple[str, ...], record: Record | None, values: Mapping[str, Any] | None = None
):
    """A form that shows a record (or a blank one with these values)."""
    data = dict(values or {})
    if record is not None:
        data = {name: record._data.get(name) for name in names} | data
    shown = {name: _shown(cls._fields[name], value) for name, value in data.items() if name in names}
    return form_class(cls, names)(data=shown)


def _shown(told: Any, value: Any) -> Any:
    if isinstance(told, Lines):
        return [{name: line._data.get(name) for name in _columns(told)} for line in value or []]
    return value


def copied_from(record: Record, names: Iterable[str]) -> dict[str, Any]:
    """What a copy begins with: the values and lines of a record without its owner, what is unique, and dates that have
    passed."""
    fields = {name: record._fields[name] for name in names if name != "owner" and not record._fields[name].unique}
    found = {name: _copied(told, record._data.get(name)) for name, told in fields.items()}
    return {name: value for name, value in found.items() if value is not None}


def _copied(told: Any, value: Any) -> Any:
    if isinstance(told, Lines):
        columns = _columns(told)
        return [type(line)(**{c: _copied(f, line._data.get(c)) for c, f in columns.items()}) for line in value or []]
    if (isinstance(told, Day) and value and value < clock.today()) or (
        isinstance(told, Moment) and value and value < clock.now()
    ):
        return None
    return value


def presets_of(cls: type[Record], names: tuple[str, ...], handed: Mapping[str, str]) -> dict[str, Any]:
    """Values of a blank form: the declared defaults, and what is handed over in the address (`?customer=…`)."""
    found: dict[str, Any] = {}
    for name in names:
        told = cls._fields[name]
        if told.default is not None and not isinstance(told, Lines):
            found[name] = told.default() if callable(told.default) else told.default
        given = handed.get(name)
        if given and isinstance(told, Ref) and ObjectId.is_valid(given):
            found[name] = ObjectId(given)
        elif given and ((isinstance(told, Choice) and given in told.options) or (name == "about" and link_in(given))):
            found[name] = given
        elif given and type(told) is Text:
            found[name] = given.replace("\x00", "")[: told.most]
    return found
