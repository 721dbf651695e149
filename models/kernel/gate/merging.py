"""Makes one of two records that were entered twice, and two of them again: each in one transaction.

The one that goes is kept, in nobody's list, and names the one that stands for it. What links to it is led on after
that, record by record (`merged_links.py`); until then, and where a link may not be changed, whoever follows it gets the
record that stands (`language/merging.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bson import ObjectId

from ..base import clock
from ..base.errors import Forbidden, Missing, Refused
from ..base.people import SYSTEM, Actor
from ..base.roles import ROLE_LABELS
from ..base.store import copied, in_unit
from ..base.words import L, Listed, Words
from ..language.fields import is_empty
from ..language.merging import TOGETHER_MAX, WENT_INTO
from ..language.record import Record
from ..rights import rights
from ..rights.verdicts import YES, Verdict
from . import changes, lines, validation
from .acts import Act, Context
from .attempts import VerbAttempt, noting
from .history import COLLECTION as HISTORY
from .merged_links import followed_links
from .moving import refuse_another_version
from .ordering import order
from .sources import Source
from .stored_form import stored
from .unit import Unit, in_transaction

R = TypeVar("R", bound=Record)
GONE, TAKEN, UNDONE = "merge_away", "merge_in", "merge_undone"
JOB = "merges.follow"
DAYS = 30
NAMES_MAX = 50
NAMED_MOST = 5
NOT_MERGED = L("Records of this kind are not merged.", "此類記錄不能合併。")
SAME = L("A record is not merged with itself.", "不能將記錄與其自身合併。")
NOT_YOUR_ROLE = L("This is done by: {roles}.", "此操作由{roles}辦理。")
NOT_BOTH = L("You may not change {number}.", "您無權修改 {number}。")
IN_APPROVAL = L(
    "{number} waits for a decision ({state}); merge the two once it is given.",
    "{number} 正在等待審批（{state}），審批完成後方可合併。",
    code="state",
)
KEPT_IN_APPROVAL = L(
    "{number} waits for a decision ({state}); undo the merge once it is given.",
    "{number} 正在等待審批（{state}），審批完成後方可撤銷合併。",
    code="state",
)
NO_MERGE = L("This record was not merged into another one.", "此記錄未曾併入其他記錄。", code="state")
TOO_LATE = L("A merge of more than {days} days ago is not undone.", "超過 {days} 天的合併不能撤銷。", code="state")
FOLLOWED = L(
    "The merge is not undone, since this has followed: {what}.", "合併之後已有後續，不能撤銷：{what}。", code="state"
)
CHANGED_SINCE = L("{number} was changed ({who}, {day})", "{number} 已被修改（{who}，{day}）")
NOT_THERE_NOW = L("{number} is not in use any more", "{number} 已不再使用")
NOW_CLOSED = L("{number} is not open to changes any more", "{number} 已不能修改")
REASON = L("{gone} was merged into {kept} by {who}", "{gone} 併入 {kept}（{who}）")
REASON_BACK = L("The merge of {gone} into {kept} was undone by {who}", "撤銷 {gone} 併入 {kept}（{who}）")

Obstacle = Callable[[Record], Words | None]
_obstacles: list[Obstacle] = []


def stands_against_merging(obstacle: Obstacle) -> Obstacle:
    """Let a function say what stands against merging a record into another one; None: nothing."""
    _obstacles.append(obstacle)
    return obstacle


@dataclass(frozen=True)
class Pair:
    """The record that goes and the one that stands for it then, each in the version that was looked at."""

    gone: ObjectId
    kept: ObjectId
    gone_version: int | None = None
    kept_version: int | None = None


def once_for(batch: str | None) -> str:
    """The key under which the run of a merge, or of its undoing, is ordered."""
    return f"{JOB}:{batch}"


def may_merge(actor: Actor, cls: type[Record]) -> Verdict:
    """Whether somebody has the role in which records of a type are merged."""
    merging = cls.declared.merges
    if merging is None:
        return Verdict(False, NOT_MERGED)
    if rights.has_role(actor, merging.by):
        return YES
    return Verdict(False, NOT_YOUR_ROLE(roles=Listed(tuple(ROLE_LABELS[role] for role in sorted(merging.by)))))


def refuse_merge(actor: Actor, kept: Record, gone: Record) -> None:
    """Raise Forbidden or Refused with what stands against making one of two records."""
    if not (verdict := may_merge(actor, type(kept))):
        raise Forbidden(verdict.why)
    if kept.id == gone.id:
        raise Refused(SAME)
    for record in (kept, gone):
        refuse_stranger(actor, record)
    for record in (kept, gone):
        _refuse_under_decision(record, IN_APPROVAL)
    _refuse_obstacles(gone)


def refuse_stranger(actor: Actor, record: Record) -> None:
    """Raise Forbidden to those who may not change a record, or not open it."""
    if not rights.may_update(actor, record) or not rights.may_open(actor, record):
        raise Forbidden(NOT_BOTH(number=record.number))


def _refuse_under_decision(record: Record, sentence: L) -> None:
    """Raise Refused while somebody decides on a record: what is decided on must not change under it."""
    flow = record.flow()
    if record.decisions or (flow and record.state in flow.asking):
        raise Refused(sentence(number=record.number, state=rights.state_word(record)))


def _refuse_obstacles(record: Record) -> None:
    for obstacle in _obstacles:
        if why := obstacle(record):
            raise Refused(why)


def fields_to_choose(actor: Actor, kept: Record, gone: Record) -> list[str]:
    """The fields whose value may be taken from either of two records: what the actor sees of both and may set in the
    one that stands. Lists of lines are united."""
    allowed = rights.writable_fields(actor, type(kept), kept)
    for record in (kept, gone):
        allowed &= rights.readable_fields(actor, type(kept), record)
    own = kept.declared.own_fields
    return [name for name in kept.declared.in_order(allowed) if name in own and not own[name].columns]


def preferred(kept: Record, gone: Record, names: Collection[str]) -> list[str]:
    """The fields that are taken from the record that goes unless somebody chooses otherwise: the other's are empty."""
    return [name for name in names if is_empty(kept.raw(name)) and not is_empty(gone.raw(name))]


