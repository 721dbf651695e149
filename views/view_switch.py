"""The ways to look at the records of a type: list, calendar, board, analysis, process; each with the filters of the
others but the process, which is of moves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import request

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.declare import dated_fields
from models.kernel.language.record import Record
from models.kernel.rights import rights

from .session import actor, catalogue

LIST, CALENDAR, BOARD = L("List", "列表"), L("Calendar", "日曆"), L("Board", "看板")
TIMELINE = L("Timeline", "時間軸")
ANALYSIS, PROCESS = L("Analysis", "分析"), L("Process", "流程")
_KEPT = ("q", "with", "view", "own")


def calendars(me: Actor, cls: type[Record]) -> list[str]:
    """The fields by which a type's records stand in a calendar for this reader."""
    seen = rights.readable_fields(me, cls)
    return [name for name in dated_fields(cls) if name in seen]


def boards(cls: type[Record]) -> bool:
    """Whether a type's records stand on a board: those with a life of states."""
    return cls.declared.workflow is not None


def timelines(me: Actor, cls: type[Record]) -> bool:
    """Whether a type's records are drawn on a timeline for this reader: both dates are theirs to see."""
    timeline = cls.declared.timeline
    return timeline is not None and {timeline.start, timeline.end} <= rights.readable_fields(me, cls)


def kept_arguments() -> list[tuple[str, str]]:
    """The filters of the present request, as the list, the calendar, the board and the analysis all understand them."""
    return [(key, value) for key, value in request.args.items(multi=True) if key.startswith("f.") or key in _KEPT]


def ways_to_look(type_name: str, current: str = "list") -> list[dict[str, Any]]:
    """The ways for the switch on these pages; none when the list is the only one."""
    cls, me = catalogue()[type_name], actor()
    ways = [("list", LIST, f"/admin/{type_name}/")]
    if calendars(me, cls):
        ways.append(("calendar", CALENDAR, f"/admin/calendar/{type_name}/"))
    if boards(cls):
        ways.append(("board", BOARD, f"/admin/board/{type_name}/"))
    if timelines(me, cls):
        ways.append(("timeline", TIMELINE, f"/admin/timeline/{type_name}/"))
    ways.append(("analysis", ANALYSIS, f"/admin/analysis/{type_name}/"))
    if boards(cls):
        ways.append(("process", PROCESS, f"/admin/process/{type_name}/"))
    query = urlencode(kept_arguments())
    result = [
        {"label": label, "url": f"{url}?{query}" if query else url, "is_current": key == current}
        for key, label, url in ways
    ]
    return result if len(result) > 1 else []
