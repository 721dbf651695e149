"""What a move asks before it is made, and how a record enters the state that it leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import clock, people
from ..base.addresses import at_role_in
from ..base.errors import Changed, Forbidden, Refused
from ..base.people import Actor, Role
from ..base.words import At, L, Words
from ..language.by_time import period_of
from ..language.phase_gate import Condition, Judged
from ..language.record import Record
from ..language.workflow import REASON, Move, Workflow, is_met, need_label
from ..rights import rights
from ..rights.qualified import rules_for
from . import decided, history, passages, replays, validation
from .acts import Context
from .clocks import set_due
from .stored_form import stored

NO_SUCH_MOVE = L(
    "“{move}” is not possible while the record is “{state}”.", "「{state}」狀態下不能「{move}」。", code="state"
)
ALREADY_MOVED = L(
    "“{move}” was already made by {who} on {at}; the record is now “{state}”.",
    "{who} 已於 {at} 辦理「{move}」，記錄現為「{state}」。",
    code="state",
)
REASON_NEEDED = L("Please give a reason.", "請填寫原因。", code="required")
STILL_MISSING = L("Before this step is still needed: {items}.", "辦理此步驟前尚缺：{items}。", code="required")
NOT_NOW = L("This record does not meet the condition of this step.", "此記錄不符合該步驟的條件。", code="condition")
SIGN_NEEDED = L("Please confirm this step with your password.", "請輸入密碼確認此步驟。", code="signature")
DECIDED = L(
    "A decision has already been given, so this can no longer be withdrawn.",
    "已有人表示意見，不能再撤回。",
    code="state",
)


def move_for(record: Record, verb: str, version: int | None) -> Move:
    """The move of this name out of the record's present state. Raises Refused, saying why there is none."""
    flow = record.flow()
    chosen = flow.find(verb, record.state) if flow else None
    if chosen is None:
        raise Refused(why_not(record, verb, version))
    return chosen


def as_of_now(drawn: rights.Standing, actor: Actor, record: Record, chosen: Move) -> rights.Standing:
    """In what capacity a move is made that a page has drawn: what a governed one asks people to have passed is asked
    again in the transaction. Raises Forbidden."""
    if actor.is_system or not rules_for(record.type_name(), chosen.verb):
        return drawn
    stand = rights.standing(actor, record, chosen)
    if not stand:
        raise Forbidden(stand.verdict.why)
    return stand


def why_not(record: Record, verb: str, version: int | None) -> Words:
    """Why there is no such move out of the present state of a record that was looked at in this version. Only reads."""
    flow = record.flow()
    if flow is None or verb not in flow.verbs():
        return NO_SUCH_MOVE(move=verb, state=rights.state_word(record))
    if version is not None and version != record.version and (made := _already_made(record, flow)):
        return made
    return NO_SUCH_MOVE(move=flow.verb_label(verb), state=rights.state_word(record))


def _already_made(record: Record, flow: Workflow) -> Words | None:
    """Two people decided at once: the second is told who was first."""
    last = next((e for e in history.entries_of(record.id, newest_first=True, limit=20) if e.get("state_to")), None)
    if last is None or last["verb"] == "create":
        return None
    made = flow.verb_label(last["verb"]) if last["verb"] in flow.verbs() else L(last["verb"], last["verb"])
    who, at = last.get("actor_name") or "", At(last["at"])
    return ALREADY_MOVED(move=made, who=who, at=at, state=rights.state_word(record))


def refuse_unless_ready(
    record: Record,
    chosen: Move,
    context: Context,
    actor: Actor,
    before: Mapping[str, Any],
    titles: validation.Titles | None = None,
) -> None:
    """Refuse a move whose condition, checklist, reason or signature is not there: all that is missing at once."""
    problems = validation.problems_of(record, actor, before, titles=titles)
    if chosen.when and not chosen.when(record):
        raise Refused(NOT_NOW)
    if chosen.undecided and record.decisions:
        raise Refused(DECIDED)
    if REASON in chosen.ask and not context.reason.strip() and not actor.is_system:
        problems.add(REASON, REASON_NEEDED)
    for sentence in validation.said_faults(context.reason):
        problems.add(REASON, sentence)
    if why := replays.refuse_move(record, chosen.verb, actor, context):
        problems.add("replay", why)
    if chosen.sign and not context.signed and not actor.is_system:
        problems.add("password", SIGN_NEEDED)
    for need in chosen.require:
        if not is_met(record, need):
            for sentence in _missing(record, need, actor):
                problems.add(need if isinstance(need, str) else "require", sentence)
    if problems:
        raise Refused(None, problems)


def _missing(record: Record, need: Any, actor: Actor) -> Iterator[Words]:
    """What a refused move says of an item that is not there; of a condition, which records miss it."""
    if isinstance(need, Condition):
        yield passages.unmet(record, need, actor)
    elif isinstance(need, Judged):
        yield from passages.judged(record, need)
    else:
        yield STILL_MISSING(items=need_label(type(record), need))


def refuse_another_version(record: Record, seen: int | None, values: Mapping[str, Any], actor: Actor) -> None:
    """Raise Changed unless the actor looked at this version; only the system may change what it has not looked at."""
    if seen is None and actor.is_system:
        return
    if record.version != seen:
        raise Changed(record, seen, values)


def is_only_decided_since(record: Record, seen: int | None) -> bool:
    """Whether nothing but the decisions of others was added since: what the actor looked at is still what stands."""
    if seen is None or not 0 < seen < record.version or not record.decisions:
        return False
    later = [entry for entry in history.entries_of(record.id, newest_first=True, limit=100) if entry["version"] > seen]
    added = {"decisions", "file"} | decided.lists_of(record)
    return all({change["field"] for change in entry["changes"]} <= added for entry in later)


def enter(record: Record, chosen: Move, actor: Actor) -> None:
    """Put the record into the state that the move leads to."""
    flow = record.flow()
    onward = flow.out_of(chosen.target) if flow else ()
    if _submits(chosen, onward):
        record._data["submitted_by"] = actor.id
        record.submitted_by_head = _is_headed_by(record, actor)
    decided.entered(record, chosen)
    since = period_of(record, chosen, clock.now())
    record.state, record.state_since, record.decisions = chosen.target, since, []
    set_due(record, onward)


def note_entry(record: Record, actor: Actor) -> None:
    """Say who entered or changed what somebody else is to review: they do not review it themselves."""
    if not actor.is_system:
        record._data["submitted_by"] = actor.id
        record.submitted_by_head = _is_headed_by(record, actor)


def enter_edited(record: Record, before: Mapping[str, Any], actor: Actor) -> None:
    """Put a record whose fields a person has changed into the state that its workflow names for it."""
    flow = record.flow()
    if flow is None or not flow.edited or actor.is_system:
        return
    after = stored(record)
    if any(before.get(name) != after.get(name) for name in (*record.declared.own_fields, "tags")):
        if record.state != flow.edited:
            record.state, record.state_since, record.decisions, record.due_at = flow.edited, clock.now(), [], None
        note_entry(record, actor)


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


def due_move(record: Record) -> Move | None:
    """The automatic move out of the present state whose condition holds, if there is one."""
    flow = record.flow()
    if flow is None or record.removed_at is not None:
        return None
    return next((item for item in flow.out_of(record.state) if item.auto and item.when and item.when(record)), None)
