"""The one write gate: create, update, move, remove and restore, each whole or not at all, with history and notices.

Nothing else writes records. Every verb loads through the actor's scope, checks the right field by field, says all that
is wrong at once, and in one transaction compares the version, writes, appends the history and opens or closes the case.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from ..base import clock, numbering, people
from ..base.errors import Changed, Forbidden, Missing, Refused
from ..base.people import SYSTEM, Actor
from ..base.store import in_unit
from ..base.words import L, Words
from ..language.publication import PUBLISHED
from ..language.record import Record
from ..language.spec import FollowUp
from ..language.workflow import Move
from ..rights import rights
from . import (
    decided,
    dependents,
    follow_ups,
    fresh,
    history,
    intents,
    kept,
    line_merge,
    lines,
    moving,
    passages,
    recurring,
    replays,
    rollups,
    validation,
)
from .acts import Act, Context, decision_of, entry_of
from .attempts import VerbAttempt, noting
from .by_edition import derive_anew
from .case_notices import notify, reached_of, tell_of_waiver
from .creating import begin, entered, made_before
from .deciders import called, name_deciders
from .intents import Intent, take
from .moving import NO_SUCH_MOVE, REASON_NEEDED, refuse_another_version
from .notices import NoticeKind
from .ordering import order
from .sources import Source
from .stored_form import difference, stored
from .uniqueness import conflict_of, is_of
from .unit import Unit, in_transaction, is_inside
from .writing import Outdated, write_change, write_new

__all__ = [
    "REASON_NEEDED",
    "Changed",
    "Context",
    "Forbidden",
    "Intent",
    "Missing",
    "Refused",
]  # what callers of the verbs need

R = TypeVar("R", bound=Record)

LINKED = L(
    "{count} other records link to this one ({example}), so it cannot be removed.",
    "有 {count} 條其他記錄引用此記錄（{example}），不能移除。",
    code="linked",
)
WAS_MERGED = L(
    "This record was merged into another one; undo the merge on the page of that one.",
    "此記錄已併入另一條記錄，請在該記錄頁面撤銷合併。",
    code="state",
)
_AUTO_MAX = 8


NOT_WHOLE = L(
    "A field of this record is damaged, so no step is made on it. IT has been told.",
    "此記錄有字段損壞，不能辦理此步驟。已通知信息技術部。",
    code="damaged",
)
FORM = Context()
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def create(
    cls: type[R],
    values: Mapping[str, Any],
    *,
    actor: Actor,
    context: Context = FORM,
    once: str | None = None,
    intent: Intent[R] | None = None,
) -> R:
    """A new record with its number. `once` names the entry: sent twice, the first record comes back.

    Raises Refused with every problem by field; values the actor may not set are left out. `intent`: what the
    form was drawn from.
    """
    drawn = intent or Intent(actor, cls)

    def body(unit: Unit) -> R:
        return created(unit, drawn, values, context, once)

    with noting(VerbAttempt(actor, cls, "create", context)):
        try:
            return in_transaction(body)
        except DuplicateKeyError as clash:
            if (
                once
                and not is_inside()
                and is_of(clash, "once")
                and (first := cls._get_collection().find_one({"once": once}))
            ):
                return entered(actor, cls, first["_id"])
            raise conflict_of(cls, clash, actor) from clash


def created(
    unit: Unit, drawn: Intent[R], values: Mapping[str, Any], context: Context = FORM, once: str | None = None
) -> R:
    """The body of `create`, in the unit of work that a rehearsal or the verb itself has begun; a dry one takes no
    number."""
    actor, cls = drawn.actor, drawn.cls
    if not actor.is_system and not drawn.verdict:
        raise Forbidden(rights.NOT_YOURS)
    if once and (first := made_before(actor, cls, once)):
        return first
    record = cls.blank(ObjectId())
    take(record, lines.settled(record, values, actor), drawn.fields)
    begin(record, values, actor, once)
    if not actor.is_system:
        record._data["owner"] = actor.id
    if (flow := record.flow()) and flow.edited:
        moving.note_entry(record, actor)
    asks = not context.confirmed and not actor.is_system
    validation.refuse_if_wrong(record, actor, {}, warnings=asks, titles=drawn.titles)
    if not unit.is_dry:
        fresh.ask_for_change(record, {}, actor)
    replays.refuse_change(record, {}, actor, context)
    if not unit.is_dry:
        record.number = numbering.next_number(record.number_pattern(), people.code_of(record.ref("department")))
    record = _write_new(unit, record, Act(actor, context))
    _follow_edit(unit, record, {}, actor, context)
    return record


def update(
    cls: type[R],
    id: Any,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None,
    context: Context = FORM,
) -> R:
    """Change fields of a record that the actor looked at in this version; `id` may be the intent that a page has drawn.
    What others have done meanwhile to other lines of its lists stays.

    Raises Missing, Refused, Changed.
    """

    def body(unit: Unit, intent: Intent[R], is_drawn: bool) -> R:
        return updated(unit, intent, values, seen=version, context=context, is_drawn=is_drawn)

    return on_record(cls, id, VerbAttempt(actor, cls, "update", context), body)


def updated(
    unit: Unit,
    intent: Intent[R],
    values: Mapping[str, Any],
    *,
    seen: int | None,
    context: Context = FORM,
    is_drawn: bool = True,
) -> R:
    """The body of `update`, in the unit of work that a rehearsal or the verb itself has begun."""
    record, actor = intent.fresh(), intent.actor
    if not intent.verdict:
        raise Forbidden(intent.verdict.why)
    before = stored(record)
    if context.exact:
        refuse_another_version(record, seen, values, actor)
    take(record, _to_write(record, seen, values, actor), intent.fields)
    asks = not context.confirmed and not actor.is_system
    validation.refuse_if_wrong(record, actor, before, warnings=asks, titles=intent.titles)
    if not unit.is_dry:
        fresh.ask_for_change(record, before, actor)
    replays.refuse_change(record, before, actor, context)
    _ask_decisions_again(record, before, actor)
    moving.enter_edited(record, before, actor)
    record = write_and_settle(unit, record, before, "update", Act(actor, context, is_drawn=is_drawn))
    _follow_edit(unit, record, before, actor, context)
    return record


def amend(
    cls: type[R], id: Any, values: Callable[[R], Mapping[str, Any]], *, actor: Actor, context: Context = FORM
) -> R:
    """Change a record by what it holds when it is written: `values` says from it what is written, and again where
    somebody else came in between, so that nobody's line is lost. Raises what `update` raises, and what `values` does.
    """

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id)
        return update(cls, id, values(record), actor=actor, version=record.version, context=context)

    return in_transaction(body)


def move(  # noqa: PLR0913 - a sentence of keywords: who moves what, seen in which version, and why
    cls: type[R],
    id: Any,
    verb: str,
    *,
    actor: Actor,
    version: int | None,
    values: Mapping[str, Any] | None = None,
    context: Context = FORM,
) -> R:
    """Make a move on what was seen: `version` is what the actor looked at (None only for the system).

    `id` may be the intent that a page has drawn. Raises Missing, Refused (not their move, not in this state, checklist,
    reason), Changed.
    """

    def body(unit: Unit, intent: Intent[R], is_drawn: bool) -> R:
        return moved(unit, intent, verb, seen=version, values=values or {}, context=context, is_drawn=is_drawn)

    return on_record(cls, id, VerbAttempt(actor, cls, verb, context), body)


def moved(  # noqa: PLR0913 - the same sentence, within a transaction
    unit: Unit,
    intent: Intent[R],
    verb: str,
    *,
    seen: int | None,
    values: Mapping[str, Any] = MappingProxyType({}),
    context: Context = FORM,
    is_drawn: bool = True,
) -> R:
    """The body of `move`, in the unit of work that a rehearsal or the verb itself has begun."""
    if intent.record.damaged:
        raise Refused(NOT_WHOLE)
    chosen = moving.move_for(intent.record, verb, seen)
    if not (stand := intent.standing(chosen)):
        raise Forbidden(stand.verdict.why)
    if is_drawn:
        stand = moving.as_of_now(stand, intent.actor, intent.record, chosen)
    record = intent.fresh()
    if not moving.is_only_decided_since(record, seen):
        refuse_another_version(record, seen, values, intent.actor)
    before = stored(record)
    given = {name: values[name] for name in chosen.asked_fields if name in values}
    take(record, lines.settled(record, given, intent.actor), None)
    line = decided.add(record, chosen, values, stand, intent.actor)
    moving.refuse_unless_ready(record, chosen, context, intent.actor, before, intent.titles)
    if stand.waived:
        tell_of_waiver(unit, record, chosen, stand.waived)
    in_place_of = called(chosen.by, stand.slot) if stand.is_passed_up and stand.slot else None
    waived = stand.waived.rule if stand.waived else None
    act = Act(intent.actor, context, stand.principal, is_drawn, in_place_of, line, waived)
    return _make(unit, record, before, chosen, stand, act)


def correct(  # noqa: PLR0913 - the sentence of a move, of what was decided already
    cls: type[R],
    id: Any,
    verb: str,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None,
    context: Context = FORM,
) -> R:
    """Give other values with one's own decision, as long as its move is open.

    Raises Missing, Forbidden (none was given, or it is not open any more), Refused, Changed.
    """

    def body(unit: Unit, intent: Intent[R], is_drawn: bool) -> R:
        record = intent.fresh()
        chosen = moving.move_for(record, verb, version)
        if not moving.is_only_decided_since(record, version):
            refuse_another_version(record, version, values, actor)
        before = stored(record)
        decided.correct(record, chosen, values, actor)
        validation.refuse_if_wrong(record, actor, before, titles=intent.titles)
        return _write(unit, record, before, "correct", Act(actor, context, is_drawn=is_drawn))

    return on_record(cls, id, VerbAttempt(actor, cls, verb, context), body)


def _to_write(record: Record, seen: int | None, values: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
    """The values as they are written: where others have changed lines since, theirs with them. Raises Changed."""
    if record.version == seen or (seen is None and actor.is_system):
        return lines.settled(record, values, actor)
    return line_merge.reconciled(record, seen, values, actor)


def on_record(cls: type[R], id: Any, attempt: VerbAttempt, body: Callable[[Unit, Intent[R], bool], R]) -> R:
    """Run a verb on the record as a page has drawn it, if it has; where somebody came in between, and when the database
    asks for another attempt, on the record as it stands then."""
    was_inside, actor = is_inside(), attempt.actor
    attempt.id = id.id if isinstance(id, Intent) else id

    def run(unit: Unit) -> R:
        is_drawn = isinstance(id, Intent) and (id.is_of_block or not was_inside) and id.is_for(actor, cls)
        intent: Intent[R] = id if is_drawn else intents.of(actor, cls, attempt.id)
        intent.is_taken, attempt.record = True, intent.record
        return body(unit, intent, is_drawn)

    with noting(attempt):
        try:
            try:
                return in_transaction(run)
            except Outdated:
                return in_transaction(run)
        except DuplicateKeyError as clash:
            raise conflict_of(cls, clash, actor) from clash


def remove(cls: type[R], id: Any, *, actor: Actor, version: int | None, context: Context = FORM) -> R:
    """Put a record into the bin, from where it can be restored. Refused while other records link to it."""

    attempt = VerbAttempt(actor, cls, "remove", context, id)

    def body(unit: Unit) -> R:
        attempt.record = record = rights.find(actor, cls, id)
        if not (verdict := rights.may_remove(actor, record)):
            raise Forbidden(verdict.why)
        refuse_another_version(record, version, {}, actor)
        _refuse_linked(record)
        before = stored(record)
        record.removed_at, record._data["removed_by"] = clock.now(), actor.id
        replays.refuse_change(record, before, actor, context)
        return write_and_settle(unit, record, before, "remove", Act(actor, context))

    with noting(attempt):
        return in_transaction(body)


def restore(cls: type[R], id: Any, *, actor: Actor, context: Context = FORM) -> R:
    """Take a record out of the bin."""

    attempt = VerbAttempt(actor, cls, "restore", context, id)

    def body(unit: Unit) -> R:
        attempt.record = record = rights.find(actor, cls, id, removed=True)
        if not actor.is_system and not rights.is_writer(actor, cls, record):
            raise Forbidden(rights.NOT_YOURS)
        if record.went_into:
            raise Refused(WAS_MERGED)
        if not actor.is_system and not unit.is_dry:
            fresh.ask_for(cls)
        before = stored(record)
        record.removed_at, record._data["removed_by"] = None, None
        return write_and_settle(unit, record, before, "restore", Act(actor, context))

    with noting(attempt):
        return in_transaction(body)


def follow_up(cls: type[Record], id: Any, verb: str, *, actor: Actor, context: Context = FORM) -> list[Record]:
    """Make what this record leads to, each once: one, which comes back when asked again, or those of its lines that are
    not made yet. Raises Missing, Refused."""
    with noting(VerbAttempt(actor, cls, verb, context, id)) as attempt:
        attempt.record = source = rights.find(actor, cls, id)
        leads = next((item for item in cls.declared.follow_ups if item.verb == verb), None)
        if leads is None or leads.fill is None or source.state not in leads.states:
            raise Refused(NO_SUCH_MOVE(move=leads.label if leads else verb, state=rights.state_word(source)))
    chosen = leads
    if chosen.over:
        return _generated(source, chosen, actor, context)
    if not chosen.each and not chosen.back:
        return follow_ups.make(source, chosen, _creating(actor, context, source), follow_ups.followers(source, chosen))

    def body(unit: Unit) -> list[Record]:
        record = rights.find(actor, cls, id)
        missing = follow_ups.missing(record, chosen, follow_ups.AT_ONCE_MAX)
        planned = missing if chosen.each else follow_ups.followers(record, chosen)
        return _led_to(unit, record, chosen, planned, actor, context)

    return in_transaction(body)


def _generated(source: Record, leads: FollowUp, actor: Actor, context: Context) -> list[Record]:
    """The first of what is made for each record of a query, by the system; the history says who wanted it so."""
    if not (verdict := rights.may_create(actor, follow_ups.target_of(leads))):
        raise Forbidden(verdict.why)

    def body(unit: Unit, most: int) -> list[Record]:
        record = rights.find(actor, type(source), source.id)
        planned = follow_ups.missing(record, leads, follow_ups.AT_ONCE_MAX)
        if not planned:
            return []
        made = follow_ups.make(record, leads, _creating(SYSTEM, context, record), planned[:most])
        note(type(record), record.id, leads.verb, actor=actor, context=context)
        params = {"type": record.type_name(), "id": str(record.id), "verb": leads.verb}
        order(follow_ups.GENERATE, params, once=f"{follow_ups.run_key(record, leads)}{ObjectId()}", asked_by=actor)
        return made

    try:
        return in_transaction(partial(body, most=follow_ups.AT_ONCE_MAX))
    except Refused:  # of one: in the background it keeps no other back
        return in_transaction(partial(body, most=0))


def follow_up_rest(
    cls: type[R], id: ObjectId, verb: str, refused: dict[str, Words] | None = None, *, most: int = 0
) -> int:
    """Make the next of what was left to be made, in one transaction; how many were done with. What is refused keeps no
    other back: its key is added to `refused`, with the reason."""
    kept_back, limit = refused if refused is not None else {}, most or follow_ups.AT_ONCE_MAX
    planned: list[follow_ups.Follower] = []

    def body(unit: Unit) -> int:
        record = rights.find(SYSTEM, cls, id)
        leads = next(item for item in cls.declared.follow_ups if item.verb == verb)
        planned[:] = follow_ups.missing(record, leads, limit, kept_back)
        _led_to(unit, record, leads, planned, SYSTEM, Context(source=Source.RULE))
        return len(planned)

    try:
        return in_transaction(body)
    except Refused as problem:
        if len(planned) > 1:
            return follow_up_rest(cls, id, verb, kept_back, most=1)
        kept_back[planned[0].key] = problem.first
        return 1


def _led_to(
    unit: Unit, record: Record, leads: FollowUp, planned: Iterable[follow_ups.Follower], actor: Actor, context: Context
) -> list[Record]:
    """Make some of what a record leads to, and let it name them where the declaration says so."""
    before = stored(record)
    made = follow_ups.make(record, leads, _creating(actor, context, record), planned)
    if difference(before, stored(record)):
        write_change(unit, record, before, "update", Act(SYSTEM, Context(source=Source.RULE)))
    return made


def recur(cls: type[R], id: ObjectId) -> R | None:
    """Make the next record of a series whose date has come, and hand the rule on to it; the last one ends. None: there
    is nothing to be made. Raises Missing, Refused."""

    def body(unit: Unit) -> R | None:
        record = rights.find(SYSTEM, cls, id)
        recurs, before = cls.declared.recurs, stored(record)
        if recurs is None or (recurs.states and record.state not in recurs.states):
            return None
        made = recurring.make_due(record, recurs, creating_by_system(record))
        if difference(before, stored(record)):
            write_change(unit, record, before, "update", Act(SYSTEM, Context(source=Source.RULE)))
        return made

    return in_transaction(body)


def creating_by_system(source: Record) -> follow_ups.Create:
    """How the system makes what a record leads to."""
    return _creating(SYSTEM, Context(source=Source.RULE), source)


def _creating(actor: Actor, context: Context, source: Record) -> follow_ups.Create:
    """How an actor makes what a record leads to; the system does for the department and the owner of that record."""
    facts = {"department": source.ref("department"), "owner": source.ref("owner")} if actor.is_system else {}
    return lambda cls, values, key: create(cls, {**facts, **values}, actor=actor, context=context, once=key)


def adopt(cls: type[R], id: Any) -> R:
    """Give a record from before its type had a workflow the state that it is read in; its history says so."""

    def body(unit: Unit) -> R:
        record = rights.find(SYSTEM, cls, id)
        flow, row = record.flow(), in_unit(cls.type_name()).find_one({"_id": record.id}, {"state": 1})
        if flow is None or row is None or row.get("state") is not None:
            return record
        before = {name: value for name, value in stored(record).items() if name != "state"}
        record.state_since = record.state_since or record.updated_at
        return write_change(unit, record, before, "update", Act(SYSTEM, Context(source=Source.RULE)))

    return in_transaction(body)


def note(  # noqa: PLR0913 - a sentence of keywords, as `move` is
    cls: type[R],
    id: Any,
    verb: str,
    *,
    actor: Actor,
    context: Context = FORM,
    changes: list[dict] | None = None,
    entry: ObjectId | None = None,
) -> R:
    """Append a fact that changes no field (a comment, a file, a reading) to a record's history; `entry` is its id."""

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id)
        content = entry_of(record, verb, changes or [], Act(actor, context))
        full, record.chain = history.chained(content, record.chain)
        full["_id"] = entry or ObjectId()
        written = in_unit(cls.type_name()).update_one(
            {"_id": record.id, "chain.seq": full["seq"] - 1}, {"$set": {"chain": record.chain}}
        )
        if not written.matched_count:
            raise Missing
        unit.entries.append(full)
        return record

    return in_transaction(body)


