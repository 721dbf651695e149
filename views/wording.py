"""How values turn into text on a page: numbers, dates, choices, references, in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from bson import Decimal128, ObjectId
from mongoengine.base import get_document

from models.kernel.base import clock
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.collections import archive_of
from models.kernel.base.words import EN, HANS, HANT, L, current_locale
from models.kernel.language.declare import at_path, kept_links_of, references_of
from models.kernel.language.glossary import NEUTRAL
from models.kernel.language.merging import WENT_INTO, stands_for
from models.kernel.language.record import Record
from models.kernel.language.reviewing import MARK, is_unreviewed
from models.kernel.rights import kept_links, rights

from .session import actor

NEW_ONE = L("New: {label}", "新建{label}")
PLACES_MAX = 6
PROVISIONALLY = L("{due} (provisional)", "{due}（暫定）")
TODAY = L("today", "今天")
GONE = L("(deleted)", "（已刪除）")
SYSTEM_NAME = L("System", "系統")
KEPT_BACK = L("(no permission)", "（無權查看）")
NOT_FOUND = L("(not found, or no permission)", "（不存在或無權查看）")
UNREADABLE = L("(damaged, IT has been told)", "（數據損壞，已通知信息技術部）")
Labels = Mapping[ObjectId, str]
NO_LABELS: Labels = {}
TITLED = {"title": 1, "number": 1, "state": 1, WENT_INTO: 1}  # what `title_of` needs of a stored record


def t(english: str, hant: str) -> str:
    """The words of a template in the reader's language."""
    return str(_label(english, hant))


@lru_cache(maxsize=5000)
def _label(english: str, hant: str) -> L:
    return L(english, hant)


def babel_locale() -> Locale:
    """The reader's language as the formatting library names it."""
    return _babel(current_locale())


@lru_cache
def _babel(locale: str) -> Locale:
    return Locale.parse({EN: "en_GB", HANT: "zh_Hant_TW", HANS: "zh_Hans_CN"}[locale])


def number(value: Any, places: int | None = None) -> str:
    """A number with thousands separators, also a share that no decimals say; with `places` always so many of them."""
    kept = PLACES_MAX if places is None else places
    if isinstance(value, Fraction):
        shown = rounded(value, kept)
    else:
        shown = value.to_decimal() if isinstance(value, Decimal128) else Decimal(str(value))
        shown = rounded(shown, kept) if shown.is_finite() else shown
    pattern = "#,##0" + ("." + "0" * places if places else "") if places is not None else "#,##0.######"
    return format_decimal(shown, format=pattern, locale=babel_locale())


def day(value: dt.date | dt.datetime) -> str:
    """A date as written on paper; ISO in English so that it sorts and is never mistaken."""
    date = value.date() if isinstance(value, dt.datetime) else value
    return date.isoformat() if current_locale() == EN else format_date(date, "yyyy-MM-dd", locale=babel_locale())


def deadline(due: dt.datetime | None, *, is_provisional: bool = False) -> str:
    """When something is due, marked where it runs into a year whose holidays are not entered; empty where it is not."""
    if due is None:
        return ""
    return str(PROVISIONALLY(due=moment(due))) if is_provisional else moment(due)


def moment(value: dt.datetime) -> str:
    """A point in time in the company's time zone."""
    aware = value if value.tzinfo else value.replace(tzinfo=clock.UTC)
    return format_datetime(aware.astimezone(clock.zone()), "yyyy-MM-dd HH:mm", locale=babel_locale())


def doer(entry: Mapping[str, Any]) -> str:
    """Who made a history entry; the system is named in the reader's language."""
    return str(SYSTEM_NAME) if entry.get("actor") is None else entry.get("actor_name") or ""


def machine_time(value: dt.datetime) -> str:
    """A moment for programs that read the page; HTML knows no more than milliseconds."""
    return value.isoformat(timespec="milliseconds")


def time(value: dt.datetime) -> str:
    """The hour and minute of a moment on the company's clock."""
    aware = value if value.tzinfo else value.replace(tzinfo=clock.UTC)
    return aware.astimezone(clock.zone()).strftime("%H:%M")


def ago(value: dt.datetime) -> str:
    """How long ago, in words."""
    aware = value if value.tzinfo else value.replace(tzinfo=clock.UTC)
    return format_timedelta(aware - clock.now(), add_direction=True, locale=babel_locale())


def relative(date: dt.date, today: dt.date) -> str:
    """How far a date is from today, in words."""
    return _relative((date - today).days, current_locale())


@lru_cache(maxsize=5000)
def _relative(days: int, _locale: str) -> str:
    if days == 0:
        return str(TODAY)
    return format_timedelta(dt.timedelta(days=days), threshold=1, add_direction=True, locale=babel_locale())


