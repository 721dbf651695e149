"""What the template of a list is given: heads, rows of plain cells, filters, pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import Decimal128, ObjectId
from mongoengine.base import get_document

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.text_width import width_of
from models.kernel.base.words import L
from models.kernel.language.fields import (
    Choice,
    Choices,
    Day,
    Flag,
    Lines,
    LongText,
    Moment,
    Money,
    Ref,
    Refs,
    Sealed,
    Tags,
    label_of,
)
from models.kernel.language.record import Record
from models.kernel.language.trees import tree_of
from models.kernel.rights import rights

from .. import wording
from ..wording import is_numeric, plain, reference_labels, state_label, tone
from . import listing
from .layouts import Shown, columns_context, views_context
from .listing import PAGE_SIZES, REFS_SHOWN, TEXT_SHOWN, Asked, Page, sortable

LONG, WIDE = 44, 25  # letters, and heights of a line, from which on a cell is clipped and can be opened
LAID = ("number", "date", "long", "state")
AND_BELOW = L("{title} and below", "{title}（含下級）")
SEARCHED = L("Search “{text}”", "搜索「{text}」")


def shown_context(cls: type[Record], me: Actor, shown: Shown, base: str) -> dict[str, Any]:
    """A list as its reader has arranged it: its rows, the views above it, and the columns to choose from."""
    found = listing.fetch(shown.asked, shown.columns)
    return {
        **list_context(cls, me, shown, found, base),
        "views": views_context(me, shown, base),
        "choices": columns_context(cls, me, shown),
        "totals_url": shown.asked.url(f"{base}totals/") if _summed(cls, shown.columns) and found.rows else None,
    }


def list_context(cls: type[Record], me: Actor, shown: Shown, found: Page, base: str) -> dict[str, Any]:
    """Rows of plain cells for one loop of the template; two queries and one per linked type were made."""
    asked, columns = shown.asked, shown.columns
    sized = {name: f"sized w{width}" for name, width in shown.widths.items()}
    labels = reference_labels(cls, found.rows, columns)
    writable = rights.writable_fields(me, cls)
    inline = frozenset(cls.declared.grid.inline) & writable if rights.is_writer(me, cls) else frozenset()
    chips = chips_of(asked, base, labels)
    words = _Row(cls, columns, labels, inline, base, clock.today(), sized)
    return {
        "told": cls.declared,
        "base": base,
        "asked": asked,
        "heads": [_head(cls, name, asked, base) | {"css": words.css(name)} for name in columns],
        "rows": [words.of(row) for row in found.rows],
        "count": found.count,
        "was_stopped": found.was_stopped,
        "again": asked.url(base),
        "first": asked.url(base) if found.previous else None,
        "previous": asked.url(base, before=found.previous) if found.previous else None,
        "next": asked.url(base, after=found.next) if found.next else None,
        "sizes": [(size, asked.url(base, size=size), size == asked.size) for size in PAGE_SIZES],
        "chips": chips,
        "drops": [*chips, *([_search_chip(asked, base)] if asked.text else [])],
        "filters": [_filter(cls, name, asked, labels) for name in _filterable(cls, me)],
        "problems": asked.problems,
        "exports": {kind: asked.url(f"{base}export/{kind}/") for kind in ("csv", "xlsx")},
    }


def totals(cls: type[Record], me: Actor, shown: Shown) -> list[dict[str, Any]]:
    """The sums of the shown amounts over all hits: texts by column, one for each currency. One query."""
    names = _summed(cls, shown.columns)
    seen = rights.listed_fields(me, cls)
    by = "currency" if "currency" in seen and isinstance(cls._fields.get("currency"), Choice) else None
    found = listing.sums(shown.asked, names, by) if names else None
    return [{"name": name, "texts": _sum_texts(cls, name, found, by)} for name in names if found]


def _sum_texts(cls: type[Record], name: str, found: list[dict[str, Any]], by: str | None) -> list[str]:
    texts = []
    for one in found:
        amount = wording.plain(cls._fields[name], one[name] if isinstance(one[name], Decimal128) else 0, {})
        currency = str(cls._fields[by].options.get(one["_id"], "")) if by and one["_id"] else ""
        texts.append(f"{currency} {amount}".strip())
    return texts


def _summed(cls: type[Record], columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that are worth a sum: amounts; prices of single things are not in lists of cases."""
    return tuple(name for name in columns if isinstance(cls._fields[name], Money)) if cls.declared.workflow else ()


def _head(cls: type[Record], name: str, asked: Asked, base: str) -> dict[str, Any]:
    told = cls._fields[name]
    current = asked.sort.lstrip("-") == name
    descending = current and asked.sort.startswith("-")
    url = asked.url(base, sort=name if descending or not current else f"-{name}") if sortable(cls, name) else None
    order = ("descending" if descending else "ascending") if current else None
    label = listing.STATE_LABEL if name == "state" else label_of(told)
    return {"name": name, "label": label, "numeric": is_numeric(told), "url": url, "sort": order}


