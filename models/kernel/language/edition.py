"""Records that stand in editions, and links that stand on one of them (2.3.2-2.3.4).

A case covers an item as it was understood. When the meaning of the item changes, what stood on the former edition is
suspect, until somebody has looked at it (`confirm_links`) or has made a new edition of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from .analysis import STATE
from .names import Names

EDITION, SUSPECT = "edition", "suspect"  # fields that a type declares
SINCE, STANDS_ON = "meant_since", "stands_on"  # what the gate keeps beside them


@dataclass(frozen=True)
class Editions:
    """Which fields make a new edition when one of them changes: `Editions("text criterion", editorial="editorial")`.

    The type declares `edition`, a computed number that the gate counts from one. `editorial` names a flag that nobody
    types: where it is set with a change, a second person has found that the meaning stays; then the edition counts up,
    and what stands on the former one stays good.
    """

    of: Names = Names()
    _: KW_ONLY
    editorial: str = ""


def edition_links(cls: Any) -> dict[str, Any]:
    """The links of a type that stand on an edition, by name."""
    return {name: field for name, field in cls.declared.own_fields.items() if field.by_edition}


def edition_of(row: Mapping[str, Any]) -> int:
    """The edition of a stored record; one from before its type had editions is the first."""
    return row.get(EDITION) or 1


def is_outdated(edition: int, row: Mapping[str, Any]) -> bool:
    """Whether what a stored record means has changed since an edition of it."""
    return edition < (row.get(SINCE) or 1)


def edition_faults(cls: Any, spec: Any) -> Iterator[str]:
    """What is wrong with the editions of a type, and with its fields that follow from other records."""
    fields, own = spec.own_fields, spec.editions
    if own:
        if not getattr(fields.get(EDITION), "is_number", False) or not fields[EDITION].computed:
            yield f"has editions, and no computed number {EDITION!r} that counts them"
        for name in own.of:
            if name == STATE and spec.workflow:
                continue
            if name not in fields or fields[name].derived or name == EDITION:
                yield f"makes a new edition by {name!r}, which is no field that people change"
        flag = fields.get(own.editorial)
        if own.editorial and not (flag is not None and flag.is_flag and flag.internal):
            yield f"tells editorial changes by {own.editorial!r}, which is no internal flag"
    links = [name for name, field in fields.items() if field.by_edition]
    suspect = fields.get(SUSPECT)
    if links and not (suspect is not None and suspect.is_flag and suspect.derived):
        yield f"field {links[0]!r} links by edition, and no derived flag {SUSPECT!r} says whether one has changed"
    others = [name for name, field in fields.items() if field.derived and not (links and name == SUSPECT)]
    if others and "derived_of" not in vars(cls):
        yield f"field {others[0]!r} is derived, and the type has no derived_of() that fills it"
