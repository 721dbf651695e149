"""The one write gate: create, update, move, remove and restore, each whole or not at all, with history and notices.

Nothing else writes records. Every verb loads through the actor's scope, checks the right field by field, says all that
is wrong at once, and in one transaction compares the version, writes, appends the history and opens or closes the case.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from ..base import clock, numbering, people
from ..base.addresses import at_role_in
from ..base.collections import TOMBSTONES, in_archive
from ..base.errors import Changed, Forbidden, Missing, Refused
from ..base.people import SYSTEM, Actor, Role
from ..base.store import in_unit
from ..base.words import At, L, Words
from ..language import working_time
from ..language.declare import registered
from ..language.record import Record
from ..language.spec import FollowUp
from ..language.who import ApproverSlot
from ..language.workflow import REASON, Move, Workflow, is_met, need_label
from ..rights import rights
from . import history, validation
from .bookkeeping import (
    Act,
    Context,
    after_write,
    decision_of,
    derive,
    difference,
    entry_of,
    notify,
    stamp,
    stored,
    tell,
)
from .notices import NoticeKind
from .sources import Source
from .unit import Unit, in_transaction

R = TypeVar("R", bound=Record)

NO_SUCH_MOVE = L("“{move}” is not possible while the record is “{state}”.", "「{state}」狀態下不能「{move}」。")
ALREADY_MOVED = L(
    "“{move}” was already made by {who} on {at}; the record is now “{state}”.",
    "{who} 已於 {at} 辦理「{move}」，記錄現為「{state}」。",
)
REASON_NEEDED = L("Please give a reason.", "請填寫原因。")
STILL_MISSING = L("Before this step is still needed: {items}.", "辦理此步驟前尚缺：{items}。")
NOT_NOW = L("This record does not meet the condition of this step.", "此記錄不符合該步驟的條件。")
SIGN_NEEDED = L("Please confirm this step with your password.", "請輸入密碼確認此步驟。")
DECIDED = L("A decision has already been given, so this can no longer be withdrawn.", "已有人表示意見，不能再撤回。")
TAKEN = L("“{label}” with this value already exists.", "「{label}」的值已存在。")
NO_DEPARTMENT = L(
    "You belong to no department, so the record would belong to nobody.", "您沒有所屬部門，記錄將無歸屬。"
)
IN_ARCHIVE = L("This was made before: {number}, now in the archive.", "此記錄已建立：{number}，現已歸檔。")
DESTROYED = L(
    "{number} was destroyed by the approved list {list}; it does not come back.",
    "{number} 已按批准的清單 {list} 銷毀，不能恢復。",
)
LINKED = L(
    "{count} other records link to this one ({example}), so it cannot be removed.",
    "有 {count} 條其他記錄引用此記錄（{example}），不能移除。",
)
_AUTO_MAX = 8


FORM = Context()


def create(
    cls: type[R],
    values: Mapping[str, Any],
    *,
    actor: Actor,
    context: Context = FORM,
    once: str | None = None,
) -> R:
    """A new record with its number. `once` names the entry: sent twice, the first record comes back.

    Raises Refused with every problem by field; values the actor may not set are left out.
    """

    def body(unit: Unit) -> R:
        if not actor.is_system and not rights.may_create(actor, cls):
            raise Forbidden(rights.NOT_YOURS)
        if once and (first := cls._get_collection().find_one({"once": once})):
            return rights.find(actor, cls, first["_id"])
        if once and cls.declared.retention:
            refuse_put_away(cls, {"once": once})
        record = cls(id=ObjectId())
        _take(record, values, rights.writable_fields(actor, cls))
        _begin(record, values, actor, once)
        if not actor.is_system:
            record._data["owner"] = actor.id
        validation.refuse_if_wrong(record, actor, {}, warnings=not context.confirmed and not actor.is_system)
        record.number = numbering.next_number(record.number_pattern(), people.code_of(record.ref("department")))
        record = _write_new(unit, record, Act(actor, context))
        _follow_edit(unit, record, {}, actor, context)
        return record

    try:
        return in_transaction(body)
    except DuplicateKeyError as clash:
        if once and "once" in _key_of(clash):
            first = cls._get_collection().find_one({"once": once})
            if first:
                return rights.find(actor, cls, first["_id"])
        raise conflict_of(cls, clash) from clash


def update(
    cls: type[R],
    id: Any,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None,
    context: Context = FORM,
) -> R:
    """Change fields of a record that the actor looked at in this version. Raises Missing, Refused, Changed."""

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id)
        if verdict := rights.may_update(actor, record):
            allowed = rights.writable_fields(actor, cls, record)
        else:
            raise Forbidden(verdict.why)
        _same_version(record, version, values, actor)
        before = stored(record)
        _take(record, values, allowed)
        validation.refuse_if_wrong(record, actor, before)
        _ask_decisions_again(record, before, actor)
        record = write_change(unit, record, before, "update", Act(actor, context))
        _follow_edit(unit, record, before, actor, context)
        return record

    try:
        return in_transaction(body)
    except DuplicateKeyError as clash:
        raise conflict_of(cls, clash) from clash


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

    Raises Missing, Refused (not their move, not in this state, checklist, reason), Changed.
    """

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id)
        chosen = _move_for(record, verb, version)
        stand = rights.standing(actor, record, chosen)
        if not stand:
            raise Forbidden(stand.verdict.why)
        if not _only_decided_since(record, version):
            _same_version(record, version, values or {}, actor)
        before = stored(record)
        _take(record, {name: (values or {}).get(name) for name in chosen.asked_fields if name in (values or {})}, None)
        _check_move(record, chosen, context, actor, before)
        return _make(unit, record, before, chosen, stand.slot, Act(actor, context, stand.principal))

    try:
        return in_transaction(body)
    except DuplicateKeyError as clash:
        raise conflict_of(cls, clash) from clash


