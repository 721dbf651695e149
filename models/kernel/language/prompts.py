"""Prompts: people outside from whom something is still waited for are asked again by themselves, a few times at most.

When and how often stands in fields of the record to which the asked ones belong, so that those who keep it decide.
Nothing here makes the move; the sweep does (`prompts.sweep`), in working hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from .fields import Moment, Whole
from .names import NameSet

if TYPE_CHECKING:
    from .spec import Declaration

PREFIX = "prompt_"  # of the name of the index that serves the sweep; the archive has none of them
MOST = 1  # how often, where the other record does not say


@dataclass(frozen=True)
class Prompt:
    """A move of the system (`by=NOBODY`) that asks once more. `of`: the link to the record that says when, while that
    is in one of `states`. Fields of that record: `after`, so many days since the last mail; `before`, so many days
    before the moment `until`; `most`, how often (empty: once). Empty `after` and `before`: never.

    Fields of its own, both computed, which its moves set: `since`, when the last mail went out, and `count`, how often
    it was asked again. `but`: which of some records are left out, because what was waited for has come. Who ended such
    mail, or whose mail came back, is left out as well.
    """

    move: str
    _: KW_ONLY
    of: str
    states: NameSet = NameSet(frozenset())
    after: str
    before: str
    until: str
    most: str
    since: str
    count: str
    but: Callable[[Sequence[ObjectId]], Collection[ObjectId]] = lambda ids: ()


def latest_mail(prompt: Prompt, keeper: Mapping[str, Any], now: dt.datetime) -> dt.datetime | None:
    """The records of a keeper whose last mail went out by this moment are asked again; None: none are."""
    until, after, before = (keeper.get(name) for name in (prompt.until, prompt.after, prompt.before))
    if until and until <= now:
        return None
    moments = [now - dt.timedelta(days=after)] if after else []
    if before and until and (last_call := until - dt.timedelta(days=before)) <= now:
        moments.append(last_call - dt.timedelta(milliseconds=1))  # the last call itself is none before it
    return max(moments, default=None)


def keepers_of(prompt: Prompt) -> dict[str, Any]:
    """What finds the records that say when others are asked again."""
    given = [{name: {"$gt": 0}} for name in (prompt.after, prompt.before)]
    return {"state": {"$in": sorted(prompt.states)}, "removed_at": None, "$or": given}


def due(prompt: Prompt, sources: Collection[str], keeper: Mapping[str, Any], latest: dt.datetime) -> dict[str, Any]:
    """What finds those that are asked again, in any of the states from which the move leads."""
    most = keeper.get(prompt.most) or MOST
    return {
        prompt.of: keeper["_id"],
        "state": {"$in": sorted(sources)},
        prompt.since: {"$lte": latest},
        "removed_at": None,
        "$or": [{prompt.count: {"$lt": most}}, {prompt.count: None}],
    }


def indexes_of_prompts(prompts: Sequence[Prompt]) -> Iterator[IndexModel]:
    """The index that serves the sweep."""
    for prompt in prompts:
        keys = [(prompt.of, ASCENDING), ("state", ASCENDING), (prompt.since, ASCENDING), ("_id", ASCENDING)]
        yield IndexModel(keys, name=PREFIX + prompt.move)


def prompt_faults(spec: Declaration, fields: Mapping[str, Any], by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the prompts of a type, as halves of a sentence."""
    for prompt in spec.prompts:
        what = f"prompt {prompt.move!r}"
        moves = [move for move in spec.workflow.moves if move.verb == prompt.move] if spec.workflow else []
        if not moves or any(not move.by.is_system or move.is_by_itself for move in moves):
            yield f"{what} is no move that the system is asked for (by=NOBODY)"
        link = fields.get(prompt.of)
        if link is None or not link.is_single_link:
            yield f"{what} goes by {prompt.of!r}, which is no link to one record"
            continue
        yield from _kind_faults(what, fields, ((prompt.since, Moment), (prompt.count, Whole)), is_own=True)
        keeper = by_class[link.target]
        theirs = ((prompt.after, Whole), (prompt.before, Whole), (prompt.most, Whole), (prompt.until, Moment))
        yield from _kind_faults(f"{what} ({link.target})", keeper.declared.own_fields, theirs, is_own=False)
        states = keeper.declared.workflow.states if keeper.declared.workflow else ()
        yield from (
            f"{what} names a state {state!r} that does not exist" for state in sorted(prompt.states - {*states})
        )
        if not prompt.states:
            yield f"{what} holds in no state of what it goes by: say states="


def _kind_faults(
    what: str, fields: Mapping[str, Any], named: Sequence[tuple[str, type]], *, is_own: bool
) -> Iterator[str]:
    for name, kind in named:
        if not isinstance(fields.get(name), kind):
            yield f"{what} names {name!r}, which is no {kind.__name__} field"
        elif is_own and not fields[name].computed:
            yield f"{what} names {name!r}, which is not computed"
