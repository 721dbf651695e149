"""Which records the names in a sheet mean: by number or by exact title, among those that the actor may pick; where
somebody sees at once which one was understood, by a part or the initials of a title, too.

A name that is not there letter by letter is sought in its folded form, as lists do. Names in one cell have commas
between them; one that holds a comma itself is known by being the title of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from models.kernel.base.collections import archive_of
from models.kernel.base.people import Actor
from models.kernel.base.search import normal, same
from models.kernel.base.words import L
from models.kernel.language.fields import Ref, Refs, label_of
from models.kernel.language.indexes import indexed_fields
from models.kernel.language.merging import KNOWN_AS
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, names_in
from models.kernel.rights import kept_links, picking, rights
from models.kernel.rights.picking import may_be_linked

KNOWN_MAX = 50_000
OFFERED_MOST = 20
SOUGHT_AT_ONCE = 40
UNKNOWN = L(
    "“{label}”: there is nothing called “{text}”, or it is not yours to choose.",
    "「{label}」：沒有「{text}」，或您無權選用。",
)
AMBIGUOUS = L(
    "“{label}”: “{text}” names {count} records; write the number instead.",
    "「{label}」：「{text}」對應 {count} 條記錄，請改填編號。",
)
TWO_READINGS = L(
    "“{label}”: “{text}” can be read as one record or as several; write the numbers instead.",
    "「{label}」：「{text}」可讀作一條記錄，也可讀作多條；請改填編號。",
)
# What stands in an export for a link whose title its reader is not told.
UNTOLD = (
    L("(deleted)", "（已刪除）"),
    L("(no permission)", "（無權查看）"),
    L("(not found, or no permission)", "（不存在或無權查看）"),
)

Key = tuple[str, tuple[str, ...]]


class NamesInCells:
    """Remembers what it has looked up, so that a name that stands in every row is asked for once."""

    def __init__(self, actor: Actor, *, by_part: bool = False):
        self.actor = actor
        self.by_part = by_part
        self._known: dict[Key, dict[str, tuple[ObjectId, ...]]] = {}
        self._titles: dict[ObjectId, str] = {}
        self._kept: dict[tuple[str, str], str | None] = {}
        self._kept_titles: dict[str, list[str]] = {}

    def learn(self, link: Ref | Refs, texts: Iterable[str]) -> None:
        """Look up some names at once: one query for those that are new."""
        known = self._known.setdefault(_key(link), {})
        if len(known) > KNOWN_MAX:
            known.clear()
        if needed := {text for text in texts if text} - known.keys():
            known |= dict.fromkeys(needed, ())
            known |= self._hits(link, needed)
            if self.by_part:
                known |= {text: self._offered(link, text) for text in needed if not known[text]}

    def meant(self, link: Ref | Refs, text: str) -> ObjectId:
        """The record that a name means. Raises BadValue, saying the name."""
        known = self._known.get(_key(link), {})
        if text not in known:
            self.learn(link, [text])
            known = self._known[_key(link)]
        result = known[text]
        if len(result) != 1:
            words = AMBIGUOUS(label=label_of(link), text=text[:100], count=len(result))
            raise BadValue(words if result else UNKNOWN(label=label_of(link), text=text[:100]))
        return result[0]

    def several(self, link: Refs, text: str) -> list[ObjectId]:
        """The records that the names in one cell mean, each once. Raises BadValue, also where two readings are
        possible."""
        self.learn(link, link.names_in(text))
        known = self._known[_key(link)]
        try:
            names = names_in(text, lambda name: bool(known.get(name)))
        except ValueError as fault:
            raise BadValue(TWO_READINGS(label=label_of(link), text=text[:100])) from fault
        return list(dict.fromkeys(self.meant(link, name) for name in names))

    def learn_held(self, link: Ref | Refs, ids: Iterable[ObjectId]) -> None:
        """Look up the titles of what records link to, as far as the actor is told them."""
        cls = get_document(link.target)
        needed = list({*ids} - self._titles.keys())
        if not needed:
            return
        places = {cls.type_name(): rights.visible(self.actor, cls)}
        if cls.declared.retention:
            places[archive_of(cls.type_name())] = rights.visible_archived(self.actor, cls)
        for place, scope in places.items():
            chosen: dict[str, Any] = {"_id": {"$in": needed}}
            if cls.declared.access.guarded:
                chosen = {"$and": [chosen, {"_id": None} if scope is None else scope]}
            rows = get_db()[place].find(chosen, {"title": 1, "number": 1})
            self._titles |= {row["_id"]: row.get("title") or row.get("number", "") for row in rows}

    def title(self, link: Ref | Refs, id: ObjectId) -> str:
        """The title of a record that was linked to; what stands for it where its reader is not told."""
        if id in self._titles:
            return self._titles[id]
        return str(UNTOLD[1 if get_document(link.target).declared.access.guarded else 0])

    def meant_kept(self, link: Any, text: str) -> str:
        """The line, or the record of any type, that a text means. Raises BadValue, saying the text."""
        key = (kept_links.key_of(link), text)
        if key not in self._kept:
            self._kept[key] = kept_links.meant(self.actor, link, text)
        if (kept := self._kept[key]) is None:
            raise BadValue(UNKNOWN(label=label_of(link), text=text[:100]))
        return kept

    def kept_titles(self, link: Any, kept: str) -> list[str]:
        """What a link that is kept as a text is called, in each language."""
        if kept not in self._kept_titles:
            self._kept_titles[kept] = kept_links.titles_in_each_language(self.actor, link, kept)
        return self._kept_titles[kept]

    def _offered(self, link: Ref | Refs, text: str) -> tuple[ObjectId, ...]:
        """What a picker would find for a text; several are too many. A query for each text."""
        if (known := picking.meant(self.actor, link, text)) is not None:
            return (known,)
        return tuple(row["_id"] for row in picking.offered(self.actor, link, text, OFFERED_MOST))

    def _hits(self, link: Ref | Refs, texts: set[str]) -> dict[str, tuple[ObjectId, ...]]:
        cls = get_document(link.target)
        scope = rights.visible(self.actor, cls)
        if scope is None:
            return {}
        place = _title_place(cls)
        begins = sorted({text.split()[0] for text in texts} | texts)
        named: list[dict[str, Any]] = [{"number": {"$in": begins}}]
        if cls.declared.merges:
            named.append({KNOWN_AS: {"$in": sorted({*begins, *texts})}})
        if place:
            named.append({place: {"$in": sorted(texts)}})
        chosen = {"$and": [scope, may_be_linked(link)]}
        result = _by_name(cls, place, {"$and": [chosen, {"$or": named}]}, texts, str)
        missing = sorted(texts - result.keys())
        for at in range(0, len(missing), SOUGHT_AT_ONCE):
            some = missing[at : at + SOUGHT_AT_ONCE]
            alike = {"$and": [chosen, {"$or": [same(text) for text in some]}]}
            result |= _by_name(cls, place, alike, set(some), normal)
        return result


def _by_name(
    cls: type[Record], place: str, query: dict[str, Any], texts: set[str], form: Callable[[str], str]
) -> dict[str, tuple[ObjectId, ...]]:
    """Of the records of a query those that some texts name, in a form in which both are compared: one query."""
    numbers: dict[str, tuple[ObjectId, ...]] = {}
    titles: dict[str, tuple[ObjectId, ...]] = {}
    shown = {"number": 1, "title": 1, KNOWN_AS: 1, **({place: 1} if place else {})}
    for row in cls._get_collection().find(query, shown):
        numbers[form(row["number"])] = (row["_id"],)
        named = (row.get("title"), row.get(place) if place else None, *(row.get(KNOWN_AS) or ()))
        said = {form(item) for item in named if item}
        titles |= {item: (*titles.get(item, ()), row["_id"]) for item in said}
    return {text: known for text in texts if (known := numbers.get(form(text)) or titles.get(form(text)))}


def _key(link: Ref | Refs) -> Key:
    return link.target, tuple(sorted(link.states))


def _title_place(cls: type[Record]) -> str:
    """Where a title is looked up: in the field that it repeats, if that has an index; nowhere beside the number, if it
    begins with it; else in itself."""
    names = cls.declared.title_fields
    if cls.declared.title.startswith("{number}"):
        return ""
    is_one = len(names) == 1 and cls.declared.title == f"{{{names[0]}}}"
    if is_one and names[0] in indexed_fields(cls) and cls._fields[names[0]].is_text:
        return names[0]
    return "title"
