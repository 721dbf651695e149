"""Which types are drawn on a timeline: from which date to which a record lasts, and after which others it comes.

`timeline=Timeline("start", "due", after="blocked_by")`. A record without its first date lasts one day, its last. What
moves is moved by the gate, in `views/lists/timeline.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .spec import Declaration


@dataclass(frozen=True)
class Timeline:
    """`start` and `end` name the dates between which a record lasts; `after` the field that links to those of its own
    type that it waits for, which never leads in a circle."""

    start: str
    end: str
    _: KW_ONLY
    after: str = ""


def timeline_faults(spec: Declaration, fields: Mapping[str, Any], own_name: str) -> Iterator[str]:
    """What is wrong with the timeline of a type, as halves of a sentence."""
    timeline = spec.timeline
    if timeline is None:
        return
    for name in (timeline.start, timeline.end):
        if not getattr(fields.get(name), "is_date", False):
            yield f"timeline names {name!r}, which is no date of the type"
    if timeline.start == timeline.end:
        yield f"timeline begins and ends with {timeline.end!r}"
    if not timeline.after:
        return
    link = fields.get(timeline.after)
    if getattr(link, "target", None) != own_name or getattr(link, "is_single_link", True):
        yield f"timeline comes after {timeline.after!r}, which does not link to several records of the type"
    elif not getattr(link, "acyclic", False):
        yield f"timeline comes after {timeline.after!r}, which may lead in a circle: say acyclic=True"