def merge(
    cls: type[R],
    pair: Pair,
    taken: Collection[str],
    *,
    actor: Actor,
    also: Callable[[R, R, Context], None] | None = None,
) -> R:
    """Make one of two records: `taken` names the fields whose value comes from the one that goes; `also` does in the
    same transaction what else comes along. Comes back with the one that stands. Raises Missing, Refused, Changed."""

    def body(unit: Unit) -> R:
        kept, gone = (rights.find(actor, cls, id) for id in (pair.kept, pair.gone))
        refuse_merge(actor, kept, gone)
        refuse_another_version(kept, pair.kept_version, {}, actor)
        refuse_another_version(gone, pair.gone_version, {}, actor)
        context = _context(REASON, kept, gone, actor)
        chosen = [name for name in fields_to_choose(actor, kept, gone) if name in taken]
        before, was = stored(kept), stored(gone)
        _take(kept, gone, chosen)
        _leave(gone, kept, chosen, actor)
        changes.write_and_settle(unit, gone, was, GONE, Act(actor, context))
        kept.known_as = _known_as(kept, set())
        _refuse_if_wrong(kept, before, actor)
        record = changes.write_and_settle(unit, kept, before, TAKEN, Act(actor, context))
        if also:
            also(record, gone, context)
        order(JOB, {"type": cls.type_name(), "id": str(gone.id), "batch": context.batch}, once=once_for(context.batch))
        return record

    with noting(VerbAttempt(actor, cls, GONE, Context(source=Source.MERGE), pair.gone)):
        return in_transaction(body)


def undo(cls: type[R], id: Any, *, actor: Actor, also: Callable[[R, R, Context], None] | None = None) -> R:
    """Let a merged record stand by itself again, and give the other one back what it had before, as long as nothing has
    followed. Comes back with the record that was merged. Raises Missing, Refused."""

    def body(unit: Unit) -> R:
        gone = rights.find(actor, cls, id, removed=True)
        kept, entry, took = refuse_undoing(actor, gone)
        context = replace(_context(REASON_BACK, kept, gone, actor), undoes=entry["batch"])
        was, before = stored(gone), stored(kept)
        back, left = _as_before(gone, entry), _as_before(kept, took)
        left.known_as = _known_as(left, {gone.id})
        left = changes.write_and_settle(unit, left, before, UNDONE, Act(actor, context))
        back = changes.write_and_settle(unit, back, was, UNDONE, Act(actor, context))
        if also:
            also(left, back, context)
        params = {"type": cls.type_name(), "id": str(gone.id), "batch": context.batch, "undoes": context.undoes}
        order(JOB, params, once=once_for(context.batch))
        return back

    with noting(VerbAttempt(actor, cls, UNDONE, Context(source=Source.MERGE), id)):
        return in_transaction(body)


def refuse_undoing(actor: Actor, gone: Record) -> tuple[Record, Mapping[str, Any], Mapping[str, Any]]:
    """The record that stands for a merged one, and the entries of the merge in the histories of both. Raises Missing,
    Forbidden, or Refused with what has followed the merge."""
    cls = type(gone)
    entry = _last_entry(gone.id, {"verb": GONE})
    if not gone.went_into or entry is None:
        raise Refused(NO_MERGE)
    if not (verdict := may_merge(actor, cls)):
        raise Forbidden(verdict.why)
    if entry["at"] < clock.now() - dt.timedelta(days=DAYS):
        raise Refused(TOO_LATE(days=DAYS))
    try:
        kept = rights.find(actor, cls, gone.went_into)
    except Missing as fault:
        raise Refused(FOLLOWED(what=NOT_THERE_NOW(number=_number_of(cls, gone.went_into)))) from fault
    refuse_stranger(actor, kept)
    _refuse_under_decision(kept, KEPT_IN_APPROVAL)
    _refuse_obstacles(kept)
    took = _last_entry(kept.id, {"verb": TAKEN, "batch": entry["batch"]})
    if took is None:
        raise Refused(NO_MERGE)
    if what := list(_followed(kept, took)):
        raise Refused(FOLLOWED(what=Listed(tuple(what[:NAMED_MOST]))))
    return kept, entry, took


