"""Links to records of any type: what a picker offers, the record that a text means, and what a link is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bson import ObjectId

from ..base.collections import archive_of
from ..base.people import Actor
from ..base.record_key import RecordKey
from ..base.search import normal
from ..base.titles import number_and_title
from ..base.words import LOCALES, L
from ..language.declare import registered
from ..language.fields import AnyRef
from ..language.finding import is_number_of, numbered
from ..language.kinds.any_links import key_in, key_in_address
from ..language.merging import KNOWN_AS, stands_for
from ..language.record import Record
from ..language.reviewing import MARK, is_unreviewed
from . import picking, rights
from .across import SHOWN, Part, newest, united

EACH_MAX = 4  # of a type, while nothing is typed
LABEL_WORDS_MAX = 4
MEANT_MAX = 200
LINKS_MAX = 20_000
CALLED = L("{type} {title}", "{type} {title}")
NOT_YOURS = L("(a record you may not see)", "（您無權查看的記錄）")
GONE = L("(deleted)", "（已刪除）")
NOT_FOUND = L("(not found, or no permission)", "（不存在或無權查看）")
Known = dict[str, tuple[type[Record], dict[str, Any]]]


def types_of(link: AnyRef) -> list[type[Record]]:
    """The types to whose records a link may lead."""
    return [cls for _, cls in sorted(registered().items()) if link.takes(cls.__name__)]


def called(cls: type[Record], row: Any) -> str:
    """What a stored record is called where its type is not known: type, number and title."""
    text = str(CALLED(type=cls.declared.label, title=number_and_title(row)))
    return str(MARK(title=text)) if is_unreviewed(cls, row.get("state")) else text


def offered(actor: Actor, link: AnyRef, text: str, most: int) -> list[dict[str, Any]]:
    """The records that an actor may choose: by their number, by the words of their title, by the address of their page;
    a text that begins with the label of a type finds records of that alone."""
    return [
        {"_id": f"{cls.type_name()}:{row['_id']}", "title": called(cls, row), "number": ""}
        for cls, row in _hits(actor, link, text, most)
    ]


def meant(actor: Actor, link: AnyRef, text: str) -> str | None:
    """The one record that a text names: as a link is called, by its number, by its whole title, or by its address."""
    if key := key_in(text) or key_in_address(text):
        return str(key) if are_there(actor, link, [str(key)]) else None
    types, rest = _narrowed(types_of(link), text)
    if numbered := _by_number(actor, types, rest.split()):
        return numbered
    needed = {normal(text), normal(rest)}
    hits = [
        f"{cls.type_name()}:{row['_id']}"
        for cls, row in _hits(actor, link, text, MEANT_MAX)
        if needed & {normal(row.get("title") or ""), normal(row.get("number") or "")}
    ]
    return hits[0] if len(hits) == 1 else None


def titles(actor: Actor, link: AnyRef, kept: Iterable[str], *, tells: bool = True) -> dict[str, str]:
    """What kept links are called: one command for those that the actor may see, and one more for the others.

    `tells`: whether what is hidden and what is not there read apart, as on the page of a record that links to it; of
    what an address names nothing is told.
    """
    keys = {text: key for text in kept if (key := key_in(text))}
    known = known_to(actor, keys)
    result = {text: called(*known[text]) for text in keys if text in known}
    hidden = {text: key for text, key in keys.items() if text not in known}
    result |= _led_on(actor, hidden)
    hidden = {text: key for text, key in hidden.items() if text not in result}
    if not hidden:
        return result
    there = _living(hidden.values()) if tells else set()
    other = GONE if tells else NOT_FOUND
    return result | {text: str(NOT_YOURS if key in there else other) for text, key in hidden.items()}


def titles_in_each_language(actor: Actor, kept: str) -> list[str]:
    """What a kept link is called in each language; for one that leads nowhere for the actor, what stands for it."""
    key = key_in(kept)
    known = known_to(actor, {kept: key} if key else {}).get(kept)
    if known is None:
        return [text.in_locale(locale) for text in (NOT_YOURS, GONE) for locale in LOCALES]
    cls, row = known
    title = number_and_title(row)
    return list(dict.fromkeys(f"{cls.declared.label.in_locale(locale)} {title}" for locale in LOCALES))


def are_there(actor: Actor, link: AnyRef, kept: Iterable[str]) -> set[str]:
    """Those of some links that lead to a living record which the actor may see, of a type that the link takes."""
    keys = {text: key for text in kept if (key := key_in(text))}
    known = known_to(actor, keys, archived=False)
    return {text for text, (cls, _) in known.items() if link.takes(cls.__name__)}


def known_to(actor: Actor, keys: dict[str, RecordKey], *, archived: bool = True) -> Known:
    """The records of some kept links that the actor may see, those in the archive too: one command."""
    parts: list[Part] = []
    for name, ids in _ids_by_type(keys.values()).items():
        cls = registered()[name]
        scopes = {name: rights.visible(actor, cls)}
        if archived and cls.declared.retention:
            scopes[archive_of(name)] = rights.visible_archived(actor, cls)
        shown = {"$project": SHOWN | {"type": {"$literal": name}}}
        for place, scope in scopes.items():
            if scope is not None:
                parts.append((place, [{"$match": {"$and": [{"_id": {"$in": ids}}, scope]}}, shown]))
    rows = {(row["type"], row["_id"]): row for row in united(parts, LINKS_MAX)}
    pairs = {text: rows.get((key.type, key.id)) for text, key in keys.items()}
    return {text: (registered()[row["type"]], row) for text, row in pairs.items() if row}


def _living(keys: Iterable[RecordKey]) -> set[RecordKey]:
    """Those of some records that are there, whoever sees them: outside the bin, or in the archive."""
    parts: list[Part] = []
    for name, ids in _ids_by_type(keys).items():
        for place in (name, archive_of(name)):
            query = {"_id": {"$in": ids}, "removed_at": None}
            parts.append((place, [{"$match": query}, {"$project": {"type": {"$literal": name}}}]))
    return {RecordKey(row["type"], row["_id"]) for row in united(parts, LINKS_MAX)}


def _ids_by_type(keys: Iterable[RecordKey]) -> dict[str, list[ObjectId]]:
    """The ids of each type that there is."""
    result: dict[str, list[ObjectId]] = {}
    for key in keys:
        if key.type in registered():
            result.setdefault(key.type, []).append(key.id)
    return result


def _hits(actor: Actor, link: AnyRef, text: str, most: int) -> Iterator[tuple[type[Record], dict[str, Any]]]:
    if key := key_in(text) or key_in_address(text):
        known = known_to(actor, {text: key}, archived=False)
        yield from (pair for pair in known.values() if link.takes(pair[0].__name__))
        return
    types, rest = _narrowed(types_of(link), text)
    of_number = [cls for cls in types if is_number_of(cls, rest)]
    if of_number:
        queries = [(cls, numbered(cls, rest.split()[0])) for cls in of_number]
    else:
        queries = [(cls, picking.found_by(actor, cls, rest) if rest else {}) for cls in types]
    each = most if rest or len(types) == 1 else EACH_MAX
    rows = newest(actor, queries, each, most * max(len(queries), 1))
    rows.sort(key=lambda row: row["_id"], reverse=True)
    yield from ((registered()[row["type"]], row) for row in rows[:most])


def _narrowed(types: list[type[Record]], text: str) -> tuple[list[type[Record]], str]:
    """The types whose label a text begins with and the rest of it, or else all types and the text."""
    words = text.split()
    for count in range(min(LABEL_WORDS_MAX, len(words)), 0, -1):
        label = normal(" ".join(words[:count]))
        if named := [cls for cls in types if label in _labels_of(cls)]:
            return named, " ".join(words[count:])
    return types, text.strip()


def _labels_of(cls: type[Record]) -> set[str]:
    return {normal(cls.declared.label.in_locale(locale)) for locale in LOCALES}


def _by_number(actor: Actor, types: list[type[Record]], words: list[str]) -> str | None:
    """The record whose number a text begins with."""
    if not words:
        return None
    number = words[0].upper()
    queries = [(cls, _of_number(cls, number)) for cls in types if is_number_of(cls, number)]
    rows = newest(actor, queries, 2, MEANT_MAX)
    return f"{rows[0]['type']}:{rows[0]['_id']}" if len(rows) == 1 else None


def _of_number(cls: type[Record], number: str) -> dict[str, Any]:
    """The record of a number, or the one that stands for it."""
    return {"$or": [{"number": number}, {KNOWN_AS: number}]} if cls.declared.merges else {"number": number}


def _led_on(actor: Actor, keys: dict[str, RecordKey]) -> dict[str, str]:
    """What links to merged records are called: as the records that stand for them, where the actor sees these."""
    onward = {}
    for text, key in keys.items():
        cls = registered().get(key.type)
        if cls is not None and (into := stands_for(cls, key.id)) is not None:
            onward[text] = RecordKey(key.type, into)
    return {text: called(*pair) for text, pair in known_to(actor, onward).items()} if onward else {}