def remove(cls: type[R], id: Any, *, actor: Actor, version: int | None, context: Context = FORM) -> R:
    """Put a record into the bin, from where it can be restored. Refused while other records link to it."""

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id)
        if not (verdict := rights.may_remove(actor, record)):
            raise Forbidden(verdict.why)
        _same_version(record, version, {}, actor)
        _refuse_linked(record)
        before = stored(record)
        record.removed_at, record._data["removed_by"] = clock.now(), actor.id
        return write_change(unit, record, before, "remove", Act(actor, context))

    return in_transaction(body)


def restore(cls: type[R], id: Any, *, actor: Actor, context: Context = FORM) -> R:
    """Take a record out of the bin."""

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id, removed=True)
        if not actor.is_system and not rights.is_writer(actor, cls, record):
            raise Forbidden(rights.NOT_YOURS)
        before = stored(record)
        record.removed_at, record._data["removed_by"] = None, None
        return write_change(unit, record, before, "restore", Act(actor, context))

    return in_transaction(body)


def refuse_put_away(cls: type[Record], wanted: Mapping[str, Any]) -> None:
    """What rests in the archive comes back from there; what was destroyed by an approved list never does."""
    if found := in_archive(cls.type_name(), wanted):
        raise Refused(IN_ARCHIVE(number=found["number"]))
    if stone := in_unit(TOMBSTONES).find_one({"type": cls.type_name(), **wanted}):
        raise Refused(DESTROYED(number=stone.get("number"), list=stone.get("list_number")))


def follow_up(cls: type[Record], id: Any, verb: str, *, actor: Actor, context: Context = FORM) -> Record:
    """Make the record that this one leads to, once: asked again, the first one comes back. Raises Missing, Refused."""
    source = rights.find(actor, cls, id)
    leads = next((one for one in cls.declared.follow_ups if one.verb == verb), None)
    if leads is None or source.state not in leads.states:
        raise Refused(NO_SUCH_MOVE(move=leads.label if leads else verb, state=rights.state_word(source)))
    target = _target_of(leads)
    return create(target, leads.fill(source), actor=actor, context=context, once=follow_up_key(source, leads))


