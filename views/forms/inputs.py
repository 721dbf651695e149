"""Forms made from declarations: which inputs they have, what was entered in them, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import wtforms
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import Words
from models.kernel.language.record import Record
from models.kernel.language.spec import Declaration

from ..kinds import kind_of
from ..kinds.inputs import LinesList, Value

__all__ = ["LinesList", "Value"]  # of the inputs, for those who read forms


@lru_cache(maxsize=512)
def form_class(cls: type[Record], names: tuple[str, ...]) -> type[wtforms.Form]:
    """The form of a type for these fields, in the order of the declaration."""
    inputs = {name: kind_of(cls._fields[name]).input() for name in names}
    return type(f"{cls.__name__}Form", (wtforms.Form,), inputs)


def form_names(declared: Declaration, allowed: Iterable[str]) -> tuple[str, ...]:
    """The fields that a form offers: those allowed, in the order of the declared parts."""
    return declared.in_order({*allowed})


def values_of(form: wtforms.Form, cls: type[Record], record: Record | None = None) -> dict[str, Any]:
    """The posted values by field, lines as line documents; what was not posted is left out.

    A text that stands as the form showed it keeps the stored value, so that seconds that were not shown survive; a box
    that stays empty keeps the nothing of a record from before it was there.
    """
    posted = {name: entry for name, entry in form._fields.items() if entry.was_posted and not entry.process_errors}
    if record is None:
        return {name: entry.entered(None) for name, entry in posted.items()}
    values = {name: (record.raw(name), entry.entered(record.raw(name))) for name, entry in posted.items()}
    return {name: kept if kept is None and value is False else value for name, (kept, value) in values.items()}


def filled(entries: LinesList) -> list[Any]:
    """The lines in which anything was typed beyond a preset."""
    return entries.filled()


def input_problems(form: wtforms.Form, cls: type[Record]) -> dict[str, list[Words]]:
    """What could not even be parsed, by dotted path."""
    return {name + path: words for name, entry in form._fields.items() for path, words in entry.problems()}


def form_from(
    cls: type[Record], names: tuple[str, ...], record: Record | None, values: Mapping[str, Any] | None = None
):
    """A form that shows a record (or a blank one with these values)."""
    data = dict(values or {})
    if record is not None:
        data = {name: record.raw(name) for name in names} | data
    shown = {name: kind_of(cls._fields[name]).shown(value) for name, value in data.items() if name in names}
    return form_class(cls, names)(data=shown)


def copied_from(record: Record, names: Iterable[str]) -> dict[str, Any]:
    """What a copy begins with: the values and lines of a record without its owner, what is unique, and dates that have
    passed."""
    fields = {name: record._fields[name] for name in names if name != "owner" and not record._fields[name].unique}
    copies = {name: kind_of(field).copied(record.raw(name)) for name, field in fields.items()}
    return {name: value for name, value in copies.items() if value is not None}


def presets_of(cls: type[Record], names: tuple[str, ...], handed: MultiDict[str, str]) -> dict[str, Any]:
    """Values of a blank form: declared defaults, also lines, and what the address hands over (`?customer=…`)."""
    presets: dict[str, Any] = {}
    for name in names:
        field, given = cls._fields[name], handed.getlist(name)
        value = field.default() if callable(field.default) else field.default
        if value is not None and (value or not field.columns):
            presets[name] = value
        if given and (value := kind_of(field).presets(given)) is not None:
            presets[name] = value
    return presets
