"""How long a record has waited for others, and for whom: said on its page, hour by hour of working time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from bson import ObjectId

from models.kernel.base.arithmetic.rounding import in_units
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.language.waits import WaitedFor
from models.kernel.rights.rights import Viewer
from models.services.keeping.waited import waited_by

from ..wording import number, titles

AN_HOUR = dt.timedelta(hours=1)
WAITED = L(
    "Waited {count} working hours for {record} of {person}.", "因「{record}」（{person}）等待 {count} 個工作小時。"
)
WAITED_ALONE = L("Waited {count} working hours for {record}.", "因「{record}」等待 {count} 個工作小時。")


def waited_lines(record: Record, viewer: Viewer) -> list[str]:
    """A sentence for each record that it has waited for, the longest first; nothing for who may not see the links."""
    flow = record.flow()
    if flow is None or flow.waits is None or flow.waits.on not in viewer.fields_of(type(record)):
        return []
    waited = sorted(waited_by(record).items(), key=lambda item: -item[1])
    if not waited:
        return []
    names = titles({type(record).__name__: {each.record for each, _ in waited}, "User": _people(waited)})
    return [_said(each, seconds, names) for each, seconds in waited]


def _people(waited: Iterable[tuple[WaitedFor, int]]) -> set[ObjectId]:
    return {each.person for each, _ in waited if each.person}


def _said(each: WaitedFor, seconds: int, names: Any) -> str:
    count = number(in_units(dt.timedelta(seconds=seconds), AN_HOUR))
    record, person = names.get(each.record, "—"), names.get(each.person, "")
    said = WAITED(count=count, record=record, person=person) if person else WAITED_ALONE(count=count, record=record)
    return str(said)