def follow_up_key(source: Record, leads: FollowUp) -> str:
    """The entry key of what one record leads to, so that it is made once."""
    return f"{source.type_name()}:{source.id}:{leads.verb}"


def _target_of(leads: FollowUp) -> type[Record]:
    return next(cls for cls in registered().values() if cls.__name__ == leads.to)


def note(
    cls: type[R], id: Any, verb: str, *, actor: Actor, context: Context = FORM, changes: list[dict] | None = None
) -> R:
    """Append a fact that changes no field (a comment, a file, a reading) to a record's history."""

    def body(unit: Unit) -> R:
        record = rights.find(actor, cls, id)
        entry = entry_of(record, verb, changes or [], Act(actor, context))
        full, record.chain = history.chained(entry, record.chain)
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
        return create(cls, values, actor=SYSTEM, context=self.context, once=once)

    def update(self, record: R, values: Mapping[str, Any]) -> R:
        return update(type(record), record.id, values, actor=SYSTEM, version=None, context=self.context)

    def move(self, record: R, verb: str) -> R:
        return move(type(record), record.id, verb, actor=SYSTEM, version=None, context=self.context)

    def note(self, record: Record, verb: str) -> None:
        note(type(record), record.id, verb, actor=self.actor, context=self.context)

    def notify(self, record: Record, addresses: list[str], kind: NoticeKind, words: Words) -> None:
        notify(self.unit, record, people.people_at(addresses), kind, words)


def _take(record: Record, values: Mapping[str, Any], allowed: frozenset[str] | None) -> None:
    for name, value in values.items():
        if name in record._fields and (allowed is None or name in allowed):
            setattr(record, name, value)


def _ask_decisions_again(record: Record, before: Mapping[str, Any], actor: Actor) -> None:
    """A decision is of what was seen: where a field was changed under it, it is asked for again."""
    flow = record.flow()
    if record.decisions and flow and record.state in (flow.edit or ()) and not actor.is_system:
        after = stored(record)
        if any(before.get(name) != after.get(name) for name in record.declared.own_fields):
            record.decisions = []


def _begin(record: Record, values: Mapping[str, Any], actor: Actor, once: str | None) -> None:
    """Fill what every new record has."""
    moment = clock.now()
    flow = record.declared.workflow
    chooses = "department" in record.declared.own_fields  # a type that asks for it does not take the writer's
    department = record.ref("department") or (None if chooses else actor.department)
    if department is None and not record.declared.access.open:
        raise Refused(NO_DEPARTMENT)
    record._data["department"] = department
    record._data.update(
        created_at=moment,
        created_by=actor.id,
        version=0,
        state=flow.start if flow else None,
        state_since=moment if flow else None,
        flow_version=flow.version if flow else 1,
        once=once,
    )
    if actor.is_system:
        record._data["owner"] = record.ref("owner") or values.get("owner")


def _follow_edit(unit: Unit, record: Record, before: Mapping[str, Any], actor: Actor, context: Context) -> None:
    """Let a type say what follows when somebody made or changed a record of it: `on_edit`."""
    if not actor.is_system and (handler := getattr(record, "on_edit", None)):
        handler(MoveActions(unit, context, actor), before)


def _same_version(record: Record, seen: int | None, values: Mapping[str, Any], actor: Actor) -> None:
    """Only the system may change what it has not looked at."""
    if seen is None and actor.is_system:
        return
    if record.version != seen:
        raise Changed(record, seen, values)


def _only_decided_since(record: Record, seen: int | None) -> bool:
    """Whether nothing but the decisions of others was added since: what the actor looked at is still what stands."""
    if seen is None or not 0 < seen < record.version or not record.decisions:
        return False
    later = [entry for entry in history.entries_of(record.id, newest_first=True, limit=100) if entry["version"] > seen]
    return all({change["field"] for change in entry["changes"]} <= {"decisions", "file"} for entry in later)