@dataclass(frozen=True)
class MoveActions:
    """What an `on_<move>` method may do beside its own record: verbs of the system, in the same transaction."""

    unit: Unit
    context: Context
    actor: Actor

    def create(self, cls: type[R], values: Mapping[str, Any], *, once: str | None = None) -> R:
        return create(cls, values, actor=SYSTEM, context=self._of_others(), once=once)

    def update(self, record: R, values: Mapping[str, Any]) -> R:
        return update(type(record), record.id, values, actor=SYSTEM, version=None, context=self._of_others())

    def move(self, record: R, verb: str, values: Mapping[str, Any] | None = None, reason: str = "") -> R:
        context = self._of_others(reason)
        return move(type(record), record.id, verb, actor=SYSTEM, version=None, values=values, context=context)

    def remove(self, record: R) -> R:
        return remove(type(record), record.id, actor=SYSTEM, version=None, context=self._of_others())

    def restore(self, record: R) -> R:
        return restore(type(record), record.id, actor=SYSTEM, context=self._of_others())

    def _of_others(self, reason: str = "") -> Context:
        """The context for another record: why a move was made is said of its own record; others have other readers."""
        return replace(self.context, reason=reason)

    def note(self, record: Record, verb: str) -> None:
        note(type(record), record.id, verb, actor=self.actor, context=self.context)

    def derive_anew(
        self, cls: type[Record], ids: Iterable[ObjectId], given: Mapping[ObjectId, Mapping[str, Any]] = _NOTHING
    ) -> None:
        """Make the derived fields of other records anew, where they follow from this one; `given`: values that are
        known already, as they are stored."""
        if not self.unit.is_dry:
            derive_anew(cls, ids, given)

    def notify(self, record: Record, addresses: list[str], kind: NoticeKind, words: Words) -> None:
        notify(self.unit, record, reached_of(record, addresses), kind, words)