def reference_labels(cls: type[Record], rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> dict[Any, str]:
    """The titles of everything that these fields of these rows link to: one query per linked type; and of the lines
    and the records of any type that these rows link to, one or two per field."""
    links, held = references_of(cls), list(rows)
    query: dict[str, set[ObjectId]] = {}
    chosen = [name for name in names if name in links]
    for row in held:
        for name in chosen:
            value = row.get(name)
            if value is not None:
                ids = value if isinstance(value, list) else [value]
                query.setdefault(links[name].target, set()).update(ids)
    return titles(query) | _kept_titles(cls, held)


def _kept_titles(cls: type[Record], rows: list[Mapping[str, Any]]) -> dict[str, str]:
    result: dict[str, str] = {}
    for name, link in kept_links_of(cls).items():
        if "." not in name and (kept := {row[name] for row in rows if row.get(name)}):
            result |= kept_links.titles(actor(), link, kept)
    return result


def title_of(cls: type[Record], row: Mapping[str, Any]) -> str:
    """What a stored record is called; with a mark where it waits for its review (3.2.2)."""
    title = row.get("title") or row.get("number", "")
    return str(MARK(title=title)) if is_unreviewed(cls, row.get("state")) else title


def titles(needed: Mapping[str, Iterable[ObjectId]]) -> dict[ObjectId, str]:
    """The titles of records by class name and ids: one query per class."""
    result: dict[ObjectId, str] = {}
    for target, query in needed.items():
        ids, cls = list(query), get_document(target)
        content = _those_told(cls, ids)
        rows = list(cls._get_collection().find(content, TITLED))
        result.update({row["_id"]: title_of(cls, row) for row in rows})
        result.update(_titles_led_on(cls, [row["_id"] for row in rows if row.get(WENT_INTO)]))
        if missing := [id for id in ids if id not in result]:
            result.update(_archived_titles(target, missing))
        if cls.declared.access.guarded:
            result.update({id: str(KEPT_BACK) for id in ids if id not in result})
        if cls.declared.access.numbered:
            result.update(_numbers_of_unread(cls, ids))
    return result


def _titles_led_on(cls: type[Record], merged: list[ObjectId]) -> dict[ObjectId, str]:
    """Merged records by the titles of those that stand for them."""
    onward = {id: into for id in merged if (into := stands_for(cls, id)) is not None}
    known = titles({cls.__name__: {*onward.values()}}) if onward else {}
    return {id: known[into] for id, into in onward.items() if into in known}


def _numbers_of_unread(cls: type[Record], ids: list[ObjectId]) -> dict[ObjectId, str]:
    """The numbers of those records that the reader may not read, in place of their titles."""
    scopes = {cls.type_name(): rights.visible(actor(), cls)}
    if cls.declared.retention:
        scopes[archive_of(cls.type_name())] = rights.visible_archived(actor(), cls)
    result: dict[ObjectId, str] = {}
    for name, scope in scopes.items():
        unread = {"_id": {"$in": ids}} if scope is None else {"$and": [{"_id": {"$in": ids}}, {"$nor": [scope]}]}
        if scope != {}:
            rows = cls._get_db()[name].find(unread, {"number": 1})
            result.update({row["_id"]: row.get("number", "") for row in rows})
    return result


def titles_chosen(target: str, ids: Iterable[ObjectId], held: Container[ObjectId] = ()) -> dict[ObjectId, str]:
    """The titles of what a reader names by id: of what they may see, and of what the page shows them anyway (`held`).

    What is hidden from them reads as what is not there, so that a guessed id tells nothing.
    """
    query = list(ids)
    result = titles({target: own}) if (own := [id for id in query if id in held]) else {}
    if others := [id for id in query if id not in held]:
        cls = get_document(target)
        scopes = {cls.type_name(): rights.visible(actor(), cls)}
        if cls.declared.retention:
            scopes[archive_of(cls.type_name())] = rights.visible_archived(actor(), cls)
        for name, scope in scopes.items():
            missing = [id for id in others if id not in result]
            if scope is not None and missing:
                rows = cls._get_db()[name].find({"$and": [{"_id": {"$in": missing}}, scope]}, TITLED)
                result |= {row["_id"]: title_of(cls, row) for row in rows}
        missing = [id for id in others if id not in result] if cls.declared.merges else []
        if onward := {id: into for id in missing if (into := stands_for(cls, id)) is not None}:
            known = titles_chosen(target, [*onward.values()])
            result |= {id: known[into] for id, into in onward.items()}
    return {id: str(NOT_FOUND) for id in query} | result


def _those_told(cls: type[Record], ids: list[ObjectId]) -> dict[str, Any]:
    """The filter of the records whose titles the reader may be told where others link to them."""
    chosen: dict[str, Any] = {"_id": {"$in": ids}}
    if not cls.declared.access.guarded:
        return chosen
    return {"$and": [chosen, rights.visible(actor(), cls) or {"_id": None}]}


def _archived_titles(target: str, ids: list[ObjectId]) -> dict[ObjectId, str]:
    """The titles of records that have left for the archive."""
    cls = get_document(target)
    if not cls.declared.retention:
        return {}
    content: dict[str, Any] = {"_id": {"$in": ids}}
    if cls.declared.access.guarded:
        scope = rights.visible_archived(actor(), cls)
        content = {"$and": [content, {"_id": None} if scope is None else scope]}
    rows = cls._get_db()[archive_of(cls.type_name())].find(content, TITLED)
    return {row["_id"]: title_of(cls, row) for row in rows}


def line_labels(cls: type[Record], document: Mapping[str, Any]) -> dict[Any, str]:
    """The titles of what the lines of one record link to; one query per linked type, and per column of kept links."""
    query: dict[str, set[ObjectId]] = {}
    for name, lines in cls.declared.own_fields.items():
        for column, ref in lines.columns.items():
            if ref.target:
                ids = {id for line in document.get(name) or [] for id in ref.ids_in(line.get(column))}
                query.setdefault(ref.target, set()).update(ids)
    result: dict[Any, str] = dict(titles(query))
    for path, link in kept_links_of(cls).items():
        if "." in path and (kept := {*at_path(document, path)}):
            result |= kept_links.titles(actor(), link, kept)
    return result


def tone(cls: type[Record], state: str | None) -> str:
    """The tone in which a state of a type is shown, as its workflow says."""
    flow = cls.declared.workflow
    return flow.tones.get(state or "", NEUTRAL) if flow else NEUTRAL


def state_label(cls: type[Record], state: str | None) -> str:
    flow = cls.declared.workflow
    return str(flow.labels.get(state or "", state or "")) if flow else ""
