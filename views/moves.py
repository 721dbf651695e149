"""The moves out of a record's present state, as a page shows them: who may, why not, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.kernel.base import clock
from models.kernel.base.words import At, L, Listed, Words
from models.kernel.gate import follow_ups, passages, replays, timed
from models.kernel.gate.decided import own_line
from models.kernel.gate.intents import Intent
from models.kernel.gate.moving import NOT_NOW
from models.kernel.gate.rehearsal import would_make
from models.kernel.language import by_time
from models.kernel.language.fields import label_of
from models.kernel.language.phase_gate import Condition, Judged, Judgement
from models.kernel.language.record import Record
from models.kernel.language.spec import FollowUp
from models.kernel.language.steps import Steps, in_steps, step_moments
from models.kernel.language.workflow import REASON, Attached, Move, Workflow, is_met, need_label
from models.kernel.rights import rights

from .wording import tone

ROWS_MAX = 20
MOVED = L("{number}: {move}. The record is now “{state}”.", "{number}：{move}。記錄現為「{state}」。")
NOTED = L(
    "{number}: your decision was noted; others must still decide.", "{number}：已記錄您的意見，尚待其他人員審批。"
)


REPLAYED = L("Replay over the last year", "按過去一年重算")
CORRECT = L("Correct: {move}", "更正：{move}")
CORRECTED = L("{number}: what you gave was corrected.", "{number}：已更正您的意見。")
FOLLOWS = L("“{move}” follows by itself on {at}.", "「{move}」將於 {at} 自動進行。")
FOLLOWS_IF = L(
    "“{move}” follows by itself on {at}, if this is settled by then: {why}",
    "「{move}」將於 {at} 自動進行，前提是屆時已解決：{why}",
)
HELD_BACK = L(
    "“{move}” was to follow by itself on {at}. It does as soon as this is settled: {why}",
    "「{move}」應於 {at} 自動進行，以下事項解決後隨即進行：{why}",
)
WAIVED = L(
    "You have not passed “{procedure}”. Nobody who has can take this step now, so it is not held back; management is "
    "told.",
    "您尚未通過「{procedure}」。目前無其他合格人員可辦理，此步驟暫不限制，並通知管理層。",
)
STATE_FIRST = L("the record is in the state “{states}”.", "記錄處於「{states}」狀態。")
WITHIN_MINUTES = L("it is made within minutes.", "數分鐘內生成。")
STEP = L("{label}: {step}", "{label}：{step}")
UNDATED = L("“{move}” follows by itself once “{label}” is filled in.", "填寫「{label}」後，「{move}」將按時自動進行。")


def moves_context(intent: Intent[Any]) -> list[dict[str, Any]]:
    """The moves out of the present state: which the reader may make, what each still needs, and for whom it is. On what
    is damaged there are none."""
    record, me = intent.record, intent.actor
    flow = None if record.damaged else record.flow()
    result = []
    for move in flow.out_of(record.state) if flow else ():
        if move.auto or move.by.is_system or (move.when and not move.when(record)):
            continue
        if move.undecided and record.decisions:
            continue
        stand = intent.standing(move)
        corrects = not stand and own_line(record, move, me) is not None
        result.append(
            {
                "verb": move.verb,
                "label": _label_of(flow, move, corrects=corrects),
                "may": bool(stand) or corrects,
                "why": str(stand.verdict.why) if not (stand or corrects) else "",
                "why_url": stand.verdict.url if not (stand or corrects) else "",
                "waived": str(WAIVED(procedure=stand.waived.procedure)) if stand and stand.waived else "",
                "who": str(move.by.label),
                "acting_for": stand.principal.name if stand and stand.principal and stand.principal.id != me.id else "",
                "checklist": checklist(intent, move),
                "is_danger": is_danger(type(record), move),
                "url": f"/admin/{record.type_name()}/move/?id={record.id}&verb={move.verb}&version={record.version}",
            }
        )
    return result


def _label_of(flow: Workflow | None, move: Move, *, corrects: bool) -> Words | str:
    label = flow.verb_label(move.verb) if flow else move.verb
    return CORRECT(move=label) if corrects else label


def timed_lines(intent: Intent[Any]) -> list[str]:
    """What follows by itself out of the present state: when, and what would keep it back."""
    viewer = rights.Viewer(intent.actor, intent.record)
    fields = intent.cls.fields_of()
    moves = timed.waiting_moves(intent.record)
    shown = [move for move in moves if all(viewer.sees(fields[name]) for name in (by_time.key_of(move), *move.only))]
    lines = [str(_timed_words(intent.record, move, viewer)) for move in shown]
    for leads in in_steps(intent.cls.declared):
        if leads.steps and viewer.sees(fields[leads.steps.after]):
            lines += [str(words) for words in _step_words(intent.record, leads, leads.steps)]
    return lines


def _step_words(record: Record, leads: FollowUp, of: Steps) -> Iterator[Words]:
    """The next step that time makes of a record: when, or why it has not been made. None once the record is done."""
    flow = record.flow()
    if flow is None or record.state in flow.ends - of.states or record.removed_at is not None:
        return
    moments = step_moments(record, of)
    if not moments:
        yield UNDATED(move=leads.label, label=label_of(type(record).fields_of()[of.after]))
        return
    planned = {item.key: str(item.part) for item in follow_ups.missing(record, leads)}
    following = min(planned, key=lambda key: moments[planned[key]], default=None)
    if following is None:
        return
    moment, label = moments[planned[following]], _step_label(leads, of, planned[following])
    reasons = [] if record.state in of.states else [STATE_FIRST(states=_states_word(flow, of))]
    if moment <= clock.now() and not reasons:
        item = follow_ups.Follower(following, planned[following])
        reasons = [words for words in would_make(record, leads, [item]) if words] or [WITHIN_MINUTES()]
    if not reasons:
        yield FOLLOWS(move=label, at=At(moment))
        return
    yield (FOLLOWS_IF if moment > clock.now() else HELD_BACK)(move=label, at=At(moment), why=reasons[0])


def _states_word(flow: Workflow, of: Steps) -> Listed:
    return Listed(tuple(flow.state_label(state) for state in flow.states if state in of.states))


def _step_label(leads: FollowUp, of: Steps, key: str) -> Words:
    field = follow_ups.target_of(leads).fields_of().get(of.field)
    return STEP(label=leads.label, step=field.options[key]) if field is not None else leads.label


def _timed_words(record: Record, move: Move, viewer: rights.Viewer) -> Words:
    flow, moment = record.flow(), by_time.moment_of(record, move)
    label = flow.verb_label(move.verb) if flow else move.verb
    if moment is None:
        return UNDATED(move=label, label=label_of(type(record).fields_of()[move.at]))
    seen = needs_shown(type(record), move, viewer)
    hindered = timed.hindrances(record, move)
    reasons = {str(words if need is None or need in seen else NOT_NOW) for need, words in hindered}
    if not reasons:
        return FOLLOWS(move=label, at=At(moment))
    pattern = FOLLOWS_IF if moment > clock.now() else HELD_BACK
    return pattern(move=label, at=At(moment), why=" ".join(sorted(reasons)))


def is_danger(cls: type[Record], move: Move) -> bool:
    """Whether a move turns something down or ends it badly: pages show it apart from those that go forward."""
    return tone(cls, move.target) == "bad" or (move.is_decision and REASON in move.ask)


def checklist(intent: Intent[Any], move: Move) -> list[dict[str, Any]]:
    """What a move needs, each with whether it is there; with the way to mend it for those who may."""
    return [*_replay(intent, move), *_needs(intent, move)]


def _replay(intent: Intent[Any], move: Move) -> Iterator[dict[str, Any]]:
    """The replay that a move asks for."""
    word = intent.cls.declared.replayed
    if word is not None and word.on == move.verb and replays.is_needed(intent.record):
        url = f"/admin/replay/?type={intent.cls.type_name()}&id={intent.record.id}"
        yield {"label": REPLAYED, "ok": replays.standing(intent.record).why is None, "url": url}


def _needs(intent: Intent[Any], move: Move) -> list[dict[str, Any]]:
    return [
        item
        for need in needs_shown(intent.cls, move, rights.Viewer(intent.actor, intent.record))
        if not (isinstance(need, str) and need in move.asked_fields)
        for item in _items(intent, need)
    ]


def _items(intent: Intent[Any], need: Any) -> Iterator[dict[str, Any]]:
    if isinstance(need, Judged):
        judged = need.judge(intent.record)
        yield from (_judgement(judgement) for judgement in judged if judgement.count or not judgement.is_told)
    elif isinstance(need, Condition):
        yield _condition(intent, need)
    else:
        label, is_there = need_label(intent.cls, need), is_met(intent.record, need)
        yield {"label": label, "ok": is_there, "url": _mend_url(intent, need)}


def _judgement(judgement: Judgement) -> dict[str, Any]:
    """A condition that was evaluated with others; what keeps nobody back is listed all the same."""
    rows = [{"label": passages.named(row.number, row.title), "url": row.url} for row in judgement.rows[:ROWS_MAX]]
    more = judgement.count - len(rows)
    facts = {"label": judgement.label, "ok": judgement.is_met, "rows": rows, "more": more}
    return facts | {"url": judgement.url if more else "", "is_told": judgement.is_told}


def _condition(intent: Intent[Any], need: Condition) -> dict[str, Any]:
    """A condition of a gate as it stands now, with links to the records that miss it; their list leads to all."""
    record, is_right = intent.record, need.is_met(intent.record)
    why = passages.unmet_by(record, need, intent.actor) if not is_right else passages.Unmet()
    base = f"/admin/{need.type_for(record).type_name()}/"
    rows = [
        {"label": passages.named(row.get("number"), row.get("title")), "url": f"{base}details/?id={row['_id']}"}
        for row in why.rows
    ]
    many = {"count": why.too_few, "least": need.least} if why.too_few is not None else None
    return {"label": need.label, "ok": is_right, "rows": rows, "more": why.more, "few": many}


def needs_shown(cls: type[Record], move: Move, viewer: rights.Viewer) -> list[Any]:
    """What a move needs, without the fields that the reader may not see."""
    return [need for need in move.require if not isinstance(need, str) or viewer.sees(cls._fields[need])]


def _mend_url(intent: Intent[Any], need: Any) -> str | None:
    record = intent.record
    base = f"/admin/{record.type_name()}/"
    if isinstance(need, Attached):
        return f"{base}details/?id={record.id}#files" if rights.may_attach(intent.actor, record) else None
    is_field = isinstance(need, str) and need in intent.fields
    return f"{base}edit/?id={record.id}#{need}" if is_field and intent.verdict else None


def moved_words(record: Record, verb: str) -> Words:
    """What a move that was made has led to: another state, or a decision beside which others are waited for."""
    flow = record.flow()
    waits = flow.find(verb, record.state) if flow else None
    if flow is None or (waits is not None and waits.target != record.state):
        return NOTED(number=record.number)
    state = rights.state_word(record)
    return MOVED(number=record.number, move=flow.verb_label(verb), state=state)