def _ask_decisions_again(record: Record, before: Mapping[str, Any], actor: Actor) -> None:
    """A decision is of what was seen: where a field was changed under it, it is asked for again."""
    flow = record.flow()
    if record.decisions and flow and record.state in (flow.edit or ()) and not actor.is_system:
        after = stored(record)
        if any(before.get(name) != after.get(name) for name in record.declared.own_fields):
            decided.withdraw_all(record)
            record.decisions = []


def _follow_edit(unit: Unit, record: Record, before: Mapping[str, Any], actor: Actor, context: Context) -> None:
    """Let a type say what follows when somebody made or changed a record of it: `on_edit`."""
    if not actor.is_system and (handler := getattr(record, "on_edit", None)):
        handler(MoveActions(unit, context, actor), before)


def _make(unit: Unit, record: R, before: dict, chosen: Move, stand: rights.Standing, act: Act) -> R:
    """Note the decision; when the quorum is complete, change the state and do what follows."""
    if chosen.is_decision and stand.slot:
        record.decisions = [*record.decisions, decision_of(record, chosen, stand.slot, act)]
        if not chosen.single and not _is_complete(record, before, chosen, stand):
            return _write(unit, record, before, chosen.verb, act)
    passages.pass_through(unit, record, chosen, act.actor)
    moving.enter(record, chosen, act.actor)
    if handler := getattr(record, f"on_{chosen.verb}", None):
        handler(MoveActions(unit, act.context, act.actor))
    if handler or chosen.gate:
        validation.refuse_if_wrong(record, SYSTEM, before)
    _publish(unit, record, chosen.verb)
    follow_ups.make_of_move(record, chosen.verb, _creating(SYSTEM, act.context, record))
    _keep_of_move(unit, record, chosen.verb, act.context)
    recurring.follow(record, chosen.verb, _creating(SYSTEM, act.context, record))
    name_deciders(record, refuses=not act.actor.is_system)
    return write_and_settle(unit, record, before, chosen.verb, act)


