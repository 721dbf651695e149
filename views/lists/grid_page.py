"""What the template of a list is given: heads, rows of plain cells, filters, pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.sound import DAMAGED, DAMAGED_FIELDS
from models.kernel.rights import rights

from .. import wording
from ..kinds import kind_of
from ..kinds.base import Kind
from ..kinds.states import column_of
from ..slots import formats_for
from ..wording import reference_labels
from . import listing
from .conditions import field_of
from .layouts import Shown, columns_context, views_context
from .listing import PAGE_SIZES, ListQuery, Page, sortable

LAID = ("number", "date", "long", "state")
SEARCHED = L("Search “{text}”", "搜索「{text}」")


def shown_context(cls: type[Record], me: Actor, shown: Shown, base: str) -> dict[str, Any]:
    """A list as its reader has arranged it: its rows, the views above it, and the columns to choose from."""
    result = listing.fetch(shown.query, shown.columns)
    return {
        **list_context(cls, me, shown, result, base),
        "views": views_context(me, shown, base),
        "choices": columns_context(cls, me, shown),
        "totals_url": shown.query.url(f"{base}totals/") if _summed(cls, shown.columns) and result.rows else None,
    }


def list_context(cls: type[Record], me: Actor, shown: Shown, page: Page, base: str) -> dict[str, Any]:
    """Rows of plain cells for one loop of the template; two queries and one per linked type were made."""
    query, columns = shown.query, shown.columns
    sized = {name: f"sized w{width}" for name, width in shown.widths.items()}
    labels = reference_labels(cls, page.rows, columns)
    writable = rights.writable_fields(me, cls)
    inline = frozenset(cls.declared.grid.inline) & writable if rights.is_writer(me, cls) else frozenset()
    chips = chips_of(query, base, labels)
    kinds = {name: column_of(cls, name) for name in columns}
    words = _Row(cls, kinds, labels, inline, base, clock.today(), sized)
    return {
        "declared": cls.declared,
        "base": base,
        "asked": query,
        "heads": [_head(cls, name, query, base) | {"css": words.css(name)} for name in columns],
        "rows": [words.of(row) for row in page.rows],
        "count": page.count,
        "was_stopped": page.was_stopped,
        "again": query.url(base),
        "first": query.url(base) if page.previous else None,
        "previous": query.url(base, before=page.previous) if page.previous else None,
        "next": query.url(base, after=page.next) if page.next else None,
        "sizes": [(size, query.url(base, size=size), size == query.size) for size in PAGE_SIZES],
        "chips": chips,
        "drops": [*chips, *([_search_chip(query, base)] if query.text else [])],
        "filters": [column_of(cls, name).filter(name, query.args_with_view, labels) for name in _filterable(cls, me)],
        "problems": query.problems,
        "exports": {kind: query.url(f"{base}export/{kind}/") for kind in ("csv", "xlsx", "jsonl")},
        "exports_lines": query.url(f"{base}export/xlsx-lines/") if _has_lines(cls, writable, query) else "",
        "formats": [
            (form.label, query.url(f"{base}export/{form.name}/"))
            for form in formats_for(cls.declared.name).values()
            if not query.archived
        ],
    }


def _has_lines(cls: type[Record], writable: frozenset[str], query: ListQuery) -> bool:
    """Whether there are lines that an import would take."""
    return not query.archived and any(cls._fields[name].columns for name in writable)


def totals(cls: type[Record], me: Actor, shown: Shown) -> list[dict[str, Any]]:
    """The sums of the shown amounts over all hits: texts by column, one for each currency. One query."""
    names = _summed(cls, shown.columns)
    seen = rights.listed_fields(me, cls)
    by = "currency" if "currency" in seen and hasattr(cls._fields.get("currency"), "options") else None
    sums = listing.sums(shown.query, names, by) if names else None
    return [{"name": name, "texts": _sum_texts(cls, name, sums, by)} for name in names if sums]


def _sum_texts(cls: type[Record], name: str, items: list[dict[str, Any]], by: str | None) -> list[str]:
    texts = []
    for row in items:
        amount = kind_of(cls._fields[name]).plain(row[name])
        currency = str(cls._fields[by].options.get(row["_id"], "")) if by and isinstance(row["_id"], str) else ""
        texts.append(f"{currency} {amount}".strip())
    return texts


def _summed(cls: type[Record], columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that are worth a sum: amounts; prices of single things are not in lists of cases."""
    return tuple(name for name in columns if kind_of(cls._fields[name]).is_amount) if cls.declared.workflow else ()


