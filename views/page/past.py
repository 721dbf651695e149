"""The past of a record: its whole history, how it was at a version, two versions side by side, what to put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.gate import history
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of
from models.kernel.language.record import Record
from models.kernel.language.sound import row_of
from models.kernel.rights import rights

from ..forms.merge import differing
from ..wording import line_labels, reference_labels
from .circumstances import circumstances
from .record_page import heading, parts_of
from .timeline import timeline

BESIDE = ("owner", "department", "tags")


@dataclass(frozen=True)
class ShownVersions:
    """Which version is shown, and with which other one it is compared."""

    version: int | None = None
    other: int | None = None

    def within(self, record: Record) -> ShownVersions:
        """Versions that the record never had are not shown."""
        had = range(1, record.version + 1)
        return ShownVersions(self.version if self.version in had else None, self.other if self.other in had else None)


def history_context(cls: type[Record], record: Record, me: Actor, shown_versions: ShownVersions) -> dict[str, Any]:
    """The whole history, whether its chain holds, the record as it was at a version or two versions side by side."""
    entries, shown_versions = history.entries_of(record.id), shown_versions.within(record)
    past, viewer = None, rights.Viewer(me, record)
    if shown_versions.version is not None and shown_versions.other is None:
        document = history.as_of(stored(record), entries, shown_versions.version)
        labels = reference_labels(cls, [document], list(references_of(cls))) | line_labels(cls, document)
        past = parts_of(cls, document, labels, viewer.of(document.get("state")))
    return {
        **heading(cls, record),
        "entries": _rows(cls, entries, viewer),
        "versions": sorted({entry["version"] for entry in entries if entry.get("version")}, reverse=True),
        "faults": _faults(record),
        "past": past,
        "compared": _compared(record, entries, shown_versions, me),
        "version": shown_versions.version,
        "other": shown_versions.other,
        "may_put_back": bool(past and shown_versions.version != record.version and rights.may_update(me, record)),
    }


def _rows(cls: type[Record], entries: list[dict[str, Any]], viewer: rights.Viewer) -> list[dict[str, Any]]:
    """The entries in words, the newest first, each with the circumstances of then."""
    known = circumstances(cls, entries, viewer)
    return [{**row, "circumstances": known[row["seq"]]} for row in timeline(cls, list(reversed(entries)), viewer)]


def _compared(
    record: Record, entries: list[dict[str, Any]], shown_versions: ShownVersions, me: Actor
) -> list[dict[str, Any]] | None:
    """The fields on which two versions differ, as far as the reader may see them; None when none are compared."""
    if shown_versions.version is None or shown_versions.other is None:
        return None
    now = stored(record)
    before, after = (
        history.as_of(now, entries, item) for item in sorted((shown_versions.version, shown_versions.other))
    )
    viewer = rights.Viewer(me, record).of(before.get("state"), after.get("state"), in_each=True)
    return differing(type(record), before, after, viewer, *BESIDE)


def _faults(record: Record) -> list[tuple[int, str]]:
    """What is wrong with the record's chain. A write between two readings looks like a fault, so it is read again."""
    result: list[tuple[int, str]] = []
    for _ in range(3):
        now = record._get_collection().find_one({"_id": record.id}, {"chain": 1}) or {}
        head = row_of(type(record), now).get("chain", {})
        result = list(history.faults_in(history.entries_of(record.id), head))
        if not result:
            break
    return result


def values_at(cls: type[Record], record: Record, me: Actor, version: int) -> dict[str, Any]:
    """What the fields that the reader may set held at an earlier version. Raises Missing."""
    if not 0 < version < record.version:
        raise Missing
    past = cls._from_son(history.as_of(stored(record), history.entries_of(record.id), version))
    own = rights.writable_fields(me, cls, record) & {*cls.declared.own_fields, "tags"}
    return {name: past.raw(name) for name in own}