def _publish(unit: Unit, record: Record, verb: str) -> None:
    """Tell exactly those whom the scope of a record reaches that it was published."""
    publish = record.declared.publish
    if publish and publish.on == verb:
        words = PUBLISHED(kind=record.declared.label, number=record.number, title=record.title)
        notify(unit, record, people.people_at(publish.addresses(record)), NoticeKind.PUBLISHED, words)


def _is_complete(record: Record, before: Mapping[str, Any], chosen: Move, stand: rights.Standing) -> bool:
    """Whether the decisions fill the quorum. Where the move or the check has changed a field, it is laid anew: a
    document that has become secret meanwhile asks for more people."""
    own = record.declared.own_fields
    is_as_it_was = not any(change["field"] in own for change in difference(before, stored(record)))
    quorum = stand.quorum if stand.quorum is not None and is_as_it_was else chosen.by.quorum(record)
    return quorum.is_complete(rights.filled_slots(record, chosen))


def _write_new(unit: Unit, record: R, act: Act) -> R:
    write_new(unit, record, act)
    if unit.is_dry:
        return record
    if handler := getattr(record, "on_create", None):
        handler(MoveActions(unit, act.context, act.actor))
    follow_ups.make_of_filled(record, {}, creating_by_system(record))
    _keep(unit, record, {}, act.context)
    _roll_up(record, {}, act)
    return _settle(unit, record, act.context)