@dataclass(frozen=True)
class _Row:
    """Turns stored rows into cells of text."""

    cls: type[Record]
    columns: tuple[str, ...]
    labels: Mapping[ObjectId, str]
    inline: frozenset[str]
    base: str
    today: dt.date
    sized: Mapping[str, str]

    def css(self, name: str, kind: str = "") -> str:
        """The classes of a column's cells: how they are laid out, and how wide."""
        laid = kind or ("state" if name == "state" else "number" if is_numeric(self.cls._fields[name]) else "")
        return f"{laid if laid in LAID else ''} {self.sized.get(name, '')}".strip()

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """One row: its cells, and where it leads."""
        flow = self.cls.declared.workflow
        inline = self.inline if flow is None or row.get("state") in (flow.edit or ()) else frozenset()
        return {
            "id": str(row["_id"]),
            "version": row.get("version", 0),
            "url": f"{self.base}details/?id={row['_id']}",
            "cells": [self._styled(self._cell(row, name, name in inline)) for name in self.columns],
        }

    def _styled(self, cell: dict[str, Any]) -> dict[str, Any]:
        return cell | {"css": self.css(cell["name"], cell["kind"])}

    def _cell(self, row: Mapping[str, Any], name: str, is_inline: bool) -> dict[str, Any]:
        told, value = self.cls._fields[name], row.get(name)
        if name == "state":
            return {"name": name, "text": state_label(self.cls, value), "tone": tone(value), "kind": "state"}
        try:
            cell = {"name": name, **self._shown(told, value)}
        except (ValueError, TypeError, AttributeError):
            return {"name": name, "text": str(wording.UNREADABLE), "kind": "bad"}
        if is_inline:
            cell["inline"] = {"kind": inline_kind(told), "value": raw_value(told, value), "choices": choices_of(told)}
        return cell

    def _shown(self, told: Any, value: Any) -> dict[str, Any]:
        """The text of a cell and how it is laid out: text, long, number or date."""
        if isinstance(told, Day | Moment) and isinstance(value, dt.datetime):
            date = value.date() if isinstance(told, Day) else value.astimezone(clock.zone()).date()
            iso = date.isoformat() if isinstance(told, Day) else wording.machine_time(value)
            near = wording.relative(date, self.today)
            return {"text": plain(told, value, self.labels), "kind": "date", "iso": iso, "relative": near}
        if isinstance(told, Refs) and isinstance(value, list) and len(value) > REFS_SHOWN:
            text = plain(told, value[:REFS_SHOWN], self.labels) + " …"
        else:
            text = plain(told, value, self.labels)
        if isinstance(told, LongText) and len(text) > TEXT_SHOWN:
            text = text[:TEXT_SHOWN] + "…"
        if is_numeric(told):
            return {"text": text, "kind": "number"}
        return {"text": text, "kind": "long" if _is_long(text) else "text"}


def _is_long(text: str) -> bool:
    """Whether a text would not fit into one line of its cell."""
    return len(text) > LONG or "\n" in text or (len(text) >= WIDE and width_of(text, 1) > WIDE)


def _search_chip(asked: Asked, base: str) -> dict[str, str]:
    return {"label": str(SEARCHED(text=asked.text)), "url": asked.url_without(base, "q", "q")}


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


def choices_of(told: Any) -> list[list[str]]:
    """The options of a choice for a control, a blank one first where nothing need be chosen."""
    if not isinstance(told, Choice):
        return []
    blank = [] if told.required else [["", "—"]]
    return blank + [[key, str(label)] for key, label in told.options.items()]


def chips_of(asked: Asked, base: str, labels: wording.Labels = wording.NO_LABELS) -> list[dict[str, str]]:
    """The active filters in words, each with the address of the page without it; `labels`: titles in the list."""
    return [
        {"label": f"{label}{_chip_value(asked.cls, name, value, labels)}", "url": asked.url_without(base, name, value)}
        for name, value, label in asked.chips
    ]


def _chip_value(cls: type[Record], key: str, value: str, labels: wording.Labels) -> str:
    """An active filter's value in words."""
    name = key.removeprefix("f.").removesuffix(".from").removesuffix(".to")
    told = cls._fields[name]
    if name == "state":
        return state_label(cls, value)
    if isinstance(told, Choice | Choices):
        return str(told.options.get(value, value))
    if isinstance(told, Ref | Refs):
        if not ObjectId.is_valid(value):
            return value
        id = ObjectId(value)
        title = labels.get(id) or wording.titles_chosen(told.target, [id])[id]
        return str(AND_BELOW(title=title)) if tree_of(get_document(told.target)) else title
    return value


def _filterable(cls: type[Record], me: Actor) -> list[str]:
    seen = rights.listed_fields(me, cls)
    words = ("tags",) if cls.declared.access.write != {} else ()  # what nobody writes has none
    names = dict.fromkeys((*cls.declared.grid.filters, "department", *words))
    return [name for name in names if name in seen and not isinstance(cls._fields[name], Lines | LongText | Sealed)]


def _filter(cls: type[Record], name: str, asked: Asked, labels: wording.Labels) -> dict[str, Any]:
    """One control of the filter panel."""
    told = cls._fields[name]
    flow = cls.declared.workflow
    key = f"f.{name}"
    control: dict[str, Any] = {"key": key, "label": label_of(told), "values": asked.told.getlist(key), "kind": "text"}
    if name == "state" and flow:
        control |= {"kind": "choices", "options": [(state, str(flow.labels[state])) for state in flow.states]}
    elif isinstance(told, Choice | Choices):
        control |= {"kind": "choices", "options": [(k, str(v)) for k, v in told.options.items()]}
    elif isinstance(told, Ref | Refs):
        ids = [ObjectId(one) for one in control["values"] if ObjectId.is_valid(one)]
        titles = wording.titles_chosen(told.target, ids) | labels if ids else {}
        control |= {"kind": "ref", "name": name, "chosen": [(str(one), titles[one]) for one in ids]}
    elif isinstance(told, Tags):
        control |= {"kind": "ref", "name": name, "chosen": [(one, one) for one in control["values"]]}
    elif isinstance(told, Flag):
        control |= {"kind": "flag"}
    elif is_numeric(told) or type(told).__name__ in ("Day", "Moment"):
        control |= {"kind": "range", "input": "number" if is_numeric(told) else "date"}
        control |= {"from": asked.told.get(f"{key}.from", ""), "to": asked.told.get(f"{key}.to", "")}
    return control
