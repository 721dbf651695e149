"""Counts what declared rollups hold: from the records that link to one, in the transaction of their writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from ..base.collections import archive_of
from ..base.store import in_unit
from ..language.declare import registered
from ..language.record import Record
from ..language.rollup import SUM, Rollup


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
    """The fields of all types that are counted from the records of this one."""
    for other in registered().values():
        for name, field in other.declared.own_fields.items():
            if field.rollup and field.rollup.type_name == cls.__name__:
                yield CountedField(other, name, field.rollup)


def counted(cls: type[Record], rollup: Rollup, id: ObjectId) -> Any:
    """What a rollup holds for a record, from the records of `cls` as the transaction sees them, archived ones too."""
    homes = [cls.type_name(), *([archive_of(cls.type_name())] if cls.declared.retention else [])]
    stages = [{"$match": {rollup.link: id, **rollup.counted}}, {"$group": {"_id": None, "value": _stage(rollup)}}]
    values = [row["value"] for home in homes for row in in_unit(home).aggregate(stages)]
    known = [_number(value) for value in values if value is not None]
    if rollup.by == SUM:
        return sum(known) if known else 0
    return (min if rollup.by == "min" else max)(known, default=None)


def _stage(rollup: Rollup) -> dict[str, Any]:
    return {f"${rollup.by}": f"${rollup.field}" if rollup.field else 1}


def _number(value: Any) -> Any:
    return (
        value.to_decimal()
        if isinstance(value, Decimal128)
        else Decimal(str(value))
        if isinstance(value, float)
        else value
    )