def write_and_settle(unit: Unit, record: R, before: dict[str, Any], verb: str, act: Act) -> R:
    """Write what changed, then make the automatic moves whose condition now holds."""
    return _settle(unit, _write(unit, record, before, verb, act), act.context)


def _write(unit: Unit, record: R, before: dict[str, Any], verb: str, act: Act) -> R:
    """Write what changed, and what follows from it in other records."""
    written = write_change(unit, record, before, verb, act)
    if not unit.is_dry:
        follow_ups.make_of_filled(written, before, creating_by_system(written))
        _keep(unit, written, before, act.context)
        dependents.follow(unit, written, before)
        _roll_up(written, before, act)
    return written


def _keep(unit: Unit, record: Record, before: Mapping[str, Any], context: Context) -> None:
    """Let what is kept in step with the lines of a record follow a write of it."""
    if any(leads.kept for leads in record.declared.follow_ups):
        own = Context(source=context.source, batch=context.batch, confirmed=True)
        kept.of_write(record, before, _creating(SYSTEM, own, record), MoveActions(unit, own, SYSTEM))


def _keep_of_move(unit: Unit, record: Record, verb: str, context: Context) -> None:
    """Let what a move makes, and has made before, follow the lines as they are now."""
    own = Context(source=context.source, batch=context.batch, confirmed=True)
    for leads in follow_ups.of_move(record, verb):
        if leads.kept and not unit.is_dry:
            kept.in_step(record, leads, MoveActions(unit, own, SYSTEM))