def _move_for(record: Record, verb: str, version: int | None) -> Move:
    flow = record.flow()
    chosen = flow.find(verb, record.state) if flow else None
    if chosen is not None:
        return chosen
    if flow is None or verb not in flow.verbs():
        raise Refused(NO_SUCH_MOVE(move=verb, state=rights.state_word(record)))
    if version is not None and version != record.version:
        _refuse_already_made(record, flow, verb)
    raise Refused(NO_SUCH_MOVE(move=flow.verb_label(verb), state=rights.state_word(record)))


def _refuse_already_made(record: Record, flow: Workflow, verb: str) -> None:
    """Two people decided at once: the second is told who was first."""
    last = next((e for e in history.entries_of(record.id, newest_first=True, limit=20) if e.get("state_to")), None)
    if last:
        made = flow.verb_label(last["verb"]) if last["verb"] in flow.verbs() else L(last["verb"], last["verb"])
        at = At(last["at"])
        raise Refused(
            ALREADY_MOVED(move=made, who=last.get("actor_name") or "", at=at, state=rights.state_word(record))
        )


def _check_move(record: Record, chosen: Move, context: Context, actor: Actor, before: Mapping[str, Any]) -> None:
    """Refuse a move whose condition, checklist, reason or signature is not there: all that is missing at once."""
    problems = validation.problems_of(record, actor, before)
    if chosen.when and not chosen.when(record):
        raise Refused(NOT_NOW)
    if chosen.undecided and record.decisions:
        raise Refused(DECIDED)
    if REASON in chosen.ask and not context.reason.strip() and not actor.is_system:
        problems.add(REASON, REASON_NEEDED)
    for sentence in validation.said_faults(context.reason):
        problems.add(REASON, sentence)
    if chosen.sign and not context.signed and not actor.is_system:
        problems.add("password", SIGN_NEEDED)
    for need in chosen.require:
        if not is_met(record, need):
            label = need_label(type(record), need)
            problems.add(need if isinstance(need, str) else "require", STILL_MISSING(items=label))
    if problems:
        raise Refused(None, problems)


def _make(unit: Unit, record: R, before: dict, chosen: Move, slot: ApproverSlot | None, act: Act) -> R:
    """Note the decision; when the table is complete, change the state and do what follows."""
    if chosen.is_decision and slot:
        record.decisions = [*record.decisions, decision_of(record, chosen, slot, act)]
        if not chosen.single and not chosen.by.quorum(record).is_complete(rights.filled_slots(record, chosen)):
            return write_change(unit, record, before, chosen.verb, act, settle=False)
    _enter(record, chosen, act.actor)
    if handler := getattr(record, f"on_{chosen.verb}", None):
        handler(MoveActions(unit, act.context, act.actor))
        validation.refuse_if_wrong(record, SYSTEM, before)
    return write_change(unit, record, before, chosen.verb, act)


def _enter(record: Record, chosen: Move, actor: Actor) -> None:
    """Put the record into the state that the move leads to."""
    flow = record.flow()
    onward = flow.out_of(chosen.target) if flow else ()
    if _submits(chosen, onward):
        record._data["submitted_by"] = actor.id
        record.submitted_by_head = _is_headed_by(record, actor)
    record.state, record.state_since, record.decisions = chosen.target, clock.now(), []
    limits = [one.within for one in onward if one.within]
    record.due_at = min(working_time.calendar().add(record.state_since, limit) for limit in limits) if limits else None


def _submits(chosen: Move, onward: tuple[Move, ...]) -> bool:
    if chosen.submits is not None:
        return chosen.submits
    return chosen.by.is_own and any(later.is_decision and not later.optional for later in onward)