def _context(reason: L, kept: Record, gone: Record, actor: Actor) -> Context:
    words = reason(gone=gone.number, kept=kept.number, who=actor.name)
    return Context(source=Source.MERGE, batch=changes.new_batch(), reason=str(words), confirmed=True)


def _take(kept: Record, gone: Record, chosen: Collection[str]) -> None:
    """Let a record hold what it takes from the one that goes: values, the lines that say something else, and tags."""
    for name in chosen:
        kept.put(name, copied(gone.raw(name)))
    for name, field in kept.declared.own_fields.items():
        if field.columns and not field.computed:
            kept.put(name, _united(kept.raw(name) or [], gone.raw(name) or [], list(field.columns)))
    kept.tags = list(dict.fromkeys([*(kept.tags or ()), *(gone.tags or ())]))


def _united(own: list[Any], others: list[Any], columns: list[str]) -> list[Any]:
    """The lines of a record, and behind them those of the other one that say something else."""
    known = {lines.said(line, columns) for line in own}
    return [*own, *(line for line in others if lines.said(line, columns) not in known)]


def _known_as(kept: Record, apart: Set[ObjectId]) -> list[str]:
    """By what else a record is known: the numbers of all that went into it, over as many as there are between, then
    their titles, of which the last are left out where they are too many. `apart`: what is to stand by itself again."""
    rows, fresh, seen = [], [kept.id], {kept.id, *apart}
    while fresh:
        shown = {"number": 1, "title": 1}
        cursor = in_unit(kept.type_name()).find({WENT_INTO: {"$in": fresh}, "_id": {"$nin": list(seen)}}, shown)
        level = list(cursor.sort("_id", 1).limit(TOGETHER_MAX))
        fresh = [row["_id"] for row in level]
        rows += level
        seen.update(fresh)
    names = (row.get(part) for part in ("number", "title") for row in rows)
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and name))[:NAMES_MAX]


def _leave(gone: Record, kept: Record, chosen: Collection[str], actor: Actor) -> None:
    """Let a record name the one that stands for it, and give up what no two may have and the other has taken."""
    gone.removed_at, gone._data["removed_by"], gone.went_into = clock.now(), actor.id, kept.id
    of_rules = {name for rule in gone.declared.unique for name in rule.fields}
    for name in chosen:
        if gone.declared.own_fields[name].unique or name in of_rules:
            gone.put(name, None)


def _refuse_if_wrong(kept: Record, before: Mapping[str, Any], actor: Actor) -> None:
    """Raise Refused with all that is wrong with what a record takes over; the actor has seen it in the other one."""
    validation.refuse_if_wrong(kept, SYSTEM, before)
    for path, sentence in kept.needs_consent(before, actor):
        raise Refused(None, {path: [sentence]})


def reason_of(id: ObjectId, batch: str) -> str:
    """The reason with which a merge, or the undoing of one, stands in the history of the record that went."""
    entry = _last_entry(id, {"batch": batch})
    return entry.get("reason") or "" if entry else ""


def _last_entry(id: ObjectId, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return in_unit(HISTORY).find_one({"record": id, **query}, sort=[("seq", -1)])


def _as_before(record: Any, entry: Mapping[str, Any]) -> Any:
    """A record with the values from before an entry, all others as they are."""
    row = stored(record)
    for change in entry["changes"]:
        row[change["field"]] = change.get("old")
    return type(record).from_stored({name: value for name, value in row.items() if value is not None})


def _number_of(cls: type[Record], id: ObjectId) -> str:
    row = in_unit(cls.type_name()).find_one({"_id": id}, {"number": 1})
    return row["number"] if row else ""


def _followed(kept: Record, took: Mapping[str, Any]) -> Iterator[Words]:
    """What has followed a merge and would be lost, or become untrue, if it were undone."""
    fields = {change["field"] for change in took["changes"]}
    later = in_unit(HISTORY).find({"record": kept.id, "seq": {"$gt": took["seq"]}, "changes.0": {"$exists": True}})
    for entry in later.sort("seq", 1):
        if fields & {change["field"] for change in entry["changes"]}:
            who, day = entry.get("actor_name") or "", entry["at"].date().isoformat()
            yield CHANGED_SINCE(number=kept.number, who=who, day=day)
    yield from (NOW_CLOSED(number=number) for number in followed_links(took["batch"], NAMED_MOST))
