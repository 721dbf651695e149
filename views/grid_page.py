"""What the template of a list is given: heads, rows of plain cells, filters, pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from models.kernel import rights
from models.kernel.fields import Choice, Choices, Flag, Lines, LongText, Ref, Refs, Sealed, label_of
from models.kernel.people import Actor
from models.kernel.record import Record

from . import wording
from .listing import PAGE_SIZES, Asked, Page, sortable
from .wording import is_numeric, plain, reference_labels, state_label, tone


def list_context(cls: type[Record], me: Actor, asked: Asked, found: Page, columns: tuple[str, ...], base: str) -> dict:
    """Rows of plain cells for one loop of the template; two queries and one per linked type were made."""
    labels = reference_labels(cls, found.rows, columns)
    writable = rights.writable_fields(me, cls)
    inline = set(cls.declared.grid.inline) & writable if rights.is_writer(me, cls) else set()
    heads = [_head(cls, name, asked, base) for name in columns]
    rows = [_row(cls, row, columns, labels, inline, base) for row in found.rows]
    return {
        "told": cls.declared,
        "base": base,
        "asked": asked,
        "heads": heads,
        "rows": rows,
        "count": found.count,
        "first": asked.url(base) if found.previous else None,
        "previous": asked.url(base, before=found.previous) if found.previous else None,
        "next": asked.url(base, after=found.next) if found.next else None,
        "sizes": [(size, asked.url(base, size=size), size == asked.size) for size in PAGE_SIZES],
        "chips": chips_of(asked, base),
        "filters": [_filter(cls, name, asked) for name in _filterable(cls, me)],
        "problems": asked.problems,
        "exports": {kind: asked.url(f"{base}export/{kind}/") for kind in ("csv", "xlsx")},
    }


def _head(cls: type[Record], name: str, asked: Asked, base: str) -> dict[str, Any]:
    told = cls._fields[name]
    current = asked.sort.lstrip("-") == name
    descending = current and asked.sort.startswith("-")
    url = asked.url(base, sort=name if descending or not current else f"-{name}") if sortable(cls, name) else None
    order = ("descending" if descending else "ascending") if current else None
    return {"name": name, "label": label_of(told), "numeric": is_numeric(told), "url": url, "sort": order}


def _row(cls: type[Record], row: Mapping[str, Any], columns: tuple, labels: Mapping, inline: set, base: str) -> dict:
    flow = cls.declared.workflow
    is_open = flow is None or row.get("state") in (flow.edit or ())
    cells = [_cell(cls, row, name, labels, name in inline and is_open) for name in columns]
    return {
        "id": str(row["_id"]),
        "version": row.get("version", 0),
        "url": f"{base}details/?id={row['_id']}",
        "cells": cells,
    }


def _cell(cls: type[Record], row: Mapping[str, Any], name: str, labels: Mapping, is_inline: bool) -> dict[str, Any]:
    told = cls._fields[name]
    value = row.get(name)
    if name == "state":
        return {"name": name, "text": state_label(cls, value), "tone": tone(value), "kind": "state"}
    try:
        text = plain(told, value, labels)
    except (ValueError, TypeError, AttributeError):
        return {"name": name, "text": str(wording.UNREADABLE), "kind": "bad"}
    cell = {"name": name, "text": text, "kind": "number" if is_numeric(told) else "text"}
    if is_inline:
        cell["inline"] = {"kind": inline_kind(told), "value": raw_value(told, value), "choices": _choices(told)}
    return cell


def inline_kind(told: Any) -> str:
    if isinstance(told, Choice):
        return "choice"
    if isinstance(told, Flag):
        return "bool"
    if is_numeric(told):
        return "number"
    return "date" if type(told).__name__ == "Day" else "text"


def raw_value(told: Any, value: Any) -> str:
    return str(value or "") if isinstance(told, Choice) else wording.input_text(told, value)


def _choices(told: Any) -> list[list[str]]:
    if not isinstance(told, Choice):
        return []
    blank = [] if told.required else [["", "—"]]
    return blank + [[key, str(label)] for key, label in told.options.items()]


def chips_of(asked: Asked, base: str) -> list[dict[str, str]]:
    """The active filters in words, each with the address of the page without it."""
    return [
        {"label": f"{label}{_chip_value(asked.cls, name, value)}", "url": asked.url_without(base, name, value)}
        for name, value, label in asked.chips
    ]


def _chip_value(cls: type[Record], key: str, value: str) -> str:
    """An active filter's value in words."""
    name = key.removeprefix("f.").removesuffix(".from").removesuffix(".to")
    told = cls._fields[name]
    if name == "state":
        return state_label(cls, value)
    if isinstance(told, Choice | Choices):
        return str(told.options.get(value, value))
    if isinstance(told, Ref | Refs):
        found = wording.titles({told.target: [ObjectId(value)]}) if ObjectId.is_valid(value) else {}
        return next(iter(found.values()), value)
    return value


def _filterable(cls: type[Record], me: Actor) -> list[str]:
    seen = rights.readable_fields(me, cls)
    names = dict.fromkeys((*cls.declared.grid.filters, "department"))
    return [name for name in names if name in seen and not isinstance(cls._fields[name], Lines | LongText | Sealed)]


def _filter(cls: type[Record], name: str, asked: Asked) -> dict[str, Any]:
    """One control of the filter panel."""
    told = cls._fields[name]
    flow = cls.declared.workflow
    key = f"f.{name}"
    control: dict[str, Any] = {"key": key, "label": label_of(told), "values": asked.args.getlist(key), "kind": "text"}
    if name == "state" and flow:
        control |= {"kind": "choices", "options": [(state, str(flow.labels[state])) for state in flow.states]}
    elif isinstance(told, Choice | Choices):
        control |= {"kind": "choices", "options": [(k, str(v)) for k, v in told.options.items()]}
    elif isinstance(told, Ref | Refs):
        ids = [ObjectId(one) for one in control["values"] if ObjectId.is_valid(one)]
        titles = wording.titles({told.target: ids}) if ids else {}
        control |= {"kind": "ref", "name": name, "chosen": [(str(one), titles.get(one, "")) for one in ids]}
    elif isinstance(told, Flag):
        control |= {"kind": "flag"}
    elif is_numeric(told) or type(told).__name__ in ("Day", "Moment"):
        control |= {"kind": "range", "input": "number" if is_numeric(told) else "date"}
        control |= {"from": asked.args.get(f"{key}.from", ""), "to": asked.args.get(f"{key}.to", "")}
    return control