def _is_headed_by(record: Record, actor: Actor) -> bool:
    """Whether the one who submits, or the owner, heads the record's own department: then a superior must decide."""
    department = record.ref("department")
    if any(Role.HEAD in principal.roles and principal.department == department for principal in actor.represented()):
        return True
    if record.ref("owner") == actor.id:
        return False
    heads = people.people_at([at_role_in(Role.HEAD, department)])
    return record.ref("owner") in heads


def _write_new(unit: Unit, record: R, act: Act) -> R:
    derive(record)
    after = stamp(record, act.actor, stored(record))
    full, record.chain = history.chained(entry_of(record, "create", difference({}, after), act), {})
    in_unit(record.type_name()).insert_one({**after, "chain": record.chain})
    unit.entries.append(full)
    after_write(unit, record)
    if handler := getattr(record, "on_create", None):
        handler(MoveActions(unit, act.context, act.actor))
    return _settle(unit, record, act.context)


def write_change(unit: Unit, record: R, before: dict[str, Any], verb: str, act: Act, *, settle: bool = True) -> R:
    """Write what changed, if the version is still the one that was read, and append it to the history."""
    derive(record)
    after = stored(record)
    changes = difference(before, after)
    if not changes and verb == "update":
        return record
    seen = record.version
    after = stamp(record, act.actor, after)
    entry = entry_of(record, verb, changes, act, before.get("state"))
    full, record.chain = history.chained(entry, record.chain)
    after["chain"] = record.chain
    gone = [name for name in before if name not in after and name != "_id"]
    command: dict[str, Any] = {"$set": {name: value for name, value in after.items() if value != before.get(name)}}
    if gone:
        command["$unset"] = dict.fromkeys(gone, "")
    written = in_unit(record.type_name()).update_one({"_id": record.id, "version": seen}, command)
    if not written.matched_count:
        raise Changed(type(record)._from_son(record._get_collection().find_one({"_id": record.id})), seen)
    unit.entries.append(full)
    tell(unit, record, full, act)
    after_write(unit, record)
    return _settle(unit, record, act.context) if settle else record


def _settle(unit: Unit, record: R, context: Context) -> R:
    """Make the automatic moves whose condition now holds."""
    for _ in range(_AUTO_MAX):
        flow = record.flow()
        due = (
            next((m for m in flow.out_of(record.state) if m.auto and m.when and m.when(record)), None) if flow else None
        )
        if due is None or record.removed_at is not None:
            return record
        before = stored(record)
        _enter(record, due, SYSTEM)
        if handler := getattr(record, f"on_{due.verb}", None):
            handler(MoveActions(unit, context, SYSTEM))
        record = write_change(unit, record, before, due.verb, Act(SYSTEM, Context(source=Source.RULE)), settle=False)
    raise RuntimeError(f"{type(record).__name__}: automatic moves run in a circle at {record.state!r}")


def _refuse_linked(record: Record) -> None:
    """A record that others point to is not removed, so that no link dangles."""
    count, example = validation.links_to(record)
    if count:
        raise Refused(LINKED(count=count, example=example))


def _key_of(clash: DuplicateKeyError) -> dict[str, Any]:
    return (clash.details or {}).get("keyPattern", {})


def conflict_of(cls: type[Record], clash: DuplicateKeyError) -> Refused:
    fields = [name for name in _key_of(clash) if name in cls._fields]
    if not fields:
        raise clash
    values = (clash.details or {}).get("keyValue", {})
    said = {
        name: cls.conflict_message(name, values.get(name)) or TAKEN(label=cls._fields[name].label) for name in fields
    }
    return Refused(None, {name: [words] for name, words in said.items()})


def new_batch() -> str:
    """A name for changes that belong together and can be undone together."""
    return secrets.token_hex(8)


def in_batch(body: Callable[[], Any], *, quiet: bool = False) -> Any:
    """Run several verbs in one transaction: all of them stand, or none."""
    return in_transaction(lambda unit: body(), quiet=quiet)
