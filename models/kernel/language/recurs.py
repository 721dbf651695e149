"""Records that come again and again: which field says how often, which date moves on, and when the next one is made.

The rule stands with one record of a series at a time, the newest; it is handed on when the next one is made. Making it
is the gate's (`gate/recurring.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel

from .fields import Recurrence
from .names import Names, NameSet

if TYPE_CHECKING:
    from .spec import Declaration

PREFIX = "recurs_"  # of the name of the index that serves the sweep; the archive has none of them
LAST, EACH = "last", "each"
EACH_MAX = 24  # of dates missed in an outage, as for schedules


@dataclass(frozen=True)
class Recurs:
    """What recurs: `rule`, the Recurrence field; `date`, the date field that moves on; `also`, other dates that keep
    their distance to it; `but`, fields, or columns of lines (`checklist.done`), that the next
    one does not take over.

    `on`: the moves that make the next one, in their own transaction; without it the sweep makes the next one when its
    date has come, `ahead` so many days before, whether or not the last one is done, while that is in one of `states`
    (none: in any). `missed` says what becomes of dates that were missed in an outage: of all only the last one is made,
    or `each` of them, 24 at most. `names`: the link by which the next one names the one before it.
    """

    rule: str
    _: KW_ONLY
    date: str
    also: Names = Names(())
    but: NameSet = NameSet(frozenset())
    on: NameSet = NameSet(frozenset())
    ahead: int = 0
    states: NameSet = NameSet(frozenset())
    missed: str = LAST
    names: str = ""


def recurrence_faults(spec: Declaration, fields: Mapping[str, Any], own_name: str) -> Iterator[str]:
    """What is wrong with how records of a type recur, and whether each rule of recurrence is used."""
    recurs = spec.recurs
    if recurs is None:
        return
    for name in (
        recurs.rule,
        recurs.date,
        *recurs.also,
        *([recurs.names] if recurs.names else []),
        *sorted(recurs.but),
    ):
        first, _, column = name.partition(".")
        if first not in fields or (column and column not in fields[first].columns):
            yield f"recurs names a field {name!r} that the type does not have"
            return
    if not isinstance(fields[recurs.rule], Recurrence):
        yield f"recurs by {recurs.rule!r}, which is no Recurrence"
    for name in (recurs.date, *recurs.also):
        if not fields[name].is_date:
            yield f"recurs moves {name!r} on, which is not a date"
    if recurs.names and (not fields[recurs.names].is_single_link or fields[recurs.names].target != own_name):
        yield f"recurs and names the one before in {recurs.names!r}, which is no link to another of the type"
    if recurs.rule in recurs.but or recurs.date in recurs.but:
        yield "recurs leaves out its own rule or date"
    verbs = spec.workflow.verbs() if spec.workflow else ()
    yield from (f"recurs on {verb!r}, which is no move of the workflow" for verb in sorted(recurs.on - set(verbs)))
    states = spec.workflow.states if spec.workflow else ()
    yield from (f"recurs while in a state {state!r} that does not exist" for state in sorted(recurs.states - {*states}))
    if recurs.on and (recurs.ahead or recurs.states or recurs.missed != LAST):
        yield "recurs on a move: ahead=, states= and missed= hold for what the sweep makes"
    if not recurs.on and getattr(fields[recurs.rule], "from_done", False):
        yield f"recurs by {recurs.rule!r}, which may be counted from when it is done: say on="
    if isinstance(recurs.ahead, bool) or not isinstance(recurs.ahead, int) or not 0 <= recurs.ahead <= 366:
        yield f"recurs with ahead={recurs.ahead!r}, which is no number of days"
    if recurs.missed not in (LAST, EACH):
        yield f"recurs with missed={recurs.missed!r}: say {LAST!r} or {EACH!r}"


def indexes_of_series(recurs: Recurs | None) -> Iterator[IndexModel]:
    """The index that serves the sweep: the newest of each series, by its date."""
    if recurs and not recurs.on:
        keys = [(recurs.date, ASCENDING), ("_id", ASCENDING)]
        chosen = {recurs.rule: {"$gt": ""}}
        yield IndexModel(keys, name=PREFIX + recurs.date, partialFilterExpression=chosen)
