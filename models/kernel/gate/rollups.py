"""Counts what declared rollups hold: from the records that link to one, in the transaction of a write or at night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from bson import Decimal128, ObjectId

from ..base.collections import archive_of
from ..base.store import in_unit
from ..language.declare import registered
from ..language.record import Record
from ..language.rollup import NIGHTLY, ON_WRITE, SUM, Rollup


@dataclass(frozen=True)
class CountedField:
    """A field that is counted from the records of another type."""

    cls: type[Record]
    name: str
    rollup: Rollup

    def is_touched(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Whether a change of a counted record may change the count."""
        names = (self.rollup.link, self.rollup.field, "state", "removed_at")
        return any(before.get(name) != after.get(name) for name in names)

    def ids(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ObjectId]:
        """The records that a counted record links or has linked to."""
        return sorted({id for row in (before, after) if (id := row.get(self.rollup.link)) is not None})


def targets_of(cls: type[Record]) -> Iterator[CountedField]:
    """The fields of all types that are counted from the records of this one, at each of their writes."""
    for other in registered().values():
        for name, rollup in _rollups_of(other):  # type: ignore[arg-type]
            if rollup.type_name == cls.__name__ and rollup.fresh == ON_WRITE:
                yield CountedField(other, name, rollup)


@cache
def _rollups_of(cls: type[Record]) -> tuple[tuple[str, Rollup], ...]:
    """The counted fields of a type; every write asks for those of all types."""
    return tuple((name, field.rollup) for name, field in cls.declared.own_fields.items() if field.rollup)


def nightly_of(cls: type[Record]) -> dict[str, Rollup]:
    """The fields of a type that are counted at night."""
    return {name: rollup for name, rollup in _rollups_of(cls) if rollup.fresh == NIGHTLY}  # type: ignore[arg-type]


def counted(cls: type[Record], rollup: Rollup, id: ObjectId) -> Any:
    """What a rollup holds for a record, from the records of `cls` as the transaction sees them, archived ones too."""
    return counted_of(cls, rollup, [id])[id]


def counted_of(cls: type[Record], rollup: Rollup, ids: Sequence[ObjectId]) -> dict[ObjectId, Any]:
    """The same for several records, in one command for where the counted ones live and one for their archive."""
    homes = [cls.type_name(), *([archive_of(cls.type_name())] if cls.declared.retention else [])]
    query = {rollup.link: {"$in": list(ids)}, **rollup.counted}
    stages = [{"$match": query}, {"$group": {"_id": f"${rollup.link}", "value": _stage(rollup)}}]
    known: dict[ObjectId, list[Any]] = {id: [] for id in ids}
    for row in (row for home in homes for row in in_unit(home).aggregate(stages)):
        if row["value"] is not None:
            known[row["_id"]].append(number(row["value"]))
    return {id: _together(rollup, values) for id, values in known.items()}


def _together(rollup: Rollup, values: list[Any]) -> Any:
    """What the living records and those of the archive hold together."""
    if rollup.by == SUM:
        return sum(values) if values else 0
    return (min if rollup.by == "min" else max)(values, default=None)


def _stage(rollup: Rollup) -> dict[str, Any]:
    return {f"${rollup.by}": f"${rollup.field}" if rollup.field else 1}


def number(value: Any) -> Any:
    """A stored number to count with."""
    return (
        value.to_decimal()
        if isinstance(value, Decimal128)
        else Decimal(str(value))
        if isinstance(value, float)
        else value
    )
