"""The records before and after one, in the list that its reader came from; the list itself decides, one query a side.

The record page costs nothing for it: the ways on it lead here, and from here to the neighbour. The list travels along
in the address as its own arguments, and is read with its reader's rights each time.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import redirect, request
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L
from models.kernel.gate.stored_form import stored
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..session import actor, say
from . import listing
from .layouts import read_list

FROM_MAX = 4000
_NOT_NEEDED = ("after", "before", "at", "size", "filters")
LAST = L("This is the last record of the list.", "這是列表中的最後一條記錄。")
FIRST = L("This is the first record of the list.", "這是列表中的第一條記錄。")


def ways_on(record: Record) -> dict[str, str] | None:
    """The addresses of the neighbours and of the list one came from, or None when one came from elsewhere."""
    base = f"/admin/{record.type_name()}/"
    came = _came_from(base)
    if came is None:
        return None
    there = {"id": str(record.id), "from": came}
    return {
        "previous": f"{base}neighbour/?{urlencode({**there, 'side': 'before'})}",
        "next": f"{base}neighbour/?{urlencode({**there, 'side': 'after'})}",
        "list": f"{base}?{came}" if came != "." else base,
    }


def _came_from(base: str) -> str | None:
    """The arguments of the list: as a neighbour handed them on, or those of the list that the reader just left."""
    if given := request.args.get("from", "")[:FROM_MAX]:
        return given
    before = urlsplit(request.referrer or "")
    if before.netloc != request.host or before.path != base or len(before.query) > FROM_MAX:
        return None
    pairs = [pair for pair in parse_qsl(before.query, keep_blank_values=True) if pair[0] not in _NOT_NEEDED]
    return urlencode(pairs) or "."


def answer(screen: Any) -> Any:
    """The way to the neighbour; at the end of the list one stays, and is told."""
    cls, me = screen.model, actor()
    record = rights.find(me, cls, request.args.get("id"))
    came, side = request.args.get("from", "")[:FROM_MAX], request.args.get("side")
    args = MultiDict(parse_qsl(came, keep_blank_values=True)) if came != "." else MultiDict()
    name = "after" if side != "before" else "before"
    id = listing.beside(read_list(cls, me, args).query, stored(record), name)
    if id is None:
        say("info", LAST if name == "after" else FIRST)
        id = record.id
    return redirect(f"{screen.base}details/?{urlencode({'id': str(id), 'from': came or '.'})}")
