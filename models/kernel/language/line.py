"""The line in which records stand: what each comes from, and what comes of it, along declared links (2.3.4).

An answer to a survey leads to a need, a need to a project, and so on to a defect and a ticket. A type says of itself
alone which of its links lead up (`upstream="items"`) and which lead down (`downstream="ticket"`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

UP, DOWN = "up", "down"


@dataclass(frozen=True)
class LineStep:
    """One way to go on from records of a type: by a link that these hold, or by one of another type that leads here."""

    cls: Any  # the type that holds the link
    path: str  # `field` or `list.column`
    held: bool  # whether the records that one goes on from hold it


def link_at(cls: Any, path: str) -> Any:
    """The link at `field` or `list.column` of a type; None where there is none."""
    name, _, column = path.partition(".")
    field = cls.fields_of().get(name)
    return field.columns.get(column) if column and field is not None else field


def steps_from(types: Mapping[str, Any], cls: Any, way: str) -> Iterator[LineStep]:
    """How one goes on from records of a type, up or down the line."""
    own, other = ("upstream", "downstream") if way == UP else ("downstream", "upstream")
    yield from (LineStep(cls, path, True) for path in getattr(cls.declared, own))
    for holder in types.values():
        for path in getattr(holder.declared, other):
            if getattr(link_at(holder, path), "target", "") == cls.__name__:
                yield LineStep(holder, path, False)


def stands_in_line(types: Mapping[str, Any], cls: Any) -> bool:
    """Whether records of a type come from others, or lead to others, along the line."""
    return any(True for way in (UP, DOWN) for _ in steps_from(types, cls, way))


def line_of_faults(cls: Any, spec: Any) -> Iterator[str]:
    """What is wrong with the links of a type that make a line."""
    for option in ("upstream", "downstream"):
        for path in getattr(spec, option):
            if not getattr(link_at(cls, path), "target", ""):
                yield f"{option} names {path!r}, which is no link to a record"
    for path in sorted({*spec.upstream} & {*spec.downstream}):
        yield f"{path!r} leads up the line and down"
