"""Values that follow from other records: how many of a type link here, or the sum of what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any
from urllib.parse import urlencode

from .names import NameSet

COUNT, SUM, LEAST, MOST = "count", "sum", "min", "max"
ON_WRITE, NIGHTLY = "on_write", "nightly"


@dataclass(frozen=True)
class Rollup:
    """What a field holds of the records that link to its own: `Rollup("Payment.receivable", "amount")` is the sum of
    the amounts of all payments whose `receivable` it is; without a field, their number. `states`: only those in one of
    these states (none: all outside the bin); `by`: `sum`, `min` or `max` of the field. It is counted anew in the
    transaction of each write of such a record or, with `fresh="nightly"`, by a job each night, where one record has so
    many that no write should wait for it. The record's page leads from it to exactly these records.
    """

    source: str
    field: str = ""
    _: KW_ONLY
    states: NameSet = NameSet(frozenset())
    by: str = SUM
    fresh: str = ON_WRITE

    @property
    def type_name(self) -> str:
        """The class whose records are counted."""
        return self.source.partition(".")[0]

    @property
    def link(self) -> str:
        """The field by which they link here."""
        return self.source.partition(".")[2]

    @property
    def counted(self) -> dict[str, Any]:
        """The filter of the records that count, whatever they link to."""
        return {"removed_at": None, **({"state": {"$in": sorted(self.states)}} if self.states else {})}

    def address(self, cls: Any, id: Any) -> str:
        """The list of the records that were counted for a record."""
        pairs = [(f"f.{self.link}", str(id)), ("with", self.link)]
        pairs += [("f.state", state) for state in sorted(self.states)]
        return f"/admin/{cls.declared.name}/?{urlencode(pairs)}"


def rollup_faults(what: str, rollup: Rollup, cls: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a rollup of a field of a type, given all types by the names of their classes."""
    source = by_class.get(rollup.type_name)
    if source is None:
        yield f"{what} counts {rollup.type_name}, which is not a record type"
        return
    link = source.fields_of().get(rollup.link)
    if link is None or not getattr(link, "is_single_link", False) or link.target != cls.__name__:
        yield f"{what} counts by {rollup.source}, which is no link to {cls.__name__}"
    field = source.fields_of().get(rollup.field)
    if rollup.field and not getattr(field, "is_number", False):
        yield f"{what} adds up {rollup.type_name}.{rollup.field}, which is no number"
    if rollup.by not in (SUM, LEAST, MOST) or (rollup.by != SUM and not rollup.field):
        yield f"{what} counts by={rollup.by!r}, which is none of sum, min and max of a field"
    if rollup.fresh not in (ON_WRITE, NIGHTLY):
        yield f"{what} is fresh={rollup.fresh!r}, which is neither on_write nor nightly"
    flow = source.declared.workflow
    for state in sorted(rollup.states - set(flow.states if flow else ())):
        yield f"{what} counts a state {state!r} that {rollup.type_name} does not have"
