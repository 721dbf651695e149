"""How long a record has waited for others, in working time, and for whom: read from its history, up to now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.gate import history
from models.kernel.gate.waits import marking
from models.kernel.language import working_time
from models.kernel.language.record import Record
from models.kernel.language.waits import WaitedFor, marks_of, waited_seconds

ENTRIES_MAX = 500
_SHOWN = {"at": 1, "seq": 1, "state_to": 1, "waits_for": 1, "waited": 1}


def waited_by(record: Record) -> dict[WaitedFor, int]:
    """The seconds of working time that a record has waited up to now, by what it waited for: what its moves have noted,
    and what has run since it came into its state. At most one query; of five hundred entries the newest."""
    flow = record.flow()
    if flow is None or flow.waits is None:
        return {}
    rows = list(get_db()[history.COLLECTION].find(marking(record.id), _SHOWN).sort("seq", -1).limit(ENTRIES_MAX))[::-1]
    result: dict[WaitedFor, int] = {}
    for row in rows:
        _add(result, {WaitedFor.of(each): each["seconds"] for each in row.get("waited") or ()})
    came = max((place for place, row in enumerate(rows) if row.get("state_to")), default=0)
    if rows and record.state not in flow.ends:
        calendar = working_time.calendar_of(record.ref("department"))
        since = record.state_since or rows[came]["at"]
        _add(result, waited_seconds(marks_of(rows[came:]), since, clock.now(), calendar.between))
    return result


def _add(result: dict[WaitedFor, int], more: Mapping[WaitedFor, Any]) -> None:
    for each, seconds in more.items():
        result[each] = result.get(each, 0) + seconds