def _roll_up(record: Record, before: Mapping[str, Any], act: Act) -> None:
    """Count anew what other records hold of this one; automatic moves follow there."""
    targets = list(rollups.targets_of(type(record)))
    after = stored(record) if targets else {}
    for target in targets:
        for id in target.ids(before, after) if target.is_touched(before, after) else ():
            if in_unit(target.cls.type_name()).find_one({"_id": id}, {"_id": 1}) is not None:
                value = rollups.counted(type(record), target.rollup, id)
                update(target.cls, id, {target.name: value}, actor=SYSTEM, version=None, context=act.context)


def _settle(unit: Unit, record: R, context: Context) -> R:
    for _ in range(_AUTO_MAX):
        due = moving.due_move(record)
        if due is None:
            return record
        before = stored(record)
        moving.enter(record, due, SYSTEM)
        if handler := getattr(record, f"on_{due.verb}", None):
            handler(MoveActions(unit, context, SYSTEM))
        follow_ups.make_of_move(record, due.verb, _creating(SYSTEM, context, record))
        _keep_of_move(unit, record, due.verb, context)
        recurring.follow(record, due.verb, _creating(SYSTEM, context, record))
        name_deciders(record, refuses=False)
        record = _write(unit, record, before, due.verb, Act(SYSTEM, Context(source=Source.RULE)))
    raise RuntimeError(f"{type(record).__name__}: automatic moves run in a circle at {record.state!r}")


def _refuse_linked(record: Record) -> None:
    """A record that others point to is not removed, so that no link dangles."""
    count, example = validation.links_to(record)
    if count:
        raise Refused(LINKED(count=count, example=example))


def new_batch() -> str:
    """A name for changes that belong together and can be undone together."""
    return secrets.token_hex(8)


def in_batch(body: Callable[[], Any], *, quiet: bool = False) -> Any:
    """Run several verbs in one transaction: all of them stand, or none."""
    return in_transaction(lambda unit: body(), quiet=quiet)