def _head(cls: type[Record], name: str, query: ListQuery, base: str) -> dict[str, Any]:
    current = query.sort.lstrip("-") == name
    descending = current and query.sort.startswith("-")
    url = query.url(base, sort=name if descending or not current else f"-{name}") if sortable(cls, name) else None
    order = ("descending" if descending else "ascending") if current else None
    return {"name": name, "label": label_of(cls._fields[name]), "url": url, "sort": order}


@dataclass(frozen=True)
class _Row:
    """Turns stored rows into cells of text."""

    cls: type[Record]
    kinds: Mapping[str, Kind]
    labels: Mapping[ObjectId, str]
    inline: frozenset[str]
    base: str
    today: dt.date
    sized: Mapping[str, str]

    def css(self, name: str, kind: str = "") -> str:
        """The classes of a column's cells: how they are laid out, and how wide."""
        laid = kind or self.kinds[name].layout
        return f"{laid if laid in LAID else ''} {self.sized.get(name, '')}".strip()

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """One row: its cells, and where it leads."""
        flow = self.cls.declared.workflow
        inline = self.inline if flow is None or row.get("state") in (flow.edit or ()) else frozenset()
        return {
            "id": str(row["_id"]),
            "version": row.get("version", 0),
            "url": f"{self.base}details/?id={row['_id']}",
            "cells": [self._styled(self._cell(row, name, name in inline)) for name in self.kinds],
        }

    def _styled(self, cell: dict[str, Any]) -> dict[str, Any]:
        return cell | {"css": self.css(cell["name"], cell["kind"])}

    def _cell(self, row: Mapping[str, Any], name: str, is_inline: bool) -> dict[str, Any]:
        kind, value = self.kinds[name], row.get(name)
        if name in row.get(DAMAGED_FIELDS, ()):
            return {"name": name, "text": str(DAMAGED), "kind": "bad"}
        try:
            cell = {"name": name, **kind.cell(value, self.labels, self.today)}
        except (ValueError, TypeError, AttributeError):
            return {"name": name, "text": str(wording.UNREADABLE), "kind": "bad"}
        if name == "due_at" and value and row.get("due_provisional"):
            cell["text"] = wording.deadline(value, is_provisional=True)
        if is_inline:
            cell["inline"] = {"kind": kind.inline, "value": kind.typed(value), "choices": kind.options()}
        return cell


def _search_chip(query: ListQuery, base: str) -> dict[str, str]:
    return {"label": str(SEARCHED(text=query.text)), "url": query.url_without(base, "q", "q")}


def chips_of(query: ListQuery, base: str, labels: wording.Labels = wording.NO_LABELS) -> list[dict[str, str]]:
    """The active filters in words, each with the address of the page without it; `labels`: titles in the list."""
    return [
        {"label": f"{label}{_chip_value(query.cls, name, value, labels)}", "url": query.url_without(base, name, value)}
        for name, value, label in query.chips
    ]


def _chip_value(cls: type[Record], key: str, value: str, labels: wording.Labels) -> str:
    """An active filter's value in words."""
    return column_of(cls, field_of(key)).chip_words(value, labels, is_alone=key.endswith((".is", ".not")))


def _filterable(cls: type[Record], me: Actor) -> list[str]:
    seen = rights.listed_fields(me, cls)
    words = ("tags",) if cls.declared.access.write != {} else ()  # what nobody writes has none
    names = dict.fromkeys((*cls.declared.grid.filters, "department", *words))
    return [name for name in names if name in seen and cls._fields[name].is_indexable]
