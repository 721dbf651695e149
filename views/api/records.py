"""Records as JSON: every field that the reader sees, said by its kind; what they do not see is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.gate import history
from models.kernel.gate.search_parts import title_of
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import derived_names, restricted_fields
from models.kernel.language.kinds.dates import instant
from models.kernel.language.record import Record
from models.kernel.language.relation_checks import shown_by_state
from models.kernel.language.sound import DAMAGED_FIELDS, row_of
from models.kernel.rights import rights

from ..page.timeline import DOWNLOADED, sees_downloads

BASE = ("number", "title", "department", "owner", "tags", "created_at", "created_by", "updated_at", "updated_by")
OF_FLOWS = ("state", "state_since", "due_at", "submitted_by")
DAMAGED = "damaged_fields"
Json = dict[str, Any]


def names_of(cls: type[Record]) -> tuple[str, ...]:
    """The fields of a record that programs may be shown, in order."""
    base = (*BASE, *OF_FLOWS) if cls.declared.workflow else BASE
    return tuple(dict.fromkeys((*base, *cls.declared.own_fields)))


def shown_names(cls: type[Record], me: Actor, record: Record | None = None, *, opened: bool = True) -> tuple[str, ...]:
    """Those of them that the reader sees: of a record, or (None) wherever many stand; `opened`: its content, too."""
    seen = rights.readable_fields(me, cls, record) - (frozenset() if opened else restricted_fields(cls))
    return tuple(name for name in names_of(cls) if name in seen)


def record_json(record: Record, me: Actor) -> dict[str, Any]:
    """A record that the reader may see, as it stands."""
    viewer, opened = rights.Viewer(me, record), bool(rights.may_open(me, record))
    names = shown_names(type(record), me, record, opened=opened)
    return row_json(type(record), stored(record), names, viewer.sees)


def row_json(
    cls: type[Record], row: Mapping[str, Any], names: Iterable[str], sees: Callable[[Any], bool]
) -> dict[str, Any]:
    """A stored record with some of its fields; null where there is nothing, and what is damaged is named."""
    sound = row_of(cls, row)
    content: dict[str, Any] = {"id": str(row["_id"]), "version": sound.get("version", 0)}
    for name in names:
        value = sound.get(name)
        content[name] = None if value is None else cls._fields[name].in_json(value, sees)
    if damaged := sound.get(DAMAGED_FIELDS):
        content[DAMAGED] = [name for name in damaged if name in content]
    return content


def at_version(record: Record, me: Actor, version: int) -> Json:
    """A record as it was at a version, by its history, with the fields that the reader sees now and saw then; without
    those that no history keeps, since they follow from other records or from the clock."""
    cls, entries = type(record), history.entries_of(record.id)
    past = history.as_of(stored(record), entries, version)
    last = next(entry for entry in reversed(entries) if entry.get("version", 0) <= version and entry["changes"])
    past |= {"updated_at": last["at"], "updated_by": last["actor"], "title": title_of(cls.from_stored(past))}
    viewer = rights.Viewer(me, record).of(past.get("state"))
    names = tuple(name for name in shown_names(cls, me, record) if viewer.sees(cls._fields[name]))
    if version != record.version:
        names = tuple(name for name in names if name not in {"due_at", *derived_names(cls)})
    return row_json(cls, past, names, viewer.sees)


def version_at(record: Record, moment: Any) -> int:
    """The version that a record had at a moment. Raises Missing where it did not exist yet."""
    versions = [entry["version"] for entry in history.entries_of(record.id) if entry["at"] <= moment]
    had = max((version for version in versions if version), default=0)
    if not had:
        raise Missing
    return had


def entries_json(
    cls: type[Record], entries: Iterable[Mapping[str, Any]], viewer: rights.Viewer
) -> list[dict[str, Any]]:
    """The history of a record as the reader may see it: first values are those of the record as it was."""
    rows = list(entries)
    around = history.states_around(viewer.record, rows) if viewer.record is not None and shown_by_state(cls) else {}
    return [
        _entry(cls, entry, viewer.of(*around.get(entry["seq"], ())))
        for entry in rows
        if entry["verb"] not in DOWNLOADED or sees_downloads(viewer.actor)
    ]


def _entry(cls: type[Record], entry: Mapping[str, Any], viewer: rights.Viewer) -> dict[str, Any]:
    texts = ("verb", "actor_name", "acting_for_name", "state_from", "state_to", "batch", "hash")
    return {
        "seq": entry["seq"],
        "version": entry.get("version"),
        "at": instant(entry["at"]),
        "actor": str(entry["actor"]) if entry.get("actor") else None,
        "source": entry.get("door"),
        **{name: entry.get(name) for name in texts},
        "reason": entry.get("reason") if viewer.reads_reason(cls, entry["verb"]) else None,
        "changes": [
            change for item in entry.get("changes", ()) if (change := _change(cls, entry["verb"], item, viewer))
        ],
    }


def _change(cls: type[Record], verb: str, change: Mapping[str, Any], viewer: rights.Viewer) -> dict[str, Any] | None:
    """One changed field with what it held before and holds after, where the reader sees it."""
    name = change["field"]
    if name == "file":
        files = {side: (change.get(side) or {}).get("name") for side in ("old", "new")}
        return {"field": name, **files}
    if verb == "create" or name not in names_of(cls) or not viewer.sees(cls._fields[name]):
        return None
    return {"field": name, "old": _side(cls, change, "old", viewer), "new": _side(cls, change, "new", viewer)}


def _side(cls: type[Record], change: Mapping[str, Any], side: str, viewer: rights.Viewer) -> Any:
    name = change["field"]
    value = row_of(cls, {name: change.get(side)}).get(name)
    return None if value is None else cls._fields[name].in_json(value, viewer.sees)
